"""JAFFE: posed expressions of ten Japanese women, told by the names of the pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from facestats.datasets.layouts.base import Contents, Face, Layout, Skipped
from facestats.datasets.layouts.reading import pictures_under

# KA.AN1.39.tiff: the woman, the expression and its number, the number of the picture.
_NAME = re.compile(r"[A-Z]{2}\.([A-Z]{2})\d*\.\d+\.tiff?", re.ASCII | re.IGNORECASE)
_EXPRESSIONS = {
    "AN": "anger",
    "DI": "disgust",
    "FE": "fear",
    "HA": "happiness",
    "NE": "neutral",
    "SA": "sadness",
    "SU": "surprise",
}


def _read_jaffe(source: Path) -> Contents:
    """Read JAFFE: every ``.tiff`` in the folder."""
    return Contents(("fer2013_label",), _faces(pictures_under(source, {".tif", ".tiff"})))


def _faces(pictures: list[Path]) -> Iterator[Face | Skipped]:
    for picture in pictures:
        parts = _NAME.fullmatch(picture.name)
        expression = _EXPRESSIONS.get(parts[1].upper()) if parts else None
        if expression is None:
            yield Skipped("file name without an expression")
        else:
            yield Face(picture.stem, picture, {"fer2013_label": expression})


JAFFE = Layout(
    "jaffe",
    "the folder jaffe with the pictures, named like KA.AN1.39.tiff",
    "Lyons, Akamatsu, Kamachi and Gyoba, Coding Facial Expressions with Gabor Wavelets, FG 1998; "
    "for non-commercial research",
    _read_jaffe,
)
