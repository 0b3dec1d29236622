"""Tables as files that other programs open: CSV for spreadsheets, JSON, Parquet. Of any length in little memory."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from facestats._util.files import written_aside
from facestats.errors import OutputError, UnknownNameError, UsageError
from facestats.store.store import Store, open_store
from facestats.tables import schema
from facestats.tables.arrow import to_arrow

FORMATS = ("csv", "parquet", "json")

#: What the columns of an attribute begin with; every other column is of no attribute.
_BEGINNINGS = {"expression": "expression", "gender": "gender", "age": "age_", "makeup": "makeup"}


def export(
    store: Store | str | os.PathLike[str],
    table: str = "tracks",
    *,
    format: str = "csv",
    out: str | os.PathLike[str] | None = None,
    videos: Sequence[str] = (),
    from_s: float | None = None,
    to_s: float | None = None,
    attributes: Sequence[str] | None = None,
) -> int:
    """Write a table of a store as a file, a few rows at a time, and return how many it has.

    Parameters
    ----------
    store : Store, str or path
    table : str
        ``"videos"``, ``"frames"``, ``"observations"``, ``"tracks"`` or ``"thumbnails"``.
    format : str
        ``"csv"``, ``"json"`` or ``"parquet"``, see :func:`export_table`.
    out : str or path, optional
        The file to write; by default ``TABLE.FORMAT`` in the current folder.
    videos : sequence of str
        Only these, see :meth:`facestats.store.store.Store.video`; all by default.
    from_s, to_s : float, optional
        Only what is shown between these seconds of a video's clock, both inclusive; tracks that reach into that time.
    attributes : sequence of str, optional
        Only the columns of these attributes, and those of no attribute; all by default.

    Raises
    ------
    UnknownNameError
        If the table, the format, a video or an attribute is unknown.
    UsageError
        If the table knows no times.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> fs.export("store", "tracks", out="tracks.csv")  # doctest: +SKIP
    12
    """
    store = open_store(store)
    names = [column.name for column in schema.columns(table)]
    where = _between(table, names, from_s, to_s)
    if videos:
        chosen = ds.field("video_id").isin([store.video(video).video_id for video in videos])
        where = chosen if where is None else where & chosen
    columns = names if attributes is None else _columns_of(names, attributes)
    pieces = store.batches(table, columns=columns, where=where)
    return _write(pieces, _empty(table, columns), table, format=format, out=Path(out or f"{table}.{format}"))


def export_table(frame: pd.DataFrame, table: str, *, format: str, out: Path) -> None:
    """Write a table as a file that a spreadsheet opens: stable column order, plain numbers.

    Parameters
    ----------
    frame : pandas.DataFrame
        A proper ``table``.
    table : str
        Its name.
    format : str
        ``"csv"`` (UTF-8, times in seconds, numbers rounded to what they are worth), ``"json"`` (a list of records) or
        ``"parquet"`` (unrounded).
    out : pathlib.Path
        The file to write; replaced if it exists.

    Raises
    ------
    UnknownNameError
        If the format is unknown.
    OutputError
        If the file cannot be written.
    """
    _check_format(format)
    schema.validate(table, frame)
    _write([frame], frame.iloc[:0], table, format=format, out=out)


def _write(pieces: Iterable[pd.DataFrame], empty: pd.DataFrame, table: str, *, format: str, out: Path) -> int:
    """Write pieces of a table, and return how many rows they have; a table without rows still has its header."""
    _check_format(format)
    n = 0

    def counted() -> Iterator[pd.DataFrame]:
        nonlocal n
        for piece in pieces:
            if len(piece):
                n += len(piece)
                yield piece
        if n == 0:
            yield empty

    try:
        if out.exists() and not out.is_file():  # a pipe or a device, which must not be replaced by a file
            with out.open("wb") as file:
                _WRITERS[format](counted(), table, file)
        else:
            with written_aside(out.resolve()) as part, part.open("wb") as file:
                _WRITERS[format](counted(), table, file)
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror or error}") from None
    return n


def _write_csv(pieces: Iterator[pd.DataFrame], table: str, file: BinaryIO) -> None:
    for number, piece in enumerate(pieces):
        _plain(piece, table).to_csv(file, index=False, header=number == 0, encoding="utf-8")


def _write_json(pieces: Iterator[pd.DataFrame], table: str, file: BinaryIO) -> None:
    for number, piece in enumerate(pieces):
        records = _plain(piece, table).to_json(orient="records", force_ascii=False, double_precision=6)
        file.write(("[" if number == 0 else ",\n").encode() + records[1:-1].encode())
    file.write(b"]\n")


def _write_parquet(pieces: Iterator[pd.DataFrame], table: str, file: BinaryIO) -> None:
    first = to_arrow(table, next(pieces))
    with pq.ParquetWriter(file, first.schema) as writer:
        writer.write_table(first)
        for piece in pieces:
            writer.write_table(to_arrow(table, piece))


_WRITERS: dict[str, Callable[[Iterator[pd.DataFrame], str, BinaryIO], None]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
    "json": _write_json,
}


def _check_format(format: str) -> None:
    if format not in FORMATS:
        raise UnknownNameError(f"unknown format {format!r}: use {', '.join(FORMATS)}")


def _between(table: str, names: Sequence[str], from_s: float | None, to_s: float | None) -> ds.Expression | None:
    """Return which rows show something of a span of time; None for all of them."""
    if from_s is None and to_s is None:
        return None
    begins, ends = ("start_s", "end_s") if table == "tracks" else ("time_s", "time_s")
    if begins not in names:
        raise UsageError(f"{table} has one row a video and knows no times: leave --from and --to out")
    late_enough = ds.scalar(True) if from_s is None else ds.field(ends) >= from_s
    return late_enough if to_s is None else late_enough & (ds.field(begins) <= to_s)


def _columns_of(names: Sequence[str], attributes: Sequence[str]) -> list[str]:
    unknown = [attribute for attribute in attributes if attribute not in _BEGINNINGS]
    if unknown:
        raise UnknownNameError(f"unknown attribute {unknown[0]!r}: use {', '.join(_BEGINNINGS)}")
    others = tuple(beginning for name, beginning in _BEGINNINGS.items() if name not in attributes)
    return [name for name in names if not name.startswith(others)]


def _empty(table: str, columns: Sequence[str]) -> pd.DataFrame:
    return schema.conform(table)[list(columns)]


def _plain(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Round to what the numbers are worth and turn what text cannot hold into text."""
    plain = frame.copy()
    for column in schema.columns(table):
        if column.name not in plain:
            continue
        if column.decimals is not None:
            # float32 would print as 0.10000000149; float64 rounded prints as 0.1.
            plain[column.name] = plain[column.name].astype("float64").round(column.decimals)
        elif column.dtype.startswith("datetime"):
            plain[column.name] = plain[column.name].dt.strftime("%Y-%m-%d %H:%M:%S")
        elif column.dtype == "object":
            plain[column.name] = [base64.b64encode(value).decode("ascii") for value in plain[column.name]]
    return plain
