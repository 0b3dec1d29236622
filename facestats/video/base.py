"""What every source of frames can do, whatever it reads."""

from __future__ import annotations

import contextlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from facestats.types import Frame, UInt8, VideoInfo
from facestats.video.planes import PlanarFrame, Planes
from facestats.video.sampling import Sampler
from facestats.video.spans import WHOLE, Span
from facestats.video.tally import Tally

#: A part of a video that is all of it.
EVER = (-math.inf, math.inf)


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
    size : tuple of int, optional
        Width and height of the upright frame, where they may differ from those of the input.
    begins_again : bool
        Whether the input's clock began again with this frame, as in files joined end to end.
    to_planes : callable, optional
        Returns a copy of the upright frame in the planes that it was coded in, or None where only RGB will do.
    """

    time_s: float
    duration_s: float
    to_rgb: Callable[[], UInt8 | None]
    to_small: Callable[[int], UInt8 | None] | None = None
    has_timestamp: bool = True
    size: tuple[int, int] | None = None
    begins_again: bool = False
    to_planes: Callable[[], Planes | None] | None = None


class Closeable(ABC):
    """What is closed when its ``with`` block ends."""

    @abstractmethod
    def close(self) -> None:
        """Release the file, camera or connection; safe to call twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class FrameSource(Closeable):
    """Frames of one input, with their times; a context manager.

    Attributes
    ----------
    info : VideoInfo
        What is known before any frame is read.
    tally : Tally
        What was read so far in the current (or last) iteration.
    part : tuple of float
        First moment, and the moment before which it ends, of what :meth:`frames` yields, in seconds; all of it unless
        set. What comes before is decoded and counted, so that frames keep their index. A still has no parts.

    Examples
    --------
    >>> from facestats.video import open_source
    >>> with open_source("clip.mp4") as source:  # doctest: +SKIP
    ...     for frame in source.frames(rate=10):
    ...         print(frame.index, frame.time_s, frame.rgb.shape)
    ...     print(source.n_decoded, source.end_s, source.damage)
    """

    info: VideoInfo
    tally: Tally
    part: tuple[float, float] = EVER

    def __init__(self) -> None:
        self.tally, self._iterated = Tally(), False

    @property
    def n_decoded(self) -> int:
        """Frames decoded so far in the current (or last) iteration, sampled or not."""
        return self.tally.n_decoded

    @property
    def last_time_s(self) -> float:
        """Presentation time of the last decoded frame in seconds; NaN before the first."""
        return self.tally.last_time_s

    @property
    def end_s(self) -> float:
        """When the last decoded frame ends, in seconds; NaN before the first."""
        return self.tally.end_s

    @property
    def shift_s(self) -> float:
        """What is added to the input's own times, in seconds, so that they begin at 0."""
        return 0.0

    @property
    def clock_note(self) -> str | None:
        """What is odd about the times of the frames read so far, in one line; None if nothing is."""
        return self.tally.clock_note(self.info.fps)

    @property
    def damage(self) -> str | None:
        """Why less came out than the input promised, in one line; None if nothing is known to be wrong.

        Complete once the frames have been read to the end.
        """
        return self.tally.damage

    def _note_broken(self, what: str) -> None:
        self.tally.note_broken(what)

    def spans(self) -> tuple[Span, ...]:
        """Return the stretches that can be read apart from each other; one that is all of it by default."""
        return (WHOLE,)

    def frames(
        self, rate: float = 0.0, *, small_side: int | None = None, span: Span = WHOLE, planar: bool = False
    ) -> Generator[Frame, None, None]:
        """Read the input from its start, or one stretch of it.

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
        span : Span
            One of :meth:`spans`; all of it by default. A later stretch goes on with the counts of what was read before.
        planar : bool
            Whether frames are to be drawn on: those that allow it come as :class:`facestats.video.planes.PlanarFrame`.

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
        # What opening the input noted belongs to the first iteration over its beginning.
        if self._iterated == (span.start is None):
            self.tally = Tally()
        self._iterated = True
        tally, size, joined = self.tally, None, False
        first_s, until_s = EVER if self.info.kind == "image" else self.part
        with contextlib.closing(self._decode() if span == WHOLE else self._decode_span(span)) as frames:
            for decoded in frames:
                if decoded.time_s >= until_s:
                    break
                index = tally.n_decoded
                tally.n_decoded += 1
                tally.n_guessed += not decoded.has_timestamp
                tally.n_unordered += decoded.time_s <= tally.last_time_s
                tally.n_joins += decoded.begins_again
                joined |= decoded.begins_again
                tally.last_time_s = decoded.time_s
                tally.end_s = decoded.time_s + decoded.duration_s
                width, height = decoded.size or (self.info.width, self.info.height)
                tally.n_resized += size is not None and size != (width, height)
                size = width, height
                tally.width, tally.height = max(tally.width, width), max(tally.height, height)
                if decoded.time_s < first_s:
                    continue
                if sampler.wants(decoded.time_s) and (frame := self._frame(index, decoded, small_side, planar)):
                    frame.after_join, joined = joined, False
                    yield frame

    def _frame(self, index: int, decoded: DecodedFrame, small_side: int | None, planar: bool) -> Frame | None:
        if planar and decoded.to_planes is not None and (planes := decoded.to_planes()) is not None:
            return PlanarFrame(index, decoded.time_s, planes)
        if small_side is None or decoded.to_small is None:
            rgb = decoded.to_rgb()
            return None if rgb is None else Frame(index, decoded.time_s, rgb)
        small = decoded.to_small(small_side)
        if small is None:
            return None
        return Frame(index, decoded.time_s, decoded.to_rgb, small, decoded.size or (self.info.width, self.info.height))

    def decoded_near(self, time_s: float) -> Iterator[DecodedFrame]:
        """Decode from some moment at or before ``time_s`` on: from the start, where nothing better is known.

        Parameters
        ----------
        time_s : float
            On the video's own clock.

        Returns
        -------
        iterator of DecodedFrame
        """
        return self._decode()

    def turn_to(self, time_s: float) -> bool:
        """Say whether what :meth:`decoded_near` gives has all that is shown at an earlier moment than was asked for.

        Parameters
        ----------
        time_s : float
            On the video's own clock; what is given from now on is enough for this moment.
        """
        return True

    @abstractmethod
    def _decode(self) -> Generator[DecodedFrame, None, None]:
        """Decode from the start, in presentation order."""

    def _decode_span(self, span: Span) -> Generator[DecodedFrame, None, None]:
        """Decode one of several stretches."""
        raise NotImplementedError(f"{type(self).__name__} is read as a whole")
