"""Expression as a time series: one row for each track and span of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pandas as pd

from facestats.classify.quality import quality_weight
from facestats.errors import UsageError
from facestats.models import attributes
from facestats.tables import schema
from facestats.tables.building import observation_durations
from facestats.tables.verdicts import smoothed
from facestats.tables.video_tables import VideoResult

_PROBABILITIES = schema.probability_columns("expression")

_NEEDED = ("video_id", "track_id", "time_s", "score", "face_px", *_PROBABILITIES)
_BETTER = ("sharpness", "frontal")  # used where they are there

#: Columns and dtypes of a timeline.
TIMELINE_DTYPES = {
    "video_id": "str",
    "track_id": "Int64",
    "time_s": "float64",
    "n_observations": "Int64",
    "expression": "str",
    "expression_prob": "float32",
    **dict.fromkeys(_PROBABILITIES, "float32"),
}


class StoredTables(Protocol):
    """What reads the observations of many videos from where they are kept: :class:`facestats.store.Store`."""

    def observations(self, *, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return these columns of ``observations``."""
        ...


def timeline(
    source: VideoResult | StoredTables | pd.DataFrame, *, every: float = 1.0, threshold: float | None = None
) -> pd.DataFrame:
    """Return the expression of each tracked face over time, smoothed with a time constant of half a second.

    Parameters
    ----------
    source : VideoResult, Store or pandas.DataFrame
        What has ``observations``, or these themselves.
    every : float
        Length of a span in seconds of the video's clock; spans begin at its multiples.
    threshold : float, optional
        Probability below which the expression is ``"unknown"``; by default that of the shipped model.

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
    if not every > 0:
        raise UsageError(f"every must be above 0 seconds, got {every}")
    observations = _observations_of(source)
    missing = set(_NEEDED) - set(observations.columns)
    if missing:
        raise UsageError(f"a timeline needs observations; this table has no column {', '.join(sorted(missing))}")
    least = default_threshold() if threshold is None else threshold
    measured = observations["track_id"].notna() & observations[list(_PROBABILITIES)].notna().any(axis=1)
    parts = []
    for (video_id, track_id), group in observations[measured].groupby(["video_id", "track_id"], sort=True):
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
    probabilities = table[list(_PROBABILITIES)].to_numpy(np.float64)
    best = np.nanargmax(probabilities, axis=1)
    surest = probabilities[np.arange(len(table)), best]
    names = np.array(attributes.EXPRESSIONS, object)[best]
    table["expression"] = np.where(surest >= least, names, schema.UNKNOWN)
    table["expression_prob"] = surest
    return table[list(TIMELINE_DTYPES)].astype(TIMELINE_DTYPES)


def _observations_of(source: VideoResult | StoredTables | pd.DataFrame) -> pd.DataFrame:
    if isinstance(source, pd.DataFrame):
        return source
    if callable(source.observations):
        return source.observations(columns=[*_NEEDED, *_BETTER])
    return source.observations


def default_threshold() -> float:
    """Return the probability below which the shipped model's expression is "unknown".

    Examples
    --------
    >>> 0 < default_threshold() < 1  # doctest: +SKIP
    True
    """
    from facestats.models.registry import choose_models, thresholds

    chosen = choose_models(dict.fromkeys(("gender", "age", "makeup"), "none"))
    return thresholds(chosen)["expression"]
