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

_COLUMNS = ("image", "boxes", "name", "split", "landmarks", "kind", "source", "boxed", "teacher")

#: The ``kind`` of a box that is neither to be found nor false.
IGNORE = "ignore"


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
    ignored : numpy.ndarray
        float32 (M, 4): boxes of kind ``ignore``, neither to be found nor false.
    source : str
        The data set that it is of; empty where the data does not say.
    boxed : str or None
        What people boxed: ``"none"`` nothing, whether there are faces or not; ``"some"`` some of the faces, loosely;
        ``"empty"`` nothing, since there is no face; another word or None: every face.
    taught : numpy.ndarray
        float32 (K, 6): ``x1, y1, x2, y2`` of faces that detectors found before, and the scores of CenterFace and YuNet,
        0 where one did not; for training only.
    """

    name: str
    encoded: bytes = field(repr=False)
    boxes: Float32
    landmarks: Float32 | None = None
    ignored: Float32 = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    source: str = ""
    boxed: str | None = None
    taught: Float32 = field(default_factory=lambda: np.zeros((0, 6), np.float32))


def read_boxes(path: Path, split: str | None = None) -> list[BoxedImage]:
    """Read boxed images from a Parquet file.

    Parameters
    ----------
    path : pathlib.Path
        Columns ``image`` (an encoded picture) and ``boxes`` (a list of ``x, y, w, h`` in pixels), perhaps ``name``,
        ``source``, ``split``, ``landmarks`` (a list of five ``x, y`` for each box), ``kind`` (a word for each box:
        ``ignore`` for what is neither to be found nor false) and ``boxed`` and ``teacher`` (a list of
        ``x, y, w, h`` and two scores); see :class:`BoxedImage`.
    split : str, optional
        ``"train"`` or ``"validation"``, see :mod:`facestats.datasets.labelled`; every row by default.

    Raises
    ------
    MissingInputError
        If the file does not exist.
    DataError
        If it is not Parquet, lacks a column, a box is not four numbers with a size above 0, or there is not one
        ``kind`` for each box.

    Examples
    --------
    >>> read_boxes(Path("detection.parquet"), "validation")  # doctest: +SKIP
    """
    with parquet_columns(path) as present:
        for name in ("image", "boxes"):
            if name not in present:
                raise DataError(f"{path} has no column {name!r}; a detector is scored on image and boxes")
        wanted = [name for name in _COLUMNS if name in present]
        frame = pd.read_parquet(path, columns=wanted)
    frame = rows_of_split(frame, split, path)
    return [_boxed_image(row, f"{path}, row {index}") for index, row in frame.iterrows()]


def _boxed_image(row: pd.Series, where: str) -> BoxedImage:
    name = str(row.get("name", where))
    boxes = _numbers(row["boxes"], (-1, 4), f"{where}: boxes")
    if not (np.isfinite(boxes).all() and (boxes[:, 2:] > 0).all()):
        raise DataError(f"{where}: every box must be x, y, w, h with w and h above 0")
    boxes[:, 2:] += boxes[:, :2]
    kinds = row.get("kind")
    words = ["face"] * len(boxes) if kinds is None else _flatten(kinds)
    wanted = np.array([word != IGNORE for word in words], bool)
    if len(wanted) != len(boxes):
        raise DataError(f"{where}: {len(wanted)} words in kind for {len(boxes)} boxes; there must be one for each")
    landmarks = row.get("landmarks")
    if landmarks is not None:
        landmarks = _numbers(landmarks, (len(boxes), 5, 2), f"{where}: landmarks")[wanted]
    teacher = row.get("teacher")
    taught = _numbers([] if teacher is None else teacher, (-1, 6), f"{where}: teacher")
    taught[:, 2:4] += taught[:, :2]
    source, boxed = row.get("source"), row.get("boxed")
    return BoxedImage(
        name,
        row["image"],
        boxes[wanted],
        landmarks,
        ignored=boxes[~wanted],
        source="" if pd.isna(source) else str(source),
        boxed=None if pd.isna(boxed) else str(boxed),
        taught=taught,
    )


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
