"""IMFDB, the Indian Movie Face Database: a text file for each movie of each actor, with a line for each picture.

The lines were written by many hands: fields are set apart by tabs, here and there by spaces, one field is missing now
and then, and words are misspelt. But no two attributes share a word, so that a word alone says what it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from facestats.datasets.layouts.base import Contents, Face, Label, Layout, Skipped
from facestats.datasets.layouts.reading import is_visible
from facestats.errors import MissingInputError
from facestats.models.attributes import AGE_GROUP_YEARS, EXPRESSIONS, GENDERS

_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")


def _plain(word: str) -> str:
    """Return a word's letters in lower case, without doubled ones: MIDDDLE is MIDDLE, PARTIAL MAKEUP is one word."""
    return re.sub(r"(.)\1+", r"\1", re.sub(r"[^a-z]", "", word.lower()))


_WORDS: Mapping[str, Mapping[str, str]] = {
    "gender": {_plain(name): name for name in GENDERS},
    "fer2013_label": {_plain(name): name for name in EXPRESSIONS},
    "age": {_plain(name): name for name in AGE_GROUP_YEARS},
    "makeup": {"partial": "partial", "partialmakeup": "partial", "over": "over", "overmakeup": "over"},
}


def _read_imfdb(source: Path) -> Contents:
    """Read IMFDB: the pictures that the movies' text files name."""
    texts = sorted(path for path in source.rglob("*.txt") if path.is_file() and is_visible(path))
    if not texts:
        raise MissingInputError(f"{source} has no text file in the folder of a movie, such as ACTOR/MOVIE/MOVIE.txt")
    return Contents(("fer2013_label", "gender", "age_min", "age_max", "makeup"), _faces(source, texts))


def _faces(source: Path, texts: list[Path]) -> Iterator[Face | Skipped]:
    for text in texts:
        folder = text.parent / "images" if (text.parent / "images").is_dir() else text.parent
        for line in text.read_text(encoding="utf-8-sig", errors="replace").splitlines():
            if line.strip("\ufeff \t"):
                yield _face(line, folder, text.parent)
    described = {text.parent for text in texts}
    for images in sorted(source.rglob("images")):
        if images.is_dir() and images.parent not in described:
            for path in images.iterdir():
                if path.suffix.lower() in _SUFFIXES and is_visible(path):
                    yield Skipped("its movie has no text file")


def _face(line: str, folder: Path, movie: Path) -> Face | Skipped:
    fields = [field.strip() for field in (line.split("\t") if "\t" in line else line.split())]
    places = [place for place, field in enumerate(fields) if field.lower().endswith(_SUFFIXES)]
    if not places:
        return Skipped("line without the name of a picture")
    # Most lines name the frame before the face that was cut from it.
    files = [fields[place] for place in reversed(places)]
    file = next((file for file in files if (folder / file).is_file()), files[0])
    labels = parse_labels(fields[places[-1] + 1 :])
    if not labels:
        return Skipped("line without gender, age, expression and makeup")
    return Face(f"{movie.parent.name}/{movie.name}/{file}", folder / file, labels)


def parse_labels(fields: list[str]) -> dict[str, Label]:
    """Return what the fields after a picture's name say; what they do not say, or say in two ways, is left out.

    Parameters
    ----------
    fields : list of str
        In any order. Only those from the gender on count, if there is one: names of movies and people stand before it.

    Examples
    --------
    >>> parse_labels(["Old", "Kajol", "FEMALE", "HAPPINESS", "PARTIAL MAKEUP", "HIGH", "YOUNG", "FRONTAL"])
    {'gender': 'female', 'fer2013_label': 'happiness', 'makeup': 'partial', 'age_min': 13, 'age_max': 30}
    """
    words = [_plain(field) for field in fields]
    first = next((place for place, word in enumerate(words) if word in _WORDS["gender"]), 0)
    labels: dict[str, Label] = {}
    for column, meanings in _WORDS.items():
        found = {meanings[word] for word in words[first:] if word in meanings}
        if len(found) == 1:
            labels[column] = found.pop()
    if "age" in labels:
        labels["age_min"], labels["age_max"] = AGE_GROUP_YEARS[str(labels.pop("age"))]
    return labels


IMFDB = Layout(
    "imfdb",
    "the folder IMFDB_final, with a folder for each actor and in it one for each movie, which holds a text file and "
    "images/",
    "Setty et al., Indian Movie Face Database: A Benchmark for Face Recognition Under Wide Variations, NCVPRIPG 2013; "
    "for research, see its page",
    _read_imfdb,
)
