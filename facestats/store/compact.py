"""Making a store of many videos quick to read: their short tables are merged to one file each.

The merged files are written aside, the note that names them is replaced at once, and only then the small files go. So a
run that is killed at any moment leaves a store that reads as before, and whoever reads meanwhile finds the one or the
other.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from facestats._util.locations import remove
from facestats.errors import StoreError, UsageError
from facestats.store.layout import table_path
from facestats.store.locking import is_left, locked
from facestats.store.manifest import Entry, read_entries
from facestats.store.merged import FOLDER, MERGED_TABLES, NOTE, Merged, merged_path, read_merged
from facestats.store.read import dataset, in_order
from facestats.store.write import bring_up_to_date, unwritable, write_note
from facestats.tables.arrow import arrow_schema

_AT_ONCE = 500  # videos that are read together
_ROWS_IN_GROUP = 10_000

# Where fewer or a smaller part are not merged, reading is quick enough.
_WORTH, _WORTH_SHARE = 100, 0.1


@dataclass(frozen=True)
class Compacted:
    """What a store was made of by compacting it.

    Attributes
    ----------
    n_videos : int
        Videos whose short tables are merged now.
    n_new : int
        Those of them that were not before.
    left_out : tuple of str
        The ids of videos whose tables cannot be read, and so stay as they are.
    """

    n_videos: int
    n_new: int
    left_out: tuple[str, ...] = ()


def compact(store: Path) -> Compacted:
    """Merge the short tables of all videos of a store.

    Parameters
    ----------
    store : pathlib.Path

    Raises
    ------
    UsageError
        If the store lies elsewhere, where it cannot be locked.
    BusyError
        If a run is writing to the store.
    StoreError
        If the merged files cannot be read.
    OutputError
        If the store cannot be written; what it held before stays.

    Examples
    --------
    >>> import tempfile
    >>> from facestats.store.store import create_store
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     compact(create_store(folder).path)
    Compacted(n_videos=0, n_new=0, left_out=())
    """
    if not isinstance(store, Path):
        raise UsageError(f"{store} cannot be locked, and so not be compacted: compact a copy on this machine")
    with locked(store):
        entries, before = list(read_entries(store)), read_merged(store)
        if dict(before.runs) == {entry.video_id: entry.run for entry in entries}:
            _clean(store, before, entries)
            return Compacted(len(entries), 0)
        bring_up_to_date(store)  # so that a facestats that knows no merged files says that it cannot read them
        now = _merge(store, before, entries)
        left_out = tuple(entry.video_id for entry in entries if not now.has(entry))
        return Compacted(len(now.runs), sum(now.has(entry) and not before.has(entry) for entry in entries), left_out)


def is_worth_compacting(store: Path) -> bool:
    """Say whether so many videos of a store are not merged that reading takes notably longer.

    Examples
    --------
    >>> is_worth_compacting(Path("nowhere"))
    False
    """
    if not isinstance(store, Path):
        return False
    merged, entries = read_merged(store), list(read_entries(store))
    n_alone = sum(not merged.has(entry) for entry in entries)
    return n_alone >= max(_WORTH, _WORTH_SHARE * len(entries))


def purge(store: Path) -> None:
    """Leave no row of videos that have no entry in merged files, nor any file of a compaction that was cut off.

    Only for the one writer of the store. Of a store that lies elsewhere, which cannot be locked, what compactions left
    goes when it is older than a day.

    Raises
    ------
    StoreError
        If the merged files cannot be read.
    OutputError
        If they cannot be written anew.

    Examples
    --------
    >>> purge(Path("nowhere"))
    """
    if not (store / FOLDER).is_dir():
        return
    merged, entries = read_merged(store), list(read_entries(store))
    if merged.runs.keys() <= {entry.video_id for entry in entries}:
        if any(path.name != merged.folder for path in (store / FOLDER).iterdir()):
            _clean(store, merged, entries)
        return
    _merge(store, merged, [entry for entry in entries if merged.has(entry)])


def _merge(store: Path, before: Merged, entries: Sequence[Entry]) -> Merged:
    """Write merged files of these videos, let them count, and take away what they replace."""
    runs: dict[str, str] = {}
    made = Merged(uuid.uuid4().hex[:12], runs)
    folder = store / FOLDER / made.folder
    try:
        folder.mkdir(parents=True)
        with contextlib.ExitStack() as stack:
            writers = {
                table: stack.enter_context(_Writer(table, merged_path(store, made, table))) for table in MERGED_TABLES
            }
            for first in range(0, len(entries), _AT_ONCE):
                for read, tables in _readable(store, before, entries[first : first + _AT_ONCE]):
                    for table, rows in tables.items():
                        writers[table].write(rows)
                    runs.update({entry.video_id: entry.run for entry in read})
        write_note(store, NOTE, asdict(made))
    except BaseException as error:
        if read_merged(store).folder != made.folder:  # Ctrl-C may come when it is all done
            remove(folder)
        if isinstance(error, OSError):
            raise unwritable(store, error) from None
        raise
    _clean(store, made, entries, replaced=before.folder)
    return made


def _readable(
    store: Path, merged: Merged, entries: Sequence[Entry]
) -> Iterator[tuple[Sequence[Entry], dict[str, pa.Table]]]:
    """Yield videos with their short tables, in order; what cannot be read is left out, and stays where it is."""
    try:
        found = {table: in_order(dataset(store, entries, table).to_table()) for table in MERGED_TABLES}
    except (OSError, pa.ArrowInvalid) as error:
        if len(entries) > 1:
            for entry in entries:
                yield from _readable(store, merged, [entry])
        elif merged.has(entries[0]):  # what is read from there is to be taken away, and so must not be lost
            raise StoreError(f"{store / FOLDER / merged.folder} cannot be read: {error}") from None
        return
    yield entries, found


class _Writer:
    """Writes a table of many videos in groups of rows that are worth their while.

    Parameters
    ----------
    table : str
    path : pathlib.Path
    """

    def __init__(self, table: str, path: Path) -> None:
        where, system = (path, None) if isinstance(path, Path) else (path.path, path.fs)
        self._file = pq.ParquetWriter(where, arrow_schema(table), filesystem=system)
        self._waiting: list[pa.Table] = []

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._flush()
        self._file.close()

    def write(self, rows: pa.Table) -> None:
        """Add rows."""
        self._waiting.append(rows)
        if sum(each.num_rows for each in self._waiting) >= _ROWS_IN_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._file.write_table(pa.concat_tables(self._waiting).replace_schema_metadata(None))
            self._waiting.clear()


def _clean(store: Path, merged: Merged, entries: Sequence[Entry], replaced: str = "") -> None:
    """Take away the small files of what is merged, and merged files that count no more."""
    for entry in entries:
        if merged.has(entry):
            for table in MERGED_TABLES:
                with contextlib.suppress(OSError):  # it hides nothing, and the next time takes it away
                    table_path(store, entry, table).unlink(missing_ok=True)
    for path in (store / FOLDER).iterdir() if (store / FOLDER).is_dir() else ():
        if path.name != merged.folder and (path.name == replaced or is_left(path)):
            remove(path)
