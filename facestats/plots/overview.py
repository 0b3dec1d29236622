"""A whole video at one glance: a row for each person, or for each track where people are not known."""

from __future__ import annotations

from matplotlib.axes import Axes

from facestats.plots import _axes
from facestats.plots.palette import color_of
from facestats.tables import expressions
from facestats.tables.labels import rows_of
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
    """Draw when each face was seen, coloured by its most likely expression: a row a person, or a track.

    Tracks have rows of their own where nobody asked which are of one person, and where they are too small to be told.
    A moment whose most likely expression is less probable than the threshold stored with the tables is "unknown".

    Parameters
    ----------
    tables : VideoTables
        What :func:`facestats.analyze` or :meth:`facestats.Store.result` returns; ``dataclasses.replace(tables,
        tracks=...)`` draws some of its tracks.
    smooth_s : float
        Width in seconds of the moving average taken before; 0 for none.
    max_tracks : int
        If there are more rows, the longest ones are drawn and a line says so.
    legend, ax
        See :mod:`facestats.plots`.

    Examples
    --------
    >>> track_overview(fs.analyze("clip.mp4"))  # doctest: +SKIP
    """
    observations, tracks, threshold = tables.observations, tables.tracks, tables.threshold("expression")
    longest, n_all = rows_of(tracks, max_tracks), len(rows_of(tracks))
    ax = _axes.axes_or_new(ax, (8.0, 0.8 + 0.3 * max(len(longest), 1) + 0.4 * legend))
    drawn: set[str | None] = set()
    for row, who in enumerate(longest):
        spans: dict[str | None, list[tuple[float, float]]] = {}
        for track_id in who.track_ids:
            track = observations[observations["track_id"] == track_id].sort_values("time_s", kind="stable")
            for span in expressions.spans(track, threshold, smooth_s):
                spans.setdefault(span.state, []).append((span.start_s, span.end_s - span.start_s))
        for state, found in spans.items():
            style = _axes.face_style(color_of("expression", state))
            ax.broken_barh(found, (row - _ROW_HEIGHT / 2, _ROW_HEIGHT), gid=state or "not measured", **style)
            drawn.add(state)
    if not longest:
        _axes.note(ax, "no face was tracked")
    _axes.time_axis(ax, tables.time_range)
    ax.set_ylim(max(len(longest), 1) - 0.5, -0.5)  # the first face on top
    ax.set_yticks(range(len(longest)), [who.name for who in longest])
    _axes.calm(ax, grid="x")
    _axes.mark_cuts(ax, tables.cuts)
    if len(longest) < n_all:
        what = "tracks" if n_all == len(tracks) else "rows"
        ax.set_xlabel(f"time in the video (the {len(longest)} longest of {n_all} {what})")
    if legend:
        _axes.class_legend(ax, "expression", present=list(drawn))
    return ax
