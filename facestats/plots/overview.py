"""A whole video at one glance: a row for each track."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from matplotlib.axes import Axes

from facestats.plots import _axes, _expressions
from facestats.plots.palette import color_of

_ROW_HEIGHT = 0.7


def track_overview(
    observations: pd.DataFrame,
    tracks: pd.DataFrame,
    *,
    cuts: Iterable[float] = (),
    threshold: float = 0.5,
    smooth_s: float = 0.5,
    max_tracks: int = 30,
    time_range: tuple[float, float] | None = None,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a bar for each track over the time it was seen, coloured by its most likely expression.

    Parameters
    ----------
    observations, tracks : pandas.DataFrame
        Tables of one video.
    cuts : iterable of float
        Times of shot cuts in seconds, see :func:`facestats.plots.shot_cuts`.
    threshold : float
        A moment whose most likely expression has a lower probability is drawn as "unknown".
    smooth_s : float
        Width in seconds of the moving average taken before; 0 for none.
    max_tracks : int
        If there are more tracks, the longest ones are drawn and a line says so.
    time_range : tuple of float, optional
        First and last second of the time axis; from the tracks where absent.
    legend : bool
        Whether to name the colours above the plot.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure where absent.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from facestats import schema
    >>> track_overview(schema.conform("observations"), schema.conform("tracks")).get_xlabel()
    'time in the video'
    """
    shown = tracks.nlargest(max_tracks, "duration_s").sort_values(["start_s", "track_id"])
    ax = _axes.axes_or_new(ax, (8.0, 0.8 + 0.3 * max(len(shown), 1) + 0.4 * legend))
    drawn: set[str | None] = set()
    for row, track_id in enumerate(shown["track_id"]):
        track = observations[observations["track_id"] == track_id].sort_values("time_s", kind="stable")
        spans: dict[str | None, list[tuple[float, float]]] = {}
        for span in _expressions.spans(track, threshold, smooth_s):
            spans.setdefault(span.state, []).append((span.start_s, span.end_s - span.start_s))
        for state, found in spans.items():
            style = _axes.face_style(color_of("expression", state))
            ax.broken_barh(found, (row - _ROW_HEIGHT / 2, _ROW_HEIGHT), gid=state or "not measured", **style)
            drawn.add(state)
    if shown.empty:
        _axes.note(ax, "no face was tracked")
    seen = (float(shown["start_s"].min()), float(shown["end_s"].max())) if len(shown) else (0.0, 1.0)
    _axes.time_axis(ax, time_range or seen)
    ax.set_ylim(max(len(shown), 1) - 0.5, -0.5)  # the first face on top
    ax.set_yticks(range(len(shown)), [f"face {track_id}" for track_id in shown["track_id"]])
    _axes.calm(ax, grid="x")
    _axes.mark_cuts(ax, cuts)
    if len(shown) < len(tracks):
        ax.set_xlabel(f"time in the video (the {len(shown)} longest of {len(tracks)} tracks)")
    if legend:
        _axes.class_legend(ax, "expression", present=list(drawn))
    return ax
