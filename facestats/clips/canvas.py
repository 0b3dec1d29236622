"""What boxes and labels are drawn on: a picture in RGB, or in the planes that video codecs keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np

from facestats.types import Float32, UInt8
from facestats.video.planes import Colours, Planes

#: Red, green and blue, 0 to 255 each.
Rgb = tuple[int, int, int]

_WHOLE = 256  # opacity of what hides everything: sums of 16 bits hold it


@dataclass(frozen=True, eq=False)
class Sprite:
    """A small picture to be laid on others, perhaps often.

    Attributes
    ----------
    rgb : numpy.ndarray
        uint8 (H, W, 3).
    alpha : numpy.ndarray
        float32 (H, W), 0 to 1.
    """

    rgb: UInt8
    alpha: Float32
    _layers: dict[object, tuple[_Layer, ...]] = field(default_factory=dict, repr=False)

    def layers(self, odd_left: int, odd_top: int, colours: Colours | None) -> tuple[_Layer, ...]:
        """Return it as it is laid on RGB (no ``colours``), or on each plane at places of these remainders by 2."""
        key = (odd_left, odd_top, colours) if colours is not None else None
        if key not in self._layers:
            self._layers[key] = (
                (_Layer.of(self.rgb, np.repeat(self.alpha[..., None], 3, axis=2)),)
                if colours is None
                else _plane_layers(self, odd_left, odd_top, colours)
            )
        return self._layers[key]


class Canvas(Protocol):
    """A picture that is drawn on in place."""

    size: tuple[int, int]

    def fill(self, left: int, top: int, right: int, bottom: int, color: Rgb) -> None:
        """Fill a rectangle, of which parts may lie outside."""

    def lay(self, sprite: Sprite, left: int, top: int, opacity: float = 1.0) -> None:
        """Lay a sprite on the picture; what lies beyond its right or lower edge is left out."""


class RgbCanvas:
    """A picture in RGB to draw on.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8 (H, W, 3).

    Examples
    --------
    >>> picture = np.zeros((2, 4, 3), np.uint8)
    >>> RgbCanvas(picture).fill(1, 0, 3, 9, (255, 0, 0))
    >>> picture[..., 0].tolist()
    [[0, 255, 255, 0], [0, 255, 255, 0]]
    """

    def __init__(self, rgb: UInt8) -> None:
        self._rgb = rgb
        self.size = rgb.shape[1], rgb.shape[0]

    def fill(self, left: int, top: int, right: int, bottom: int, color: Rgb) -> None:
        """Fill a rectangle, of which parts may lie outside."""
        self._rgb[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = color

    def lay(self, sprite: Sprite, left: int, top: int, opacity: float = 1.0) -> None:
        """Lay a sprite on the picture; what lies beyond its right or lower edge is left out."""
        height, width = sprite.alpha.shape
        _blend(self._rgb[top : top + height, left : left + width], sprite.layers(0, 0, None)[0], opacity)


class PlaneCanvas:
    """A picture in planes to draw on.

    Parameters
    ----------
    planes : Planes

    Examples
    --------
    >>> import av
    >>> planes = Planes(av.VideoFrame(4, 2, "yuv420p"), Colours())
    >>> PlaneCanvas(planes).fill(0, 0, 2, 2, (255, 255, 255))
    >>> planes.y[:, :2].tolist(), planes.u[:, :1].tolist()
    ([[235, 235], [235, 235]], [[128]])
    """

    def __init__(self, planes: Planes) -> None:
        self._planes, self.size = planes, planes.size

    def fill(self, left: int, top: int, right: int, bottom: int, color: Rgb) -> None:
        """Fill a rectangle, of which parts may lie outside."""
        width, height = self.size
        left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
        if right <= left or bottom <= top:
            return
        y, u, v = _code(color, self._planes.colours)
        self._planes.y[top:bottom, left:right] = y
        place = np.s_[top // 2 : (bottom + 1) // 2, left // 2 : (right + 1) // 2]
        if not (left % 2 or right % 2 or top % 2 or bottom % 2):
            self._planes.u[place], self._planes.v[place] = u, v
            return
        # A difference of colour belongs to four pixels, of which some lie outside.
        share = _halves(top, bottom)[:, None] * _halves(left, right)
        for plane, value in ((self._planes.u, u), (self._planes.v, v)):
            plane[place] = plane[place] * (1 - share) + (value * share + 0.5)

    def lay(self, sprite: Sprite, left: int, top: int, opacity: float = 1.0) -> None:
        """Lay a sprite on the picture; what lies beyond its right or lower edge is left out."""
        height, width = sprite.alpha.shape
        layers = sprite.layers(left % 2, top % 2, self._planes.colours)
        _blend(self._planes.y[top : top + height, left : left + width], layers[0], opacity)
        for plane, layer in zip((self._planes.u, self._planes.v), layers[1:], strict=True):
            rows, columns = layer.shows.shape
            _blend(plane[top // 2 : top // 2 + rows, left // 2 : left // 2 + columns], layer, opacity)


@dataclass(frozen=True, eq=False)
class _Layer:
    """What is laid on a plane: ``plane * shows + adds``, in parts of 256; uint16 each."""

    shows: np.ndarray
    adds: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, alpha: np.ndarray) -> _Layer:
        covers = np.rint(alpha * _WHOLE)
        # Values are those of bytes: 255 * shows + adds stays below 2 ** 16.
        return cls((_WHOLE - covers).astype(np.uint16), (values * covers).astype(np.uint16))


def _blend(under: UInt8, layer: _Layer, opacity: float) -> None:
    inside = np.s_[: under.shape[0], : under.shape[1]]  # a label may be larger than what is left of a small picture
    shows, adds = layer.shows[inside], layer.adds[inside]
    if opacity < 1:
        shows = (_WHOLE - opacity * (_WHOLE - shows.astype(np.float32))).astype(np.uint16)
        adds = (opacity * adds.astype(np.float32)).astype(np.uint16)
    mixed = under * shows
    mixed += adds
    mixed += _WHOLE // 2 - 1
    mixed >>= 8
    under[:] = mixed


def _halves(start: int, end: int) -> Float32:
    """Return how much of each pair of pixels lies between two places."""
    share = np.ones((end + 1) // 2 - start // 2, np.float32)
    share[0] -= 0.5 * (start % 2)
    share[-1] -= 0.5 * (end % 2)
    return share


@lru_cache(maxsize=64)
def _code(color: Rgb, colours: Colours) -> tuple[int, int, int]:
    y, u, v = np.rint(colours.coded(np.array(color, np.uint8))).tolist()
    return int(y), int(u), int(v)


def _plane_layers(sprite: Sprite, odd_left: int, odd_top: int, colours: Colours) -> tuple[_Layer, _Layer, _Layer]:
    """Return a sprite as it is laid on each plane, at places of these remainders by 2."""
    y, *differences = cv2.split(colours.coded(sprite.rgb))
    height, width = sprite.alpha.shape
    edges = (odd_top, (odd_top + height) % 2, odd_left, (odd_left + width) % 2)
    covers = _in_pairs(sprite.alpha, edges)
    seen = np.maximum(covers, 1e-6)  # a colour counts as much as it is seen
    u, v = (_in_pairs(plane * sprite.alpha, edges) / seen for plane in differences)
    return _Layer.of(y, sprite.alpha), _Layer.of(u, covers), _Layer.of(v, covers)


def _in_pairs(plane: Float32, edges: tuple[int, int, int, int]) -> Float32:
    """Return the means of two by two, of a plane that is 0 beyond its edges."""
    filled = cv2.copyMakeBorder(plane, *edges, cv2.BORDER_CONSTANT, value=0)
    half = cv2.resize(filled, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.asarray(half, np.float32)
