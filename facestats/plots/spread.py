"""How videos differ: over many of them, the spread of the expressions' shares, and of the number of faces."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from facestats.models.attributes import EXPRESSIONS
from facestats.plots import _axes
from facestats.plots.palette import AGE_COLORS, EXPRESSION_COLORS, INK, hex_color
from facestats.tables.expressions import mean_shares

_MOST_BARS = 30


def expression_spread(tracks: pd.DataFrame, *, by: str = "video_id", ax: Axes | None = None) -> Axes:
    """Draw for each expression how its share of the seen time is spread over many videos.

    The box holds the middle half of the videos and its line the median; the thin line reaches from the 5th to the 95th
    percentile.

    Parameters
    ----------
    tracks : pandas.DataFrame
        The ``tracks`` table of many videos.
    by : str
        Column that tells them apart.
    ax
        See :mod:`facestats.plots`.

    Examples
    --------
    >>> from facestats import schema
    >>> expression_spread(schema.conform("tracks")).get_xlabel()
    'expected share of the time seen in a video'
    """
    ax = _axes.axes_or_new(ax, (8.0, 0.8 + 0.36 * len(EXPRESSIONS)))
    found = [shares for _, group in tracks.groupby(by) if (shares := mean_shares(group)) is not None]
    if found:
        table = np.array([[shares[name] for name in EXPRESSIONS] for shares in found])
        for row, name in enumerate(EXPRESSIONS):
            low, first, middle, third, high = np.quantile(table[:, row], [0.05, 0.25, 0.5, 0.75, 0.95])
            ax.plot([low, high], [row, row], color=hex_color(INK), linewidth=1, zorder=1)
            ax.barh(
                row,
                third - first,
                left=first,
                height=0.62,
                facecolor=hex_color(EXPRESSION_COLORS[name]),
                edgecolor=hex_color(INK),
                linewidth=0.8,
                zorder=2,
            )
            ax.plot([middle, middle], [row - 0.31, row + 0.31], color="white", linewidth=3.6, zorder=3)
            ax.plot([middle, middle], [row - 0.31, row + 0.31], color=hex_color(INK), linewidth=1.8, zorder=4)
    else:
        _axes.note(ax, "expression not measured")
    ax.set_yticks(range(len(EXPRESSIONS)), list(EXPRESSIONS))
    ax.set_ylim(len(EXPRESSIONS) - 0.5, -0.5)
    ax.set_xlim(-0.005, 1)
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    ax.set_xlabel("expected share of the time seen in a video")
    _axes.calm(ax, grid="x")
    return ax


def faces_per_video(videos: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw in how many videos how many faces were followed.

    Parameters
    ----------
    videos : pandas.DataFrame
        The ``videos`` table; those that could not be read are left out.
    ax
        See :mod:`facestats.plots`.

    Examples
    --------
    >>> from facestats import schema
    >>> faces_per_video(schema.conform("videos")).get_xlabel()
    'faces followed in a video'
    """
    ax = _axes.axes_or_new(ax, (8.0, 2.2))
    counts = videos.loc[videos["status"] != "failed", "n_tracks"].dropna().to_numpy(np.int64)
    if len(counts):
        width = -(-(int(counts.max()) + 1) // _MOST_BARS)
        bounds = np.arange(0, counts.max() + width + 1, width) - 0.5
        heights, _ = np.histogram(counts, bounds)
        ax.bar(bounds[:-1] + width / 2, heights, width=0.85 * width, color=hex_color(AGE_COLORS["middle"]), alpha=0.8)
    else:
        _axes.note(ax, "no video was read")
    ax.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))
    ax.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    ax.set_xlabel("faces followed in a video")
    ax.set_ylabel("videos")
    _axes.calm(ax, grid="y")
    return ax
