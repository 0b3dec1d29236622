"""What folders of reports still have of videos that a store has no longer, or that it hides; it is taken away."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from facestats.errors import FacestatsError, StoreError
from facestats.reports.folder import CLIPS, drop_clips, drop_cuts, drop_page, drop_unfinished
from facestats.reports.index import DATA, Listed, read_index, write_index
from facestats.reports.originals import FACES_SUFFIX, NOTE_SUFFIX, ORIGINAL_SUFFIXES
from facestats.store.published import report_folders
from facestats.store.store import Store, open_store
from facestats.video.names import CLIP_SUFFIXES


def take_down(store: Path, video_ids: Sequence[str], *, alone: bool = False) -> dict[str, tuple[str, ...]]:
    """Take away what speaks of videos, or shows them, in all folders where reports of a store lie.

    Parameters
    ----------
    store : pathlib.Path
    video_ids : sequence of str
    alone : bool
        Only reports on one video alone: those on many show no pictures.

    Returns
    -------
    dict of str to tuple of str
        By video, the files that went.

    Raises
    ------
    OutputError
        If something cannot be taken away.

    Examples
    --------
    >>> take_down(Path("nowhere"), ["a"])
    {'a': ()}
    """
    went: dict[str, list[str]] = {video_id: [] for video_id in video_ids}
    for folder in report_folders(store):
        unfinished = drop_unfinished(folder)  # nothing says of which video it is
        for video_id in went:
            went[video_id] += unfinished
        listed = read_index(folder)
        for name, entry in [*listed.items(), *_unlisted(folder, listed)]:
            about = set(entry.videos)
            if about.isdisjoint(went) or (alone and len(about) > 1):
                continue
            files = drop_page(folder, name)
            listed.pop(name, None)
            for video_id in about & set(went):
                went[video_id] += files
        for video_id in went:
            went[video_id] += drop_clips(folder, video_id)
        if (folder / DATA).is_file():
            write_index(folder, listed)
    return {video_id: tuple(dict.fromkeys(files)) for video_id, files in went.items()}


def drop_stale(store: Store, folder: Path, listed: dict[str, Listed]) -> list[str]:
    """Take away the reports on videos that the store has no longer, or that count no more, with their clips and cuts.

    Reports over many videos go if one of them was forgotten. What was made from other stores stays.

    Parameters
    ----------
    store : Store
    folder : pathlib.Path
        Of the reports.
    listed : dict of str to Listed
        Those of the folder; what goes is taken out.

    Returns
    -------
    list of str
        The names of the reports that went.

    Raises
    ------
    OutputError
        If something cannot be taken away.
    """
    whole = Store(store.path)
    entries = whole.entries(current=False)
    counting = {video_id for video_id, entry in entries.items() if entry.counts}
    gone, of_others = [], set()
    found = [*listed.items(), *_unlisted(folder, listed)]
    origins = {origin for _, entry in found for origin in entry.made_of}
    of_this = {origin for origin in origins if _is_ours(origin, whole)}
    for name, entry in found:
        ours = {video_id for origin, ids in entry.made_of.items() if origin in of_this for video_id in ids}
        of_others |= {name, *entry.videos} - ours
        if not ours <= (counting if len(entry.videos) == 1 else entries.keys()):
            drop_page(folder, name)
            listed.pop(name, None)
            gone.append(name)
    for path in _clips(folder):
        if path.is_dir():
            if not (folder / f"{path.name}.html").is_file():
                drop_cuts(folder, path.name)
        elif (name := path.name.removesuffix(path.suffix).removesuffix(".original")) not in counting | of_others:
            drop_clips(folder, name)
    return gone


def _clips(folder: Path) -> Iterator[Path]:
    for path in [*(folder / CLIPS).iterdir()] if (folder / CLIPS).is_dir() else []:
        ours = path.name.endswith((*CLIP_SUFFIXES, *ORIGINAL_SUFFIXES, FACES_SUFFIX, NOTE_SUFFIX))
        if path.is_dir() or (ours and not path.name.startswith(".")):
            yield path


def _is_ours(origin: str, store: Store) -> bool:
    """Say whether a report was made from a store: from the same folder, or from one that is there no more."""
    if origin == str(store.path.resolve()):
        return True
    try:
        open_store(origin)
    except StoreError:
        return True
    except (FacestatsError, OSError):  # it cannot be reached: another's reports are not ours to take away
        return False
    return False


def _unlisted(folder: Path, listed: Mapping[str, Listed]) -> Iterator[tuple[str, Listed]]:
    """Yield the reports on one video that no list has, by what their notebooks were given."""
    for path in sorted(folder.glob("[!.]*.ipynb")):
        if path.stem in listed and listed[path.stem].made_of:
            continue
        try:
            given = json.loads(path.read_text(encoding="utf-8"))["metadata"]["papermill"]["parameters"]
            store, video = given["store"], given["video"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if isinstance(store, str) and isinstance(video, str) and (folder / f"{path.stem}.html").is_file():
            yield path.stem, Listed(path.stem, "", "", "", "ok", None, made_of={store: [video]})
