"""What every face detector offers, and the look-up by name."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from facestats._util.pixels import halved
from facestats.errors import UnknownNameError
from facestats.models.cards import CARD_FILE
from facestats.options import DEFAULT_DETECT_SIZE, DEFAULT_MIN_SCORE
from facestats.types import Detections, Float32, ImageBatch, UInt8

#: No network sees more: features of a picture of 12,000 x 9,000 pixels would not fit into memory.
LARGEST_SIDE = 4096


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


def _resized(rgb: UInt8, size: tuple[int, int], halvings: int) -> UInt8:
    """Halve, then interpolate what is left to do: five times as fast as area averaging to any size."""
    if rgb.flags.c_contiguous:
        return cv2.resize(halved(rgb, halvings), size, interpolation=cv2.INTER_LINEAR)
    # A picture that lies in planes stays one.
    planes = (halved(np.ascontiguousarray(rgb[..., channel]), halvings) for channel in range(3))
    return np.stack([cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in planes]).transpose(1, 2, 0)


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
    height, width = images[0].shape[:2]
    planes = np.zeros((len(images), 3, height + -height % multiple, width + -width % multiple), np.float32)
    for target, image in zip(planes, images, strict=True):
        part = target[:, :height, :width]
        np.multiply(image.transpose(2, 0, 1), np.float32(1 / std), out=part)
        if mean:
            part -= np.float32(mean / std)
    return planes


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


def create_detector(
    name: str, *, detect_size: int = DEFAULT_DETECT_SIZE, min_score: float = DEFAULT_MIN_SCORE
) -> Detector:
    """Return a detector by name, or by the path of an ONNX file.

    Parameters
    ----------
    name : str
        ``"centerface"``, ``"fast"``, ``"yunet"`` (after ``facestats models pull yunet``), or the path of an ``.onnx``
        file: a YuNet, or what ``facestats train detector`` wrote.
    detect_size : int
        Longer side, in pixels, of what the detector sees; 0 for the frame's own size.
    min_score : float
        Boxes that are faces with a lower probability are dropped.

    Raises
    ------
    UnknownNameError
        If there is no such detector or file.
    ModelError
        If the file is not a model that a detector here can run, or has no card with its calibration beside it.

    Examples
    --------
    >>> create_detector("centerface").name
    'centerface'
    """
    from facestats.detect.card import DetectorCard, shipped_card
    from facestats.detect.centerface import CenterFace
    from facestats.detect.fast import FastFace, is_fast
    from facestats.detect.yunet import YuNet

    if name == "centerface":
        return CenterFace(
            detect_size=detect_size, min_score=min_score, calibration=shipped_card("centerface").calibration
        )
    path = detector_file(name)
    fast = name == "fast" or is_fast(path)
    card = DetectorCard.read(path.with_name(CARD_FILE)) if fast else shipped_card("yunet")
    backend = FastFace if fast else YuNet
    return backend(path, detect_size=detect_size, min_score=min_score, calibration=card.calibration)


def detector_identity(name: str) -> str:
    """Return a word that changes whenever a detector may find other faces: its name, and the hash of a file.

    Raises
    ------
    UnknownNameError, ModelError
        See :func:`create_detector`.

    Examples
    --------
    >>> detector_identity("centerface")
    'centerface'
    """
    from facestats._util.files import sha256_of

    if name == "centerface":  # its package has had one file only
        return name
    path = detector_file(name)
    return f"{name if name == 'fast' else path.stem}-{sha256_of(path)[:8]}"


def detector_file(name: str) -> Path:
    """Return the path of a detector's ONNX file.

    Raises
    ------
    UnknownNameError, ModelError
        See :func:`create_detector`.

    Examples
    --------
    >>> detector_file("centerface").name
    'centerface.onnx'
    """
    from facestats.detect.card import shipped_detector
    from facestats.detect.centerface import weights_path
    from facestats.models.downloads import pulled_file

    if name == "fast":
        return shipped_detector(name)[0]
    if name == "centerface":
        return weights_path()
    if name == "yunet":
        pulled = pulled_file(name)
        if pulled is None:
            raise UnknownNameError("the yunet detector is not on this machine: run `facestats models pull yunet` once")
        return pulled
    if not name.lower().endswith(".onnx"):
        raise UnknownNameError(f"unknown detector {name!r}: use fast, centerface, yunet or the path of an .onnx file")
    if not Path(name).is_file():
        raise UnknownNameError(f"no detector file at {name}: give the path of an .onnx file")
    return Path(name)
