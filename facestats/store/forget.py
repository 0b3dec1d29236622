"""Taking things out of a store: a clip, videos with all that is known of them, what runs that were cut off left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from facestats._util.locations import remove
from facestats.errors import OutputError, UsageError
from facestats.store.compact import purge
from facestats.store.corrections import drop_corrections, has_corrections
from facestats.store.drawn import DRAWN_SUFFIX
from facestats.store.keptout import keep_out
from facestats.store.layout import CHUNKS, CORRECTIONS, clip_path
from facestats.store.locking import is_left, locked
from facestats.store.manifest import Entry, entry_path, read_entries
from facestats.store.published import unpublish
from facestats.store.read import find_video
from facestats.store.runs import strike_out
from facestats.store.write import unwritable
from facestats.video.names import CLIP_SUFFIXES, SUBTITLE_SUFFIXES

_OF_CLIP = (*CLIP_SUFFIXES, *SUBTITLE_SUFFIXES, DRAWN_SUFFIX)


@dataclass(frozen=True)
class Forgotten:
    """A video that was taken out of a store.

    Attributes
    ----------
    video_id : str
    paths : tuple of str
        Where it was found. The files themselves are never touched.
    went : tuple of str
        What was removed, in words: ``"tables"``, ``"clip"``, and what lay in folders of reports.
    """

    video_id: str
    paths: tuple[str, ...]
    went: tuple[str, ...]


def forget(store: Path, videos: Sequence[str], *, kept_out: bool = True) -> tuple[Forgotten, ...]:
    """Remove videos with all that is known of them: tables, thumbnails, clips, pages, notebooks and cuts of reports.

    Pages over many videos that spoke of them go too, and the next report makes them anew.

    Parameters
    ----------
    store : pathlib.Path
    videos : sequence of str
        Ids, the beginnings of some, paths or file names. What had been at the same place before goes too.
    kept_out : bool
        Note the hash of their content, and nothing else, so that no later run analyses them again.

    Raises
    ------
    UsageError
        If none is named.
    UnknownNameError
        If one is not in the store, or several fit a name; nothing is removed then.
    BusyError
        If a run is writing to the store.
    OutputError
        If something cannot be removed.

    Examples
    --------
    >>> forget(store.path, ["clip.mp4"])  # doctest: +SKIP
    """
    if not videos:
        raise UsageError("name the videos to forget: ids, paths or file names")
    with locked(store):
        entries = {entry.video_id: entry for entry in read_entries(store)}
        named = {name: find_video(store, entries, name) for name in videos}
        chosen = dict.fromkeys(named.values())
        chosen |= {
            each.video_id: None
            for name, video_id in named.items()
            for each in entries.values()
            if not each.counts and name != video_id and set(each.paths) & set(entries[video_id].paths)
        }
        if kept_out:  # before anything goes: a run that follows one that was cut off must not bring it back
            keep_out(store, [entries[video_id].sha256 for video_id in chosen])
        return remove_videos(store, [entries[video_id] for video_id in chosen])


def prune(
    store: Path, *, gone: bool = False, replaced: bool = False, failed: bool = False, dry_run: bool = False
) -> tuple[Forgotten, ...]:
    """Remove the videos that have gone, that other content has replaced, or that failed.

    A later run analyses those again that it finds.

    Parameters
    ----------
    store : pathlib.Path
    gone, replaced, failed : bool
        Which; a video that is any of these.
    dry_run : bool
        Remove nothing, and return what would be.

    Raises
    ------
    UsageError
        If none is chosen.
    BusyError, OutputError
        As :func:`forget`.

    Examples
    --------
    >>> prune(store.path, gone=True, dry_run=True)  # doctest: +SKIP
    """
    rules: list[tuple[bool, Callable[[Entry], bool]]] = [
        (gone, lambda entry: entry.missing_since is not None),
        (replaced, lambda entry: not entry.counts),
        (failed, lambda entry: entry.status == "failed"),
    ]
    holds = [rule for is_chosen, rule in rules if is_chosen]
    if not holds:
        raise UsageError("say what is to go: --gone, --replaced or --failed")

    def chosen() -> list[Entry]:
        return [entry for entry in read_entries(store) if any(rule(entry) for rule in holds)]

    if dry_run:
        return tuple(Forgotten(entry.video_id, entry.paths, ()) for entry in chosen())
    with locked(store):
        return remove_videos(store, chosen())


def remove_videos(store: Path, entries: Sequence[Entry]) -> tuple[Forgotten, ...]:
    """Remove videos from the store, and what folders of reports have of them; only for the one writer of the store.

    Examples
    --------
    >>> remove_videos(Path("nowhere"), [])
    ()
    """
    if not entries:
        return ()
    published = unpublish(store, [entry.video_id for entry in entries])
    strike_out(store, {path for entry in entries for path in entry.paths})
    done = []
    try:
        for entry in entries:
            kinds = ["tables", "thumbnails"] if entry.status != "failed" else ["its record"]
            kinds += ["corrections"] if has_corrections(store, entry.video_id) else []
            kinds += ["clip"] if clip_path(store, entry.video_id) is not None else []
            forget_video(store, entry.video_id)
            done.append(Forgotten(entry.video_id, entry.paths, (*kinds, *published.get(entry.video_id, ()))))
    finally:  # of those that went, their rows too
        purge(store)
    return tuple(done)


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
    for path in (store / "clips" / f"{video_id}{suffix}" for suffix in _OF_CLIP):
        try:
            if path.is_file():
                path.unlink()
        except OSError as error:
            raise OutputError(f"cannot remove {path}: {error.strerror or error}") from None


def forget_video(store: Path, video_id: str) -> None:
    """Remove a video with all its tables, its clip, and what was found in chunks of it.

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
    drop_corrections(store, video_id)
    remove(store / "tables" / video_id)
    for folder in _inside(store / CHUNKS):
        if folder.name.rpartition("-")[0] == video_id:
            remove(folder)


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
    purge(store)
    for folder in _inside(store / "tables"):
        current = entries.get(folder.name)
        for run in folder.iterdir():
            if (current is None or run.name != current.run) and is_left(run):
                remove(run)
        if current is None and not any(folder.iterdir()):
            remove(folder)
    if not isinstance(store, Path):
        for folder in _inside(store / CHUNKS):
            if is_left(folder):
                remove(folder)
        return
    for folder in (store / "entries", store / "clips", store / CORRECTIONS):
        for path in folder.glob(".*") if folder.is_dir() else ():
            path.unlink(missing_ok=True)
    for path in _inside(store / CORRECTIONS):  # of a video that was forgotten by a run that was cut off
        if path.stem not in entries:
            path.unlink(missing_ok=True)
    for path in _inside(store / "clips"):  # of a video that was forgotten by a run that was cut off
        if path.is_file() and path.stem not in entries and path.suffix in _OF_CLIP:
            path.unlink(missing_ok=True)


def _inside(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
