"""Pictures as video codecs keep them: brightness in full size, two differences of colour at half of it, 8 bits each.

A frame that is drawn and encoded again needs no RGB: converting it and back costs time and blurs its colours.
"""

from __future__ import annotations

from dataclasses import dataclass

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from facestats.types import Float32, Frame, UInt8
from facestats.video.colour import is_wide, source_matrix

_UNSPECIFIED = 2  # in the colour tables of every video standard
_LAYOUTS = {"yuv420p": ColorRange.MPEG, "yuvj420p": ColorRange.JPEG}

# What red and blue weigh in brightness, by the number of the matrix in those tables.
_WEIGHTS = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114)}


@dataclass(frozen=True)
class Colours:
    """What the numbers of a picture mean, as the colour tables of video standards count.

    Attributes
    ----------
    matrix, primaries, transfer : int
        1 each is BT.709; of the matrices, BT.601 (5 and 6) too.
    full_range : bool
        Whether brightness goes from 0 to 255, not from 16 to 235.

    Examples
    --------
    >>> Colours().coded(np.array([255, 255, 255], np.uint8)).round().tolist()
    [235.0, 128.0, 128.0]
    """

    matrix: int = 1
    primaries: int = 1
    transfer: int = 1
    full_range: bool = False

    def coded(self, rgb: UInt8) -> Float32:
        """Return brightness and both differences of colour, float32 (..., 3), of R'G'B', uint8 (..., 3)."""
        red, blue = _WEIGHTS[self.matrix]
        y = np.array([red, 1 - red - blue, blue])
        u, v = ([0, 0, 1] - y) / (2 - 2 * blue), ([1, 0, 0] - y) / (2 - 2 * red)
        scale, start = ((1, 1), 0) if self.full_range else ((219 / 255, 224 / 255), 16)
        how = np.column_stack([[scale[0] * y, scale[1] * u, scale[1] * v], [start, 128, 128]])
        pixels = np.asarray(rgb, np.float32).reshape(1, -1, 3)
        return np.asarray(cv2.transform(pixels, how.astype(np.float32)), np.float32).clip(0, 255).reshape(rgb.shape)

    @property
    def tables(self) -> tuple[int, int, int]:
        """Matrix, primaries and transfer function."""
        return self.matrix, self.primaries, self.transfer

    @property
    def range(self) -> ColorRange:
        """The range as PyAV names it."""
        return ColorRange.JPEG if self.full_range else ColorRange.MPEG

    @property
    def colorspace(self) -> Colorspace:
        """The matrix as PyAV names it."""
        return Colorspace.ITU709 if self.matrix == 1 else Colorspace.ITU601


#: Of clips, unless the video that they show has others.
BT709 = Colours()


def colours_of(frame: av.VideoFrame) -> Colours | None:
    """Return the colours of a frame in which can be drawn as it is decoded; None if it must become RGB first.

    That is so with more than eight bits, other layouts than 4:2:0, odd sizes, two fields, wide gamut, high dynamic
    range and rare matrices.

    Examples
    --------
    >>> colours_of(av.VideoFrame(64, 36, "yuv420p")).matrix, colours_of(av.VideoFrame(64, 36, "yuv420p10le"))
    (5, None)
    """
    layout = _LAYOUTS.get(frame.format.name)
    if layout is None or frame.width % 2 or frame.height % 2 or frame.interlaced_frame or is_wide(frame):
        return None
    guessed = source_matrix(frame)
    matrix = int(frame.colorspace if guessed is None else guessed)
    if matrix not in _WEIGHTS:
        return None
    primaries, transfer = (
        1 if number == _UNSPECIFIED else int(number) for number in (frame.color_primaries, frame.color_trc)
    )
    return Colours(matrix, primaries, transfer, ColorRange.JPEG in (layout, frame.color_range))


class Planes:
    """A picture in three planes that may be drawn on.

    Parameters
    ----------
    frame : av.VideoFrame
        Of 4:2:0, 8 bits and even size; changed when the planes are.
    colours : Colours

    Attributes
    ----------
    y, u, v : numpy.ndarray
        uint8 (H, W), (H / 2, W / 2) and (H / 2, W / 2).

    Examples
    --------
    >>> planes = Planes(av.VideoFrame(64, 36, "yuv420p"), BT709)
    >>> planes.size, planes.u.shape
    ((64, 36), (18, 32))
    """

    def __init__(self, frame: av.VideoFrame, colours: Colours) -> None:
        self.frame, self.colours = frame, colours
        self.y, self.u, self.v = (_view(plane) for plane in frame.planes)

    @classmethod
    def copy_of(cls, frame: av.VideoFrame, colours: Colours, matrix: np.ndarray | None = None) -> Planes:
        """Return a copy of a decoded frame, upright, see :func:`facestats.video.orientation.display_matrix`.

        Examples
        --------
        >>> Planes.copy_of(av.VideoFrame(64, 36, "yuv420p"), BT709, np.array([[0, 1], [-1, 0]])).size
        (36, 64)
        """
        across = matrix is not None and matrix[0, 0] == 0
        width, height = (frame.height, frame.width) if across else (frame.width, frame.height)
        copy = cls(av.VideoFrame(width, height, "yuv420p"), colours)
        copy.frame.colorspace, copy.frame.color_range = colours.colorspace, colours.range
        for target, plane in zip((copy.y, copy.u, copy.v), frame.planes, strict=True):
            source = _view(plane)
            if matrix is not None:
                flip_x, flip_y = matrix.sum(axis=0) < 0
                source = (source.T if across else source)[:: -1 if flip_y else 1, :: -1 if flip_x else 1]
            target[:] = source
        return copy

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.frame.width, self.frame.height

    def to_rgb(self) -> UInt8:
        """Return the picture as uint8 (H, W, 3), RGB."""
        return self.frame.to_ndarray(
            format="rgb24", src_colorspace=self.colours.colorspace, src_color_range=self.colours.range
        )


def _view(plane: av.video.plane.VideoPlane) -> UInt8:
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]


class PlanarFrame(Frame):
    """A frame that is at hand in planes; it becomes RGB anew each time that is asked for.

    Examples
    --------
    >>> PlanarFrame(0, 0.0, Planes(av.VideoFrame(64, 36, "yuv420p"), BT709)).rgb.shape
    (36, 64, 3)
    """

    __slots__ = ("planes",)

    def __init__(self, index: int, time_s: float, planes: Planes) -> None:
        super().__init__(index, time_s, planes.to_rgb, size=planes.size)
        self.planes = planes
