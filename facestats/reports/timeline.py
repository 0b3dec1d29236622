"""The timeline that answers to the mouse: hover, zoom, and jump into the clip; drawn by Bokeh where the page is opened.

The page holds only the figure's data. What draws them lies once beside the pages (:func:`script`), so that a thousand
pages do not carry it a thousand times; where it is missing, and in print, the still picture stands instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from facestats._util import words
from facestats.models.attributes import EXPRESSIONS
from facestats.plots.palette import (
    EXPRESSION_COLORS,
    INK,
    MUTED,
    NOT_MEASURED,
    color_of,
    hex_color,
)
from facestats.reports.html import render
from facestats.tables import expressions
from facestats.tables.labels import face_name, rows_of
from facestats.tables.schema import UNKNOWN
from facestats.tables.video_tables import VideoTables

#: What draws the figures, relative to the page.
SCRIPT = "assets/facestats-timeline.js"

#: A mean over more moments than this is drawn from means of neighbours.
_MOST_POINTS = 1500

_LEFT, _RIGHT = 80, 25  # pixels left and right of all axes
_GROUND = "#fefefe"  # timeline.js makes it dark, and ink light, where the page is dark; transparent, it is not cleared
_FONT = "DejaVu Sans, Verdana, Geneva, sans-serif"
_CLOCK = """
const seconds = Math.abs(tick) < 1e-9 ? 0 : tick
if (Math.abs(seconds) < 60) return `${Number(seconds.toFixed(2))} s`
const whole = Math.floor(seconds), hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60
const rest = `${whole % 60}`.padStart(2, "0")
return hours ? `${hours}:${`${minutes}`.padStart(2, "0")}:${rest}` : `${minutes}:${rest}`
"""
_SEEK = """
const clip = document.querySelector("video.fs-clip")
if (clip) {
  clip.preload = "auto"
  clip.currentTime = Math.max(cb_obj.x, 0)
  clip.scrollIntoView({block: "nearest", behavior: "smooth"})
}
"""


def script() -> bytes:
    """Return the JavaScript that draws the figures of a page: Bokeh's own, and the few lines that call it.

    Examples
    --------
    >>> b"fs-live" in script()
    True
    """
    from bokeh.resources import Resources

    call = Path(__file__).with_name("template") / "timeline.js"
    return "\n".join([*Resources(mode="inline", components=["bokeh"]).js_raw, call.read_text("utf-8")]).encode()


def live(item: Mapping[str, Any], still: Markup, *, hint: str = "") -> Markup:
    """Return a figure's data as HTML, with the still picture that stands for it in print and without scripts.

    ``hint`` says what can be done with the figure, where it is drawn.

    Examples
    --------
    >>> live({"title": "</script>"}, Markup("<img>")).count("</script>")
    1
    """
    return render("timeline.live", item, still, hint)


def timeline_item(tables: VideoTables, *, smooth_s: float = 0.5, max_tracks: int = 30) -> dict[str, Any]:
    """Return the interactive timeline of one video: a row a person or track, and below them the mean over all faces.

    Both share the time axis. Hovering tells what is under the pointer, dragging zooms, a click moves the page's clip to
    that moment. A moment whose most likely expression is less probable than the stored threshold is "unknown".

    Parameters
    ----------
    tables : VideoTables
    smooth_s : float
        Width in seconds of the moving average taken before; 0 for none.
    max_tracks : int
        If there are more rows, the longest ones are drawn.

    Returns
    -------
    dict
        What ``Bokeh.embed.embed_item`` takes.

    Examples
    --------
    >>> sorted(timeline_item(fs.analyze("clip.mp4")))  # doctest: +SKIP
    ['doc', 'root_id', 'target_id', 'version']
    """
    from bokeh.embed import json_item
    from bokeh.layouts import column
    from bokeh.models import Range1d

    start, end = tables.time_range
    x_range = Range1d(start, max(end, start + 1e-3), bounds=(start, max(end, start + 1e-3)))
    new_figure = partial(_figure, x_range, tables.cuts)
    rows = _rows(tables, max_tracks, smooth_s, new_figure)
    mean = _mean(tables.observations, smooth_s, new_figure)
    return json_item(column([rows, mean], sizing_mode="stretch_width"), theme=None)


def _rows(tables: VideoTables, most: int, smooth_s: float, new_figure: Callable[..., Any]) -> Any:
    from bokeh.models import ColumnDataSource, HoverTool

    shown = rows_of(tables.tracks, most)
    names = [row.name for row in shown]
    observations, threshold = tables.observations, tables.threshold("expression")
    found: list[dict[str, Any]] = []
    for track_id, name in ((track_id, row.name) for row in shown for track_id in row.track_ids):
        which = "" if name == face_name(track_id) else f", {face_name(track_id)}"
        for span in expressions.spans(observations[observations["track_id"] == track_id], threshold, smooth_s):
            color = hex_color(color_of("expression", span.state))
            sure = f", probability {100 * span.probability:.0f} %" if span.state is not None else ""
            row = {
                "face": name,
                "which": which,
                "start": round(span.start_s, 3),
                "end": round(span.end_s, 3),
                "color": color,
            }
            row |= {"line": hex_color(MUTED) if span.state is None else color}
            row |= {"hatch": "/" if span.state == UNKNOWN else " ", "text": f"{span.state or NOT_MEASURED}{sure}"}
            found.append(row | {"when": words.span(span.start_s, span.end_s)})
    columns = ("face", "which", "start", "end", "color", "line", "hatch", "text", "when")
    figure = new_figure(60 + 24 * max(len(names), 1), y_range=names[::-1] or ["no face"], toolbar=True)
    bars = figure.hbar(
        y="face",
        left="start",
        right="end",
        height=0.74,
        source=ColumnDataSource({column: [row[column] for row in found] for column in columns}),
        fill_color="color",
        line_color="line",
        line_width=0.5,
        hatch_pattern="hatch",
        hatch_color="#bbbbbb",
        hatch_scale=7,
    )
    tooltip = f'<div style="font:13px {_FONT};color:#222">@face@which: <b>@text</b><br>@when</div>'
    figure.add_tools(HoverTool(renderers=[bars], tooltips=tooltip, point_policy="follow_mouse"))
    return figure


def _mean(observations: pd.DataFrame, smooth_s: float, new_figure: Callable[..., Any]) -> Any:
    from bokeh.models import ColumnDataSource, HoverTool

    times, values = expressions.average(observations)
    values = expressions.smooth(times, values, smooth_s)
    figure = new_figure(150, y_range=(0, 1), toolbar=False)
    lines = []
    for at, means in expressions.areas(times, values, most=_MOST_POINTS):
        rows = means.round(4)
        columns = dict(zip(EXPRESSIONS, rows.T, strict=True))
        source = ColumnDataSource({"time": at.round(3), **columns})
        figure.varea_stack(
            list(EXPRESSIONS),
            x="time",
            color=[hex_color(EXPRESSION_COLORS[name]) for name in EXPRESSIONS],
            source=source,
        )
        text = [
            ", ".join(f"{EXPRESSIONS[i]} {100 * row[i]:.0f} %" for i in np.argsort(-row)[:3] if row[i] >= 0.05)
            for row in rows
        ]
        # Areas cannot be pointed at by moment; an invisible line along the middle can.
        pointed = {
            "time": at.round(3),
            "y": np.full(len(at), 0.5),
            "text": text,
            "when": [words.moment(time) for time in at],
        }
        lines.append(figure.line("time", "y", source=ColumnDataSource(pointed), line_alpha=0))
    tooltip = f'<div style="font:13px {_FONT};color:#222">all faces, @when<br><b>@text</b></div>'
    figure.add_tools(HoverTool(renderers=lines, tooltips=tooltip, mode="vline", line_policy="nearest"))
    figure.yaxis.ticker = [0, 0.5, 1]
    figure.yaxis.major_label_overrides = {0: "0 %", 0.5: "50 %", 1: "100 %"}
    return figure


def _figure(x_range: Any, cuts: Sequence[float], height: int, *, y_range: Any, toolbar: bool) -> Any:
    from bokeh.models import (
        BoxZoomTool,
        CustomJS,
        CustomJSTickFormatter,
        PanTool,
        ResetTool,
        Span,
        WheelZoomTool,
    )
    from bokeh.plotting import figure

    zoom = BoxZoomTool(dimensions="width")
    tools = [zoom, WheelZoomTool(dimensions="width"), PanTool(dimensions="width"), ResetTool()]
    made = figure(
        height=height,
        sizing_mode="stretch_width",
        x_range=x_range,
        y_range=y_range,
        tools=tools,
        active_drag=zoom,
        active_scroll=None,  # or the page could not be scrolled past it
        toolbar_location="above" if toolbar else None,
        min_border_left=_LEFT,
        min_border_right=_RIGHT,
        outline_line_color=None,
        background_fill_color=_GROUND,
        border_fill_color=_GROUND,
        output_backend="canvas",
    )
    made.toolbar.logo = None
    made.grid.grid_line_color = None
    made.axis.major_label_text_font = _FONT
    made.axis.major_label_text_font_size = "13px"
    made.axis.major_label_text_color = hex_color(INK)
    made.axis.major_tick_line_color = made.axis.minor_tick_line_color = None
    made.axis.axis_line_color = "#d8d8d8"
    made.xaxis.formatter = CustomJSTickFormatter(code=_CLOCK)
    made.js_on_event("tap", CustomJS(code=_SEEK))
    for cut in cuts:
        line = Span(location=cut, dimension="height", line_color=hex_color(INK), line_dash=[4, 3], line_width=1)
        made.add_layout(line)
    return made
