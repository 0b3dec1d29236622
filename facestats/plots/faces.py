"""How many faces were in the picture, over time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from facestats.plots import _axes
from facestats.plots.palette import AGE_COLORS, hex_color
from facestats.tables import expressions


def face_count(
    frames: pd.DataFrame,
    *,
    cuts: Iterable[float] = (),
    time_range: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the number of faces found in each sampled frame.

    Parameters
    ----------
    frames : pandas.DataFrame
        The ``frames`` table of one video.
    cuts, time_range, ax
        See :mod:`facestats.plots`.

    Examples
    --------
    >>> from facestats import schema
    >>> face_count(schema.conform("frames")).get_ylabel()
    'faces found'
    """
    ax = _axes.axes_or_new(ax, (8.0, 2.0))
    ordered = frames.sort_values("time_s", kind="stable")
    times = ordered["time_s"].to_numpy(np.float64)
    counts = ordered["n_faces"].to_numpy(np.float64)
    if len(times):
        bounds = expressions.edges(times, expressions.typical_step(times))
        ax.stairs(counts, bounds, fill=True, color=hex_color(AGE_COLORS["middle"]), alpha=0.8)
    else:
        _axes.note(ax, "no frame was sampled")
    _axes.time_axis(ax, time_range or ((times[0], times[-1]) if len(times) else (0.0, 1.0)))
    ax.set_ylim(0, max(1.0, counts.max(initial=0)) * 1.1)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    ax.set_ylabel("faces found")
    _axes.calm(ax, grid="y")
    _axes.mark_cuts(ax, cuts)
    return ax
