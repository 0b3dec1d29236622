"""What becomes of a verdict when few pixels show the face: smaller copies of faces, their temperatures and scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from facestats.classify.base import softmax
from facestats.datasets.faces import FaceData
from facestats.evaluation.accuracy import class_probabilities, score
from facestats.evaluation.calibration import fit_temperature
from facestats.models.cards import Head
from facestats.types import Float32, Predictions, UInt8

#: Pixels across a crop at which temperatures are fitted and figures given; of a face's box, see
#: :data:`facestats.classify.crops.FACE_SHARE`, it is less.
SMALL_PIXELS = (12, 16, 24, 32, 48)


def seen_small(crops: UInt8, pixels: int) -> UInt8:
    """Return crops as they would be of faces that only so many pixels across show.

    Parameters
    ----------
    crops : numpy.ndarray
        uint8 (N, S, S, 3).
    pixels : int
        Less than S.

    Returns
    -------
    numpy.ndarray
        uint8 (N, S, S, 3).

    Examples
    --------
    >>> seen_small(np.zeros((2, 48, 48, 3), np.uint8), 12).shape
    (2, 48, 48, 3)
    """
    side = crops.shape[1]
    small = np.empty(crops.shape, np.uint8)
    for target, crop in zip(small, crops, strict=True):
        shrunk = cv2.resize(crop, (pixels, pixels), interpolation=cv2.INTER_AREA)
        target[:] = cv2.resize(shrunk, (side, side), interpolation=cv2.INTER_LINEAR)  # as crops.align enlarges
    return small


def small_temperatures(
    logits: Callable[[UInt8], Float32],
    crops: UInt8,
    likelihood: np.ndarray,
    temperature: float,
    *,
    weights: np.ndarray | None = None,
) -> tuple[tuple[float, float], ...]:
    """Fit the temperature of small faces, see :attr:`facestats.models.cards.Head.temperatures`.

    Parameters
    ----------
    logits : callable
        Gives the logits (N, K) of crops.
    crops : numpy.ndarray
        uint8 (N, S, S, 3): faces that the network was not trained on.
    likelihood : numpy.ndarray
        float (N, K), see :func:`facestats.evaluation.calibration.negative_log_likelihood`.
    temperature : float
        Of faces at their own size, which holds from S pixels on.
    weights : numpy.ndarray, optional
        float (N,): how much each face counts; all alike by default.

    Examples
    --------
    >>> faces, truth = np.zeros((2, 48, 48, 3), np.uint8), np.eye(2)
    >>> len(small_temperatures(lambda crops: np.eye(2, dtype=np.float32), faces, truth, 1.0))
    5
    """
    side = crops.shape[1]
    fitted = [
        (float(pixels), round(fit_temperature(logits(seen_small(crops, pixels)), likelihood, weights=weights), 4))
        for pixels in SMALL_PIXELS
        if pixels < side
    ]
    return (*fitted, (float(side), temperature))


def scores_when_small(logits: Callable[[UInt8], Float32], faces: FaceData, head: Head) -> list[dict[str, Any]]:
    """Score a model on smaller and smaller copies of labelled faces.

    Returns
    -------
    list of dict
        For each of :data:`SMALL_PIXELS` below the crops' side: ``pixels``, ``accuracy``, ``confidence`` (the mean
        probability of the verdict), ``ece``, ``coverage`` (the share with a verdict) and ``covered_accuracy`` (None
        where there is none); ``majority_covered_accuracy`` too where the file has the votes of FER+'s taggers.

    Examples
    --------
    >>> scores_when_small(logits, faces, head)[0]["coverage"]  # doctest: +SKIP
    """
    rows = []
    for pixels in SMALL_PIXELS:
        if pixels >= faces.crops.shape[1]:
            continue
        sizes = np.full(len(faces), pixels, np.float32)
        scaled = logits(seen_small(faces.crops, pixels)) / head.temperatures_at(sizes)
        predictions = Predictions(head.attribute, head.classes, softmax(scaled))
        scores = score(predictions, faces, threshold=head.threshold)
        confidence = float(class_probabilities(predictions).max(axis=1).mean())
        figures = {name: scores[name] for name in ("accuracy", "ece", "coverage", "covered_accuracy")}
        if "majority" in scores:
            figures["majority_covered_accuracy"] = scores["majority"]["covered_accuracy"]
        rows.append({"pixels": pixels, "confidence": confidence, **figures})
    return rows
