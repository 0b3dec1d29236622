"""People for synthetic videos, cut out of any pictures of faces: a folder of images, or a data file with labels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from facestats.datasets.framing import find_face
from facestats.datasets.labelled import decode_image, parquet_columns, rows_of_split
from facestats.detect import create_detector
from facestats.errors import DataError, MissingInputError, UnreadableInputError
from facestats.synth.portraits import Portrait, cut_out, library_portraits
from facestats.types import UInt8
from facestats.video import IMAGE_SUFFIXES, natural_key, read_image

#: What the table of people tells of them, where the data has it.
LABELS = ("gender", "age_min", "age_max", "fer2013_label", "makeup")


def people(source: Path | None, n: int, *, split: str | None = None, seed: int = 0) -> list[Portrait]:
    """Return so many people, each of another picture.

    Parameters
    ----------
    source : pathlib.Path or None
        A folder of images, or a Parquet file with a column ``image`` and perhaps labels (see
        :mod:`facestats.datasets.labelled`); None for the two portraits that come with the libraries, which are then
        used again and again.
    n : int
    split : str, optional
        Of a data file: ``"train"`` or ``"validation"``; every row by default.
    seed : int
        Which of the pictures are taken.

    Raises
    ------
    MissingInputError
        If there is no such folder or file.
    UnknownNameError
        If the split is unknown.
    DataError
        If it holds fewer pictures with a face, or is no data file.

    Examples
    --------
    >>> [person.name for person in people(None, 3)]
    ['Grace Hopper', 'Eileen Collins', 'Grace Hopper 2']
    """
    if source is None:
        portraits = library_portraits()
        return [_named(portraits[i % len(portraits)], i // len(portraits)) for i in range(n)]
    if not source.exists():
        raise MissingInputError(f"no folder of images, and no data file, at {source}")
    pictures = _of_folder(source, seed) if source.is_dir() else pictures_of_table(source, split, seed)
    detector = create_detector("fast", detect_size=0)
    found: list[Portrait] = []
    n_seen = 0
    for name, rgb, labels in pictures:
        if len(found) == n:
            break
        n_seen += 1
        face = find_face(rgb, detector)
        if face is None:
            continue
        height, width = rgb.shape[:2]
        x1, y1, x2, y2 = (float(edge) for edge in np.clip(face[0], 0, [width, height] * 2))
        if x2 - x1 >= 1 and y2 - y1 >= 1:
            portrait = cut_out(name, rgb, (x1, y1, x2, y2))
            times = sum(other.name.startswith(name) for other in found)  # a data file may name two rows alike
            found.append(Portrait(f"{name} ({times + 1})" if times else name, portrait.rgba, portrait.face, labels))
    if len(found) < n:
        raise DataError(f"{source} has {len(found)} pictures in which a face is found, of {n_seen}; {n} are needed")
    return found


def _named(portrait: Portrait, times: int) -> Portrait:
    name = portrait.name if times == 0 else f"{portrait.name} {times + 1}"
    return Portrait(name, portrait.rgba, portrait.face, portrait.labels)


def _of_folder(folder: Path, seed: int) -> Iterator[tuple[str, UInt8, dict[str, Any]]]:
    paths = sorted((path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES), key=natural_key)
    if not paths:
        raise DataError(f"{folder} holds no images ({', '.join(sorted(IMAGE_SUFFIXES))})")
    for index in np.random.default_rng(seed).permutation(len(paths)):
        try:
            yield paths[index].name, read_image(paths[index]).rgb, {}
        except UnreadableInputError as error:
            raise DataError(str(error)) from None


def pictures_of_table(path: Path, split: str | None, seed: int) -> Iterator[tuple[str, UInt8, dict[str, Any]]]:
    """Yield name, picture and labels of the rows of a data file, shuffled by ``seed``; see :func:`people`."""
    with parquet_columns(path) as present:
        if "image" not in present:
            raise DataError(f"{path} has no column 'image'")
        wanted = [name for name in ("image", "name", "split", *LABELS) if name in present]
        table = rows_of_split(pd.read_parquet(path, columns=wanted), split, path)
    labels = [name for name in LABELS if name in table]
    for index in np.random.default_rng(seed).permutation(len(table)):
        row = table.iloc[index]
        name = str(row["name"]) if "name" in table else f"row {table.index[index]}"
        yield name, decode_image(row["image"], f"{path}, {name}"), {label: row[label] for label in labels}
