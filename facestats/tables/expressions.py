"""The expression of each moment: its probabilities, smoothed, its state, and the spans in which that stays the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facestats.models.attributes import EXPRESSIONS
from facestats.tables.schema import UNKNOWN, probability_columns
from facestats.track.gaps import bridged_gap_s, seconds_seen

Float64 = NDArray[np.float64]


def probabilities(observations: pd.DataFrame) -> Float64:
    """Return the seven probabilities, float64 (N, 7); a row of NaN where a face was not classified."""
    values = observations[list(probability_columns("expression"))].to_numpy(np.float64, copy=True)
    measured = ~np.isnan(values).all(axis=1)
    values[measured] = np.nan_to_num(values[measured])  # a class that the model does not know
    return values


def smooth(times_s: Float64, values: Float64, width_s: float) -> Float64:
    """Average each row with the rows at most ``width_s / 2`` seconds away; rows of NaN stay, and count for nothing.

    Examples
    --------
    >>> smooth(np.array([0.0, 1.0, 2.0]), np.array([[0.0], [3.0], [np.nan]]), 2.0).ravel().tolist()
    [1.5, 1.5, nan]
    """
    measured = ~np.isnan(values).any(axis=1)
    if width_s <= 0 or not measured.any():
        return values
    slack = 1e-9  # so that rounding does not decide which neighbour is still near
    first = np.searchsorted(times_s, times_s - width_s / 2 - slack)
    last = np.searchsorted(times_s, times_s + width_s / 2 + slack)
    zero = np.zeros((1, values.shape[1]))
    sums = np.concatenate([zero, np.cumsum(np.nan_to_num(values), axis=0)])
    counts = np.concatenate([[0], np.cumsum(measured)])
    smoothed = (sums[last] - sums[first]) / np.maximum(counts[last] - counts[first], 1)[:, None]
    smoothed[~measured] = np.nan
    return smoothed


def states(values: Float64, threshold: float | Float64) -> list[str | None]:
    """Return the most likely expression of each row, "unknown" below ``threshold``, None where not measured.

    Parameters
    ----------
    values : numpy.ndarray
        float64 (N, 7), see :func:`probabilities`.
    threshold : float or numpy.ndarray
        One for all rows, or float (N,).

    Examples
    --------
    >>> states(np.array([[0.1, 0, 0, 0.7, 0, 0, 0.2], [np.nan] * 7]), 0.5)
    ['happiness', None]
    """
    measured = np.asarray(~np.isnan(values).any(axis=1))
    filled = np.nan_to_num(values)
    best = filled.argmax(axis=1)
    sure = filled.max(axis=1, initial=0.0) >= threshold
    return [
        None if not known else EXPRESSIONS[index] if is_sure else UNKNOWN
        for known, index, is_sure in zip(measured, best, sure, strict=True)
    ]


def runs(times_s: Float64) -> list[slice]:
    """Split ascending times where a gap is longer than a track bridges.

    Examples
    --------
    >>> runs(np.array([0.0, 0.5, 4.0]))
    [slice(0, 2, None), slice(2, 3, None)]
    """
    breaks = np.flatnonzero(np.diff(times_s) > bridged_gap_s(times_s)) + 1
    edges = [0, *breaks.tolist(), len(times_s)]
    return [slice(start, stop) for start, stop in pairwise(edges) if stop > start]


def typical_step(times_s: Float64) -> float:
    """Return the usual distance between observations in seconds; 0.1 where there are too few to tell."""
    steps = np.diff(times_s)
    steps = steps[(steps > 0) & (steps <= bridged_gap_s(times_s))]
    return float(np.median(steps)) if len(steps) else 0.1


def edges(times_s: Float64, step_s: float) -> Float64:
    """Return the N + 1 edges of N observations: half-way to the neighbours, half a step at the ends."""
    middles = (times_s[1:] + times_s[:-1]) / 2
    return np.concatenate([[times_s[0] - step_s / 2], middles, [times_s[-1] + step_s / 2]])


def areas(times_s: Float64, values: Float64, *, most: int | None = None) -> Iterator[tuple[Float64, Float64]]:
    """Yield the times and rows of each stretch that was measured as areas are drawn: to half a step beyond both ends.

    Parameters
    ----------
    times_s : numpy.ndarray
        float64 (N,), ascending.
    values : numpy.ndarray
        float64 (N, 7).
    most : int, optional
        Means of neighbours stand for more rows than this.

    Examples
    --------
    >>> [at.tolist() for at, _ in areas(np.array([0.0, 0.5, 4.0]), np.full((3, 7), 1 / 7))]
    [[-0.25, 0.0, 0.5, 0.75], [3.75, 4.0, 4.25]]
    """
    measured = ~np.isnan(values).any(axis=1)
    step, n = typical_step(times_s), -(-len(times_s) // (most or max(len(times_s), 1)))
    times_s, values = times_s[measured], values[measured]
    for run in runs(times_s):
        at, rows = times_s[run], values[run]
        bounds = edges(at, step)
        starts = np.arange(0, len(at), n)
        counts = np.diff(np.append(starts, len(at)))
        at, rows = np.add.reduceat(at, starts) / counts, np.add.reduceat(rows, starts) / counts[:, None]
        yield np.concatenate([bounds[:1], at, bounds[-1:]]), np.concatenate([rows[:1], rows, rows[-1:]])


@dataclass(frozen=True)
class Span:
    """A stretch of a track's time in which its state stays the same.

    Attributes
    ----------
    state : str or None
        The most likely expression, "unknown", or None where it was not measured.
    start_s, end_s : float
    probability : float
        Mean probability of the most likely expression; NaN where not measured.
    """

    state: str | None
    start_s: float
    end_s: float
    probability: float


def spans(track: pd.DataFrame, threshold: float, smooth_s: float) -> list[Span]:
    """Return the spans of one track, in order; a stretch in which the face was out of sight belongs to none."""
    track = track.sort_values("time_s", kind="stable")
    times = track["time_s"].to_numpy(np.float64)
    values = smooth(times, probabilities(track), smooth_s)
    state = states(values, threshold)
    best = values.max(axis=1) if len(values) else np.zeros(0)
    step = typical_step(times)
    found = []
    for run in runs(times):
        bounds, names, surest = edges(times[run], step), state[run], best[run]
        start = 0
        for end in range(1, len(names) + 1):
            if end == len(names) or names[end] != names[start]:
                mean = float(surest[start:end].mean())
                found.append(Span(names[start], float(bounds[start]), float(bounds[end]), mean))
                start = end
    return found


def average(observations: pd.DataFrame) -> tuple[Float64, Float64]:
    """Return the times at which the expression of any tracked face was measured, and the mean probabilities then.

    Returns
    -------
    times_s : numpy.ndarray
        float64 (N,), ascending.
    values : numpy.ndarray
        float64 (N, 7): each face counts the same.
    """
    tracked = observations[observations["track_id"].notna()]
    values = probabilities(tracked)
    measured = ~np.isnan(values).any(axis=1)
    times, of = np.unique(tracked["time_s"].to_numpy(np.float64)[measured], return_inverse=True)
    sums = np.zeros((len(times), len(EXPRESSIONS)))
    np.add.at(sums, of, values[measured])
    return times, sums / np.bincount(of, minlength=len(times))[:, None] if len(times) else sums


def mean_shares(tracks: pd.DataFrame) -> pd.Series | None:
    """Return the share of the tracked time in each expression, by expression, or None if it was never measured.

    Examples
    --------
    >>> from facestats import schema
    >>> mean_shares(schema.conform("tracks")) is None
    True
    """
    columns = [f"expression_share_{name}" for name in EXPRESSIONS]
    measured = tracks[tracks[columns].notna().any(axis=1)]
    if measured.empty:
        return None
    shares = np.nan_to_num(measured[columns].to_numpy(np.float64))
    return pd.Series(np.average(shares, axis=0, weights=seconds_seen(measured)), index=list(EXPRESSIONS))
