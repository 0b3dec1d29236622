"""The detectors that teach, and what each of them sees in a picture: at several sizes and mirrored, asked once.

What a teacher saw is kept in the cache, in parts of :data:`PART` pictures, so that labelling goes on where it stopped
and another teacher can be added without asking the first again.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa

from facestats._util.files import cache_dir, sha256_of, written_aside
from facestats._util.progress import bar
from facestats._util.threads import map_ahead, opencv_threads, usable_cores
from facestats.datasets.faces import make_folder
from facestats.detect import DETECTORS, Detector, create_detector, detector_file, detector_identity, fast
from facestats.detect.centerface import CenterFace
from facestats.detect.yunet import YuNet
from facestats.errors import DataError
from facestats.training.detector import retinaface
from facestats.types import Detections, Float32, Int64, UInt8

#: Pictures whose answers are written together.
PART = 128

#: Name of this way to ask; answers are cached under it, so change it when anything below changes.
RECIPE = "seen-1"

_LEAST_SCORE = 0.1  # what teachers are asked for
_LONGEST_SIDE = 1600  # a picture is not enlarged beyond

# A tightly cropped face is shown to the teachers on a grey canvas, enlarged to this many pixels.
_CROP_SIDE, _CROP_BORDER = 160, 40
_GREY = (127, 127, 127)


@dataclass(frozen=True)
class View:
    """How a picture is shown to a teacher: so many times enlarged, perhaps mirrored."""

    scale: int = 1
    mirrored: bool = False


#: Views of each teacher: YuNet and RetinaFace find small faces in a doubled picture only, CenterFace at its own size.
VIEWS: Mapping[str, tuple[View, ...]] = {
    "centerface": (View(),),
    "yunet": (View(), View(2)),
    "retinaface": (View(), View(2)),
}
_OTHER_VIEWS = (View(), View(mirrored=True), View(2))


@dataclass(frozen=True)
class Seen:
    """What one teacher saw in one picture, over all its views; a face is seen by several.

    Attributes
    ----------
    found : Detections
        In pixels of the picture.
    views : numpy.ndarray
        int64 (N,): which of the teacher's views each is of.
    """

    found: Detections
    views: Int64

    @classmethod
    def nothing(cls) -> Seen:
        """Return what a teacher saw that saw no face."""
        return cls(Detections.empty(), np.zeros(0, np.int64))


def create_teacher(name: str) -> Detector:
    """Return a detector that teaches: ``retinaface``, or what :func:`facestats.detect.create_detector` takes.

    Those that come with facestats tell their own scores, not the probabilities that a card's calibration makes of them:
    so do data files that hold what detectors found before.

    Raises
    ------
    UnknownNameError, ModelError
        If there is no such detector, or its package or file is missing or not what it should be.

    Examples
    --------
    >>> create_teacher("centerface").name
    'centerface'
    """
    kind = teacher_name(name)
    if kind == retinaface.NAME:
        return retinaface.RetinaFace(min_score=_LEAST_SCORE)
    if kind == "centerface":
        return CenterFace(detect_size=0, min_score=_LEAST_SCORE)
    if kind in ("fast", "yunet"):
        with_own_scores = fast.FastFace if kind == "fast" else YuNet
        return with_own_scores(detector_file(name), detect_size=0, min_score=_LEAST_SCORE)
    return create_detector(name, detect_size=0, min_score=_LEAST_SCORE)


def teacher_name(teacher: str) -> str:
    """Return the own name of the detector that :func:`create_teacher` would make.

    Raises
    ------
    UnknownNameError, ModelError
        See :func:`facestats.detect.detector_file`.

    Examples
    --------
    >>> teacher_name("centerface")
    'centerface'
    """
    if teacher in (*VIEWS, *DETECTORS):
        return teacher
    return "fast" if fast.runs(detector_file(teacher)) else "yunet"


def views_of(teacher: str) -> tuple[View, ...]:
    """Return how pictures are shown to a teacher, by the detector's own name.

    Examples
    --------
    >>> views_of("centerface")
    (View(scale=1, mirrored=False),)
    """
    return VIEWS.get(teacher, _OTHER_VIEWS)


def detect_in_views(image: UInt8, teacher: Detector) -> Seen:
    """Return what a teacher sees in the views of a picture.

    Examples
    --------
    >>> len(detect_in_views(np.zeros((64, 64, 3), np.uint8), create_teacher("centerface")).found)
    0
    """
    height, width = image.shape[:2]
    parts = []
    for number, view in enumerate(views_of(teacher.name)):
        if view.scale * max(height, width) > _LONGEST_SIDE and view.scale > 1:
            continue
        variant = image
        if view.scale > 1:
            variant = cv2.resize(image, None, fx=view.scale, fy=view.scale, interpolation=cv2.INTER_CUBIC)
        if view.mirrored:
            variant = np.ascontiguousarray(variant[:, ::-1])
        found = teacher.detect([variant])[0]
        boxes, landmarks = found.boxes / np.float32(view.scale), found.landmarks / np.float32(view.scale)
        if view.mirrored:
            boxes, landmarks = mirror(boxes, landmarks, width)
        parts.append((boxes, found.scores, landmarks, np.full(len(found), number)))
    boxes, scores, landmarks, views = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Seen(Detections(boxes, scores, landmarks), views.astype(np.int64))


def detect_on_canvas(image: UInt8, teacher: Detector) -> Seen:
    """Return what a teacher sees in a tight crop of a face that lies, enlarged, on a grey canvas; one view only.

    Examples
    --------
    >>> len(detect_on_canvas(np.zeros((64, 64, 3), np.uint8), create_teacher("centerface")).found)
    0
    """
    scale = _CROP_SIDE / max(image.shape[:2])
    enlarged = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    canvas = cv2.copyMakeBorder(enlarged, *(4 * [_CROP_BORDER]), cv2.BORDER_CONSTANT, value=_GREY)
    found = teacher.detect([canvas])[0]
    boxes, landmarks = ((part - _CROP_BORDER) / np.float32(scale) for part in (found.boxes, found.landmarks))
    return Seen(Detections(boxes, found.scores, landmarks), np.zeros(len(found), np.int64))


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


def ask(
    path: Path,
    kind: str,
    images: Sequence[UInt8],
    teacher: str,
    *,
    on_canvas: bool = False,
    progress: bool = False,
) -> list[Seen]:
    """Ask a teacher about every picture of a file, or read what it said before.

    Parameters
    ----------
    path : pathlib.Path
        The file that the pictures are of; what was said is kept under its hash.
    kind : str
        Which pictures of the file these are, for the name in the cache.
    images : sequence of numpy.ndarray
        uint8 (H, W, 3), RGB.
    teacher : str
        See :func:`create_teacher`.
    on_canvas : bool
        Whether they are tight crops; see :func:`detect_on_canvas`.
    progress : bool
        Whether to show a progress bar on stderr.

    Raises
    ------
    DataError
        If a part in the cache is damaged.

    Examples
    --------
    >>> ask(Path("detection.parquet"), "photos", images, "centerface")  # doctest: +SKIP
    """
    folder = cache_dir() / "taught" / f"{sha256_of(path)[:16]}-{kind}-{len(images)}-{RECIPE}-{_identity(teacher)}"
    make_folder(folder)
    files = {start: folder / f"{start:06d}.parquet" for start in range(0, len(images), PART)}
    missing = [start for start, file in files.items() if not file.is_file()]
    todo = [index for start in missing for index in range(start, min(start + PART, len(images)))]
    answered: list[Seen] = []
    way = detect_on_canvas if on_canvas else detect_in_views
    answers = _answers(images, todo, teacher, way)
    for seen in bar(answers, progress=progress, desc=f"asking {teacher}", total=len(todo), unit="picture"):
        answered.append(seen)
        if len(answered) == min(PART, len(images) - missing[0]):
            with written_aside(files[missing.pop(0)]) as unfinished:
                pd.DataFrame({"seen": [_pack(seen) for seen in answered]}).to_parquet(unfinished)
            answered = []
    return [seen for file in files.values() for seen in _read_part(file)]


def _identity(teacher: str) -> str:
    if teacher == retinaface.NAME:
        return f"{teacher}-{sha256_of(retinaface.weights_path())[:8]}"
    return detector_identity(teacher)


def _answers(
    images: Sequence[UInt8], todo: Sequence[int], teacher: str, way: Callable[[UInt8, Detector], Seen]
) -> Iterator[Seen]:
    """Yield what a teacher sees in the chosen pictures, in order, as many at a time as there are cores."""
    if not todo:
        return
    workers = usable_cores()
    idle: SimpleQueue[Detector] = SimpleQueue()
    for _ in range(workers):
        idle.put(create_teacher(teacher))

    def one(index: int) -> Seen:
        worker = idle.get()
        try:
            return way(images[index], worker)
        finally:
            idle.put(worker)

    with opencv_threads(1), ThreadPoolExecutor(workers) as pool:
        for _, seen in map_ahead(todo, one, pool, 2 * workers):
            yield seen


def _read_part(file: Path) -> list[Seen]:
    try:
        return [_unpack(content) for content in pd.read_parquet(file)["seen"]]
    except (pa.ArrowException, OSError, ValueError, KeyError, IndexError) as error:
        raise DataError(f"{file} is damaged ({str(error).splitlines()[0]}): delete it") from None


def _pack(seen: Seen) -> bytes:
    found = seen.found
    rows = [found.boxes, found.scores, found.landmarks.reshape(-1, 10), seen.views]
    with io.BytesIO() as buffer:
        np.save(buffer, np.column_stack(rows).astype(np.float32))
        return buffer.getvalue()


def _unpack(content: bytes) -> Seen:
    rows = np.load(io.BytesIO(content), allow_pickle=False)
    return Seen(Detections(rows[:, :4], rows[:, 4], rows[:, 5:15].reshape(-1, 5, 2)), rows[:, 15].astype(np.int64))
