"""Corrections by hand in a store: one small file for each video that has any, beside the tables and never in them.

The tables stay as they were analysed; corrections are applied when they are read. So a correction is undone by removing
it, and an analysis that replaces the tables leaves it in place.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import pandas as pd
import pyarrow.dataset as ds

from facestats._util.locations import write_whole
from facestats.errors import OutputError, StoreError, UnknownNameError
from facestats.store.allowed import check_change, check_change_fits, split_moment
from facestats.store.layout import CORRECTIONS
from facestats.store.locking import locked
from facestats.store.manifest import Entry, now, read_entry
from facestats.store.merged import MERGED_TABLES
from facestats.store.read import dataset
from facestats.store.write import unwritable
from facestats.tables import schema
from facestats.tables.arrow import from_arrow, to_arrow
from facestats.tables.correction import ACCEPT, MERGE, REJECT, SPLIT, Correction, new_number
from facestats.tables.corrections import Corrected, applied, people_with_verdicts, place_of, with_verdicts
from facestats.tables.doubtful import Place
from facestats.tables.whose import OWN_PERSON, SAME_PERSON


def corrected_dataset(store: Path, entries: Iterable[Entry], table: str) -> ds.Dataset:
    """Return a table of these videos with their corrections, as :func:`facestats.store.read.dataset` does without.

    Examples
    --------
    >>> corrected_dataset(Path("nowhere"), [], "tracks").count_rows()
    0
    """
    entries = list(entries)
    have = _video_ids(store)
    if not any(entry.video_id in have for entry in entries):
        return dataset(store, entries, table)
    parts: list[ds.Dataset] = []
    waiting: list[Entry] = []
    for entry in entries:
        frame = _corrected(store, entry, table) if entry.video_id in have else None
        if frame is None:
            waiting.append(entry)
            continue
        parts.append(ds.dataset(to_arrow(table, frame)))
        if table not in MERGED_TABLES and waiting:  # those are put in order by whoever reads them
            parts.insert(-1, dataset(store, waiting, table))
            waiting = []
    parts += [dataset(store, waiting, table)] if waiting else []
    return ds.dataset(parts) if len(parts) > 1 else parts[0]


def corrections_table(store: Path, entries: Iterable[Entry]) -> pd.DataFrame:
    """Return the corrections of these videos, a row each; ``applies`` says whether its track is still there.

    Examples
    --------
    >>> corrections_table(Path("nowhere"), []).empty
    True
    """
    have = _video_ids(store)
    rows = []
    for entry in entries:
        corrections = read_corrections(store, entry.video_id) if entry.video_id in have else ()
        found = replayed(store, entry, corrections).track_ids if corrections else {}
        for each in corrections:
            row = {
                name: getattr(each, name) for name in ("number", "what", "value", "time_s", "reason", "corrected_at")
            }
            rows.append({"video_id": entry.video_id, "track_id": found.get(each.number, each.track_id), **row})
            rows[-1]["applies"] = each.number in found
    frame = pd.DataFrame(rows, columns=list(schema.dtypes("corrections")))
    frame["corrected_at"] = pd.to_datetime(frame["corrected_at"], utc=True)
    return frame.astype(schema.dtypes("corrections"))


def correct(
    store: Path,
    entry: Entry,
    track: int,
    *,
    verdicts: Mapping[str, str] | None = None,
    merge: int | None = None,
    split: float | str | None = None,
    reject: bool = False,
    accept: bool = False,
    same_person: int | None = None,
    own_person: bool = False,
    reason: str = "",
) -> tuple[Correction, ...]:
    """Add corrections of a track, see :meth:`facestats.store.store.Store.correct`.

    Parameters
    ----------
    store : pathlib.Path
    entry : Entry
        Of the video.
    track : int
    verdicts : mapping of str to str
        By column of ``tracks``, a class or ``"unknown"``.
    merge, split, reject, accept, same_person, own_person, reason
        See :meth:`facestats.store.store.Store.correct`.

    Raises
    ------
    UsageError
        If nothing or too much is to be corrected, or it does not fit the tracks.
    UnknownNameError
        If there is no such track or class.
    BusyError
        If a run is writing to the store.
    OutputError
        If the store cannot be written.

    Examples
    --------
    >>> correct(store.path, entry, 3, verdicts={"gender": "female"})  # doctest: +SKIP
    """
    changes = {"merge": merge, "split": split, "reject": reject, "accept": accept}
    changes |= {"same_person": same_person, "own_person": own_person}
    verdicts = dict(verdicts or {})
    check_change(track, verdicts, changes)
    track = int(track)
    with locked(store):
        present = read_entry(store, entry.video_id) or entry
        before = read_corrections(store, entry.video_id)
        found = replayed(store, present, before)
        check_change_fits(found, store, entry.video_id, track, changes, before)
        observations = found.tables["observations"]
        place = place_of(observations, track)
        begins = place[0][0]
        made: list[tuple[str, str | None, float]] = [(name, value, begins) for name, value in verdicts.items()]
        other: tuple[Place, ...] = ()
        if reject:
            made = [(REJECT, None, begins)]
        if accept:
            made = [(ACCEPT, None, begins)]
        if split is not None:
            new = new_number(observations["track_id"].dropna(), before)
            made = [(SPLIT, str(new), split_moment(observations, track, split))]
        if merge is not None:
            made, other = [(MERGE, str(int(merge)), begins)], place_of(observations, merge)
        if same_person is not None:
            made, other = [(SAME_PERSON, str(int(same_person)), begins)], place_of(observations, same_person)
        if own_person:
            made = [(OWN_PERSON, None, begins)]
        first = max((each.number for each in before), default=0) + 1
        added = tuple(
            Correction(first + k, track, what, value, time_s, str(reason).strip(), now(), present.run, place, other)
            for k, (what, value, time_s) in enumerate(made)
        )
        write_corrections(store, entry.video_id, (*before, *added))
    return added


def uncorrect(store: Path, video_id: str, correction: int | Correction) -> Correction:
    """Remove a correction, and return it.

    Parameters
    ----------
    store : pathlib.Path
    video_id : str
    correction : int or Correction
        Its number; or itself, which is not mistaken for a later one that got its number after it was undone.

    Raises
    ------
    UnknownNameError
        If there is no such correction.
    BusyError, OutputError
        See :func:`correct`.

    Examples
    --------
    >>> uncorrect(store.path, "clip-1234abcd", 1)  # doctest: +SKIP
    """
    with locked(store):
        before = read_corrections(store, video_id)
        gone = next((each for each in before if correction in (each, each.number)), None)
        if gone is None:
            number = correction.number if isinstance(correction, Correction) else correction
            if any(each.number == number for each in before):
                raise UnknownNameError(f"correction {number} of {video_id} was undone before, and is another one now")
            known = ", ".join(str(each.number) for each in before)
            raise UnknownNameError(f"{video_id} has no correction {number}: there is {known or 'none'}")
        write_corrections(store, video_id, [each for each in before if each is not gone])
    return gone


def read_corrections(store: Path, video_id: str) -> tuple[Correction, ...]:
    """Return the corrections of a video, in the order in which they were made.

    Raises
    ------
    StoreError
        If they cannot be read.

    Examples
    --------
    >>> read_corrections(Path("nowhere"), "a")
    ()
    """
    path = _path(store, video_id)
    try:
        known = json.loads(path.read_text(encoding="utf-8"))["corrections"]
        return tuple(
            Correction(**{**each, **{name: tuple(tuple(box) for box in each[name]) for name in ("place", "other")}})
            for each in known
        )
    except FileNotFoundError:
        return ()
    except (OSError, json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise StoreError(f"{path} cannot be read ({error}): mend it, or delete it and correct again") from None


def corrections_written(store: Path, video_ids: Iterable[str]) -> dict[str, str]:
    """Return what is written down of the corrections of these videos, by id; of one without any there is nothing.

    Whoever made something from their tables knows by it whether the tables have become others.

    Examples
    --------
    >>> corrections_written(Path("nowhere"), ["a"])
    {}
    """
    written = {}
    for video_id in _video_ids(store) & set(video_ids):
        with contextlib.suppress(FileNotFoundError):  # undone a moment ago
            written[video_id] = _path(store, video_id).read_text(encoding="utf-8", errors="replace")
    return written


def has_corrections(store: Path, video_id: str) -> bool:
    """Say whether a video has corrections.

    Examples
    --------
    >>> has_corrections(Path("nowhere"), "a")
    False
    """
    return _path(store, video_id).is_file()


def drop_corrections(store: Path, video_id: str) -> bool:
    """Remove all corrections of a video, and say whether there were any.

    Raises
    ------
    OutputError
        If they cannot be removed.

    Examples
    --------
    >>> drop_corrections(Path("nowhere"), "a")
    False
    """
    path = _path(store, video_id)
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise OutputError(f"cannot remove {path}: {error.strerror or error}") from None
    return True


def _path(store: Path, video_id: str) -> Path:
    return store / CORRECTIONS / f"{video_id}.json"


def _video_ids(store: Path) -> set[str]:
    folder = store / CORRECTIONS
    return {path.name.removesuffix(".json") for path in folder.glob("*.json")} if folder.is_dir() else set()


def write_corrections(store: Path, video_id: str, corrections: Sequence[Correction]) -> None:
    """Write all corrections of a video, for whoever has locked the store; where there are none, their file goes.

    Raises
    ------
    OutputError
        If the store cannot be written.

    Examples
    --------
    >>> write_corrections(store.path, "clip-1234abcd", [])  # doctest: +SKIP
    """
    try:
        if not corrections:
            _path(store, video_id).unlink(missing_ok=True)
            return
        text = json.dumps({"corrections": [asdict(each) for each in corrections]}, ensure_ascii=False)
        write_whole(_path(store, video_id), (text + "\n").encode())
    except OSError as error:
        raise unwritable(store, error) from None


def _stored(store: Path, entry: Entry, table: str) -> pd.DataFrame:
    return from_arrow(table, dataset(store, [entry], table).to_table())


def replayed(store: Path, entry: Entry, corrections: tuple[Correction, ...]) -> Corrected:
    """Return the tables of a video after corrections, in their order; the file of its corrections is not read.

    Raises
    ------
    FileNotFoundError
        If the video was replaced meanwhile; :func:`facestats.store.read.attempt` tries again.
    StoreError
        If a file of the store is damaged.

    Examples
    --------
    >>> replayed(store.path, entry, read_corrections(store.path, entry.video_id)).track_ids  # doctest: +SKIP
    {1: 3}
    """
    return _replayed_once(store, entry.video_id, entry.run, corrections)


@lru_cache(maxsize=1)  # a report asks for table after table of one video; none of them is ever changed
def _replayed_once(store: Path, video_id: str, run: str, corrections: tuple[Correction, ...]) -> Corrected:
    entry = read_entry(store, video_id)
    if entry is None or entry.run != run:
        raise FileNotFoundError(f"{video_id} was replaced while it was read")  # and is read again
    tables = {table: _stored(store, entry, table) for table in schema.TABLES}
    return applied(tables, corrections, run=run, thresholds=entry.thresholds)


def _corrected(store: Path, entry: Entry, table: str) -> pd.DataFrame | None:
    """Return a table of a video with its corrections; None if they leave it as it is."""
    corrections = read_corrections(store, entry.video_id)
    if all(each.leaves_tracks and each.run == entry.run for each in corrections):
        if table == "people":
            tracks = _stored(store, entry, "tracks")
            return people_with_verdicts(_stored(store, entry, table), tracks, corrections)
        return with_verdicts(_stored(store, entry, table), corrections) if table == "tracks" else None
    return replayed(store, entry, corrections).tables[table]
