"""The pieces that report pages are built of, as HTML: escaped text, figures, bars, strips, tables."""

from __future__ import annotations

import base64
import html
import io
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from IPython.display import HTML
from matplotlib.axes import Axes
from PIL import Image

from facestats._util import words
from facestats.models.attributes import EXPRESSIONS
from facestats.plots.palette import NOT_MEASURED, color_of, hex_color
from facestats.tables.schema import UNKNOWN
from facestats.types import UInt8

#: Widths of a figure in inches, at 96 to the inch the widths of a desktop's and of a phone's column.
WIDE, NARROW, HALF = 8.9, 3.7, 4.1

#: Margins of aligned figures in inches: room for "face 123", and for half a label of the time axis.
_LEFT, _RIGHT = 0.8, 0.25

_DPI = 192  # two pixels to each of the page's, for sharp screens and print
_STYLE = Path(__file__).with_name("template") / "pieces.css"

_FIGURE_STYLE: Mapping[str, Any] = {"font.size": 10.5, "axes.titlesize": 11.5, "hatch.linewidth": 1.2}


def escape(text: object) -> str:
    """Return text as it may stand in HTML, also inside an attribute's quotes.

    Examples
    --------
    >>> escape('<script> "x"')
    '&lt;script&gt; &quot;x&quot;'
    """
    return html.escape(str(text), quote=True)


def style() -> str:
    """Return the pieces' style sheet as a ``<style>`` element.

    Examples
    --------
    >>> style()[:7]
    '<style>'
    """
    return f"<style>{_STYLE.read_text(encoding='utf-8')}</style>"


def block(*parts: str, kind: str = "") -> HTML:
    """Return pieces of HTML as one output of a notebook's cell.

    Examples
    --------
    >>> block("<p>a</p>", "<p>b</p>").data
    '<div class="fs "><p>a</p><p>b</p></div>'
    """
    return HTML(f'<div class="fs {kind}">{"".join(parts)}</div>')


def figure(
    draw: Callable[..., Axes], *args: Any, alt: str, half: bool = False, aligned: bool = False, **options: Any
) -> str:
    """Draw a plot and return it as a picture that needs no other file, sharp on a desktop and on a phone.

    Parameters
    ----------
    draw : callable
        A function of :mod:`facestats.plots`, or any other that takes ``ax=None`` and returns Axes.
    *args, **options
        What it is called with.
    alt : str
        What the picture shows, for those who cannot see it.
    half : bool
        Whether it takes half the page's width, so that two stand side by side.
    aligned : bool
        Whether its axis begins where those of other aligned figures begin, so that one time is below another.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> from facestats import plots, schema
    >>> figure(plots.face_count, schema.conform("frames"), alt="nothing")[:9]
    '<picture>'
    """
    with matplotlib.rc_context(dict(_FIGURE_STYLE)):
        ax = draw(*args, **options)
        drawn = ax.get_figure(root=True)
        if "matplotlib.pyplot" in sys.modules:  # or the notebook would show it a second time
            sys.modules["matplotlib.pyplot"].close(drawn)
        if half:
            return f'<img class="fs-half" src="{_png(ax, HALF, aligned)}" alt="{escape(alt)}">'
        narrow = f'<source media="(max-width: 600px)" srcset="{_png(ax, NARROW, aligned)}">'
        return f'<picture>{narrow}<img class="fs-full" src="{_png(ax, WIDE, aligned)}" alt="{escape(alt)}"></picture>'


def _png(ax: Axes, width: float, aligned: bool) -> str:
    drawn = ax.get_figure(root=True)
    drawn.set_figwidth(width)
    if aligned:
        drawn.set_layout_engine("constrained")
        drawn.draw_without_rendering()
        drawn.set_layout_engine("none")
        box = ax.get_position()
        ax.set_position((_LEFT / width, box.y0, 1 - (_LEFT + _RIGHT) / width, box.height))
    file = io.BytesIO()
    drawn.savefig(file, format="png", dpi=_DPI, facecolor="white", metadata={"Software": None})
    return data_uri(file.getvalue(), "image/png")


def data_uri(content: bytes, media_type: str) -> str:
    """Return a file's content as an address that needs no file.

    Examples
    --------
    >>> data_uri(b"abc", "text/plain")
    'data:text/plain;base64,YWJj'
    """
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def jpeg(rgb: UInt8, *, quality: int = 80) -> str:
    """Return a picture as the address of a JPEG that needs no file.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8 (H, W, 3), RGB.
    quality : int
        0 to 100.

    Examples
    --------
    >>> jpeg(np.zeros((8, 8, 3), np.uint8))[:23]
    'data:image/jpeg;base64,'
    """
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=quality)
    return data_uri(file.getvalue(), "image/jpeg")


def image(rgb: UInt8, size: tuple[int, int], alt: str) -> str:
    """Return a picture, scaled to ``size`` (width, height), as HTML.

    Examples
    --------
    >>> image(np.zeros((8, 8, 3), np.uint8), (4, 4), "black")[-12:]
    'alt="black">'
    """
    fitted = np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS))
    return f'<img src="{jpeg(fitted)}" width="{size[0]}" height="{size[1]}" alt="{escape(alt)}">'


def chip(attribute: str, name: str | None) -> str:
    """Return a small square in the colour of a class.

    Examples
    --------
    >>> chip("gender", "male")
    '<span class="fs-chip fs-known" style="--c:#e6911e"></span>'
    """
    kind = "unknown" if name == UNKNOWN else "missing" if not isinstance(name, str) else "known"
    return f'<span class="fs-chip fs-{kind}" style="--c:{hex_color(color_of(attribute, name))}"></span>'


def expression_legend(*, unknown: bool = True, missing: bool = True) -> str:
    """Return the names of the expressions' colours, in a line that wraps where the page is narrow.

    Examples
    --------
    >>> expression_legend().count("<li>")
    9
    """
    names: list[tuple[str | None, str]] = [(name, name) for name in EXPRESSIONS]
    names += [(UNKNOWN, "unknown")] * unknown + [(None, NOT_MEASURED)] * missing
    items = "".join(f"<li>{chip('expression', name)}{label}</li>" for name, label in names)
    return f'<ul class="fs-legend">{items}</ul>'


def strip(shares: Sequence[tuple[str, float, str]], label: str) -> str:
    """Return a horizontal bar split into shares.

    Parameters
    ----------
    shares : sequence of tuple
        Name, share in [0, 1] and CSS colour of each part.
    label : str
        What the bar shows, for those who cannot see it; the parts are added.

    Examples
    --------
    >>> strip([("a", 0.25, "red"), ("b", 0.75, "blue")], "halves").count("<i ")
    2
    """
    said = ", ".join(f"{name} {words.percent(share)}" for name, share, _ in shares if share >= 0.005)
    parts = "".join(
        f'<i style="width:{100 * share:.2f}%;background:{color}" title="{escape(name)} {words.percent(share)}"></i>'
        for name, share, color in shares
        if share > 0
    )
    return f'<span class="fs-strip" role="img" aria-label="{escape(label)}: {escape(said)}">{parts}</span>'


def keyed_strip(shares: Sequence[tuple[str, float, str]], label: str) -> str:
    """Return a bar split into shares, like :func:`strip`, with the names of its parts below.

    Examples
    --------
    >>> keyed_strip([("a", 0.25, "red"), ("b", 0.75, "blue")], "halves").count("<li>")
    2
    """
    key = "".join(
        f'<li><span class="fs-chip fs-known" style="--c:{color}"></span>{escape(name)}</li>'
        for name, share, color in shares
        if share > 0
    )
    return f'{strip(shares, label)}<ul class="fs-legend">{key}</ul>'


def expression_strip(shares: pd.Series | None) -> str:
    """Return the shares of the expressions as a bar, or "not measured".

    Examples
    --------
    >>> expression_strip(None)
    '<span class="fs-muted">not measured</span>'
    """
    if shares is None:
        return f'<span class="fs-muted">{NOT_MEASURED}</span>'
    parts = [(name, float(share), hex_color(color_of("expression", str(name)))) for name, share in shares.items()]
    return strip(parts, "share of time")


def verdict(attribute: str, name: str | None, probability: float, *, detail: str = "") -> str:
    """Return a verdict with its probability drawn as a small bar.

    ``"unknown"`` stands there as such, with how sure the best guess was; a missing verdict is "not measured".

    Examples
    --------
    >>> "not measured" in verdict("gender", None, float("nan"))
    True
    """
    if not isinstance(name, str):
        return f'<span class="fs-verdict"><span class="fs-muted">{NOT_MEASURED}</span></span>'
    unknown = name == UNKNOWN
    sure = words.percent(probability) if np.isfinite(probability) else ""
    hint = f"not sure enough: {sure}" if unknown else f"probability {sure}"
    bar = (
        f'<span class="fs-bar" title="{hint}"><i class="{"fs-unknown" if unknown else "fs-known"}" '
        f'style="width:{100 * np.nan_to_num(probability):.0f}%;--c:{hex_color(color_of(attribute, name))}"></i></span>'
    )
    said = f'<b class="{"fs-muted" if unknown else ""}">{escape(name)}</b>{detail}'
    return f'<span class="fs-verdict"><span>{said}</span>{bar}<span class="fs-muted">{sure}</span></span>'


def badge(status: str) -> str:
    """Return a video's status as a word with a colour that only supports it.

    Examples
    --------
    >>> badge("ok")
    '<span class="fs-badge fs-ok">ok</span>'
    """
    return f'<span class="fs-badge fs-{escape(status)}">{escape(status)}</span>'


def key_figures(figures: Iterable[tuple[str, str]]) -> str:
    """Return numbers with their meanings, side by side, the number large.

    Examples
    --------
    >>> key_figures([("3", "faces")])
    '<dl class="fs-figures"><div><dd>3</dd><dt>faces</dt></div></dl>'
    """
    items = "".join(f"<div><dd>{escape(value)}</dd><dt>{escape(name)}</dt></div>" for value, name in figures)
    return f'<dl class="fs-figures">{items}</dl>'


def callout(text: str) -> str:
    """Return a paragraph that must not be overlooked; ``text`` is HTML.

    Examples
    --------
    >>> callout("Mind the gap.")
    '<p class="fs-callout">Mind the gap.</p>'
    """
    return f'<p class="fs-callout">{text}</p>'


def details_table(rows: Iterable[tuple[str, object]]) -> str:
    """Return names and values as a small table; both are escaped.

    Examples
    --------
    >>> "<td>1 &lt; 2</td>" in details_table([("claim", "1 < 2")])
    True
    """
    body = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f'<table class="fs-details"><tbody>{body}</tbody></table>'


def picture(webp: bytes | None, alt: str) -> str:
    """Return a thumbnail, or a silhouette where none was kept.

    Examples
    --------
    >>> "no picture kept" in picture(None, "Face 1")
    True
    """
    if webp is None:
        silhouette = (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96"><rect width="96" height="96" fill="#d8d8d8"/>'
            '<circle cx="48" cy="40" r="19" fill="#a5a5a5"/><path d="M10 96c3-25 19-32 38-32s35 7 38 32z" '
            'fill="#a5a5a5"/></svg>'
        )
        return f'<img class="fs-face" src="{data_uri(silhouette.encode(), "image/svg+xml")}" alt="no picture kept">'
    return f'<img class="fs-face" src="{data_uri(webp, "image/webp")}" alt="{escape(alt)}">'
