"""Expression as a time series: one row for each track and span of time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
import pandas as pd

from facestats._util.described import refuse_other_type
from facestats.classify.quality import quality_weight
from facestats.errors import UsageError
from facestats.tables import expressions, schema
from facestats.tables.building import observation_durations
from facestats.tables.sources import Source, opened
from facestats.tables.verdicts import FALLBACK_THRESHOLD, smoothed
from facestats.tables.video_tables import VideoTables

_PROBABILITIES = schema.probability_columns("expression")

_NEEDED = ("video_id", "track_id", "time_s", "score", "face_px", *_PROBABILITIES)
_BETTER = ("sharpness", "yaw", "pitch")  # used where they are there

#: Columns and dtypes of a timeline.
TIMELINE_DTYPES = schema.dtypes("timeline")


def timeline(source: Source, *, every: float = 1.0, threshold: float | None = None) -> pd.DataFrame:
    """Return the expression of each tracked face over time, smoothed with a time constant of half a second.

    Parameters
    ----------
    source : VideoTables, Store, pandas.DataFrame, str or path
        What has ``observations``, or these themselves; the path of a store.
    every : float
        Length of a span in seconds of the video's clock; spans begin at its multiples.
    threshold : float, optional
        Probability below which the expression is ``"unknown"``; by default that stored with the results, and
        :data:`facestats.tables.verdicts.FALLBACK_THRESHOLD` for a DataFrame, which has none.

    Returns
    -------
    pandas.DataFrame
        One row for each track and span in which its expression was measured, see :data:`TIMELINE_DTYPES`: ``time_s`` is
        where the span begins; the probabilities are means over the time in it, ``expression`` the most probable one.
        Where a face was out of sight there is no row.

    Raises
    ------
    UsageError
        If ``every`` is not above 0, or the source has no observations.

    Examples
    --------
    >>> timeline(schema.conform("observations")).columns[:3].tolist()
    ['video_id', 'track_id', 'time_s']
    """
    refuse_other_type("every", every, float)
    if not every > 0:
        raise UsageError(f"every must be above 0 seconds, got {every}")
    observations, stored = _observed(source)
    missing = set(_NEEDED) - set(observations.columns)
    if missing:
        raise UsageError(f"a timeline needs observations; this table has no column {', '.join(sorted(missing))}")
    measured = observations["track_id"].notna() & observations[list(_PROBABILITIES)].notna().any(axis=1)
    parts = []
    for key, group in observations[measured].groupby(["video_id", "track_id"], sort=True):
        video_id, track_id = cast("tuple[str, int]", key)
        group = group.sort_values("time_s", kind="stable")
        times = group["time_s"].to_numpy(np.float64)
        durations = observation_durations(times)
        extra = [group[name].to_numpy() if name in group else None for name in _BETTER]
        quality = quality_weight(group["score"].to_numpy(), group["face_px"].to_numpy(), *extra)
        flowing = smoothed(group[list(_PROBABILITIES)].to_numpy(np.float64), times, quality * durations)
        # A time that was written as 0.1 + 0.2 begins the span at 0.3 all the same.
        span = np.floor(times / every + 1e-9).astype(np.int64)
        sums = pd.DataFrame(flowing * durations[:, None], columns=list(_PROBABILITIES)).groupby(span).sum(min_count=1)
        totals = pd.Series(durations).groupby(span).agg(["sum", "size"])
        means = sums.div(totals["sum"], axis=0)
        parts.append(
            means.assign(
                video_id=video_id,
                track_id=track_id,
                time_s=means.index.to_numpy() * every,
                n_observations=totals["size"],
            )
        )
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in TIMELINE_DTYPES.items()})
    table = pd.concat(parts, ignore_index=True)
    probabilities = expressions.probabilities(table)
    own = table["video_id"].map(stored).astype("float64").fillna(FALLBACK_THRESHOLD)
    stored_thresholds = np.asarray(own, np.float64)
    table["expression"] = expressions.states(probabilities, stored_thresholds if threshold is None else threshold)
    table["expression_prob"] = probabilities.max(axis=1)
    return table[list(TIMELINE_DTYPES)].astype(TIMELINE_DTYPES)


def _observed(source: Source) -> tuple[pd.DataFrame, Mapping[str, float]]:
    """Return the observations, and by video the threshold stored with them."""
    source = opened(source)
    if isinstance(source, pd.DataFrame):
        return source, {}
    if isinstance(source, VideoTables):
        return source.observations, {source.video_id: source.threshold("expression")}
    if not hasattr(source, "observations") or not hasattr(source, "thresholds"):
        raise UsageError(f"give a store or its path, a result, or a table of observations, not {source!r:.60}")
    return source.observations(columns=[*_NEEDED, *_BETTER]), source.thresholds("expression")
