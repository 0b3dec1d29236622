"""Boxes and labels, drawn into one frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from facestats.clips.canvas import Canvas, Rgb, RgbCanvas, Sprite
from facestats.clips.placing import Faces, LivePlaces, place_labels
from facestats.tables.labels import face_color
from facestats.types import UInt8

#: Of labels, and of the rims of boxes; labels let so much of the picture through.
GROUND: Rgb = (20, 20, 20)
OPACITY = 0.72

_LEAST_OPACITY = 0.05  # a label that is fainter is not drawn
_SMALL = 0.75  # size of the letters in crowds


@dataclass(frozen=True)
class FaceLabel:
    """A face to draw.

    Attributes
    ----------
    box : tuple of float
        ``x1, y1, x2, y2`` in pixels.
    track_id : int or None
        None for a face that no tracker confirmed.
    lines : tuple of str
        What to write beside it; may be empty.
    corner : tuple of float, optional
        Where the label stands, left and top in pixels; by default a place is looked for.
    plate : tuple of int, optional
        Width and height of the label in pixels; by default those of its lines.
    opacity : float
        Of the label, 0 to 1.
    small : bool
        Whether its letters are smaller, as in crowds.
    person_id : int or None
        Whose face it is, where that is known: all faces of a person have one colour.
    """

    box: tuple[float, float, float, float]
    track_id: int | None
    lines: tuple[str, ...] = ()
    corner: tuple[float, float] | None = None
    plate: tuple[int, int] | None = None
    opacity: float = 1.0
    small: bool = False
    person_id: int | None = None

    @property
    def color(self) -> Rgb:
        """RGB of the box."""
        return face_color(self.track_id if self.person_id is None else self.person_id)


def font_size(width: int, height: int) -> int:
    """Return the label's font size in pixels for a frame: legible when the clip is shown at its own size.

    Examples
    --------
    >>> font_size(640, 360), font_size(1920, 1080)
    (13, 40)
    """
    return int(np.clip(round(min(width, height * 16 / 9) / 48), 13, 48))


def box_reach(frame: tuple[int, int]) -> int:
    """Return how many pixels the edge of a box is wide on both sides of it, in a frame of this width and height.

    Examples
    --------
    >>> box_reach((640, 360)), box_reach((1920, 1080))
    (1, 3)
    """
    return (max(2, round(font_size(*frame) / 8)) + 1) // 2


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    import matplotlib  # its wheel carries DejaVu Sans; nothing else of it is loaded

    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), size)


def label_size(lines: Sequence[str], frame: tuple[int, int], *, small: bool = False) -> tuple[int, int]:
    """Return width and height of a label in a frame of this width and height, in pixels.

    Examples
    --------
    >>> label_size(("face 0",), (640, 360))[1]
    19
    """
    pad, step, edge, size = label_metrics(frame, small)
    width = max((_font(size).getlength(line) for line in lines), default=0)
    return min(round(width) + 2 * pad + edge, frame[0]), min(step * len(lines) + pad, frame[1])


def label_metrics(frame: tuple[int, int], small: bool) -> tuple[int, int, int, int]:
    """Return the padding, the height of a line, the width of the coloured edge and the size of the letters.

    Examples
    --------
    >>> label_metrics((640, 360), False)
    (3, 16, 2, 13)
    """
    size = round(font_size(*frame) * (_SMALL if small else 1))
    return max(3, size // 4), round(size * 1.25), max(2, size // 5), size


@lru_cache(maxsize=256)
def _label(lines: tuple[str, ...], plate: tuple[int, int], frame: tuple[int, int], small: bool, color: Rgb) -> Sprite:
    """Return a label to be laid on frames; labels repeat from frame to frame, so they are cached."""
    pad, step, edge, size = label_metrics(frame, small)
    image = Image.new("L", plate)
    draw = ImageDraw.Draw(image)
    for i, line in enumerate(lines):
        draw.text((pad + edge, pad // 2 + i * step), line, font=_font(size), fill=255)
    letters = np.asarray(image)
    rgb = _mixed(letters, (255, 255, 255))
    # Only the ground lets the picture through; letters and the coloured edge stay as they are.
    alpha = np.where(letters > 0, 1, OPACITY).astype(np.float32)
    rgb[:, :edge], alpha[:, :edge] = color, 1
    return Sprite(rgb, alpha)


def _mixed(share: UInt8, color: Rgb) -> UInt8:
    """Return the dark ground with so much of a colour, of 255, in each pixel."""
    steps = np.arange(256)[:, None] / 255
    table = np.rint(np.array(GROUND) + steps * np.subtract(color, GROUND))
    return table.astype(np.uint8)[share]


def draw_faces(rgb: UInt8, faces: Sequence[FaceLabel]) -> UInt8:
    """Return a copy of a frame with boxes and labels drawn into it.

    A label that stands away from its face is joined to it by a thin line.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8 (H, W, 3), RGB.
    faces : sequence of FaceLabel
        Labels without a place of their own are put where they cover no face and no other label; one for which there is
        no room is left out.

    Examples
    --------
    >>> frame = np.zeros((90, 160, 3), np.uint8)
    >>> bool((draw_faces(frame, [FaceLabel((10, 10, 50, 60), 0, ("face 0",))]) != frame).any())
    True
    """
    image = rgb.copy()
    draw_on(RgbCanvas(image), faces)
    return image


def draw_on(canvas: Canvas, faces: Sequence[FaceLabel]) -> None:
    """Do what :func:`draw_faces` does, in place.

    Examples
    --------
    >>> frame = np.zeros((90, 160, 3), np.uint8)
    >>> draw_on(RgbCanvas(frame), [FaceLabel((10, 10, 50, 60), 0)])
    >>> bool(frame.any())
    True
    """
    reach = box_reach(canvas.size)
    for face in faces:
        # A dark rim keeps the box visible on a ground of its own colour.
        _draw_box(canvas, face.box, reach + 1, GROUND)
        _draw_box(canvas, face.box, reach, face.color)
    labels = _seen(faces, canvas.size)
    for face in labels:
        _draw_line(canvas, face)
    for face in labels:
        left, top, right, bottom = _plate_in(canvas.size, face)
        sprite = _label(face.lines, (right - left, bottom - top), canvas.size, face.small, face.color)
        canvas.lay(sprite, left, top, face.opacity)


def label_places(faces: Sequence[FaceLabel], frame: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """Return where :func:`draw_faces` draws labels in a frame of this width and height: left, top, right and bottom.

    Examples
    --------
    >>> label_places([FaceLabel((10, 10, 50, 60), 0, ("face 0",), (54, 10), (50, 19))], (160, 90))
    [(54, 10, 104, 29)]
    """
    return [_plate_in(frame, face) for face in _seen(faces, frame)]


def _seen(faces: Sequence[FaceLabel], frame: tuple[int, int]) -> list[FaceLabel]:
    """Return the faces whose labels are drawn, with their places."""
    found = [face for face in placed(faces, frame) if face.lines and face.corner is not None]
    return [face for face in found if face.opacity >= _LEAST_OPACITY]


def _draw_box(canvas: Canvas, box: tuple[float, float, float, float], reach: int, color: Rgb) -> None:
    """Draw the edges of a box, so many pixels wide on both sides of it."""
    x1, y1, x2, y2 = (round(value) for value in box)
    for y in (y1, y2):
        canvas.fill(x1 - reach, y - reach, x2 + reach + 1, y + reach + 1, color)
    for x in (x1, x2):
        canvas.fill(x - reach, y1 - reach, x + reach + 1, y2 + reach + 1, color)


def placed(
    faces: Sequence[FaceLabel], frame: tuple[int, int], live: LivePlaces | None = None, time_s: float = 0.0
) -> list[FaceLabel]:
    """Return the faces of a frame with a place for each label that has none; one without room is not seen.

    Parameters
    ----------
    faces : sequence of FaceLabel
    frame : tuple of int
        Its width and height.
    live : LivePlaces, optional
        Where labels stood in the frames before, which is brought up to date; by default each frame is on its own.
    time_s : float
        Of the frame.

    Examples
    --------
    >>> placed([FaceLabel((10, 10, 50, 60), 0, ("face 0",))], (160, 90))[0].corner
    (54.0, 10.0)
    """
    wanting = [i for i, face in enumerate(faces) if face.lines and face.corner is None and face.opacity > 0]
    if not wanting:
        return list(faces)
    boxes = np.array([face.box for face in faces], np.float64)[None]
    sizes = [label_size(faces[i].lines, frame, small=faces[i].small) for i in wanting]
    others = np.delete(boxes, wanting, axis=1)
    now = Faces(np.zeros(1), boxes[:, wanting], others, np.array(sizes, np.float64), frame)
    if live is None:
        places = place_labels(now)
        corners, opacity, plates = places.corners[0], places.opacity[0], now.sizes
    else:
        tracks = [faces[i].track_id for i in wanting]
        ids = [-1 - place if track_id is None else track_id for place, track_id in enumerate(tracks)]
        corners, opacity, plates = live.place(time_s, ids, now)
    found = list(faces)
    for place, i in enumerate(wanting):
        x, y = corners[place].tolist()
        width, height = (round(side) for side in plates[place].tolist())
        found[i] = replace(faces[i], corner=(x, y), plate=(width, height), opacity=float(opacity[place]))
    return found


def _draw_line(canvas: Canvas, face: FaceLabel) -> None:
    """Draw the line between a face and a label that stands away from it."""
    left, top, right, bottom = _plate_in(canvas.size, face)
    x1, y1, x2, y2 = face.box
    # The nearest points of the two rectangles.
    start = _within((left + right) / 2, x1, x2), _within((top + bottom) / 2, y1, y2)
    end = _within(start[0], left, right), _within(start[1], top, bottom)
    if math.hypot(end[0] - start[0], end[1] - start[1]) < 0.6 * font_size(*canvas.size):
        return
    width, height = canvas.size
    around = 3
    points = np.rint([start, end]).astype(int)
    x, y = np.maximum(points.min(axis=0) - around, 0).tolist()
    x_end, y_end = np.minimum(points.max(axis=0) + around, (width, height)).tolist()
    if x_end <= x or y_end <= y:
        return
    (a, b), (wide, thin) = (points - (x, y)).tolist(), np.zeros((2, y_end - y, x_end - x), np.uint8)
    cv2.line(wide, a, b, 255, 3, cv2.LINE_AA)
    cv2.line(thin, a, b, 255, 1, cv2.LINE_AA)
    canvas.lay(Sprite(_mixed(thin, face.color), wide / np.float32(255)), x, y)


def _within(value: float, least: float, most: float) -> float:
    return min(max(value, least), most)


def _plate_in(frame: tuple[int, int], face: FaceLabel) -> tuple[int, int, int, int]:
    """Return the rectangle of a label, inside the picture."""
    width, height = frame
    assert face.corner is not None
    w, h = face.plate or label_size(face.lines, frame, small=face.small)
    left = round(_within(face.corner[0], 0, max(0, width - w)))
    top = round(_within(face.corner[1], 0, max(0, height - h)))
    return left, top, min(left + w, width), min(top + h, height)
