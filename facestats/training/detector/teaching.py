"""What pictures teach the detector: boxes, landmarks and scores that other detectors and people agree on.

No large set of boxed faces is needed: each teacher looks at each picture in two sizes and mirrored, and what they find
is merged. Where all are sure there is a face; where hardly one is, the picture says nothing, neither face nor
background.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
from tqdm import tqdm

from facestats._util.files import cache_dir, sha256_of, written_aside
from facestats._util.threads import map_ahead, opencv_threads, usable_cores
from facestats.datasets.boxes import read_boxes
from facestats.datasets.faces import make_folder
from facestats.datasets.labelled import decode_image, read_images
from facestats.detect import Detector, create_detector, detector_identity
from facestats.detect.base import box_overlaps
from facestats.errors import DataError
from facestats.types import Detections, Float32, UInt8

#: Name of this way to label; labels are cached under it, so change it when anything below changes.
RECIPE = "taught-2"

#: Teachers' mean probability from which a box counts as a face, and below which it is background.
SURE, UNSURE = 0.45, 0.2

_LEAST_SCORE = 0.15  # what teachers are asked for
_LONGEST_SIDE = 1600  # a picture is not enlarged beyond

# A tightly cropped face is shown to the teachers on a grey canvas, enlarged to this many pixels.
_CROP_SIDE, _CROP_BORDER = 160, 40
_GREY = (127, 127, 127)


@dataclass(frozen=True)
class Taught:
    """A picture and what it teaches.

    Attributes
    ----------
    image : numpy.ndarray
        uint8 (H, W, 3), RGB.
    boxes : numpy.ndarray
        float32 (N, 4), ``x1, y1, x2, y2``: faces.
    landmarks : numpy.ndarray
        float32 (N, 5, 2), NaN where unknown.
    ignored : numpy.ndarray
        float32 (M, 4): regions that may be faces.
    """

    image: UInt8 = field(repr=False)
    boxes: Float32
    landmarks: Float32
    ignored: Float32


def create_teachers(teachers: Sequence[str]) -> list[Detector]:
    """Return the detectors that teach, by name or file; see :func:`facestats.detect.create_detector`.

    Examples
    --------
    >>> [teacher.name for teacher in create_teachers(["centerface"])]
    ['centerface']
    """
    return [create_detector(name, detect_size=0, min_score=_LEAST_SCORE) for name in teachers]


def agree(found: Sequence[Detections], *, overlap: float = 0.4) -> Detections:
    """Merge what several teachers found in one picture.

    Boxes that overlap are one face; its box and landmarks are their means, weighted by score, and its score is the mean
    of the teachers' scores, 0 for a teacher that did not see it.

    Parameters
    ----------
    found : sequence of Detections
        One for each teacher.
    overlap : float
        Intersection over union from which two boxes are one face.

    Examples
    --------
    >>> box = np.array([[0, 0, 10, 10]], np.float32)
    >>> one = Detections(box, np.array([0.8], np.float32), np.zeros((1, 5, 2), np.float32))
    >>> agree([one, Detections.empty()]).scores.tolist()
    [0.4000000059604645]
    """
    boxes = np.concatenate([part.boxes for part in found])
    scores = np.concatenate([part.scores for part in found])
    landmarks = np.concatenate([part.landmarks for part in found])
    teachers = np.repeat(np.arange(len(found)), [len(part) for part in found])
    free = np.ones(len(boxes), bool)
    faces: list[tuple[Float32, float, Float32]] = []
    for index in np.argsort(-scores, kind="stable"):
        if not free[index]:
            continue
        same = free & (box_overlaps(boxes[index : index + 1], boxes)[0] >= overlap)
        same[index] = True
        free &= ~same
        weights = scores[same] / scores[same].sum()
        best = [scores[same & (teachers == teacher)].max(initial=0) for teacher in range(len(found))]
        faces.append((weights @ boxes[same], float(np.mean(best)), np.tensordot(weights, landmarks[same], axes=1)))
    if not faces:
        return Detections.empty()
    faces.sort(key=lambda face: -face[1])
    return Detections(
        np.stack([box for box, _, _ in faces]).astype(np.float32),
        np.array([score for _, score, _ in faces], np.float32),
        np.stack([points for _, _, points in faces]).astype(np.float32),
    )


def look(image: UInt8, teachers: Sequence[Detector]) -> Detections:
    """Return what the teachers agree on in a picture that they see as it is, mirrored, and at twice its size.

    Examples
    --------
    >>> len(look(np.zeros((64, 64, 3), np.uint8), create_teachers(["centerface"])))
    0
    """
    height, width = image.shape[:2]
    views = [(image, 1.0, False), (np.ascontiguousarray(image[:, ::-1]), 1.0, True)]
    if 2 * max(height, width) <= _LONGEST_SIDE:
        views.append((cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), 2.0, False))
    found = []
    for teacher in teachers:
        seen = [teacher.detect([view])[0] for view, _, _ in views]
        parts = [
            _undo(one, scale, width if mirrored else 0) for one, (_, scale, mirrored) in zip(seen, views, strict=True)
        ]
        found.append(
            Detections(
                np.concatenate([part.boxes for part in parts]),
                np.concatenate([part.scores for part in parts]),
                np.concatenate([part.landmarks for part in parts]),
            )
        )
    return agree(found)


def _undo(found: Detections, scale: float, mirrored_width: int) -> Detections:
    boxes, landmarks = found.boxes / np.float32(scale), found.landmarks / np.float32(scale)
    if mirrored_width:
        boxes, landmarks = mirror(boxes, landmarks, mirrored_width)
    return Detections(boxes, found.scores, landmarks)


def mirror(boxes: Float32, landmarks: Float32, width: float) -> tuple[Float32, Float32]:
    """Mirror boxes and landmarks of a picture of this width; left landmarks become right ones.

    Examples
    --------
    >>> mirror(np.array([[0, 0, 10, 20]], np.float32), np.zeros((1, 5, 2), np.float32), 50)[0].tolist()
    [[40.0, 0.0, 50.0, 20.0]]
    """
    boxes = np.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], axis=1)
    landmarks = landmarks[:, [1, 0, 2, 4, 3]] * np.array([-1, 1], np.float32) + np.array([width, 0], np.float32)
    return boxes.astype(np.float32), landmarks.astype(np.float32)


def teach(image: UInt8, found: Detections, people: Float32) -> Taught:
    """Combine what teachers found with the boxes that people drew.

    A box drawn by people is a face for sure. Where teachers saw it too, the face lies half-way between the two: people
    include hair or the lower edge of a mask, teachers go from forehead to chin, and each shall find the other right.

    Parameters
    ----------
    image : numpy.ndarray
        uint8 (H, W, 3), RGB.
    found : Detections
        What the teachers agree on.
    people : numpy.ndarray
        float32 (K, 4): boxes drawn by people.

    Examples
    --------
    >>> drawn = np.array([[0, 0, 10, 10]], np.float32)
    >>> teach(np.zeros((20, 20, 3), np.uint8), Detections.empty(), drawn).boxes.tolist()
    [[0.0, 0.0, 10.0, 10.0]]
    """
    boxes, sure = found.boxes.copy(), found.scores >= SURE
    alone = np.ones(len(people), bool)
    if len(people) and len(found):
        overlaps = box_overlaps(people, found.boxes)
        best = overlaps.argmax(axis=1)
        seen = overlaps[np.arange(len(people)), best] >= 0.3
        sure[best[seen]] = True
        boxes[best[seen]] = (found.boxes[best[seen]] + people[seen]) / 2
        alone &= ~seen
    unknown = np.full((int(alone.sum()), 5, 2), np.nan, np.float32)
    return Taught(
        image,
        np.concatenate([boxes[sure], people[alone]]),
        np.concatenate([found.landmarks[sure], unknown]),
        found.boxes[~sure & (found.scores >= UNSURE)],
    )


def taught_photos(path: Path, teachers: Sequence[str], *, progress: bool = False) -> list[Taught]:
    """Return the training photos of a data file, each with its faces.

    Photos in which people drew no box and teachers see no face, not even a doubtful one, teach what is no face. Those
    where only doubtful ones are seen are left out.

    Parameters
    ----------
    path : pathlib.Path
        See :func:`facestats.datasets.boxes.read_boxes`.
    teachers : sequence of str
        See :func:`create_teachers`.
    progress : bool
        Whether to show a progress bar on stderr.

    Raises
    ------
    MissingInputError, DataError
        See :func:`facestats.datasets.boxes.read_boxes`.

    Examples
    --------
    >>> taught_photos(Path("detection.parquet"), ["centerface"])  # doctest: +SKIP
    """
    photos = read_boxes(path, "train")
    images = [decode_image(photo.encoded, f"{path}, {photo.name}: image") for photo in photos]
    found = _cached_look(path, "photos", images, teachers, progress=progress)
    taught = []
    for photo, image, seen in zip(photos, images, found, strict=True):
        one = teach(image, seen, photo.boxes)
        # Without a box by people, even a face that teachers are sure of may be a picture on the wall.
        if len(photo.boxes) or not (len(one.boxes) or len(one.ignored)):
            taught.append(one)
    return taught


def taught_crops(paths: Sequence[Path], limit: int, teachers: Sequence[str], *, progress: bool = False) -> list[Taught]:
    """Return training pictures that show one face and little else, each with that face, in equal parts of each file.

    Pictures whose face not all teachers are sure of are left out, and so are those with a second one.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        Parquet files with a column ``image``, and ``split`` or ``name``.
    limit : int
        Pictures of each file at most.
    teachers : sequence of str
        See :func:`create_teachers`.
    progress : bool
        Whether to show a progress bar on stderr.

    Raises
    ------
    MissingInputError, DataError
        See :func:`facestats.datasets.labelled.read_images`.

    Examples
    --------
    >>> taught_crops([Path("makeup.parquet")], 100, ["centerface"])  # doctest: +SKIP
    """
    taught = []
    for path in paths:
        frame = read_images(path, "train").iloc[:limit]
        images = [decode_image(row, f"{path}, row {index}: image") for index, row in frame["image"].items()]
        found = _cached_look(path, f"crops-{limit}", images, teachers, progress=progress, on_canvas=True)
        for image, seen in zip(images, found, strict=True):
            if len(seen) and seen.scores[0] >= 0.7 and not (seen.scores[1:] >= UNSURE).any():
                taught.append(Taught(image, seen.boxes[:1], seen.landmarks[:1], np.zeros((0, 4), np.float32)))
    return taught


def _look_on_canvas(image: UInt8, teachers: Sequence[Detector]) -> Detections:
    """Return the faces of a tight crop, in its own pixels."""
    scale = _CROP_SIDE / max(image.shape[:2])
    enlarged = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    canvas = cv2.copyMakeBorder(enlarged, *(4 * [_CROP_BORDER]), cv2.BORDER_CONSTANT, value=_GREY)
    found = agree([teacher.detect([canvas])[0] for teacher in teachers])
    return Detections(
        (found.boxes - _CROP_BORDER) / np.float32(scale),
        found.scores,
        (found.landmarks - _CROP_BORDER) / np.float32(scale),
    )


def _cached_look(
    path: Path,
    kind: str,
    images: Sequence[UInt8],
    teachers: Sequence[str],
    *,
    progress: bool,
    on_canvas: bool = False,
) -> list[Detections]:
    """Ask the teachers about every picture, or read what they said before."""
    who = "-".join(detector_identity(name) for name in teachers)
    file = cache_dir() / "taught" / f"{sha256_of(path)[:16]}-{kind}-{RECIPE}-{who}.parquet"
    if file.is_file():
        try:
            return [_unpack(content) for content in pd.read_parquet(file)["found"]]
        except (pa.ArrowException, OSError, ValueError, KeyError, IndexError) as error:
            raise DataError(f"{file} is damaged ({str(error).splitlines()[0]}): delete it") from None
    make_folder(file.parent)
    workers = [create_teachers(teachers) for _ in range(usable_cores())]
    idle: SimpleQueue[list[Detector]] = SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def ask(image: UInt8) -> Detections:
        worker = idle.get()
        try:
            return (_look_on_canvas if on_canvas else look)(image, worker)
        finally:
            idle.put(worker)

    title = f"asking {' and '.join(Path(name).stem for name in teachers)}"
    with opencv_threads(1), ThreadPoolExecutor(len(workers)) as pool:
        answers = map_ahead(images, ask, pool, 2 * len(workers))
        found = [one for _, one in tqdm(answers, title, len(images), unit="picture", disable=not progress)]
    with written_aside(file) as part:
        pd.DataFrame({"found": [_pack(one) for one in found]}).to_parquet(part)
    return found


def _pack(found: Detections) -> bytes:
    rows = np.column_stack([found.boxes, found.scores, found.landmarks.reshape(-1, 10)]).astype(np.float32)
    with io.BytesIO() as buffer:
        np.save(buffer, rows)
        return buffer.getvalue()


def _unpack(content: bytes) -> Detections:
    rows = np.load(io.BytesIO(content), allow_pickle=False)
    return Detections(rows[:, :4], rows[:, 4], rows[:, 5:].reshape(-1, 5, 2))
