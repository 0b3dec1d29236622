"""Where the faces of a video really are: truth files in the formats that tracking research uses."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from facestats.errors import DataError, MissingInputError, UnknownNameError

#: Columns and dtypes of a truth table, one row a frame and person.
TRUTH_DTYPES = {
    "frame": "int64",
    "person": "int64",
    "x": "float64",
    "y": "float64",
    "w": "float64",
    "h": "float64",
    "ignored": "bool",
}

#: How a truth file may give its boxes: left, top, width, height; or left, top, right, bottom.
BOX_FORMATS = ("xywh", "xyxy")

# frame, id, box, then "to be considered", class, visibility and the MOT challenge's three coordinates of the world.
_MOT_COLUMNS = range(6, 11)
_SINGLE_COLUMNS = 4


def read_truth(path: Path, *, boxes: str = "xywh") -> pd.DataFrame:
    r"""Read a truth file.

    Two formats are known by their number of columns, which commas, semicolons or blanks may part:

    - MOT (Milan et al., 2016, arXiv 1603.00831), 6 to 10 columns: frame (from 1), person, four numbers of the box, and
      perhaps a flag, which is 0 where the box is not to be considered. What follows is not used.
    - Single target, 4 columns: one line a frame, the box; ``nan``, a box without size, or an empty line, where the face
      is absent.

    Parameters
    ----------
    path : pathlib.Path
    boxes : str
        See :data:`BOX_FORMATS`.

    Returns
    -------
    pandas.DataFrame
        See :data:`TRUTH_DTYPES`: ``frame`` is 0-based, boxes are in pixels, sorted by frame and person.

    Raises
    ------
    UnknownNameError
        If ``boxes`` is unknown.
    MissingInputError
        If there is no such file.
    DataError
        Naming the first line that is not as it must be.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "truth.txt")
    ...     _ = path.write_text("1,7,10,20,30,40,1,1,1.0\n2,7,12,20,30,40,0,1,0.1\n")
    ...     read_truth(path)[["frame", "person", "x", "ignored"]].to_numpy().tolist()
    [[0, 7, 10.0, False], [1, 7, 12.0, True]]
    """
    if boxes not in BOX_FORMATS:
        raise UnknownNameError(f"unknown format of boxes {boxes!r}: use {' or '.join(BOX_FORMATS)}")
    if not path.is_file():
        raise MissingInputError(f"no truth file at {path}")
    lines, numbers = _read_numbers(path)
    if numbers.shape[1] == _SINGLE_COLUMNS:
        present = np.isfinite(numbers).all(axis=1)
        corners = numbers[:, 2:] if boxes == "xywh" else numbers[:, 2:] - numbers[:, :2]
        present &= (np.nan_to_num(corners) > 0).all(axis=1)
        frame, person = np.flatnonzero(present), np.ones(present.sum(), np.int64)
        box, ignored = numbers[present], np.zeros(present.sum(), bool)
    else:
        for name, column, least in (("frame", 0, 1), ("person", 1, None)):
            values = numbers[:, column]
            wrong = ~(np.abs(values) < 2**31) | (values != np.round(values)) | (least is not None and values < least)
            if wrong.any():
                raise DataError(
                    f"{path}, line {lines[wrong.argmax()]}: the {name} {values[wrong.argmax()]:g} is no whole number"
                    + (", counted from 1" if least else "")
                )
        frame, person = numbers[:, 0].astype(np.int64) - 1, numbers[:, 1].astype(np.int64)
        box = numbers[:, 2:6]
        ignored = numbers[:, 6] == 0 if numbers.shape[1] > 6 else np.zeros(len(numbers), bool)
        size = box[:, 2:] if boxes == "xywh" else box[:, 2:] - box[:, :2]
        wrong = ~(np.isfinite(box).all(axis=1) & (size > 0).all(axis=1))
        if wrong.any():
            hint = "" if boxes == "xyxy" else "; are they corners (--boxes xyxy)?"
            raise DataError(f"{path}, line {lines[wrong.argmax()]}: the box is not four numbers with a size{hint}")
    if boxes == "xyxy":
        box = np.column_stack([box[:, :2], box[:, 2:] - box[:, :2]])
    columns = {"frame": frame, "person": person, **dict(zip("xywh", box.T, strict=True)), "ignored": ignored}
    truth = pd.DataFrame(columns).astype(TRUTH_DTYPES).sort_values(["frame", "person"], ignore_index=True)
    twice = truth.duplicated(["frame", "person"])
    if twice.any():
        frame, person = truth.loc[twice.idxmax(), ["frame", "person"]]
        raise DataError(f"{path}: person {person} is twice in frame {frame + 1}")
    return truth


def _read_numbers(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of a text file, float64 (N, columns), and the line that each row stands in."""
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise DataError(f"{path} is not a text file: give a MOT file, or one with a box a line") from None
    rows: list[list[float]] = []
    numbers: list[int] = []
    empty: list[tuple[int, int]] = []  # rows before an empty line, and its number
    for number, line in enumerate(content.splitlines(), 1):
        fields = [field for field in re.split(r"[,;\s]+", line.strip()) if field]
        if fields and fields[0].startswith("#"):
            continue
        if not fields:
            empty.append((len(rows), number))
            continue
        try:
            row = [float(field) for field in fields]
        except ValueError:
            raise DataError(
                f"{path}, line {number}: {line.strip()[:40]!r} is not numbers; a truth file has no header, and the "
                "columns frame, id, x, y, w, h, ... (MOT) or x, y, w, h (a line a frame)"
            ) from None
        if rows and len(row) != len(rows[0]):
            raise DataError(f"{path}, line {number}: {len(row)} columns instead of {len(rows[0])}")
        rows.append(row)
        numbers.append(number)
    if not rows:
        raise DataError(f"{path} is empty: give a MOT file, or one with a box a line")
    if len(rows[0]) not in (_SINGLE_COLUMNS, *_MOT_COLUMNS):
        raise DataError(
            f"{path} has {len(rows[0])} columns: a truth file has 6 to 10 (MOT: frame, id, x, y, w, h, ...) or 4 "
            "(x, y, w, h, a line a frame)"
        )
    if len(rows[0]) == _SINGLE_COLUMNS:  # a line is a frame here, also an empty one, unless nothing follows
        for place, number in reversed([line for line in empty if line[0] < len(rows)]):
            rows.insert(place, [np.nan] * _SINGLE_COLUMNS)
            numbers.insert(place, number)
    return np.array(numbers), np.array(rows, np.float64)


def write_truth(truth: pd.DataFrame, path: Path) -> None:
    """Write a truth table as a MOT file: frame (from 1), person, box, 1 or 0 to be considered, class 1, visibility.

    Parameters
    ----------
    truth : pandas.DataFrame
        See :data:`TRUTH_DTYPES`; a column ``visible`` (0 to 1) is written if there is one.
    path : pathlib.Path

    Examples
    --------
    >>> write_truth(truth, Path("clip.txt"))  # doctest: +SKIP
    """
    visible = truth["visible"] if "visible" in truth else np.where(truth["ignored"], 0.0, 1.0)
    rows = pd.DataFrame(
        {
            "frame": truth["frame"] + 1,
            "person": truth["person"],
            **{side: truth[side].round(2) for side in "xywh"},
            "considered": (~truth["ignored"]).astype(int),
            "class": 1,
            "visible": np.round(visible, 3),
        }
    )
    rows.to_csv(path, header=False, index=False)
