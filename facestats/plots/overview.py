"""A whole video at one glance: a row for each track."""

from __future__ import annotations

from matplotlib.axes import Axes

from facestats.plots import _axes
from facestats.plots.palette import color_of
from facestats.tables import expressions
from facestats.tables.labels import face_name
from facestats.tables.video_tables import VideoTables

_ROW_HEIGHT = 0.7


def track_overview(
    tables: VideoTables,
    *,
    smooth_s: float = 0.5,
    max_tracks: int = 30,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a bar for each track over the time in which it was seen, coloured by its most likely expression.

    A moment whose most likely expression is less probable than the threshold stored with the tables is "unknown".

    Parameters
    ----------
    tables : VideoTables
        What :func:`facestats.analyze` or :meth:`facestats.Store.result` returns; ``dataclasses.replace(tables,
        tracks=...)`` draws some of its tracks.
    smooth_s : float
        Width in seconds of the moving average taken before; 0 for none.
    max_tracks : int
        If there are more tracks, the longest ones are drawn and a line says so.
    legend, ax
        See :mod:`facestats.plots`.

    Examples
    --------
    >>> track_overview(fs.analyze("clip.mp4"))  # doctest: +SKIP
    """
    observations, tracks, threshold = tables.observations, tables.tracks, tables.threshold("expression")
    longest = tracks.nlargest(max_tracks, "duration_s").sort_values(["start_s", "track_id"])
    ax = _axes.axes_or_new(ax, (8.0, 0.8 + 0.3 * max(len(longest), 1) + 0.4 * legend))
    drawn: set[str | None] = set()
    for row, track_id in enumerate(longest["track_id"]):
        track = observations[observations["track_id"] == track_id].sort_values("time_s", kind="stable")
        spans: dict[str | None, list[tuple[float, float]]] = {}
        for span in expressions.spans(track, threshold, smooth_s):
            spans.setdefault(span.state, []).append((span.start_s, span.end_s - span.start_s))
        for state, found in spans.items():
            style = _axes.face_style(color_of("expression", state))
            ax.broken_barh(found, (row - _ROW_HEIGHT / 2, _ROW_HEIGHT), gid=state or "not measured", **style)
            drawn.add(state)
    if longest.empty:
        _axes.note(ax, "no face was tracked")
    _axes.time_axis(ax, tables.time_range)
    ax.set_ylim(max(len(longest), 1) - 0.5, -0.5)  # the first face on top
    ax.set_yticks(range(len(longest)), [face_name(track_id) for track_id in longest["track_id"]])
    _axes.calm(ax, grid="x")
    _axes.mark_cuts(ax, tables.cuts)
    if len(longest) < len(tracks):
        ax.set_xlabel(f"time in the video (the {len(longest)} longest of {len(tracks)} tracks)")
    if legend:
        _axes.class_legend(ax, "expression", present=list(drawn))
    return ax
