"""FER2013 and FER+: expressions in grey pictures of 48x48 pixels, which stand in a table as numbers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import cv2
import numpy as np

from facestats.datasets.layouts.base import Contents, Face, Layout, Skipped
from facestats.datasets.layouts.reading import choose, find_file, read_rows
from facestats.errors import DataError

_SIDE = 48
_COLUMNS = ("emotion", "pixels", "Usage")
_EXPRESSIONS = {
    "0": "anger",
    "1": "disgust",
    "2": "fear",
    "3": "happiness",
    "4": "sadness",
    "5": "surprise",
    "6": "neutral",
}
_SPLITS = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
_VOTES = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)
_N_TAGGERS = 10


def _read_fer2013(source: Path) -> Contents:
    """Read FER2013: ``fer2013.csv``, or ``icml_face_data.csv`` with the same rows."""
    table = find_file(source, "fer2013.csv", "icml_face_data.csv", "fer2013/fer2013.csv")
    return Contents(("split", "fer2013_label"), _fer2013(table))


def _fer2013(table: Path) -> Iterator[Face]:
    for number, (line, row) in enumerate(read_rows(table, _COLUMNS)):
        yield _face(f"fer2013_{number:05d}", row, f"{table}, line {line}")


def _face(name: str, row: dict[str, str], where: str) -> Face:
    split = choose(_SPLITS, row["Usage"], "Usage", where)
    expression = choose(_EXPRESSIONS, row["emotion"], "emotion", where)
    return Face(name, encode_pixels(row["pixels"], where), {"split": split, "fer2013_label": expression})


def encode_pixels(pixels: str, where: str) -> bytes:
    """Turn FER2013's numbers into a PNG file, which loses nothing.

    Parameters
    ----------
    pixels : str
        48 x 48 grey values from 0 to 255, row by row, with spaces between them.
    where : str
        Where they stand, for the error.

    Raises
    ------
    DataError
        If they are anything else.

    Examples
    --------
    >>> encode_pixels("70 " * 48 * 48, "fer2013.csv, line 2")[1:4]
    b'PNG'
    """
    try:
        values = np.array(pixels.split(), np.int64)
    except (ValueError, OverflowError):
        values = np.empty(0, np.int64)
    if values.size != _SIDE * _SIDE or values.min() < 0 or values.max() > 255:
        raise DataError(f"{where}: pixels are not {_SIDE} x {_SIDE} whole numbers from 0 to 255")
    return cv2.imencode(".png", values.astype(np.uint8).reshape(_SIDE, _SIDE))[1].tobytes()


def _read_ferplus(source: Path) -> Contents:
    """Read FER2013 with the votes of FER+, which go row by row with ``fer2013.csv``.

    FER+ has given no name to the pictures in which all its taggers saw no face: they are left out.
    """
    table = find_file(source, "fer2013.csv", "fer2013/fer2013.csv")
    votes = find_file(source, "fer2013new.csv", "fer2013/fer2013new.csv", "FERPlus/fer2013new.csv")
    columns = ("split", "fer2013_label", *(f"votes_{name.lower()}" for name in _VOTES))
    return Contents(columns, _ferplus(table, votes))


def _ferplus(table: Path, votes: Path) -> Iterator[Face | Skipped]:
    pairs = zip_longest(read_rows(table, _COLUMNS), read_rows(votes, ("Usage", "Image name", *_VOTES)))
    for of_table, of_votes in pairs:
        if of_table is None or of_votes is None:
            longer, shorter = (table, votes) if of_votes is None else (votes, table)
            raise DataError(f"{longer} has more rows than {shorter}; FER+ has one for each row of fer2013.csv")
        (line, row), (votes_line, tagged) = of_table, of_votes
        where = f"{votes}, line {votes_line}"
        if tagged["Usage"] != row["Usage"]:
            raise DataError(f"{where}: Usage {tagged['Usage']!r} where {table}, line {line} has {row['Usage']!r}")
        if not tagged["Image name"]:
            yield Skipped("FER+ calls it no face")
            continue
        face = _face(tagged["Image name"], row, f"{table}, line {line}")
        counts = {f"votes_{name.lower()}": _count(tagged[name], name, where) for name in _VOTES}
        yield Face(face.name, face.image, {**face.labels, **counts})


def _count(text: str, name: str, where: str) -> int:
    if text not in {str(count) for count in range(_N_TAGGERS + 1)}:
        raise DataError(f"{where}: {name} {text!r} is not a number of votes from 0 to {_N_TAGGERS}")
    return int(text)


FER2013 = Layout(
    "fer2013",
    "a folder with fer2013.csv or icml_face_data.csv",
    "Goodfellow et al., Challenges in Representation Learning, ICONIP 2013; for research",
    _read_fer2013,
)
FERPLUS = Layout(
    "ferplus",
    "a folder with fer2013.csv and fer2013new.csv",
    "Barsoum et al., Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label Distribution, "
    "ICMI 2016; the votes under the MIT licence, the pictures as FER2013",
    _read_ferplus,
)
