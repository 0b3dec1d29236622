"""Face alignment: the one kind of crop that training and inference share.

Five landmarks are fitted to a fixed template by a least-squares similarity transform (Umeyama, 1991), as in
ArcFace (Deng et al., 2019, arXiv 1801.07698), whose template is used here, a little smaller and higher in the frame
so that the chin stays in the picture: expression and age show there too.
"""

from __future__ import annotations

import cv2
import numpy as np

from facestats._util.pixels import halved
from facestats.types import Detections, FaceCrops, Float32, UInt8

#: How wide a face is, the shorter side of its box, as a share of the side of its crop.
FACE_SHARE = 0.7

#: Side of a crop in pixels unless a model's card asks for another.
DEFAULT_SIZE = 48

#: Share of the crop that ArcFace's own frame takes; the rest is margin.
FACE_SCALE = 0.95

#: How far up the ArcFace frame is moved inside the crop, as a share of its side.
_UP = 0.02

#: Name of this framing; a model's card carries it, so that a network never meets crops it was not trained on.
FRAMING = "arcface-0.95"

# Landmarks in ArcFace's 112x112 frame, in the order of facestats.types.LANDMARK_NAMES.
_ARCFACE = (
    np.array(
        [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
        np.float64,
    )
    / 112.0
)

_LEAST_VARIANCE = 1e-12  # of points that are not all the same

#: The template in shares of the crop's side, float64 (5, 2).
TEMPLATE = (_ARCFACE - 0.5) * FACE_SCALE + 0.5 + np.array([0.0, -_UP])


def similarity_transform(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the 2x3 matrix of the similarity that maps ``source`` to ``target`` with least squares.

    Umeyama, "Least-squares estimation of transformation parameters between two point patterns", 1991, without
    reflections. Coinciding source points give the identity scale about their mean.

    Parameters
    ----------
    source, target : numpy.ndarray
        float (K, 2) points.

    Returns
    -------
    numpy.ndarray
        float64 (2, 3).

    Examples
    --------
    >>> points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> np.allclose(similarity_transform(points, points * 2 + 3), [[2, 0, 3], [0, 2, 3]])
    True
    """
    source = np.asarray(source, np.float64)
    target = np.asarray(target, np.float64)
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    a, b = source - source_mean, target - target_mean
    variance = (a**2).sum()
    if variance < _LEAST_VARIANCE:
        return np.column_stack([np.eye(2), target_mean - source_mean])
    # In 2-D the rotation and scale follow in closed form from two sums.
    cosine = (a * b).sum() / variance
    sine = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / variance
    linear = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([linear, target_mean - linear @ source_mean])


def sharpness(image: UInt8) -> float:
    """Return the variance of the Laplacian of an RGB crop's luminance; higher is sharper.

    A common focus measure (Pech-Pacheco et al., 2000). It compares crops of one size only.

    Examples
    --------
    >>> sharpness(np.zeros((48, 48, 3), np.uint8))
    0.0
    """
    return float(cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var())


def align_one(rgb: UInt8, landmarks: np.ndarray, size: int = DEFAULT_SIZE) -> UInt8:
    """Cut one aligned face.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8 (H, W, 3), RGB.
    landmarks : numpy.ndarray
        float (5, 2), pixels, in the order of :data:`facestats.types.LANDMARK_NAMES`.
    size : int
        Side of the crop in pixels.

    Returns
    -------
    numpy.ndarray
        uint8 (size, size, 3), RGB; what lies outside the picture repeats its border.

    Examples
    --------
    >>> align_one(np.full((100, 100, 3), 7, np.uint8), TEMPLATE * 100, size=32).shape
    (32, 32, 3)
    """
    return align_to(rgb, landmarks, TEMPLATE * size, size)


def align_to(rgb: UInt8, landmarks: np.ndarray, places: np.ndarray, size: int) -> UInt8:
    """Cut one face so that its landmarks come to lie at given places, as near as turning, scaling and moving gets.

    Parameters
    ----------
    rgb, landmarks, size
        See :func:`align_one`.
    places : numpy.ndarray
        float (5, 2), pixels of the crop.

    Examples
    --------
    >>> align_to(np.full((100, 100, 3), 7, np.uint8), TEMPLATE * 100, TEMPLATE * 32, 32).shape
    (32, 32, 3)
    """
    matrix = similarity_transform(landmarks, places)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    # warpAffine samples without a low-pass filter: a much larger face is first halved as often as need be, in the piece
    # of the picture that the crop needs.
    if scale < 0.5:
        corners = np.array([[0, 0], [size, 0], [0, size], [size, size]], np.float64)
        inverse = cv2.invertAffineTransform(matrix)
        around = corners @ inverse[:, :2].T + inverse[:, 2]
        height, width = rgb.shape[:2]
        x0, y0 = np.clip(np.floor(around.min(axis=0)).astype(int) - 2, 0, [width - 1, height - 1])
        x1, y1 = np.clip(np.ceil(around.max(axis=0)).astype(int) + 2, [x0 + 1, y0 + 1], [width, height])
        halvings = min(int(-np.log2(scale)), int(np.log2(min(x1 - x0, y1 - y0))))
        rgb = halved(rgb[y0:y1, x0:x1], halvings)
        # The middle of pixel q of the halved piece is at (q + 0.5) * 2**halvings - 0.5 + origin of the picture.
        matrix[:, 2] += matrix[:, :2] @ (np.array([x0, y0]) + (2**halvings - 1) / 2)
        matrix[:, :2] *= 2**halvings
    turned = cv2.warpAffine(rgb, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8)


def pixels_across(landmarks: Float32) -> Float32:
    """Return how many pixels of the frame the side of each face's crop spans, float32 (N,).

    About 1.4 times the width of the face: what tells how much a network can have seen.

    Parameters
    ----------
    landmarks : numpy.ndarray
        float (N, 5, 2), pixels.

    Examples
    --------
    >>> pixels_across(TEMPLATE[None] * 30).tolist()
    [30.0]
    """
    # As in similarity_transform, for all faces at once.
    source = np.asarray(landmarks, np.float64).reshape(-1, *TEMPLATE.shape)
    a, b = source - source.mean(axis=1, keepdims=True), TEMPLATE - TEMPLATE.mean(axis=0)
    variance = (a**2).sum(axis=(1, 2))
    cosine, sine = (a * b).sum(axis=(1, 2)), (a[..., 0] * b[:, 1] - a[..., 1] * b[:, 0]).sum(axis=1)
    known = variance >= _LEAST_VARIANCE
    scale = np.where(known, np.hypot(cosine, sine) / np.where(known, variance, 1.0), 1.0)
    return (1 / np.maximum(scale, 1e-6)).astype(np.float32)


def align(rgb: UInt8, detections: Detections, size: int = DEFAULT_SIZE) -> FaceCrops:
    """Cut one canonical aligned face per detection.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8 (H, W, 3), RGB: the frame in which the faces were detected.
    detections : Detections
        N faces with landmarks.
    size : int
        Side of the crops in pixels.

    Returns
    -------
    FaceCrops
        N crops of ``size`` x ``size``, their sharpness and pixels; the empty set for no detections.

    Examples
    --------
    >>> len(align(np.zeros((10, 10, 3), np.uint8), Detections.empty()))
    0
    """
    images = np.empty((len(detections), size, size, 3), np.uint8)
    sharp: Float32 = np.empty(len(detections), np.float32)
    for i, points in enumerate(detections.landmarks):
        images[i] = align_one(rgb, points, size)
        sharp[i] = sharpness(images[i])
    return FaceCrops(images, sharp, pixels_across(detections.landmarks))
