"""Which part of a frame a small picture shows: a face with what surrounds it, and labels whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from facestats.tables.expressions import Float64

#: Left, top, right and bottom, in pixels.
Rectangle = tuple[float, float, float, float]

_AROUND = 2.6  # sides of the part, in those of the face
_LEAST_AROUND = 1.25
_LEAST_SHARE = 1 / 3  # of the frame's height
_PLAY = 0.25  # how far the face may stand from the middle of the part, in shares of its sides
_SCALES = (1.0, 0.85, 1.2, 0.7, 1.45, 0.55, 0.45, 0.35)  # tried one after the other


def part_around(face: Rectangle, labels: Sequence[Rectangle], frame: tuple[int, int], shape: float) -> Rectangle:
    """Return the part of a frame round a face that cuts as little as possible of any label.

    Parameters
    ----------
    face : tuple of float
        Its box: left, top, right and bottom, in pixels.
    labels : sequence of tuple of float
        Those in the frame, in the same way.
    frame : tuple of int
        Its width and height in pixels.
    shape : float
        Width of the part, by its height.

    Returns
    -------
    tuple of float
        Left, top, right and bottom of the part, inside the frame; with the whole face, if that has room.

    Examples
    --------
    >>> part_around((100, 100, 140, 150), [], (640, 360), 1.5)
    (22.5, 60.0, 217.5, 190.0)
    >>> part_around((100, 100, 140, 150), [(20, 150, 90, 200)], (640, 360), 1.5)
    (20.0, 70.0, 215.0, 200.0)
    """
    width, height = frame
    x1, y1, x2, y2 = face
    w, h = x2 - x1, y2 - y1
    most = min(float(height), width / shape)
    least = min(_LEAST_AROUND * max(h, w / shape), most)
    usual = min(max(_AROUND * max(h, w / shape), _LEAST_SHARE * height), most)
    best, chosen = np.inf, (0.0, 0.0, float(width), float(height))
    for tall in dict.fromkeys(min(max(scale * usual, least), most) for scale in _SCALES):
        wide = tall * shape
        lefts = _starts(x1, x2, wide, width, [(left, right) for left, _, right, _ in labels])
        tops = _starts(y1, y2, tall, height, [(top, bottom) for _, top, _, bottom in labels])
        cut = _cut(lefts, tops, (wide, tall), labels)
        away = np.abs(lefts[:, None] - lefts[0]) + np.abs(tops[None] - tops[0])
        i, j = np.unravel_index(np.lexsort((away.ravel(), cut.ravel()))[0], cut.shape)
        if cut[i, j] < best:
            best = cut[i, j]
            chosen = float(lefts[i]), float(tops[j]), float(lefts[i] + wide), float(tops[j] + tall)
        if best == 0:
            break
    return chosen


def _starts(begin: float, end: float, length: float, whole: float, labels: Sequence[tuple[float, float]]) -> Float64:
    """Return where a part of this length may begin along one side of the frame; first of all with the face amid it.

    The others begin or end where a label does; the face stays where one looks first.
    """
    amid = (begin + end) / 2 - length / 2
    edges = [edge - behind for label in labels for edge in label for behind in (0.0, length)]
    play = min(_PLAY * length, max(0.0, (length - (end - begin)) / 2))
    first, last = amid - play, amid + play
    starts = np.array([amid, *(edge for edge in edges if first <= edge <= last)], np.float64)
    return np.clip(starts, 0.0, max(0.0, whole - length))


def _cut(lefts: Float64, tops: Float64, size: tuple[float, float], labels: Sequence[Rectangle]) -> Float64:
    """Return how many pixels of labels each part shows that it does not show whole, (number of lefts, of tops)."""
    cut = np.zeros((len(lefts), len(tops)))
    for left, top, right, bottom in labels:
        across = np.clip(np.minimum(lefts + size[0], right) - np.maximum(lefts, left), 0, None)
        down = np.clip(np.minimum(tops + size[1], bottom) - np.maximum(tops, top), 0, None)
        shown = across[:, None] * down[None]
        cut += np.where(shown < (right - left) * (bottom - top) - 1e-6, shown, 0.0)
    return cut
