"""The store: a folder that keeps the tables of many videos as Parquet, with a manifest entry for each video.

::

    STORE/store.json                         what this is, and the schema's version
    STORE/entries/<video_id>.json            hash, options, models and the folder below: one video's manifest entry
    STORE/tables/<video_id>/<run>/*.parquet  the video's tables
    STORE/clips/<video_id>.mp4 (.png)        the annotated clip or still

A video's tables are written aside; replacing its entry, one small file, makes all of them visible at once. What no
entry names does not exist for readers.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from facestats import schema
from facestats.arrow import arrow_schema, from_arrow, to_arrow
from facestats.errors import OutputError, StoreError, UnknownNameError
from facestats.files import check_writable, written_aside
from facestats.results import VideoResult

if TYPE_CHECKING:
    from facestats.pipeline import AnalyzedVideo

_MARKER = "store.json"

_ROWS_IN_GROUP = 20_000  # of a Parquet file: so many wait in memory

#: What annotated clips and stills are called behind their video's id.
CLIP_SUFFIXES = (".mp4", ".png")


@dataclass(frozen=True)
class Entry:
    """A video's manifest entry.

    Attributes
    ----------
    video_id : str
    run : str
        Name of the folder below ``tables/<video_id>`` that holds the current tables.
    sha256 : str or None
        Hash of the video; None for cameras and streams.
    paths : tuple of str
        Where the video was found; identical copies are one video.
    status : str
        ``"ok"``, ``"partial"`` or ``"failed"``.
    options, models : mapping
        Options of the analysis; by attribute, and for the ``detector``, the name and sha256 of its model.
    written_at : str
        UTC, ISO 8601.
    facestats : str
        Version of the program.
    """

    video_id: str
    run: str
    sha256: str | None
    paths: tuple[str, ...]
    status: str
    options: Mapping[str, Any] = field(default_factory=dict)
    models: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    written_at: str = ""
    facestats: str = ""


def safe_stem(name: str) -> str:
    """Return a file's stem with everything but letters, digits, dots, dashes and underscores made a dash.

    Examples
    --------
    >>> safe_stem("my clip (1).mp4")
    'my-clip-1'
    """
    stem = re.sub(r"[^\w.-]+", "-", Path(name.rstrip("/")).stem or name).strip("-.")
    # File systems count bytes, 255 at most; the hash and a suffix come behind.
    return stem.encode("utf-8", "ignore")[:120].decode("utf-8", "ignore") or "video"


class Store:
    """An open store; see :func:`open_store`.

    Attributes
    ----------
    path : pathlib.Path
    video_id : str or None
        The one video that the tables are restricted to.
    """

    def __init__(self, path: Path, video_id: str | None = None) -> None:
        self.path = path
        self.video_id = video_id

    # -- reading ---------------------------------------------------------------------------------------------------

    def entries(self) -> dict[str, Entry]:
        """Return the manifest: every video's entry by ``video_id``, in alphabetical order.

        Raises
        ------
        StoreError
            If an entry cannot be read.
        """
        return {entry.video_id: entry for entry in self._read_entries()}

    def _read_entries(self) -> Iterator[Entry]:
        folder = self.path / "entries"
        one = folder / f"{self.video_id}.json"
        for path in sorted(folder.glob("*.json")) if self.video_id is None else [one] if one.is_file() else []:
            try:
                raw = json.loads(path.read_text(encoding="utf-8"))
                yield Entry(**{**raw, "paths": tuple(raw["paths"])})
            except (json.JSONDecodeError, UnicodeDecodeError, TypeError, KeyError) as error:
                raise StoreError(f"{path} is not a manifest entry ({error}): delete it and analyse again") from None

    def read(self, table: str) -> pd.DataFrame:
        """Return one table of all videos, or of the one that the store was opened for.

        Raises
        ------
        UnknownNameError
            If there is no such table.
        StoreError
            If a file that the manifest names is absent or damaged.
        """
        schema.columns(table)  # refuses unknown names
        parts = [self._read_one(entry, table) for entry in self._read_entries()]
        parts = [part for part in parts if len(part)]
        return pd.concat(parts, ignore_index=True) if parts else schema.conform(table)

    def _read_one(self, entry: Entry, table: str) -> pd.DataFrame:
        path = self.path / "tables" / entry.video_id / entry.run / f"{table}.parquet"
        try:
            return from_arrow(table, pq.read_table(path))
        except FileNotFoundError:
            raise StoreError(f"{path} is missing: analyse {entry.paths[0]} again") from None
        except (OSError, pa.ArrowInvalid) as error:
            raise StoreError(f"{path} is damaged ({error}): analyse {entry.paths[0]} again") from None

    @property
    def videos(self) -> pd.DataFrame:
        """One row per video."""
        return self.read("videos")

    @property
    def frames(self) -> pd.DataFrame:
        """One row per sampled frame."""
        return self.read("frames")

    @property
    def observations(self) -> pd.DataFrame:
        """One row per face in a sampled frame."""
        return self.read("observations")

    @property
    def tracks(self) -> pd.DataFrame:
        """One row per tracked face."""
        return self.read("tracks")

    @property
    def thumbnails(self) -> pd.DataFrame:
        """One to three rows per track, each with a WebP picture."""
        return self.read("thumbnails")

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
            found = f"fits {', '.join(fits)}: say which" if fits else f"is not among {', '.join(entries) or 'none'}"
            raise UnknownNameError(f"video {video!r} in {self.path} {found}")
        return Store(self.path, fits[0])

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

    def result(self, video_id: str) -> VideoResult:
        """Return all tables of one video.

        Raises
        ------
        StoreError
            If a file that the manifest names is absent or damaged.
        """
        one = Store(self.path, video_id)
        return VideoResult(*(one.read(table) for table in schema.TABLES))

    def write(
        self,
        result: VideoResult | AnalyzedVideo,
        *,
        paths: tuple[str, ...],
        options: Mapping[str, Any] | None = None,
        models: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Entry:
        """Add a video's tables, or replace them, all at once.

        Raises
        ------
        SchemaError
            If a table does not follow the schema; nothing is changed then.
        OutputError
            If the store cannot be written; what it held before stays.
        """
        video_id = str(result.videos["video_id"].iloc[0])
        run = uuid.uuid4().hex[:12]
        row = result.videos.iloc[0]
        entry = Entry(
            video_id=video_id,
            run=run,
            sha256=None if pd.isna(row["sha256"]) else str(row["sha256"]),
            paths=paths,
            status=str(row["status"]),
            options=dict(options or {}),
            models={name: dict(model) for name, model in (models or {}).items()},
            written_at=datetime.now(UTC).isoformat(timespec="seconds"),
            facestats=version("facestats"),
        )
        folder = self.path / "tables" / video_id
        before = Store(self.path, video_id).entries().get(video_id)
        whole = {table: schema.validate(table, getattr(result, table)) for table in ("videos", "tracks", "thumbnails")}
        try:
            (folder / run).mkdir(parents=True)
            for table, frame in whole.items():
                pq.write_table(to_arrow(table, frame), folder / run / f"{table}.parquet")
            _write_batches(folder / run, result.batches)
            self._write_entry(entry)
        except BaseException as error:
            shutil.rmtree(folder / run, ignore_errors=True)
            if isinstance(error, OSError):
                raise OutputError(f"cannot write to {self.path}: {error.strerror or error}") from None
            raise
        if before is not None:  # and nothing else: another process may be writing its own run
            shutil.rmtree(folder / before.run, ignore_errors=True)
        return entry

    def add_path(self, entry: Entry, path: str) -> Entry:
        """Note one more place where a video was found, and return its entry.

        Raises
        ------
        OutputError
            If the store cannot be written.
        """
        if path in entry.paths:
            return entry
        entry = replace(entry, paths=(*entry.paths, path))
        try:
            self._write_entry(entry)
        except OSError as error:
            raise OutputError(f"cannot write to {self.path}: {error.strerror or error}") from None
        return entry

    def _write_entry(self, entry: Entry) -> None:
        write_text(self.path / "entries" / f"{entry.video_id}.json", json.dumps(asdict(entry), indent=2) + "\n")


def _write_batches(folder: Path, batches: Iterator[tuple[pd.DataFrame, pd.DataFrame]]) -> None:
    """Write ``frames`` and ``observations`` as their rows come, in groups that are worth their while."""
    names = ("frames", "observations")
    with contextlib.ExitStack() as stack:
        writers = [
            stack.enter_context(pq.ParquetWriter(folder / f"{name}.parquet", arrow_schema(name))) for name in names
        ]
        waiting: list[list[pa.Table]] = [[], []]
        for batch in itertools.chain(batches, [None]):
            for name, writer, group, part in zip(names, writers, waiting, batch or (None, None), strict=True):
                if part is not None:
                    group.append(to_arrow(name, schema.validate(name, part)))
                if group and (part is None or sum(table.num_rows for table in group) >= _ROWS_IN_GROUP):
                    writer.write_table(pa.concat_tables(group))
                    group.clear()


def write_text(path: Path, text: str) -> None:
    """Write a text file so that readers see the old one or the new one, never a part."""
    with written_aside(path) as part:
        part.write_text(text, encoding="utf-8")


def open_store(path: str | Path, video: str | None = None) -> Store:
    """Open a store for reading.

    Parameters
    ----------
    path : str or pathlib.Path
        The folder that ``facestats analyze --out`` wrote.
    video : str, optional
        Restrict the tables to one video, see :meth:`Store.video`.

    Returns
    -------
    Store
        Its ``videos``, ``frames``, ``observations``, ``tracks`` and ``thumbnails`` are plain DataFrames.

    Raises
    ------
    StoreError
        If the path is not a store, or one of another schema version.
    UnknownNameError
        If the video is not in it.

    Examples
    --------
    >>> open_store("facestats-out").tracks  # doctest: +SKIP
    """
    path = Path(path)
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
            f"{path} has schema version {found}, this facestats reads {schema.SCHEMA_VERSION}: analyse into a new store"
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
    ...     create_store(folder).tracks.empty
    True
    """
    path = Path(path)
    try:
        if not (path / _MARKER).is_file():
            if path.is_dir() and any(path.iterdir()):
                raise OutputError(f"{path} holds other files and is not a store: name a new folder")
            write_text(path / _MARKER, json.dumps({"schema_version": schema.SCHEMA_VERSION}) + "\n")
        check_writable(path)
    except OSError as error:
        raise OutputError(f"cannot write to {path}: {error.strerror or error}; name another --out") from None
    return open_store(path)
