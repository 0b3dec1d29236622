"""The store: a folder that keeps the tables of many videos as Parquet, with a manifest entry for each video.

::

    STORE/store.json                         what this is, and the schema's version
    STORE/entries/<video_id>.json            hash, options, models and the folder below: one video's manifest entry
    STORE/tables/<video_id>/<run>/*.parquet  the video's tables
    STORE/clips/<video_id>.mp4 (.png)        the annotated clip or still
    STORE/chunks/                            long videos that are being analysed in chunks

A video's tables are written aside; replacing its entry, one small file, makes all of them visible at once. What no
entry names does not exist for readers. The folder may lie wherever fsspec reaches: :mod:`facestats._util.locations`.
"""

from __future__ import annotations

import io
import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from facestats._util import hooks
from facestats._util.files import check_writable
from facestats._util.locations import is_remote, location, remove, write_whole
from facestats.errors import OutputError, StoreError, UnknownNameError, UsageError
from facestats.store.manifest import Entry, entry_path, read_entries, read_entry, write_entry
from facestats.store.tablefiles import Where, known_columns, problem_of, row_filter, write_batches
from facestats.tables import schema
from facestats.tables.arrow import arrow_schema, from_arrow, to_arrow
from facestats.tables.verdicts import threshold_of
from facestats.tables.video_tables import VideoTables
from facestats.video.names import CLIP_SUFFIXES

if TYPE_CHECKING:
    from facestats.analysis.pipeline import AnalyzedVideo

_MARKER = "store.json"

_ATTEMPTS = 5  # to read what a run is replacing
_Read = TypeVar("_Read")

#: Folder of what was found in chunks of long videos; nothing of it belongs to the results.
CHUNKS = "chunks"


class Part(Enum):
    """What a store keeps of a video, apart from its entry."""

    TABLES = "tables"
    CLIP = "clip"


class Store:
    """An open store; see :func:`open_store`.

    Attributes
    ----------
    path : pathlib.Path
        Or what is like one, where the store lies elsewhere.
    video_id : str or None
        The one video that the tables are restricted to.
    """

    def __init__(self, path: Path, video_id: str | None = None) -> None:
        self.path = path
        self.video_id = video_id
        hooks.call("register_accessor")

    # -- reading ---------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r}{'' if self.video_id is None else f', video_id={self.video_id!r}'})"

    def _repr_html_(self) -> str:
        return hooks.call("store_html", self)

    def entries(self) -> dict[str, Entry]:
        """Return the manifest: every video's entry by ``video_id``, in alphabetical order.

        Raises
        ------
        StoreError
            If an entry cannot be read.
        """
        if self.video_id is None:
            return {entry.video_id: entry for entry in read_entries(self.path)}
        entry = read_entry(self.path, self.video_id)
        return {} if entry is None else {entry.video_id: entry}

    def videos(self, *, columns: Sequence[str] | None = None, where: Where | None = None) -> pd.DataFrame:
        """Return one row per video; ``path`` and ``missing_since`` say where it is now; see :meth:`read`."""
        return self.read("videos", columns=columns, where=where)

    def frames(self, *, columns: Sequence[str] | None = None, where: Where | None = None) -> pd.DataFrame:
        """Return one row per sampled frame; see :meth:`read`."""
        return self.read("frames", columns=columns, where=where)

    def observations(self, *, columns: Sequence[str] | None = None, where: Where | None = None) -> pd.DataFrame:
        """Return one row per face in a sampled frame; see :meth:`read`."""
        return self.read("observations", columns=columns, where=where)

    def tracks(self, *, columns: Sequence[str] | None = None, where: Where | None = None) -> pd.DataFrame:
        """Return one row per tracked face; see :meth:`read`."""
        return self.read("tracks", columns=columns, where=where)

    def thumbnails(self) -> pd.DataFrame:
        """Return one to three rows per track, each with a WebP picture."""
        return self.read("thumbnails")

    def read(self, table: str, *, columns: Sequence[str] | None = None, where: Where | None = None) -> pd.DataFrame:
        """Return one table of all videos, or of the one that the store was opened for.

        Nothing but what is asked for is read from disk.

        Parameters
        ----------
        table : str
        columns : sequence of str, optional
            All by default.
        where : pyarrow.dataset.Expression or sequence of (column, operator, value), optional
            Which rows: ``[("score", ">", 0.9), ("video_id", "in", ids)]``, all of which must hold, or
            ``pyarrow.dataset.field("score") > 0.9``.

        Returns
        -------
        pandas.DataFrame
            Ordered by video, as the videos' ids are.

        Raises
        ------
        UnknownNameError
            If there is no such table or column.
        UsageError
            If ``where`` is not understood.
        StoreError
            If a file that the manifest names is absent or damaged.
        """
        wanted = known_columns(table, columns)
        chosen = row_filter(table, where)
        if table == "videos":  # small, and where they are is known to the manifest alone
            found = self._told(lambda: self._where_they_are(self.dataset(table).to_table()))
            return from_arrow(table, (found if chosen is None else found.filter(chosen)).select(wanted), wanted)
        found = self._told(lambda: self.dataset(table).to_table(columns=wanted, filter=chosen))
        return from_arrow(table, found, wanted)

    def batches(
        self, table: str, *, columns: Sequence[str] | None = None, where: Where | None = None
    ) -> Iterator[pd.DataFrame]:
        """Yield what :meth:`read` returns piece by piece, so that a table of any length takes little memory."""
        wanted = known_columns(table, columns)
        if table == "videos":
            yield self.read(table, columns=columns, where=where)
            return
        how = {"columns": wanted, "filter": row_filter(table, where), "batch_readahead": 1, "fragment_readahead": 1}
        pieces = iter(self._told(lambda: self.dataset(table).scanner(**how).to_batches()))
        while (piece := self._told(lambda: next(pieces, None), attempts=1)) is not None:
            if piece.num_rows:
                yield from_arrow(table, pa.Table.from_batches([piece]), wanted)

    def sql(self, query: str) -> pd.DataFrame:
        """Answer one SELECT over ``videos``, ``frames``, ``observations``, ``tracks`` and ``thumbnails``, by DuckDB.

        Raises
        ------
        UsageError
            If it is not one SELECT, or DuckDB does not understand it.
        StoreError
            If a file that the manifest names is absent or damaged.

        Examples
        --------
        >>> store.sql("select gender, count(*) as n from tracks group by gender")  # doctest: +SKIP
        """
        from facestats.store.sql import answer

        # Those of which it does not speak need not be looked for.
        spoken_of = [name for name in schema.TABLES if name in query.lower()]

        def answered() -> pd.DataFrame:
            tables = {name: self.videos() if name == "videos" else self.dataset(name) for name in spoken_of}
            return answer(query, tables)

        return self._told(answered)

    def dataset(self, table: str) -> ds.Dataset:
        """Return a table as a pyarrow dataset, whose files are read when they are asked for.

        Raises
        ------
        UnknownNameError
            If there is no such table.
        """
        schema.columns(table)  # refuses unknown names
        files = [
            self.path / "tables" / entry.video_id / entry.run / f"{table}.parquet" for entry in self.entries().values()
        ]
        if not files:
            return ds.dataset(to_arrow(table, schema.conform(table)))
        far = {} if isinstance(self.path, Path) else {"filesystem": self.path.fs}
        places = [str(file) if isinstance(file, Path) else file.path for file in files]
        return ds.dataset(places, schema=arrow_schema(table), format="parquet", **far)

    def _told(self, read: Callable[[], _Read], attempts: int = _ATTEMPTS) -> _Read:
        """Read something, and say which file is absent or damaged if one is."""
        while True:
            try:
                return read()
            except (pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
                raise UsageError(f"where is not understood: {str(error).splitlines()[0]}") from None
            except (OSError, pa.ArrowInvalid) as error:
                self._blame()
                attempts -= 1
                if attempts <= 0:  # else all is there: a run has replaced what was being read
                    raise StoreError(f"cannot read {self.path}: {error}") from None

    def _blame(self) -> None:
        for entry in self.entries().values():
            for name in schema.TABLES:
                path = self.path / "tables" / entry.video_id / entry.run / f"{name}.parquet"
                # Or it was replaced a moment ago, and another entry names another file.
                if (problem := problem_of(path)) is not None and read_entry(self.path, entry.video_id) == entry:
                    where = entry.paths[0] if entry.paths else entry.video_id
                    raise StoreError(f"{path} {problem}: analyse {where} again, with --force")

    def _where_they_are(self, videos: pa.Table) -> pa.Table:
        frame = videos.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        if "video_id" not in frame:
            return videos
        entries = self.entries()
        known = [entries.get(video_id) for video_id in frame["video_id"]]
        if "path" in frame:
            frame["path"] = [
                entry.paths[0] if entry is not None and entry.paths else path
                for entry, path in zip(known, frame["path"], strict=True)
            ]
        if "missing_since" in frame:
            since = [None if entry is None else entry.missing_since for entry in known]
            frame["missing_since"] = pd.to_datetime(pd.Series(since, frame.index, dtype="str"), utc=True)
        return pa.Table.from_pandas(frame, schema=videos.schema, preserve_index=False)

    def video(self, video: str) -> Store:
        """Return the store restricted to one video.

        Parameters
        ----------
        video : str
            A ``video_id``, the beginning of one, or the path or file name of the input, if only one video fits.

        Raises
        ------
        UnknownNameError
            If no video fits, or several do.
        """
        entries = self.entries()
        if video in entries:
            return Store(self.path, video)
        fits = [
            entry.video_id
            for entry in entries.values()
            if entry.video_id.startswith(video) or any(video in (path, Path(path).name) for path in entry.paths)
        ]
        if len(fits) != 1:
            names = ", ".join(list(entries)[:10]) + (", ..." if len(entries) > 10 else "")
            found = f"fits {', '.join(fits)}: say which" if fits else f"is not among {names or 'none'}"
            raise UnknownNameError(f"video {video!r} in {self.path} {found}")
        return Store(self.path, fits[0])

    def result(self, video_id: str) -> VideoTables:
        """Return all tables of one video.

        Raises
        ------
        StoreError
            If a file that the manifest names is absent or damaged.
        """
        one, entry, clip = Store(self.path, video_id), read_entry(self.path, video_id), self.clip_path(video_id)
        return VideoTables(
            *(one.read(table) for table in schema.TABLES),
            clip=clip if isinstance(clip, Path) else None,
            blurred=entry is not None and bool(entry.options.get("blur")),
            thresholds={} if entry is None else entry.thresholds,
        )

    def thresholds(self, attribute: str) -> dict[str, float]:
        """Return, by ``video_id``, the probability below which the attribute is "unknown".

        See :func:`facestats.tables.verdicts.threshold_of`.
        """
        return {video_id: threshold_of(entry.thresholds, attribute) for video_id, entry in self.entries().items()}

    def lacks(self, entry: Entry) -> Part | None:
        """Return which part of a video is not there, the tables first; None if all are."""
        folder = self.path / "tables" / entry.video_id / entry.run
        if not all((folder / f"{table}.parquet").is_file() for table in schema.TABLES):
            return Part.TABLES
        return Part.CLIP if self.clip_path(entry.video_id) is None else None

    def clip_path(self, video_id: str) -> Path | None:
        """Return the path of a video's annotated clip or still, or None if there is none."""
        candidates = [self.path / "clips" / f"{video_id}{suffix}" for suffix in CLIP_SUFFIXES]
        return next((path for path in candidates if path.is_file()), None)

    def drop_clip(self, video_id: str) -> None:
        """Remove a video's annotated clip or still, if there is one.

        Raises
        ------
        OutputError
            If it cannot be removed.
        """
        path = self.clip_path(video_id)
        if path is not None:
            try:
                path.unlink()
            except OSError as error:
                raise OutputError(f"cannot remove {path}: {error.strerror or error}") from None

    # -- writing ---------------------------------------------------------------------------------------------------

    def write(
        self,
        result: VideoTables | AnalyzedVideo,
        *,
        paths: tuple[str, ...],
        options: Mapping[str, Any] | None = None,
        models: Mapping[str, Mapping[str, str]] | None = None,
        files: Mapping[str, str] | None = None,
        tries: int = 0,
    ) -> Entry:
        """Add a video's tables, or replace them, all at once.

        Raises
        ------
        SchemaError
            If a table does not follow the schema; nothing is changed then.
        OutputError
            If the store cannot be written; what it held before stays.
        """
        row = result.videos.iloc[0]
        entry = Entry(
            video_id=str(row["video_id"]),
            run=uuid.uuid4().hex[:12],
            sha256=None if pd.isna(row["sha256"]) else str(row["sha256"]),
            paths=paths,
            status=str(row["status"]),
            options=dict(options or {}),
            models={name: dict(model) for name, model in (models or {}).items()},
            thresholds=dict(result.thresholds),
            written_at=now(),
            facestats=version("facestats"),
            error=None if pd.isna(row["error"]) else str(row["error"]),
            tries=tries,
            files=dict(files or {}),
        )
        before = read_entry(self.path, entry.video_id)
        folder = self.path / "tables" / entry.video_id / entry.run
        whole = {table: schema.validate(table, getattr(result, table)) for table in ("videos", "tracks", "thumbnails")}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for table, frame in whole.items():
                with (folder / f"{table}.parquet").open("wb") as file:
                    _write_parquet(table, frame, file)
            write_batches(folder, result.batches)
            write_entry(self.path, entry)
        except BaseException as error:
            written = read_entry(self.path, entry.video_id)
            if written is None or written.run != entry.run:  # Ctrl-C may come when it is all done
                remove(folder)
            if isinstance(error, OSError):
                raise self._unwritable(error) from None
            raise
        if before is not None:  # and nothing else: another process may be writing its own run
            remove(self.path / "tables" / entry.video_id / before.run)
        return entry

    def note(self, entry: Entry, **changes: Any) -> Entry:
        """Change an entry without touching the tables, and return it.

        Raises
        ------
        OutputError
            If the store cannot be written.
        """
        changed = replace(entry, **changes)
        if changed != entry:
            try:
                write_entry(self.path, changed)
            except OSError as error:
                raise self._unwritable(error) from None
        return changed

    def replace_thumbnails(self, entry: Entry, thumbnails: pd.DataFrame) -> None:
        """Replace the thumbnails of a video, all at once; the other tables stay as they are.

        Raises
        ------
        SchemaError
            If the table does not follow the schema.
        OutputError
            If the store cannot be written.
        """
        file = io.BytesIO()
        _write_parquet("thumbnails", schema.validate("thumbnails", thumbnails), file)
        path = self.path / "tables" / entry.video_id / entry.run / "thumbnails.parquet"
        try:
            write_whole(path, file.getvalue())
        except OSError as error:
            raise self._unwritable(error) from None

    def forget(self, video_id: str) -> None:
        """Remove a video with all its tables and its clip.

        Raises
        ------
        OutputError
            If the store cannot be written.
        """
        try:
            entry_path(self.path, video_id).unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(error) from None
        self.drop_clip(video_id)
        remove(self.path / "tables" / video_id)

    def sweep(self) -> None:
        """Remove what runs that were cut off left behind: tables that no entry names, files half written aside.

        Only for whoever is the one writer of the store. One that lies elsewhere cannot be locked: there only what is
        older than a day goes.
        """
        entries = self.entries()
        tables = self.path / "tables"
        for folder in tables.iterdir() if tables.is_dir() else ():
            current = entries.get(folder.name)
            for run in folder.iterdir():
                if (current is None or run.name != current.run) and self._is_left(run):
                    remove(run)
            if current is None and not any(folder.iterdir()):
                remove(folder)
        if not isinstance(self.path, Path):
            chunks = self.path / CHUNKS
            for folder in chunks.iterdir() if chunks.is_dir() else ():
                if self._is_left(folder):
                    remove(folder)
            return
        for folder in (self.path / "entries", self.path / "clips"):
            for path in folder.glob(".*") if folder.is_dir() else ():
                path.unlink(missing_ok=True)

    def _is_left(self, folder: Path) -> bool:
        """Say whether nobody can still be writing to a folder."""
        if isinstance(folder, Path):
            return True
        before = datetime.now(UTC) - timedelta(days=1)
        try:
            return all(folder.fs.modified(path) < before for path in folder.fs.find(folder.path))
        except (NotImplementedError, OSError):
            return False

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(f"cannot write to {self.path}: {error.strerror or error}")


def _write_parquet(table: str, frame: pd.DataFrame, file: BinaryIO) -> None:
    # What pandas notes of itself is longer than a few rows, and not needed.
    pq.write_table(to_arrow(table, frame).replace_schema_metadata(None), file)


def now() -> str:
    """Return the moment, UTC, as ISO 8601 with seconds.

    Examples
    --------
    >>> now()[-6:]
    '+00:00'
    """
    return datetime.now(UTC).isoformat(timespec="seconds")


def open_store(path: Store | str | os.PathLike[str], video: str | None = None) -> Store:
    """Open a store for reading.

    Parameters
    ----------
    path : str, path or Store
        The folder that ``facestats analyze --out`` wrote; ``s3://``, ``gs://`` and the like too. An open store stays.
    video : str, optional
        Restrict the tables to one video, see :meth:`Store.video`.

    Returns
    -------
    Store
        Its ``videos()``, ``frames()``, ``observations()``, ``tracks()`` and ``thumbnails()`` are plain DataFrames.

    Raises
    ------
    StoreError
        If the path is not a store, or one of another schema version.
    UnknownNameError
        If the video is not in it.

    Examples
    --------
    >>> open_store("facestats-out").tracks()  # doctest: +SKIP
    """
    if isinstance(path, Store):
        return path if video is None else path.video(video)
    path = location(path)
    marker = path / _MARKER
    if not marker.is_file():
        problem = "does not exist" if not path.exists() else "is not a store"
        raise StoreError(f"{path} {problem}: give the folder that `facestats analyze --out` wrote")
    try:
        found = json.loads(marker.read_text(encoding="utf-8"))["schema_version"]
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise StoreError(f"{marker} cannot be read ({error}): this is not a store") from None
    if found != schema.SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema version {found}, this facestats reads {schema.SCHEMA_VERSION}: analyse into a new "
            "store with `facestats analyze INPUT... --out NEW`, or read it with the facestats that wrote it"
        )
    store = Store(path)
    return store.video(video) if video is not None else store


def create_store(path: str | Path) -> Store:
    """Open a store for writing, making it if the folder is absent or empty.

    Raises
    ------
    OutputError
        If the folder cannot be written, or holds something else.
    StoreError
        If it is a store of another schema version.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     create_store(folder).tracks().empty
    True
    """
    path = location(path)
    try:
        if not (path / _MARKER).is_file():
            if path.is_dir() and any(not _is_ours(each) for each in path.iterdir()):
                raise OutputError(f"{path} holds other files and is not a store: name a new folder")
            write_whole(path / _MARKER, (json.dumps({"schema_version": schema.SCHEMA_VERSION}) + "\n").encode())
        if not is_remote(str(path)):
            check_writable(path)
    except OSError as error:
        raise OutputError(f"cannot write to {path}: {error.strerror or error}; name another --out") from None
    return open_store(path)


def _is_ours(path: Path) -> bool:
    return path.name.startswith(".")  # a file written aside, or a lock
