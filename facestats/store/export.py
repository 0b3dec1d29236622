"""Tables as files that other programs open, of any length in little memory; see :mod:`facestats.store.formats`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import pyarrow.dataset as ds

from facestats._util.files import written_aside
from facestats._util.naming import named
from facestats._util.spoken import moment_of, path_given, several
from facestats.errors import OutputError, UnknownNameError, UsageError
from facestats.models.attributes import ATTRIBUTE_CLASSES
from facestats.store.describing import check_describable, describe
from facestats.store.formats import PLAIN_FORMATS, WRITERS, Outgoing, check_format, suffix_format
from facestats.store.store import Store, open_store
from facestats.tables import schema
from facestats.tables.labels import video_names
from facestats.tables.schema import Column

#: The tables of a workbook: all but the pictures.
_IN_WORKBOOK = tuple(table for table in schema.TABLES if table != "thumbnails")


def export(
    store: Store | str | os.PathLike[str],
    table: str | Sequence[str] | None = None,
    *,
    format: str | None = None,
    out: str | os.PathLike[str] | BinaryIO | None = None,
    videos: str | Sequence[str] = (),
    from_s: float | str | None = None,
    to_s: float | str | None = None,
    attributes: str | Sequence[str] | None = None,
    every: float | None = None,
    utc: bool = False,
    describe_columns: bool = True,
    overwrite: bool = True,
) -> int:
    """Write a table of a store as a file, a few rows at a time, and return how many it has.

    ``file``, the name of the video's file, stands beside ``video_id``.

    Parameters
    ----------
    store : Store, str or path
    table : str or sequence of str, optional
        One of the store's tables, ``"timeline"`` (:func:`facestats.timeline`) or ``"long"`` (one row for each
        observation and class); several for ``"xlsx"``, one sheet each. By default ``"tracks"``; for ``"xlsx"`` all
        that the store has, without the pictures.
    format : str, optional
        By default what the suffix of ``out`` says, else ``"csv"``.
        ``"csv"``, ``"tsv"`` (UTF-8, times in seconds, numbers rounded to what they are worth), ``"json"`` (a list of
        records), ``"parquet"`` (unrounded, with units and meanings in its metadata), ``"xlsx"`` (with a sheet of
        meanings), ``"dta"`` (Stata) or ``"sav"`` (SPSS), with labels.
    out : str, path or binary file, optional
        The file to write; by default ``TABLE.FORMAT`` in the current folder.
    videos : str or sequence of str
        Only these, see :meth:`facestats.store.store.Store.video`; all by default.
    from_s, to_s : float or str, optional
        Only what is shown between these moments of a video's clock, both inclusive, seconds or texts as ``"1:30"``;
        tracks that reach into that time.
    attributes : str or sequence of str, optional
        Only the columns of these attributes, and those of no attribute; all by default.
    every : float, optional
        Seconds of a span of ``"timeline"``; 1 by default.
    utc : bool
        Add ``time_utc`` beside ``time_s`` (``start_utc``, ``end_utc``): the moment, where it is known when the video
        was recorded.
    describe_columns : bool
        Say what the columns of a CSV, TSV or JSON file mean, in ``columns.csv`` and ``datapackage.json`` beside it.
    overwrite : bool
        Replace a file that is there.

    Raises
    ------
    UnknownNameError
        If the table, the format, a video or an attribute is unknown.
    UsageError
        If the table knows no times, has no spans, or does not fit the format, or if ``to_s`` lies before ``from_s``.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> fs.export("store", "tracks", out="tracks.csv")  # doctest: +SKIP
    12
    """
    store = open_store(store)
    if out is not None and not hasattr(out, "write"):
        path_given(out, "out", also=" or a file open for writing")
    path = Path(out) if isinstance(out, str | os.PathLike) else None
    format = check_format(format or ("csv" if path is None else suffix_format(path)))
    tables = several(("tracks",) if table is None and format != "xlsx" else table or _IN_WORKBOOK, "table")
    if len(tables) > 1 and format != "xlsx":
        raise UsageError(f"a {format} file holds one table: name one, or use xlsx, which has a sheet for each")
    for each in tables:
        if each not in {**schema.TABLES, **schema.DERIVED}:
            names = ", ".join((*schema.TABLES, *schema.DERIVED))
            raise UnknownNameError(f"there is no table {each!r}; the tables are {names}")
    if every is not None and "timeline" not in tables:
        of_spans = named("table='timeline'", "--table timeline")
        raise UsageError(f"only timeline has spans of time: leave {named('every')} out, or use {of_spans}")
    from_name, to_name = named("from_s", "--from"), named("to_s", "--to")
    from_s = None if from_s is None else moment_of(from_s, from_name)
    to_s = None if to_s is None else moment_of(to_s, to_name)
    if from_s is not None and to_s is not None and from_s > to_s:
        raise UsageError(f"{from_name} {from_s:g} must not come after {to_name} {to_s:g}: nothing lies between")
    chosen = [str(store.video(video).video_id) for video in several(videos, "videos")]
    attributes = None if attributes is None else several(attributes, "attributes")
    wish = _Wish(store, chosen, from_s, to_s, attributes, 1.0 if every is None else every, utc)
    is_timed = [len(tables) > 1 or _times(each) is not None for each in tables]
    if not all(is_timed) and (from_s is not None or to_s is not None):
        raise UsageError(f"{tables[0]} has one row a video and knows no times: leave {from_name} and {to_name} out")
    name = tables[0] if len(tables) == 1 else "tables"
    going = [wish.outgoing(each) for each in tables]
    if out is not None and not isinstance(out, str | os.PathLike):
        return _write_to(out, going, format=format)
    path = path or Path(f"{name}.{format}")
    if not overwrite and path.is_file():
        raise OutputError(f"{path} is there already: {named('overwrite')} replaces it")
    return _write(going, format=format, out=path, describe_columns=describe_columns)


def export_table(frame: pd.DataFrame, table: str, *, format: str, out: Path, describe_columns: bool = False) -> None:
    """Write a table as a file that a spreadsheet opens: stable column order, plain numbers.

    Parameters
    ----------
    frame : pandas.DataFrame
        A proper ``table``.
    table : str
        Its name.
    format : str
        See :func:`export`.
    out : pathlib.Path
        The file to write; replaced if it exists.
    describe_columns : bool
        See :func:`export`.

    Raises
    ------
    UnknownNameError
        If the format is unknown.
    OutputError
        If the file cannot be written.
    """
    check_format(format)
    schema.validate(table, frame)
    outgoing = Outgoing(table, schema.columns(table), iter([frame]))
    _write([outgoing], format=format, out=out, describe_columns=describe_columns)


@dataclass(frozen=True)
class _Wish:
    """What of a store is wanted."""

    store: Store
    videos: Sequence[str]
    from_s: float | None
    to_s: float | None
    attributes: Sequence[str] | None
    every: float
    utc: bool

    def outgoing(self, table: str) -> Outgoing:
        """Return a table with what exports add to it."""
        own = schema.DERIVED[table] if table in schema.DERIVED else schema.columns(table)
        names = [column.name for column in own]
        if self.attributes is not None:
            names = _columns_of(names, self.attributes)
        kept = [column for column in own if column.name in names]
        times = [column.name for column in kept if column.name in schema.UTC_COLUMNS] if self.utc else []
        columns: list[Column] = []
        for column in kept:
            columns.append(column)
            if column.name == "video_id":
                columns.append(schema.FILE)
            if column.name in times:
                columns.append(schema.UTC_COLUMNS[column.name])
        return Outgoing(table, tuple(columns), self._pieces(table, names, [column.name for column in columns]))

    def _pieces(self, table: str, names: list[str], order: list[str]) -> Iterator[pd.DataFrame]:
        """Yield the rows, a few at a time; the table without rows if there are none."""
        where = self._where(table)
        videos = self.store.videos(columns=["video_id", "path", "recorded_at"]).set_index("video_id")
        files = pd.Series(video_names({str(name): str(path) for name, path in videos["path"].items()}), dtype="str")
        if table == "timeline":
            pieces = self._timelines(list(videos.index))
        elif table == "corrections":
            pieces = self._corrections()
        elif table == "long":
            from facestats.tables.long_form import long_form

            observed = self.store.batches("observations", columns=self._observed(), where=where)
            pieces = (long_form(piece) for piece in observed)
        else:
            pieces = self.store.batches(table, columns=names, where=where)
        n = 0
        for piece in pieces:
            if not len(piece):
                continue
            n += len(piece)
            yield _completed(piece[names], files, videos["recorded_at"])[order]
        if n == 0:
            yield _completed(_empty(table)[names], files, videos["recorded_at"])[order]

    def _timelines(self, video_ids: Sequence[str]) -> Iterator[pd.DataFrame]:
        from facestats.tables.timelines import timeline

        for video_id in self.videos or video_ids:
            spans = timeline(self.store.video(video_id), every=self.every)
            late_enough = spans["time_s"] >= (-float("inf") if self.from_s is None else self.from_s)
            yield spans[late_enough & (spans["time_s"] <= (float("inf") if self.to_s is None else self.to_s))]

    def _corrections(self) -> Iterator[pd.DataFrame]:
        rows = self.store.corrections()
        low = -float("inf") if self.from_s is None else self.from_s
        high = float("inf") if self.to_s is None else self.to_s
        rows = rows[rows["time_s"].between(low, high)]
        yield from (rows[rows["video_id"].eq(video_id)] for video_id in self.videos or rows["video_id"].unique())

    def _observed(self) -> list[str]:
        names = [column.name for column in schema.columns("observations")]
        chosen = list(ATTRIBUTE_CLASSES) if self.attributes is None else list(self.attributes)
        probabilities = [name for attribute in chosen for name in schema.probability_columns(attribute)]
        return [name for name in names if name in {"video_id", "frame", "time_s", "shot", "track_id", *probabilities}]

    def _where(self, table: str) -> ds.Expression | None:
        """Return which rows are wanted; None for all of them."""
        where = _between(table, self.from_s, self.to_s)
        if not self.videos:
            return where
        chosen = ds.field("video_id").isin(list(self.videos))
        return chosen if where is None else where & chosen


def _completed(piece: pd.DataFrame, files: pd.Series[str], recorded_at: pd.Series[Any]) -> pd.DataFrame:
    """Add the file and the moments in UTC."""
    piece = piece.assign(file=files.reindex(piece["video_id"]).to_numpy()).astype({"file": "str"})
    for time, column in schema.UTC_COLUMNS.items():
        if time in piece:
            since = pd.to_timedelta(piece[time], unit="s").dt.round("us")
            moments = recorded_at.reindex(piece["video_id"]).set_axis(piece.index) + since
            piece = piece.assign(**{column.name: moments}).astype({column.name: column.dtype})
    return piece


def _write(tables: Sequence[Outgoing], *, format: str, out: Path, describe_columns: bool) -> int:
    """Write tables, and return how many rows they have."""
    is_file = out.is_file() or not out.exists()  # or a pipe or a device, which must not be replaced by a file
    told = describe_columns and is_file and format in PLAIN_FORMATS
    target = out.resolve()
    if told:
        check_describable(target)
    try:
        if is_file:
            with written_aside(target) as part, part.open("wb") as file:
                n = _write_to(file, tables, format=format)
        else:
            with out.open("wb") as file:
                n = _write_to(file, tables, format=format)
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror or error}") from None
    if told:
        describe(target, tables[0].name, tables[0].columns, format=format)
    return n


def _write_to(file: BinaryIO, tables: Sequence[Outgoing], *, format: str) -> int:
    """Write tables into an open file, and return how many rows they have."""
    n = 0

    def counted(pieces: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        nonlocal n
        for piece in pieces:
            n += len(piece)
            yield piece

    WRITERS[format]([Outgoing(table.name, table.columns, counted(table.pieces)) for table in tables], file)
    return n


def _times(table: str) -> tuple[str, str] | None:
    """Return the columns in which something begins and ends; None where a table knows no times."""
    names = [column.name for column in {**schema.TABLES, **schema.DERIVED}[table]]
    return next(
        (pair for pair in (("start_s", "end_s"), ("first_s", "last_s"), ("time_s", "time_s")) if pair[0] in names), None
    )


def _between(table: str, from_s: float | None, to_s: float | None) -> ds.Expression | None:
    """Return which rows show something of a span of time; None for all of them."""
    times = _times(table)
    if times is None or (from_s is None and to_s is None):
        return None
    begins, ends = times
    late_enough = ds.scalar(True) if from_s is None else ds.field(ends) >= from_s
    return late_enough if to_s is None else late_enough & (ds.field(begins) <= to_s)


def _columns_of(names: Sequence[str], attributes: Sequence[str]) -> list[str]:
    # What the columns of an attribute begin with; every other column is of no attribute.
    beginnings = {name: "age_" if name == "age" else name for name in ATTRIBUTE_CLASSES}
    unknown = [attribute for attribute in attributes if attribute not in beginnings]
    if unknown:
        raise UnknownNameError(f"unknown attribute {unknown[0]!r}: use {', '.join(beginnings)}")
    others = tuple(beginning for name, beginning in beginnings.items() if name not in attributes)
    return [name for name in names if not name.startswith(others)]


def _empty(table: str) -> pd.DataFrame:
    if table not in schema.DERIVED:
        return schema.conform(table)
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in schema.dtypes(table).items()})
