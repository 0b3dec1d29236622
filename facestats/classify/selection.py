"""Which faces of a track are looked at closely: as many as its verdict needs, the best ones, and no more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facestats.classify.quality import quality_weight
from facestats.types import Detections, Int64

#: What a person keeps for the length of a track. Faces of neighbouring frames say nearly the same of it.
LASTING_ATTRIBUTES = frozenset({"gender", "age", "makeup"})

#: Seconds after which a track's second face is looked at closely; each further wait is so many times as long as the one
#: before, up to the longest.
FIRST_WAIT_S, WAIT_GROWTH, LONGEST_WAIT_S = 0.1, 1.3, 2.0

#: The same of whether it is a face at all, which fewer looks tell: four in two seconds.
GLANCES = (0.3, 2.0, 8.0)

#: A face so many times as good as any of its track so far need not wait.
MUCH_BETTER = 1.2

_TOLERANCE_S = 0.02  # frames come early or late


@dataclass
class _Seen:
    time_s: float
    wait_s: float
    best: float


class CloseLooks:
    """Says which faces of a frame need their lasting attributes measured; one instance per video.

    The waits between two looks at a track grow from 0.1 to 2 seconds: one of two seconds is looked at about 8 times,
    one of a minute about 40 times, whatever the sampling rate. A much better picture of a face is never passed over.

    Parameters
    ----------
    first_wait_s, growth, longest_wait_s : float
        Of these waits: the first, by what each is longer than the one before, and the longest.

    Examples
    --------
    >>> looks = CloseLooks()
    >>> box, points = np.array([[0, 0, 50, 50]], np.float32), np.ones((1, 5, 2), np.float32)
    >>> face = Detections(box, np.ones(1, np.float32), points)
    >>> [looks.choose(face, np.array([7]), time_s / 10).item() for time_s in range(8)]
    [True, True, False, True, False, True, False, True]
    """

    def __init__(
        self,
        first_wait_s: float = FIRST_WAIT_S,
        growth: float = WAIT_GROWTH,
        longest_wait_s: float = LONGEST_WAIT_S,
    ) -> None:
        self._first_wait_s, self._growth, self._longest_wait_s = first_wait_s, growth, longest_wait_s
        self._tracks: dict[int, _Seen] = {}

    def choose(self, detections: Detections, track_ids: Int64, time_s: float) -> np.ndarray:
        """Return which of a frame's faces to look at closely, bool (N,).

        Parameters
        ----------
        detections : Detections
            N faces.
        track_ids : numpy.ndarray
            int64 (N,); a face below 0 has no track (yet) and is always chosen: nothing else speaks for it.
        time_s : float
        """
        chosen = np.zeros(len(detections), bool)
        qualities = quality_weight(detections.scores, detections.sizes)
        for index, (quality, track) in enumerate(zip(qualities, track_ids.tolist(), strict=True)):
            if track < 0:
                chosen[index] = True
                continue
            seen = self._tracks.get(track)
            if seen is None:
                self._tracks[track] = _Seen(time_s, self._first_wait_s, float(quality))
                chosen[index] = True
                continue
            better = quality > MUCH_BETTER * seen.best
            if better or abs(time_s - seen.time_s) >= seen.wait_s - _TOLERANCE_S:
                seen.time_s, seen.best = time_s, max(seen.best, float(quality))
                seen.wait_s = min(seen.wait_s * self._growth, self._longest_wait_s)
                chosen[index] = True
        return chosen
