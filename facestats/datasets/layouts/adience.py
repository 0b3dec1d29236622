"""Adience: age and gender of faces in five tables, the folds of its cross-validation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from facestats.datasets.layouts.base import Contents, Face, Layout, Skipped
from facestats.datasets.layouts.reading import choose, find_folder, read_rows
from facestats.errors import DataError, MissingInputError

_COLUMNS = ("user_id", "original_image", "face_id", "age", "gender")
_GENDERS = {"f": "female", "m": "male"}
_UNKNOWN_GENDERS = ("u", "")
_UNKNOWN_AGES = ("None", "")
_AGE = re.compile(r"\((\d{1,3}), ?(\d{1,3})\)|\d{1,3}", re.ASCII)
# How the names of the pictures begin: those turned upright only, and those aligned to the landmarks.
_PREFIXES = {"faces": "coarse_tilt_aligned_face", "aligned": "landmark_aligned_face"}


def _read_adience(source: Path) -> Contents:
    """Read Adience: all folds that are there, with the pictures of ``faces``, or else of ``aligned``.

    The folds are for cross-validation, so there is no column ``split``.
    """
    folds = sorted(source.glob("fold_[0-9]_data.txt"))
    if not folds:
        raise MissingInputError(f"{source} has no fold_0_data.txt")
    return Contents(("gender", "age_min", "age_max"), _faces(source, folds))


def _faces(source: Path, folds: list[Path]) -> Iterator[Face | Skipped]:
    pictures = find_folder(source, *_PREFIXES)
    for fold in folds:
        for line, row in read_rows(fold, _COLUMNS, delimiter="\t"):
            where = f"{fold}, line {line}"
            is_known = row["gender"] not in _UNKNOWN_GENDERS
            gender = choose(_GENDERS, row["gender"], "gender", where) if is_known else None
            youngest, oldest = parse_age(row["age"], where)
            if gender is None and youngest is None:
                yield Skipped("neither age nor gender is known")
                continue
            user, face, original = row["user_id"], row["face_id"], row["original_image"]
            picture = pictures / user / f"{_PREFIXES[pictures.name]}.{face}.{original}"
            labels = {"gender": gender, "age_min": youngest, "age_max": oldest}
            yield Face(f"{user}/{face}.{original}", picture, labels)


def parse_age(text: str, where: str) -> tuple[int, int] | tuple[None, None]:
    """Return the first and the last year that an age of Adience covers; None for both where it is not known.

    Parameters
    ----------
    text : str
        Such as ``"(25, 32)"``, ``"35"`` or ``"None"``.
    where : str
        Where it stands, for the error.

    Raises
    ------
    DataError
        If it is no age.

    Examples
    --------
    >>> parse_age("(25, 32)", ""), parse_age("35", ""), parse_age("None", "")
    ((25, 32), (35, 35), (None, None))
    """
    if text in _UNKNOWN_AGES:
        return None, None
    parts = _AGE.fullmatch(text)
    if parts:
        youngest, oldest = (int(part or text) for part in parts.groups())
        if youngest <= oldest:
            return youngest, oldest
    raise DataError(f"{where}: age {text!r} is not like (25, 32), 35 or None")


ADIENCE = Layout(
    "adience",
    "a folder with fold_0_data.txt to fold_4_data.txt and the pictures in faces/ or aligned/",
    "Eidinger, Enbar and Hassner, Age and Gender Estimation of Unfiltered Faces, IEEE TIFS 2014; "
    "for research, see its page",
    _read_adience,
)
