"""Faces of people whom a data file names: to score what tells one person from another, and for nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from facestats.datasets.faces import kept_crops
from facestats.datasets.labelled import read_images
from facestats.datasets.persons import NAMED, is_held_out, people_of
from facestats.errors import DataError
from facestats.options import DEFAULT_DETECTOR
from facestats.types import UInt8

#: Pictures of a source at most, the first ones: every pair of them is compared.
MOST_PICTURES = 3_000


@dataclass(frozen=True)
class NamedFaces:
    """Faces of which it is known whom they show.

    Attributes
    ----------
    crops : numpy.ndarray
        uint8 (N, S, S, 3), RGB, as :func:`facestats.classify.crops.align` cuts them.
    table : pandas.DataFrame
        N rows: ``source``, ``person``, and ``is_learned``: whether the embedding learned from this source, though not
        from this person.
    n_missed : int
        Pictures in which no face was found, which are left out.
    """

    crops: UInt8 = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    n_missed: int = 0

    def __len__(self) -> int:
        return len(self.crops)

    def __getitem__(self, rows: np.ndarray) -> NamedFaces:
        """Select rows by a boolean mask."""
        return NamedFaces(self.crops[rows], self.table[rows].reset_index(drop=True), self.n_missed)


def load_named(
    path: Path,
    *,
    learned_from: Collection[str] = (),
    size: int = 64,
    detector: str = DEFAULT_DETECTOR,
    progress: bool = False,
) -> NamedFaces:
    """Read the faces of people whom an embedding never learned from.

    The crops are kept in :func:`facestats._util.files.cache_dir`, so that only the first call detects faces.

    Parameters
    ----------
    path : pathlib.Path
        A Parquet file with ``image``, and ``person`` or the ``name`` and ``source`` of a data set that names people.
    learned_from : collection of str
        Sources that the embedding learned from: of these, only the people who were held out are taken.
    size : int
        Side of the crops in pixels.
    detector : str
        Whose landmarks the crops follow, see :func:`facestats.detect.create_detector`.
    progress : bool
        Whether to show a progress bar on stderr.

    Raises
    ------
    MissingInputError
        If the file does not exist.
    DataError
        If it is not Parquet, says of nobody who it is, or has nobody with several pictures; for the first image that
        does not decode.
    OutputError
        If the cache folder is not writable.

    Examples
    --------
    >>> load_named(Path("faces_extra.parquet"), learned_from=["lfw"])  # doctest: +SKIP
    """
    frame = read_images(path).reset_index(drop=True)
    if "person" not in frame and not {"name", "source"} <= set(frame):
        raise DataError(f"{path} says of nobody who it is: it needs a column person, or name and source")
    people = people_of(frame)
    sources = frame["source"].astype(str) if "source" in frame else pd.Series("", frame.index)
    if not people.notna().any():
        raise DataError(
            f"{path} says of nobody who it is: add a column person; of its own, facestats knows the names of "
            f"{', '.join(sorted(NAMED))}"
        )
    is_learned = sources.isin(list(learned_from))
    # Of sources that were learned from, those whom the training held out by the hash of their names.
    apart = people.map(is_held_out, na_action="ignore").eq(True) | ~is_learned
    known = pd.DataFrame({"image": frame["image"], "source": sources, "person": people, "is_learned": is_learned})
    known = known[people.notna() & apart]
    known = known[known.groupby("source").cumcount() < MOST_PICTURES]
    if known.empty or known.groupby(["source", "person"]).size().max() < 2:
        raise DataError(f"{path} has nobody with two pictures whom the embedding never learned from")
    rows = hashlib.sha256(known.index.to_numpy().astype("<i8").tobytes()).hexdigest()[:16]
    known = known.rename_axis("row").reset_index()
    crops, found, _ = kept_crops(known, path, f"people-{rows}", size, detector, "full", progress)
    table = known.loc[found, ["source", "person", "is_learned"]].reset_index(drop=True)
    return NamedFaces(np.asarray(crops)[found], table, n_missed=int((~found).sum()))
