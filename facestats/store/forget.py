"""Taking things out of a store: a clip, a video, and what runs that were cut off left behind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from facestats._util.locations import remove
from facestats.errors import OutputError
from facestats.store.layout import CHUNKS, clip_path
from facestats.store.manifest import Entry, entry_path
from facestats.store.write import unwritable


def forget_clip(store: Path, video_id: str) -> None:
    """Remove a video's annotated clip or still, if there is one.

    Raises
    ------
    OutputError
        If it cannot be removed.

    Examples
    --------
    >>> forget_clip(Path("nowhere"), "a")
    """
    path = clip_path(store, video_id)
    if path is not None:
        try:
            path.unlink()
        except OSError as error:
            raise OutputError(f"cannot remove {path}: {error.strerror or error}") from None


def forget_video(store: Path, video_id: str) -> None:
    """Remove a video with all its tables and its clip.

    Raises
    ------
    OutputError
        If its entry or its clip cannot be removed from the store.

    Examples
    --------
    >>> forget_video(Path("nowhere"), "a")
    """
    try:
        entry_path(store, video_id).unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(store, error) from None
    forget_clip(store, video_id)
    remove(store / "tables" / video_id)


def sweep(store: Path, entries: Mapping[str, Entry]) -> None:
    """Remove what runs that were cut off left behind: tables that no entry names, files half written aside.

    Only for the one writer of the store. A store that lies elsewhere cannot be locked: there only what is older than a
    day goes.

    Parameters
    ----------
    store : pathlib.Path
    entries : mapping of str to Entry
        All of the store, by ``video_id``.

    Examples
    --------
    >>> sweep(Path("nowhere"), {})
    """
    for folder in _inside(store / "tables"):
        current = entries.get(folder.name)
        for run in folder.iterdir():
            if (current is None or run.name != current.run) and _is_left(run):
                remove(run)
        if current is None and not any(folder.iterdir()):
            remove(folder)
    if not isinstance(store, Path):
        for folder in _inside(store / CHUNKS):
            if _is_left(folder):
                remove(folder)
        return
    for folder in (store / "entries", store / "clips"):
        for path in folder.glob(".*") if folder.is_dir() else ():
            path.unlink(missing_ok=True)


def _inside(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _is_left(folder: Path) -> bool:
    """Say whether nobody can still be writing to a folder."""
    if isinstance(folder, Path):
        return True
    before = datetime.now(UTC) - timedelta(days=1)
    try:
        return all(folder.fs.modified(path) < before for path in folder.fs.find(folder.path))
    except (NotImplementedError, OSError):
        return False
