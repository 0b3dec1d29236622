"""Photos with boxed faces: one row of a Parquet file a photo, as detectors are trained and scored on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from facestats.datasets.labelled import parquet_columns, rows_of_split
from facestats.errors import DataError
from facestats.types import Float32


@dataclass(frozen=True)
class BoxedImage:
    """An image with the faces that people boxed in it.

    Attributes
    ----------
    name : str
    encoded : bytes
        The picture as a file.
    boxes : numpy.ndarray
        float32 (N, 4): ``x1, y1, x2, y2`` in pixels of the image.
    landmarks : numpy.ndarray or None
        float32 (N, 5, 2), NaN where unknown; None if the data has none.
    """

    name: str
    encoded: bytes = field(repr=False)
    boxes: Float32
    landmarks: Float32 | None = None


def read_boxes(path: Path, split: str | None = None) -> list[BoxedImage]:
    """Read boxed images from a Parquet file.

    Parameters
    ----------
    path : pathlib.Path
        Columns ``image`` (an encoded picture) and ``boxes`` (a list of ``x, y, w, h`` in pixels), perhaps ``name``,
        ``split`` and ``landmarks`` (a list of five ``x, y`` for each box).
    split : str, optional
        ``"train"`` or ``"validation"``, see :mod:`facestats.datasets.labelled`; every row by default.

    Raises
    ------
    MissingInputError
        If the file does not exist.
    DataError
        If it is not Parquet, lacks a column, or a box is not four numbers with a size above 0.

    Examples
    --------
    >>> read_boxes(Path("detection.parquet"), "validation")  # doctest: +SKIP
    """
    with parquet_columns(path) as present:
        for name in ("image", "boxes"):
            if name not in present:
                raise DataError(f"{path} has no column {name!r}; a detector is scored on image and boxes")
        wanted = [name for name in ("image", "boxes", "name", "split", "landmarks") if name in present]
        frame = pd.read_parquet(path, columns=wanted)
    frame = rows_of_split(frame, split, path)
    return [_boxed_image(row, f"{path}, row {index}") for index, row in frame.iterrows()]


def _boxed_image(row: pd.Series, where: str) -> BoxedImage:
    name = str(row.get("name", where))
    boxes = _numbers(row["boxes"], (-1, 4), f"{where}: boxes")
    if not (np.isfinite(boxes).all() and (boxes[:, 2:] > 0).all()):
        raise DataError(f"{where}: every box must be x, y, w, h with w and h above 0")
    boxes[:, 2:] += boxes[:, :2]
    landmarks = row.get("landmarks")
    if landmarks is None:
        return BoxedImage(name, row["image"], boxes)
    return BoxedImage(name, row["image"], boxes, _numbers(landmarks, (len(boxes), 5, 2), f"{where}: landmarks"))


def _numbers(values: Any, shape: tuple[int, ...], where: str) -> Float32:
    try:
        flat = [float(number) for number in _flatten(values)]
        return np.array(flat, np.float32).reshape(shape)
    except (TypeError, ValueError):
        raise DataError(f"{where} must be numbers in groups of {shape[1:]}") from None


def _flatten(values: Any) -> list[Any]:
    if isinstance(values, list | tuple | np.ndarray):
        return [number for value in values for number in _flatten(value)]
    return [values]
