"""The trackers by name: a new one is one module of this package and one line in :data:`TRACKERS`."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

import numpy as np

from facestats.errors import UnknownNameError
from facestats.options import DEFAULT_SURE_SCORE
from facestats.track.base import Tracker
from facestats.track.gaps import bridged_gap_s

#: Name and module of each tracker.
TRACKERS = {
    "bytetrack": "facestats.track.online",
    "bytetrack-iou": "facestats.track.online",
    "cbiou": "facestats.track.online",
    "ocsort": "facestats.track.online",
    "botsort": "facestats.track.online",
    "centroid": "facestats.track.centroid",
    "none": "facestats.track.untracked",
}


class Backend(Protocol):
    """What the module of a tracker has."""

    def create(self, name: str, *, rate: float, lost_for_s: float, sure_score: float) -> Tracker:
        """Return a new tracker, see :func:`create_tracker`; ``lost_for_s`` is how long it waits for a lost face."""
        ...


def create_tracker(name: str, *, rate: float, sure_score: float = DEFAULT_SURE_SCORE) -> Tracker:
    """Return a new tracker for one video.

    Parameters
    ----------
    name : str
        One of :data:`TRACKERS`.
    rate : float
        Sampled frames a second, not the video's own rate.
    sure_score : float
        Score from which a face may begin a track.

    Raises
    ------
    UnknownNameError
        If there is no such tracker.

    Examples
    --------
    >>> create_tracker("centroid", rate=10).name
    'centroid'
    """
    if name not in TRACKERS:
        raise UnknownNameError(f"unknown tracker {name!r}: use {', '.join(TRACKERS)}")
    backend = cast(Backend, import_module(TRACKERS[name]))
    lost_for_s = bridged_gap_s(np.array([0.0, 1 / rate]))
    return backend.create(name, rate=rate, lost_for_s=lost_for_s, sure_score=sure_score)
