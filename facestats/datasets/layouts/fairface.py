"""FairFace: age bins, gender and race in two tables, one a split."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from facestats.datasets.layouts.base import Contents, Face, Layout
from facestats.datasets.layouts.reading import choose, read_rows
from facestats.errors import DataError, MissingInputError

_TABLES = {"train": "fairface_label_train.csv", "validation": "fairface_label_val.csv"}
_GENDERS = {"Female": "female", "Male": "male"}
_RACES = {
    name: name.lower()
    for name in ("White", "Black", "Latino_Hispanic", "East Asian", "Southeast Asian", "Indian", "Middle Eastern")
}
# The archives of the pictures with less and with more of their surroundings; both hold train/ and val/.
_ARCHIVES = ("fairface-img-margin025-trainval", "fairface-img-margin125-trainval")
_BINS = ("0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "more than 70")
_OLDEST = 116


def _read_fairface(source: Path) -> Contents:
    """Read FairFace: the tables that are there, of training, of validation or both."""
    tables = {split: source / name for split, name in _TABLES.items() if (source / name).is_file()}
    if not tables:
        raise MissingInputError(f"{source} has no {' or '.join(_TABLES.values())}")
    roots = (source, *(source / archive for archive in _ARCHIVES))
    pictures = next((root for root in roots if (root / "train").is_dir() or (root / "val").is_dir()), source)
    return Contents(("split", "gender", "age_min", "age_max", "race"), _faces(pictures, tables))


def _faces(pictures: Path, tables: dict[str, Path]) -> Iterator[Face]:
    for split, table in tables.items():
        for line, row in read_rows(table, ("file", "age", "gender", "race")):
            where = f"{table}, line {line}"
            youngest, oldest = parse_bin(row["age"], where)
            labels = {
                "split": split,
                "gender": choose(_GENDERS, row["gender"], "gender", where),
                "age_min": youngest,
                "age_max": oldest,
                "race": choose(_RACES, row["race"], "race", where),
            }
            yield Face(row["file"], pictures / row["file"], labels)


def parse_bin(text: str, where: str) -> tuple[int, int]:
    """Return the first and the last year of one of FairFace's nine bins; the oldest are taken to be 116 at most.

    Parameters
    ----------
    text : str
        Such as ``"20-29"`` or ``"more than 70"``.
    where : str
        Where it stands, for the error.

    Raises
    ------
    DataError
        If it is no bin of FairFace.

    Examples
    --------
    >>> parse_bin("20-29", ""), parse_bin("more than 70", "")
    ((20, 29), (70, 116))
    """
    if text not in _BINS:
        raise DataError(f"{where}: age {text!r} is not one of {', '.join(_BINS)}")
    if text == _BINS[-1]:
        return 70, _OLDEST
    youngest, oldest = text.split("-")
    return int(youngest), int(oldest)


FAIRFACE = Layout(
    "fairface",
    "a folder with fairface_label_train.csv, fairface_label_val.csv and the pictures in train/ and val/",
    "Karkkainen and Joo, FairFace: Face Attribute Dataset for Balanced Race, Gender, and Age, WACV 2021; CC BY 4.0",
    _read_fairface,
)
