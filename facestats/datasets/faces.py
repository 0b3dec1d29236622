"""Labelled faces, ready for a network: one aligned crop of each row of a data file, kept in the cache."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facestats._util.files import cache_dir, sha256_of, written_aside
from facestats._util.progress import bar
from facestats.classify.crops import DEFAULT_SIZE, FRAMING, align_one, pixels_across
from facestats.datasets.framing import RECIPE, TYPICAL_LANDMARKS, find_landmarks
from facestats.datasets.labelled import (
    LABEL_COLUMNS,
    decode_image,
    digest_of,
    read_images,
    read_labelled,
    row_name,
    rows_of_split,
)
from facestats.detect import create_detector, detector_identity
from facestats.errors import OutputError, UnknownNameError
from facestats.models.attributes import ATTRIBUTE_CLASSES
from facestats.options import DEFAULT_DETECTOR
from facestats.types import Float32, Int64, UInt8

#: How an image becomes a crop: as a video frame does, or taken as the crop that it is.
ROADS = ("full", "crop")


@dataclass(frozen=True)
class FaceData:
    """The rows of a data set, ready for a network.

    Attributes
    ----------
    attribute : str
        What the labels say.
    crops : numpy.ndarray
        uint8 (N, S, S, 3), RGB, as :func:`facestats.classify.crops.align` cuts them.
    found : numpy.ndarray
        bool (N,): whether the detector found the face; the other crops are cut at the mean position.
    table : pandas.DataFrame
        N rows: ``row``, their number in the file, the label columns and, where the file has them, ``name``, ``source``,
        ``gender``, ``race``, ``age_min``, ``age_max`` and ``votes_*``.
    digests : tuple of int
        sha256 of each row's name (of its image, where there are no names), as an integer.
    pixels : numpy.ndarray, optional
        float32 (N,): how many pixels of the image each crop spans; None where that is not known.
    """

    attribute: str
    crops: UInt8 = field(repr=False)
    found: NDArray[np.bool_] = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    digests: tuple[int, ...] = field(repr=False)
    pixels: Float32 | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.crops)

    def __getitem__(self, rows: NDArray[np.bool_]) -> FaceData:
        """Select rows by a boolean mask."""
        digests = tuple(digest for digest, wanted in zip(self.digests, rows, strict=True) if wanted)
        table = self.table[rows].reset_index(drop=True)
        return FaceData(self.attribute, self.crops[rows], self.found[rows], table, digests, self.pixels_at(rows))

    def pixels_at(self, rows: slice | NDArray[np.bool_]) -> Float32 | None:
        """Return :attr:`pixels` of some rows."""
        return None if self.pixels is None else self.pixels[rows]

    @property
    def labels(self) -> Int64:
        """Index of each row's class among the attribute's classes, int64 (N,); not for age."""
        classes = ATTRIBUTE_CLASSES[self.attribute]
        return self.table[LABEL_COLUMNS[self.attribute][0]].map(classes.index).to_numpy(np.int64)

    @property
    def first_half(self) -> NDArray[np.bool_]:
        """A fixed half of the rows, bool (N,), by the second last decimal digit of their digests."""
        return np.array([digest // 10 % 2 == 0 for digest in self.digests], bool)


def load_faces(
    path: Path,
    attribute: str,
    split: str | None = None,
    *,
    size: int = DEFAULT_SIZE,
    detector: str = DEFAULT_DETECTOR,
    road: str = "full",
    progress: bool = False,
) -> FaceData:
    """Read the rows of a split with one crop each.

    The crops are kept in :func:`facestats._util.files.cache_dir`, so that only the first call detects faces.

    Parameters
    ----------
    path, attribute, split
        See :func:`facestats.datasets.labelled.read_table`.
    size : int
        Side of the crops in pixels.
    detector : str
        Whose landmarks the crops follow, see :func:`facestats.detect.create_detector`.
    road : str
        ``"full"`` detects and aligns each face, as in a video; ``"crop"`` takes each image as it is, resized.
    progress : bool
        Whether to show a progress bar on stderr.

    Raises
    ------
    UnknownNameError, MissingInputError, DataError
        See :func:`facestats.datasets.labelled.read_table`; also UnknownNameError for an unknown road, and DataError for
        the first image that does not decode.
    OutputError
        If the cache folder is not writable.

    Examples
    --------
    >>> faces = load_faces(Path("makeup.parquet"), "makeup", "validation")  # doctest: +SKIP
    >>> faces.crops.shape  # doctest: +SKIP
    (1058, 48, 48, 3)
    """
    if road not in ROADS:
        raise UnknownNameError(f"unknown road {road!r}; there are {' and '.join(ROADS)}")
    frame, is_whole = read_labelled(path, attribute, split)
    # Attributes share the crops unless some rows lack a label: then each has rows of its own.
    rows = (split or "all") + ("" if is_whole else f"-{attribute}")
    crops, found, pixels = kept_crops(frame, path, rows, size, detector, road, progress)
    identity = frame["name"].astype(str).str.encode("utf-8") if "name" in frame else frame["image"]
    digests = tuple(digest_of(content) for content in identity)
    return FaceData(attribute, crops, found, frame.drop(columns="image"), digests, pixels)


def load_unlabelled(
    path: Path,
    sources: Sequence[str],
    *,
    size: int = DEFAULT_SIZE,
    detector: str = DEFAULT_DETECTOR,
    progress: bool = False,
) -> dict[str, UInt8]:
    """Read the training faces of some sources, whatever labels they have: for teachers.

    Parameters
    ----------
    path : pathlib.Path
        A Parquet file with the columns ``image`` and ``source``.
    sources : sequence of str
        Those that the file does not have are left out.
    size, detector, progress
        See :func:`load_faces`.

    Returns
    -------
    dict of str to numpy.ndarray
        By source, the crops of the faces that the detector found, uint8 (N, S, S, 3), RGB.

    Raises
    ------
    MissingInputError, DataError, OutputError
        See :func:`facestats.datasets.labelled.read_images` and :func:`load_faces`.

    Examples
    --------
    >>> load_unlabelled(Path("makeup.parquet"), ["celeba"])["celeba"].shape  # doctest: +SKIP
    (8994, 48, 48, 3)
    """
    every = read_images(path)
    if "source" not in every:
        return {}
    wanted = every[every["source"].isin(list(sources))]
    if wanted.empty:
        return {}
    wanted = rows_of_split(wanted, "train", path)
    taken = {}
    for source, frame in wanted.groupby("source"):
        frame = frame.reset_index(drop=True).rename_axis("row").reset_index()
        crops, found, _ = kept_crops(frame, path, f"train-of-{source}", size, detector, "full", progress)
        taken[str(source)] = crops[np.asarray(found)]
    return taken


def kept_crops(
    frame: pd.DataFrame, path: Path, rows: str, size: int, detector: str, road: str, progress: bool
) -> tuple[UInt8, NDArray[np.bool_], Float32]:
    """Return crops, whether each face was found, and the pixels across, from the cache or for it.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows of a data file with ``image``; its index counts from 0.
    path : pathlib.Path
        The file.
    rows : str
        Names these rows among all of the file, in the cache.
    size, detector, road, progress
        See :func:`load_faces`.

    Raises
    ------
    DataError, OutputError
        See :func:`load_faces`.

    Examples
    --------
    >>> kept_crops(frame, Path("faces.parquet"), "all", 48, "centerface", "full", True)  # doctest: +SKIP
    """
    way = road if road == "crop" else f"{FRAMING}-{detector_identity(detector)}-{RECIPE}"
    key = f"{sha256_of(path)[:16]}-{way}-{size}-{rows}"
    files = [cache_dir() / "crops" / f"{key}-{part}.npy" for part in ("crops", "found", "pixels")]
    if all(file.is_file() for file in files):
        # Read as they are needed: several attributes share them.
        crops, found, pixels = (np.load(file, mmap_mode="r") for file in files)
        return crops, found, pixels
    make_folder(files[0].parent)
    if road == "crop":
        crops, found, pixels = _resized(frame, path, size)
    else:
        crops, found, pixels = _cut(frame, path, size, detector, progress=progress)
    for file, array in zip(files, (crops, found, pixels), strict=True):
        with written_aside(file) as part:
            np.save(part, array)
    return np.load(files[0], mmap_mode="r"), found, pixels


def concatenate(parts: Sequence[FaceData]) -> FaceData:
    """Return the faces of several files, all labelled with one attribute, as one.

    Examples
    --------
    >>> table = pd.DataFrame({"gender": ["male"]})
    >>> part = FaceData("gender", np.zeros((1, 48, 48, 3), np.uint8), np.ones(1, bool), table, (1,))
    >>> len(concatenate([part, part]))
    2
    """
    known = all(part.pixels is not None for part in parts)
    return FaceData(
        parts[0].attribute,
        np.concatenate([part.crops for part in parts]),
        np.concatenate([part.found for part in parts]),
        pd.concat([part.table for part in parts], ignore_index=True),
        tuple(digest for part in parts for digest in part.digests),
        np.concatenate([part.pixels for part in parts]) if known else None,
    )


def make_folder(folder: Path) -> None:
    """Make a folder of the cache.

    Raises
    ------
    OutputError
        If it cannot be made or written to.

    Examples
    --------
    >>> import tempfile
    >>> make_folder(Path(tempfile.mkdtemp(), "crops"))
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make {folder}: {error.strerror}; set FACESTATS_CACHE to a writable folder") from None
    if not os.access(folder, os.W_OK):
        raise OutputError(f"cannot write to {folder}: set FACESTATS_CACHE to a writable folder")


def _resized(frame: pd.DataFrame, path: Path, size: int) -> tuple[UInt8, NDArray[np.bool_], Float32]:
    crops = np.empty((len(frame), size, size, 3), np.uint8)
    pixels = np.empty(len(frame), np.float32)
    for index, content in frame["image"].items():
        rgb = decode_image(content, f"{path}, {row_name(frame, index)}: image")
        pixels[index] = min(rgb.shape[:2])
        shrinks = min(rgb.shape[:2]) > size
        crops[index] = cv2.resize(rgb, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return crops, np.ones(len(frame), bool), pixels


def _cut(
    frame: pd.DataFrame, path: Path, size: int, detector_name: str, *, progress: bool
) -> tuple[UInt8, NDArray[np.bool_], Float32]:
    detector = create_detector(detector_name, detect_size=0)
    crops = np.empty((len(frame), size, size, 3), np.uint8)
    landmarks = np.empty((len(frame), 5, 2), np.float32)
    found = np.zeros(len(frame), bool)
    # Images of one source share their framing, and so the place where a face that was not found is looked for.
    sources = frame["source"] if "source" in frame else pd.Series("", frame.index)
    hide = None if progress else False
    with bar(total=len(frame), progress=hide, desc="cropping", unit="image", leave=False) as shown:
        for _, encoded in frame.groupby(sources, dropna=False)["image"]:
            missed: dict[int, UInt8] = {}
            shares = []
            for index, content in encoded.items():
                rgb = decode_image(content, f"{path}, {row_name(frame, index)}: image")
                points = find_landmarks(rgb, detector)
                if points is None:
                    missed[index] = rgb
                else:
                    crops[index], landmarks[index], found[index] = align_one(rgb, points, size), points, True
                    shares.append(points / rgb.shape[1::-1])
                shown.update()
            typical = np.mean(shares, axis=0) if shares else TYPICAL_LANDMARKS
            for index, rgb in missed.items():
                landmarks[index] = typical * rgb.shape[1::-1]
                crops[index] = align_one(rgb, landmarks[index], size)
    return crops, found, pixels_across(landmarks)
