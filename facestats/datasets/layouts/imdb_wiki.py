"""IMDB and WIKI: well-known people, with the date of birth and the year of the picture in a Matlab file."""

from __future__ import annotations

import datetime
import math
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import scipy.io
from numpy.typing import NDArray
from scipy.io.matlab import MatReadError

from facestats.datasets.layouts.base import Contents, Face, Layout, Skipped
from facestats.datasets.layouts.reading import find_file
from facestats.errors import DataError

_NUMBERS = ("dob", "photo_taken", "gender", "face_score", "second_face_score")
_GENDERS = {0.0: "female", 1.0: "male"}
# Ages beyond this are wrong dates, of which the data set has many.
_OLDEST = 100
# Matlab counts the days from a year 0, Python from 1 January of the year 1.
_MATLAB_EPOCH = 366
# What scipy raises for a file that is none of Matlab's, or cut off, or damaged.
_UNREADABLE = (
    IndexError,
    KeyError,
    MatReadError,
    MemoryError,
    NameError,
    NotImplementedError,
    OSError,
    OverflowError,
    TypeError,
    ValueError,
    zlib.error,
)


def _read_imdb_wiki(source: Path, name: str) -> Contents:
    """Read IMDB or WIKI: one face a picture, of a known and possible age."""
    path = find_file(source, f"{name}.mat", f"{name}_crop/{name}.mat")
    paths, numbers = _read_matlab(path, name)
    return Contents(("gender", "age_min", "age_max"), _faces(path, paths, numbers))


def _read_matlab(path: Path, name: str) -> tuple[list[object], dict[str, NDArray[np.float64]]]:
    """Return the pictures' paths and the numbers of every entry."""
    try:
        table = scipy.io.loadmat(path, squeeze_me=True, variable_names=[name]).get(name)
    except _UNREADABLE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path} is not a Matlab file that can be read, or is damaged: {reason}") from None
    fields = getattr(getattr(table, "dtype", None), "names", None)
    if not fields or table.size != 1:
        raise DataError(f"{path} has no structure {name!r}")
    for field in ("full_path", *_NUMBERS):
        if field not in fields:
            raise DataError(f"{path}: {name} has no field {field!r}")
    paths = np.atleast_1d(np.asarray(table["full_path"].item(), object)).tolist()
    numbers = {}
    for field in _NUMBERS:
        try:
            numbers[field] = np.atleast_1d(np.asarray(table[field].item(), np.float64))
        except (TypeError, ValueError):
            raise DataError(f"{path}: {field} does not hold numbers") from None
        if numbers[field].shape != (len(paths),):
            raise DataError(f"{path}: {field} has {numbers[field].size} entries, full_path {len(paths)}")
    return paths, numbers


def _faces(path: Path, paths: list[object], numbers: dict[str, NDArray[np.float64]]) -> Iterator[Face | Skipped]:
    for entry, picture in enumerate(paths):
        born, taken, gender, score, second = (float(numbers[field][entry]) for field in _NUMBERS)
        age = age_when_taken(born, taken)
        if not isinstance(picture, str) or not picture:
            yield Skipped("no path of a picture")
        elif not math.isfinite(score):
            yield Skipped("no face was found in the picture")
        elif not math.isnan(second):
            yield Skipped("a second face in the picture")
        elif age is None:
            yield Skipped("an age that cannot be")
        elif not math.isnan(gender) and gender not in _GENDERS:
            raise DataError(f"{path}, entry {entry + 1}: gender {gender:g} is not 0 (female), 1 (male) or NaN")
        else:
            labels = {"gender": _GENDERS.get(gender), "age_min": age, "age_max": age}
            yield Face(picture, path.parent / picture, labels)


def matlab_date(number: float) -> datetime.date | None:
    """Return the day that Matlab's serial number stands for; None for one outside the years 1 to 9999.

    Parameters
    ----------
    number : float
        Days since a year 0; the fraction is the time of the day.

    Examples
    --------
    >>> matlab_date(730486.5)
    datetime.date(2000, 1, 1)
    """
    day = number - _MATLAB_EPOCH
    is_known = 1 <= day < datetime.date.max.toordinal() + 1  # false for NaN
    return datetime.date.fromordinal(int(day)) if is_known else None


def age_when_taken(born: float, taken: float) -> int | None:
    """Return the whole years from a birth to the middle of the year of the picture; None if that cannot be an age.

    Parameters
    ----------
    born : float
        Matlab's number of the day of birth.
    taken : float
        The year of the picture.

    Examples
    --------
    >>> age_when_taken(730486, 2010), age_when_taken(730486 + 300, 2010), age_when_taken(730486, 1990)
    (10, 9, None)
    """
    birth = matlab_date(born)
    if birth is None or not math.isfinite(taken):
        return None
    age = int(taken) - birth.year - ((birth.month, birth.day) > (7, 1))
    return age if 0 <= age <= _OLDEST else None


_TERMS = (
    "Rothe, Timofte and Van Gool, Deep Expectation of Real and Apparent Age from a Single Image Without Facial "
    "Landmarks, IJCV 2018; for academic research"
)
IMDB = Layout(
    "imdb",
    "the folder imdb_crop with imdb.mat and the folders 00 to 99",
    _TERMS,
    partial(_read_imdb_wiki, name="imdb"),
)
WIKI = Layout(
    "wiki",
    "the folder wiki_crop with wiki.mat and the folders 00 to 99",
    _TERMS,
    partial(_read_imdb_wiki, name="wiki"),
)
