"""The make-up of the people seen: how many tracks got which verdict."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from facestats.errors import UnknownNameError
from facestats.models.attributes import AGE_GROUP_YEARS, ATTRIBUTE_CLASSES, VERDICT_COLUMNS, share_classes
from facestats.plots import _axes
from facestats.plots.palette import MUTED, NOT_MEASURED, color_of, hex_color
from facestats.tables.labels import ATTRIBUTE_TITLES, Titles
from facestats.tables.schema import UNKNOWN

#: What each attribute's plots are called.
TITLES = Titles({**ATTRIBUTE_TITLES, "expression": "most frequent expression"})


def verdict_counts(tracks: pd.DataFrame, attribute: str, *, title: bool = True, ax: Axes | None = None) -> Axes:
    """Draw how many tracks got each verdict, with "unknown" and "not measured" as rows of their own.

    Parameters
    ----------
    tracks : pandas.DataFrame
        The ``tracks`` table of one video or of many.
    attribute : str
        ``"gender"``, ``"age"``, ``"expression"`` or ``"makeup"``.
    title, ax
        See :mod:`facestats.plots`.

    Raises
    ------
    UnknownNameError
        If there is no such attribute.

    Examples
    --------
    >>> from facestats import schema
    >>> verdict_counts(schema.conform("tracks"), "gender").get_title(loc="left")
    'perceived gender'
    """
    if attribute not in VERDICT_COLUMNS:
        raise UnknownNameError(f"unknown attribute {attribute!r}; there are {', '.join(VERDICT_COLUMNS)}")
    verdicts = tracks[VERDICT_COLUMNS[attribute]]
    names: list[str | None] = [*ATTRIBUTE_CLASSES[attribute], UNKNOWN, None]
    ax = _axes.axes_or_new(ax, (4.2, 0.7 + 0.27 * len(names)))
    counts = [int(verdicts.isna().sum() if name is None else (verdicts == name).sum()) for name in names]
    for row, (name, count) in enumerate(zip(names, counts, strict=True)):
        if count:
            ax.barh(row, count, height=0.7, **_axes.face_style(color_of(attribute, name)))
        ax.annotate(
            f"{count:,}",
            (count, row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontweight="bold" if count else "normal",
            color=hex_color(MUTED) if not count else "black",
        )
    _axes.name_classes(ax, range(len(names)), [row_label(attribute, name) for name in names])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlim(0, max([*counts, 1]) * 1.15)
    ax.set_xlabel(f"of {len(tracks):,} tracked face{'' if len(tracks) == 1 else 's'}", loc="left")
    if title:
        ax.set_title(TITLES[attribute], loc="left", fontweight="bold")
    return ax


def row_label(attribute: str, name: str | None) -> str:
    """Return what a class is called beside its bar.

    Examples
    --------
    >>> row_label("age", "child"), row_label("age", "old"), row_label("gender", None)
    ('child (0–12)', 'old (51+)', 'not measured')
    """
    if name is None:
        return NOT_MEASURED
    if attribute != "age" or name == UNKNOWN:
        return name
    first, last = AGE_GROUP_YEARS[name]
    return f"{name} ({first}+)" if last > 120 else f"{name} ({first}–{last})"


def share_rows(attribute: str, *, missing: bool) -> dict[str | None, str]:
    """Return the rows of a plot of shares, each with its label: classes of a group below the group, then "unknown".

    Examples
    --------
    >>> list(share_rows("makeup", missing=False).values())
    ['none', 'any', '– partial', '– over', 'unknown']
    """
    rows: dict[str | None, str] = {
        name: f"{'– ' if group else ''}{row_label(attribute, name)}" for name, group in share_classes(attribute)
    }
    rows[UNKNOWN] = UNKNOWN
    if missing:
        rows[None] = NOT_MEASURED
    return rows
