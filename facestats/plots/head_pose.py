"""Where a face looks, over time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from facestats.plots import _axes
from facestats.plots.palette import ATTRIBUTE_COLORS, hex_color
from facestats.tables import expressions

_LINES = (
    ("yaw", "yaw (right above 0)", ATTRIBUTE_COLORS["gender"]["male"], "-"),
    ("pitch", "pitch (up above 0)", ATTRIBUTE_COLORS["age"]["middle"], "--"),
    ("roll", "roll (clockwise above 0)", ATTRIBUTE_COLORS["makeup"]["partial"], ":"),
)


def head_pose(
    observations: pd.DataFrame,
    *,
    track_id: int | None = None,
    cuts: Iterable[float] = (),
    smooth_s: float = 0.0,
    time_range: tuple[float, float] | None = None,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw yaw, pitch and roll of one track as lines on the video's clock, in degrees.

    Moments in which the face was out of sight stay empty.

    Parameters
    ----------
    observations : pandas.DataFrame
        The ``observations`` of one video, or of one track of it.
    track_id : int, optional
        Which track; may be left out if the table holds only one.
    cuts, smooth_s, time_range, legend, ax
        See :mod:`facestats.plots`.

    Raises
    ------
    UsageError
        If the table holds several tracks or videos and none is named.

    Examples
    --------
    >>> from facestats import schema
    >>> head_pose(schema.conform("observations")).get_ylabel()
    'degrees'
    """
    track = _axes.one_track(observations, track_id)
    times = track["time_s"].to_numpy(np.float64)
    values = expressions.smooth(times, track[[name for name, *_ in _LINES]].to_numpy(np.float64), smooth_s)
    known = ~np.isnan(values).any(axis=1)
    ax = _axes.axes_or_new(ax, (8.0, 2.6))
    for column, (_, label, color, style) in enumerate(_LINES):
        for number, run in enumerate(expressions.runs(times[known])):
            at, shown = times[known][run], values[known][run, column]
            ax.plot(at, shown, style, color=hex_color(color), label=label if number == 0 else None, linewidth=1.4)
    if not known.any():
        _axes.note(ax, "head pose not measured")
    _axes.time_axis(ax, time_range or ((times[0], times[-1]) if len(times) else (0.0, 1.0)))
    most = max(30.0, float(np.abs(values[known]).max(initial=0.0)) * 1.05)
    ax.set_ylim(-most, most)
    ax.set_ylabel("degrees")
    _axes.calm(ax, grid="y")
    _axes.mark_cuts(ax, cuts)
    if legend and known.any():
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1.04), ncols=3, frameon=False, borderaxespad=0.2)
    return ax
