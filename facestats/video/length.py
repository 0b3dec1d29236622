"""How long a file says that it is, and whether it ends before that."""

from __future__ import annotations

import math
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

#: Formats whose header announces the length. Elsewhere ffmpeg estimates it, so that falling short proves nothing.
LENGTH_IN_HEADER = frozenset({"mov", "mp4", "matroska", "webm", "avi", "flv"})


def announced_length(container: InputContainer, stream: VideoStream) -> float:
    """Return the length that a file announces, in seconds; NaN if it announces none.

    Examples
    --------
    >>> with av.open("clip.mp4") as container:  # doctest: +SKIP
    ...     announced_length(container, container.streams.video[0])
    """
    if container.format.name == "avi" and stream.frames and stream.average_rate:
        return float(stream.frames / stream.average_rate)  # the duration is a guess where the index is cut off
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration:
        return container.duration / av.time_base
    return math.nan


def breaks_off(path: Path, format_names: set[str]) -> bool:
    """Say whether a file without a length in its header ends in the middle of something.

    Examples
    --------
    >>> breaks_off(Path("clip.ts"), {"mpegts"})  # doctest: +SKIP
    False
    """
    with path.open("rb") as file:
        head = file.read(1024)
        file.seek(max(0, path.stat().st_size - 64))
        tail = file.read()
    if "gif" in format_names:
        return not tail.rstrip(b"\0").endswith(b";")
    if "mpegts" in format_names:
        # Packets of one size, each with 0x47 at the same place; Blu-ray and cameras put 4 bytes of time before it.
        for size, sync in ((188, 0), (192, 4), (204, 0)):
            if head[sync::size] == b"G" * len(head[sync::size]):
                return path.stat().st_size % size != 0
    return False
