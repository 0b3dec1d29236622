"""Boxes and labels, drawn into one RGB frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from facestats.clips.placing import Faces, place_labels
from facestats.tables.labels import face_color
from facestats.types import UInt8

_BACKGROUND = (20, 20, 20)
_OPACITY = 0.72
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
    """

    box: tuple[float, float, float, float]
    track_id: int | None
    lines: tuple[str, ...] = ()
    corner: tuple[float, float] | None = None
    plate: tuple[int, int] | None = None
    opacity: float = 1.0
    small: bool = False

    @property
    def color(self) -> tuple[int, int, int]:
        """RGB of the box."""
        return face_color(self.track_id)


def font_size(width: int, height: int) -> int:
    """Return the label's font size in pixels for a frame: legible when the clip is shown at its own size.

    Examples
    --------
    >>> font_size(640, 360), font_size(1920, 1080)
    (13, 40)
    """
    return int(np.clip(round(min(width, height * 16 / 9) / 48), 13, 48))


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
    pad, step, edge, size = _metrics(frame, small)
    width = max((_font(size).getlength(line) for line in lines), default=0)
    return min(round(width) + 2 * pad + edge, frame[0]), min(step * len(lines) + pad, frame[1])


def _metrics(frame: tuple[int, int], small: bool) -> tuple[int, int, int, int]:
    """Return the padding, the height of a line, the width of the coloured edge and the size of the letters."""
    size = round(font_size(*frame) * (_SMALL if small else 1))
    return max(3, size // 4), round(size * 1.25), max(2, size // 5), size


@lru_cache(maxsize=512)
def _tile(
    lines: tuple[str, ...], plate: tuple[int, int], frame: tuple[int, int], small: bool, color: tuple[int, int, int]
) -> UInt8:
    """Return a label as an RGB picture; labels repeat from frame to frame, so they are cached."""
    pad, step, edge, size = _metrics(frame, small)
    image = Image.new("RGB", plate, _BACKGROUND)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, edge - 1, image.height), fill=color)
    for i, line in enumerate(lines):
        draw.text((pad + edge, pad // 2 + i * step), line, font=_font(size), fill=(255, 255, 255))
    return np.asarray(image)


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
    height, width = image.shape[:2]
    thickness = max(2, round(font_size(width, height) / 8))
    for face in faces:
        x1, y1, x2, y2 = (round(value) for value in face.box)
        # A dark rim keeps the box visible on a ground of its own colour.
        cv2.rectangle(image, (x1, y1), (x2, y2), _BACKGROUND, thickness + 2, cv2.LINE_AA)
        cv2.rectangle(image, (x1, y1), (x2, y2), face.color, thickness, cv2.LINE_AA)
    labels = [face for face in placed(faces, (width, height)) if face.lines and face.corner is not None]
    for face in labels:
        _draw_line(image, face)
    for face in labels:
        _draw_label(image, face)
    return image


def placed(faces: Sequence[FaceLabel], frame: tuple[int, int]) -> list[FaceLabel]:
    """Return the faces of a frame with a place for each label that has none; one without room loses its lines.

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
    places = place_labels(Faces(np.zeros(1), boxes[:, wanting], others, np.array(sizes, np.float64), frame))
    found = list(faces)
    for place, (i, plate) in enumerate(zip(wanting, sizes, strict=True)):
        x, y = places.corners[0, place].tolist()
        opacity = float(places.opacity[0, place])
        found[i] = replace(faces[i], corner=(x, y), plate=plate, opacity=opacity)
    return found


def _draw_line(image: UInt8, face: FaceLabel) -> None:
    """Draw the line between a face and a label that stands away from it."""
    assert face.corner is not None
    left, top, right, bottom = _on_image(face, image)
    x1, y1, x2, y2 = face.box
    # The nearest points of the two rectangles.
    start = np.clip((left + right) / 2, x1, x2), np.clip((top + bottom) / 2, y1, y2)
    end = np.clip(start[0], left, right), np.clip(start[1], top, bottom)
    if np.hypot(end[0] - start[0], end[1] - start[1]) < 0.6 * font_size(image.shape[1], image.shape[0]):
        return
    if face.opacity < _LEAST_OPACITY:
        return
    points = [(round(float(x)), round(float(y))) for x, y in (start, end)]
    cv2.line(image, points[0], points[1], _BACKGROUND, 3, cv2.LINE_AA)
    cv2.line(image, points[0], points[1], face.color, 1, cv2.LINE_AA)


def _on_image(face: FaceLabel, image: UInt8) -> tuple[int, int, int, int]:
    """Return the rectangle of a label, inside the picture."""
    height, width = image.shape[:2]
    assert face.corner is not None
    w, h = face.plate or label_size(face.lines, (width, height), small=face.small)
    left = int(np.clip(round(face.corner[0]), 0, max(0, width - w)))
    top = int(np.clip(round(face.corner[1]), 0, max(0, height - h)))
    return left, top, min(left + w, width), min(top + h, height)


def _draw_label(image: UInt8, face: FaceLabel) -> None:
    if face.opacity < _LEAST_OPACITY:
        return
    height, width = image.shape[:2]
    left, top, right, bottom = _on_image(face, image)
    tile = _tile(face.lines, (right - left, bottom - top), (width, height), face.small, face.color)
    under = image[top:bottom, left:right]
    ground = cv2.addWeighted(tile, _OPACITY, under, 1 - _OPACITY, 0)
    # Only the ground lets the picture through; letters and the coloured edge stay as they are.
    plain = (tile == _BACKGROUND).all(axis=2, keepdims=True)
    drawn = np.where(plain, ground, tile)
    if face.opacity < 1:
        drawn = cv2.addWeighted(drawn, face.opacity, under, 1 - face.opacity, 0)
    image[top:bottom, left:right] = drawn
