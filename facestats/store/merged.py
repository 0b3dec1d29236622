"""Short tables of many videos in one file each: ten thousand small files take long to open.

::

    STORE/merged.json                    which folder below counts, and whose rows are in it: by video, of which run
    STORE/merged/<folder>/*.parquet      one file for each table that is merged

What the note does not name, or of another run than the video's entry, does not exist for readers: the video's own files
count then. :mod:`facestats.store.compact` writes all this.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from facestats.errors import StoreError
from facestats.store.layout import table_path
from facestats.store.manifest import Entry
from facestats.tables.versions import SCHEMA_VERSION

#: The tables that are merged: some rows a video, and no pictures.
MERGED_TABLES = ("videos", "tracks", "people")

#: The note, and the folder of the merged files.
NOTE, FOLDER = "merged.json", "merged"


@dataclass(frozen=True)
class Merged:
    """Whose short tables are merged.

    Attributes
    ----------
    folder : str
        Of the merged files, below ``merged``.
    runs : mapping of str to str
        By ``video_id``, the run whose rows are in them.
    schema_version : int
        Of their rows.
    """

    folder: str = ""
    runs: Mapping[str, str] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    def has(self, entry: Entry) -> bool:
        """Say whether the short tables of a video as it is now are in the merged files."""
        return self.runs.get(entry.video_id) == entry.run


def read_merged(store: Path) -> Merged:
    """Return whose short tables of a store are merged; nobody's if it was never compacted.

    Raises
    ------
    StoreError
        If the note cannot be read.

    Examples
    --------
    >>> read_merged(Path("nowhere")).runs
    {}
    """
    path = store / NOTE
    if not isinstance(path, Path):
        return _parsed(path.read_text(encoding="utf-8"), str(path)) if path.is_file() else Merged()
    try:
        known = path.stat()
        return _read(path, known.st_mtime_ns, known.st_size, known.st_ino)
    except FileNotFoundError:
        return Merged()


def merged_path(store: Path, merged: Merged, table: str) -> Path:
    """Return the file that a table was merged to.

    Examples
    --------
    >>> merged_path(Path("s"), Merged("7f"), "tracks").as_posix()
    's/merged/7f/tracks.parquet'
    """
    return store / f"{FOLDER}/{merged.folder}/{table}.parquet"


def file_of(store: Path, merged: Merged, entry: Entry, table: str) -> Path:
    """Return the file that has a table of a video: its own, or one that several share.

    Examples
    --------
    >>> file_of(Path("s"), Merged("7f", {"a": "1"}), Entry("a", "1", None, (), "ok"), "tracks").as_posix()
    's/merged/7f/tracks.parquet'
    """
    if table in MERGED_TABLES and merged.has(entry):
        return merged_path(store, merged, table)
    return table_path(store, entry, table)


@lru_cache(maxsize=4)  # whoever asks of each of ten thousand videos does not read it as often
def _read(path: Path, *_: int) -> Merged:
    return _parsed(path.read_text(encoding="utf-8"), str(path))


def _parsed(text: str, path: str) -> Merged:
    try:
        known = json.loads(text)
        return Merged(str(known["folder"]), dict(known["runs"]), int(known["schema_version"]))
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"{path} cannot be read ({error}): take it from a backup, or analyse into a new store"
        ) from None
