"""The crop that a video would give, cut from a still of a data set.

A network must see one kind of crop in training, in validation and in use. Data sets come cropped by other hands, so
each of their images goes the way of a video frame: it is put, enlarged, on a grey canvas, the face is detected, and
:func:`facestats.classify.crops.align_one` cuts it from the image's own pixels.
"""

from __future__ import annotations

import cv2
import numpy as np

from facestats.detect import Detector
from facestats.types import Float32, UInt8

#: Name of this way to crop stills; crops are cached under it, so change it when anything below changes.
RECIPE = "grey-2"

# Longer side of the enlarged image, in pixels, tried in turn; the second is for faces that are small in their image.
# With a plain grey border CenterFace found 98.7 % of FER2013's faces at 128 px and all of FairFace's, UTKFace's and
# CelebA's; with a repeated or mirrored border it found 85 to 96 % of FER2013's and FairFace's (150 images each).
_SIDES = (128, 320)
_BORDER = 0.25  # width of the border on each side, as a share of the enlarged image
_GREY = (127, 127, 127)

#: Where the landmarks of a tightly framed face lie on average, in shares of the image's width and height, float64
#: (5, 2): measured over FER2013, FairFace, UTKFace and CelebA crops. Stands in where no face of a whole file was found.
TYPICAL_LANDMARKS = np.array([[0.33, 0.39], [0.66, 0.39], [0.49, 0.56], [0.37, 0.71], [0.63, 0.71]])


def find_face(rgb: UInt8, detector: Detector) -> tuple[Float32, Float32] | None:
    """Return box and landmarks of the face that an image is about, or None if no face is found.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8 (H, W, 3), RGB.
    detector : Detector
        Made with ``detect_size=0``, so that it does not shrink the canvas.

    Returns
    -------
    (numpy.ndarray, numpy.ndarray) or None
        float32 (4,), ``x1, y1, x2, y2``, and float32 (5, 2), in pixels of ``rgb``. Of several faces, the largest
        counts, each pixel that it lies away from the middle being held against it.

    Examples
    --------
    >>> from facestats.detect import create_detector
    >>> find_face(np.zeros((48, 48, 3), np.uint8), create_detector("centerface", detect_size=0)) is None
    True
    """
    height, width = rgb.shape[:2]
    for side in _SIDES:
        scale = side / max(height, width)
        shrinks = scale < 1
        enlarged = cv2.resize(
            rgb,
            (max(1, round(width * scale)), max(1, round(height * scale))),
            interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC,
        )
        border = round(side * _BORDER)
        canvas = cv2.copyMakeBorder(enlarged, border, border, border, border, cv2.BORDER_CONSTANT, value=_GREY)
        found = detector.detect([canvas])[0]
        if len(found):
            middle = np.array([canvas.shape[1], canvas.shape[0]]) / 2
            away = np.linalg.norm((found.boxes[:, :2] + found.boxes[:, 2:]) / 2 - middle, axis=1)
            best = int(np.argmax(found.sizes - away))
            ratio = np.array([enlarged.shape[1] / width, enlarged.shape[0] / height])
            # Edges lie between pixels, landmarks on them: (p - border + 0.5) / ratio - 0.5.
            box = (found.boxes[best].reshape(2, 2) - border) / ratio
            landmarks = (found.landmarks[best] - border + 0.5) / ratio - 0.5
            return box.reshape(4).astype(np.float32), landmarks.astype(np.float32)
    return None


def find_landmarks(rgb: UInt8, detector: Detector) -> Float32 | None:
    """Return the landmarks that :func:`find_face` finds, float32 (5, 2), or None.

    Examples
    --------
    >>> from facestats.detect import create_detector
    >>> find_landmarks(np.zeros((48, 48, 3), np.uint8), create_detector("centerface", detect_size=0)) is None
    True
    """
    face = find_face(rgb, detector)
    return None if face is None else face[1]
