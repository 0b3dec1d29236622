"""Where to look between two searches: at the whole picture, or coarsely at it and finely at where faces are.

The whole picture is needed as fine as its smallest face needs it, although that face fills little of it. So it is
shrunk as far as allowed, and the faces that are too small then are looked at in pieces that hold them, with as much
around them as a face is large: whoever is in both searches is found in between, and whoever is in one of them, around
there. What moves on from where one search saw it to where only the other did is looked at all the way.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from facestats.detect.base import box_overlaps, shrink_to, suppress
from facestats.types import Detections, Float32, ImageBatch, UInt8

#: No coarser than this share of the finest picture, so that whoever comes and goes between two searches is not missed.
COARSEST = 1 / 4

_STEP = 32  # networks fill pictures up to multiples of this
_AROUND = 1.0  # of a face's longer side, on each side of it
_FINER = 1.5  # than the whole picture would be: pieces are small, and coarse ones show things that are no faces
_ALIKE = 2.0  # faces no more times as large as others share a piece with them
_MOST_FACES = 16  # more fill the picture
_EDGE_PX = 1.0  # a box so near to where a piece was cut goes on behind it

#: Intersection over union from which two boxes are of one face.
OVERLAP = 0.3


@dataclass(frozen=True)
class Region:
    """A part of a picture, and how long its longer side shall be once it is shrunk.

    Attributes
    ----------
    x0, y0, x1, y1 : int
        Pixels of the finest picture.
    side : int
        Pixels.
    """

    x0: int
    y0: int
    x1: int
    y1: int
    side: int

    @property
    def pixels(self) -> int:
        """How many pixels a network sees of it."""
        width, height = self.x1 - self.x0, self.y1 - self.y0
        scale = min(1.0, self.side / max(width, height))
        return math.prod(math.ceil(round(length * scale) / _STEP) * _STEP for length in (width, height))

    def cut(self, finest: UInt8) -> UInt8:
        """Return the part of a picture, uint8 (H, W, 3), shrunk."""
        return shrink_to(finest[self.y0 : self.y1, self.x0 : self.x1], self.side)[0]


def whole(size: tuple[int, int], smallest_px: float, follow_px: float) -> Region:
    """Return the whole picture, as fine as a face needs it.

    Parameters
    ----------
    size : tuple of int
        Width and height of the finest picture.
    smallest_px : float
        Shorter side of the smallest face, in pixels of it.
    follow_px : float
        What this has to be at least.

    Examples
    --------
    >>> whole((640, 360), 64.0, 32.0).side
    320
    """
    finest = max(size)
    needed = max(finest * follow_px / max(smallest_px, 1e-6), finest * COARSEST)
    return Region(0, 0, *size, min(finest, math.ceil(needed / _STEP) * _STEP))


def somebody_moves(searches: Sequence[Float32]) -> bool:
    """Say whether somebody came, went, or moved on by more than the size of the face from one search to another.

    Then others may come and go in between, and small and blurred faces are seen by the full search alone.

    Parameters
    ----------
    searches : sequence of numpy.ndarray
        float32 (N, 4) each: boxes.

    Examples
    --------
    >>> here = np.array([[100, 100, 140, 140]], np.float32)
    >>> somebody_moves([here, here + 30]), somebody_moves([here, here + 200]), somebody_moves([here, here[:0]])
    (False, True, True)
    """
    boxes = np.concatenate([np.zeros((0, 4), np.float32), *searches]).astype(np.float64)
    search = np.repeat(np.arange(len(searches)), [len(each) for each in searches])
    return any(
        len(set(np.bincount(search[list(hull.faces)], minlength=len(searches)).tolist())) > 1
        for hull in _surroundings(boxes)
    )


def regions_for(
    searches: Sequence[Float32], size: tuple[int, int], follow_px: float, *, call_px: int | None
) -> list[Region]:
    """Return what to look at between searches: the whole picture, or coarsely at it and then at pieces of it.

    Parameters
    ----------
    searches : sequence of numpy.ndarray
        float32 (N, 4) each: the boxes that the searches before and after found, in pixels of the finest picture. Where
        there is one only, as in what is live, nobody knows where its faces go: then it is the whole picture.
    size : tuple of int
        Width and height of the finest picture.
    follow_px : float
        Least pixels of a face's shorter side.
    call_px : int or None
        A further picture takes a detector as long as so many pixels more; None if it always wants the whole picture.

    Examples
    --------
    >>> face = np.array([[100, 100, 140, 140]], np.float32)
    >>> regions_for([face, face], (640, 360), 32, call_px=8000)
    [Region(x0=0, y0=0, x1=640, y1=360, side=160), Region(x0=32, y0=32, x1=192, y1=192, side=160)]
    >>> len(regions_for([face, face], (640, 360), 32, call_px=None))
    1
    """
    boxes = np.concatenate([np.zeros((0, 4), np.float32), *searches]).astype(np.float64)
    sizes = (boxes[:, 2:] - boxes[:, :2]).min(axis=1)
    everything = whole(size, sizes.min(initial=math.inf), follow_px)
    coarsely = whole(size, math.inf, follow_px)
    if call_px is None or len(searches) < 2 or everything.side <= coarsely.side:
        return [everything]
    search = np.repeat(np.arange(len(searches)), [len(each) for each in searches])
    small = sizes * coarsely.side < follow_px * max(size)
    if small.sum() > _MOST_FACES * len(searches):
        return [everything]
    pieces = [
        _piece(hull.box, hull.smallest_px, size, follow_px)
        for hull in _hulls(boxes[small], search[small], len(searches))
    ]
    return [coarsely, *pieces] if _cost([coarsely, *pieces], call_px) < _cost([everything], call_px) else [everything]


def _cost(regions: Sequence[Region], call_px: int) -> int:
    return sum(region.pixels + call_px for region in regions)


@dataclass(frozen=True, eq=False)  # compared by identity: it holds an array
class _Hull:
    """Faces with what is around them: the place, float64 (4,), which they are, and how small the smallest is."""

    box: np.ndarray
    faces: tuple[int, ...]
    smallest_px: float

    def meets(self, other: _Hull) -> bool:
        """Say whether both overlap, and one scale is right for both."""
        is_alike = max(self.smallest_px, other.smallest_px) <= _ALIKE * min(self.smallest_px, other.smallest_px)
        return is_alike and bool(
            (np.maximum(self.box[:2], other.box[:2]) < np.minimum(self.box[2:], other.box[2:])).all()
        )


def _hulls(boxes: np.ndarray, search: np.ndarray, n_searches: int) -> list[_Hull]:
    """Return places that hold all faces with what is around them."""
    hulls = _surroundings(boxes)
    # Whom one search alone knows may be whom the other alone knows, and has moved.
    lone = [hull for hull in hulls if len({*search[list(hull.faces)].tolist()}) < n_searches]
    if len({int(search[hull.faces[0]]) for hull in lone}) > 1:
        hulls = _apart([*(hull for hull in hulls if hull not in lone), _together(lone)])
    return hulls


def _surroundings(boxes: np.ndarray) -> list[_Hull]:
    sides = boxes[:, 2:] - boxes[:, :2]
    around = sides.max(axis=1, keepdims=True) * _AROUND
    wide = np.hstack([boxes[:, :2] - around, boxes[:, 2:] + around])
    return _apart(_Hull(box, (face,), float(sides[face].min())) for face, box in enumerate(wide))


def _apart(hulls: Iterable[_Hull]) -> list[_Hull]:
    """Put together what meets, until nothing does."""
    apart: list[_Hull] = []
    for hull in hulls:
        while near := [other for other in apart if other.meets(hull)]:
            apart = [other for other in apart if other not in near]
            hull = _together([*near, hull])
        apart.append(hull)
    return apart


def _together(hulls: Sequence[_Hull]) -> _Hull:
    boxes = np.array([hull.box for hull in hulls])
    box = np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])
    smallest_px = min(hull.smallest_px for hull in hulls)
    return _Hull(box, tuple(face for hull in hulls for face in hull.faces), smallest_px)


def _piece(hull: np.ndarray, smallest_px: float, size: tuple[int, int], follow_px: float) -> Region:
    """Return the piece of a picture that holds a hull, as fine as the smallest face in it needs, in whole steps."""
    scale = min(1.0, _FINER * follow_px / max(smallest_px, 1e-6))
    step, edge = _STEP / scale, np.array(size)
    # On the grid of the network, so that it sees there what it would see in the whole picture; and in two steps at
    # least, or there is nothing around a small face.
    first = np.floor(np.clip(hull[:2], 0, edge) / step)
    last = np.maximum(np.ceil(np.clip(hull[2:], 0, edge) / step), first + 2)
    last = np.minimum(last, np.ceil(edge / step))
    first = np.maximum(np.minimum(first, last - 2), 0)
    x0, y0 = np.round(first * step).astype(int).tolist()
    x1, y1 = np.minimum(np.round(last * step), edge).astype(int).tolist()
    return Region(x0, y0, x1, y1, round(max(x1 - x0, y1 - y0) * scale))


def look_at(
    regions: Sequence[Region], pictures: Sequence[UInt8], detect: Callable[[ImageBatch], list[Detections]]
) -> list[Detections]:
    """Return the faces of pictures of one size, in pixels of these, where a detector looks at regions of them.

    Examples
    --------
    >>> everything = whole((64, 48), 32.0, 32.0)
    >>> found = look_at([everything], [np.zeros((48, 64, 3), np.uint8)], lambda shown: [Detections.empty()])
    >>> len(found), len(found[0])
    (1, 0)
    """
    shrunken = [region.cut(picture) for picture in pictures for region in regions]
    found = [
        faces.stretched((region.x1 - region.x0) / piece.shape[1], (region.y1 - region.y0) / piece.shape[0])
        for faces, piece, region in zip(detect(shrunken), shrunken, itertools.cycle(regions), strict=False)
    ]
    n = len(regions)
    return [
        put_together(found[place * n : place * n + n], regions, (picture.shape[1], picture.shape[0]))
        for place, picture in enumerate(pictures)
    ]


def put_together(found: Sequence[Detections], regions: Sequence[Region], size: tuple[int, int]) -> Detections:
    """Return the faces of a picture, those of pieces before those that the whole picture shows coarsely.

    Faces that a piece cuts are left to the others.

    Parameters
    ----------
    found : sequence of Detections
        Of each region, in pixels of it as it was before it was shrunk.
    regions : sequence of Region
        The whole picture first.
    size : tuple of int
        Width and height of the finest picture.

    Returns
    -------
    Detections
        In pixels of the finest picture, best score first.

    Examples
    --------
    >>> put_together([Detections.empty()], [whole((640, 360), 64.0, 32.0)], (640, 360)).boxes.shape
    (0, 4)
    """
    if len(regions) == 1:
        return found[0]
    parts = [_uncut(faces, region, size) for faces, region in zip(found[1:], regions[1:], strict=True)]
    fine = _joined(parts)
    coarse = found[0][box_overlaps(found[0].boxes, fine.boxes).max(axis=1, initial=0) < OVERLAP]
    all_ = _joined([fine, coarse])
    return all_[suppress(all_.boxes, all_.scores, OVERLAP)]


def _uncut(found: Detections, region: Region, size: tuple[int, int]) -> Detections:
    """Return the faces of a piece that it does not cut, in pixels of the whole picture."""
    begin, end = np.array([region.x0, region.y0]), np.array([region.x1, region.y1])
    is_cut = ((found.boxes[:, :2] < _EDGE_PX) & (begin > 0)).any(axis=1)
    is_cut |= ((found.boxes[:, 2:] > end - begin - _EDGE_PX) & (end < size)).any(axis=1)
    kept, moved = found[np.flatnonzero(~is_cut)], begin.astype(np.float32)
    return Detections(kept.boxes + np.tile(moved, 2), kept.scores, kept.landmarks + moved)


def _joined(parts: Sequence[Detections]) -> Detections:
    columns = ("boxes", "scores", "landmarks")
    return Detections(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))
