"""What pictures teach the detector: boxes, landmarks and scores that other detectors and people agree on.

No large set of boxed faces is needed: each teacher looks at each picture in several sizes and mirrored, and what they
find is merged. Where most are sure there is a face; where one doubts, the picture says nothing, neither face nor
background.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.special import expit

from facestats.datasets.boxes import BoxedImage, read_boxes
from facestats.datasets.labelled import decode_image, read_images
from facestats.detect.base import box_overlaps
from facestats.errors import DataError
from facestats.training.detector.teachers import Seen, ask, teacher_name, views_of
from facestats.types import Detections, Float32, UInt8

#: Teachers' mean vote from which a box counts as a face, and below which it is background.
SURE, UNSURE = 0.55, 0.03

#: With so many faces in a photo, teachers miss others: there a box is background only below this vote.
CROWD, UNSURE_IN_A_CROWD = 10, 0.002

_SURE_OF_A_CROP = 0.8  # all teachers

#: Overlap from which two boxes are one face, and from which a box drawn by people is one that teachers saw.
_SAME, _SAME_AS_PEOPLE = 0.4, 0.3

# Score of each teacher at which it is as likely right as wrong, and how wide that doubt is: a vote is the logistic
# function of the distance. These are the detectors' own scores, which mean different things, not probabilities.
_DOUBT: Mapping[str, tuple[float, float]] = {
    "centerface": (0.35, 0.07),
    "yunet": (0.6, 0.07),
    "retinaface": (0.75, 0.08),
}
_OTHER_DOUBT = (0.45, 0.08)


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


def without_faces(image: UInt8) -> Taught:
    """Return a picture that teaches what is no face, all over.

    Examples
    --------
    >>> len(without_faces(np.zeros((8, 8, 3), np.uint8)).boxes)
    0
    """
    none = np.zeros((0, 4), np.float32)
    return Taught(image, none, np.zeros((0, 5, 2), np.float32), none)


def agree(seen: Mapping[str, Seen]) -> Detections:
    """Merge what several teachers saw in one picture.

    Boxes that overlap are one face; its box and landmarks are their means, weighted by score (NaN where no teacher says
    where they are). Its score is the mean of the teachers' votes, 0 for a teacher that did not see it. A teacher goes
    by the size of the picture at which it is surest, and there by the mean over the picture and its mirror image: what
    is seen in one of them only is doubtful.

    Parameters
    ----------
    seen : mapping of str to Seen
        By the detector's own name.

    Returns
    -------
    Detections
        Best vote first.

    Examples
    --------
    >>> box = np.array([[0, 0, 10, 10]], np.float32)
    >>> one = Detections(box, np.array([0.9], np.float32), np.zeros((1, 5, 2), np.float32))
    >>> both = {"yunet": Seen(one, np.zeros(1, np.int64)), "retinaface": Seen.nothing()}
    >>> agree(both).scores.round(2).tolist()
    [0.49000000953674316]
    """
    boxes = np.concatenate([part.found.boxes for part in seen.values()])
    scores = np.concatenate([part.found.scores for part in seen.values()])
    landmarks = np.concatenate([part.found.landmarks for part in seen.values()])
    views = np.concatenate([part.views for part in seen.values()])
    teachers = np.repeat(np.arange(len(seen)), [len(part.found) for part in seen.values()])
    names = list(seen)
    free = np.ones(len(boxes), bool)
    faces: list[tuple[Float32, float, Float32]] = []
    for index in np.argsort(-scores, kind="stable"):
        if not free[index]:
            continue
        left = np.flatnonzero(free)
        same = left[box_overlaps(boxes[index : index + 1], boxes[left])[0] >= _SAME]
        same = same if len(same) else np.array([index])
        free[same] = False
        free[index] = False
        weights = scores[same] / scores[same].sum()
        pointed = same[~np.isnan(landmarks[same, 0, 0])]
        points = np.full((5, 2), np.nan, np.float32)
        if len(pointed):
            points = np.tensordot(scores[pointed] / scores[pointed].sum(), landmarks[pointed], axes=1)
        votes = []
        for number, name in enumerate(names):
            own = teachers[same] == number
            votes.append(_vote(name, scores[same][own], views[same][own]))
        faces.append((weights @ boxes[same], float(np.mean(votes)), points))
    if not faces:
        return Detections.empty()
    faces.sort(key=lambda face: -face[1])
    return Detections(
        np.stack([box for box, _, _ in faces]).astype(np.float32),
        np.array([score for _, score, _ in faces], np.float32),
        np.stack([points for _, _, points in faces]).astype(np.float32),
    )


def _vote(teacher: str, scores: Float32, views: np.ndarray) -> float:
    """Return how sure a teacher is of a face, from its scores in the views that show it."""
    if not len(scores):
        return 0.0
    by_scale: dict[int, list[float]] = {}
    for number, view in enumerate(views_of(teacher)):
        by_scale.setdefault(view.scale, []).append(float(scores[views == number].max(initial=0)))
    middle, width = _DOUBT.get(teacher, _OTHER_DOUBT)
    return float(expit((max(np.mean(pair) for pair in by_scale.values()) - middle) / width))


def teach(image: UInt8, found: Detections, people: Float32, *, halfway: bool = True) -> Taught:
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
    halfway : bool
        Whether people's boxes are as tight as the teachers'; if not, these stand where both saw a face.

    Examples
    --------
    >>> drawn = np.array([[0, 0, 10, 10]], np.float32)
    >>> teach(np.zeros((20, 20, 3), np.uint8), Detections.empty(), drawn).boxes.tolist()
    [[0.0, 0.0, 10.0, 10.0]]
    """
    boxes, sure = found.boxes.copy(), found.scores >= SURE
    best, seen = _matched(people, found)
    sure[best[seen]] = True
    if halfway:
        boxes[best[seen]] = (found.boxes[best[seen]] + people[seen]) / 2
    unknown = np.full((int((~seen).sum()), 5, 2), np.nan, np.float32)
    unsure = UNSURE_IN_A_CROWD if sure.sum() >= CROWD else UNSURE
    return Taught(
        image,
        np.concatenate([boxes[sure], people[~seen]]),
        np.concatenate([found.landmarks[sure], unknown]),
        found.boxes[~sure & (found.scores >= unsure)],
    )


def _matched(people: Float32, found: Detections) -> tuple[np.ndarray, np.ndarray]:
    """Return for each box drawn by people the found one that overlaps it most, and whether that is the same face."""
    if not len(people) or not len(found):
        return np.zeros(len(people), np.int64), np.zeros(len(people), bool)
    overlaps = box_overlaps(people, found.boxes)
    best = overlaps.argmax(axis=1)
    return best, overlaps[np.arange(len(people)), best] >= _SAME_AS_PEOPLE


def _tightened(photos: Sequence[BoxedImage], found: Sequence[Detections]) -> list[Float32]:
    """Return loose boxes of people as the teachers would have drawn them, by what they drew where they saw the face.

    A box is moved and resized by the medians over all faces of its source that both boxed.
    """
    changes: dict[str, list[np.ndarray]] = {}
    for photo, seen in zip(photos, found, strict=True):
        best, same = _matched(photo.boxes, seen)
        for drawn, meant in zip(photo.boxes[same], seen.boxes[best[same]], strict=True):
            sides, wanted = drawn[2:] - drawn[:2], meant[2:] - meant[:2]
            shift = (meant[:2] + meant[2:] - drawn[:2] - drawn[2:]) / 2 / sides
            changes.setdefault(photo.source, []).append(np.concatenate([shift, wanted / sides]))
    medians = {source: np.median(np.stack(rows), axis=0) for source, rows in changes.items()}
    tightened = []
    for photo in photos:
        shift, ratio = np.split(medians.get(photo.source, np.array([0, 0, 1, 1])), 2)
        sides = photo.boxes[:, 2:] - photo.boxes[:, :2]
        middle, half = (photo.boxes[:, :2] + photo.boxes[:, 2:]) / 2 + shift * sides, sides * ratio / 2
        tightened.append(np.concatenate([middle - half, middle + half], axis=1).astype(np.float32))
    return tightened


def taught_photos(path: Path, teachers: Sequence[str], *, progress: bool = False) -> list[Taught]:
    """Return the training photos of a data file, each with its faces.

    What a photo without boxes says depends on its ``boxed``. Where the file does not say, photos in which people drew
    no box and teachers are sure of a face are left out: a picture on the wall, or somebody overlooked.

    Parameters
    ----------
    path : pathlib.Path
        See :func:`facestats.datasets.boxes.read_boxes`.
    teachers : sequence of str
        See :func:`facestats.training.detector.teachers.create_teacher`.
    progress : bool
        Whether to show a progress bar on stderr.

    Raises
    ------
    MissingInputError, DataError
        See :func:`facestats.datasets.boxes.read_boxes`; and where nobody boxed anything and there is no teacher.

    Examples
    --------
    >>> taught_photos(Path("detection.parquet"), ["centerface"])  # doctest: +SKIP
    """
    photos = read_boxes(path, "train")
    if not teachers and all(photo.boxed == "none" and not len(photo.taught) for photo in photos):
        raise DataError(f"{path}: nobody boxed any of its photos (boxed is none): give a --teacher that does")
    images = [decode_image(photo.encoded, f"{path}, {photo.name}: image") for photo in photos]
    found = _asked(path, "train", images, teachers, given=[_given(photo) for photo in photos], progress=progress)
    some = [index for index, photo in enumerate(photos) if photo.boxed == "some"]
    people = {index: photo.boxes for index, photo in enumerate(photos)}
    people |= dict(zip(some, _tightened([photos[i] for i in some], [found[i] for i in some]), strict=True))
    taught = []
    for index, (photo, image, seen) in enumerate(zip(photos, images, found, strict=True)):
        if photo.boxed == "empty":
            taught.append(without_faces(image))
            continue
        one = teach(image, seen, people[index], halfway=photo.boxed != "some")
        one = Taught(image, one.boxes, one.landmarks, np.concatenate([one.ignored, photo.ignored]))
        if photo.boxed is not None or len(photo.boxes) or not (len(one.boxes) or len(one.ignored)):
            taught.append(one)
    return taught


def _given(photo: BoxedImage) -> dict[str, Seen]:
    """Return what the data file says that CenterFace and YuNet saw, without landmarks."""
    given = {}
    for name, scores in zip(("centerface", "yunet"), photo.taught[:, 4:].T, strict=True):
        seen = scores > 0
        landmarks = np.full((int(seen.sum()), 5, 2), np.nan, np.float32)
        found = Detections(photo.taught[seen, :4], scores[seen], landmarks)
        given[name] = Seen(found, np.zeros(len(found), np.int64))
    return given if len(photo.taught) else {}


def _asked(
    path: Path,
    kind: str,
    images: Sequence[UInt8],
    teachers: Sequence[str],
    *,
    given: Sequence[Mapping[str, Seen]] = (),
    progress: bool,
    on_canvas: bool = False,
) -> list[Detections]:
    """Return what the teachers agree on in each picture, together with what is given of others."""
    by_name = {
        teacher_name(teacher): ask(path, kind, images, teacher, on_canvas=on_canvas, progress=progress)
        for teacher in teachers
    }
    agreed = []
    # A photo in which a teacher that others were given of saw nothing counts as one that it was shown.
    others = {name: Seen.nothing() for seen in given for name in seen}
    for index in range(len(images)):
        seen = others | dict(given[index] if given else {}) | {name: part[index] for name, part in by_name.items()}
        agreed.append(agree(seen) if seen else Detections.empty())
    return agreed


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
        See :func:`facestats.training.detector.teachers.create_teacher`.
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
        found = _asked(path, "crops", images, teachers, progress=progress, on_canvas=True)
        for image, seen in zip(images, found, strict=True):
            if len(seen) and seen.scores[0] >= _SURE_OF_A_CROP and not (seen.scores[1:] >= UNSURE).any():
                taught.append(Taught(image, seen.boxes[:1], seen.landmarks[:1], np.zeros((0, 4), np.float32)))
    return taught
