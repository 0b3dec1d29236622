"""How a stored picture is to be shown: pixels that are not square, and turns."""

from __future__ import annotations

import math
from fractions import Fraction

import av
import numpy as np
from av.sidedata.sidedata import Type as SideDataType

from facestats.types import UInt8


def square_pixels(width: int, height: int, shape: Fraction | None) -> tuple[int, int]:
    """Return the size in which a picture with oblong pixels is shown: the longer side of its pixels is kept.

    Parameters
    ----------
    width, height : int
        As coded.
    shape : fractions.Fraction or None
        Width of a pixel divided by its height. A shape off by less than a hundredth, or beyond 4, which no camera
        makes, is taken for square.

    Examples
    --------
    >>> square_pixels(720, 576, Fraction(64, 45)), square_pixels(640, 360, None)
    ((1024, 576), (640, 360))
    """
    if not shape or not 0.25 <= shape <= 4 or abs(shape - 1) < 0.01:
        return width, height
    return (round(width * shape), height) if shape > 1 else (width, round(height / shape))


def display_matrix(frame: av.VideoFrame) -> np.ndarray | None:
    """Return the signs of the frame's display matrix, int (2, 2): ``[x', y'] = [x, y] @ matrix``; None if upright."""
    try:
        side_data = list(frame.side_data)
    except ValueError:  # PyAV's list of kinds ends before ffmpeg's; the turn alone is known then
        turn = math.radians(-frame.rotation % 360)
        cosine, sine = round(math.cos(turn)), round(math.sin(turn))
        return None if cosine == 1 else np.array([[cosine, sine], [-sine, cosine]])
    for data in side_data:
        if data.type == SideDataType.DISPLAYMATRIX:
            values = np.frombuffer(bytes(data), np.int32).reshape(3, 3)[:2, :2].astype(np.int64)
            # Oblique angles, which cameras do not write, go to the nearest right angle.
            straight = abs(values[0, 0]) + abs(values[1, 1]) >= abs(values[0, 1]) + abs(values[1, 0])
            signs = np.sign(values) * (np.eye(2, dtype=int) if straight else 1 - np.eye(2, dtype=int))
            return None if (signs == np.eye(2)).all() or not signs.any() else signs
    return None


def turn_in_degrees(matrix: np.ndarray | None) -> int:
    """Return the clockwise turn in a display matrix; a mirroring comes after it."""
    if matrix is None:
        return 0
    if np.linalg.det(matrix) < 0:
        matrix = matrix * [-1, 1]
    return round(math.degrees(math.atan2(matrix[0, 1], matrix[0, 0]))) % 360


def turned(rgb: UInt8, matrix: np.ndarray) -> UInt8:
    """Apply a display matrix of right angles and mirrorings."""
    if matrix[0, 0] == 0:
        rgb = rgb.transpose(1, 0, 2)
    flip_x, flip_y = matrix.sum(axis=0) < 0
    return np.ascontiguousarray(rgb[:: -1 if flip_y else 1, :: -1 if flip_x else 1])
