"""Training pictures without end: windows of photos in all sizes, mosaics of them, and now and then pasted faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from facestats.training.detector import disguise, pasting, things
from facestats.training.detector.degrading import degrade
from facestats.training.detector.layers import Canvas, paint_photo
from facestats.training.detector.targets import Scene
from facestats.training.detector.teaching import Taught
from facestats.types import Float32, UInt8


@dataclass(frozen=True)
class Spot:
    """A place in a photo that an earlier detector judged wrongly; see :mod:`facestats.training.detector.mining`.

    Attributes
    ----------
    photo : Taught
    box : numpy.ndarray
        float32 (4,): ``x1, y1, x2, y2``.
    """

    photo: Taught = field(repr=False)
    box: Float32


@dataclass(frozen=True)
class Material:
    """What training pictures are made of.

    Attributes
    ----------
    photos : sequence of Taught
        With faces.
    rooms : sequence of Taught
        Without a face.
    faces : sequence of Taught
        Close pictures of one face each.
    hard : sequence of Spot
        Places that are seen more often.
    """

    photos: Sequence[Taught] = field(repr=False)
    rooms: Sequence[Taught] = field(repr=False)
    faces: Sequence[Taught] = field(repr=False)
    hard: Sequence[Spot] = field(default=(), repr=False)


# How often each kind of picture is made; what there is no material for falls to the others.
_SHARES = {"window": 0.34, "hard": 0.16, "zoom": 0.14, "mosaic": 0.14, "room": 0.12, "pasted": 0.10}


def make_scene(material: Material, side: int, rng: np.random.Generator) -> tuple[UInt8, Scene]:
    """Make one training picture.

    Parameters
    ----------
    material : Material
    side : int
        Its width and height in pixels.
    rng : numpy.random.Generator
        The same state gives the same picture.

    Returns
    -------
    image : numpy.ndarray
        uint8 (side, side, 3), RGB.
    scene : Scene

    Examples
    --------
    >>> none = np.zeros((0, 4), np.float32)
    >>> grey = Taught(np.full((64, 64, 3), 99, np.uint8), none, np.zeros((0, 5, 2), np.float32), none)
    >>> image, scene = make_scene(Material([], [grey], []), 64, np.random.default_rng(0))
    >>> image.shape, len(scene.boxes)
    ((64, 64, 3), 0)
    """
    canvas = Canvas.blank(side, int(rng.integers(0, 230)))
    kind = _kind(material, rng)
    if kind == "window":
        _window(canvas, _pick(rng, material.photos), rng)
    elif kind == "hard":
        spot = material.hard[int(rng.integers(len(material.hard)))]
        _window(canvas, spot.photo, rng, spot.box)
    elif kind == "zoom":
        _photo(canvas, material, (0, 0, side, side), _log_uniform(rng, 8, 260), rng)
    elif kind == "mosaic":
        _mosaic(canvas, material, rng)
    elif kind == "room":
        _background(canvas, material, rng)
    else:
        _background(canvas, material, rng)
        if material.faces:
            _crowd(canvas, material, rng)
    if rng.random() < (0.5 if kind in ("room", "pasted") else 0.2):
        for _ in range(rng.integers(1, 5)):
            _decoy(canvas, material, _log_uniform(rng, 10, 140), rng)
    if rng.random() < 0.2:
        _caption(canvas, rng)
    if rng.random() < 0.35:
        degrees = rng.normal(0, 12) if rng.random() < 0.7 else rng.uniform(-90, 90)  # who lies, or looks down
        canvas.turn(float(degrees), float(rng.uniform(0.85, 1.25)))
    if rng.random() < 0.5:
        canvas.mirror()
    return degrade(canvas.image, rng), canvas.scene()


def _kind(material: Material, rng: np.random.Generator) -> str:
    possible = {
        "window": material.photos, "hard": material.hard, "zoom": material.photos, "mosaic": material.photos,
        "room": material.rooms, "pasted": material.faces and (material.rooms or material.photos),
    }  # fmt: skip
    shares = np.array([share if possible[kind] else 0.0 for kind, share in _SHARES.items()])
    return str(rng.choice(list(_SHARES), p=shares / shares.sum()))


def _window(canvas: Canvas, photo: Taught, rng: np.random.Generator, wanted: Float32 | None = None) -> None:
    """Show a part of a photo at about its own scale, with a wanted box in it, or with one of its faces mostly.

    Where the photo is smaller than the picture, what is left stays grey or is filled with the photo, blurred.
    """
    scale = _log_uniform(rng, 0.85, 1.2) if rng.random() < 0.4 else _log_uniform(rng, 0.35, 1.8)
    if wanted is None and len(photo.boxes) and rng.random() < 0.85:
        wanted = photo.boxes[int(rng.integers(len(photo.boxes)))]
    extent = np.array(photo.image.shape[1::-1]) * scale
    low, high = np.minimum(canvas.side - extent, 0), np.maximum(canvas.side - extent, 0)
    corner = rng.uniform(low, high)
    if wanted is not None:
        size = float((wanted[2:] - wanted[:2]).max())
        scale = float(min(scale, 0.9 * canvas.side / size))
        extent = np.array(photo.image.shape[1::-1]) * scale
        middle = (wanted[:2] + wanted[2:]) / 2 * scale
        low, high = np.minimum(canvas.side - extent, 0), np.maximum(canvas.side - extent, 0)
        corner = (rng.uniform(0.1, 0.9, 2) * canvas.side - middle).clip(low, high)
        if rng.random() < 0.08:  # cut by the border
            corner = corner + rng.normal(0, 0.3, 2) * canvas.side
    if (extent < canvas.side).any() and rng.random() < 0.5:
        small = cv2.resize(photo.image, (8, 8), interpolation=cv2.INTER_AREA)
        canvas.image[:] = cv2.resize(small, (canvas.side, canvas.side), interpolation=cv2.INTER_CUBIC)
    paint_photo(canvas, photo, scale, (float(corner[0]), float(corner[1])), (0, 0, canvas.side, canvas.side))


def _caption(canvas: Canvas, rng: np.random.Generator) -> None:
    """Write letters where they hide no face."""
    height = int(_log_uniform(rng, 8, 90))
    lines = int(rng.integers(1, 4))
    wide = int(rng.uniform(0.3, 1.0) * canvas.side)
    high = min(canvas.side - 2, int(height * lines * 1.3) + 2)
    for _ in range(5):
        x, y = int(rng.integers(0, canvas.side - wide + 1)), int(rng.integers(0, canvas.side - high))
        if canvas.cover((x, y, x + wide, y + high)) == 0:
            canvas.image = things.write_caption(canvas.image, rng, (x, y, x + wide, y + high), height)
            return


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _pick(rng: np.random.Generator, things: Sequence[Taught]) -> Taught:
    return things[int(rng.integers(len(things)))]


def _photo(
    canvas: Canvas, material: Material, tile: tuple[int, int, int, int], size: float, rng: np.random.Generator
) -> None:
    """Fill a tile with a photo in which one face has about this size, over others of the same scale."""
    photo = _pick(rng, material.photos)
    for _ in range(6):
        if not len(photo.boxes):
            return
        face = photo.boxes[int(rng.integers(len(photo.boxes)))]
        width = float(np.sqrt((face[2:] - face[:2]).prod()))
        scale = float(np.clip(size / width, 0.06, 2.2))
        middle = (face[:2] + face[2:]) / 2 * scale
        x1, y1, x2, y2 = tile
        # Anywhere in the tile, but mostly where the photo leaves no grey.
        wanted = np.array([rng.uniform(x1, x2), rng.uniform(y1, y2)])
        corner = wanted - middle
        extent = np.array(photo.image.shape[1::-1]) * scale
        if rng.random() < 0.8:
            low, high = np.minimum((x2, y2) - extent, (x1, y1)), np.maximum((x2, y2) - extent, (x1, y1))
            corner = corner.clip(low, high)
        paint_photo(canvas, photo, scale, (float(corner[0]), float(corner[1])), tile)
        # A photo made small leaves room beside it: go on there.
        x1, y1, x2, y2 = _rest(tile, corner, extent)
        if min(x2 - x1, y2 - y1) < 24:
            return
        tile, photo, size = (x1, y1, x2, y2), _pick(rng, material.photos), size * float(rng.uniform(0.7, 1.4))


def _rest(tile: tuple[int, int, int, int], corner: np.ndarray, extent: np.ndarray) -> tuple[int, int, int, int]:
    """Return the largest part of a tile beside what was painted."""
    x1, y1, x2, y2 = tile
    left, top = np.round(corner).astype(int)
    right, bottom = np.round(corner + extent).astype(int)
    parts = [(x1, y1, left, y2), (right, y1, x2, y2), (x1, y1, x2, top), (x1, bottom, x2, y2)]
    best = max(parts, key=lambda part: max(part[2] - part[0], 0) * max(part[3] - part[1], 0))
    return tuple(int(value) for value in best)


def _mosaic(canvas: Canvas, material: Material, rng: np.random.Generator) -> None:
    """Fill the canvas with 4 to 9 photos whose faces are small."""
    parts = int(rng.integers(2, 4))
    rows, cols = (np.concatenate([[0], np.sort(rng.uniform(0.7, 1.3, parts)).cumsum()]) for _ in range(2))
    rows, cols = ((line / line[-1] * canvas.side).astype(int) for line in (rows, cols))
    for row in range(parts):
        for col in range(parts):
            tile = (int(cols[col]), int(rows[row]), int(cols[col + 1]), int(rows[row + 1]))
            if rng.random() < 0.12 and material.rooms:
                room = _pick(rng, material.rooms)
                paint_photo(canvas, room, float(rng.uniform(0.3, 1)), tile[:2], tile)
            else:
                _photo(canvas, material, tile, _log_uniform(rng, 7, 70), rng)


def _background(canvas: Canvas, material: Material, rng: np.random.Generator) -> None:
    """Fill the canvas with a room or, now and then, with a photo of people."""
    things = material.photos if material.photos and rng.random() < 0.35 else material.rooms or material.photos
    thing = _pick(rng, things)
    height, width = thing.image.shape[:2]
    fitting = canvas.side / min(height, width)
    scale = fitting * float(rng.uniform(1, 1.8)) if rng.random() < 0.8 else float(rng.uniform(0.4, 1))
    room = np.array([width, height]) * scale - canvas.side
    corner = -rng.random(2) * room
    paint_photo(canvas, thing, scale, (float(corner[0]), float(corner[1])), (0, 0, canvas.side, canvas.side))


def _crowd(canvas: Canvas, material: Material, rng: np.random.Generator) -> None:
    """Paste a few faces of any size, or many of about the same."""
    if rng.random() < 0.45:
        for _ in range(rng.integers(1, 7)):
            _face(canvas, material, _log_uniform(rng, 8, 230), rng)
        return
    size = _log_uniform(rng, 7.5, 40)
    # Farther rows are smaller and higher up; nearer ones cover them.
    rows = int(rng.integers(1, 6))
    top = rng.uniform(0.05, 0.6) * canvas.side
    places = []
    for row in range(rows):
        grown = size * (1 + 0.18 * row)
        step = grown * rng.uniform(1.1, 3.5)
        count = min(int(canvas.side / step) + 1, 14)
        for index in range(count):
            x = (index + rng.uniform(0, 0.8)) * step
            places.append((x, top + rng.normal(0, 0.25) * grown, grown * float(np.exp(rng.normal(0, 0.12)))))
        top += grown * rng.uniform(1.2, 2.6)
    for x, y, grown in places[:45]:
        if 0 <= x < canvas.side and 0 <= y < canvas.side:
            _face(canvas, material, grown, rng, (float(x), float(y)))


def _face(
    canvas: Canvas,
    material: Material,
    size: float,
    rng: np.random.Generator,
    middle: tuple[float, float] | None = None,
) -> None:
    face = _pick(rng, material.faces)
    middle = middle or (float(rng.uniform(0, canvas.side)), float(rng.uniform(0, canvas.side)))
    kind = rng.random()
    image = face.image
    if kind < 0.25:
        image = disguise.wear_mask(rng, face)
    elif kind < 0.35:
        image = disguise.wear_glasses(rng, face)
    elif kind < 0.45:
        image = disguise.hold_before(rng, face, _patch(rng, material))
    if rng.random() < 0.45:
        pasting.paint_body(canvas, size, middle, _patch(rng, material), rng)
    pasting.paste_face(canvas, face, image, size, middle, rng)
    if rng.random() < 0.08:  # on the cap, or below on the coat
        across, down = rng.normal(0, 0.15), rng.choice([rng.uniform(-1.0, -0.7), rng.uniform(1.1, 1.8)])
        place = (middle[0] + float(across) * size, middle[1] + float(down) * size)
        pasting.paste_thing(canvas, disguise.emblem(rng), size * float(rng.uniform(0.2, 0.45)), place, rng)


def _decoy(canvas: Canvas, material: Material, size: float, rng: np.random.Generator) -> None:
    middle = (float(rng.uniform(0, canvas.side)), float(rng.uniform(0, canvas.side)))
    kind = rng.random()
    if kind < 0.2:
        thing = _patch(rng, material)
    elif kind < 0.4 and material.faces:
        thing = disguise.scrambled(rng, _pick(rng, material.faces).image)
    elif kind < 0.47:
        thing = disguise.mirrored_noise(rng)
    elif kind < 0.55:
        thing = disguise.emblem(rng)
    elif kind < 0.63:
        thing = disguise.round_thing(rng)
    elif kind < 0.75:
        thing = things.letter(rng)
    elif kind < 0.87:
        thing = things.dial(rng)
    elif kind < 0.95:
        thing = things.display(rng)
    else:  # skin and hair without features
        thing = np.full((48, 48, 3), rng.uniform(40, 230) * np.array([1.0, 0.8, 0.68]), np.uint8)
    if rng.random() < 0.4:
        pasting.paint_body(canvas, size, middle, _patch(rng, material), rng)
    pasting.paste_thing(canvas, thing, size, middle, rng)


def _patch(rng: np.random.Generator, material: Material) -> UInt8:
    """Return a piece of a room, or of a photo where it shows no face; of one tone where there is none."""
    for _ in range(5 if material.rooms or material.photos else 0):
        photo = _pick(
            rng, material.rooms if material.rooms and rng.random() < 0.6 else material.photos or material.rooms
        )
        height, width = photo.image.shape[:2]
        side = int(min(height, width, rng.integers(24, 140)))
        x, y = int(rng.integers(width - side + 1)), int(rng.integers(height - side + 1))
        around = np.concatenate([photo.boxes, photo.ignored])
        apart = (around[:, 0] > x + side) | (around[:, 2] < x) | (around[:, 1] > y + side) | (around[:, 3] < y)
        if apart.all():
            return photo.image[y : y + side, x : x + side]
    return np.full((32, 32, 3), rng.uniform(0, 255, 3), np.uint8)
