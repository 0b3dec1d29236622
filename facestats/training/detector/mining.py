"""Places that a trained detector judges wrongly: what it takes for faces where there are none, and faces it misses.

The next training sees them more often; see :class:`facestats.training.detector.scenes.Material`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import numpy as np

from facestats._util.progress import bar
from facestats._util.threads import map_ahead, opencv_threads, usable_cores
from facestats.detect.base import box_overlaps
from facestats.detect.fast import FastFace
from facestats.training.detector.layers import LEAST_FACE
from facestats.training.detector.scenes import Spot
from facestats.training.detector.teaching import Taught
from facestats.types import Detections

#: Score from which a detection where no face is counts as wrong, and below which that of a face does.
TAKEN_FOR_A_FACE, MISSED = 0.2, 0.45

#: Places of one photo at most, the surest false ones first.
OF_A_PHOTO = 6

_OVERLAP = 0.4  # of a detection and the face that it is of


def hard_spots(file: Path, photos: Sequence[Taught], *, progress: bool = False) -> list[Spot]:
    """Run a detector over photos and return what it judges wrongly.

    Parameters
    ----------
    file : pathlib.Path
        ONNX file of the detector.
    photos : sequence of Taught
        With faces and without.
    progress : bool
        Whether to show a progress bar on stderr.

    Raises
    ------
    ModelError
        See :class:`facestats.detect.fast.FastFace`.

    Examples
    --------
    >>> hard_spots(Path("model.onnx"), photos)  # doctest: +SKIP
    """
    workers = usable_cores()
    idle: SimpleQueue[FastFace] = SimpleQueue()
    for _ in range(workers):
        idle.put(FastFace(file, detect_size=0, min_score=TAKEN_FOR_A_FACE))

    def one(photo: Taught) -> list[Spot]:
        worker = idle.get()
        try:
            return list(wrong_places(photo, worker.detect([photo.image])[0]))[:OF_A_PHOTO]
        finally:
            idle.put(worker)

    with opencv_threads(1), ThreadPoolExecutor(workers) as pool:
        found = map_ahead(photos, one, pool, 2 * workers)
        asked = bar(found, progress=progress, desc="looking for what is hard", total=len(photos), unit="photo")
        return [spot for _, spots in asked for spot in spots]


def wrong_places(photo: Taught, found: Detections) -> Iterator[Spot]:
    """Yield the detections that are no faces, surest first, then the faces that were missed or doubted.

    Examples
    --------
    >>> none = np.zeros((0, 4), np.float32)
    >>> grey = Taught(np.zeros((9, 9, 3), np.uint8), none, np.zeros((0, 5, 2), np.float32), none)
    >>> list(wrong_places(grey, Detections.empty()))
    []
    """
    overlaps = box_overlaps(found.boxes, photo.boxes)
    false = overlaps.max(axis=1, initial=0) < _OVERLAP
    middles = (found.boxes[:, None, :2] + found.boxes[:, None, 2:]) / 2
    low, high = photo.ignored[None, :, :2], photo.ignored[None, :, 2:]
    doubtful = ((middles >= low) & (middles <= high)).all(axis=2).any(axis=1)
    for index in np.flatnonzero(false & ~doubtful):
        yield Spot(photo, found.boxes[index])
    sides = (photo.boxes[:, 2:] - photo.boxes[:, :2]).min(axis=1, initial=np.inf)
    best = np.where(overlaps >= _OVERLAP, found.scores[:, None], 0).max(axis=0, initial=0)
    for index in np.flatnonzero((best < MISSED) & (sides >= LEAST_FACE)):
        yield Spot(photo, photo.boxes[index])
