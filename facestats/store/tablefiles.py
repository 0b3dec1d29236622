"""The tables as Parquet files: which rows and columns are read of them, and how they are written."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from facestats._util.spoken import several
from facestats.errors import UnknownNameError, UsageError
from facestats.tables import schema
from facestats.tables.arrow import arrow_schema, to_arrow
from facestats.tables.versions import former_names

_ROWS_IN_GROUP = 10_000  # of a file: so many wait in memory

#: What rows may be restricted to: a pyarrow expression, or (column, operator, value) that must all hold.
Where: TypeAlias = ds.Expression | Sequence[tuple[str, str, Any]]


def known_columns(table: str, columns: Sequence[str] | None) -> list[str]:
    """Return the columns to be read of a table: those named, or all of them.

    Raises
    ------
    UnknownNameError
        If one is not there.

    Examples
    --------
    >>> known_columns("frames", ["n_faces"])
    ['n_faces']
    """
    names = [column.name for column in schema.columns(table)]
    columns = None if columns is None else several(columns, "columns")
    unknown = [name for name in columns or () if name not in names]
    if unknown:
        renamed = [f"; {then} is now {now}" for now, then in former_names(table).items() if then in unknown]
        raise UnknownNameError(
            f"{table} has no column {', '.join(unknown)}{''.join(renamed)}; there are {', '.join(names)}"
        )
    return names if columns is None else list(columns)


def row_filter(table: str, where: Where | None) -> ds.Expression | None:
    """Return which rows of a table are to be read, as Arrow understands it; None for all.

    Raises
    ------
    UnknownNameError
        If there is no such column.
    UsageError
        If it is not understood.

    Examples
    --------
    >>> row_filter("frames", [("n_faces", ">", 0)])
    <pyarrow.compute.Expression (n_faces > 0)>
    """
    if where is None or isinstance(where, ds.Expression):
        return where
    try:
        known_columns(table, [column for column, _, _ in where])
        return pq.filters_to_expression(list(where)) if where else None
    except (TypeError, ValueError, pa.ArrowInvalid) as error:
        raise UsageError(
            f"where={where!r} is not understood ({error}): give (column, operator, value), or a pyarrow expression"
        ) from None


def problem_of(path: Path) -> str | None:
    """Return what is wrong with a table's file, in a few words; None if it can be opened.

    Examples
    --------
    >>> problem_of(Path("nowhere.parquet"))
    'is missing'
    """
    try:
        with path.open("rb") as file:
            pq.read_metadata(file)
    except FileNotFoundError:
        return "is missing"
    except (OSError, pa.ArrowInvalid) as error:
        return f"is damaged ({error})"
    return None


def write_batches(folder: Path, batches: Iterator[tuple[pd.DataFrame, pd.DataFrame]]) -> None:
    """Write ``frames`` and ``observations`` as their rows come, in groups that are worth their while.

    Examples
    --------
    >>> write_batches(folder, result.batches)  # doctest: +SKIP
    """
    names = ("frames", "observations")
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context((folder / f"{name}.parquet").open("wb")) for name in names]
        writers = [
            stack.enter_context(pq.ParquetWriter(file, arrow_schema(name)))
            for file, name in zip(files, names, strict=True)
        ]
        waiting: list[list[pa.Table]] = [[], []]
        for batch in itertools.chain(batches, [None]):
            for name, writer, group, part in zip(names, writers, waiting, batch or (None, None), strict=True):
                if part is not None:
                    group.append(to_arrow(name, schema.conform(name, schema.validate(name, part))))
                if group and (part is None or sum(table.num_rows for table in group) >= _ROWS_IN_GROUP):
                    writer.write_table(pa.concat_tables(group))
                    group.clear()
