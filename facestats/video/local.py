"""Local files as ``av.open`` wants them; those joined end to end are read one behind the other."""

from __future__ import annotations

import contextlib
import io
import mmap
import re
import stat
import struct
from collections.abc import Generator
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import av
from av.container import InputContainer
from av.stream import Stream

# Suffixes of a format that cannot be told from a single picture.
_PICTURES_IN_A_ROW = frozenset({".mjpeg", ".mjpg"})

_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_FLV_HEADER = re.compile(rb"FLV\x01[\x00-\x05]\x00\x00\x00\x09\x00\x00\x00\x00")


def local_file(path: str | Path) -> dict[str, Any]:
    """Return the arguments with which ``av.open`` reads a local file and nothing but it.

    ``file:`` keeps a colon in a name from being taken for a protocol, and no file may refer to the network. A playlist
    may name files beside it, and pictures one behind the other are known by their name alone. Of some
    formats, joined end to end, ffmpeg would read the first file only: it is given a list of them.

    Examples
    --------
    >>> local_file("10:30 interview.mp4")["file"]
    'file:10:30 interview.mp4'
    """
    common: dict[str, Any] = {"metadata_errors": "replace"}
    if parts := joined_parts(path):
        quoted = str(path).replace("'", r"'\''")
        lines = [f"file 'subfile,,start,{start},end,{end},,:file:{quoted}'\n" for start, end in parts]
        script = io.BytesIO(b"ffconcat version 1.0\n" + "".join(lines).encode(errors="surrogateescape"))
        options = {"safe": "0", "protocol_whitelist": "file,subfile"}
        return {"file": script, "format": "concat", "container_options": options, **common}
    in_a_row = Path(path).suffix.lower() in _PICTURES_IN_A_ROW
    options = {"protocol_whitelist": "file,crypto"}
    return {"file": f"file:{path}", "format": "mjpeg" if in_a_row else None, "container_options": options, **common}


def demuxed(container: InputContainer, *streams: Stream) -> Generator[av.Packet, None, None]:
    """Yield the packets of some streams, by default of all.

    A stream that begins half way is unknown to PyAV, which trips over it at the end of the file: that is no damage.

    Examples
    --------
    >>> with av.open("clip.mp4") as container:  # doctest: +SKIP
    ...     packets = list(demuxed(container))
    """
    with contextlib.suppress(IndexError):
        yield from container.demux(*streams)


def joined_parts(path: str | Path) -> list[tuple[int, int]]:
    """Return where each of several files lies that were joined end to end, first byte and end; else nothing.

    Only of formats of which ffmpeg reads the first file and nothing behind it: MP4, ASF (WMV) and FLV.

    Examples
    --------
    >>> joined_parts("nowhere.mp4")
    []
    """
    try:
        known = Path(path).stat()
        return _parts(str(path), known.st_size, known.st_mtime_ns) if stat.S_ISREG(known.st_mode) else []
    except OSError:  # whoever reads it will say why
        return []


@lru_cache(maxsize=64)
def _parts(path: str, end: int, _changed_ns: int) -> list[tuple[int, int]]:
    with Path(path).open("rb") as file:
        head = file.read(16)
        if head[4:8] == b"ftyp":
            starts = _mp4_starts(file, end)
        elif head == _ASF_HEADER:
            starts = _asf_starts(file, end)
        elif head[:4] == b"FLV\1":
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                starts = [found.start() for found in _FLV_HEADER.finditer(content)]
        else:
            return []
    return list(zip(starts, [*starts[1:], end], strict=True)) if len(starts) > 1 and "\n" not in path else []


def _mp4_starts(file: BinaryIO, end: int) -> list[int]:
    """Return the places of boxes ``ftyp`` before which there is a whole file, index included, and the first."""
    starts: list[int] = []
    at, described = 0, True
    while at + 8 <= end:
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        if size == 1:
            size = int.from_bytes(file.read(8), "big")
        if kind == b"ftyp" and described:
            starts.append(at)
            described = False
        described |= kind == b"moov"
        if size < 8:  # to the end of the file, or damaged
            break
        at += size
    return starts


def _asf_starts(file: BinaryIO, end: int) -> list[int]:
    starts: list[int] = []
    at = 0
    while at + 24 <= end:
        file.seek(at)
        kind, size = struct.unpack("<16sQ", file.read(24))
        if kind == _ASF_HEADER:
            starts.append(at)
        if size < 24:  # written live, or damaged
            break
        at += size
    return starts


def reason(error: Exception) -> str:
    """Return what went wrong as the operating system or ffmpeg puts it: one line, without file name and number.

    Examples
    --------
    >>> reason(FileNotFoundError(2, "No such file or directory", "clip.mp4"))
    'No such file or directory'
    """
    if isinstance(error, av.error.ExitError):  # how ffmpeg says that its time was up
        return "timed out"
    return str(getattr(error, "strerror", None) or error).splitlines()[0]
