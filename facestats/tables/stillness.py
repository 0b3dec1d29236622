"""Whether a tracked face is a picture of one: a poster, a logo, a caption, which never moves and never changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: So long, in seconds, must a face not have changed at all. People blink and breathe in that time.
LEAST_S = 4.0

#: Of its size, how far the box of a still picture may wander: what detectors and coding make of it.
_MOST_MOVED = 0.05

#: Cosine distance of two appearances (:func:`facestats.track.sameness.appearance`) of one still picture.
_MOST_CHANGED = 0.01


@dataclass
class Stillness:
    """What is known of how a track moved and changed, however long it lasts.

    Examples
    --------
    >>> still = Stillness()
    >>> still.add(np.array([0.0, 5.0]), np.array([[0, 0, 9, 9]] * 2), np.eye(2)[[0, 0]])
    >>> still.is_static
    True
    """

    _first_s: float = np.nan
    _last_s: float = np.nan
    _box: np.ndarray | None = None
    _look: np.ndarray | None = None
    _moved: float = 0.0
    _changed: float = 0.0

    def add(self, times_s: np.ndarray, boxes: np.ndarray, looks: np.ndarray) -> None:
        """Take more observations of the track.

        Parameters
        ----------
        times_s : numpy.ndarray
            float (N,), N at least 1.
        boxes : numpy.ndarray
            float (N, 4): ``x1, y1, x2, y2``.
        looks : numpy.ndarray
            float (N, D), unit vectors, see :func:`facestats.track.sameness.appearance`.
        """
        if self._box is None or self._look is None:
            self._box, self._look = np.asarray(boxes[0], np.float64), np.asarray(looks[0], np.float32)
            self._first_s = float(times_s[0])
        size = max(float((self._box[2:] - self._box[:2]).min()), 1.0)
        self._moved = max(self._moved, float(np.abs(boxes - self._box).max()) / size)
        self._changed = max(self._changed, float(1 - (np.asarray(looks, np.float32) @ self._look).min()))
        self._last_s = float(times_s[-1])

    @property
    def is_static(self) -> bool:
        """Whether it neither moved nor changed for at least :data:`LEAST_S`."""
        return self._last_s - self._first_s >= LEAST_S and self._moved <= _MOST_MOVED and self._changed <= _MOST_CHANGED
