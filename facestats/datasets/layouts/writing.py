"""From a data set as it was downloaded to the one Parquet file that facestats trains and evaluates on."""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from facestats._util.files import written_aside
from facestats._util.progress import bar
from facestats.datasets.labelled import LABEL_COLUMNS, decode_image
from facestats.datasets.layouts.base import Contents, Face, Layout, Skipped
from facestats.errors import DataError, MissingInputError, OutputError

# So many pictures are held at once.
_GROUP = 256

_TYPES: Mapping[str, pa.DataType] = {
    "split": pa.string(),
    "fer2013_label": pa.string(),
    "gender": pa.string(),
    "age_min": pa.int64(),
    "age_max": pa.int64(),
    "race": pa.string(),
    "makeup": pa.string(),
    "heavy_makeup": pa.bool_(),
    "lipstick": pa.bool_(),
    "young": pa.bool_(),
    "smiling": pa.bool_(),
}
_MISSING = "the picture is not there"
_DAMAGED = "the picture does not decode"
_TWICE = "a name that an earlier row has"


@dataclass(frozen=True)
class Converted:
    """What became of a data set.

    Attributes
    ----------
    path : pathlib.Path
        The Parquet file.
    n_rows : int
        Rows written.
    attributes : tuple of str
        What the file has labels for, as ``facestats train`` calls it; a row may lack one of them.
    skipped : mapping of str to int
        How many rows of the data set were left out, by reason.

    Examples
    --------
    >>> Converted(Path("jaffe.parquet"), 7, ("expression",), {"the picture is not there": 2}).n_rows
    7
    """

    path: Path
    n_rows: int
    attributes: tuple[str, ...]
    skipped: Mapping[str, int]


def convert(layout: Layout, source: Path, out: Path, *, overwrite: bool = False, progress: bool = False) -> Converted:
    """Write the Parquet file of a data set.

    The columns are ``source``, ``name``, the label columns of the data set and ``image``, the picture as its file has
    it. Pictures are read one after the other, so that memory does not grow with their number; the file appears when it
    is whole.

    Parameters
    ----------
    layout : Layout
        One of :data:`facestats.datasets.layouts.LAYOUTS`.
    source : pathlib.Path
        The folder of the data set, see the layout's ``source``.
    out : pathlib.Path
        The Parquet file.
    overwrite : bool
        Whether an older file of that name may be replaced.
    progress : bool
        Whether to show a progress bar on stderr.

    Raises
    ------
    MissingInputError
        If the folder, a file that the layout needs, or every picture is missing.
    DataError
        If a file is damaged, lacks a column or has a malformed row, or no row can be used.
    OutputError
        If the Parquet file exists already or cannot be written.

    Examples
    --------
    >>> from facestats.datasets.layouts import LAYOUTS
    >>> convert(LAYOUTS["utkface"], Path("UTKFace"), Path("utkface.parquet")).attributes  # doctest: +SKIP
    ('gender', 'age')
    """
    _check_out(out, overwrite=overwrite)
    with _reading(source):
        if not source.is_dir():
            raise MissingInputError(f"{source} is not a folder; {layout.name} needs {layout.source}")
        contents = layout.read(source)
    schema = _schema(contents.columns)
    tally = _Tally()
    n_rows = 0
    with bar(progress=None if progress else False, unit="image", leave=False) as shown:
        rows = _rows(layout.name, source, contents, tally)
        groups = _groups(rows)
        first = next(groups, None)
        if first is None:
            raise _nothing(layout, source, tally)
        try:
            with written_aside(out) as part, pq.ParquetWriter(part, schema) as writer:
                for group in itertools.chain([first], groups):
                    writer.write_table(pa.Table.from_pylist(group, schema))
                    n_rows += len(group)
                    shown.update(len(group))
        except OSError as error:
            raise OutputError(f"cannot write {out}: {error.strerror or error}") from None
    attributes = tuple(name for name, needed in LABEL_COLUMNS.items() if set(needed) <= set(contents.columns))
    return Converted(out, n_rows, attributes, dict(tally.skipped))


@dataclass
class _Tally:
    """What is not written: how many rows for which reason, and where the first missing picture should be."""

    skipped: Counter[str] = field(default_factory=Counter)
    missing: Path | None = None


def _check_out(out: Path, *, overwrite: bool) -> None:
    try:
        if out.is_dir():
            raise OutputError(f"{out} is a folder: --out must be a file")
        if out.exists() and not overwrite:
            raise OutputError(f"{out} exists already: give another --out, or --overwrite")
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror}") from None


@contextlib.contextmanager
def _reading(source: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(f"cannot read {error.filename or source}: {error.strerror or error}") from None


def _rows(name: str, source: Path, contents: Contents, tally: _Tally) -> Iterator[dict[str, object]]:
    """Yield the rows to write; tally the others."""
    names = set()
    with _reading(source):
        for face in contents.faces:
            if isinstance(face, Skipped):
                tally.skipped[face.reason] += 1
                continue
            text = face.name.encode("utf-8", "replace").decode("utf-8")  # names of files need not be UTF-8
            if text in names:
                tally.skipped[_TWICE] += 1
            elif (image := _picture(face, tally)) is not None:
                names.add(text)
                yield {"source": name, "name": text, **face.labels, "image": image}


def _picture(face: Face, tally: _Tally) -> bytes | None:
    if isinstance(face.image, bytes):
        return face.image
    try:
        image = face.image.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        tally.skipped[_MISSING] += 1
        tally.missing = tally.missing or face.image
        return None
    except ValueError:  # such as a zero byte
        raise DataError(f"{str(face.image)!r} cannot be the path of a picture") from None
    try:
        decode_image(image)
    except DataError:
        tally.skipped[_DAMAGED] += 1
        return None
    return image


def _groups(rows: Iterable[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    rows = iter(rows)
    while group := list(itertools.islice(rows, _GROUP)):
        yield group


def _schema(columns: tuple[str, ...]) -> pa.Schema:
    types = {name: pa.int8() if name.startswith("votes_") else _TYPES[name] for name in columns}
    return pa.schema({"source": pa.string(), "name": pa.string(), **types, "image": pa.binary()})


def _nothing(layout: Layout, source: Path, tally: _Tally) -> DataError | MissingInputError:
    if tally.missing:
        return MissingInputError(f"{tally.missing} is not there, nor is any other picture of {layout.name}")
    counts = [f"{count} x {reason}" for reason, count in tally.skipped.items()]
    return DataError(f"{source} has no row of {layout.name} that can be used ({', '.join(counts) or 'it is empty'})")
