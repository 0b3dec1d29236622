"""The manifest of a store: one small file for each video, whose replacement makes new tables visible."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from facestats._util.locations import write_whole
from facestats.errors import StoreError

_FOLDER = "entries"

_LONGEST_ID = 240  # in bytes; a file's name has 255 at most


@dataclass(frozen=True)
class Entry:
    """A video's manifest entry.

    Attributes
    ----------
    video_id : str
    run : str
        Name of the folder below ``tables/<video_id>`` that holds the current tables.
    sha256 : str or None
        Hash of the video; None for cameras and streams, and for what could not be read.
    paths : tuple of str
        Where the video was found; identical copies are one video.
    status : str
        ``"ok"``, ``"partial"`` or ``"failed"``.
    options, models : mapping
        Options of the analysis; by attribute, and for the ``detector``, the name and sha256 of its model.
    thresholds : mapping of str to float
        By attribute, the probability below which these models say "unknown". An entry from before these were stored has
        none: :data:`facestats.tables.verdicts.FALLBACK_THRESHOLD` counts then, until the video is analysed again.
    written_at : str
        UTC, ISO 8601.
    facestats : str
        Version of the program.
    error : str or None
        Why the status is not ``"ok"``.
    tries : int
        How often it was tried, if it failed.
    files : mapping of str to str
        By path, what told the file apart when it was hashed: its size and time. As long as these are the same, it is
        not read again only to be hashed.
    missing_since : str or None
        UTC, ISO 8601: when the video was found to be gone from all its paths; None while it is there.
    replaced_since : str or None
        UTC, ISO 8601: when other content was found at its place, so that it counts no more; None while it counts.
    acknowledged : str or None
        UTC, ISO 8601: when somebody said that its failure is known, so that runs do not speak of it again.
    schema_version : int
        Of its tables, see :func:`facestats.tables.schema.stored_tables`; 4 where the entry does not tell.
    """

    video_id: str
    run: str
    sha256: str | None
    paths: tuple[str, ...]
    status: str
    options: Mapping[str, Any] = field(default_factory=dict)
    models: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    written_at: str = ""
    facestats: str = ""
    error: str | None = None
    tries: int = 0
    files: Mapping[str, str] = field(default_factory=dict)
    missing_since: str | None = None
    replaced_since: str | None = None
    acknowledged: str | None = None
    schema_version: int = 4

    @property
    def counts(self) -> bool:
        """Whether the video is in the tables, counts and reports: unless other content has taken its place.

        This is the one rule of what counts. A video whose file has gone counts on: many are analysed to be deleted.
        """
        return self.replaced_since is None

    @property
    def shown(self) -> str:
        """What people call it: where it is, or its id."""
        return self.paths[0] if self.paths else self.video_id


def may_be_id(name: str) -> bool:
    """Say whether a name has the form of a video's id, so that it can be looked up.

    Examples
    --------
    >>> may_be_id("clip-1234abcd"), may_be_id("videos/clip.mp4")
    (True, False)
    """
    return re.fullmatch(r"[\w.-]+", name) is not None and len(name.encode("utf-8", "surrogateescape")) <= _LONGEST_ID


def entry_path(store: Path, video_id: str) -> Path:
    """Return where a video's entry lies.

    Examples
    --------
    >>> entry_path(Path("s"), "a").as_posix()
    's/entries/a.json'
    """
    return store / _FOLDER / f"{video_id}.json"


def read_entries(store: Path) -> Iterator[Entry]:
    """Yield all entries of a store, in alphabetical order of their ids.

    Raises
    ------
    StoreError
        If one cannot be read.
    """
    folder = store / _FOLDER
    paths = [path for path in folder.glob("*.json") if not path.name.startswith(".")] if folder.is_dir() else []
    for path in sorted(paths, key=lambda path: path.name.removesuffix(".json")):
        entry = _read(path)
        if entry is not None:
            yield entry


def read_entry(store: Path, video_id: str) -> Entry | None:
    """Return one video's entry; None if there is none.

    Raises
    ------
    StoreError
        If it cannot be read.
    """
    return _read(entry_path(store, video_id))


def _read(path: Path) -> Entry | None:
    try:
        raw = json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
        return Entry(**{**raw, "paths": tuple(raw["paths"])})
    except FileNotFoundError:  # another process took it away meanwhile
        return None
    except (json.JSONDecodeError, UnicodeDecodeError, TypeError, KeyError) as error:
        raise StoreError(f"{path} is not a manifest entry ({error}): delete it and analyse again") from None


def write_entry(store: Path, entry: Entry) -> None:
    """Write a video's entry, or replace it, all at once.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    text = json.dumps(asdict(entry), indent=2, ensure_ascii=False) + "\n"
    write_whole(entry_path(store, entry.video_id), text.encode("utf-8", "surrogateescape"))


def now() -> str:
    """Return the moment, UTC, as ISO 8601 with seconds.

    Examples
    --------
    >>> now()[-6:]
    '+00:00'
    """
    return datetime.now(UTC).isoformat(timespec="seconds")
