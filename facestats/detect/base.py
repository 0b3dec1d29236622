"""What every face detector offers, and what several of them need: smaller pictures, planes, overlaps."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import cv2
import numpy as np

from facestats._util.pixels import halved
from facestats.models.detectors import Calibration
from facestats.models.devices import batch_size
from facestats.options import DEFAULT_DETECT_SIZE, DEFAULT_MIN_SCORE
from facestats.types import Detections, Float32, ImageBatch, UInt8

#: No network sees more: features of a picture of 12,000 x 9,000 pixels would not fit into memory.
LARGEST_SIDE = 4096

#: Pictures that a card takes at once at most, and the memory of one on its way through a network, in bytes.
_MOST_PICTURES, _BYTES_EACH_PIXEL = 32, 200


class Detector(Protocol):
    """Finds faces in a batch of frames."""

    name: str

    def detect(self, images: ImageBatch) -> list[Detections]:
        """Return the faces of each image.

        Parameters
        ----------
        images : sequence of numpy.ndarray
            uint8 (H, W, 3), RGB, of any size.

        Returns
        -------
        list of Detections
            One per image, best score first, in pixels of that image.
        """
        ...


@dataclass(kw_only=True, eq=False)
class ShrinkingDetector(Detector):
    """A detector that sees each picture shrunk, and gives faces in pixels of the picture as it came.

    Parameters
    ----------
    detect_size : int
        Longer side, in pixels, of what the network sees; 0 for the frame's own size.
    min_score : float
        Boxes that are faces with a lower probability are dropped.
    calibration : Calibration
        Of the network's scores.
    device : str
        ``"cpu"`` or ``"cuda"``.

    Attributes
    ----------
    batch : int
        So many pictures of one size are best given at once.

    Raises
    ------
    ModelError
        If the detector's file is absent, cannot be run, or holds another network.
    DeviceError
        If the device is not here, or the detector cannot use it.
    """

    #: Overlap (intersection over union) above which the weaker of two boxes is dropped.
    iou = 0.3

    detect_size: int = DEFAULT_DETECT_SIZE
    min_score: float = DEFAULT_MIN_SCORE
    calibration: Calibration = Calibration()  # noqa: RUF009  (frozen)
    device: str = "cpu"

    @cached_property
    def batch(self) -> int:
        """So many pictures of one size are best given at once."""
        side = self.detect_size or LARGEST_SIDE
        return batch_size(self.device, _BYTES_EACH_PIXEL * side * side * 9 // 16, _MOST_PICTURES)

    def detect(self, images: ImageBatch) -> list[Detections]:
        """Return the faces of each image; see :class:`Detector`."""
        return self._detected(images, self.detect_shrunken)

    def _detected(self, images: ImageBatch, detect: Callable[[ImageBatch], list[Detections]]) -> list[Detections]:
        shrunken = [shrink_to(image, self.detect_size) for image in images]
        found = detect([small for small, _ in shrunken])
        return [
            to_original(faces, scale, image.shape)
            for faces, (_, scale), image in zip(found, shrunken, images, strict=True)
        ]

    @abstractmethod
    def detect_shrunken(self, images: ImageBatch) -> list[Detections]:
        """Return the faces of shrunken pictures, uint8 (h, w, 3), best score first, in pixels of these."""


def in_batches(images: ImageBatch, most: int, detect: Callable[[list[UInt8]], list[Detections]]) -> list[Detections]:
    """Return the faces of each image, where ``detect`` takes pictures of one size, at most so many.

    Examples
    --------
    >>> sizes = [(4, 4, 3), (8, 8, 3), (4, 4, 3)]
    >>> in_batches([np.zeros(size, np.uint8) for size in sizes], 2, lambda alike: [len(alike)] * len(alike))
    [2, 1, 2]
    """
    alike: dict[tuple[int, ...], list[int]] = {}
    for index, image in enumerate(images):
        alike.setdefault(image.shape, []).append(index)
    found: list[Detections] = [Detections.empty()] * len(images)
    for indices in alike.values():
        for start in range(0, len(indices), most):
            batch = indices[start : start + most]
            for index, faces in zip(batch, detect([images[index] for index in batch]), strict=True):
                found[index] = faces
    return found


def follows_with(detector: Detector) -> Callable[[ImageBatch], list[Detections]]:
    """Return what a detector finds faces with between two searches: its ``follow``, or ``detect`` if it has none.

    A detector with a quicker way that is as good for faces of some size may offer it so.

    Examples
    --------
    >>> from facestats.detect import create_detector
    >>> detector = create_detector("fast")
    >>> follows_with(detector) == detector.detect
    True
    """
    follow: Callable[[ImageBatch], list[Detections]] = getattr(detector, "follow", detector.detect)
    return follow


def shrink_to(rgb: UInt8, longer_side: int) -> tuple[UInt8, float]:
    """Shrink a picture until its longer side fits; never enlarge it.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8 (H, W, 3).
    longer_side : int
        Pixels; 0 keeps the picture as it is, up to :data:`LARGEST_SIDE`.

    Returns
    -------
    image : numpy.ndarray
        uint8 (h, w, 3).
    scale : float
        ``w / W``: divide coordinates by it to return to the original.

    Examples
    --------
    >>> small, scale = shrink_to(np.zeros((100, 200, 3), np.uint8), 50)
    >>> small.shape, scale
    ((25, 50, 3), 0.25)
    """
    height, width = rgb.shape[:2]
    longer_side = min(longer_side or LARGEST_SIDE, LARGEST_SIDE)
    if max(height, width) <= longer_side:
        return rgb, 1.0
    scale = longer_side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return _resized(rgb, size, int(-np.log2(scale))), scale


def to_original(found: Detections, scale: float, shape: tuple[int, ...]) -> Detections:
    """Return faces of a shrunken picture in pixels of the picture as it came, cut at its edges.

    Parameters
    ----------
    found : Detections
    scale : float
        See :func:`shrink_to`.
    shape : tuple of int
        Height and width of the picture as it came.

    Examples
    --------
    >>> boxes, points = np.array([[-1, 5, 10, 30]], np.float32), np.zeros((1, 5, 2), np.float32)
    >>> to_original(Detections(boxes, np.ones(1, np.float32), points), 0.5, (50, 100)).boxes.tolist()
    [[0.0, 10.0, 20.0, 50.0]]
    """
    boxes = found.boxes / np.float32(scale)
    boxes[:, 0::2] = boxes[:, 0::2].clip(0, shape[1])
    boxes[:, 1::2] = boxes[:, 1::2].clip(0, shape[0])
    clipped = Detections(boxes, found.scores, found.landmarks / np.float32(scale))
    return clipped[clipped.sizes >= 1]


def _resized(rgb: UInt8, size: tuple[int, int], halvings: int) -> UInt8:
    """Halve, then interpolate what is left to do: five times as fast as area averaging to any size."""
    if rgb.flags.c_contiguous:
        return np.asarray(cv2.resize(halved(rgb, halvings), size, interpolation=cv2.INTER_LINEAR), np.uint8)
    # A picture that lies in planes stays one.
    planes = (halved(np.ascontiguousarray(rgb[..., channel]), halvings) for channel in range(3))
    smaller = [np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR), np.uint8) for plane in planes]
    return np.stack(smaller).transpose(1, 2, 0)


def network_planes(images: ImageBatch, *, mean: float = 0.0, std: float = 1.0, multiple: int = 32) -> Float32:
    """Return pictures of one size as networks take them, filled up with 0 at the right and bottom.

    Twenty times as fast as OpenCV 5's ``blobFromImages`` on pictures that lie in planes, nearly seven times on others.

    Parameters
    ----------
    images : sequence of numpy.ndarray
        N of uint8 (H, W, 3).
    mean, std : float
        Pixels become ``(pixel - mean) / std``.
    multiple : int
        Of which both sides of the result are.

    Returns
    -------
    numpy.ndarray
        float32 (N, 3, H', W').

    Examples
    --------
    >>> network_planes([np.full((33, 64, 3), 9, np.uint8)], mean=1, std=2).shape
    (1, 3, 64, 64)
    """
    planes, parts = _empty_planes(images, multiple, np.float32)
    for part, image in zip(parts, images, strict=True):
        np.multiply(image.transpose(2, 0, 1), np.float32(1 / std), out=part)
        if mean:
            part -= np.float32(mean / std)
    return planes


def byte_planes(images: ImageBatch, *, multiple: int = 32) -> UInt8:
    """Return pictures of one size as networks of bytes take them, filled up with 0 at the right and bottom.

    Parameters
    ----------
    images : sequence of numpy.ndarray
        N of uint8 (H, W, 3).
    multiple : int
        Of which both sides of the result are.

    Returns
    -------
    numpy.ndarray
        uint8 (N, 3, H', W').

    Examples
    --------
    >>> byte_planes([np.full((33, 64, 3), 9, np.uint8)]).shape
    (1, 3, 64, 64)
    """
    planes, parts = _empty_planes(images, multiple, np.uint8)
    for part, image in zip(parts, images, strict=True):
        part[:] = image.transpose(2, 0, 1)
    return planes


def _empty_planes(images: ImageBatch, multiple: int, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return zeros (N, 3, H', W') for pictures of one size, and the part that these take (N, 3, H, W)."""
    height, width = images[0].shape[:2]
    planes = np.zeros((len(images), 3, height + -height % multiple, width + -width % multiple), dtype)
    return planes, planes[:, :, :height, :width]


def suppress(boxes: np.ndarray, scores: np.ndarray, iou: float) -> np.ndarray:
    """Return the indices that greedy non-maximum suppression keeps, best score first.

    Examples
    --------
    >>> suppress(np.array([[0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10]]), np.array([0.5, 0.9, 0.7]), 0.3).tolist()
    [1, 2]
    """
    if len(boxes) == 0:
        return np.zeros(0, np.int64)
    sides = np.column_stack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]]).astype(np.float64)
    kept = cv2.dnn.NMSBoxes(sides.tolist(), scores.astype(np.float64).tolist(), score_threshold=0.0, nms_threshold=iou)
    return np.asarray(kept, np.int64).reshape(-1)


def box_overlaps(a: Float32, b: Float32) -> Float32:
    """Return the intersection over union of every box of ``a`` with every box of ``b``, float32 (N, M).

    Examples
    --------
    >>> box_overlaps(np.array([[0, 0, 2, 2]], np.float32), np.array([[1, 0, 3, 2], [5, 5, 6, 6]], np.float32)).round(2)
    array([[0.33, 0.  ]], dtype=float32)
    """
    corner = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    shared = corner.clip(0).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (a, b)]
    return shared / (areas[0][:, None] + areas[1][None] - shared)
