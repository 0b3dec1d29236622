"""Writing to a store: tables are written aside, and replacing the entry makes all of a video's visible at once."""

from __future__ import annotations

import contextlib
import json
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pandas as pd
import pyarrow.parquet as pq

from facestats._util.locations import remove, write_whole
from facestats.errors import OutputError
from facestats.models.attributes import ATTRIBUTE_CLASSES, own_attributes
from facestats.store.layout import MARKER, run_folder, table_path
from facestats.store.manifest import Entry, now, read_entry, write_entry
from facestats.store.merged import MERGED_TABLES, read_merged
from facestats.store.read import dataset
from facestats.store.tablefiles import write_batches
from facestats.tables import schema
from facestats.tables.arrow import from_arrow, to_arrow
from facestats.tables.versions import former_names
from facestats.tables.video_tables import VideoTables

if TYPE_CHECKING:
    from facestats.analysis.pipeline import AnalyzedVideo


def write_video(
    store: Path,
    tables: VideoTables | AnalyzedVideo,
    *,
    options: Mapping[str, Any],
    models: Mapping[str, Mapping[str, str]],
    **known: Any,
) -> Entry:
    """Add a video, or replace it, and return its entry.

    Parameters
    ----------
    store : pathlib.Path
    tables : VideoTables or AnalyzedVideo
    options, models, **known
        Other fields of the :class:`facestats.store.manifest.Entry`: ``paths``, ``files``, ``tries``.

    Raises
    ------
    SchemaError
        If a table does not follow the schema; nothing is changed then.
    OutputError
        If the store cannot be written; what it held before stays.

    Examples
    --------
    >>> write_video(store.path, tables, paths=("clip.mp4",), options={}, models={})  # doctest: +SKIP
    """
    row = tables.videos.iloc[0]
    entry = Entry(
        video_id=str(row["video_id"]),
        run=uuid.uuid4().hex[:12],
        sha256=None if pd.isna(row["sha256"]) else str(row["sha256"]),
        status=str(row["status"]),
        error=None if pd.isna(row["error"]) else str(row["error"]),
        options=dict(options),
        models={name: dict(model) for name, model in models.items()},
        thresholds=dict(tables.thresholds),
        written_at=now(),
        facestats=version("facestats"),
        schema_version=schema.SCHEMA_VERSION,
        **known,
    )
    before = read_entry(store, entry.video_id)
    _remember_attributes(store, models)
    short = {
        table: schema.validate(table, getattr(tables, table))
        for table in ("videos", "tracks", "people", "doubtful", "thumbnails")
    }
    with _new_run(store, entry) as folder:
        for table, frame in short.items():
            with table_path(store, entry, table).open("wb") as file:
                _write_parquet(table, frame, file)
        write_batches(folder, tables.batches)
    if before is not None:  # and nothing else: another process may be writing its own run
        remove(run_folder(store, before))
    return entry


def write_note(store: Path, name: str, content: Mapping[str, Any]) -> None:
    """Write a small JSON file of a store, or replace it, all at once.

    Raises
    ------
    OutputError
        If the store cannot be written.

    Examples
    --------
    >>> write_note(store.path, "options.json", {"options": {}})  # doctest: +SKIP
    """
    try:
        text = json.dumps(content, ensure_ascii=False) + "\n"
        write_whole(store / name, text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise unwritable(store, error) from None


def bring_up_to_date(store: Path) -> None:
    """Say in a store of an older schema version that it now holds rows of the present one too.

    Raises
    ------
    OutputError
        If the store cannot be written.

    Examples
    --------
    >>> bring_up_to_date(store.path)  # doctest: +SKIP
    """
    known = json.loads((store / MARKER).read_text(encoding="utf-8"))
    if known["schema_version"] < schema.SCHEMA_VERSION:
        write_note(store, MARKER, {**known, "schema_version": schema.SCHEMA_VERSION})


def change_entry(store: Path, entry: Entry, **changes: Any) -> Entry:
    """Change an entry without touching the tables, and return it.

    Raises
    ------
    OutputError
        If the store cannot be written.

    Examples
    --------
    >>> change_entry(store.path, entry, paths=("a.mp4", "b.mp4"))  # doctest: +SKIP
    """
    changed = replace(entry, **changes)
    if changed != entry:
        try:
            write_entry(store, changed)
        except OSError as error:
            raise unwritable(store, error) from None
    return changed


def _remember_attributes(store: Path, models: Mapping[str, Mapping[str, str]]) -> None:
    """Write down the classes of attributes of the user's own, so that whoever reads the store knows them."""
    own = {name: list(ATTRIBUTE_CLASSES[name]) for name in models if name in own_attributes()}
    marker = store / MARKER
    try:
        known = json.loads(marker.read_text(encoding="utf-8")) if own else {}
        if own and not own.items() <= known.get("attributes", {}).items():
            known["attributes"] = {**known.get("attributes", {}), **own}
            write_note(store, MARKER, known)
    except OSError as error:
        raise unwritable(store, error) from None


def replace_thumbnails(store: Path, entry: Entry, thumbnails: pd.DataFrame, **changes: Any) -> Entry:
    """Replace the thumbnails of a video, and change its entry, all at once; the other tables stay as they are.

    With no thumbnails at all, the pictures of what may be no face are deleted too.

    Raises
    ------
    SchemaError, OutputError
        See :func:`write_video`.

    Examples
    --------
    >>> replace_thumbnails(store.path, entry, thumbnails)  # doctest: +SKIP
    """
    schema.validate("thumbnails", thumbnails)
    changed, is_merged = replace(entry, run=uuid.uuid4().hex[:12], **changes), read_merged(store).has(entry)
    with _new_run(store, changed):
        for table in schema.stored_tables(entry.schema_version):
            with table_path(store, changed, table).open("wb") as target:
                if table == "thumbnails":
                    _write_parquet(table, thumbnails, target)
                elif table == "doubtful" and thumbnails.empty:
                    _write_parquet(table, _without_pictures(table_path(store, entry, table)), target)
                elif is_merged and table in MERGED_TABLES:
                    former = former_names(table, entry.schema_version)
                    rows = dataset(store, [entry], table).to_table()
                    pq.write_table(rows.rename_columns([former.get(name, name) for name in rows.column_names]), target)
                else:
                    with table_path(store, entry, table).open("rb") as source:
                        shutil.copyfileobj(source, target, 1 << 20)
    remove(run_folder(store, entry))
    return changed


def _without_pictures(doubtful: Path) -> pd.DataFrame:
    with doubtful.open("rb") as file:
        return from_arrow("doubtful", pq.read_table(file)).assign(image=None)


@contextlib.contextmanager
def _new_run(store: Path, entry: Entry) -> Iterator[Path]:
    """Give a folder for the tables of an entry, which becomes the current one when the block ends well."""
    folder = run_folder(store, entry)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        write_entry(store, entry)
    except BaseException as error:
        written = read_entry(store, entry.video_id)
        if written is None or written.run != entry.run:  # Ctrl-C may come when it is all done
            remove(folder)
        if isinstance(error, OSError):
            raise unwritable(store, error) from None
        raise


def _write_parquet(table: str, frame: pd.DataFrame, file: BinaryIO) -> None:
    # What pandas notes of itself is longer than a few rows, and not needed.
    pq.write_table(to_arrow(table, schema.conform(table, frame)).replace_schema_metadata(None), file)


def unwritable(store: Path, error: OSError) -> OutputError:
    """Return what to raise where a store cannot be written.

    Examples
    --------
    >>> print(unwritable(Path("s"), OSError(28, "No space left on device")))
    cannot write to s: No space left on device
    """
    return OutputError(f"cannot write to {store}: {error.strerror or error}")
