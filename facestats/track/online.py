"""The trackers of the ``trackers`` package, set up for faces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import supervision
from trackers import BoTSORTTracker, ByteTrackTracker, CBIoUTracker, OCSORTTracker
from trackers.core.base import BaseTracker
from trackers.utils.iou import BIoU

from facestats.track.gaps import LOST_FOR_S
from facestats.types import Detections, Int64

_REFERENCE_RATE = 30.0  # `lost_track_buffer` counts frames at this rate, whatever the real one is

#: Share of width and height by which each side of a box is widened before boxes are compared: small faces move by more
#: than their own width between sampled frames, so that plain IoU finds no overlap.
BUFFER = 0.3

# Thresholds of overlap that suit widened boxes; those of BoT-SORT and C-BIoU have one for each of three steps.
_OVERLAP = {"minimum_iou_threshold": 0.1}
_OVERLAPS = {f"minimum_iou_threshold_{step}_assoc": 0.1 for step in ("first", "second", "unconfirmed")}
_LATE = {"instant_first_frame_activation": False}

#: Class of each tracker, what it is told beside what all are told, and whether its boxes are widened.
_KINDS: Mapping[str, tuple[type[BaseTracker], Mapping[str, Any], bool]] = {
    "bytetrack": (ByteTrackTracker, _OVERLAP, True),
    "bytetrack-iou": (ByteTrackTracker, _OVERLAP, False),
    "cbiou": (CBIoUTracker, {**_OVERLAPS, **_LATE, "buffer_ratio_first": BUFFER, "buffer_ratio_second": 0.5}, False),
    "ocsort": (OCSORTTracker, _OVERLAP, True),
    # Without its camera motion compensation, which wants every frame in full.
    "botsort": (BoTSORTTracker, {**_OVERLAPS, **_LATE, "enable_cmc": False}, True),
}


class OnlineTracker:
    """A tracker of the package; see :class:`facestats.track.base.Tracker`.

    - ``bytetrack``: ByteTrack (Zhang et al., 2022, arXiv 2110.06864) with buffered IoU; ``bytetrack-iou``: plain IoU.
    - ``cbiou``: C-BIoU (Yang et al., 2023, arXiv 2211.14317).
    - ``ocsort``: OC-SORT (Cao et al., 2023, arXiv 2203.14360) with buffered IoU; weak detections continue no track.
    - ``botsort``: BoT-SORT (Aharon et al., 2022, arXiv 2206.14651) with buffered IoU, without appearance.

    Parameters
    ----------
    name : str
        One of the names above.
    rate : float
        Sampled frames a second.
    lost_for_s : float
        How long a face may be out of sight and still keep its id.
    sure_score : float
        Score from which a detection may start a track.

    Examples
    --------
    >>> tracker = OnlineTracker("bytetrack", rate=10)
    >>> box = np.array([[10, 10, 50, 50]], np.float32)
    >>> face = Detections(box, np.array([0.9], np.float32), np.zeros((1, 5, 2), np.float32))
    >>> [tracker.update(face, time).tolist() for time in (0.0, 0.1, 0.2)]
    [[-1], [0], [0]]
    """

    def __init__(self, name: str, *, rate: float, lost_for_s: float = LOST_FOR_S, sure_score: float = 0.5) -> None:
        self.name = name
        kind, own, is_widened = _KINDS[name]
        told: dict[str, Any] = {
            "lost_track_buffer": round(lost_for_s * _REFERENCE_RATE),
            "frame_rate": rate,
            # The packages' own score of 0.7 loses faces of 15 px, which score 0.5.
            "high_conf_det_threshold": sure_score,
            "minimum_consecutive_frames": 2,
            **own,
        }
        if kind is not OCSORTTracker:  # which begins a track with every face that it takes at all
            told["track_activation_threshold"] = sure_score
        if is_widened:
            told["iou"] = BIoU(buffer_ratio=BUFFER)
        self._tracker = kind(**told)
        self._first_free_id = 0
        self._offset = 0
        self._last_time_s = -np.inf

    def update(self, detections: Detections, time_s: float) -> Int64:
        """Return the track id of each detection; see :class:`facestats.track.base.Tracker`."""
        # The package warns of, and skips, times that repeat or run backwards; a broken clock must not lose faces.
        self._last_time_s = (
            max(time_s, np.nextafter(self._last_time_s, np.inf)) if np.isfinite(self._last_time_s) else time_s
        )
        found = self._tracker.update(
            supervision.Detections(
                xyxy=detections.boxes,
                confidence=detections.scores,
                data={"detection": np.arange(len(detections))},  # the package reorders what it is given
            ),
            timestamp=self._last_time_s,
        )
        ids = np.full(len(detections), -1, np.int64)
        if found.tracker_id is not None and len(found):
            known = found.tracker_id >= 0
            ids[found.data["detection"][known]] = found.tracker_id[known] + self._offset
            self._first_free_id = max(self._first_free_id, int(ids.max()) + 1)
        return ids

    def cut(self) -> None:
        """Forget all tracks, not their ids; see :class:`facestats.track.base.Tracker`."""
        self._tracker.reset()  # starts again at 0
        self._offset = self._first_free_id


def create(name: str, *, rate: float, lost_for_s: float, sure_score: float) -> OnlineTracker:
    """Return the tracker; see :class:`facestats.track.registry.Backend`."""
    return OnlineTracker(name, rate=rate, lost_for_s=lost_for_s, sure_score=sure_score)
