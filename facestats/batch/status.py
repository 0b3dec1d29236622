"""How far a collection is: what is done, what is not, and why."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence

import pandas as pd

from facestats._util.locations import write_whole
from facestats.errors import OutputError, StoreError
from facestats.store.locking import is_locked
from facestats.store.manifest import Entry, now
from facestats.store.store import Store, open_store

#: The states of a video, in the order of the table; other files of its folders are passed over.
STATES = ("done", "partial", "failed", "pending", "passed over")

_FILE = "run.json"  # of the store: what its last run was to do


def begin_run(store: Store, inputs: list[str], passed_over: Sequence[str] = ()) -> None:
    """Note what a run is to do, so that its status can name what it has not come to.

    Parameters
    ----------
    store : Store
    inputs : list of str
        As :attr:`facestats.video.discovery.Input.shown` has them.
    passed_over : sequence of str
        See :class:`facestats.video.discovery.Discovery`.

    Raises
    ------
    OutputError
        If the store cannot be written.
    """
    text = json.dumps({"started_at": now(), "inputs": inputs, "passed_over": passed_over}, ensure_ascii=False) + "\n"
    try:
        write_whole(store.path / _FILE, text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise OutputError(f"cannot write to {store.path}: {error.strerror or error}") from None


def status(store: Store | str | os.PathLike[str]) -> pd.DataFrame:
    """Return how far each video of a store is, and each input that its last run did not come to.

    Parameters
    ----------
    store : Store, str or path

    Returns
    -------
    pandas.DataFrame
        ``video_id`` (missing while pending), ``path``, ``state`` (categorical, see :data:`STATES`), ``reason`` (empty
        where there is none to give), ``tries`` (how often it failed), ``written_at`` (UTC). Ordered by state and path.

    Raises
    ------
    StoreError
        If the manifest cannot be read.

    Examples
    --------
    >>> fs.status("store")["state"].value_counts()  # doctest: +SKIP
    """
    store = open_store(store)
    rows = [*_known(store), *_pending(store)]
    found = pd.DataFrame(rows, columns=["video_id", "path", "state", "reason", "tries", "written_at"])
    found["state"] = pd.Categorical(found["state"], STATES, ordered=True)
    found["written_at"] = pd.to_datetime(found["written_at"], utc=True)
    return found.sort_values(["state", "path"], ignore_index=True)


def _known(store: Store) -> Iterator[tuple[str, str, str, str, int, str]]:
    for entry in store.entries().values():
        state = {"ok": "done"}.get(entry.status, entry.status)
        path = entry.paths[0] if entry.paths else entry.video_id
        yield entry.video_id, path, state, "; ".join(_reasons(entry)), entry.tries, entry.written_at


def _reasons(entry: Entry) -> Iterator[str]:
    if entry.error:
        yield entry.error
    if entry.status == "failed":
        yield f"tried {'once' if entry.tries <= 1 else f'{entry.tries} times'}, --retry-failed tries again"
    if entry.missing_since:
        yield f"gone since {entry.missing_since}, its results are kept"
    if len(entry.paths) > 1:
        yield f"also {', '.join(entry.paths[1:])}"


def _pending(store: Store) -> Iterator[tuple[None, str, str, str, int, None]]:
    path = store.path / _FILE
    if store.video_id is not None or not path.is_file():
        return
    try:
        run = json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
        inputs, passed_over, started_at = list(run["inputs"]), list(run.get("passed_over", ())), run["started_at"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise StoreError(f"{path} cannot be read ({error}): delete it") from None
    known = {each for entry in store.entries().values() for each in entry.paths}
    why = "a run is at it" if is_locked(store.path) else f"the run of {started_at} did not come to it: run it again"
    for each in inputs:
        if each not in known:
            yield None, each, "pending", why, 0, None
    for each in passed_over:
        yield None, each, "passed over", "neither video nor image by its name: name the file itself", 0, None
