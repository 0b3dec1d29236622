"""Faces, and things that are no faces, pasted into a picture so that no seam gives them away."""

from __future__ import annotations

import cv2
import numpy as np

from facestats.training.detector.layers import Canvas
from facestats.training.detector.teachers import mirror
from facestats.training.detector.teaching import Taught
from facestats.types import UInt8

# A pasted thing may cover so much of a face or of an ignored region, and no more.
_MOST_COVERED = 0.3


def paste_face(
    canvas: Canvas, face: Taught, image: UInt8, size: float, middle: tuple[float, float], rng: np.random.Generator
) -> bool:
    """Paste the only face of a small picture; say whether there was room for it.

    Parameters
    ----------
    canvas : Canvas
    face : Taught
        With one face.
    image : numpy.ndarray
        uint8 (H, W, 3), RGB: the picture itself or a disguised copy.
    size : float
        Geometric mean of the sides of the face's box on the canvas, in pixels.
    middle : tuple of float
        Where the middle of the box goes.
    rng : numpy.random.Generator
        Decides on mirroring, rotation, outline and light.
    """
    boxes, landmarks = face.boxes, face.landmarks
    if rng.random() < 0.5:
        image = image[:, ::-1]
        boxes, landmarks = mirror(boxes, landmarks, image.shape[1])
    box = boxes[0]
    sides = box[2:] - box[:2]
    scale = size / float(np.sqrt(sides.prod()))
    half = sides * scale / 2
    x, y = middle
    if canvas.cover((x - half[0], y - half[1], x + half[0], y + half[1])) > _MOST_COVERED:
        return False
    degrees = float(rng.normal(0, 9)) if rng.random() < 0.7 else float(rng.uniform(-35, 35))
    centre = (box[:2] + box[2:]) / 2
    outline = _outline(rng, image.shape[:2], centre, sides)
    matrix, region = _paste(canvas, image, outline, centre, scale, degrees, middle, rng)
    points = (landmarks @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    placed = np.array([[*(np.array(middle) - half), *(np.array(middle) + half)]], np.float32)
    canvas.add(placed, points, np.zeros((0, 4), np.float32), region)
    return True


def paste_thing(
    canvas: Canvas, image: UInt8, size: float, middle: tuple[float, float], rng: np.random.Generator
) -> None:
    """Paste a picture without a face in the very way in which faces are pasted, where it hides none."""
    reach = size * 0.9
    if canvas.cover((middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach)) > 0.1:
        return
    sides = np.array(image.shape[1::-1]) * rng.uniform(0.5, 0.75)
    centre = np.array(image.shape[1::-1]) / 2
    outline = _outline(rng, image.shape[:2], centre, sides)
    scale = size / float(np.sqrt(sides.prod()))
    _paste(canvas, image, outline, centre, scale, float(rng.uniform(-30, 30)), middle, rng)


def paint_body(
    canvas: Canvas, size: float, middle: tuple[float, float], cloth: UInt8, rng: np.random.Generator
) -> None:
    """Paint shoulders and chest, and perhaps hair, where a face of this size is to come."""
    x, y = middle
    if canvas.cover((x - 1.5 * size, y - 0.7 * size, x + 1.5 * size, y + 3.5 * size)) > _MOST_COVERED:
        return
    left, top = int(x - 1.6 * size), int(y - 0.9 * size)
    width, height = int(3.2 * size), int((3.0 + rng.random()) * size)
    if width < 6:
        return
    mask = np.zeros((height, width), np.uint8)

    def point(across: float, down: float) -> tuple[int, int]:
        return round((1.6 + across) * size), round((0.9 + down) * size)

    wide = rng.uniform(0.9, 1.4)
    neck, low = rng.uniform(0.25, 0.35), 4.0
    shoulders = [
        point(-neck, 0.3), point(-neck, 0.65), point(-wide, 0.95), point(-wide * 1.1, low),
        point(wide * 1.1, low), point(wide, 0.95), point(neck, 0.65), point(neck, 0.3),
    ]  # fmt: skip
    cv2.fillPoly(mask, [np.array(shoulders, np.int32)], 255)
    paint = cv2.resize(cloth, (width, height))
    if rng.random() < 0.6:
        flat = rng.uniform(5, 230, 3) * rng.uniform(0.3, 1)
        paint = (paint * 0.25 + flat * 0.75).astype(np.uint8)
    if rng.random() < 0.5:
        hair = np.zeros_like(mask)
        long = rng.uniform(0.6, 1.2)
        cv2.ellipse(hair, point(0, -0.05), (round(0.62 * size), round(long * 0.75 * size)), 0, 0, 360, 255, -1)
        colour = (rng.uniform(5, 90, 3) if rng.random() < 0.8 else rng.uniform(60, 210, 3)) * np.array([1, 0.8, 0.6])
        paint[hair > 0] = (colour + rng.normal(0, 8, ((hair > 0).sum(), 1))).clip(0, 255).astype(np.uint8)
        mask |= hair
    mask = cv2.GaussianBlur(mask, (0, 0), max(0.4, size * 0.02))
    _blend(canvas.image, paint, mask.astype(np.float32) / 255, left, top)


def _outline(rng: np.random.Generator, shape: tuple[int, int], centre: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """Return how much of each pixel of a pasted picture shows, float32 (H, W): an ellipse, a box, or all of it."""
    height, width = shape
    rows, cols = np.mgrid[0:height, 0:width].astype(np.float32)
    kind = rng.random()
    reach = sides * rng.uniform(0.56, 0.85) if kind < 0.6 else sides * rng.uniform(0.6, 1.0)
    across = np.abs(cols - centre[0]) / reach[0]
    down = np.abs(rows - centre[1] + sides[1] * 0.06) / (reach[1] * 1.05)
    soft = rng.uniform(0.04, 0.3)
    power = 2.0 if kind < 0.6 else 6.0
    distance = (across**power + down**power) ** (1 / power)
    mask = ((1 - distance) / soft + 0.5).clip(0, 1)
    if rng.random() < 0.85:  # the picture's own edge must not show as a line
        edge = np.minimum(np.minimum(rows, height - 1 - rows), np.minimum(cols, width - 1 - cols))
        mask *= (edge / (0.08 * min(height, width))).clip(0, 1)
    return mask


def _paste(
    canvas: Canvas,
    image: UInt8,
    outline: np.ndarray,
    centre: np.ndarray,
    scale: float,
    degrees: float,
    middle: tuple[float, float],
    rng: np.random.Generator,
) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """Blend a picture in; return the matrix (2, 3) from its pixels to the canvas, and what shows of it."""
    shrink = min(1.0, scale)
    if shrink < 1:  # first by area, since the rotation below samples without a filter
        size = max(2, round(image.shape[1] * shrink)), max(2, round(image.shape[0] * shrink))
        ratio = np.array(size) / image.shape[1::-1]
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        outline = cv2.resize(outline, size, interpolation=cv2.INTER_AREA)
    else:
        ratio = np.ones(2)
    turn = cv2.getRotationMatrix2D((0, 0), degrees, 1.0)[:, :2] * scale
    linear = turn / ratio  # from the shrunken picture
    reach = float(np.hypot(*image.shape[:2])) / 2 * scale / float(ratio.mean())
    x1, y1 = (int(np.floor(value - reach)) for value in middle)
    side = int(np.ceil(2 * reach)) + 1
    offset = np.array(middle) - linear @ (centre * ratio) - [x1, y1]
    matrix = np.column_stack([linear, offset])
    warped = cv2.warpAffine(np.ascontiguousarray(image), matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpAffine(outline.astype(np.float32), matrix, (side, side))
    _match_light(canvas.image, warped, mask, x1, y1, rng)
    _blend(canvas.image, warped, mask, x1, y1)
    whole = np.column_stack([turn, np.array(middle) - turn @ centre])
    return whole, (0, 0, canvas.side, canvas.side)


def _match_light(under: UInt8, image: UInt8, mask: np.ndarray, left: int, top: int, rng: np.random.Generator) -> None:
    """Bring the light of a picture half way to that of the place where it goes, and change it a little."""
    x1, y1 = max(left, 0), max(top, 0)
    x2, y2 = min(left + mask.shape[1], under.shape[1]), min(top + mask.shape[0], under.shape[0])
    gain = np.exp(rng.normal(0, 0.2)) * np.exp(rng.normal(0, 0.05, 3))
    if x2 > x1 and y2 > y1 and rng.random() < 0.6:
        there, here = float(under[y1:y2, x1:x2].mean()), float(image.mean())
        gain = gain * np.clip((there + 20) / (here + 20), 0.4, 2.0) ** rng.uniform(0, 0.8)
    np.copyto(image, (image * gain.astype(np.float32)).clip(0, 255).astype(np.uint8))


def _blend(under: UInt8, image: UInt8, mask: np.ndarray, left: int, top: int) -> None:
    x1, y1 = max(left, 0), max(top, 0)
    x2, y2 = min(left + mask.shape[1], under.shape[1]), min(top + mask.shape[0], under.shape[0])
    if x2 <= x1 or y2 <= y1:
        return
    share = mask[y1 - top : y2 - top, x1 - left : x2 - left, None]
    over = image[y1 - top : y2 - top, x1 - left : x2 - left].astype(np.float32)
    below = under[y1:y2, x1:x2].astype(np.float32)
    under[y1:y2, x1:x2] = (below + (over - below) * share + 0.5).astype(np.uint8)
