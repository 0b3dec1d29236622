"""The faces that the embedding is trained and scored on, each with what the teacher makes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from facestats._util.files import cache_dir, sha256_of, written_aside
from facestats.classify.crops import FRAMING, align_one, pixels_across
from facestats.datasets.faces import make_folder
from facestats.datasets.framing import RECIPE, find_landmarks
from facestats.datasets.labelled import decode_image, digest_of, read_images, row_name
from facestats.datasets.persons import is_held_out, people_of
from facestats.detect import create_detector, detector_identity
from facestats.errors import DataError
from facestats.training.embedding.teacher import DIMENSIONS, SIDE, Teacher, teacher_crop
from facestats.types import Float32, UInt8

_PART = 1_000  # faces; so much is lost at most when the preparation is stopped


@dataclass(frozen=True)
class TaughtFaces:
    """Faces with the teacher's embeddings.

    Attributes
    ----------
    crops : numpy.ndarray
        uint8 (N, S, S, 3), RGB, as :func:`facestats.classify.crops.align` cuts them.
    taught : numpy.ndarray
        float32 (N, 128): dlib's embeddings, mean of a face and its mirror image.
    table : pandas.DataFrame
        N rows: ``source``, ``name``, ``person`` (missing where nobody says), ``held_out`` (never learned from) and
        ``pixels``, how many pixels of the picture the crop spans.
    """

    crops: UInt8 = field(repr=False)
    taught: Float32 = field(repr=False)
    table: pd.DataFrame = field(repr=False)

    def __len__(self) -> int:
        return len(self.crops)

    def __getitem__(self, rows: np.ndarray) -> TaughtFaces:
        """Select rows by a boolean mask."""
        return TaughtFaces(self.crops[rows], self.taught[rows], self.table[rows].reset_index(drop=True))


def read_faces(path: Path, *, per_source: int, unseen: Sequence[str] = ()) -> pd.DataFrame:
    """Read the pictures of a data file that are learned from or scored on.

    Parameters
    ----------
    path : pathlib.Path
        A Parquet file with ``image``, ``name`` and ``source``.
    per_source : int
        Pictures of a data set at most, the first ones; of those that name people, every one.
    unseen : sequence of str
        Data sets that are never learned from; of these, only those that name people are of use.

    Returns
    -------
    pandas.DataFrame
        ``image``, ``source``, ``name``, ``person``, ``held_out``.

    Raises
    ------
    MissingInputError, DataError
        If the file cannot be read, or lacks a column.

    Examples
    --------
    >>> read_faces(Path("faces_extra.parquet"), per_source=1000)["person"].nunique()  # doctest: +SKIP
    5127
    """
    frame = read_images(path)
    if absent := [column for column in ("name", "source") if column not in frame]:
        raise DataError(f"{path} has no column {' and '.join(absent)}, which the embedding needs")
    frame = frame.reset_index(drop=True)
    names, sources = frame["name"].astype(str), frame["source"].astype(str)
    people = people_of(frame)
    if "split" in frame:
        of_pictures = (frame["split"] == "validation").tolist()
    else:
        of_pictures = [digest_of(name.encode()) % 10 == 0 for name in names]
    named = people.notna()
    held_out = [
        is_held_out(person) if known else picture
        for person, known, picture in zip(people, named, of_pictures, strict=True)
    ]
    frame = pd.DataFrame({"image": frame["image"], "source": sources, "name": names, "person": people}).assign(
        held_out=held_out
    )
    frame["held_out"] |= frame["source"].isin(unseen)
    nobody = ~named
    place = frame.groupby(["source", nobody]).cumcount()
    # Pictures of nobody in particular say nothing about who is who, so none is scored on.
    return frame[~nobody | (~frame["held_out"] & (place < per_source))]


def gather_faces(
    frame: pd.DataFrame, path: Path, teacher: Path, *, size: int, detector: str, progress: bool = False
) -> TaughtFaces:
    """Crop faces and ask the teacher; both are kept in :func:`facestats._util.files.cache_dir`.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of :func:`read_faces`.
    path : pathlib.Path
        The file that they are of.
    teacher : pathlib.Path
        dlib's file.
    size : int
        Side of the crops in pixels.
    detector : str
        Whose landmarks the crops follow; faces that it does not find are left out.
    progress : bool
        Whether to show a progress bar on stderr.

    Raises
    ------
    DataError
        If a picture does not decode.
    ModelError
        If the teacher is not dlib's file.
    OutputError
        If the cache folder is not writable.

    Examples
    --------
    >>> gather_faces(read_faces(path, per_source=9), path, dlib, size=64, detector="centerface")  # doctest: +SKIP
    """
    folder = cache_dir() / "taught"
    make_folder(folder)
    way = f"{sha256_of(path)[:16]}-dlib-{FRAMING}-{detector_identity(detector)}-{RECIPE}-{size}"
    network = finder = None
    parts = []
    with tqdm(total=len(frame), desc="asking dlib", unit="face", disable=None if progress else True) as bar:
        for start in range(0, len(frame), _PART):
            some = frame.iloc[start : start + _PART]
            rows = hashlib.sha256(some.index.to_numpy().astype("<i8").tobytes()).hexdigest()[:16]
            file = folder / f"{way}-{rows}.npz"
            if not file.is_file():
                network, finder = network or Teacher(teacher), finder or create_detector(detector, detect_size=0)
                arrays = _taught(some, path, network, finder, size)
                with written_aside(file) as unfinished:
                    np.savez(unfinished, **arrays)
            with np.load(file) as arrays:
                parts.append({name: arrays[name] for name in ("found", "crops", "taught", "pixels")})
            bar.update(len(some))
    found = np.concatenate([part["found"] for part in parts])
    table = frame.drop(columns="image")[found].reset_index(drop=True)
    table["pixels"] = np.concatenate([part["pixels"] for part in parts])
    return TaughtFaces(
        np.concatenate([part["crops"] for part in parts]), np.concatenate([part["taught"] for part in parts]), table
    )


def _taught(frame: pd.DataFrame, path: Path, teacher: Teacher, detector: object, size: int) -> dict[str, np.ndarray]:
    found, crops, chips, landmarks = [], [], [], []
    for index, content in frame["image"].items():
        rgb = decode_image(content, f"{path}, {row_name(frame, index)}: image")
        points = find_landmarks(rgb, detector)
        found.append(points is not None)
        if points is not None:
            crops.append(align_one(rgb, points, size))
            chips.append(teacher_crop(rgb, points))
            landmarks.append(points)
    return {
        "found": np.array(found, bool),
        "crops": np.array(crops, np.uint8).reshape(-1, size, size, 3),
        "taught": teacher.embed(np.array(chips, np.uint8).reshape(-1, SIDE, SIDE, 3)).reshape(-1, DIMENSIONS),
        "pixels": pixels_across(np.array(landmarks, np.float32).reshape(-1, 5, 2)),
    }
