"""Where a long video file can be cut into stretches that are decoded apart from each other."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from facestats.video.clock import RESTART_S
from facestats.video.local import demuxed, local_file

#: Least length of a stretch, in seconds: whatever is looked at anew in each costs little then.
STRETCH_S = 60.0

#: Shorter videos are one stretch.
LONG_S = 1.5 * STRETCH_S


@dataclass(frozen=True)
class Span:
    """One stretch of a video: the frames that are shown from its start on, before its end.

    Attributes
    ----------
    start, stop : int or None
        Presentation timestamps in ticks of the stream's clock; None for the beginning and the end of the video.
    seek : int or None
        Decoding timestamp of the keyframe at the start.
    """

    start: int | None = None
    stop: int | None = None
    seek: int | None = None


#: All of a video.
WHOLE = Span()


def is_long(path: str | Path) -> bool:
    """Say whether a video file announces such a length that it may be read in stretches.

    Examples
    --------
    >>> is_long("nowhere.mp4")
    False
    """
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):  # opening a pipe would wait for ever
            return False
        with av.open(**local_file(path)) as container:
            return (container.duration or 0) / av.time_base >= LONG_S
    except (av.error.FFmpegError, OSError):  # whoever reads it will say why
        return False


def find_spans(container: InputContainer, stream: VideoStream, *, stretch_s: float = STRETCH_S) -> tuple[Span, ...]:
    """Return the stretches of a video, each but the last at least ``stretch_s`` seconds long.

    A stretch begins at a keyframe before which nothing is shown that is stored after it. A video in which anything is
    odd (a packet without a timestamp, one that is damaged or not to be shown) is one stretch.

    Parameters
    ----------
    container : av.container.InputContainer
        Open and unread; read to its end, not decoded.
    stream : av.video.stream.VideoStream
        One of its streams.
    stretch_s : float

    Examples
    --------
    >>> with av.open("film.mp4") as container:  # doctest: +SKIP
    ...     find_spans(container, container.streams.video[0])
    """
    if not stream.time_base:
        return (WHOLE,)
    least, highest, begun = stretch_s / stream.time_base, None, None
    starts: list[tuple[int, int]] = []
    try:
        for packet in demuxed(container, stream):
            if not packet.size:  # behind the last one
                continue
            if packet.pts is None or packet.is_corrupt or packet.is_discard:
                return (WHOLE,)
            if highest is None:
                highest = begun = packet.pts
            if packet.pts < highest - RESTART_S / stream.time_base:  # files joined end to end: their clock begins again
                return (WHOLE,)
            while starts and packet.pts < starts[-1][0]:
                starts.pop()
            since = starts[-1][0] if starts else begun
            if packet.is_keyframe and packet.pts > highest and packet.pts - since >= least:
                starts.append((packet.pts, packet.pts if packet.dts is None else packet.dts))
            highest = max(highest, packet.pts)
    except av.error.FFmpegError:
        return (WHOLE,)
    begins: list[tuple[int | None, int | None]] = [(None, None), *starts]
    ends = [start for start, _ in starts]
    return tuple(Span(start, stop, seek) for (start, seek), stop in zip(begins, [*ends, None], strict=True))
