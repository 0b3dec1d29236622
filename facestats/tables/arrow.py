"""The tables as Arrow: what they are on disk, with the same types whatever rows they have."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa

from facestats.tables import schema

_TYPES = {
    "str": pa.string(),
    "Int64": pa.int64(),
    "float64": pa.float64(),
    "float32": pa.float32(),
    "bool": pa.bool_(),
    "boolean": pa.bool_(),
    "datetime64[us, UTC]": pa.timestamp("us", "UTC"),
    "object": pa.binary(),
}


def arrow_schema(table: str) -> pa.Schema:
    """Return the Arrow schema of a table, by its name; see :func:`facestats.tables.schema.columns`.

    Examples
    --------
    >>> arrow_schema("frames").field("time_s").type
    DataType(double)
    """
    return pa.schema([pa.field(column.name, _TYPES[column.dtype]) for column in schema.columns(table)])


def to_arrow(table: str, frame: pd.DataFrame) -> pa.Table:
    """Return a proper table, or some columns of one, as Arrow.

    Examples
    --------
    >>> to_arrow("tracks", schema.conform("tracks")).num_rows
    0
    """
    fields = [field for field in arrow_schema(table) if field.name in frame]
    return pa.Table.from_pandas(frame, schema=pa.schema(fields), preserve_index=False)


def described_schema(table: str, columns: Sequence[schema.Column]) -> pa.Schema:
    """Return the Arrow schema of these columns, which says in its metadata what they mean.

    Each field has ``unit`` and ``meaning``, the schema ``facestats_table`` and ``facestats_schema_version``.

    Examples
    --------
    >>> described_schema("frames", schema.columns("frames")).field("time_s").metadata[b"unit"]
    b's'
    """
    fields = [
        pa.field(
            column.name,
            _TYPES[column.dtype],
            metadata={"meaning": column.meaning} | ({} if column.unit is None else {"unit": column.unit}),
        )
        for column in columns
    ]
    return pa.schema(fields, {"facestats_table": table, "facestats_schema_version": str(schema.SCHEMA_VERSION)})


def frame_to_arrow(frame: pd.DataFrame, fields: pa.Schema) -> pa.Table:
    """Return a table as Arrow, of this schema.

    Examples
    --------
    >>> frame_to_arrow(schema.conform("frames"), described_schema("frames", schema.columns("frames"))).num_rows
    0
    """
    return pa.Table.from_pandas(frame, schema=fields, preserve_index=False).replace_schema_metadata(fields.metadata)


def from_arrow(table: str, data: pa.Table, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return a table of :mod:`facestats.tables.schema` that was Arrow.

    Parameters
    ----------
    table : str
    data : pyarrow.Table
    columns : sequence of str, optional
        Those to return; by default all that the table has, which become missing where the data lack them.

    Raises
    ------
    SchemaError
        See :func:`facestats.tables.schema.conform`.

    Examples
    --------
    >>> from_arrow("tracks", to_arrow("tracks", schema.conform("tracks"))).columns[0]
    'video_id'
    """
    # Whole numbers may be missing, and must not become fractions on the way.
    frame = data.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    if columns is None:
        return schema.conform(table, frame)
    dtypes = {column.name: column.dtype for column in schema.columns(table)}
    return pd.DataFrame({name: frame[name].astype(dtypes[name]) for name in columns})
