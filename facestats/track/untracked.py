"""The tracker that does not track."""

from __future__ import annotations

import numpy as np

from facestats.track.base import UNCONFIRMED
from facestats.types import Detections, Int64


class Untracked:
    """The tracker that does not track: every face stays unconfirmed.

    Examples
    --------
    >>> Untracked().update(Detections.empty(), 0.0)
    array([], dtype=int64)
    """

    name = "none"

    def update(self, detections: Detections, time_s: float) -> Int64:
        """Return -1 for every detection; see :class:`facestats.track.base.Tracker`."""
        return np.full(len(detections), UNCONFIRMED, np.int64)

    def cut(self) -> None:
        """Do nothing; see :class:`facestats.track.base.Tracker`."""


def create(name: str, *, rate: float, lost_for_s: float, sure_score: float) -> Untracked:
    """Return the tracker; see :class:`facestats.track.registry.Backend`."""
    return Untracked()
