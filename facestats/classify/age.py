"""Groups, expected age and quantiles, read off a distribution over years."""

from __future__ import annotations

import numpy as np

from facestats.models.attributes import AGE_GROUP_YEARS
from facestats.types import Float32


def group_probabilities(probabilities: np.ndarray, years: np.ndarray) -> Float32:
    """Sum a distribution over years into the age groups.

    Parameters
    ----------
    probabilities : numpy.ndarray
        float (N, K); rows sum to 1.
    years : numpy.ndarray
        int (K,): the year of each column.

    Returns
    -------
    numpy.ndarray
        float32 (N, 4), in the order of :data:`facestats.models.attributes.AGE_GROUPS`.

    Examples
    --------
    >>> group_probabilities(np.array([[0.2, 0.3, 0.5]]), np.array([12, 13, 80])).round(2).tolist()
    [[0.20000000298023224, 0.30000001192092896, 0.0, 0.5]]
    """
    years = np.asarray(years)
    inside = [(first <= years) & (years <= last) for first, last in AGE_GROUP_YEARS.values()]
    return (np.asarray(probabilities, np.float64) @ np.array(inside, np.float64).T).astype(np.float32)


def group_of_years(years: np.ndarray) -> np.ndarray:
    """Return the index of each age's group in :data:`facestats.models.attributes.AGE_GROUPS`, int64 (N,).

    Examples
    --------
    >>> group_of_years(np.array([0, 12, 13, 30, 31, 50, 51, 99])).tolist()
    [0, 0, 1, 1, 2, 2, 3, 3]
    """
    first_years = [first for first, _ in AGE_GROUP_YEARS.values()]
    return np.searchsorted(first_years, np.asarray(years), side="right") - 1


def expected_age(probabilities: np.ndarray, years: np.ndarray) -> Float32:
    """Return the mean of each distribution, in years, float32 (N,).

    Parameters
    ----------
    probabilities, years
        See :func:`group_probabilities`.

    Examples
    --------
    >>> expected_age(np.array([[0.5, 0.5]]), np.array([20, 30])).tolist()
    [25.0]
    """
    return (np.asarray(probabilities, np.float64) @ np.asarray(years, np.float64)).astype(np.float32)


def age_quantiles(probabilities: np.ndarray, years: np.ndarray, quantiles: tuple[float, ...] = (0.05, 0.95)) -> Float32:
    """Return quantiles of each distribution: the first year at which the summed probability reaches each.

    Parameters
    ----------
    probabilities : numpy.ndarray
        float (N, K); rows sum to 1.
    years : numpy.ndarray
        int (K,): the year of each column, ascending.
    quantiles : tuple of float
        Q shares in (0, 1).

    Returns
    -------
    numpy.ndarray
        float32 (N, Q), years.

    Examples
    --------
    >>> age_quantiles(np.array([[0.1, 0.8, 0.1]]), np.array([20, 21, 22])).tolist()
    [[20.0, 22.0]]
    """
    summed = np.cumsum(np.asarray(probabilities, np.float64), axis=1)
    # A little slack: float32 rows that sum to 0.9499999 have reached 0.95.
    index = [(summed < quantile - 1e-6).sum(axis=1).clip(0, len(years) - 1) for quantile in quantiles]
    return np.asarray(years, np.float32)[np.stack(index, axis=1)]
