"""What every face detector offers, and the look-up by name."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from facestats.errors import UnknownNameError
from facestats.options import DEFAULT_DETECT_SIZE, DEFAULT_MIN_SCORE
from facestats.types import Detections, ImageBatch, UInt8


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
        Pixels; 0 keeps the picture as it is.

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
    if not longer_side or max(height, width) <= longer_side:
        return rgb, 1.0
    scale = longer_side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), scale


def pad_to_multiple(rgb: UInt8, multiple: int = 32) -> UInt8:
    """Pad right and bottom with black until both sides are multiples of ``multiple``.

    Examples
    --------
    >>> pad_to_multiple(np.zeros((33, 64, 3), np.uint8)).shape
    (64, 64, 3)
    """
    height, width = rgb.shape[:2]
    return cv2.copyMakeBorder(rgb, 0, -height % multiple, 0, -width % multiple, cv2.BORDER_CONSTANT, value=(0, 0, 0))


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


def create_detector(
    name: str, *, detect_size: int = DEFAULT_DETECT_SIZE, min_score: float = DEFAULT_MIN_SCORE
) -> Detector:
    """Return a detector by name, or by the path of a YuNet ONNX file.

    Parameters
    ----------
    name : str
        ``"centerface"``, ``"yunet"`` (after ``facestats models pull yunet``) or the path of a YuNet ``.onnx`` file.
    detect_size : int
        Longer side, in pixels, of what the detector sees; 0 for the frame's own size.
    min_score : float
        Boxes below this score are dropped.

    Raises
    ------
    UnknownNameError
        If there is no such detector or file.
    ModelError
        If the file is not a model that this detector can run.

    Examples
    --------
    >>> create_detector("centerface").name
    'centerface'
    """
    from facestats.detect.centerface import CenterFace
    from facestats.detect.yunet import YuNet

    if name == "centerface":
        return CenterFace(detect_size=detect_size, min_score=min_score)
    if name == "yunet" or name.lower().endswith(".onnx"):
        from facestats.models import pulled_file

        path = pulled_file("yunet") if name == "yunet" else Path(name)
        if path is None:
            raise UnknownNameError("the yunet detector is not on this machine: run `facestats models pull yunet` once")
        if not path.is_file():
            raise UnknownNameError(f"no detector file at {path}: give the path of a YuNet .onnx file")
        return YuNet(path, detect_size=detect_size, min_score=min_score)
    raise UnknownNameError(f"unknown detector {name!r}: use centerface, yunet or the path of a YuNet .onnx file")
