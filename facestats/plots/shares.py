"""How much of the time each expression took, video by video and over a collection."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from facestats.models.attributes import EXPRESSIONS
from facestats.plots import _axes
from facestats.plots.palette import EXPRESSION_COLORS, hex_color, text_color
from facestats.tables.expressions import mean_shares

_LONGEST_LABEL = 20

#: Smaller parts are too narrow for their number, at least on a phone.
_SMALLEST_LABELLED = 0.17


def expression_shares(
    tracks: pd.DataFrame,
    *,
    by: str | None = "video_id",
    labels: Mapping[str, str] | None = None,
    max_rows: int = 25,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the shares of the tracked time in each expression: a bar for all tracks, and one for each group.

    Parameters
    ----------
    tracks : pandas.DataFrame
        The ``tracks`` table of one video or of many.
    by : str or None
        Column that makes the groups; None draws only the bar for all.
    labels : mapping of str to str, optional
        What to write for a group's value.
    max_rows : int
        If there are more groups, those with the longest tracked time are drawn and a line says so.
    legend, ax
        See :mod:`facestats.plots`.

    Examples
    --------
    >>> from facestats import schema
    >>> expression_shares(schema.conform("tracks")).get_xlabel()
    'expected share of the time seen'
    """
    groups = dict(iter(tracks.groupby(by, sort=True))) if by is not None else {}
    measured = {name: shares for name, group in groups.items() if (shares := mean_shares(group)) is not None}
    longest = sorted(measured, key=lambda name: -groups[name]["duration_s"].sum())[:max_rows]
    everything = mean_shares(tracks)
    rows: list[tuple[str, pd.Series]] = [] if everything is None else [("all", everything)]
    rows += [((labels or {}).get(name, str(name)), measured[name]) for name in measured if name in longest]

    ax = _axes.axes_or_new(ax, (8.0, 0.8 + 0.34 * max(len(rows), 1) + 0.4 * legend))
    for row, (_, shares) in enumerate(rows):
        left = 0.0
        for name, share in shares.items():
            color = EXPRESSION_COLORS[str(name)]
            ax.barh(row, share, left=left, height=0.75, color=hex_color(color), label=str(name))
            if share >= _SMALLEST_LABELLED:
                ax.text(
                    left + share / 2,
                    row,
                    f"{share:.0%}",
                    ha="center",
                    va="center",
                    fontsize="small",
                    color=hex_color(text_color(color)),
                )
            left += share
    if not rows:
        _axes.note(ax, "expression not measured")
    ax.set_yticks(range(len(rows)), [_axes.shortened(label, _LONGEST_LABEL) for label, _ in rows])
    for label in ax.get_yticklabels()[:1]:
        label.set_fontweight("bold")
    ax.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    _axes.calm(ax)
    hidden = f" (the {len(longest)} longest of {len(measured)})" if len(longest) < len(measured) else ""
    ax.set_xlabel(f"expected share of the time seen{hidden}")
    if legend:
        _axes.class_legend(ax, "expression", present=EXPRESSIONS)
    return ax
