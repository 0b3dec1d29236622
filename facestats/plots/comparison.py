"""Two collections beside each other: the share of each class on both sides, and which of them differ clearly."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from facestats._util import words
from facestats.plots import _axes
from facestats.plots.palette import INK, MUTED, NOT_MEASURED, Color, color_of, hex_color
from facestats.plots.verdicts import TITLES, share_rows
from facestats.tables.schema import UNKNOWN

#: Hatching of the second side's bars, which lean the other way than those of "unknown".
SECOND_HATCH = "\\\\\\\\"

_TEXT, _COUNTED = 1.08, 3.4  # where numbers stand, a bar of 100 % being 1 long
_BAR, _LINE, _GAP = 0.86, 1.0, 0.45  # a bar's thickness, from one line to the next, and between classes
_LONGEST_LABEL = 26


def share_differences(
    table: pd.DataFrame,
    attribute: str,
    *,
    first: str = "first",
    second: str = "second",
    n_missing: tuple[int, int] = (0, 0),
    legend: bool = True,
    title: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the share of each class on both sides with 90 % intervals, and say below which of them differ clearly.

    Of each class the first side is the upper, filled bar, and the second the lower, hatched one. Where an interval is
    as wide as from 10 to 90 %, there is no bar, and words say so.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`facestats.compare` returns.
    attribute : str
        ``"gender"``, ``"age"``, ``"makeup"`` or ``"expression"``.
    first, second : str
        What the sides are called.
    n_missing : tuple of int
        Tracks of the first and of the second side in which it was not measured.
    legend : bool
        Whether to say above which bars are whose.
    title, ax
        See :mod:`facestats.plots`.

    Raises
    ------
    UnknownNameError
        If the table has no such attribute.

    Examples
    --------
    >>> import facestats as fs
    >>> from facestats import schema
    >>> tracks = schema.conform("tracks")
    >>> share_differences(fs.compare(tracks, tracks), "gender")
    Traceback (most recent call last):
    facestats.errors.UnknownNameError: no comparison of 'gender'; there are those of nothing
    """
    known = _axes.rows_of(table, attribute, "comparison")
    labels = share_rows(attribute, missing=any(n_missing))
    names = list(labels)
    is_clear = [name is not None and bool(known.loc[name, "clear"]) for name in names]
    steps = [2 * _LINE + _GAP + _LINE * clear for clear in is_clear]
    tops = np.concatenate([[0.0], np.cumsum(steps)])
    above = 0.35 + 0.25 * title + 0.4 * legend
    ax = _axes.axes_or_new(ax, (4.2, above + 0.2 * tops[-1]))
    for name, top, clear in zip(names, tops, is_clear, strict=False):
        for side, place in (("first", top), ("second", top + _LINE)):
            _side(ax, known, attribute, name, side, place, n_missing[side == "second"])
        if clear:
            _say_clear(ax, known.loc[name], top + 2 * _LINE)
    style = {"va": "bottom", "fontsize": "small", "color": hex_color(MUTED)}
    ax.text(_TEXT, -0.72, "share (interval)", **style)
    ax.text(_COUNTED, -0.72, "counted", ha="right", **style)
    _axes.name_classes(ax, tops[:-1] + _LINE / 2, list(labels.values()))
    ax.set_ylim(tops[-1] - _GAP - _LINE / 2, -3.9 if legend else -1.7)
    ax.set_xlim(0, _COUNTED + 0.02)
    if title:
        called = "expression (expected share)" if attribute == "expression" else TITLES[attribute]
        ax.set_title(called, loc="left", fontweight="bold")
    if legend:
        _name_sides(ax, first, second)
    return ax


def _side(
    ax: Axes, known: pd.DataFrame, attribute: str, name: str | None, side: str, place: float, n_missing: int
) -> None:
    """Draw one bar with its interval, its share in figures, and how many tracks were counted."""
    columns = [side, f"{side}_low", f"{side}_high"]
    share, low, high = known.loc[name, columns].astype(float) if name else (np.nan,) * 3
    count = n_missing if name is None else int(known.loc[name, f"n_{side}"])
    text = ""
    if np.isfinite(low) and not words.is_told(low, high):
        _axes.say_untold(ax, (low, high), place)
    elif np.isfinite(share):
        text = words.share(share, low, high) if np.isfinite(low) else words.percent(share)
        _bar(ax, share, place, color_of(attribute, name), filled=side == "first")
        if np.isfinite(low):
            _axes.draw_interval(ax, (low, high), place, size=6)
    elif name not in (UNKNOWN, None):
        text = "–" if known[f"n_{side}"].any() else NOT_MEASURED
    is_clear = name is not None and bool(known.loc[name, "clear"])
    color = "black" if np.isfinite(share) else hex_color(MUTED)
    ax.text(_TEXT, place, text, va="center_baseline", color=color, fontweight="bold" if is_clear else "normal")
    color = "black" if count else hex_color(MUTED)
    ax.text(_COUNTED, place, f"{count:,}", va="center_baseline", ha="right", color=color)


def _bar(ax: Axes, share: float, place: float, color: Color, *, filled: bool) -> None:
    style = {"hatch": None} if filled else {"hatch": SECOND_HATCH}
    face = hex_color(color) if filled else "white"
    ax.barh(place, share, height=_BAR, facecolor=face, edgecolor=hex_color(color), linewidth=0, **style)
    # Light colours alone would leave a hatched bar without an end.
    ax.barh(place, share, height=_BAR, facecolor="none", edgecolor=hex_color(MUTED), linewidth=0.0 if filled else 0.8)


def _say_clear(ax: Axes, row: pd.Series, place: float) -> None:
    way = "up" if row["difference"] > 0 else "down"
    low, high = sorted(abs(row[end]) for end in ("difference_low", "difference_high"))
    lowest = f"{100 * low:.0f}" if low >= 0.005 else "<1"  # "0" would contradict it
    text = f"clear: {way} {_points(abs(row['difference']))} ({lowest}–{100 * high:.0f})"
    said = ax.text(0, place, text, va="center_baseline", fontweight="bold", fontsize="small", color=hex_color(INK))
    said.set_in_layout(False)


def _name_sides(ax: Axes, first: str, second: str) -> None:
    # Not a legend of matplotlib's, for which the layout would make the bars shorter.
    for place, label, filled in ((-3.3, first, True), (-2.2, second, False)):
        _bar(ax, 0.2, place, MUTED, filled=filled)
        ax.text(
            0.28, place, _axes.shortened(label, _LONGEST_LABEL), va="center_baseline", color=hex_color(INK)
        ).set_in_layout(False)


def _points(difference: float) -> str:
    number = f"{100 * difference:.0f}"
    return {"0": "under 1 point", "1": "1 point"}.get(number, f"{number} points")
