"""From the faces of a track to one verdict: which of them count, and how much they say together.

Neighbouring frames of a video show nearly the same picture, and what misleads a network about a face misleads it in
every frame. So the faces of a track are no independent witnesses: their evidence is averaged, and counts for as many of
them as :func:`effective_size` says, which is hardly more than one.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from facestats.models.attributes import track_temperature_key

#: Correlation of the errors of two faces of one track: this much, however far apart they are; the rest fades away with
#: their distance, with the time constant below. On synthetic tracks of faces that no network had seen it was 0.98 for
#: gender; but those pictures never change their pose and light, as real faces do.
LASTING_CORRELATION = 0.9
CORRELATION_FADES_S = 1.0

#: Time constant, in seconds, with which expressions are smoothed.
EXPRESSION_SMOOTHED_S = 0.5

#: The threshold of "unknown" where none was stored: of a plain DataFrame, and of a store that was written before
#: thresholds were.
FALLBACK_THRESHOLD = 0.5

_MOST = 400  # of more faces than these, evenly spread ones stand for all when correlations are summed
_LEAST_PROBABILITY = 1e-4


def threshold_of(thresholds: Mapping[str, float], attribute: str) -> float:
    """Return the probability below which a verdict on the attribute is "unknown".

    Parameters
    ----------
    thresholds : mapping of str to float
        Those stored with the results, by attribute; :data:`FALLBACK_THRESHOLD` stands for one that is absent.
    attribute : str

    Examples
    --------
    >>> threshold_of({"expression": 0.44}, "expression"), threshold_of({}, "expression")
    (0.44, 0.5)
    """
    return float(thresholds.get(attribute, FALLBACK_THRESHOLD))


def track_temperature_of(thresholds: Mapping[str, float], attribute: str) -> float:
    """Return what the logarithms of a track's pooled probabilities are divided by.

    Parameters
    ----------
    thresholds : mapping of str to float
        Those stored with the results, see :func:`facestats.models.registry.thresholds`; 1 stands for an absent one.
    attribute : str

    Examples
    --------
    >>> track_temperature_of({track_temperature_key("age"): 1.5}, "age"), track_temperature_of({"age": 0.5}, "age")
    (1.5, 1.0)
    """
    return float(thresholds.get(track_temperature_key(attribute), 1.0))


def effective_size(time_s: np.ndarray, weights: np.ndarray) -> float:
    """Return as how many independent faces those of a track count: from 1, and never more than there are.

    The variance of a weighted mean of correlated values, relative to that of one value (Kish, 1965, "Survey sampling").
    With the correlation above no number of faces counts for more than ``1 / LASTING_CORRELATION``.

    Parameters
    ----------
    time_s : numpy.ndarray
        float (N,), ascending, N > 0.
    weights : numpy.ndarray
        float (N,), above 0.

    Examples
    --------
    >>> effective_size(np.array([0.0]), np.ones(1))
    1.0
    >>> round(effective_size(np.arange(100) / 10, np.ones(100)), 2)
    1.09
    """
    if len(time_s) > _MOST:
        chosen = np.linspace(0, len(time_s) - 1, _MOST).astype(int)
        time_s, weights = time_s[chosen], weights[chosen]
    shares = np.asarray(weights, np.float64) / np.sum(weights)
    apart = np.abs(np.subtract.outer(time_s, time_s))
    correlation = LASTING_CORRELATION + (1 - LASTING_CORRELATION) * np.exp(-apart / CORRELATION_FADES_S)
    return float(max(1.0, 1 / (shares @ correlation @ shares)))


def pooled(probabilities: np.ndarray, weights: np.ndarray, n_effective: float = 1.0) -> np.ndarray:
    """Combine the probabilities of several faces of one person: a logarithmic opinion pool.

    The weighted mean of the logarithms (Genest and Zidek, 1986), times the number of faces that the evidence is worth.

    Parameters
    ----------
    probabilities : numpy.ndarray
        float (N, K); rows sum to 1. A class that a model does not know is NaN in every row, and stays NaN.
    weights : numpy.ndarray
        float (N,), above 0.
    n_effective : float
        See :func:`effective_size`.

    Returns
    -------
    numpy.ndarray
        float64 (K,).

    Examples
    --------
    >>> pooled(np.array([[0.9, 0.1], [0.5, 0.5]]), np.ones(2)).round(2).tolist()
    [0.75, 0.25]
    """
    logs = np.log(np.clip(np.asarray(probabilities, np.float64), _LEAST_PROBABILITY, None))
    evidence = n_effective * np.average(logs, axis=0, weights=weights)
    known = ~np.isnan(evidence)
    together = np.full(evidence.shape, np.nan)
    raised = np.exp(evidence[known] - evidence[known].max())
    together[known] = raised / raised.sum()
    return together


def smoothed(
    values: np.ndarray, time_s: np.ndarray, weights: np.ndarray, *, time_constant_s: float = EXPRESSION_SMOOTHED_S
) -> np.ndarray:
    """Return values smoothed in time, by weights that fade with the distance to either side: ``exp(-|dt| / constant)``.

    Parameters
    ----------
    values : numpy.ndarray
        float (N, K).
    time_s : numpy.ndarray
        float (N,), ascending.
    weights : numpy.ndarray
        float (N,), above 0.
    time_constant_s : float
        0 leaves everything as it is.

    Returns
    -------
    numpy.ndarray
        float64 (N, K): each row a weighted mean of the rows.

    Examples
    --------
    >>> smoothed(np.array([[0.0], [1.0], [0.0]]), np.array([0.0, 0.5, 1.0]), np.ones(3)).round(2).ravel().tolist()
    [0.24, 0.58, 0.24]
    """
    values = np.asarray(values, np.float64)
    if time_constant_s <= 0 or len(values) < 2:
        return values.copy()
    parts = np.column_stack([values * weights[:, None], weights])
    fades = np.exp(-np.diff(time_s) / time_constant_s)[:, None]
    forward, backward = parts.copy(), parts.copy()
    for i in range(1, len(parts)):
        forward[i] += fades[i - 1] * forward[i - 1]
        backward[-1 - i] += fades[-i] * backward[-i]
    sums = forward + backward - parts
    return sums[:, :-1] / sums[:, -1:]
