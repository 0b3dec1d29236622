"""Frames of a video at any moment, for somebody who looks around in it."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from facestats.types import UInt8, VideoInfo
from facestats.video.base import Closeable, DecodedFrame
from facestats.video.opening import open_source
from facestats.video.picture import fitted

#: Farther ahead than this, in seconds, a keyframe is looked for; nearer, decoding on is as quick.
_NEAR_S = 2.0

_SLACK_S = 1e-6  # a time that went through JSON or a table is still the frame's


@dataclass(frozen=True)
class Shown:
    """What a video shows at a moment.

    Attributes
    ----------
    time_s, end_s : float
        When the frame begins and ends.
    rgb : numpy.ndarray
        uint8 (h, w, 3), RGB, upright.
    exact : bool
        Whether it is the frame of the moment that was asked for; if not, the time was up on the way there, and asking
        again goes on from here.
    """

    time_s: float
    end_s: float
    rgb: UInt8
    exact: bool


class SeekableVideo(Closeable):
    """A video to look around in: any moment, the next frame, the one before; a context manager.

    What was decoded last is kept (small), and from where the decoder is, it goes on without seeking.

    Parameters
    ----------
    path : str or pathlib.Path
        A video file, an image, or a folder of images.
    longer_side : int
        Of the pictures given, in pixels; 0 for the video's own size.
    sequence_fps : float
        Images a second of a folder of images.
    n_kept : int
        Pictures kept.
    size : tuple of int, optional
        Width and height that the ``videos`` table gives: smaller frames of a video whose size changes are filled up.

    Raises
    ------
    FacestatsError
        If it cannot be read.

    Examples
    --------
    >>> with SeekableVideo("clip.mp4") as video:  # doctest: +SKIP
    ...     video.at(12.5).rgb
    """

    def __init__(
        self,
        path: str | Path,
        *,
        longer_side: int = 960,
        sequence_fps: float = 25.0,
        n_kept: int = 64,
        size: tuple[int, int] | None = None,
    ) -> None:
        self._source = open_source(path, sequence_fps=sequence_fps)
        self._longer_side = longer_side
        self._size = size or (self._source.info.width, self._source.info.height)
        self._n_kept = n_kept
        self._coming: Iterator[DecodedFrame] | None = None
        self._now: DecodedFrame | None = None
        self._next: DecodedFrame | None = None
        self._sought_s = -math.inf  # the decoder started at the last keyframe before this moment
        self._kept: OrderedDict[float, tuple[float, UInt8]] = OrderedDict()  # by begin: end, picture

    @property
    def info(self) -> VideoInfo:
        """What the file says of itself."""
        return self._source.info

    def at(self, time_s: float, *, budget_s: float = math.inf) -> Shown | None:
        """Return what is shown at a moment: the last frame that begins at or before it; the first one before the start.

        Parameters
        ----------
        time_s : float
        budget_s : float
            When decoding takes longer, what was reached by then is returned.

        Returns
        -------
        Shown or None
            None if nothing can be decoded there.
        """
        for begin_s, (end_s, rgb) in self._kept.items():
            if begin_s - _SLACK_S <= time_s < end_s - _SLACK_S:
                self._kept.move_to_end(begin_s)
                return Shown(begin_s, end_s, rgb, exact=True)
        until = time.monotonic() + budget_s
        if not self._is_ahead(time_s):
            self._seek(time_s)
        while self._next is not None and self._next.time_s <= time_s + _SLACK_S:
            self._advance()  # at least one, so that whoever asks again gets there
            if time.monotonic() > until and self._next is not None and self._next.time_s <= time_s + _SLACK_S:
                return self._converted(exact=False)
        return self._converted(exact=True)

    def after(self, time_s: float) -> Shown | None:
        """Return the frame after the one that is shown at a moment; the last one stays; see :meth:`at`."""
        shown = self.at(time_s)
        return shown if shown is None else self.at(shown.end_s)

    def before(self, time_s: float) -> Shown | None:
        """Return the frame before the one that is shown at a moment; the first one stays; see :meth:`at`."""
        shown = self.at(time_s)
        return shown if shown is None else self.at(shown.time_s - 2 * _SLACK_S)

    def _is_ahead(self, time_s: float) -> bool:
        """Say whether the decoder comes by a moment soon, or no keyframe lies between it and that moment."""
        if self._now is None or time_s < self._now.time_s - _SLACK_S:
            return False
        if time_s < self._sought_s:  # on the way there some frames are passed over
            return self._source.turn_to(time_s)
        return time_s < self._now.time_s + _NEAR_S or time_s == self._sought_s

    def _seek(self, time_s: float) -> None:
        self._now = self._next = None  # whatever happens now, what was on show before is not
        self._coming = self._source.decoded_near(time_s)
        self._now, self._next = next(self._coming, None), next(self._coming, None)
        self._sought_s = time_s

    def _advance(self) -> None:
        self._now = self._next
        self._next = None if self._coming is None else next(self._coming, None)

    def _converted(self, *, exact: bool) -> Shown | None:
        frame = self._now
        if frame is None:
            return None
        end_s = frame.time_s + max(frame.duration_s, _SLACK_S) if self._next is None else self._next.time_s
        if frame.time_s in self._kept:
            return Shown(frame.time_s, *self._kept[frame.time_s], exact)
        rgb = self._picture(frame)
        if rgb is None:
            return None
        if exact:
            self._kept[frame.time_s] = end_s, rgb
            if len(self._kept) > self._n_kept:
                self._kept.popitem(last=False)
        return Shown(frame.time_s, end_s, rgb, exact)

    def _picture(self, frame: DecodedFrame) -> UInt8 | None:
        if frame.to_small is not None and frame.size in (None, self._size):
            small = frame.to_small(self._longer_side)
            return None if small is None else np.ascontiguousarray(small)
        rgb = frame.to_rgb()
        if rgb is not None and frame.size is not None:
            rgb = fitted(rgb, *self._size)
        if rgb is None or not self._longer_side or max(rgb.shape[:2]) <= self._longer_side:
            return rgb
        scale = self._longer_side / max(rgb.shape[:2])
        size = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
        return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._coming = self._now = self._next = None
        self._kept.clear()
        self._source.close()
