"""Shot cuts, found on the sampled frames by PySceneDetect's content detector."""

from __future__ import annotations

import cv2
import numpy as np
from scenedetect import ContentDetector, FrameTimecode
from scenedetect.detector import FlashFilter

from facestats import crops
from facestats.types import UInt8

#: Mean change of hue, saturation and luminance (0 to 255) between two sampled frames that makes a cut.
THRESHOLD = 27.0

_WIDTH = 96  # at least; a cut shows in a thumbnail, and motion blurs away


class ShotCounter:
    """Numbers the shots of one video while its frames pass by.

    Parameters
    ----------
    threshold : float
        See :data:`THRESHOLD`.

    Examples
    --------
    >>> import numpy as np
    >>> counter = ShotCounter()
    >>> dark, light = np.zeros((90, 160, 3), np.uint8), np.full((90, 160, 3), 250, np.uint8)
    >>> [counter.update(image) for image in (dark, dark, light, light)]
    [0, 0, 1, 1]
    """

    def __init__(self, *, threshold: float = THRESHOLD) -> None:
        self._detector = ContentDetector(threshold=threshold, min_scene_len=1, filter_mode=FlashFilter.Mode.SUPPRESS)
        self._n_seen = 0
        self.shot = 0

    def update(self, rgb: UInt8) -> int:
        """Return the 0-based shot number of the next sampled frame, uint8 (H, W, 3), RGB."""
        # The detector takes BGR and wants its own clock type; only the count of frames matters to it.
        cuts = self._detector.process_frame(FrameTimecode(self._n_seen, fps=30.0), _thumbnail(rgb))
        self._n_seen += 1
        if cuts:
            self.shot += 1
        return self.shot


def _thumbnail(rgb: UInt8) -> UInt8:
    """Halve a picture while it is wide enough, and give it as BGR."""
    halvings = max(0, (rgb.shape[1] // _WIDTH).bit_length() - 1)
    # Channel by channel: pictures that lie in planes need not be woven together in full size first.
    return cv2.merge([crops.halved(np.ascontiguousarray(rgb[..., channel]), halvings) for channel in (2, 1, 0)])
