"""The detector that was trained for facestats: a small anchor-free network with heads at strides 4, 8, 16 and 32.

Its training is in :mod:`facestats.training.detector`, its figures are in its card.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import expit, logit

from facestats.detect.base import Detector, ShrinkingDetector, in_batches, network_planes, suppress
from facestats.errors import ModelError
from facestats.models.cards import CARD_FILE
from facestats.models.detectors import DetectorCard, shipped_detector
from facestats.models.runtime import RUNTIME_ERRORS, ends_of, open_session
from facestats.types import Detections, Float32, ImageBatch

#: Pixels between the cells of each level of the network.
STRIDES = (4, 8, 16, 32)

#: Numbers a cell says of its face besides the score: centre, log size and five landmarks, in strides.
GEOMETRY = 14

#: Pixels in [0, 255] are fed as ``(pixel - PIXEL_MEAN) / PIXEL_STD``.
PIXEL_MEAN, PIXEL_STD = 128.0, 64.0

#: The network's input, float32 (N, 3, H, W), RGB, and its outputs, float32 (N, 15, h, w): logit of the score and
#: geometry of every cell of each level.
INPUT = "pixels"
OUTPUTS = tuple(f"cells_{stride}" for stride in STRIDES)

_LARGEST_BATCH = 8


def runs(path: Path) -> bool:
    """Say whether an ONNX file has this detector's input and outputs; see :class:`.registry.Backend`.

    Examples
    --------
    >>> runs(Path("detector.onnx"))  # doctest: +SKIP
    True
    """
    return ends_of(path) == ([INPUT], list(OUTPUTS))


def weights_path() -> Path:
    """Return the path of the file that ships with facestats.

    Raises
    ------
    ModelError
        If it is absent, or not the one that its card vouches for.
    """
    return shipped_detector("fast")[0]


def create(path: Path, *, detect_size: int, min_score: float, device: str = "cpu") -> Detector:
    """Return the detector, with the calibration of the card beside its file.

    Raises
    ------
    ModelError
        If the card is absent or damaged.
    """
    card = DetectorCard.read(path.with_name(CARD_FILE))
    return FastFace(path, detect_size=detect_size, min_score=min_score, calibration=card.calibration, device=device)


@dataclass(eq=False)
class FastFace(ShrinkingDetector):
    """Anchor-free face detector with five landmarks, from an ONNX file; see :class:`.base.ShrinkingDetector`.

    Examples
    --------
    >>> FastFace(Path("detector.onnx")).detect([frame])  # doctest: +SKIP
    """

    name = "fast"
    iou = 0.4

    path: Path

    def __post_init__(self) -> None:
        self._least_logit = np.float32(logit(self.calibration.score(self.min_score)))
        try:
            self._session = open_session(self.path, device=self.device)
            outputs = self._session.run(OUTPUTS, {INPUT: np.zeros((1, 3, 32, 32), np.float32)})
        except RUNTIME_ERRORS as error:
            reason = " ".join(str(error).split())[:300]
            raise ModelError(f"{self.path} is not a detector that can be run: {reason}") from None
        expected = [(1, 1 + GEOMETRY, 32 // stride, 32 // stride) for stride in STRIDES]
        if [output.shape for output in outputs] != expected:
            raise ModelError(f"{self.path} is not such a detector: its outputs have other shapes")

    def detect_shrunken(self, images: ImageBatch) -> list[Detections]:
        """See :class:`facestats.detect.base.ShrinkingDetector`; pictures of one size go together."""
        return in_batches(images, max(self.batch, _LARGEST_BATCH), self._detect_alike)

    def _detect_alike(self, images: ImageBatch) -> list[Detections]:
        pixels = network_planes(images, mean=PIXEL_MEAN, std=PIXEL_STD)
        outputs = self._session.run(OUTPUTS, {INPUT: pixels})
        return [self._decode([output[row] for output in outputs]) for row in range(len(images))]

    def _decode(self, outputs: list[Float32]) -> Detections:
        said, cells, strides = [], [], []
        for stride, output in zip(STRIDES, outputs, strict=True):
            rows, cols = np.nonzero(output[0] >= self._least_logit)
            if len(rows):
                said.append(output[:, rows, cols].T)
                cells.append(np.stack([cols, rows], axis=1))
                strides.append(np.full((len(rows), 1), stride, np.float32))
        if not said:
            return Detections.empty()
        values, pixels = np.concatenate(said), np.concatenate(strides)
        middle = (np.concatenate(cells).astype(np.float32) + np.float32(0.5)) * pixels
        centre = middle + values[:, 1:3] * pixels
        half = np.exp(values[:, 3:5].clip(-6, 6)) * pixels / 2
        landmarks = middle[:, None] + values[:, 5:].reshape(-1, 5, 2) * pixels[:, None]
        found = Detections(
            np.concatenate([centre - half, centre + half], axis=1),
            self.calibration.probability(expit(values[:, 0])),
            landmarks,
        )
        return found[suppress(found.boxes, found.scores, self.iou)]
