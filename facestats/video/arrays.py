"""Frames that are in memory already: an array, a list, or whatever gives one picture after the other."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Generator, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from facestats.errors import UnreadableInputError, UsageError
from facestats.types import UInt8, VideoInfo
from facestats.video.base import DecodedFrame
from facestats.video.live import RecordedSource

#: What tables call an input that has no path.
NAME = "frames"


class ArraySource(RecordedSource):
    """Pictures in memory as the frames of a video, at ``index / fps`` seconds.

    Parameters
    ----------
    frames : iterable of numpy.ndarray
        Each uint8 (H, W, 3), RGB, all of one size; an array (N, H, W, 3) too. An iterator is taken from as frames are
        needed, and only once.
    fps : float
        Pictures a second.
    record_to : pathlib.Path or None
        Write every frame to this MP4, for what is to be read a second time.

    Raises
    ------
    UsageError
        If the rate is not positive, or a frame is no such picture or of another size than the first.
    UnreadableInputError
        If there is no frame.

    Examples
    --------
    >>> with ArraySource(np.zeros((2, 48, 64, 3), np.uint8), fps=25.0) as source:
    ...     [frame.time_s for frame in source.frames()]
    [0.0, 0.04]
    """

    def __init__(self, frames: Iterable[Any], fps: float, *, record_to: Path | None = None) -> None:
        if not 0 < fps < math.inf:
            raise UsageError(f"fps must be a number of frames a second, more than 0, not {fps}")
        self._go_live(None, record_to)
        super().__init__()
        coming = iter(frames)
        first = next(coming, None)
        if first is None:
            raise UnreadableInputError("there is no frame: give at least one", reason="it has no frame")
        self._coming: Iterator[Any] = itertools.chain([first], coming)
        self._fps = fps
        height, width = checked(first, 0).shape[:2]
        n = len(frames) if hasattr(frames, "__len__") else None
        self.info = VideoInfo(NAME, width, height, fps=fps, n_frames_expected=n, kind="sequence")

    def _receive(self) -> Generator[DecodedFrame, None, None]:
        size = self.info.width, self.info.height
        for index, picture in enumerate(self._coming):
            rgb = checked(picture, index)
            if (rgb.shape[1], rgb.shape[0]) != size:
                raise UsageError(
                    f"frame {index} is {rgb.shape[1]}x{rgb.shape[0]}, the first is {size[0]}x{size[1]}: give frames of "
                    "one size"
                )
            yield DecodedFrame(index / self._fps, 1 / self._fps, _giving(rgb))

    def close(self) -> None:
        """Release nothing: the frames are somebody else's."""
        self._close_recorder()


def _giving(rgb: UInt8) -> Any:
    return lambda: rgb


def checked(picture: Any, index: int) -> UInt8:
    """Return a frame as an array, or refuse it.

    Raises
    ------
    UsageError
        If it is not uint8 (H, W, 3).

    Examples
    --------
    >>> checked(np.zeros((48, 64, 3), np.uint8), 0).shape
    (48, 64, 3)
    """
    rgb = np.asarray(picture)
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
        raise UsageError(f"frame {index} is {rgb.dtype} {rgb.shape}: frames must be uint8 (height, width, 3), RGB")
    return np.ascontiguousarray(rgb)


def frames_id(sha256: str | None) -> str:
    """Return the id of frames in memory: by their hash, or by the moment where they have none.

    Examples
    --------
    >>> frames_id("0123456789abcdef")
    'frames-01234567'
    """
    return f"{NAME}-{sha256[:8]}" if sha256 else f"{NAME}-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"


def array_hash(frames: Any) -> str | None:
    """Return the sha256 of an array of frames; None of an iterator, whose frames are not known yet.

    Examples
    --------
    >>> array_hash(np.zeros((1, 2, 2, 3), np.uint8))[:8]
    '80e12d46'
    """
    if not isinstance(frames, np.ndarray):
        return None
    return hashlib.sha256(str(frames.shape).encode() + np.ascontiguousarray(frames).tobytes()).hexdigest()
