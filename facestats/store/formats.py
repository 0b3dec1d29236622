"""The formats in which tables leave a store: a new one is one function and one line in :data:`WRITERS`."""

from __future__ import annotations

import base64
import io
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import pyarrow.parquet as pq

from facestats._util.naming import named
from facestats.errors import UnknownNameError, UsageError
from facestats.tables.arrow import described_schema, frame_to_arrow
from facestats.tables.schema import Column


@dataclass(frozen=True)
class Outgoing:
    """A table on its way out.

    Attributes
    ----------
    name : str
    columns : tuple of Column
    pieces : iterator of pandas.DataFrame
        Its rows, a few at a time; at least one piece, which may be empty.
    """

    name: str
    columns: tuple[Column, ...]
    pieces: Iterator[pd.DataFrame]


def _write_csv(tables: Sequence[Outgoing], file: BinaryIO, separator: str = ",") -> None:
    (table,) = tables
    for number, piece in enumerate(table.pieces):
        plain(piece, table.columns).to_csv(file, index=False, header=number == 0, encoding="utf-8", sep=separator)


def _write_tsv(tables: Sequence[Outgoing], file: BinaryIO) -> None:
    _write_csv(tables, file, separator="\t")


def _write_json(tables: Sequence[Outgoing], file: BinaryIO) -> None:
    (table,) = tables
    for number, piece in enumerate(table.pieces):
        records = plain(piece, table.columns).to_json(orient="records", force_ascii=False, double_precision=6)
        file.write(("[" if number == 0 else ",\n").encode() + records[1:-1].encode())
    file.write(b"]\n")


def _write_parquet(tables: Sequence[Outgoing], file: BinaryIO) -> None:
    (table,) = tables
    fields = described_schema(table.name, table.columns)
    with pq.ParquetWriter(file, fields) as writer:
        for piece in table.pieces:
            writer.write_table(frame_to_arrow(piece, fields))


#: Rows of a sheet, the header left out.
SHEET_ROWS = 1_048_575


def _write_xlsx(tables: Sequence[Outgoing], file: BinaryIO) -> None:
    """Write one sheet a table, and a last one that says what the columns mean."""
    from xlsxwriter import Workbook

    told = io.BytesIO()
    with Workbook(told, {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        tables = [_without_pictures(table, "a sheet") for table in tables]
        for table in tables:
            rows = (row for piece in table.pieces for row in _cells(piece, table.columns))
            _write_sheet(book, table.name, [column.name for column in table.columns], rows, bold)
        meanings = [
            (table.name, column.name, column.unit or "", column.meaning) for table in tables for column in table.columns
        ]
        _write_sheet(book, "columns", ["table", "column", "unit", "meaning"], meanings, bold)
    file.write(told.getvalue())


def _without_pictures(table: Outgoing, what: str) -> Outgoing:
    """Return the table as a format holds it that has no pictures; refuse one that is of pictures alone."""
    pictures = [column.name for column in table.columns if column.dtype == "object"]
    if pictures and table.name == "thumbnails":
        raise UsageError(f"{what} cannot hold the pictures of {table.name}: use parquet or json")
    columns = tuple(column for column in table.columns if column.name not in pictures)
    return Outgoing(table.name, columns, (piece.drop(columns=pictures) for piece in table.pieces))


def _write_sheet(book: Any, name: str, header: Sequence[str], rows: Any, bold: Any) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for number, title in enumerate(header):
        sheet.set_column(number, number, 60 if title == "meaning" else max(len(title) + 2, 10))
    sheet.write_row(0, 0, header, bold)
    for number, row in enumerate(rows, start=1):
        if number > SHEET_ROWS:
            raise UsageError(f"{name} has more rows than a sheet of {SHEET_ROWS:,} holds: export it as csv or parquet")
        for place, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(number, place, value)  # never a formula, never a link
            elif value is not None:
                sheet.write(number, place, value)


def _cells(piece: pd.DataFrame, columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
    shown = plain(piece, columns, moments=False)
    for column in columns:
        if column.dtype.startswith("datetime"):
            shown[column.name] = shown[column.name].dt.tz_localize(None)
    values = shown.astype(object).where(shown.notna(), None)
    return values.itertuples(index=False, name=None)


def _write_labelled(tables: Sequence[Outgoing], file: BinaryIO, kind: str) -> None:
    """Write a file of Stata or SPSS: meanings as labels of the variables, verdicts as numbers with labels."""
    try:
        import pyreadstat
    except ImportError:
        raise UsageError(f"writing .{kind} needs pyreadstat: pip install 'facestats[stata]'") from None
    table = _without_pictures(tables[0], f".{kind}")
    data = pd.concat(list(table.pieces), ignore_index=True)
    labels, numbers = {}, {}
    for column in table.columns:
        labels[column.name] = _cut(column.described, 80)
        if column.classes and set(data[column.name].dropna()) <= set(column.classes):
            codes = {name: code for code, name in enumerate(column.classes, start=1)}
            data[column.name] = data[column.name].map(codes).astype("float64")
            numbers[column.name] = {code: name for name, code in codes.items()}
        elif column.dtype.startswith("datetime"):
            data[column.name] = data[column.name].dt.tz_localize(None)
        elif column.dtype in ("bool", "boolean"):
            numbers[column.name] = {0: "no", 1: "yes"}
    write: Any = {"dta": pyreadstat.write_dta, "sav": pyreadstat.write_sav}[kind]
    with tempfile.TemporaryDirectory(prefix="facestats-") as folder:  # it writes to names alone
        path = Path(folder) / f"table.{kind}"
        write(
            data,
            str(path),
            file_label=f"facestats: {table.name}",
            column_labels=labels,
            variable_value_labels=numbers,
        )
        with path.open("rb") as written:
            shutil.copyfileobj(written, file)


def _write_dta(tables: Sequence[Outgoing], file: BinaryIO) -> None:
    _write_labelled(tables, file, "dta")


def _write_sav(tables: Sequence[Outgoing], file: BinaryIO) -> None:
    _write_labelled(tables, file, "sav")


def _cut(text: str, length: int) -> str:
    """Stata takes labels of 80 characters."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


#: By the suffix of the file, what writes it.
WRITERS: Mapping[str, Callable[[Sequence[Outgoing], BinaryIO], None]] = {
    "csv": _write_csv,
    "tsv": _write_tsv,
    "json": _write_json,
    "parquet": _write_parquet,
    "xlsx": _write_xlsx,
    "dta": _write_dta,
    "sav": _write_sav,
}

FORMATS = tuple(WRITERS)

#: Formats whose files do not say what their columns mean: a description goes beside them.
PLAIN_FORMATS = ("csv", "tsv", "json")


def check_format(format: str) -> str:
    """Return a format, or raise :class:`UnknownNameError` if there is no such.

    Examples
    --------
    >>> check_format("csv")
    'csv'
    """
    if format not in WRITERS:
        raise UnknownNameError(f"unknown format {format!r}: use {', '.join(WRITERS)}")
    return format


def suffix_format(path: Path) -> str:
    """Return the format that the suffix of a file names; CSV where it has none.

    Raises
    ------
    UnknownNameError
        If it names none.

    Examples
    --------
    >>> suffix_format(Path("faces.XLSX")), suffix_format(Path("/dev/stdout"))
    ('xlsx', 'csv')
    """
    suffix = path.suffix.lower().removeprefix(".")
    if suffix and suffix not in WRITERS:
        raise UnknownNameError(f"{path} does not end in a format: use {', '.join(WRITERS)}, or say {named('format')}")
    return suffix or "csv"


def plain(frame: pd.DataFrame, columns: Sequence[Column], *, moments: bool = True) -> pd.DataFrame:
    """Round to what the numbers are worth and turn what text cannot hold into text.

    Parameters
    ----------
    frame : pandas.DataFrame
    columns : sequence of Column
        Of the frame.
    moments : bool
        Whether moments become text too.

    Examples
    --------
    >>> import numpy as np
    >>> columns = [Column("score", "float32", "confidence", decimals=4)]
    >>> plain(pd.DataFrame({"score": np.array([0.1], np.float32)}), columns)["score"].tolist()
    [0.1]
    """
    shown = frame.copy()
    for column in columns:
        if column.dtype.startswith("datetime"):
            if moments:
                form = "%Y-%m-%d %H:%M:%S" if column.decimals is None else "%Y-%m-%dT%H:%M:%S.%f"
                text = shown[column.name].dt.strftime(form)
                shown[column.name] = text if column.decimals is None else text.str[: column.decimals - 6] + "Z"
        elif column.decimals is not None:
            # float32 would print as 0.10000000149; float64 rounded prints as 0.1.
            shown[column.name] = shown[column.name].astype("float64").round(column.decimals)
        elif column.dtype == "object":
            shown[column.name] = [
                base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else None
                for value in shown[column.name]
            ]
    return shown
