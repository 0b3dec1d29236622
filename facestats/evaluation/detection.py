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

from facestats._util.progress import bar
from facestats.datasets.boxes import BoxedImage
from facestats.datasets.labelled import decode_image
from facestats.detect import Detector
from facestats.detect.base import box_overlaps
from facestats.errors import DataError
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


@dataclass(frozen=True)
class Claims:
    """What a detector found in one image, held against what people boxed.

    Attributes
    ----------
    image : BoxedImage
    found : Detections
        Best score first, without those that lie on an ignored box and claim no other.
    claimed : numpy.ndarray
        float32 (N,): shorter side of the box that each claims, NaN for none.
    errors : numpy.ndarray
        float32 (N,): landmark error, see :class:`Matches`.
    """

    image: BoxedImage
    found: Detections
    claimed: Float32
    errors: Float32


def claim(image: BoxedImage, found: Detections) -> Claims:
    """Give each detection of an image, best score first, the free box that it overlaps most, if by half or more.

    A detection without one that lies on an ignored box, with half of its area or more, is left out.

    Examples
    --------
    >>> image = BoxedImage("a", b"", np.array([[0, 0, 10, 10]], np.float32))
    >>> claim(image, Detections.empty()).claimed.tolist()
    []
    """
    claimed, errors = np.full(len(found), np.nan, np.float32), np.full(len(found), np.nan, np.float32)
    sides = image.boxes[:, 2:] - image.boxes[:, :2]
    overlaps = box_overlaps(found.boxes, image.boxes)
    free = np.ones(len(image.boxes), bool)
    for i in np.argsort(-found.scores, kind="stable"):
        if not free.any():
            break
        best = int(np.where(free, overlaps[i], -1).argmax())
        if free[best] and overlaps[i, best] >= MIN_IOU:
            free[best] = False
            claimed[i] = sides[best].min()
            if image.landmarks is not None:
                distances = np.linalg.norm(found.landmarks[i] - image.landmarks[best], axis=1)
                errors[i] = distances.mean() / np.sqrt(sides[best].prod())
    counted = ~(np.isnan(claimed) & (_covered(found.boxes, image.ignored) >= MIN_IOU))
    return Claims(image, found[counted], claimed[counted], errors[counted])


def _covered(boxes: Float32, regions: Float32) -> Float32:
    """Return the largest share of each box that one of the regions covers."""
    low, high = (
        np.maximum(boxes[:, None, :2], regions[None, :, :2]),
        np.minimum(boxes[:, None, 2:], regions[None, :, 2:]),
    )
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return ((high - low).clip(0).prod(axis=2) / np.maximum(areas, 1e-6)[:, None]).max(axis=1, initial=0)


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


def recall_at(
    matches: Matches, false_positives: float = FALSE_POSITIVES, size: tuple[float, float] = (0, np.inf)
) -> float | None:
    """Return the share of boxes of a size found at the score where so many false ones come on an image on average.

    False detections of every size count, as they do in use.

    Examples
    --------
    >>> one = np.array([0.9, 0.8], np.float32)
    >>> recall_at(Matches(one, one * 40, np.array([30, np.nan]), one, np.array([30.0, 30.0]), 1))
    0.5
    """
    low, high = size
    n_truths = int(((matches.truths >= low) & (matches.truths < high)).sum())
    if n_truths == 0:
        return None
    allowed = np.cumsum(np.isnan(matches.claimed)) <= false_positives * matches.n_images
    return float(((matches.claimed >= low) & (matches.claimed < high) & allowed).sum() / n_truths)


def scorable(images: Sequence[BoxedImage], where: object) -> list[BoxedImage]:
    """Return the images of which people boxed every face; what is found in others is neither right nor wrong.

    Parameters
    ----------
    images : sequence of BoxedImage
    where : object
        The file they are of, for the error.

    Raises
    ------
    DataError
        If there is none.

    Examples
    --------
    >>> scorable([BoxedImage("a", b"", np.zeros((0, 4), np.float32), boxed="empty")], "a.parquet")[0].name
    'a'
    """
    whole = [image for image in images if image.boxed not in ("none", "some")]
    if not whole:
        raise DataError(
            f"{where}: nobody boxed every face in any of its photos (boxed is none or some): nothing to score; give a "
            "file, or a first one, in which somebody did"
        )
    return whole


def groups_of(images: Sequence[BoxedImage], by: str, where: object) -> dict[str, list[BoxedImage]]:
    """Group images by their source.

    Parameters
    ----------
    images : sequence of BoxedImage
    by : str
        ``"source"`` for a group of each source; or names of sources, with commas between: these together are one group,
        all others, ``"the others"``, the second.
    where : object
        The file they are of, for errors.

    Raises
    ------
    DataError
        If the images have no source, or none of a name.

    Examples
    --------
    >>> image = BoxedImage("a", b"", np.zeros((0, 4), np.float32), source="voc")
    >>> list(groups_of([image], "source", "a.parquet"))
    ['voc']
    """
    there = sorted({image.source for image in images} - {""})
    if not there:
        raise DataError(f"{where} has no column 'source': leave --by out")
    if by == "source":
        return {name or "unnamed": [image for image in images if image.source == name] for name in there}
    wanted = [name.strip() for name in by.split(",")]
    for name in wanted:
        if name not in there:
            raise DataError(f"{where} has no source {name!r} that can be scored; there are {', '.join(there)}")
    chosen, others = ([image for image in images if (image.source in wanted) is inside] for inside in (True, False))
    return {", ".join(wanted): chosen} | ({"the others": others} if others else {})


def evaluate_detector(
    detector: Detector,
    images: Sequence[BoxedImage],
    *,
    groups: Mapping[str, Sequence[BoxedImage]] | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Score a detector on boxed images.

    Parameters
    ----------
    detector : Detector
        Made with ``min_score=MIN_SCORE``.
    images : sequence of BoxedImage
    groups : mapping of str to sequence of BoxedImage, optional
        Some of the images, by a name, to be scored by themselves as well; see :func:`groups_of`.
    progress : bool
        Whether to show a progress bar on stderr.

    Returns
    -------
    dict
        ``ap``, ``ap_by_size`` (by the names in :data:`SIZES`), ``recall_at_01_fp`` and ``recall_by_size`` (both at
        :data:`FALSE_POSITIVES` an image), ``landmark_error`` (of right detections, in shares of the box's size),
        ``false_per_image`` (detections of a score of 0.5 or more on images without a box, an image), ``ms`` (median
        time of one image), ``n`` (images) and ``n_boxes``. None stands for what the data cannot tell. With ``groups``
        also ``groups``: the same for each, by its name.

    Raises
    ------
    DataError
        If an image does not decode.

    Examples
    --------
    >>> evaluate_detector(create_detector("centerface", min_score=MIN_SCORE), images)["ap"]  # doctest: +SKIP
    0.61
    """
    claims, seconds = [], []
    for image in bar(images, progress=None if progress else False, desc="detecting", unit="image", leave=False):
        rgb = decode_image(image.encoded, f"{image.name}: image")
        started = time.perf_counter()
        found = detector.detect([rgb])[0]
        seconds.append(time.perf_counter() - started)
        claims.append(claim(image, found))
    scores = _scores(claims, seconds)
    if groups is not None:
        numbers = {id(image): number for number, image in enumerate(images)}
        chosen = {name: [numbers[id(image)] for image in group] for name, group in groups.items()}
        scores["groups"] = {
            name: _scores([claims[i] for i in rows], [seconds[i] for i in rows]) for name, rows in chosen.items()
        }
    return scores


def _scores(claims: Sequence[Claims], seconds: Sequence[float]) -> dict[str, Any]:
    matches = _gather(claims)
    errors = matches.errors[~np.isnan(matches.errors)]
    empty = [one for one in claims if len(one.image.boxes) == 0]
    false_faces = sum(int((one.found.scores >= 0.5).sum()) for one in empty)
    return {
        "ap": average_precision(matches),
        "ap_by_size": {name: average_precision(matches, size) for name, size in SIZES.items()},
        "recall_at_01_fp": recall_at(matches),
        "recall_by_size": {name: recall_at(matches, size=size) for name, size in SIZES.items()},
        "landmark_error": float(errors.mean()) if len(errors) else None,
        "false_per_image": false_faces / len(empty) if empty else None,
        "ms": round(1000 * float(np.median(seconds)), 3) if seconds else None,
        "n": len(claims),
        "n_boxes": len(matches.truths),
    }


def _gather(claims: Sequence[Claims]) -> Matches:
    none = [np.zeros(0, np.float32)]
    scores = np.concatenate([one.found.scores for one in claims] or none)
    order = np.argsort(-scores, kind="stable")
    boxes = [one.image.boxes for one in claims]
    return Matches(
        scores=scores[order],
        sizes=np.concatenate([one.found.sizes for one in claims] or none)[order],
        claimed=np.concatenate([one.claimed for one in claims] or none)[order],
        errors=np.concatenate([one.errors for one in claims] or none)[order],
        truths=np.concatenate([(one[:, 2:] - one[:, :2]).min(axis=1) for one in boxes] or none),
        n_images=len(claims),
    )
