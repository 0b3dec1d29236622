"""Where things lie in a store."""

from __future__ import annotations

from pathlib import Path

from facestats.store.manifest import Entry
from facestats.video.names import CLIP_SUFFIXES

#: The file that notes what the last run was to do.
RUN = "run.json"

#: The file that says how far a run under way is.
UNDER_WAY = "under-way.json"

#: The file of the hashes of what was forgotten.
KEPT_OUT = "kept-out.json"

#: The file that notes in which folders reports of the store lie.
PUBLISHED = "reports.json"

#: The file that says what the folder is.
MARKER = "store.json"

#: The options that the store was made with, which later runs use too.
OPTIONS = "options.json"

#: Folder of what was corrected by hand: a file for each video that has corrections.
CORRECTIONS = "corrections"

#: Folder of what was found in chunks of long videos; nothing of it belongs to the results.
CHUNKS = "chunks"


def run_folder(store: Path, entry: Entry) -> Path:
    """Return the folder of an entry's tables.

    Examples
    --------
    >>> run_folder(Path("s"), Entry("a", "7f", None, (), "ok")).as_posix()
    's/tables/a/7f'
    """
    return store / f"tables/{entry.video_id}/{entry.run}"


def table_path(store: Path, entry: Entry, table: str) -> Path:
    """Return the file of one of an entry's tables.

    Examples
    --------
    >>> table_path(Path("s"), Entry("a", "7f", None, (), "ok"), "tracks").as_posix()
    's/tables/a/7f/tracks.parquet'
    """
    return store / f"tables/{entry.video_id}/{entry.run}/{table}.parquet"  # at once: a status asks for thousands


def clip_path(store: Path, video_id: str) -> Path | None:
    """Return where a video's annotated clip or still is; None if there is none, or an empty file.

    Examples
    --------
    >>> clip_path(Path("nowhere"), "a") is None
    True
    """
    candidates = (store / f"clips/{video_id}{suffix}" for suffix in CLIP_SUFFIXES)
    return next((path for path in candidates if path.is_file() and path.stat().st_size), None)
