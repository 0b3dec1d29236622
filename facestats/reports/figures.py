"""Plots and pictures as HTML that needs no other file."""

from __future__ import annotations

import base64
import io
import sys
from collections.abc import Callable, Mapping
from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from facestats.reports.grounds import on_both_grounds
from facestats.reports.html import render
from facestats.types import UInt8

#: Widths of a figure in inches, at 96 to the inch the widths of a desktop's and of a phone's column.
WIDE, NARROW, HALF = 8.9, 3.7, 4.1

#: Margins of aligned figures in inches: room for "face 123", and for half a label of the time axis.
_LEFT, _RIGHT = 0.8, 0.25

_DPI = 192  # two pixels to each of the page's, for sharp screens and print

_FIGURE_STYLE: Mapping[str, Any] = {"font.size": 10.5, "axes.titlesize": 11.5, "hatch.linewidth": 1.2}

#: Stands for a face of which there is no picture.
_SILHOUETTE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96"><rect width="96" height="96" fill="#d8d8d8"/>'
    '<circle cx="48" cy="40" r="19" fill="#a5a5a5"/><path d="M10 96c3-25 19-32 38-32s35 7 38 32z" '
    'fill="#a5a5a5"/></svg>'
)


def figure(
    draw: Callable[..., Axes],
    *args: Any,
    alt: str,
    half: bool = False,
    aligned: bool = False,
    height: float | None = None,
    **options: Any,
) -> Markup:
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
    height : float, optional
        In inches; by default that of the plot.

    Returns
    -------
    Markup

    Examples
    --------
    >>> from facestats import plots, schema
    >>> figure(plots.face_count, schema.conform("frames"), alt="nothing").startswith("<picture>")
    True
    """
    with matplotlib.rc_context(dict(_FIGURE_STYLE)):
        ax = draw(*args, **options)
        drawn = ax.get_figure(root=True)
        if "matplotlib.pyplot" in sys.modules:  # or the notebook would show it a second time
            sys.modules["matplotlib.pyplot"].close(drawn)
        if height is not None:
            drawn.set_figheight(height)
        drawn.set_dpi(_DPI)
        FigureCanvasAgg(drawn)  # measures words
        light, dark = [], []
        for width in (HALF,) if half else (NARROW, WIDE):
            drawn.set_figwidth(width)
            if not (aligned and light):  # of these only the width changes
                _lay_out(drawn)
            if aligned:
                box = ax.get_position()
                ax.set_position((_LEFT / width, box.y0, 1 - (_LEFT + _RIGHT) / width, box.height))
            for pictures, pixels in zip((light, dark), on_both_grounds(drawn), strict=True):
                pictures.append(_png(pixels))
        return render("pieces.figure", light, dark, alt, "half" if half else "full")


def _lay_out(drawn: Figure) -> None:
    """Give everything in a figure its place, where it stays."""
    drawn.set_layout_engine("constrained")
    for each in drawn.axes:
        each.set_in_layout(True)
    drawn.get_layout_engine().execute(drawn)
    drawn.set_layout_engine("none")


def _png(pixels: UInt8) -> str:
    """Return a figure as a picture of at most 256 colours, which is a third of the size of one of all."""
    drawn = Image.fromarray(pixels)
    few = drawn.quantize(method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    colors = np.array(few.getpalette(), np.uint8).reshape(-1, 3)
    colors[(colors >= 254).all(axis=1)] = 255  # the ground, which a mean of its like misses by one
    few.putpalette(colors.tobytes())
    file = io.BytesIO()
    few.save(file, "PNG", dpi=(_DPI, _DPI))
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


def image(rgb: UInt8, size: tuple[int, int], alt: str) -> Markup:
    """Return a picture, scaled to ``size`` (width, height), as HTML.

    Examples
    --------
    >>> image(np.zeros((8, 8, 3), np.uint8), (4, 4), "black")[-12:]
    Markup('alt="black">')
    """
    fitted = np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS))
    return render("pieces.image", jpeg(fitted), size, alt)


def thumbnail(webp: bytes | None, alt: str) -> Markup:
    """Return a thumbnail, or a silhouette where there is none.

    Examples
    --------
    >>> "no picture kept" in thumbnail(None, "Face 1")
    True
    """
    if webp is None:
        return render("pieces.picture", "face", data_uri(_SILHOUETTE.encode(), "image/svg+xml"), "no picture kept")
    return render("pieces.picture", "face", data_uri(webp, "image/webp"), alt)
