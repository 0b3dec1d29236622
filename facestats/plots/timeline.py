"""Expressions over time: of one tracked face, and of all that are in the picture."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from facestats.errors import UsageError
from facestats.models.attributes import EXPRESSIONS
from facestats.plots import _axes
from facestats.plots.palette import EXPRESSION_COLORS, hex_color
from facestats.tables import expressions


def expression_timeline(
    observations: pd.DataFrame,
    *,
    track_id: int | None = None,
    cuts: Iterable[float] = (),
    smooth_s: float = 0.0,
    time_range: tuple[float, float] | None = None,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the seven expression probabilities of one track as stacked areas on the video's clock.

    Moments in which the face was out of sight, or seen but not classified, stay empty.

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
    >>> expression_timeline(schema.conform("observations")).get_xlabel()
    'time in the video'
    """
    track = _axes.one_track(observations, track_id)
    times = track["time_s"].to_numpy(np.float64)
    values = expressions.smooth(times, expressions.probabilities(track), smooth_s)
    return _stack(times, values, cuts, time_range, legend, ax)


def expression_average(
    observations: pd.DataFrame,
    *,
    cuts: Iterable[float] = (),
    smooth_s: float = 0.0,
    time_range: tuple[float, float] | None = None,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the mean expression probabilities of all tracked faces in the picture as stacked areas.

    At every moment each face that was classified counts the same; where there was none it stays empty.

    Parameters
    ----------
    observations : pandas.DataFrame
        The ``observations`` of one video.
    cuts, smooth_s, time_range, legend, ax
        See :mod:`facestats.plots`.

    Raises
    ------
    UsageError
        If the table holds several videos.

    Examples
    --------
    >>> from facestats import schema
    >>> expression_average(schema.conform("observations")).get_xlabel()
    'time in the video'
    """
    videos = observations["video_id"].unique()
    if len(videos) > 1:
        raise UsageError(f"the observations hold {len(videos)} videos: select one")
    times, values = expressions.average(observations)
    return _stack(times, expressions.smooth(times, values, smooth_s), cuts, time_range, legend, ax)


def _stack(
    times: np.ndarray,
    values: np.ndarray,
    cuts: Iterable[float],
    time_range: tuple[float, float] | None,
    legend: bool,
    ax: Axes | None,
) -> Axes:
    ax = _axes.axes_or_new(ax, (8.0, 2.6))
    areas = list(expressions.areas(times, values))
    for at, rows in areas:
        colors = [hex_color(EXPRESSION_COLORS[name]) for name in EXPRESSIONS]
        ax.stackplot(at, rows.T, colors=colors, linewidth=0)
    if not areas:
        _axes.note(ax, "expression not measured")
    limits = time_range or ((times[0], times[-1]) if len(times) else (0.0, 1.0))
    _axes.time_axis(ax, limits)
    ax.set_ylim(0, 1)
    ax.set_yticks([0, 0.5, 1])
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    _axes.calm(ax)
    _axes.mark_cuts(ax, cuts)
    if legend:
        _axes.class_legend(ax, "expression", present=EXPRESSIONS)
    return ax
