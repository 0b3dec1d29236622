"""YuNet (Wu et al., 2023, doi:10.1007/s11633-023-1423-y) through OpenCV's FaceDetectorYN.

Its weights are not bundled: give a file, or fetch them once with ``facestats models pull yunet``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from facestats.detect.base import Detector, ShrinkingDetector
from facestats.errors import DeviceError, ModelError, UnknownNameError
from facestats.models.detectors import shipped_card
from facestats.models.downloads import pulled_file
from facestats.types import Detections, Float32, ImageBatch, UInt8


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


def create(path: Path, *, detect_size: int, min_score: float, device: str = "cpu") -> Detector:
    """Return the detector, with the calibration of the card that ships with facestats."""
    if device != "cpu":
        raise DeviceError(
            f"YuNet runs in OpenCV, on the processor alone, not on {device}: use --device cpu, or another detector"
        )
    return YuNet(path, detect_size=detect_size, min_score=min_score, calibration=shipped_card("yunet").calibration)


@dataclass(eq=False)
class YuNet(ShrinkingDetector):
    """Small face detector with five landmarks, from an ONNX file; see :class:`.base.ShrinkingDetector`.

    Examples
    --------
    >>> YuNet(Path("yunet.onnx")).detect([frame])  # doctest: +SKIP
    """

    name = "yunet"

    path: Path

    def __post_init__(self) -> None:
        least_score = self.calibration.score(self.min_score)
        # OpenCV 5 warns on stderr, once a network, that its new engine ignores the target it was itself asked for.
        level = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        try:
            self._net = cv2.FaceDetectorYN.create(str(self.path), "", (320, 320), least_score, self.iou, 5000)
            self._net.detect(np.zeros((320, 320, 3), np.uint8))
        except cv2.error:  # OpenCV's own words speak of its insides only
            raise ModelError(
                f"{self.path} is neither a YuNet nor a detector that `facestats train detector` wrote"
            ) from None
        finally:
            cv2.utils.logging.setLogLevel(level)

    def detect_shrunken(self, images: ImageBatch) -> list[Detections]:
        """See :class:`facestats.detect.base.ShrinkingDetector`."""
        return [self._detect_one(image) for image in images]

    def _detect_one(self, rgb: UInt8) -> Detections:
        self._net.setInputSize((rgb.shape[1], rgb.shape[0]))
        # FaceDetectorYN takes BGR; this is the one place that knows.
        _, rows = self._net.detect(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2BGR))
        if rows is None:
            return Detections.empty()
        faces: Float32 = np.asarray(rows[np.argsort(-rows[:, 14], kind="stable")], np.float32)
        return Detections(
            np.column_stack([faces[:, :2], faces[:, :2] + faces[:, 2:4]]),
            self.calibration.probability(faces[:, 14]),
            faces[:, 4:14].reshape(-1, 5, 2),
        )
