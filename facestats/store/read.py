"""Reading the tables of a store, while a run may be replacing them; a damaged file is named."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from facestats._util.spoken import path_given
from facestats.errors import StoreError, UnknownNameError, UsageError
from facestats.store.layout import table_path
from facestats.store.manifest import Entry, read_entry
from facestats.store.merged import MERGED_TABLES, Merged, file_of, merged_path, read_merged
from facestats.store.tablefiles import problem_of
from facestats.tables import schema
from facestats.tables.arrow import arrow_schema, to_arrow
from facestats.tables.schema import stored_tables
from facestats.tables.versions import former_names
from facestats.video.names import composed

#: How often what a run is replacing is read again.
ATTEMPTS = 5

_Found = TypeVar("_Found")


def dataset(store: Path, entries: Iterable[Entry], table: str) -> ds.Dataset:
    """Return a table of these videos as a pyarrow dataset, whose files are read when they are asked for.

    Tables go by their names, see :func:`facestats.tables.schema.columns`.

    Examples
    --------
    >>> dataset(Path("s"), [], "tracks").count_rows()
    0
    """
    schema.columns(table)  # refuses unknown names
    # What was written before the table was thought of has no file of it.
    having = [entry for entry in entries if table in stored_tables(entry.schema_version)]
    if not having:
        return ds.dataset(to_arrow(table, schema.conform(table)))
    merged = read_merged(store) if table in MERGED_TABLES else Merged()
    inside = {entry.video_id for entry in having if merged.has(entry)}
    parts = [_of_merged(store, merged, table, inside)] if inside else []
    parts += [
        _stored(store, table, [table_path(store, entry, table) for entry in group], former_names(table, version))
        for version, group in itertools.groupby(
            (entry for entry in having if entry.video_id not in inside), lambda entry: entry.schema_version
        )
    ]
    return ds.dataset(parts) if len(parts) > 1 else parts[0]


def _of_merged(store: Path, merged: Merged, table: str, video_ids: Set[str]) -> ds.Dataset:
    """Return the rows of these videos in a merged file."""
    found = _stored(store, table, [merged_path(store, merged, table)], former_names(table, merged.schema_version))
    if video_ids == merged.runs.keys():
        return found
    # Arrow forgets the filter of a dataset that is one of several, and the table is short.
    return ds.dataset(found.to_table(filter=ds.field("video_id").isin(sorted(video_ids))))


def in_order(rows: pa.Table) -> pa.Table:
    """Return rows by video, those of each in the order in which they were.

    Examples
    --------
    >>> in_order(pa.table({"video_id": ["b", "a", "b"], "n": [1, 2, 3]}))["n"].to_pylist()
    [2, 1, 3]
    """
    return rows.take(pc.sort_indices(rows, sort_keys=[("video_id", "ascending")]))


def _stored(store: Path, table: str, files: Sequence[Path], former: Mapping[str, str]) -> ds.Dataset:
    """Return files of a table as a dataset; where columns had other names they are read now, as Arrow renames none."""
    fields = arrow_schema(table)
    then = pa.schema([field.with_name(former.get(field.name, field.name)) for field in fields])
    far: dict[str, Any] = {} if isinstance(store, Path) else {"filesystem": store.fs}
    places = [str(file) if isinstance(file, Path) else file.path for file in files]
    found = ds.dataset(places, schema=then, format="parquet", **far)
    return ds.dataset(found.to_table().rename_columns(fields.names)) if former else found


def attempt(
    read: Callable[[], _Found], store: Path, entries: Callable[[], Iterable[Entry]], attempts: int = ATTEMPTS
) -> _Found:
    """Read something of a store, again if a run replaced it meanwhile.

    Parameters
    ----------
    read : callable
    store : pathlib.Path
    entries : callable
        Gives the present entries of the videos that are read.
    attempts : int

    Raises
    ------
    UsageError
        If Arrow does not understand the rows that are asked for.
    StoreError
        If a file is absent or damaged.

    Examples
    --------
    >>> attempt(lambda: 3, Path("s"), lambda: [])
    3
    """
    while True:
        try:
            return read()
        except (pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
            raise UsageError(f"where is not understood: {str(error).splitlines()[0]}") from None
        except (OSError, pa.ArrowInvalid) as error:
            _check(store, entries())
            attempts -= 1
            if attempts <= 0:  # else all is there: a run has replaced what was being read
                raise StoreError(f"cannot read {store}: {error}") from None


def _check(store: Path, entries: Iterable[Entry]) -> None:
    """Raise if a file of these videos is absent or damaged."""
    merged = read_merged(store)
    for entry in entries:
        for table in stored_tables(entry.schema_version):
            path = file_of(store, merged, entry, table)
            # Or it was replaced a moment ago, and another entry names another file.
            if (problem := problem_of(path)) is not None and read_entry(store, entry.video_id) == entry:
                where = entry.paths[0] if entry.paths else entry.video_id
                raise StoreError(f"{path} {problem}: analyse {where} again, with --force")


def find_video(store: Path, entries: Mapping[str, Entry], video: str) -> str:
    """Return the id of the one video that a name fits.

    Parameters
    ----------
    store : pathlib.Path
    entries : mapping of str to Entry
        All of the store, by ``video_id``.
    video : str
        An id, the beginning of one, or the path or file name of the input.

    Raises
    ------
    UnknownNameError
        If no video fits, or several of those that count do.

    Examples
    --------
    >>> find_video(Path("s"), {"clip-1": Entry("clip-1", "7f", None, ("a/clip.mp4",), "ok")}, "clip.mp4")
    'clip-1'
    """
    video = path_given(video, "a video", also=", a file name or an id")
    if video in entries:
        return video
    found = [entry.video_id for entry in entries.values() if fits(entry, video)]
    if len(found) > 1:  # what was at a place before does not hide what is there now
        found = [video_id for video_id in found if entries[video_id].counts] or found
    if len(found) != 1:
        names = ", ".join(list(entries)[:10]) + (", ..." if len(entries) > 10 else "")
        if found:
            raise UnknownNameError(f"video {video!r} in {store} fits {', '.join(found)}: say which")
        holds = f"it has {names}" if names else "it holds no videos"
        raise UnknownNameError(f"video {video!r} is not in {store}: {holds}")
    return found[0]


def fits(entry: Entry, video: str) -> bool:
    """Say whether a video may be meant by a name: its id, the beginning of it, its path or its file name.

    Examples
    --------
    >>> fits(Entry("clip-1", "7f", None, ("a/clip.mp4",), "ok"), "clip.mp4")
    True
    """
    name = composed(video)  # disks and keyboards write the same accent in different ways
    # Nothing, such as a shell's variable that is not set, names no video.
    return bool(name) and (
        composed(entry.video_id).startswith(name)
        or any(name in (composed(path), composed(Path(path).name)) for path in entry.paths)
    )


def with_present_places(videos: pa.Table, entries: Mapping[str, Entry]) -> pa.Table:
    """Return the ``videos`` table with where the videos are now, which the manifest alone knows.

    Parameters
    ----------
    videos : pyarrow.Table
    entries : mapping of str to Entry
        By ``video_id``.

    Examples
    --------
    >>> with_present_places(to_arrow("videos", schema.conform("videos")), {}).num_rows
    0
    """
    frame = videos.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    known = [entries.get(video_id) for video_id in frame["video_id"]]
    frame["path"] = [
        entry.paths[0] if entry is not None and entry.paths else path
        for entry, path in zip(known, frame["path"], strict=True)
    ]
    for column in ("missing_since", "replaced_since"):
        since = [None if entry is None else getattr(entry, column) for entry in known]
        frame[column] = pd.to_datetime(pd.Series(since, frame.index, dtype="str"), utc=True)
    return pa.Table.from_pandas(frame, schema=videos.schema, preserve_index=False)
