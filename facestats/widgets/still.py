"""Where widgets cannot be shown: a still figure or picture instead, without any face in it."""

from __future__ import annotations

import base64
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from facestats._util import words
from facestats.store.store import Store
from facestats.tables.video_tables import VideoTables

#: What stands where an explorer would.
SAID = "facestats.explore needs a notebook that runs (JupyterLab, or voila); this is a still figure instead"

#: Rows of a still timeline.
MOST_ROWS = 24

_WIDTH, _LEFT, _ROW, _HEAD = 860, 170, 18, 44  # in pixels
_RERUN = "a still picture: run the cell to explore"

# In JupyterLab the picture is hidden as soon as the explorer beside it lives; until then, and whenever there is no
# kernel for it, the explorer is, as all that it says then is "model not found".
_STYLE = """<style>
.jp-OutputArea-child:has(.fsx-still) + .jp-OutputArea-child:not(:has([data-alive])) { height: 0; overflow: hidden; }
.jp-OutputArea-child:has(.fsx-still):has(+ .jp-OutputArea-child [data-alive]),
.jp-OutputArea-child:has(.fsx-still):has(+ .jp-OutputArea-child > .lm-mod-hidden) { display: none; }
</style>"""


def still_figure(found: VideoTables | Store) -> Any:
    """Return a figure of a video's tracks over time, or of the expressions in a store's videos.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from facestats import plots  # not before: the explorer draws without it

    if isinstance(found, Store) and found.video_id is None:
        videos = found.videos(columns=["video_id", "path"])
        labels = {row.video_id: str(row.path).rsplit("/", 1)[-1] for row in videos.itertuples()}
        return plots.expression_shares(found.tracks(), labels=labels).get_figure(root=True)
    result = found if isinstance(found, VideoTables) else found.result(str(found.video_id))
    return plots.track_overview(result).get_figure(root=True)


def instead_of_widgets(found: VideoTables | Store) -> Any:
    """Say that there is no notebook, and return the still figure."""
    print(SAID, file=sys.stderr)  # noqa: T201
    return still_figure(found)


def of_video(name: str, told: Mapping[str, Any]) -> str:
    """Return a still timeline as HTML: a row for each face, coloured as in the explorer.

    It is drawn in a thousandth of the time that a figure takes, as the explorer waits for it.

    Parameters
    ----------
    name : str
        Of the video.
    told : mapping
        See :meth:`facestats.widgets.timeline.Timeline.rows`.

    Examples
    --------
    >>> told = {"start": 0.0, "end": 2.0, "cuts": [], "rows": [], "colors": [], "hidden": 0}
    >>> 'alt="a.mp4, from 0:00.0 to 0:02.0: no face"' in of_video("a.mp4", told)
    True
    """
    rows, start_s, length_s = told["rows"], told["start"], max(told["end"] - told["start"], 1e-6)
    bottom = _HEAD + _ROW * max(len(rows), 1)
    x = lambda time_s: _LEFT + (time_s - start_s) / length_s * (_WIDTH - _LEFT - 8)  # noqa: E731
    parts = [_text(8, 16, f"{name} – {_RERUN}", "font-weight='bold'")]
    parts += [_text(x(start_s), 36, words.moment(start_s)), _text(_WIDTH - 8, 36, words.moment(told["end"]), _END)]
    for place, row in enumerate(rows):
        top = _HEAD + place * _ROW
        parts.append(_rect(8, top + 2, 4, _ROW - 6, row["mark"]) + _text(18, top + 12, row["label"]))
        for first_s, last_s, key, _ in row["spans"]:
            parts.append(_rect(x(first_s), top + 2, x(last_s) - x(first_s), _ROW - 5, told["colors"][key]["color"]))
    for cut_s in told["cuts"]:
        parts.append(
            Markup("<path d='M{x} {top}V{bottom}' stroke='#222' stroke-dasharray='4 3'/>").format(
                x=round(x(cut_s), 1), top=_HEAD, bottom=bottom
            )
        )
    seen = {span[2] for row in rows for span in row["spans"]}
    legend = [(color["name"], color["color"]) for key, color in enumerate(told["colors"]) if key in seen]
    parts += _legend(_LEFT, bottom + 8, legend)
    hidden = told["hidden"]
    if hidden:
        parts.append(_text(8, bottom + 18, f"and {words.count(hidden, 'face')} more"))
    faces = words.count(len(rows) + hidden, "face") if rows else "no face"
    span = words.span(start_s, told["end"])
    return _html(parts, bottom + 12 + _ROW * -(-max(len(legend), 1) // 6), f"{name}, from {span}: {faces}")


def of_videos(told: Mapping[str, Any]) -> str:
    """Return a still list of videos as HTML: what each is, and the shares of the expressions in it.

    Parameters
    ----------
    told : mapping
        See :meth:`facestats.widgets.video_list.VideoList.page`.

    Examples
    --------
    >>> 'alt="the store holds no videos yet"' in of_videos({"items": [], "said": "the store holds no videos yet"})
    True
    """
    items: Sequence[Mapping[str, Any]] = told["items"]
    more = f", of which {words.count(len(items), 'video')} here" if told.get("pages", 1) > 1 else ""
    parts = [_text(8, 16, f"{told['said']}{more} – {_RERUN}", "font-weight='bold'")]
    for place, item in enumerate(items):
        top, left = _HEAD - 14 + place * 2 * _ROW, 8.0
        parts.append(_text(8, top + 12, f"{item['name']}: {item['about']}"))
        for _, share, color in item["shares"]:
            parts.append(_rect(left, top + 18, share * (_WIDTH - 16), 8, color))
            left += share * (_WIDTH - 16)
    bottom = _HEAD + 2 * _ROW * len(items)
    colors = {name: color for item in items for name, _, color in item["shares"]}
    parts += _legend(8, bottom, list(colors.items()))
    return _html(parts, bottom + _ROW * bool(colors), f"{told['said']}{more}")


_END = "text-anchor='end'"


def _legend(left: float, top: float, colors: Sequence[tuple[str, str]]) -> list[Markup]:
    parts = []
    for place, (name, color) in enumerate(colors):
        x, y = left + place % 6 * 112, top + place // 6 * _ROW
        parts += [_rect(x, y, 12, 12, color), _text(x + 16, y + 10, name)]
    return parts


def _text(x: float, y: float, text: str, how: str = "") -> Markup:
    return Markup("<text x='{x}' y='{y}' {how}>{text}</text>").format(x=round(x, 1), y=y, how=Markup(how), text=text)


def _rect(x: float, y: float, width: float, height: float, color: str) -> Markup:
    numbers = {"x": round(x, 1), "y": y, "width": round(max(width, 0.5), 1), "height": height}
    said = " ".join(f"{name}='{value}'" for name, value in numbers.items())
    return Markup("<rect {said} fill='{color}'/>").format(said=Markup(said), color=color)


def _html(parts: Sequence[str], height: int, alt: str) -> str:
    """Return a picture as HTML that every viewer of notebooks shows: an image with its content in its address."""
    drawn = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{_WIDTH}' height='{height}' viewBox='0 0 {_WIDTH} {height}' "
        f"font-family='DejaVu Sans, Verdana, sans-serif' font-size='11.5' fill='#222'>"
        f"<rect width='100%' height='100%' fill='#fff'/>{''.join(parts)}</svg>"
    )
    address = f"data:image/svg+xml;base64,{base64.b64encode(drawn.encode()).decode('ascii')}"
    return f'<div class="fsx-still">{_STYLE}<img alt="{escape(alt)}" src="{address}" style="max-width: 100%"></div>'
