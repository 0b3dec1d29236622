"""Small expression timelines, one below another on one clock; a chart for each would take a page longest to draw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from markupsafe import Markup

from facestats.models.attributes import EXPRESSIONS
from facestats.plots.clock import time_limits, time_ticks
from facestats.plots.palette import EXPRESSION_COLORS, hex_color
from facestats.reports.figures import NARROW, WIDE, data_uri
from facestats.reports.html import render
from facestats.tables import expressions
from facestats.tables.labels import Row
from facestats.tables.video_tables import VideoTables

_WIDTH, _HEIGHT = 1600, 100  # units of a drawing, which is stretched to its place
_MOST_POINTS = 800  # as many as a page has pixels
_BESIDE = 1.1  # inches left and right of the axis, see pieces.css


def small_timelines(tables: VideoTables, rows: Sequence[Row], *, smooth_s: float = 0.5) -> Markup:
    """Return the expression probabilities of some people or tracks over time as HTML, a row each, a clock below them.

    Parameters
    ----------
    tables : VideoTables
    rows : sequence of Row
        See :func:`facestats.tables.labels.rows_of`.
    smooth_s : float
        Width in seconds of the moving average taken before; 0 for none.

    Examples
    --------
    >>> small_timelines(result, rows_of(result.tracks))  # doctest: +SKIP
    """
    low, high = limits = time_limits(tables.time_range)
    cuts = [cut for cut in tables.cuts if low < cut < high]
    drawn = []
    for row in rows:
        # The faces of one person are never seen at the same time.
        of_row = tables.observations["track_id"].isin(row.track_ids)
        picture = _picture(tables.observations[of_row], limits, cuts, smooth_s)
        shares = expressions.mean_shares(tables.tracks[tables.tracks["track_id"].isin(row.track_ids)])
        mostly = "unknown" if shares is None else f"mostly {shares.idxmax()}"
        drawn.append(
            (row.name, hex_color(row.color), picture, f"Expression probabilities of {row.name} over time, {mostly}")
        )
    clocks = [
        (kind, [(f"{(at - low) / (high - low):.2%}", label) for at, label in time_ticks(limits, width - _BESIDE)])
        for kind, width in (("wide", WIDE), ("narrow", NARROW))
    ]
    return render("multiples.rows", drawn, clocks)


def _picture(observations: pd.DataFrame, limits: tuple[float, float], cuts: Iterable[float], smooth_s: float) -> str:
    """Return stacked areas as the address of a picture that needs no file."""
    ordered = observations.sort_values("time_s", kind="stable")
    times = ordered["time_s"].to_numpy(np.float64)
    values = expressions.smooth(times, expressions.probabilities(ordered), smooth_s)
    # Each area reaches down to zero and lies below the next, so that no ground is seen between two.
    paths: list[list[str]] = [[] for _ in EXPRESSIONS]
    for at, shares in expressions.areas(times, values, most=_MOST_POINTS):
        x = _x(at, limits)
        for path, y in zip(paths, np.rint(_HEIGHT * (1 - shares.cumsum(axis=1))).astype(int).T, strict=True):
            steps = np.stack([np.diff(x), np.diff(y)], axis=1).ravel().tolist()
            path.append(f"M{x[0]} {_HEIGHT}V{y[0]}l{' '.join(map(str, steps))}V{_HEIGHT}z")
    areas = [(hex_color(EXPRESSION_COLORS[name]), "".join(path)) for name, path in zip(EXPRESSIONS, paths, strict=True)]
    lines = _x(np.array([*cuts], np.float64), limits).tolist()
    svg = render("multiples.drawing", (_WIDTH, _HEIGHT), areas[::-1], lines)
    return data_uri(svg.encode(), "image/svg+xml")


def _x(times_s: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """Return where moments are in a drawing, int64 (N,)."""
    low, high = limits
    return np.rint(_WIDTH * (np.clip(times_s, low, high) - low) / (high - low)).astype(np.int64)
