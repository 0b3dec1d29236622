"""A canvas on which training pictures are put together, and what happens to the faces on it meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from facestats.training.detector.targets import Scene
from facestats.training.detector.teachers import mirror
from facestats.training.detector.teaching import Taught
from facestats.types import Float32, UInt8

#: Faces with a shorter side, in pixels, are neither face nor background: too little of them is left.
LEAST_FACE = 6.0

#: A face of which less than this share can be seen is neither face nor background.
LEAST_VISIBLE = 0.4


@dataclass
class Canvas:
    """A picture in the making: pixels, faces, and regions that are neither face nor background.

    Attributes
    ----------
    image : numpy.ndarray
        uint8 (S, S, 3), RGB; painted on in place.
    boxes : numpy.ndarray
        float32 (N, 4): ``x1, y1, x2, y2``.
    landmarks : numpy.ndarray
        float32 (N, 5, 2), NaN where unknown.
    ignored : numpy.ndarray
        float32 (M, 4).

    Examples
    --------
    >>> len(Canvas.blank(64).boxes)
    0
    """

    image: UInt8 = field(repr=False)
    boxes: Float32
    landmarks: Float32
    ignored: Float32

    @classmethod
    def blank(cls, side: int, grey: int = 127) -> Canvas:
        """Return a grey square without faces."""
        none = np.zeros((0, 4), np.float32)
        return cls(np.full((side, side, 3), grey, np.uint8), none, np.zeros((0, 5, 2), np.float32), none)

    @property
    def side(self) -> int:
        """Pixels of each side."""
        return self.image.shape[0]

    def add(self, boxes: Float32, landmarks: Float32, ignored: Float32, region: tuple[int, int, int, int]) -> None:
        """Add faces of a picture of which ``region`` (``x1, y1, x2, y2``) was painted; the rest of it is not there."""
        self.boxes = np.concatenate([self.boxes, boxes])
        self.landmarks = np.concatenate([self.landmarks, landmarks])
        self.ignored = np.concatenate([self.ignored, _clip(ignored, region)])
        self._crop(region, slice(len(self.boxes) - len(boxes), None))

    def _crop(self, region: tuple[int, int, int, int], which: slice) -> None:
        """Cut the chosen faces at a region's edge; those of which too little is left are ignored."""
        boxes = self.boxes[which]
        clipped = _clip(boxes, region)
        sides = clipped[:, 2:] - clipped[:, :2]
        share = sides.prod(axis=1) / np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), 1e-6)
        self.boxes[which] = clipped
        kept = np.ones(len(self.boxes), bool)
        kept[which] = (share >= LEAST_VISIBLE) & (sides.min(axis=1, initial=np.inf) >= LEAST_FACE)
        gone = self.boxes[~kept]
        self.ignored = np.concatenate([self.ignored, gone[(gone[:, 2:] - gone[:, :2]).min(axis=1, initial=9) > 0]])
        self.boxes, self.landmarks = self.boxes[kept], self.landmarks[kept]

    def cover(self, region: tuple[float, float, float, float]) -> float:
        """Return the largest share of any face, or of any ignored region, that a region covers."""
        around = np.concatenate([self.boxes, self.ignored])
        if not len(around):
            return 0.0
        shared = _clip(around, region)
        areas = (around[:, 2:] - around[:, :2]).prod(axis=1)
        return float(((shared[:, 2:] - shared[:, :2]).clip(0).prod(axis=1) / np.maximum(areas, 1e-6)).max())

    def turn(self, degrees: float, scale: float) -> None:
        """Turn and scale everything about the middle; what comes in from outside repeats the border's mean."""
        middle = self.side / 2
        matrix = cv2.getRotationMatrix2D((middle, middle), degrees, scale)
        filling = self.image[::16, ::16].reshape(-1, 3).mean(axis=0).tolist()
        self.image = cv2.warpAffine(
            self.image, matrix, (self.side, self.side), flags=cv2.INTER_LINEAR, borderValue=filling
        )
        self.landmarks = (self.landmarks @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
        self.boxes, self.ignored = (_turn_boxes(boxes, matrix, scale) for boxes in (self.boxes, self.ignored))
        whole = (0, 0, self.side, self.side)
        self.ignored = _clip(self.ignored, whole)
        self._crop(whole, slice(None))

    def mirror(self) -> None:
        """Mirror everything."""
        self.image = np.ascontiguousarray(self.image[:, ::-1])
        self.boxes, self.landmarks = mirror(self.boxes, self.landmarks, self.side)
        self.ignored, _ = mirror(self.ignored, np.zeros((len(self.ignored), 5, 2), np.float32), self.side)

    def scene(self) -> Scene:
        """Return the faces as the loss wants them; landmarks outside the picture are unknown."""
        inside = ((self.landmarks >= 0) & (self.landmarks <= self.side)).all(axis=2, keepdims=True)
        landmarks = np.where(inside, self.landmarks, np.nan).astype(np.float32)
        ignored = self.ignored[(self.ignored[:, 2:] > self.ignored[:, :2]).all(axis=1)]
        return Scene(self.boxes, landmarks, ignored)


def _clip(boxes: Float32, region: tuple[float, float, float, float]) -> Float32:
    x1, y1, x2, y2 = region
    low, high = np.array([x1, y1, x1, y1], np.float32), np.array([x2, y2, x2, y2], np.float32)
    return boxes.clip(low, high).astype(np.float32)


def _turn_boxes(boxes: Float32, matrix: np.ndarray, scale: float) -> Float32:
    """Turn the centres of boxes; faces are about as wide as high, so that the boxes themselves stay upright."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2 @ matrix[:, :2].T + matrix[:, 2]
    half = (boxes[:, 2:] - boxes[:, :2]) / 2 * scale
    return np.concatenate([centres - half, centres + half], axis=1).astype(np.float32)


def paint_photo(
    canvas: Canvas, photo: Taught, scale: float, corner: tuple[float, float], tile: tuple[int, int, int, int]
) -> None:
    """Paint the part of a photo that falls into a tile of the canvas.

    Parameters
    ----------
    canvas : Canvas
    photo : Taught
    scale : float
        Canvas pixels for one pixel of the photo.
    corner : tuple of float
        Where the photo's upper left corner goes on the canvas.
    tile : tuple of int
        ``x1, y1, x2, y2`` on the canvas.

    Examples
    --------
    >>> none = np.zeros((0, 4), np.float32)
    >>> white = Taught(np.full((9, 9, 3), 255, np.uint8), none, np.zeros((0, 5, 2), np.float32), none)
    >>> canvas = Canvas.blank(64)
    >>> paint_photo(canvas, white, 2.0, (10, 10), (0, 0, 64, 64))
    >>> int((canvas.image == 255).all(axis=2).sum())
    324
    """
    height, width = photo.image.shape[:2]
    origin = np.array(corner)
    x1, y1 = (max(tile[i], round(origin[i])) for i in (0, 1))
    x2, y2 = (min(tile[2 + i], round(origin[i] + (width, height)[i] * scale)) for i in (0, 1))
    if x2 - x1 < 4 or y2 - y1 < 4:
        return
    left, top = (max(0, int((start - zero) / scale)) for start, zero in ((x1, origin[0]), (y1, origin[1])))
    right, bottom = (
        min(most, max(least + 1, round((end - zero) / scale)))
        for end, zero, most, least in ((x2, origin[0], width, left), (y2, origin[1], height, top))
    )
    piece = photo.image[top:bottom, left:right]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas.image[y1:y2, x1:x2] = cv2.resize(piece, (x2 - x1, y2 - y1), interpolation=how)
    # Both ends of the piece were rounded to whole pixels: what lies in it moves along.
    by = np.array([(x2 - x1) / (right - left), (y2 - y1) / (bottom - top)])
    shift = np.array([x1, y1]) - by * [left, top]
    boxes, landmarks, ignored = (
        (places * np.resize(by, places.shape[-1]) + np.resize(shift, places.shape[-1])).astype(np.float32)
        for places in (photo.boxes, photo.landmarks, photo.ignored)
    )
    canvas.add(boxes, landmarks, ignored, (x1, y1, x2, y2))
