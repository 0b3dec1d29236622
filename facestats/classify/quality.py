"""How much a face counts: large, sharp, frontal and surely detected ones more."""

from __future__ import annotations

import numpy as np

from facestats.classify.pose import facing

#: A face of this size, in pixels, or larger counts fully towards its track's verdict.
FULL_WEIGHT_PX = 64.0

#: A face of this sharpness (variance of the Laplacian), or sharper, counts fully.
FULL_WEIGHT_SHARPNESS = 100.0

_LEAST_WEIGHT = 0.05


def quality_weight(
    score: np.ndarray,
    face_px: np.ndarray,
    sharpness: np.ndarray | None = None,
    yaw: np.ndarray | None = None,
    pitch: np.ndarray | None = None,
) -> np.ndarray:
    """Return how much faces count towards their track's verdicts, float64 (N,), above 0.

    Parameters
    ----------
    score : numpy.ndarray
        float (N,): the detector's confidence.
    face_px : numpy.ndarray
        float (N,): the box's shorter side.
    sharpness : numpy.ndarray, optional
        float (N,), see :func:`facestats.classify.crops.sharpness`; NaN, or nothing, counts fully.
    yaw, pitch : numpy.ndarray, optional
        float (N,), degrees, see :func:`facestats.classify.pose.head_pose`; NaN, or nothing, counts fully.

    Examples
    --------
    >>> quality_weight(np.array([1.0, 1.0]), np.array([64.0, 32.0])).tolist()
    [1.0, 0.5]
    >>> quality_weight(np.ones(2), np.full(2, 64.0), np.array([np.nan, 50.0]), np.array([30.0, 0.0])).tolist()
    [0.75, 0.5]
    """
    weight = np.maximum(np.asarray(score, np.float64), _LEAST_WEIGHT)
    weight = weight * np.clip(np.asarray(face_px, np.float64) / FULL_WEIGHT_PX, _LEAST_WEIGHT, 1)
    if sharpness is not None:
        known = np.nan_to_num(np.asarray(sharpness, np.float64), nan=FULL_WEIGHT_SHARPNESS)
        weight = weight * np.clip(known / FULL_WEIGHT_SHARPNESS, 0.3, 1)
    if yaw is not None:
        # A profile still tells half of what a full face does.
        ahead = facing(yaw, np.zeros_like(yaw) if pitch is None else pitch)
        weight = weight * (0.5 + 0.5 * np.nan_to_num(ahead, nan=1.0))
    return weight
