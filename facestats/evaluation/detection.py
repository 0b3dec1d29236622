"""How well a face detector finds what people boxed: average precision, by size too, and false faces.

A detection is right if it overlaps a box by half or more (intersection over union, IoU) that no better one claimed, as
in PASCAL VOC (Everingham et al., 2010); average precision is the area under the whole precision-recall curve.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from facestats.datasets.boxes import BoxedImage
from facestats.datasets.labelled import decode_image
from facestats.detect import Detector
from facestats.detect.base import box_overlaps
from facestats.types import Detections, Float32

#: Detections this weak are asked for, so that the whole precision-recall curve is seen, however scores are scaled.
MIN_SCORE = 0.001

#: Overlap from which a detection counts as right.
MIN_IOU = 0.5

#: Shorter side of a box in pixels of its image: from, up to but not including.
SIZES: Mapping[str, tuple[float, float]] = {
    "under_16": (0, 16),
    "16_to_32": (16, 32),
    "32_to_96": (32, 96),
    "over_96": (96, np.inf),
}

#: The false positives an image at which recall is reported.
FALSE_POSITIVES = 0.1


@dataclass(frozen=True)
class Matches:
    """Detections of many images, best score first, each with the box that it claims.

    Attributes
    ----------
    scores : numpy.ndarray
        float32 (M,).
    sizes : numpy.ndarray
        float32 (M,): shorter side of the detection in pixels.
    claimed : numpy.ndarray
        float32 (M,): shorter side of the box that the detection claims; NaN for a false one.
    errors : numpy.ndarray
        float32 (M,): mean distance of the landmarks in shares of the box's size; NaN where there is no truth.
    truths : numpy.ndarray
        float32 (T,): shorter sides of all boxes.
    n_images : int
    """

    scores: Float32
    sizes: Float32
    claimed: Float32
    errors: Float32
    truths: Float32
    n_images: int


def claim(image: BoxedImage, found: Detections) -> tuple[Float32, Float32]:
    """Give each detection of an image, best score first, the free box that it overlaps most, if by half or more.

    Returns
    -------
    claimed : numpy.ndarray
        float32 (N,): shorter side of the box claimed, NaN for none.
    errors : numpy.ndarray
        float32 (N,): landmark error, see :class:`Matches`.

    Examples
    --------
    >>> image = BoxedImage("a", b"", np.array([[0, 0, 10, 10]], np.float32))
    >>> claim(image, Detections.empty())[0].tolist()
    []
    """
    claimed, errors = np.full(len(found), np.nan, np.float32), np.full(len(found), np.nan, np.float32)
    if len(image.boxes) == 0 or len(found) == 0:
        return claimed, errors
    sides = image.boxes[:, 2:] - image.boxes[:, :2]
    overlaps = box_overlaps(found.boxes, image.boxes)
    free = np.ones(len(image.boxes), bool)
    for i in np.argsort(-found.scores, kind="stable"):
        best = int(np.where(free, overlaps[i], -1).argmax())
        if free[best] and overlaps[i, best] >= MIN_IOU:
            free[best] = False
            claimed[i] = sides[best].min()
            if image.landmarks is not None:
                distances = np.linalg.norm(found.landmarks[i] - image.landmarks[best], axis=1)
                errors[i] = distances.mean() / np.sqrt(sides[best].prod())
    return claimed, errors


def average_precision(matches: Matches, size: tuple[float, float] = (0, np.inf)) -> float | None:
    """Return the average precision over the boxes of one size; None where there are none.

    Boxes of another size are neither wanted nor held against the detector, and neither are false detections of
    another size.

    Examples
    --------
    >>> one = np.array([0.9, 0.8], np.float32)
    >>> average_precision(Matches(one, one * 40, np.array([30, np.nan]), one, np.array([30.0, 30.0]), 1))
    0.5
    """
    low, high = size
    n_truths = int(((matches.truths >= low) & (matches.truths < high)).sum())
    if n_truths == 0:
        return None
    false = np.isnan(matches.claimed)
    counts = np.where(false, matches.sizes, matches.claimed)
    kept = (counts >= low) & (counts < high)
    right = ~false[kept]
    recall = np.cumsum(right) / n_truths
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0) * envelope))


def recall_at(matches: Matches, false_positives: float = FALSE_POSITIVES) -> float | None:
    """Return the share of boxes found at the score where so many false detections come on an image on average.

    Examples
    --------
    >>> one = np.array([0.9, 0.8], np.float32)
    >>> recall_at(Matches(one, one * 40, np.array([30, np.nan]), one, np.array([30.0, 30.0]), 1))
    0.5
    """
    if len(matches.truths) == 0:
        return None
    false = np.isnan(matches.claimed)
    allowed = np.cumsum(false) <= false_positives * matches.n_images
    return float((~false & allowed).sum() / len(matches.truths))


def evaluate_detector(detector: Detector, images: Sequence[BoxedImage], *, progress: bool = False) -> dict[str, Any]:
    """Score a detector on boxed images.

    Parameters
    ----------
    detector : Detector
        Made with ``min_score=MIN_SCORE``.
    images : sequence of BoxedImage
    progress : bool
        Whether to show a progress bar on stderr.

    Returns
    -------
    dict
        ``ap``, ``ap_by_size`` (by the names in :data:`SIZES`), ``recall_at_01_fp``, ``landmark_error`` (of right
        detections, in shares of the box's size), ``false_per_image`` (detections of a score of 0.5 or more on images
        without a box, an image), ``ms`` (median time of one image), ``n`` (images) and ``n_boxes``. None stands for
        what the data cannot tell.

    Raises
    ------
    DataError
        If an image does not decode.

    Examples
    --------
    >>> evaluate_detector(create_detector("centerface", min_score=MIN_SCORE), images)["ap"]  # doctest: +SKIP
    0.61
    """
    parts: list[tuple[Detections, Float32, Float32]] = []
    seconds: list[float] = []
    empty_images, false_faces = 0, 0
    for image in tqdm(images, desc="detecting", unit="image", disable=None if progress else True, leave=False):
        rgb = decode_image(image.encoded, f"{image.name}: image")
        started = time.perf_counter()
        found = detector.detect([rgb])[0]
        seconds.append(time.perf_counter() - started)
        parts.append((found, *claim(image, found)))
        if len(image.boxes) == 0:
            empty_images += 1
            false_faces += int((found.scores >= 0.5).sum())
    matches = _gather(parts, images)
    errors = matches.errors[~np.isnan(matches.errors)]
    return {
        "ap": average_precision(matches),
        "ap_by_size": {name: average_precision(matches, size) for name, size in SIZES.items()},
        "recall_at_01_fp": recall_at(matches),
        "landmark_error": float(errors.mean()) if len(errors) else None,
        "false_per_image": false_faces / empty_images if empty_images else None,
        "ms": round(1000 * float(np.median(seconds)), 3) if seconds else None,
        "n": len(images),
        "n_boxes": len(matches.truths),
    }


def _gather(parts: Sequence[tuple[Detections, Float32, Float32]], images: Sequence[BoxedImage]) -> Matches:
    none = [np.zeros(0, np.float32)]
    scores = np.concatenate([found.scores for found, _, _ in parts] or none)
    order = np.argsort(-scores, kind="stable")
    truths = [(image.boxes[:, 2:] - image.boxes[:, :2]).min(axis=1) for image in images]
    return Matches(
        scores=scores[order],
        sizes=np.concatenate([found.sizes for found, _, _ in parts] or none)[order],
        claimed=np.concatenate([claimed for _, claimed, _ in parts] or none)[order],
        errors=np.concatenate([errors for _, _, errors in parts] or none)[order],
        truths=np.concatenate(truths or none),
        n_images=len(images),
    )
