"""Boxes and labels, drawn into one RGB frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from facestats.types import UInt8

#: Box colours, distinct for colour-blind readers too (Okabe and Ito, 2008), RGB; a track keeps its colour.
TRACK_COLORS = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (204, 121, 167),
    (213, 94, 0),
    (0, 114, 178),
)
#: Faces that no tracker confirmed.
UNTRACKED_COLOR = (190, 190, 190)

_BACKGROUND = (20, 20, 20)
_OPACITY = 0.72


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
    """

    box: tuple[float, float, float, float]
    track_id: int | None
    lines: tuple[str, ...] = ()

    @property
    def color(self) -> tuple[int, int, int]:
        """RGB of the box."""
        return UNTRACKED_COLOR if self.track_id is None else TRACK_COLORS[self.track_id % len(TRACK_COLORS)]


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


@lru_cache(maxsize=512)
def _tile(lines: tuple[str, ...], size: int, color: tuple[int, int, int]) -> UInt8:
    """Return a label as an RGB picture; labels repeat from frame to frame, so they are cached."""
    font = _font(size)
    pad, step = max(3, size // 4), round(size * 1.25)
    width = round(max(font.getlength(line) for line in lines)) + 2 * pad + max(2, size // 5)
    image = Image.new("RGB", (width, step * len(lines) + pad), _BACKGROUND)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, max(2, size // 5) - 1, image.height), fill=color)
    for i, line in enumerate(lines):
        draw.text((pad + max(2, size // 5), pad // 2 + i * step), line, font=font, fill=(255, 255, 255))
    return np.asarray(image)


def draw_faces(rgb: UInt8, faces: Sequence[FaceLabel]) -> UInt8:
    """Return a copy of a frame with boxes and labels drawn into it.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8 (H, W, 3), RGB.
    faces : sequence of FaceLabel
        Labels are put where they cover no other face and no other label, as far as there is room.

    Examples
    --------
    >>> frame = np.zeros((90, 160, 3), np.uint8)
    >>> bool((draw_faces(frame, [FaceLabel((10, 10, 50, 60), 0, ("face 0",))]) != frame).any())
    True
    """
    image = rgb.copy()
    height, width = image.shape[:2]
    size = font_size(width, height)
    thickness = max(2, round(size / 8))
    for face in faces:
        x1, y1, x2, y2 = (round(value) for value in face.box)
        # A dark rim keeps the box visible on a ground of its own colour.
        cv2.rectangle(image, (x1, y1), (x2, y2), _BACKGROUND, thickness + 2, cv2.LINE_AA)
        cv2.rectangle(image, (x1, y1), (x2, y2), face.color, thickness, cv2.LINE_AA)
    taken = [face.box for face in faces]
    for face in faces:
        if not face.lines:
            continue
        tile = _tile(face.lines, size, face.color)[:height, :width]
        x, y = _place(face.box, tile.shape[1], tile.shape[0], width, height, taken)
        taken.append((x, y, x + tile.shape[1], y + tile.shape[0]))
        under = image[y : y + tile.shape[0], x : x + tile.shape[1]]
        ground = cv2.addWeighted(tile, _OPACITY, under, 1 - _OPACITY, 0)
        # Only the ground lets the picture through; letters and the coloured edge stay as they are.
        plain = (tile == _BACKGROUND).all(axis=2, keepdims=True)
        image[y : y + tile.shape[0], x : x + tile.shape[1]] = np.where(plain, ground, tile)
    return image


def _place(
    box: tuple[float, float, float, float],
    tile_w: int,
    tile_h: int,
    width: int,
    height: int,
    taken: Sequence[tuple[float, float, float, float]],
) -> tuple[int, int]:
    """Return the top left corner, among those round the box, where the label covers least of what is taken."""
    x1, y1, x2, y2 = box
    gap = 4
    corners = [
        (x1, y2 + gap),
        (x2 - tile_w, y2 + gap),
        (x1, y1 - gap - tile_h),
        (x2 - tile_w, y1 - gap - tile_h),
        (x2 + gap, y1),
        (x1 - gap - tile_w, y1),
        (x2 + gap, y2 - tile_h),
        (x1 - gap - tile_w, y2 - tile_h),
    ]
    best: tuple[float, int, int] | None = None
    for corner_x, corner_y in corners:
        x = int(np.clip(corner_x, 0, max(0, width - tile_w)))
        y = int(np.clip(corner_y, 0, max(0, height - tile_h)))
        covered = sum(
            max(0.0, min(x + tile_w, r) - max(x, left)) * max(0.0, min(y + tile_h, b) - max(y, top))
            for left, top, r, b in taken
        )
        if best is None or covered < best[0] - 1:
            best = (covered, x, y)
    assert best is not None
    return best[1], best[2]
