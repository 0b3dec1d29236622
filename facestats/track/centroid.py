"""The older program's tracker: a face is the nearest centre of the frame before."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from facestats.track.gaps import LOST_FOR_S
from facestats.types import Detections, Int64

_ANOTHER = 2.0  # times as wide as a moment ago


class Centroid:
    """Nearest-centre tracker; see :class:`facestats.track.base.Tracker`.

    Every detection is confirmed at once. A centre may move by ``reach`` box widths between sampled frames; a face that
    is suddenly twice as large, or half, is another one, as behind a cut that is not known yet.

    Parameters
    ----------
    lost_for_s : float
        How long a face may be out of sight and still keep its id.
    reach : float
        Largest step, in widths of the box.

    Examples
    --------
    >>> tracker = Centroid()
    >>> box = np.array([[10, 10, 50, 50]], np.float32)
    >>> face = Detections(box, np.array([0.9], np.float32), np.zeros((1, 5, 2), np.float32))
    >>> [tracker.update(face, time).tolist() for time in (0.0, 0.1)]
    [[0], [0]]
    """

    name = "centroid"

    def __init__(self, *, lost_for_s: float = LOST_FOR_S, reach: float = 1.0) -> None:
        self.lost_for_s = lost_for_s
        self.reach = reach
        self._next_id = 0
        self._ids = np.zeros(0, np.int64)
        self._centres, self._widths = np.zeros((0, 2)), np.zeros(0)
        self._seen_s = np.zeros(0)

    def update(self, detections: Detections, time_s: float) -> Int64:
        """Return the track id of each detection; see :class:`facestats.track.base.Tracker`."""
        alive = time_s - self._seen_s <= self.lost_for_s
        self._ids, self._centres, self._seen_s = self._ids[alive], self._centres[alive], self._seen_s[alive]
        self._widths = self._widths[alive]

        centres = (detections.boxes[:, :2] + detections.boxes[:, 2:]).astype(float) / 2
        widths = (detections.boxes[:, 2] - detections.boxes[:, 0]).astype(float)
        limits = self.reach * widths
        distances = np.linalg.norm(self._centres[:, None] - centres[None], axis=2)
        larger = np.maximum(self._widths[:, None], widths) / np.maximum(np.minimum(self._widths[:, None], widths), 1e-6)
        distances[larger >= _ANOTHER] = np.inf
        # A pair out of reach must never keep a pair within reach apart, so it costs more than any sum of those.
        costs = np.where(distances <= limits, distances, 1e9)
        ids = np.full(len(detections), -1, np.int64)
        for old, new in zip(*linear_sum_assignment(costs), strict=True):
            if distances[old, new] <= limits[new]:
                ids[new] = self._ids[old]
                self._centres[old], self._widths[old], self._seen_s[old] = centres[new], widths[new], time_s
        fresh = np.flatnonzero(ids < 0)
        ids[fresh] = self._next_id + np.arange(len(fresh))
        self._next_id += len(fresh)
        self._ids = np.concatenate([self._ids, ids[fresh]])
        self._centres = np.concatenate([self._centres, centres[fresh]])
        self._widths = np.concatenate([self._widths, widths[fresh]])
        self._seen_s = np.concatenate([self._seen_s, np.full(len(fresh), time_s)])
        return ids

    def cut(self) -> None:
        """Forget all tracks, not their ids; see :class:`facestats.track.base.Tracker`."""
        self._ids, self._centres, self._seen_s = np.zeros(0, np.int64), np.zeros((0, 2)), np.zeros(0)
        self._widths = np.zeros(0)


def create(name: str, *, rate: float, lost_for_s: float, sure_score: float) -> Centroid:
    """Return the tracker; see :class:`facestats.track.registry.Backend`."""
    return Centroid(lost_for_s=lost_for_s)
