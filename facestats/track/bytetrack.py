"""ByteTrack (Zhang et al., 2022, arXiv 2110.06864) as the ``trackers`` package has it, set up for faces."""

from __future__ import annotations

import numpy as np
import supervision
from trackers import ByteTrackTracker
from trackers.utils.iou import BIoU

from facestats.gaps import LOST_FOR_S
from facestats.types import Detections, Int64

_REFERENCE_RATE = 30.0  # `lost_track_buffer` counts frames at this rate, whatever the real one is


class ByteTrack:
    """ByteTrack with buffered IoU; see :class:`facestats.track.base.Tracker`.

    Small faces move by more than their own width between sampled frames, so that plain IoU finds no overlap: boxes are
    widened by a share of their size before they are compared.

    Parameters
    ----------
    rate : float
        Sampled frames a second.
    lost_for_s : float
        How long a face may be out of sight and still keep its id.
    activation : float
        Score from which a detection may start a track. The package's own 0.7 loses faces of 15 px, which score 0.5.
    buffer : float
        Share of width and height by which each side of a box is widened.

    Examples
    --------
    >>> tracker = ByteTrack(rate=10)
    >>> box = np.array([[10, 10, 50, 50]], np.float32)
    >>> face = Detections(box, np.array([0.9], np.float32), np.zeros((1, 5, 2), np.float32))
    >>> [tracker.update(face, time).tolist() for time in (0.0, 0.1, 0.2)]
    [[-1], [0], [0]]
    """

    name = "bytetrack"

    def __init__(
        self, *, rate: float, lost_for_s: float = LOST_FOR_S, activation: float = 0.5, buffer: float = 0.3
    ) -> None:
        self._tracker = ByteTrackTracker(
            lost_track_buffer=round(lost_for_s * _REFERENCE_RATE),
            frame_rate=rate,
            track_activation_threshold=activation,
            high_conf_det_threshold=activation,
            minimum_consecutive_frames=2,
            minimum_iou_threshold=0.1,
            iou=BIoU(buffer_ratio=buffer),
        )
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
        if len(found):
            known = found.tracker_id >= 0
            ids[found.data["detection"][known]] = found.tracker_id[known] + self._offset
            self._first_free_id = max(self._first_free_id, int(ids.max()) + 1)
        return ids

    def cut(self) -> None:
        """Forget all tracks, not their ids; see :class:`facestats.track.base.Tracker`."""
        self._tracker.reset()  # starts again at 0
        self._offset = self._first_free_id
