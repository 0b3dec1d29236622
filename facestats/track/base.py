"""What every tracker offers, the look-up by name, and what no online tracker can know by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from trackers.utils.iou import BIoU

from facestats.errors import UnknownNameError
from facestats.gaps import longest_gap_s
from facestats.options import DEFAULT_SURE_SCORE
from facestats.types import Detections, Int64

TRACKERS = ("bytetrack", "centroid", "none")

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
        ``"bytetrack"``, ``"centroid"`` or ``"none"``.
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
    from facestats.track.bytetrack import ByteTrack
    from facestats.track.centroid import Centroid

    lost_for_s = longest_gap_s(1 / rate)
    if name == "bytetrack":
        return ByteTrack(rate=rate, lost_for_s=lost_for_s, activation=sure_score)
    if name == "centroid":
        return Centroid(lost_for_s=lost_for_s)
    if name == "none":
        return Untracked()
    raise UnknownNameError(f"unknown tracker {name!r}: use {', '.join(TRACKERS)}")


def fill_back(boxes: Sequence[np.ndarray], ids: Sequence[Int64], shots: Sequence[int]) -> list[Int64]:
    """Give each track the detection just before its first one, which its tracker saw but had not yet confirmed.

    Trackers that ask for two detections in a row report a track one frame late; here the whole video is known.

    Parameters
    ----------
    boxes : sequence of numpy.ndarray
        float (N, 4) per sampled frame: ``x1, y1, x2, y2``.
    ids : sequence of numpy.ndarray
        int64 (N,) per sampled frame, -1 where unconfirmed.
    shots : sequence of int
        Shot number of each sampled frame; nothing is filled back across a cut.

    Returns
    -------
    list of numpy.ndarray
        Copies of ``ids`` with the gaps filled.

    Examples
    --------
    >>> box = np.array([[0.0, 0.0, 10.0, 10.0]])
    >>> [i.tolist() for i in fill_back([box, box], [np.array([-1]), np.array([4])], [0, 0])]
    [[4], [4]]
    """
    filled = [np.array(row) for row in ids]
    seen: set[int] = set()
    similarity = BIoU(buffer_ratio=0.3)
    for i, row in enumerate(ids):
        new = [j for j, track in enumerate(row) if track != UNCONFIRMED and int(track) not in seen]
        seen.update(int(row[j]) for j in new)
        if i == 0 or not new or shots[i] != shots[i - 1]:
            continue
        free = np.flatnonzero(filled[i - 1] == UNCONFIRMED)
        for j in new:
            if len(free) == 0:
                break
            overlap = similarity.compute(boxes[i][j : j + 1], boxes[i - 1][free])[0]
            best = int(overlap.argmax())
            if overlap[best] > 0.1:
                filled[i - 1][free[best]] = row[j]
                free = np.delete(free, best)
    return filled
