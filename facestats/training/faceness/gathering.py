"""What detectors take for faces in photos, and which of it is one: what the layer that judges detections learns from.

Detectors search each photo with a low threshold, as it is and in enlarged, reduced and compressed parts of it, as a
camera would show them. In photos that people called empty nothing is a face. In others a detection is one if it fits
what people boxed, or what both former detectors saw; it is none if neither saw anything there; else it is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from facestats._util.progress import bar
from facestats._util.threads import opencv_threads
from facestats.classify.faceness import CloseView, surroundings
from facestats.datasets.boxes import BoxedImage, read_boxes
from facestats.datasets.labelled import decode_image, digest_of
from facestats.detect import create_detector
from facestats.detect.base import Detector, box_overlaps
from facestats.errors import DataError
from facestats.training.kinds import FacenessRecipe
from facestats.types import Float32, UInt8

#: Of what is called a face: how sure the surer and the less sure of the two former detectors must have been.
_SURE, _NOT_UNSURE = 0.8, 0.3

_FITS, _APART = 0.35, 0.02  # overlap with a face; with what may be one
_LEAST_SCORE = 0.04, 0.12  # of the first detector, which sees every view, and of the others
_LEAST_PX = 9.0
_VIEWS = 4  # of a photo without a face, beside the photo as it is
_WIDTH = 640  # of a view, in pixels
_SHRUNK = (1.0, 1.0, 0.6, 0.35)
_COMPRESSED = 0.6  # share of the views
_QUALITIES = (20, 75)

_COLUMNS = ("is_face", "sure", "source", "photo", "detector", "score")


@dataclass(frozen=True)
class Detected:
    """Detections, and what they look like closely.

    Attributes
    ----------
    features : numpy.ndarray
        float32 (N, F), see :class:`facestats.classify.faceness.CloseView`.
    table : pandas.DataFrame
        N rows: ``is_face``; ``sure`` (whether people say so), ``source`` and ``photo``, ``detector``, ``score``.
    """

    features: Float32 = field(repr=False)
    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, rows: np.ndarray) -> Detected:
        """Return those of rows, bool (N,)."""
        return Detected(self.features[rows], self.table[rows].reset_index(drop=True))


def gather_detections(data: Sequence[Path], recipe: FacenessRecipe, *, progress: bool = False) -> Detected:
    """Search photos and return what was found in them.

    Parameters
    ----------
    data : sequence of pathlib.Path
        See :func:`facestats.datasets.boxes.read_boxes`.
    recipe : FacenessRecipe
    progress : bool
        Whether to show a progress bar on stderr.

    Raises
    ------
    MissingInputError, DataError
        See :func:`facestats.datasets.boxes.read_boxes`; also if nothing was found that is a face, or that is none.
    ModelError, UnknownNameError
        If a detector or a layer is not here.

    Examples
    --------
    >>> gather_detections([Path("detection_wild.parquet")], FacenessRecipe())  # doctest: +SKIP
    """
    photos = [photo for path in data for photo in read_boxes(path) if photo.name not in recipe.left_out]
    first, *others = [
        create_detector(name, detect_size=0, min_score=_LEAST_SCORE[min(place, 1)])
        for place, name in enumerate(recipe.detectors)
    ]
    close = CloseView(recipe.layers)
    features: list[Float32] = []
    rows: list[tuple[object, ...]] = []
    with opencv_threads(1):
        for photo in bar(photos, progress=progress, desc="looking for faces", total=len(photos), unit="photo"):
            for pictures, found in _found_in(photo, first, others, recipe):
                features.append(close.features(pictures))
                rows += found
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    for is_face, word in ((True, "that is a face"), (False, "that is no face")):
        if not (table["is_face"] == is_face).any():
            raise DataError(f"nothing was found {word} in {', '.join(map(str, data))}: give photos of both kinds")
    return Detected(np.concatenate(features), table)


def _found_in(
    photo: BoxedImage, first: Detector, others: Sequence[Detector], recipe: FacenessRecipe
) -> Iterator[tuple[UInt8, list[tuple[object, ...]]]]:
    """Yield the pictures of detections, at least one, and their rows."""
    faces, maybe = faces_of(photo)
    is_empty = photo.boxed == "empty"
    if not is_empty and not len(faces):
        return
    rgb = decode_image(photo.encoded, photo.name)
    rng = np.random.default_rng(digest_of(photo.name.encode()))
    if is_empty:
        views = [(rgb, np.zeros(2), 1.0), *(view_of(rgb, rng, None) for _ in range(_VIEWS))]
    else:
        views = [view_of(rgb, rng, faces[rng.integers(len(faces))])]
    for number, (view, corner, scale) in enumerate(views):
        shown, perhaps = ((boxes - np.tile(corner, 2)) * scale for boxes in (faces, maybe))
        for detector in [first, *(others if is_empty and number < 2 else [])]:
            found = detector.detect([view])[0]
            found = found[found.sizes >= _LEAST_PX]
            fits, near = (box_overlaps(found.boxes, boxes).max(axis=1, initial=0) for boxes in (shown, perhaps))
            is_face = fits >= _FITS
            chosen = np.flatnonzero(is_face | (near < _APART))
            if len(chosen):
                yield (
                    surroundings(view, found.boxes[chosen], recipe.input_size, recipe.wide),
                    [
                        (
                            bool(is_face[place]),
                            bool(is_face[place]) or is_empty,
                            photo.source,
                            photo.name,
                            detector.name,
                            float(found.scores[place]),
                        )
                        for place in chosen
                    ],
                )


def faces_of(photo: BoxedImage) -> tuple[np.ndarray, np.ndarray]:
    """Return the boxes of the faces of a photo, and of all that may be one, float64 (N, 4) each.

    Examples
    --------
    >>> empty = BoxedImage("a", b"", np.zeros((0, 4), np.float32), boxed="empty")
    >>> [len(boxes) for boxes in faces_of(empty)]
    [0, 0]
    """
    if photo.boxed == "empty":
        return np.zeros((0, 4)), np.zeros((0, 4))
    scores = photo.taught[:, 4:]
    both = (scores.max(axis=1, initial=0) >= _SURE) & (scores.min(axis=1, initial=1) >= _NOT_UNSURE)
    faces = np.concatenate([photo.boxes, photo.taught[both, :4]])
    return faces.astype(np.float64), np.concatenate([photo.boxes, photo.ignored, photo.taught[:, :4]]).astype(float)


def view_of(rgb: UInt8, rng: np.random.Generator, near: np.ndarray | None) -> tuple[UInt8, np.ndarray, float]:
    """Return a part of a photo, 16 to 9, as a frame of a video shows it: pixels, its corner, and its scale.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8 (H, W, 3).
    rng : numpy.random.Generator
    near : numpy.ndarray or None
        float (4,): a box that lies in it; None for any part.

    Examples
    --------
    >>> view_of(np.zeros((90, 160, 3), np.uint8), np.random.default_rng(0), None)[0].ndim
    3
    """
    height, width = rgb.shape[:2]
    wide = min(width, height * 16 / 9) * rng.uniform(0.4, 1)
    size = np.array([wide, min(wide * 9 / 16, height)])
    room = np.maximum([width, height] - size, 0)
    corner = rng.uniform(0, 1, 2) * room
    if near is not None:
        corner = np.clip((near[:2] + near[2:]) / 2 - rng.uniform(0.3, 0.7, 2) * size, 0, room)
    x, y = np.floor(corner).astype(int)
    cols, rows = np.maximum(size.astype(int), 1)
    scale = float(_WIDTH / cols * rng.choice(_SHRUNK))
    part = rgb[y : y + rows, x : x + cols]
    shown = max(round(cols * scale), 1), max(round(rows * scale), 1)
    view = cv2.resize(part, shown, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    if rng.random() < _COMPRESSED:
        quality = int(rng.integers(*_QUALITIES))
        coded = cv2.imencode(".jpg", view[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, quality))[1]
        view = np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1])
    return view, np.array([x, y], np.float64), scale
