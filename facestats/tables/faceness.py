"""How surely what was tracked is a face: one probability for a track, from all of its detections.

A detector's probabilities speak of one frame. A badge, a dog or a fold that is taken for a face now and then is never
as sure as a face is once in a while. So the surest and the median detection, and how many there are, give by logistic
regression the probability that a track shows a face.
"""

from __future__ import annotations

import numpy as np

#: Fitted by ``python -m benchmarks.track_faces`` on tracks of CenterFace in photos that were panned and zoomed.
_SHIFT, _WEIGHTS = 0.427, (0.758, 1.128, -0.217)

#: What is not tracked, in a video whose faces are, counts from this probability on.
SURE_ALONE = 0.75


def face_evidence(scores: np.ndarray) -> np.ndarray:
    """Return what a track's probability is made of, float64 (3,).

    The logits of the largest and of the median probability, and the logarithm of the number of detections, at most a
    hundred: the more there are, the surer one of them is by chance.

    Parameters
    ----------
    scores : numpy.ndarray
        float (N,), N at least 1: the detector's probabilities.

    Examples
    --------
    >>> face_evidence(np.array([0.5, 0.5, 0.9])).round(2).tolist()
    [2.2, 0.0, 1.1]
    """
    from scipy.special import logit  # not before: readers of tables need no scipy

    logits = logit(np.clip(np.asarray(scores, np.float64), 1e-3, 1 - 1e-3))
    return np.array([logits.max(), np.median(logits), np.log(min(len(logits), 100))])


def face_probability(scores: np.ndarray) -> float:
    """Return the probability that a track shows a face; of a single detection, the detector's own.

    Parameters
    ----------
    scores : numpy.ndarray
        See :func:`face_evidence`.

    Examples
    --------
    >>> face_probability(np.array([0.9]))
    0.9
    """
    from scipy.special import expit

    return float(scores[0]) if len(scores) == 1 else float(expit(_SHIFT + face_evidence(scores) @ np.array(_WEIGHTS)))
