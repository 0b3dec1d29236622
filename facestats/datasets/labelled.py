"""Training and validation data: one Parquet file per data set, and who reads what of it.

The columns are ``image`` (an encoded picture of any size and kind), the label columns of the attribute (see
:data:`LABEL_COLUMNS`) and, where there are any, ``name``, ``split``, ``source`` and FER+'s ``votes_*``. A file
without years of age may have ``age_group`` instead. Validation rows are those whose ``split`` says so, or, in a file
without that column, those whose name's sha256 is divisible by 10. Rows without a label of the attribute are left out,
as a file may hold several attributes' labels, each for some of its rows.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from facestats.errors import DataError, MissingInputError, UnknownNameError
from facestats.models.attributes import AGE_GROUP_YEARS, ATTRIBUTE_CLASSES
from facestats.types import UInt8

SPLITS = ("train", "validation")

#: The columns that hold each attribute's label.
LABEL_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "expression": ("fer2013_label",),
    "gender": ("gender",),
    "age": ("age_min", "age_max"),
    "makeup": ("makeup",),
}

# What stands for the years of age in a file that has groups alone.
_AGE_GROUP = ("age_group",)

# Read where a file has them: what a row is called, where it comes from, and whom it shows, to compare groups of people.
_OPTIONAL = ("name", "split", "source", "gender", "race", "age_min", "age_max")

#: The classes that a network for each attribute tells apart; age is a distribution over years.
NETWORK_CLASSES: Mapping[str, tuple[str, ...]] = {
    **ATTRIBUTE_CLASSES,
    "age": tuple(str(year) for year in range(101)),
}


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
    return read_labelled(path, attribute, split)[0]


def read_labelled(path: Path, attribute: str, split: str | None) -> tuple[pd.DataFrame, bool]:
    """Return what :func:`read_table` does, and whether every row of the split has a label.

    Examples
    --------
    >>> read_labelled(Path("fer2013.parquet"), "expression", "validation")[1]  # doctest: +SKIP
    True
    """
    if attribute not in LABEL_COLUMNS:
        raise UnknownNameError(f"unknown attribute {attribute!r}; there are {', '.join(LABEL_COLUMNS)}")
    _check_split(split)
    with parquet_columns(path) as present:
        labels = label_columns(attribute, present)
        needed = ("image", *labels)
        for name in needed:
            if name not in present:
                raise DataError(f"{path} has no column {name!r}; {attribute} needs {', '.join(needed)}")
        optional = [name for name in present if name in _OPTIONAL or name.startswith("votes_")]
        frame = pd.read_parquet(path, columns=list(dict.fromkeys([*needed, *optional]))).reset_index(drop=True)
    frame = rows_of_split(frame, split, path)
    if labels == _AGE_GROUP:
        frame = _with_years(frame, path)
    has_label = frame[list(LABEL_COLUMNS[attribute])].notna().any(axis=1)
    frame = frame[has_label]
    if frame.empty:
        raise DataError(f"{path} has no row with a label for {attribute}" + (f" in the {split} split" if split else ""))
    _check_labels(frame, attribute, path)
    frame = frame.drop(columns="split", errors="ignore").rename_axis("row").reset_index()
    return frame, bool(has_label.all())


def label_columns(attribute: str, present: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that hold an attribute's label in a file with some columns.

    Those of :data:`LABEL_COLUMNS`; of age ``age_group``, where a file has that and no years.

    Examples
    --------
    >>> label_columns("age", ["image", "age_group"]), label_columns("age", ["age_group", "age_min", "age_max"])
    (('age_group',), ('age_min', 'age_max'))
    """
    columns = LABEL_COLUMNS[attribute]
    has_groups = attribute == "age" and set(_AGE_GROUP) <= set(present) and not set(columns) & set(present)
    return _AGE_GROUP if has_groups else columns


def _with_years(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return the rows with the years of their age groups instead of these."""
    (name,) = _AGE_GROUP
    wrong = frame[name].notna() & ~frame[name].isin(list(AGE_GROUP_YEARS))
    if wrong.any():
        index = wrong.idxmax()
        raise DataError(
            f"{path}, {row_name(frame, index)}: {name} {frame.loc[index, name]!r} is not one of "
            f"{', '.join(AGE_GROUP_YEARS)}"
        )
    years = {
        column: frame[name].map({group: of[place] for group, of in AGE_GROUP_YEARS.items()})
        for place, column in enumerate(LABEL_COLUMNS["age"])
    }
    return frame.drop(columns=name).assign(**years)


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
        ``image`` and what the file has of ``name``, ``person``, ``split`` and ``source``; the file's own index.

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
        wanted = ("image", "name", "person", "split", "source")
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
    is_validation = frame["name"].map(lambda name: digest_of(str(name).encode()) % 10 == 0).astype(bool)
    return is_validation if split == "validation" else ~is_validation


def digest_of(content: bytes) -> int:
    """Return the sha256 of a row's name, or picture, as an integer: its digits decide the row's split.

    Examples
    --------
    >>> digest_of(b"") % 1000
    549
    """
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
        raise DataError(f"{path}, {row_name(frame, index)}: {values} is not {expected}")


def row_name(frame: pd.DataFrame, index: int) -> str:
    """Return what to call a row in an error: its number in the file, and its name.

    Examples
    --------
    >>> row_name(pd.DataFrame({"row": [7], "name": ["a.jpg"]}), 0)
    'row 7 (a.jpg)'
    """
    row = frame.loc[index, "row"] if "row" in frame else index
    return f"row {row}" + (f" ({frame.loc[index, 'name']})" if "name" in frame else "")


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
        columns_of = {name: label_columns(name, present) for name in wanted}
        served = [name for name in wanted if {"image", *columns_of[name]} <= set(present)]
        if not served:
            columns = list(dict.fromkeys(("image", *(column for name in wanted for column in LABEL_COLUMNS[name]))))
            missing = next(name for name in columns if name not in present)
            raise DataError(f"{path} has no column {missing!r}; {', '.join(wanted)} needs {', '.join(columns)}")
        needed = {column for name in served for column in columns_of[name]} | ({"name", "split"} & set(present))
        frame = pd.read_parquet(path, columns=sorted(needed))
    if split is not None:
        frame = frame[_is_in_split(frame, split, path)]
    return tuple(name for name in served if frame[list(columns_of[name])].notna().any(axis=None))
