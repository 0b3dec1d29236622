"""What every source of frames can do, whatever it reads."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np

from facestats.types import Frame, UInt8, VideoInfo
from facestats.video.sampling import Sampler


@dataclass(frozen=True)
class DecodedFrame:
    """A frame that is decoded but not yet converted; most frames never are.

    Attributes
    ----------
    time_s : float
        Presentation time in seconds.
    duration_s : float
        How long it is shown, in seconds; 0 where nobody knows.
    to_rgb : callable
        Returns the upright frame as uint8 (H, W, 3) RGB, or None if it turns out to be unreadable.
    to_small : callable, optional
        Takes the longer side in pixels, 0 for the frame's own size, and returns the upright frame no larger than that,
        uint8 (h, w, 3) RGB, or None. Given where that is cheaper than shrinking what ``to_rgb`` returns.
    has_timestamp : bool
        Whether the input itself says when the frame is shown; else its time is a guess.
    """

    time_s: float
    duration_s: float
    to_rgb: Callable[[], UInt8 | None]
    to_small: Callable[[int], UInt8 | None] | None = None
    has_timestamp: bool = True


class FrameSource(ABC):
    """Frames of one input, with their times; a context manager.

    Attributes
    ----------
    info : VideoInfo
        What is known before any frame is read.
    n_decoded : int
        Frames decoded so far in the current (or last) iteration, sampled or not.
    last_time_s : float
        Presentation time of the last decoded frame in seconds; NaN before the first.
    end_s : float
        When the last decoded frame ends: its time plus its duration; NaN before the first.

    Examples
    --------
    >>> from facestats.video import open_source
    >>> with open_source("clip.mp4") as source:  # doctest: +SKIP
    ...     for frame in source.frames(rate=10):
    ...         print(frame.index, frame.time_s, frame.rgb.shape)
    ...     print(source.n_decoded, source.end_s, source.damage)
    """

    info: VideoInfo
    n_decoded: int
    last_time_s: float
    end_s: float

    def __init__(self) -> None:
        self._start_over()

    def _start_over(self) -> None:
        self._iterated = False
        self.n_decoded = 0
        self.last_time_s = float("nan")
        self.end_s = float("nan")
        self._ending: str | None = None
        self._n_broken = 0
        self._first_broken = ""
        self._n_guessed = 0
        self._n_unordered = 0

    @property
    def clock_note(self) -> str | None:
        """What is odd about the times of the frames read so far, in one line; None if nothing is."""
        notes = []
        if self._n_guessed:
            which = (
                "no" if self._n_guessed == self.n_decoded else f"{self._n_guessed} of {self.n_decoded} frames without"
            )
            rate = f"the nominal {self.info.fps:g} frames/s" if self.info.fps > 0 else "the order of the frames alone"
            notes.append(f"{which} timestamps: times follow {rate}")
        if self._n_unordered:
            notes.append(f"{self._n_unordered} of {self.n_decoded} timestamps repeat or run backwards")
        return "; ".join(notes) or None

    @property
    def damage(self) -> str | None:
        """Why less came out than the input promised, in one line; None if nothing is known to be wrong.

        Complete once the frames have been read to the end.
        """
        more = f", and {self._n_broken - 1} more like it" if self._n_broken > 1 else ""
        broken = f"{self._first_broken}{more}" if self._n_broken else None
        return "; ".join(part for part in (self._ending, broken) if part) or None

    def _note_broken(self, what: str) -> None:
        self._first_broken = self._first_broken or what
        self._n_broken += 1

    def frames(self, rate: float = 0.0, *, small_side: int | None = None) -> Generator[Frame, None, None]:
        """Read the input from its start.

        Every frame is decoded and counted; only the sampled ones are converted to RGB. What a damaged input still
        gives is yielded, then :attr:`damage` says what is wrong.

        Parameters
        ----------
        rate : float
            Sampled frames per second of the video's own clock, as :class:`facestats.video.Sampler` chooses them;
            0 yields every frame.
        small_side : int, optional
            Longer side, in pixels, of each frame's ``small``, 0 for its own size; then its ``rgb`` is converted only
            when it is asked for. By default both are the full picture.

        Yields
        ------
        Frame
            ``index`` counts all decoded frames.

        Raises
        ------
        ValueError
            If ``rate`` is negative.
        UsageError
            If a live source is read a second time.
        """
        sampler = Sampler(rate)
        if self._iterated:  # not the first time: what opening the input noted belongs to the first iteration
            self._start_over()
        self._iterated = True
        with contextlib.closing(self._decode()) as frames:
            for decoded in frames:
                index = self.n_decoded
                self.n_decoded += 1
                self._n_guessed += not decoded.has_timestamp
                self._n_unordered += decoded.time_s <= self.last_time_s
                self.last_time_s = decoded.time_s
                self.end_s = decoded.time_s + decoded.duration_s
                if sampler.wants(decoded.time_s) and (frame := self._frame(index, decoded, small_side)) is not None:
                    yield frame

    def _frame(self, index: int, decoded: DecodedFrame, small_side: int | None) -> Frame | None:
        if small_side is None or decoded.to_small is None:
            rgb = decoded.to_rgb()
            return None if rgb is None else Frame(index, decoded.time_s, rgb)
        small = decoded.to_small(small_side)
        if small is None:
            return None
        return Frame(index, decoded.time_s, decoded.to_rgb, small, (self.info.width, self.info.height))

    @abstractmethod
    def _decode(self) -> Generator[DecodedFrame, None, None]:
        """Decode from the start, in presentation order."""

    @abstractmethod
    def close(self) -> None:
        """Release the file, camera or connection; safe to call twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def over_white(rgba: UInt8) -> UInt8:
    """Lay a picture with transparency on white, as viewers show it.

    Parameters
    ----------
    rgba : numpy.ndarray
        uint8 (H, W, 4), straight (not premultiplied) alpha.

    Returns
    -------
    numpy.ndarray
        uint8 (H, W, 3), RGB.

    Examples
    --------
    >>> over_white(np.array([[[200, 0, 0, 255], [200, 0, 0, 0]]], np.uint8)).tolist()
    [[[200, 0, 0], [255, 255, 255]]]
    """
    alpha = rgba[..., 3:]
    if alpha.min(initial=255) == 255:
        return np.ascontiguousarray(rgba[..., :3])
    weight = alpha.astype(np.uint16)
    return ((rgba[..., :3] * weight + 255 * (255 - weight) + 127) // 255).astype(np.uint8)
