"""Whether a file is several recordings that were joined end to end by copying one behind the other."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path
from typing import BinaryIO

import av

from facestats.video.clock import RESTART_S
from facestats.video.local import demuxed
from facestats.video.streams import choose_video, moving_streams

# Formats in which this makes a file that plays on: those without an index, and Matroska.
_JOINABLE = frozenset({"mpeg", "mpegts", "dv", "mpegvideo", "flv"})
_MATROSKA = frozenset({"matroska", "webm"})
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"


def is_joined(path: str | Path) -> bool:
    """Say whether the clock of a file's pictures begins again; found by reading through it, where that can be.

    Examples
    --------
    >>> is_joined("nowhere.mp4")
    False
    """
    try:
        options = {"protocol_whitelist": "file"}
        with av.open(f"file:{path}", container_options=options, metadata_errors="replace") as container:
            names = frozenset(container.format.name.split(","))
            if not (names & _JOINABLE or (names & _MATROSKA and _goes_on(Path(path)))):
                return False
            stream = choose_video(moving_streams(container))
            if stream is None or not stream.time_base:
                return False
            last, least = -math.inf, RESTART_S / float(stream.time_base)
            with contextlib.suppress(av.error.FFmpegError):  # damaged from here on
                for packet in demuxed(container, stream):
                    if packet.dts is not None:
                        if packet.dts < last - least:
                            return True
                        last = packet.dts
    except (av.error.FFmpegError, OSError):  # whoever reads it will say why
        pass
    return False


def _goes_on(path: Path) -> bool:
    """Say whether a Matroska file holds more than its first segment."""
    with path.open("rb") as file:
        for name in (_EBML, _SEGMENT):
            if file.read(4) != name:
                return False
            size = _read_size(file)
            if size is None:  # written live: its end is not known
                return True
            file.seek(size, 1)
        return file.tell() < path.stat().st_size


def _read_size(file: BinaryIO) -> int | None:
    """Read the size of an EBML element (RFC 8794): as many more bytes as there are zeros before its first one."""
    first = int.from_bytes(file.read(1), "big")
    if not first:  # damaged, or cut off
        return 0
    n_more = 8 - first.bit_length()
    value = int.from_bytes(bytes([first & (1 << (7 - n_more)) - 1]) + file.read(n_more), "big")
    return None if value == (1 << 7 * (n_more + 1)) - 1 else value
