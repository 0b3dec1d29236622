"""Tables as files that other programs open: CSV for spreadsheets, JSON, Parquet."""

from __future__ import annotations

import base64
from pathlib import Path

import pandas as pd

from facestats import schema
from facestats.errors import OutputError, UnknownNameError
from facestats.files import written_aside

FORMATS = ("csv", "parquet", "json")


def export_table(
    frame: pd.DataFrame,
    table: str,
    *,
    format: str,
    out: Path,
) -> None:
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
    if format not in FORMATS:
        raise UnknownNameError(f"unknown format {format!r}: use {', '.join(FORMATS)}")
    schema.validate(table, frame)
    try:
        with written_aside(out) as part:
            if format == "parquet":
                frame.to_parquet(part, index=False)
            elif format == "csv":
                _plain(frame, table).to_csv(part, index=False, encoding="utf-8")
            else:
                _plain(frame, table).to_json(part, orient="records", force_ascii=False, double_precision=6)
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror or error}") from None


def _plain(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Round to what the numbers are worth and turn what text cannot hold into text."""
    plain = frame.copy()
    for column in schema.columns(table):
        if column.decimals is not None:
            # float32 would print as 0.10000000149; float64 rounded prints as 0.1.
            plain[column.name] = plain[column.name].astype("float64").round(column.decimals)
        elif column.dtype.startswith("datetime"):
            plain[column.name] = plain[column.name].dt.strftime("%Y-%m-%d %H:%M:%S")
        elif column.dtype == "object":
            plain[column.name] = [base64.b64encode(value).decode("ascii") for value in plain[column.name]]
    return plain
