"""The faces of a training: what is learned from, what is validated on, and what training never sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from facestats.datasets.faces import FaceData, concatenate, load_faces, load_unlabelled
from facestats.datasets.labelled import (
    LABEL_COLUMNS,
    SPLITS,
    attributes_in,
    label_columns,
    parquet_columns,
    read_table,
)
from facestats.datasets.sources import with_source
from facestats.errors import DataError
from facestats.training.recipes import Recipe
from facestats.types import UInt8

#: By split, which attributes each file serves.
Served = Mapping[str, Mapping[Path, tuple[str, ...]]]


@dataclass(frozen=True)
class Faces:
    """Cropped and labelled faces of a training, each with its ``source``.

    Attributes
    ----------
    training : sequence of sequence of FaceData
        Of each file, what it has of each attribute.
    validation : mapping of str to FaceData
        By attribute, of the sources that are learned from.
    unseen : mapping of str to mapping
        By source that training never sees, then by attribute.
    found : mapping of str to float
        By source and split, the share of rows whose face the detector found.
    unlabelled : mapping of str to numpy.ndarray
        By source, crops uint8 (N, S, S, 3) that are learned from teachers alone.
    """

    training: Sequence[Sequence[FaceData]]
    validation: Mapping[str, FaceData]
    unseen: Mapping[str, Mapping[str, FaceData]]
    found: Mapping[str, float]
    unlabelled: Mapping[str, UInt8] = field(default_factory=dict)


def check_labels(data: Sequence[Path], recipe: Recipe) -> Served:
    """Return which attributes each file serves in each split, once all their labels and sources are checked.

    Raises
    ------
    MissingInputError, DataError
        If a file cannot be read, holds a wrong label, or no row has a label for an attribute or is of a source that
        the recipe names.

    Examples
    --------
    >>> check_labels([Path("age_gender.parquet")], Recipe(("gender",)))  # doctest: +SKIP
    """
    of_teachers = sources_in(data, recipe.unlabelled)
    if absent := set(recipe.unlabelled) - {source for names in of_teachers.values() for source in names}:
        raise DataError(f"no row is of {_list(absent)}, which the recipe names as unlabelled")
    labelled = [path for path in data if not of_teachers[path] or has_labels(path, recipe.attributes)]
    served = {split: _served(labelled, recipe.attributes, split) for split in SPLITS}
    tables = [
        with_source(read_table(path, name, split), name)
        for split, files in served.items()
        for path, names in files.items()
        for name in names
    ]
    sources = {name for table in tables for name in table["source"]}
    if absent := set(recipe.sources + recipe.unseen) - sources:
        raise DataError(f"no row is of {_list(absent)}, which the recipe names; the data has {_list(sources)}")
    return served


def sources_in(data: Sequence[Path], wanted: Sequence[str]) -> dict[Path, tuple[str, ...]]:
    """Return which of some sources each data file has faces of.

    Raises
    ------
    MissingInputError, DataError
        If a file cannot be read.

    Examples
    --------
    >>> sources_in([Path("makeup.parquet")], ["celeba", "lfw"])  # doctest: +SKIP
    {PosixPath('makeup.parquet'): ('celeba',)}
    """
    found: dict[Path, tuple[str, ...]] = {}
    for path in data:
        with parquet_columns(path) as present:
            known = set(pd.read_parquet(path, columns=["source"])["source"].dropna()) if "source" in present else set()
        found[path] = tuple(name for name in wanted if name in known)
    return found


def gather(
    served: Served,
    recipe: Recipe,
    *,
    detector: str,
    data: Sequence[Path] = (),
    to_train: bool = True,
    progress: bool = False,
) -> Faces:
    """Crop the faces of a training, and sort them by what they are for.

    Parameters
    ----------
    served : mapping
        See :func:`check_labels`.
    recipe : Recipe
        Names attributes, the size of the crops, and which sources are learned from and which are not.
    detector : str
        Whose landmarks the crops follow.
    data : sequence of pathlib.Path
        The files that may hold faces of ``recipe.unlabelled``.
    to_train : bool
        Without, no training faces are cropped but those of files with unseen sources, and none is given.
    progress : bool
        Whether to show progress bars on stderr.

    Raises
    ------
    DataError
        If too few rows are left for an attribute.
    OutputError
        See :func:`facestats.datasets.faces.load_faces`.

    Examples
    --------
    >>> gather(check_labels(files, recipe), recipe, detector="centerface").validation["gender"]  # doctest: +SKIP
    """
    load = partial(load_faces, size=recipe.input_size, detector=detector, progress=progress)
    if not to_train:
        has_unseen = {path for path, names in sources_in(list(served["train"]), recipe.unseen).items() if names}
        served = {**served, "train": {path: of for path, of in served["train"].items() if path in has_unseen}}
    loaded = {
        split: [[_with_source(load(path, name, split)) for name in names] for path, names in files.items()]
        for split, files in served.items()
    }
    every = [parts for files in loaded.values() for parts in files]
    sources = {name for parts in every for faces in parts for name in faces.table["source"]}
    learned = set(recipe.sources or sources) - set(recipe.unseen) - set(recipe.unlabelled)
    used = {split: _of_sources(files, learned) for split, files in loaded.items()}
    for split, files in used.items() if to_train else [("validation", used["validation"])]:
        for name in recipe.attributes:
            if not any(faces.attribute == name for parts in files for faces in parts):
                raise DataError(f"no {split} row with a label for {name} is of {_list(learned)}")
    validation = {name: _joined(used["validation"], name) for name in recipe.attributes}
    for name, faces in validation.items():
        if len(set(faces.first_half)) < 2:
            raise DataError(f"{len(faces)} validation rows for {name} are too few to calibrate on one half of them")
    unseen = {}
    for source in recipe.unseen:
        of = _of_sources(every, {source})
        present = dict.fromkeys(faces.attribute for parts in of for faces in parts)
        unseen[source] = {name: _joined(of, name) for name in present}
    found = {
        **(_shares_found(used["train"], "training") if to_train else {}),
        **_shares_found(used["validation"], "validation"),
    }
    unlabelled: dict[str, UInt8] = {}
    for path, names in sources_in(data, recipe.unlabelled if to_train else ()).items():
        more = load_unlabelled(path, names, size=recipe.input_size, detector=detector, progress=progress)
        for name, crops in more.items():
            unlabelled[name] = np.concatenate([unlabelled[name], crops]) if name in unlabelled else crops
    return Faces(used["train"] if to_train else [], validation, unseen, found, unlabelled)


def read_properties(path: Path) -> pd.DataFrame:
    """Read further properties of faces, which are learned beside the attributes and never told.

    Parameters
    ----------
    path : pathlib.Path
        A Parquet file with the column ``name``, as in the data files, and columns of true and false, such as CelebA's
        forty attributes. Others are left out.

    Returns
    -------
    pandas.DataFrame
        bool columns, by ``name``.

    Raises
    ------
    MissingInputError
        If the file does not exist.
    DataError
        If it is not Parquet, or has no names, names twice, or no column of true and false.

    Examples
    --------
    >>> read_properties(Path("celeba_attributes.parquet")).shape  # doctest: +SKIP
    (18000, 40)
    """
    with parquet_columns(path) as present:
        if "name" not in present:
            raise DataError(f"{path} has no column 'name', by which its properties belong to faces")
        table = pd.read_parquet(path).set_index("name")
    if not table.index.is_unique:
        raise DataError(f"{path} names {table.index[table.index.duplicated()][0]} twice")
    properties = table.select_dtypes(bool)
    if properties.shape[1] == 0:
        raise DataError(f"{path} has no column of true and false")
    return properties


def has_labels(path: Path, attributes: Sequence[str]) -> bool:
    """Say whether a data file has labels of one of these attributes.

    Examples
    --------
    >>> has_labels(Path("fer2013.parquet"), ["expression"])  # doctest: +SKIP
    True
    """
    with parquet_columns(path) as present:
        return any(set(label_columns(name, present)) <= set(present) for name in attributes)


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))


def _with_source(faces: FaceData) -> FaceData:
    return replace(faces, table=with_source(faces.table, faces.attribute))


def _of_sources(files: Sequence[Sequence[FaceData]], sources: set[str]) -> list[list[FaceData]]:
    """Return the faces of some sources; files and attributes that have none are left out."""
    chosen = []
    for parts in files:
        rows = [faces.table["source"].isin(sources).to_numpy(bool) for faces in parts]
        # Crops that are all used stay on the disk.
        some = [faces if of.all() else faces[of] for faces, of in zip(parts, rows, strict=True) if of.any()]
        chosen += [some] if some else []
    return chosen


def _joined(files: Sequence[Sequence[FaceData]], attribute: str) -> FaceData:
    return concatenate([faces for parts in files for faces in parts if faces.attribute == attribute])


def _served(data: Sequence[Path], wanted: Sequence[str], split: str) -> dict[Path, tuple[str, ...]]:
    served = {path: attributes_in(path, wanted, split) for path in data}
    for name in wanted:
        if not any(name in names for names in served.values()):
            columns, files = ", ".join(LABEL_COLUMNS[name]), ", ".join(path.name for path in data)
            raise DataError(f"no {split} row of {files} has a label for {name}, which is in the column {columns}")
    return served


def _shares_found(files: Sequence[Sequence[FaceData]], split: str) -> dict[str, float]:
    """Return, by source, the share of rows whose face the detector found."""
    rows = pd.concat(
        [
            faces.table[["row", "source"]].assign(file=file, found=faces.found)
            for file, parts in enumerate(files)
            for faces in parts
        ]
    ).drop_duplicates(["file", "row"])
    shares = rows.groupby("source", sort=False)["found"].mean()
    return {f"{name} ({split})": float(share) for name, share in shares.items()}
