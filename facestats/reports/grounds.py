"""Drawing a figure on a light and a dark ground at once: laying out ticks and words takes longer than painting them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.transforms import Transform

from facestats.plots.palette import FAINT, INK, MUTED, hex_color
from facestats.types import UInt8

#: The ground of dark pages (page.css), and what stands there for the colours that are made for white.
DARK_GROUND = "#17191c"

_Color = tuple[float, ...]

_INKS: Mapping[_Color, _Color] = {
    to_rgb(hex_color(old)): to_rgb(new)
    for old, new in ((INK, "#e4e4e4"), (MUTED, "#a8a8a8"), (FAINT, "#45484c"), ((0, 0, 0), "#e4e4e4"))
}

_LEAST_CONTRAST = 2.0  # of a class's colour with the dark ground; what has less gets an edge
_EDGE: _Color = (*to_rgb("#68696b"), 1.0)  # --fs-edge of page.css on that ground
_EDGE_PT = 0.75

#: Of hatched bars, and around lines on bars. White words stand on colours, and stay.
_SURFACES: Mapping[_Color, _Color] = {**_INKS, to_rgb("white"): to_rgb(DARK_GROUND)}


def on_both_grounds(drawn: Figure) -> tuple[UInt8, UInt8]:
    """Return a figure as it is laid out, on a white ground and on a dark one, both uint8 (H, W, 3), RGB.

    On the dark one what is written and drawn in ink is light. The colours of classes are the same; what is nearly as
    dark as that ground gets a thin light edge.

    Examples
    --------
    >>> light, dark = on_both_grounds(Figure(figsize=(1, 0.5), dpi=100))
    >>> light.shape, light[0, 0].tolist(), dark[0, 0].tolist()
    ((50, 100, 3), [255, 255, 255], [23, 25, 28])
    """
    width, height = (int(length * drawn.dpi) for length in drawn.get_size_inches())
    renderer = _Grounds(width, height, drawn.dpi)
    drawn.draw(renderer)
    light, dark = (np.asarray(each.buffer_rgba())[..., :3] for each in (renderer.light, renderer.dark))
    return np.ascontiguousarray(light), np.ascontiguousarray(dark)


class _Grounds(RendererBase):  # type: ignore[no-any-unimported, misc]
    """Paints everything twice. Collections of many paths and images are the same on both grounds."""

    def __init__(self, width: int, height: int, dpi: float) -> None:
        super().__init__()
        self.width, self.height, self.dpi = width, height, dpi
        self.light, self.dark = RendererAgg(width, height, dpi), RendererAgg(width, height, dpi)

    def draw_path(self, gc: GraphicsContextBase, path: Path, transform: Transform, rgbFace: Any = None) -> None:
        self.light.draw_path(gc, path, transform, rgbFace)
        with_dark = _darkened(gc, _SURFACES)
        if rgbFace is not None and _is_lost(rgbFace):
            with_dark.set_foreground(_EDGE, isRGBA=True)
            with_dark.set_linewidth(_EDGE_PT)
        self.dark.draw_path(with_dark, path, transform, _swapped(rgbFace, _SURFACES))

    def draw_markers(
        self,
        gc: GraphicsContextBase,
        marker_path: Path,
        marker_trans: Transform,
        path: Path,
        trans: Transform,
        rgbFace: Any = None,
    ) -> None:
        self.light.draw_markers(gc, marker_path, marker_trans, path, trans, rgbFace)
        filled = _swapped(rgbFace, _SURFACES)
        self.dark.draw_markers(_darkened(gc, _SURFACES), marker_path, marker_trans, path, trans, filled)

    def draw_text(self, gc: GraphicsContextBase, *args: Any, **options: Any) -> None:
        self.light.draw_text(gc, *args, **options)
        self.dark.draw_text(_darkened(gc, _INKS), *args, **options)

    def draw_path_collection(self, *args: Any, **options: Any) -> None:
        for each in (self.light, self.dark):
            each.draw_path_collection(*args, **options)

    def draw_quad_mesh(self, *args: Any, **options: Any) -> None:
        for each in (self.light, self.dark):
            each.draw_quad_mesh(*args, **options)

    def draw_image(self, *args: Any, **options: Any) -> None:
        for each in (self.light, self.dark):
            each.draw_image(*args, **options)

    def get_canvas_width_height(self) -> tuple[float, float]:
        return self.width, self.height

    def get_text_width_height_descent(self, s: str, prop: FontProperties, ismath: Any) -> tuple[float, float, float]:
        return _measured(s, prop.copy(), ismath, self.dpi)

    def points_to_pixels(self, points: float) -> float:
        pixels: float = self.light.points_to_pixels(points)
        return pixels

    def option_image_nocomposite(self) -> bool:
        return True


@lru_cache(maxsize=1024)  # the same words stand in a figure at both widths, and in the figures of other pages
def _measured(text: str, prop: FontProperties, ismath: Any, dpi: float) -> tuple[float, float, float]:
    measured: tuple[float, float, float] = RendererAgg(1, 1, dpi).get_text_width_height_descent(text, prop, ismath)
    return measured


def _darkened(gc: GraphicsContextBase, swapped: Mapping[_Color, _Color]) -> GraphicsContextBase:
    """Return how to draw on the dark ground what is drawn so on the light one."""
    made = GraphicsContextBase()
    made.copy_properties(gc)
    made.set_foreground(_swapped(gc.get_rgb(), swapped), isRGBA=True)
    if gc.get_hatch() is not None:
        made.set_hatch_color(_swapped(to_rgba(gc.get_hatch_color()), swapped))
    return made


def _swapped(color: Any, swapped: Mapping[_Color, _Color]) -> Any:
    """Return a colour of the light ground, or None for none, as it is on the dark one; its opacity stays."""
    if color is None:
        return None
    red, green, blue, *opacity = color
    new = swapped.get((red, green, blue))
    return color if new is None else (*new, *opacity)


def _is_lost(color: _Color) -> bool:
    """Say whether a colour of the light ground can hardly be told from the dark one."""
    if color[:3] in _SURFACES:
        return False
    lighter, darker = sorted((_luminance(color), _luminance(to_rgb(DARK_GROUND))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05) < _LEAST_CONTRAST


def _luminance(color: _Color) -> float:
    """Return the relative luminance of a colour, as accessibility guidelines (WCAG) define it."""
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in color[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
