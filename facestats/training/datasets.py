"""Training and validation data: one Parquet file per data set, read into aligned crops and labels.

The columns are ``image`` (an encoded picture of any size and kind), the label columns of the attribute (see
:data:`LABEL_COLUMNS`) and, where there are any, ``name``, ``split``, ``source`` and FER+'s ``votes_*``. Validation rows
are those whose ``split`` says so, or, in a file without that column, those whose name's sha256 is divisible by 10. Rows
without a label of the attribute are left out, as a file may hold several attributes' labels, each for some of its rows.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from tqdm import tqdm

from facestats.crops import DEFAULT_SIZE, FRAMING, align_one, pixels_across
from facestats.detect import create_detector
from facestats.detect.base import detector_identity
from facestats.errors import DataError, MissingInputError, OutputError, UnknownNameError
from facestats.files import written_aside
from facestats.models import cache_dir, sha256_of
from facestats.options import DEFAULT_DETECTOR
from facestats.schema import ATTRIBUTE_CLASSES
from facestats.training.framing import RECIPE, TYPICAL_LANDMARKS, find_landmarks
from facestats.types import Float32, Int64, UInt8

SPLITS = ("train", "validation")

#: How an image becomes a crop: as a video frame does, or taken as the crop that it is.
ROADS = ("full", "crop")

#: The columns that hold each attribute's label.
LABEL_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "expression": ("fer2013_label",),
    "gender": ("gender",),
    "age": ("age_min", "age_max"),
    "makeup": ("makeup",),
}

# Read where a file has them: what a row is called, where it comes from, and whom it shows, to compare groups of people.
_OPTIONAL = ("name", "split", "source", "gender", "race", "age_min", "age_max")

#: The classes that a network for each attribute tells apart; age is a distribution over years.
NETWORK_CLASSES: Mapping[str, tuple[str, ...]] = {
    **ATTRIBUTE_CLASSES,
    "age": tuple(str(year) for year in range(101)),
}


@dataclass(frozen=True)
class FaceData:
    """The rows of a data set, ready for a network.

    Attributes
    ----------
    attribute : str
        What the labels say.
    crops : numpy.ndarray
        uint8 (N, S, S, 3), RGB, as :func:`facestats.crops.align` cuts them.
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


def decode_image(encoded: bytes, where: str = "image") -> UInt8:
    """Decode a picture of any kind that OpenCV reads to RGB.

    Parameters
    ----------
    encoded : bytes
        PNG, JPEG, WebP, ...: grey, colour, with alpha (which is dropped), of 8 or 16 bits.
    where : str
        What to call it in an error.

    Returns
    -------
    numpy.ndarray
        uint8 (H, W, 3), RGB.

    Raises
    ------
    DataError
        If it does not decode.

    Examples
    --------
    >>> _, png = cv2.imencode(".png", np.full((4, 6), 70, np.uint8))
    >>> decode_image(png.tobytes()).shape
    (4, 6, 3)
    """
    if not isinstance(encoded, bytes):
        raise DataError(f"{where} holds {type(encoded).__name__}, not the bytes of an encoded picture")
    try:
        bgr = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        bgr = None
    if bgr is None:
        raise DataError(f"{where} does not decode ({len(encoded)} bytes): remove or repair that row")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def read_table(path: Path, attribute: str, split: str | None = None) -> pd.DataFrame:
    """Read the rows of a data file that a split selects and that have a label, and check their labels.

    Parameters
    ----------
    path : pathlib.Path
        A Parquet file.
    attribute : str
        Which labels are needed.
    split : str, optional
        ``"train"`` or ``"validation"``; every row by default.

    Returns
    -------
    pandas.DataFrame
        ``row`` (the number in the file), ``image``, the label columns and what the file has of ``name``, ``source``,
        ``gender``, ``race``, ``age_min``, ``age_max`` and ``votes_*``; a fresh index.

    Raises
    ------
    UnknownNameError
        If the attribute or the split is unknown.
    MissingInputError
        If the file does not exist.
    DataError
        If it is not Parquet, lacks a column, has a label that is none, or no row of the split with a label.

    Examples
    --------
    >>> read_table(Path("fer2013.parquet"), "expression", "validation")  # doctest: +SKIP
    """
    return _read_labelled(path, attribute, split)[0]


def _read_labelled(path: Path, attribute: str, split: str | None) -> tuple[pd.DataFrame, bool]:
    """Return what :func:`read_table` does, and whether every row of the split has a label."""
    if attribute not in LABEL_COLUMNS:
        raise UnknownNameError(f"unknown attribute {attribute!r}; there are {', '.join(LABEL_COLUMNS)}")
    _check_split(split)
    with parquet_columns(path) as present:
        needed = ("image", *LABEL_COLUMNS[attribute])
        for name in needed:
            if name not in present:
                raise DataError(f"{path} has no column {name!r}; {attribute} needs {', '.join(needed)}")
        optional = [name for name in present if name in _OPTIONAL or name.startswith("votes_")]
        frame = pd.read_parquet(path, columns=list(dict.fromkeys([*needed, *optional]))).reset_index(drop=True)
    frame = rows_of_split(frame, split, path)
    has_label = frame[list(LABEL_COLUMNS[attribute])].notna().any(axis=1)
    frame = frame[has_label]
    if frame.empty:
        raise DataError(f"{path} has no row with a label for {attribute}" + (f" in the {split} split" if split else ""))
    _check_labels(frame, attribute, path)
    frame = frame.drop(columns="split", errors="ignore").rename_axis("row").reset_index()
    return frame, bool(has_label.all())


@contextlib.contextmanager
def parquet_columns(path: Path) -> Iterator[list[str]]:
    """Give the names of a Parquet file's columns, and tell in one line if the file cannot be read, then or inside.

    Raises
    ------
    MissingInputError
        If the file does not exist.
    DataError
        If it is not Parquet.

    Examples
    --------
    >>> with parquet_columns(Path("faces.parquet")) as present:  # doctest: +SKIP
    ...     frame = pd.read_parquet(Path("faces.parquet"), columns=present[:2])
    """
    if not path.is_file():
        raise MissingInputError(f"no data file at {path}")
    try:
        yield pq.read_schema(path).names
    except pa.ArrowInvalid as error:
        raise DataError(f"{path} is not a Parquet file that can be read: {str(error).splitlines()[0]}") from None


def read_images(path: Path, split: str | None = None) -> pd.DataFrame:
    """Read nothing but the pictures of a split.

    Returns
    -------
    pandas.DataFrame
        ``image`` and what the file has of ``name``, ``split`` and ``source``; the file's own index.

    Raises
    ------
    UnknownNameError, MissingInputError, DataError
        See :func:`read_table`.

    Examples
    --------
    >>> read_images(Path("makeup.parquet"), "train")  # doctest: +SKIP
    """
    with parquet_columns(path) as present:
        if "image" not in present:
            raise DataError(f"{path} has no column 'image'")
        wanted = ("image", "name", "split", "source")
        frame = pd.read_parquet(path, columns=[name for name in wanted if name in present])
    return rows_of_split(frame, split, path)


def _check_split(split: str | None) -> None:
    if split not in (None, *SPLITS):
        raise UnknownNameError(f"unknown split {split!r}; there are {' and '.join(SPLITS)}")


def rows_of_split(frame: pd.DataFrame, split: str | None, path: Path) -> pd.DataFrame:
    """Return the rows of a split, by the column ``split`` or the hash of ``name``; all rows for None.

    Raises
    ------
    UnknownNameError
        If the split is unknown.
    DataError
        If the file has neither column, or no row of the split.

    Examples
    --------
    >>> rows_of_split(pd.DataFrame({"split": ["train", "validation"]}), "train", Path("a.parquet")).index.tolist()
    [0]
    """
    _check_split(split)
    if split is not None:
        frame = frame[_is_in_split(frame, split, path)]
    if frame.empty:
        raise DataError(f"{path} has no rows" + (f" in the {split} split" if split else ""))
    return frame


def _is_in_split(frame: pd.DataFrame, split: str, path: Path) -> pd.Series:
    if "split" in frame:
        return frame["split"] == split
    if "name" not in frame:
        raise DataError(f"{path} has neither a column 'split' nor 'name', so it has no {split} split: leave it out")
    is_validation = frame["name"].map(lambda name: _digest(str(name).encode()) % 10 == 0).astype(bool)
    return is_validation if split == "validation" else ~is_validation


def _digest(content: bytes) -> int:
    return int(hashlib.sha256(content).hexdigest(), 16)


def _check_labels(frame: pd.DataFrame, attribute: str, path: Path) -> None:
    labels = frame[list(LABEL_COLUMNS[attribute])]
    if attribute == "age":
        numbers = labels.apply(pd.to_numeric, errors="coerce")
        wrong = ~((numbers["age_min"] >= 0) & (numbers["age_min"] <= numbers["age_max"]))
        expected = "years with 0 <= age_min <= age_max"
    else:
        wrong = ~labels.iloc[:, 0].isin(ATTRIBUTE_CLASSES[attribute])
        expected = f"one of {', '.join(ATTRIBUTE_CLASSES[attribute])}"
    if wrong.any():
        index = wrong.idxmax()
        values = ", ".join(f"{name} {value!r}" for name, value in labels.loc[index].items())
        raise DataError(f"{path}, {_row_name(frame, index)}: {values} is not {expected}")


def _row_name(frame: pd.DataFrame, index: int) -> str:
    row = frame.loc[index, "row"] if "row" in frame else index
    return f"row {row}" + (f" ({frame.loc[index, 'name']})" if "name" in frame else "")


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

    The crops are kept in :func:`facestats.models.cache_dir`, so that only the first call detects faces.

    Parameters
    ----------
    path, attribute, split
        See :func:`read_table`.
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
        See :func:`read_table`; also UnknownNameError for an unknown road, and DataError for the first image that does
        not decode.
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
    frame, is_whole = _read_labelled(path, attribute, split)
    way = road if road == "crop" else f"{FRAMING}-{detector_identity(detector)}-{RECIPE}"
    # Attributes share the crops unless some rows lack a label: then each has rows of its own.
    rows = (split or "all") + ("" if is_whole else f"-{attribute}")
    key = f"{sha256_of(path)[:16]}-{way}-{size}-{rows}"
    files = [cache_dir() / "crops" / f"{key}-{part}.npy" for part in ("crops", "found", "pixels")]
    if all(file.is_file() for file in files):
        # Read as they are needed: several attributes share them.
        crops, found, pixels = (np.load(file, mmap_mode="r") for file in files)
    else:
        make_folder(files[0].parent)
        if road == "crop":
            crops, found, pixels = _resized(frame, path, size)
        else:
            crops, found, pixels = _cut(frame, path, size, detector, progress=progress)
        for file, array in zip(files, (crops, found, pixels), strict=True):
            with written_aside(file) as part:
                np.save(part, array)
        crops = np.load(files[0], mmap_mode="r")
    identity = frame["name"].astype(str).str.encode("utf-8") if "name" in frame else frame["image"]
    digests = tuple(_digest(content) for content in identity)
    return FaceData(attribute, crops, found, frame.drop(columns="image"), digests, pixels)


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


def attributes_in(path: Path, wanted: Sequence[str], split: str | None = None) -> tuple[str, ...]:
    """Return which attributes a data file has labels for in a split.

    Raises
    ------
    UnknownNameError
        If the split is unknown.
    MissingInputError
        If the file does not exist.
    DataError
        If it is not Parquet, or has the columns of none of the attributes.

    Examples
    --------
    >>> attributes_in(Path("makeup.parquet"), ["gender", "age", "makeup"])  # doctest: +SKIP
    ('gender', 'makeup')
    """
    _check_split(split)
    with parquet_columns(path) as present:
        served = [name for name in wanted if {"image", *LABEL_COLUMNS[name]} <= set(present)]
        if not served:
            columns = list(dict.fromkeys(("image", *(column for name in wanted for column in LABEL_COLUMNS[name]))))
            missing = next(name for name in columns if name not in present)
            raise DataError(f"{path} has no column {missing!r}; {', '.join(wanted)} needs {', '.join(columns)}")
        needed = {column for name in served for column in LABEL_COLUMNS[name]} | ({"name", "split"} & set(present))
        frame = pd.read_parquet(path, columns=sorted(needed))
    if split is not None:
        frame = frame[_is_in_split(frame, split, path)]
    return tuple(name for name in served if frame[list(LABEL_COLUMNS[name])].notna().any(axis=None))


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
        rgb = decode_image(content, f"{path}, {_row_name(frame, index)}: image")
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
    with tqdm(total=len(frame), desc="cropping", unit="image", disable=None if progress else True, leave=False) as bar:
        for _, encoded in frame.groupby(sources, dropna=False)["image"]:
            missed: dict[int, UInt8] = {}
            shares = []
            for index, content in encoded.items():
                rgb = decode_image(content, f"{path}, {_row_name(frame, index)}: image")
                points = find_landmarks(rgb, detector)
                if points is None:
                    missed[index] = rgb
                else:
                    crops[index], landmarks[index], found[index] = align_one(rgb, points, size), points, True
                    shares.append(points / rgb.shape[1::-1])
                bar.update()
            typical = np.mean(shares, axis=0) if shares else TYPICAL_LANDMARKS
            for index, rgb in missed.items():
                landmarks[index] = typical * rgb.shape[1::-1]
                crops[index] = align_one(rgb, landmarks[index], size)
    return crops, found, pixels_across(landmarks)
