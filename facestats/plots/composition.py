"""The make-up of the people seen, in spite of what the models confuse, with intervals, beside what was counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from facestats._util import words
from facestats.plots import _axes
from facestats.plots.palette import MUTED, color_of, hex_color
from facestats.plots.verdicts import TITLES, share_rows
from facestats.tables.schema import UNKNOWN

_TEXT, _COUNTED = 1.08, 2.95  # where numbers stand, a bar of 100 % being 1 long


def corrected_shares(
    shares: pd.DataFrame, attribute: str, *, n_missing: int = 0, title: bool = True, ax: Axes | None = None
) -> Axes:
    """Draw the share of each class with its 90 % interval, and beside it how many people got that verdict.

    Where the interval is as wide as from 10 to 90 %, there is no bar, and words say so.

    Parameters
    ----------
    shares : pandas.DataFrame
        What :func:`facestats.demographics` returns.
    attribute : str
        ``"gender"``, ``"age"`` or ``"makeup"``.
    n_missing : int
        Tracks in which it was not measured.
    title, ax
        See :mod:`facestats.plots`.

    Raises
    ------
    UnknownNameError
        If the table has no such attribute.

    Examples
    --------
    >>> shares = pd.DataFrame({"attribute": ["gender"] * 3, "class": ["female", "male", "unknown"],
    ...     "share": [0.6, 0.4, np.nan], "share_low": [0.4, 0.2, np.nan], "share_high": [0.8, 0.6, np.nan],
    ...     "raw_share": [0.5, 0.4, 0.1], "counted": [5, 4, 1]})
    >>> corrected_shares(shares, "gender").get_title(loc="left")
    'perceived gender'
    """
    known = _axes.rows_of(shares, attribute, "shares")
    rows = share_rows(attribute, missing=bool(n_missing))
    ax = _axes.axes_or_new(ax, (4.2, 0.7 + 0.27 * len(rows)))
    muted = hex_color(MUTED)
    for row, (name, label) in enumerate(rows.items()):
        share, low, high = known.loc[name, ["share", "share_low", "share_high"]] if name else (np.nan,) * 3
        count = n_missing if name is None else int(known.loc[name, "counted"])
        text = "–" if np.isfinite(known["share"]).any() and name not in (UNKNOWN, None) else ""
        if np.isfinite(share) and not words.is_told(low, high):
            text = ""
            _axes.say_untold(ax, (low, high), row)
        elif np.isfinite(share):
            is_part = label.startswith("–")
            ax.barh(row, share, height=0.4 if is_part else 0.7, **_axes.face_style(color_of(attribute, name)))
            _axes.draw_interval(ax, (low, high), row, size=5 if is_part else 7)
            text = words.share(share, low, high)
        ax.text(_TEXT, row, text, va="center", fontweight="bold" if np.isfinite(share) else "normal", color="black")
        ax.text(_COUNTED, row, f"{count:,}", va="center", ha="right", color="black" if count else muted)
    style = {"va": "bottom", "fontsize": "small", "color": muted}
    ax.text(_TEXT, -0.62, "share (interval)", **style)
    ax.text(_COUNTED, -0.62, "counted", ha="right", **style)
    _axes.name_classes(ax, range(len(rows)), list(rows.values()))
    ax.set_ylim(len(rows) - 0.5, -1.2)
    ax.set_xlim(0, _COUNTED + 0.02)
    if title:
        ax.set_title(TITLES[attribute], loc="left", fontweight="bold")
    return ax
