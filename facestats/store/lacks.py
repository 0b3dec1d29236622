"""Which part of a video a store has lost, as far as files tell: absent or half written ones, clips drawn before."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from pathlib import Path

from facestats.errors import StoreError
from facestats.store.drawn import corrections_mark, noted_drawn
from facestats.store.layout import CORRECTIONS, clip_path
from facestats.store.manifest import Entry
from facestats.store.merged import MERGED_TABLES, Merged, file_of, read_merged
from facestats.tables import schema

_MAGIC = b"PAR1"  # begins and ends a Parquet file
_LEAST = 12  # bytes of one


class Part(Enum):
    """What a store keeps of a video, apart from its entry."""

    TABLES = "tables"
    CORRECTIONS = "corrections"  # there are some, and they cannot be read
    CLIP = "clip"
    CORRECTED_CLIP = "corrected clip"  # there is one, and it was drawn before faces were corrected by hand


_LOST_CLIP: Mapping[Part | None, str] = {
    Part.CLIP: "its clip is missing",
    Part.CORRECTED_CLIP: "its clip was drawn before faces were corrected",
}


def lost_part(store: Path, entry: Entry) -> Part | None:
    """Return which part of a video is absent, damaged or drawn before, the tables first; None if all is there.

    Examples
    --------
    >>> lost_part(Path("nowhere"), Entry("a", "7f", None, (), "ok"))
    <Part.TABLES: 'tables'>
    """
    merged = read_merged(store)
    while not _has_tables(store, merged, entry):
        before, merged = merged, read_merged(store)
        if merged == before:  # or they were merged a moment ago
            return Part.TABLES
    try:
        mark = corrections_mark(store, entry.video_id)
    except StoreError:  # of one video, which must not stop what is done with the others
        return Part.CORRECTIONS
    if clip_path(store, entry.video_id) is None:
        return Part.CLIP
    return Part.CORRECTED_CLIP if noted_drawn(store, entry.video_id) != mark else None


def is_gone(entry: Entry) -> bool:
    """Say whether no run can draw a video's clip anew: it was found to be gone, or was live.

    Examples
    --------
    >>> is_gone(Entry("a", "7f", "0123", ("a.mp4",), "ok"))
    False
    """
    return entry.missing_since is not None or entry.sha256 is None


def _has_tables(store: Path, merged: Merged, entry: Entry) -> bool:
    are_shared = merged.has(entry)
    return all(
        (_is_shared_whole if are_shared and table in MERGED_TABLES else _is_whole)(file_of(store, merged, entry, table))
        for table in schema.stored_tables(entry.schema_version)
    )


def lost_words(entry: Entry, part: Part | None, options: Mapping[str, object]) -> str:
    """Return in words what a video has lost that these options ask for; empty if nothing.

    Examples
    --------
    >>> lost_words(Entry("a", "7f", None, (), "ok"), Part.CLIP, {"clips": False})
    ''
    """
    if part is Part.TABLES:
        return "its tables are missing or half written"
    if part is Part.CORRECTIONS and entry.status != "failed":
        file = f"{CORRECTIONS}/{entry.video_id}.json"
        return f"its corrections by hand cannot be read: mend {file} in the store, or delete it and correct again"
    wants_clip = bool(options.get("clips", True)) and entry.status != "failed"
    return _LOST_CLIP.get(part, "") if wants_clip else ""


def _is_shared_whole(path: Path) -> bool:
    """Say the same of a file that thousands of videos share, which is looked into only once."""
    try:
        known = path.stat()
    except OSError:
        return False
    return _is_whole(path) if not isinstance(path, Path) else _was_whole(path, known.st_mtime_ns, known.st_size)


@lru_cache(maxsize=8)
def _was_whole(path: Path, *_: int) -> bool:
    return _is_whole(path)


def _is_whole(path: Path) -> bool:
    """Say whether a Parquet file is there from its begin to its end; elsewhere only whether it is there."""
    if not isinstance(path, Path):
        return path.is_file()
    try:
        with path.open("rb") as file:
            begins = file.read(len(_MAGIC)) == _MAGIC
            file.seek(-_LEAST, 2)
            return begins and file.read()[-len(_MAGIC) :] == _MAGIC
    except OSError:  # absent, or shorter than that
        return False
