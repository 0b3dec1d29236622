"""What every tracker offers, and the look-up by name."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from facestats.errors import UnknownNameError
from facestats.options import DEFAULT_SURE_SCORE
from facestats.track.gaps import longest_gap_s
from facestats.types import Detections, Int64

TRACKERS = ("bytetrack", "bytetrack-iou", "cbiou", "ocsort", "botsort", "centroid", "none")

#: Trackers mark what they have not confirmed (yet) with this id.
UNCONFIRMED = -1


class Tracker(Protocol):
    """Gives the faces of one video their ids; one instance per video."""

    name: str

    def update(self, detections: Detections, time_s: float) -> Int64:
        """Return the track id of each detection of the next sampled frame.

        Parameters
        ----------
        detections : Detections
            N faces.
        time_s : float
            Presentation time of the frame in seconds.

        Returns
        -------
        numpy.ndarray
            int64 (N,), in the order of the detections; -1 where the face is not (yet) confirmed. Ids never repeat
            within a video, across cuts included.
        """
        ...

    def cut(self) -> None:
        """Tell the tracker of a shot cut: no track lives on."""
        ...


class Untracked:
    """The tracker that does not track: every face stays unconfirmed.

    Examples
    --------
    >>> Untracked().update(Detections.empty(), 0.0)
    array([], dtype=int64)
    """

    name = "none"

    def update(self, detections: Detections, time_s: float) -> Int64:
        """Return -1 for every detection; see :class:`Tracker`."""
        return np.full(len(detections), UNCONFIRMED, np.int64)

    def cut(self) -> None:
        """Do nothing; see :class:`Tracker`."""


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
    from facestats.track.centroid import Centroid
    from facestats.track.online import ONLINE_TRACKERS, OnlineTracker

    lost_for_s = longest_gap_s(1 / rate)
    if name in ONLINE_TRACKERS:
        return OnlineTracker(name, rate=rate, lost_for_s=lost_for_s, sure_score=sure_score)
    if name == "centroid":
        return Centroid(lost_for_s=lost_for_s)
    if name == "none":
        return Untracked()
    raise UnknownNameError(f"unknown tracker {name!r}: use {', '.join(TRACKERS)}")
