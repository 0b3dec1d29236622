"""Tables that wait on disk until all of a video is known."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Self

import pandas as pd
import pyarrow as pa

from facestats.errors import OutputError
from facestats.tables.arrow import arrow_schema, from_arrow, to_arrow

#: So many bytes of a table stay in memory; more go to a file in the folder for temporary files.
_IN_MEMORY = 4_000_000


class Spool:
    """One table of one video, batch by batch, as an Arrow stream; a context manager.

    Parameters
    ----------
    table : str
        Its name in :mod:`facestats.tables.schema`.

    Examples
    --------
    >>> from facestats import schema
    >>> with Spool("frames") as spool:
    ...     spool.append(schema.conform("frames"))
    ...     [len(batch) for batch in spool.batches()]
    [0]
    """

    def __init__(self, table: str) -> None:
        self._table = table
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, prefix="facestats-")  # noqa: SIM115  (see close)
        self._writer = pa.ipc.new_stream(self._file, arrow_schema(table))

    def append(self, batch: pd.DataFrame) -> None:
        """Add rows of the table; they stay one batch.

        Raises
        ------
        OutputError
            If the disk is full.
        """
        try:
            for piece in to_arrow(self._table, batch).combine_chunks().to_batches() or _nothing(self._table):
                self._writer.write_batch(piece)
        except OSError as error:
            raise OutputError(
                f"cannot write temporary files in {tempfile.gettempdir()}: {error.strerror or error}; "
                "make room, or name another folder in TMPDIR"
            ) from None

    def batches(self) -> Iterator[pd.DataFrame]:
        """Yield the batches as they were added, from the first one; nothing can be added afterwards."""
        self._writer.close()
        self._file.seek(0)
        with pa.ipc.open_stream(self._file) as reader:
            for batch in reader:
                yield from_arrow(self._table, pa.Table.from_batches([batch]))

    def close(self) -> None:
        """Forget everything; safe to call twice."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _nothing(table: str) -> list[pa.RecordBatch]:
    return [pa.RecordBatch.from_pylist([], schema=arrow_schema(table))]
