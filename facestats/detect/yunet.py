"""YuNet (Wu et al., 2023, doi:10.1007/s11633-023-1423-y) through OpenCV's FaceDetectorYN.

Its weights are not bundled: give a file, or fetch them once with ``facestats models pull yunet``.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from facestats.detect.base import Detector, shrink_to
from facestats.errors import ModelError, UnknownNameError
from facestats.models.detectors import Calibration, shipped_card
from facestats.models.downloads import pulled_file
from facestats.options import DEFAULT_DETECT_SIZE, DEFAULT_MIN_SCORE
from facestats.types import Detections, ImageBatch, UInt8


def weights_path() -> Path:
    """Return the path of the file that ``facestats models pull yunet`` fetched.

    Raises
    ------
    UnknownNameError
        If it was not.
    """
    pulled = pulled_file("yunet")
    if pulled is None:
        raise UnknownNameError("the yunet detector is not on this machine: run `facestats models pull yunet` once")
    return pulled


def runs(path: Path) -> bool:
    """Return True: what no other detector runs must be a YuNet, and OpenCV says so if it is not."""
    return True


def create(path: Path, *, detect_size: int, min_score: float) -> Detector:
    """Return the detector, with the calibration of the card that ships with facestats."""
    return YuNet(path, detect_size=detect_size, min_score=min_score, calibration=shipped_card("yunet").calibration)


class YuNet:
    """Small face detector with five landmarks; see :class:`facestats.detect.base.Detector`.

    Parameters
    ----------
    path : pathlib.Path
        The ONNX file.
    detect_size : int
        Longer side, in pixels, of what the network sees; 0 for the frame's own size.
    min_score : float
        Boxes below this score are dropped.
    calibration : Calibration
        Of the scores.
    iou : float
        Overlap above which the weaker of two boxes is dropped.

    Raises
    ------
    ModelError
        If the file cannot be loaded, or is not a YuNet.

    Examples
    --------
    >>> YuNet(Path("yunet.onnx")).detect([frame])  # doctest: +SKIP
    """

    name = "yunet"

    def __init__(
        self,
        path: Path,
        *,
        detect_size: int = DEFAULT_DETECT_SIZE,
        min_score: float = DEFAULT_MIN_SCORE,
        calibration: Calibration = Calibration(),  # noqa: B008  (frozen)
        iou: float = 0.3,
    ) -> None:
        self.detect_size = detect_size
        self._calibration, least_score = calibration, calibration.score(min_score)
        # OpenCV 5 warns on stderr, once a network, that its new engine ignores the target it was itself asked for.
        level = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        try:
            self._net = cv2.FaceDetectorYN.create(str(path), "", (320, 320), least_score, iou, 5000)
            self._net.detect(np.zeros((320, 320, 3), np.uint8))
        except cv2.error:  # OpenCV's own words speak of its insides only
            raise ModelError(
                f"{path} is neither a YuNet nor a detector that `facestats train detector` wrote"
            ) from None
        finally:
            cv2.utils.logging.setLogLevel(level)

    def detect(self, images: ImageBatch) -> list[Detections]:
        """Return the faces of each RGB image, best score first; see :class:`facestats.detect.base.Detector`."""
        return [self._detect_one(image) for image in images]

    def _detect_one(self, rgb: UInt8) -> Detections:
        small, scale = shrink_to(rgb, self.detect_size)
        self._net.setInputSize((small.shape[1], small.shape[0]))
        # FaceDetectorYN takes BGR; this is the one place that knows.
        _, rows = self._net.detect(cv2.cvtColor(np.ascontiguousarray(small), cv2.COLOR_RGB2BGR))
        if rows is None:
            return Detections.empty()
        rows = rows[np.argsort(-rows[:, 14], kind="stable")].astype(np.float32)
        corners = np.column_stack([rows[:, :2], rows[:, :2] + rows[:, 2:4]]) / scale
        height, width = rgb.shape[:2]
        corners[:, 0::2] = corners[:, 0::2].clip(0, width)
        corners[:, 1::2] = corners[:, 1::2].clip(0, height)
        found = Detections(
            corners.astype(np.float32),
            self._calibration.probability(rows[:, 14].astype(np.float32)),
            (rows[:, 4:14].reshape(-1, 5, 2) / scale).astype(np.float32),
        )
        return found[found.sizes >= 1]
