"""The store: a folder that keeps the tables of many videos as Parquet, with a manifest entry for each video.

::

    STORE/store.json                         what this is, and the schema's version
    STORE/options.json                       the options it was made with, which later runs use too
    STORE/entries/<video_id>.json            hash, options, models and the folder below: one video's manifest entry
    STORE/tables/<video_id>/<run>/*.parquet  the video's tables
    STORE/clips/<video_id>.mp4 (.png)        the annotated clip or still
    STORE/merged.json, merged/               short tables of many videos in one file, see :mod:`facestats.store.merged`
    STORE/chunks/                            long videos that are being analysed in chunks

A video's tables are written aside; replacing its entry makes all of them visible at once. What no entry names does not
exist for readers. The folder may lie wherever fsspec reaches.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from facestats._util import hooks
from facestats._util.files import check_writable
from facestats._util.locations import is_remote, location, write_whole
from facestats._util.naming import named
from facestats._util.spoken import path_given
from facestats.errors import OutputError, StoreError, UsageError
from facestats.models.attributes import declare
from facestats.store import layout
from facestats.store.correctable import Correctable
from facestats.store.corrections import corrected_dataset
from facestats.store.lacks import Part, lost_part
from facestats.store.manifest import Entry, may_be_id, read_entries, read_entry
from facestats.store.merged import MERGED_TABLES
from facestats.store.read import ATTEMPTS, attempt, find_video, in_order, with_present_places
from facestats.store.removable import Removable
from facestats.store.tablefiles import Where, known_columns, row_filter
from facestats.store.write import bring_up_to_date, change_entry, replace_thumbnails, write_video
from facestats.tables import schema
from facestats.tables.arrow import from_arrow
from facestats.tables.verdicts import threshold_of
from facestats.tables.video_tables import VideoTables

if TYPE_CHECKING:
    from facestats.analysis.pipeline import AnalyzedVideo

_Found = TypeVar("_Found")


class Store(Correctable, Removable):
    """An open store; see :func:`open_store`. Its tables hold what was corrected by hand, see :meth:`correct`.

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

    def entries(self, *, current: bool = True) -> dict[str, Entry]:
        """Return the manifest: every video's entry by ``video_id``, in alphabetical order.

        Parameters
        ----------
        current : bool
            Leave out what does not count, see :attr:`facestats.store.manifest.Entry.counts`. All tables follow the same
            rule. A store that is restricted to one video has that in any case.

        Raises
        ------
        StoreError
            If an entry cannot be read.
        """
        if self.video_id is None:
            return {each.video_id: each for each in read_entries(self.path) if each.counts or not current}
        entry = read_entry(self.path, self.video_id)
        return {} if entry is None else {entry.video_id: entry}

    def videos(
        self, *, columns: Sequence[str] | None = None, where: Where | None = None, current: bool = True
    ) -> pd.DataFrame:
        """Return one row per video; ``path`` and ``missing_since`` say where it is now; see :meth:`read`."""
        return self.read("videos", columns=columns, where=where, current=current)

    def frames(
        self, *, columns: Sequence[str] | None = None, where: Where | None = None, current: bool = True
    ) -> pd.DataFrame:
        """Return one row per sampled frame; see :meth:`read`."""
        return self.read("frames", columns=columns, where=where, current=current)

    def observations(
        self, *, columns: Sequence[str] | None = None, where: Where | None = None, current: bool = True
    ) -> pd.DataFrame:
        """Return one row per face in a sampled frame; see :meth:`read`."""
        return self.read("observations", columns=columns, where=where, current=current)

    def tracks(
        self, *, columns: Sequence[str] | None = None, where: Where | None = None, current: bool = True
    ) -> pd.DataFrame:
        """Return one row per tracked face; see :meth:`read`."""
        return self.read("tracks", columns=columns, where=where, current=current)

    def people(
        self, *, columns: Sequence[str] | None = None, where: Where | None = None, current: bool = True
    ) -> pd.DataFrame:
        """Return one row per person of a video, see :meth:`read`; none where ``n_people`` of a video is missing."""
        return self.read("people", columns=columns, where=where, current=current)

    def doubtful(self) -> pd.DataFrame:
        """Return one row for each thing that may be no face and counts nowhere, with its picture; see :meth:`read`."""
        return self.read("doubtful")

    def thumbnails(self) -> pd.DataFrame:
        """Return one to three rows per track, each with a WebP picture."""
        return self.read("thumbnails")

    def read(
        self, table: str, *, columns: Sequence[str] | None = None, where: Where | None = None, current: bool = True
    ) -> pd.DataFrame:
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
        current : bool
            Leave out videos that do not count, see :meth:`entries`.

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
            entries = self.entries(current=False)
            found = self._attempt(
                lambda: with_present_places(in_order(self.dataset(table, current).to_table()), entries)
            )
            return from_arrow(table, (found if chosen is None else found.filter(chosen)).select(wanted), wanted)
        if table not in MERGED_TABLES:
            return from_arrow(
                table,
                self._attempt(lambda: self.dataset(table, current).to_table(columns=wanted, filter=chosen)),
                wanted,
            )
        named = list(dict.fromkeys([*wanted, "video_id"]))
        found = self._attempt(lambda: in_order(self.dataset(table, current).to_table(columns=named, filter=chosen)))
        return from_arrow(table, found.select(wanted), wanted)

    def batches(
        self, table: str, *, columns: Sequence[str] | None = None, where: Where | None = None, current: bool = True
    ) -> Iterator[pd.DataFrame]:
        """Yield what :meth:`read` returns piece by piece, so that a table of any length takes little memory."""
        wanted = known_columns(table, columns)
        if table in MERGED_TABLES:  # short, and may be merged meanwhile
            yield self.read(table, columns=columns, where=where, current=current)
            return
        how = {"columns": wanted, "filter": row_filter(table, where), "batch_readahead": 1, "fragment_readahead": 1}
        pieces = iter(self._attempt(lambda: self.dataset(table, current).scanner(**how).to_batches()))
        while (piece := self._attempt(lambda: next(pieces, None), attempts=1)) is not None:
            if piece.num_rows:
                yield from_arrow(table, pa.Table.from_batches([piece]), wanted)

    def sql(self, query: str) -> pd.DataFrame:
        """Answer one SELECT over the tables of :mod:`facestats.tables.schema` and ``corrections``, by DuckDB.

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

        if not isinstance(query, str):
            raise UsageError(f"a query is a text, not {query!r}")
        whole: dict[str, Callable[[], pd.DataFrame]] = {"videos": self.videos, "corrections": self.corrections}
        named = [name for name in (*schema.TABLES, "corrections") if name in query.lower()]  # others need not be found
        return self._attempt(
            lambda: answer(query, {name: whole[name]() if name in whole else self.dataset(name) for name in named})
        )

    def dataset(self, table: str, current: bool = True) -> ds.Dataset:
        """Return a table as a pyarrow dataset, whose files are read when they are asked for; see :meth:`read`.

        Raises
        ------
        UnknownNameError
            If there is no such table.
        """
        return corrected_dataset(self.path, self.entries(current=current).values(), table)

    def _attempt(self, read: Callable[[], _Found], attempts: int = ATTEMPTS) -> _Found:
        return attempt(read, self.path, lambda: self.entries(current=False).values(), attempts)

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
        video = path_given(video, "a video", also=", a file name or an id")
        if may_be_id(video) and read_entry(self.path, video) is not None:  # as in each of a thousand reports
            return Store(self.path, video)
        return Store(self.path, find_video(self.path, self.entries(current=False), video))

    def result(self, video_id: str) -> VideoTables:
        """Return all tables of one video.

        Raises
        ------
        StoreError
            If a file that the manifest names is absent or damaged.
        """
        one, entry, clip = Store(self.path, video_id), read_entry(self.path, video_id), self.clip_path(video_id)
        return VideoTables(
            **{table: one.read(table) for table in schema.TABLES},
            clip=clip if isinstance(clip, Path) else None,
            blurred=entry is not None and bool(entry.options.get("blur")),
            thresholds={} if entry is None else entry.thresholds,
        )

    def thresholds(self, attribute: str) -> dict[str, float]:
        """Return the probability below which it is "unknown", by ``video_id``; see :mod:`facestats.tables.verdicts`."""
        return {video_id: threshold_of(entry.thresholds, attribute) for video_id, entry in self.entries().items()}

    def lacks(self, entry: Entry) -> Part | None:
        """Return which part of a video is not there, see :func:`facestats.store.lacks.lost_part`."""
        return lost_part(self.path, entry)

    def clip_path(self, video_id: str) -> Path | None:
        """Return the path of a video's annotated clip or still, or None if there is none."""
        return layout.clip_path(self.path, video_id)

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
        """Add a video's tables, or replace them, all at once; see :func:`facestats.store.write.write_video`."""
        known = {"options": options or {}, "models": models or {}, "files": files or {}}
        return write_video(self.path, result, paths=paths, tries=tries, **known)

    def note(self, entry: Entry, **changes: Any) -> Entry:
        """Change an entry without touching the tables; see :func:`facestats.store.write.change_entry`."""
        return change_entry(self.path, entry, **changes)

    def replace_thumbnails(self, entry: Entry, thumbnails: pd.DataFrame, **changes: Any) -> Entry:
        """Replace the thumbnails of a video, see :func:`facestats.store.write.replace_thumbnails`."""
        return replace_thumbnails(self.path, entry, thumbnails, **changes)


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
        Its ``videos()``, ``frames()``, ``observations()``, ``tracks()``, ``people()``, ``doubtful()`` and
        ``thumbnails()`` are plain DataFrames.

    Raises
    ------
    StoreError
        If the path is not a store, or one of another schema version.
    ModelError
        If it has an attribute of the user's own that this process knows with other classes.
    UnknownNameError
        If the video is not in it.

    Examples
    --------
    >>> open_store("facestats-out").tracks()  # doctest: +SKIP
    """
    if isinstance(path, Store):
        return path if video is None else path.video(video)
    path = location(path_given(path, "a store", also=" or what open_store returned"))
    marker = path / layout.MARKER
    if not marker.is_file():
        problem = "does not exist" if not path.exists() else "is not a store"
        raise StoreError(f"{path} {problem}: give the folder that `facestats analyze --out` wrote")
    try:
        told = json.loads(marker.read_text(encoding="utf-8"))
        found, own = told["schema_version"], dict(told.get("attributes", {}))
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise StoreError(f"{marker} cannot be read ({error}): this is not a store") from None
    if found not in schema.READABLE_VERSIONS:
        raise StoreError(
            f"{path} has schema version {found}, this facestats reads {schema.SCHEMA_VERSION}: analyse into a new "
            "store with `facestats analyze INPUT... --out NEW`, or read it with the facestats that wrote it"
        )
    for attribute, classes in own.items():
        declare(attribute, classes)
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
    path = location(path_given(path, named("out")))
    try:
        is_new = not (path / layout.MARKER).is_file()
        # Hidden is a file written aside, or a lock.
        if is_new and path.is_dir() and any(not each.name.startswith(".") for each in path.iterdir()):
            raise OutputError(f"{path} holds other files and is not a store: name a new folder")
        if not is_remote(str(path)):
            check_writable(path)
        if is_new:
            write_whole(path / layout.MARKER, (json.dumps({"schema_version": schema.SCHEMA_VERSION}) + "\n").encode())
    except OSError as error:
        raise OutputError(f"cannot write to {path}: {error.strerror or error}; name another folder") from None
    store = open_store(path)
    bring_up_to_date(store.path)
    return store
