"""How a training went: one row an epoch and attribute, in a CSV file beside the model."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from facestats._util.files import written_aside
from facestats.errors import OutputError

#: Name of the file in a model's folder.
CURVES_FILE = "curves.csv"

_COLUMNS = ("epoch", "attribute", "training_loss", "validation_loss", "validation_accuracy")


def add_epoch(path: Path, epoch: int, figures: Mapping[str, tuple[float, float, float | None]]) -> None:
    """Write the figures of an epoch into the file; rows of this epoch and later ones, of a broken off run, are dropped.

    Parameters
    ----------
    path : pathlib.Path
        Made if absent.
    epoch : int
        From 1.
    figures : mapping of str to tuple
        By attribute: the loss in training, the loss on validation data, and the accuracy there (None if unknown).

    Raises
    ------
    OutputError
        If the file is there and cannot be read, or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "curves.csv")
    >>> add_epoch(path, 1, {"gender": (0.6, 0.5, 0.75)})
    >>> print(path.read_text().splitlines()[1])
    1,gender,0.6000,0.5000,0.7500
    """
    new = [
        [str(epoch), name, *("" if value is None else f"{value:.4f}" for value in values)]
        for name, values in figures.items()
    ]
    try:
        before = list(csv.reader(path.read_text().splitlines())) if path.is_file() and epoch > 1 else []
        # Rows that somebody has changed beyond recognition are not worth stopping for.
        kept = [row for row in before if row and row[0].isdecimal() and int(row[0]) < epoch]
        with written_aside(path) as unfinished, unfinished.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([_COLUMNS, *kept, *new])
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None
