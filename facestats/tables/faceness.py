"""How surely what was tracked is a face: one probability for a track, from all of its detections.

A detector's probabilities speak of one frame. A badge, a dog or a fold that is taken for a face now and then is never
as sure as a face is once in a while; and what a second look at a few detections says, see
:mod:`facestats.classify.faceness`, tells animals from people. By logistic regression the median detection and the mean
of the second looks give the probability that a track shows a face; without second looks the surest and the median
detection, and how many there are.
"""

from __future__ import annotations

import numpy as np

#: Fitted by ``python -m benchmarks.track_faces`` on tracks of CenterFace in photos that were panned and zoomed: by the
#: detector alone, and with second looks of layers that did not learn from the data set of the photo.
_SHIFT, _WEIGHTS = 0.427, (0.758, 1.128, -0.217)
_SHIFT_LOOKED, _WEIGHTS_LOOKED = 0.379, (0.0, 0.665, 0.0, 0.626)

#: What is not tracked, in a video whose faces are, counts from this probability on.
SURE_ALONE = 0.75

_MOST_SAID = 8.0  # by a second look, as log odds


def face_evidence(scores: np.ndarray, faceness: np.ndarray | None = None) -> np.ndarray:
    """Return what a track's probability is made of, float64 (3,), or (4,) with second looks.

    The logits of the largest and of the median probability, the logarithm of the number of detections, at most a
    hundred (the more there are, the surer one of them is by chance), and the mean of the logits of the second looks.

    Parameters
    ----------
    scores : numpy.ndarray
        float (N,), N at least 1: the detector's probabilities.
    faceness : numpy.ndarray, optional
        float (N,): those of the second looks; NaN where there was none.

    Examples
    --------
    >>> face_evidence(np.array([0.5, 0.5, 0.9])).round(2).tolist()
    [2.2, 0.0, 1.1]
    >>> face_evidence(np.array([0.5, 0.5, 0.9]), np.array([0.9, np.nan, 0.1])).round(2).tolist()
    [2.2, 0.0, 1.1, 0.0]
    """
    from scipy.special import logit  # not before: readers of tables need no scipy

    logits = logit(np.clip(np.asarray(scores, np.float64), 1e-3, 1 - 1e-3))
    evidence = [logits.max(), np.median(logits), np.log(min(len(logits), 100))]
    said = np.zeros(0) if faceness is None else faceness[~np.isnan(faceness)]
    if len(said):
        evidence.append(np.clip(logit(np.asarray(said, np.float64)), -_MOST_SAID, _MOST_SAID).mean())
    return np.array(evidence)


def face_probability(scores: np.ndarray, faceness: np.ndarray | None = None) -> float:
    """Return the probability that a track shows a face; of a single detection, the detector's own.

    Parameters
    ----------
    scores, faceness : numpy.ndarray
        See :func:`face_evidence`.

    Examples
    --------
    >>> face_probability(np.array([0.9]))
    0.9
    """
    from scipy.special import expit

    if len(scores) == 1:
        return float(scores[0])
    evidence = face_evidence(scores, faceness)
    looked = len(evidence) > len(_WEIGHTS)
    shift, weights = (_SHIFT_LOOKED, _WEIGHTS_LOOKED) if looked else (_SHIFT, _WEIGHTS)
    return float(expit(shift + evidence @ np.array(weights)))
