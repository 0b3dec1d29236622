"""How far a collection is: what is done, what is not, and why."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from facestats._util.spoken import several
from facestats.batch.underway import RunUnderWay, run_under_way
from facestats.errors import FacestatsError, UsageError
from facestats.store.lacks import Part, is_gone, lost_words
from facestats.store.locking import is_locked, locked
from facestats.store.manifest import Entry, now
from facestats.store.runs import Run, last_run
from facestats.store.store import Store, open_store

#: The states of a video, in the order of the table; other files of its folders are passed over.
STATES = ("done", "incomplete", "partial", "failed", "pending", "replaced", "passed over")

_COLUMNS = ("video_id", "path", "state", "reason", "tries", "written_at", "counts", "acknowledged")


def status(store: Store | str | os.PathLike[str]) -> pd.DataFrame:
    """Return how far each video of a store is, and each input that its last run did not come to.

    What is said here is looked up on the disk, by the same rules by which a run decides what is to be done.

    Parameters
    ----------
    store : Store, str or path

    Returns
    -------
    pandas.DataFrame
        ``video_id`` (missing while pending), ``path``, ``state`` (categorical, see :data:`STATES`; ``incomplete`` is
        what has lost its tables or its clip, which the next run makes again, or has corrections that cannot be read;
        without its clip a video that has gone is done),
        ``reason`` (empty where there is none to give), ``tries`` (how often it failed), ``written_at`` (UTC),
        ``counts`` (whether it is in tables and reports, see :attr:`facestats.store.manifest.Entry.counts`),
        ``acknowledged`` (whether its failure is known, so that runs do not speak of it again). Ordered by state and
        path. ``attrs`` has ``run``, how far the run is that is under way, and ``last_run``, what the last one did, both
        as dictionaries, None where there is none.

    Raises
    ------
    StoreError
        If the manifest cannot be read.

    Examples
    --------
    >>> fs.status("store")["state"].value_counts()  # doctest: +SKIP
    """
    store = open_store(store)
    run, way = last_run(store.path) if store.video_id is None else None, run_under_way(store.path)
    now_worked_on = {} if way is None else way.now
    entries = list(store.entries(current=False).values())
    rows = [*_known(store, entries, now_worked_on), *_pending(store, entries, run, way)]
    found = pd.DataFrame([[row.get(name) for name in _COLUMNS] for row in rows], columns=list(_COLUMNS))
    found["state"] = pd.Categorical(found["state"], STATES, ordered=True)
    found["written_at"] = pd.to_datetime(found["written_at"], utc=True)
    found[["counts", "acknowledged"]] = found[["counts", "acknowledged"]].fillna(False).astype(bool)
    found = found.sort_values(["state", "path"], ignore_index=True)
    ended = ("started_at", "ended_at", "counts", "exit_code")
    found.attrs["run"] = None if way is None else asdict(way)
    found.attrs["last_run"] = None if run is None else {name: getattr(run, name) for name in ended}
    return found


def exit_code(found: pd.DataFrame) -> int:
    """Return what the command line ends with: 3 where a video that counts failed or was read in part, as runs do.

    Failures that were acknowledged do not count, nor what the next run will do by itself.

    Parameters
    ----------
    found : pandas.DataFrame
        See :func:`status`.

    Examples
    --------
    >>> exit_code(pd.DataFrame({"state": ["failed", "done"], "counts": True, "acknowledged": [True, False]}))
    0
    """
    is_wrong = found["state"].isin(["partial", "failed"]) & found["counts"] & ~found["acknowledged"]
    return FacestatsError.exit_code if is_wrong.any() else 0


def acknowledge(store: Store | str | os.PathLike[str], videos: str | Sequence[str], *, known: bool = True) -> list[str]:
    """Note that failures are known: runs end with 0 in spite of them, as long as they are the same.

    Parameters
    ----------
    store : Store, str or path
    videos : str or sequence of str
        Ids, paths or file names of videos that failed, or were read in part.
    known : bool
        False takes it back.

    Returns
    -------
    list of str
        The paths of the videos.

    Raises
    ------
    UnknownNameError
        If there is no such video; nothing is noted then.
    UsageError
        If nothing is wrong with it; nothing is noted then.
    BusyError
        If a run is writing to the store.

    Examples
    --------
    >>> acknowledge("store", ["broken.mp4"])  # doctest: +SKIP
    ['videos/broken.mp4']
    """
    store = open_store(store)
    with locked(store.path):
        entries = [entry for video in several(videos) for entry in store.video(video).entries().values()]
        for entry in entries:
            if entry.error is None:
                raise UsageError(f"nothing is wrong with {entry.shown}: there is nothing to acknowledge")
        for entry in entries:
            store.note(entry, acknowledged=now() if known else None)
    return [entry.shown for entry in entries]


def _known(store: Store, entries: Sequence[Entry], now_worked_on: Mapping[str, float]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        part = store.lacks(entry)
        lost = lost_words(entry, part, entry.options)
        # A clip that no run can draw anew leaves a video as done as it can be.
        is_left = part in (Part.CLIP, Part.CORRECTED_CLIP) and is_gone(entry)
        state = "incomplete" if lost and not is_left else {"ok": "done"}.get(entry.status, entry.status)
        share = now_worked_on.get(entry.shown)
        yield {
            "video_id": entry.video_id,
            "path": entry.shown,
            "state": "replaced" if not entry.counts else state if share is None else "pending",
            "reason": "; ".join(_reasons(entry, lost, part))
            if share is None or not entry.counts
            else _under_way(share),
            "tries": entry.tries,
            "written_at": entry.written_at,
            "counts": entry.counts,
            "acknowledged": entry.acknowledged is not None,
        }


def _reasons(entry: Entry, lost: str, part: Part | None) -> Iterator[str]:
    if not entry.counts:
        yield f"other content is there since {entry.replaced_since}, it counts no more; `facestats prune` removes it"
    if lost:
        then = "the video is not there to make that again" if is_gone(entry) else "the next run makes that again"
        yield lost if part is Part.CORRECTIONS else f"{lost}, {then}"
    if entry.error:
        yield entry.error
    if entry.status == "failed":
        yield f"tried {'once' if entry.tries <= 1 else f'{entry.tries} times'}, --retry-failed tries again"
    if entry.acknowledged:
        yield f"acknowledged {entry.acknowledged}"
    if entry.missing_since:
        yield f"gone since {entry.missing_since}, its results still count; `facestats prune` removes them"
    if len(entry.paths) > 1:
        yield f"also {', '.join(entry.paths[1:])}"


def _pending(
    store: Store, entries: Sequence[Entry], run: Run | None, way: RunUnderWay | None
) -> Iterator[dict[str, Any]]:
    if run is None:
        return
    known = {path for entry in entries if entry.counts for path in entry.paths}
    if way is not None or is_locked(store.path):
        why = "a run is at it"
    else:
        why = f"the run of {run.started_at} did not come to it: run it again"
    for path in dict.fromkeys(run.inputs):
        if path in run.unsettled:
            wait = f"it had just changed at {run.started_at} and may still be written: the next run takes it"
            yield {"path": path, "state": "pending", "reason": wait, "tries": 0}
        elif path in known:
            continue
        elif way is not None and path in way.now:
            yield {"path": path, "state": "pending", "reason": _under_way(way.now[path]), "tries": 0}
        else:
            yield {"path": path, "state": "pending", "reason": why, "tries": 0}
    for path in run.passed_over:
        why = "neither video nor image by its name: name the file itself"
        yield {"path": path, "state": "passed over", "reason": why, "tries": 0}


def _under_way(share: float) -> str:
    return f"under way, {share:.0%}"
