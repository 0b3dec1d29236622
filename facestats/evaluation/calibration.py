"""Whether a stated probability can be believed, and the temperature that makes it so.

Guo et al., "On Calibration of Modern Neural Networks", 2017, arXiv 1706.04599.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

#: Share of faces that get a verdict at the threshold that training writes into a card; the others are "unknown".
COVERAGE = 0.85

_TEMPERATURES = (0.05, 20.0)


def expected_calibration_error(confidence: np.ndarray, correct: np.ndarray, *, bins: int = 15) -> float:
    """Return the mean distance between confidence and accuracy over bins of equal width, weighted by their faces.

    Parameters
    ----------
    confidence : numpy.ndarray
        float (N,), in [0, 1]: the probability of the class that was chosen.
    correct : numpy.ndarray
        bool (N,): whether the choice was right.
    bins : int
        How many.

    Returns
    -------
    float
        In [0, 1]; 0 is perfect, NaN for no faces.

    Examples
    --------
    >>> round(expected_calibration_error(np.array([0.8, 0.8, 0.8, 0.8, 0.8]), np.array([1, 1, 1, 1, 0])), 6)
    0.0
    >>> expected_calibration_error(np.array([1.0, 1.0]), np.array([True, False]))
    0.5
    """
    confidence = np.asarray(confidence, np.float64)
    if len(confidence) == 0:
        return float("nan")
    # Bins are open below and closed above, as in the paper.
    index = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gap = np.bincount(index, weights=np.asarray(correct, np.float64) - confidence, minlength=bins)
    return float(np.abs(gap).sum() / len(confidence))


def negative_log_likelihood(
    logits: np.ndarray, likelihood: np.ndarray, temperature: float = 1.0, *, weights: np.ndarray | None = None
) -> float:
    """Return the mean of minus the log of how likely each label is under the network's probabilities.

    Parameters
    ----------
    logits : numpy.ndarray
        float (N, K).
    likelihood : numpy.ndarray
        float (N, K), in [0, 1]: how likely each row's label is if a class is the true one; 1 for one class and 0 for
        the others where the label is a class, and several above 0 where it is a bin or a little uncertain.
    temperature : float
        The logits are divided by it.
    weights : numpy.ndarray, optional
        float (N,): how much each row counts; all alike by default.

    Examples
    --------
    >>> round(negative_log_likelihood(np.zeros((1, 4)), np.array([[1.0, 1.0, 0.0, 0.0]])), 4)
    0.6931
    """
    scaled = np.asarray(logits, np.float64) / temperature
    losses = logsumexp(scaled, axis=1) - logsumexp(scaled, axis=1, b=likelihood)
    return float(np.average(losses, weights=weights))


def fit_temperature(logits: np.ndarray, likelihood: np.ndarray, *, weights: np.ndarray | None = None) -> float:
    """Return the temperature, between 0.05 and 20, with the smallest negative log-likelihood.

    Parameters
    ----------
    logits, likelihood, weights
        See :func:`negative_log_likelihood`: faces that the network was not trained on.

    Examples
    --------
    >>> logits = np.array([[4.0, 0.0], [4.0, 0.0], [4.0, 0.0], [4.0, 0.0]])  # sure of it, right three times in four
    >>> likelihood = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> round(fit_temperature(logits, likelihood), 2)  # 4 / log 3
    3.64
    """
    bounds = tuple(np.log(_TEMPERATURES))
    best = minimize_scalar(
        lambda log_t: negative_log_likelihood(logits, likelihood, float(np.exp(log_t)), weights=weights),
        bounds=bounds,
        method="bounded",
    )
    return float(np.exp(best.x))


def alike(groups: np.ndarray) -> np.ndarray:
    """Return weights, float64 (N,), 1 on average, by which each group counts as much as any other, however large.

    Examples
    --------
    >>> alike(np.array(["a", "a", "a", "b"])).round(2).tolist()
    [0.67, 0.67, 0.67, 2.0]
    """
    _, index, counts = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    return len(index) / (len(counts) * counts[index])


def coverage_threshold(
    confidence: np.ndarray, coverage: float = COVERAGE, *, weights: np.ndarray | None = None
) -> float:
    """Return the highest confidence that at least ``coverage`` of the faces reach, rounded down to 3 digits.

    Parameters
    ----------
    confidence : numpy.ndarray
        float (N,), in [0, 1]: the probability of the class that was chosen; N at least 1.
    coverage : float
        Share of the faces to keep.
    weights : numpy.ndarray, optional
        float (N,): how much each face counts; all alike by default.

    Examples
    --------
    >>> coverage_threshold(np.array([0.5, 0.6, 0.7, 0.8]), 0.75)
    0.6
    """
    order = np.argsort(np.asarray(confidence, np.float64))[::-1]
    kept = np.cumsum(np.ones(len(order)) if weights is None else np.asarray(weights, np.float64)[order])
    last = int(np.searchsorted(kept, coverage * kept[-1] - 1e-9 * len(order)))
    last_kept = float(np.asarray(confidence, np.float64)[order[min(last, len(order) - 1)]])
    threshold = math.floor(last_kept * 1000 + 1e-6) / 1000  # 0.6 is 599.99... thousandths in floating point
    return threshold if threshold <= last_kept else round(max(0.0, threshold - 0.001), 3)
