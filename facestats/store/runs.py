"""What the last run of a store was to do, so that its status can name what it has not come to."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from facestats.errors import StoreError
from facestats.store.layout import RUN
from facestats.store.manifest import now
from facestats.store.write import write_note


@dataclass(frozen=True)
class Run:
    """What a run was to do.

    Attributes
    ----------
    inputs : tuple of str
        As :attr:`facestats.video.discovery.Input.shown` has them.
    passed_over : tuple of str
        See :class:`facestats.video.discovery.Discovery`.
    unsettled : tuple of str
        Those of the inputs that had changed a moment ago, and were left for the next run.
    started_at : str
        UTC, ISO 8601.
    ended_at : str or None
        The same; None as long as it runs, and for one that was cut off.
    counts : mapping of str to int
        What it did, once it has ended, see :attr:`facestats.batch.collection.CollectionResult.counts`.
    exit_code : int or None
        How it ended.
    """

    inputs: tuple[str, ...]
    passed_over: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()
    started_at: str = field(default_factory=now)
    ended_at: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    exit_code: int | None = None


def begin_run(store: Path, run: Run) -> None:
    """Note what a run is to do.

    Raises
    ------
    OutputError
        If the store cannot be written.

    Examples
    --------
    >>> begin_run(store.path, Run(("a.mp4",)))  # doctest: +SKIP
    """
    write_note(store, RUN, asdict(run))


def end_run(store: Path, counts: Mapping[str, int], exit_code: int) -> None:
    """Note what the last run did, and how it ended.

    Raises
    ------
    OutputError
        If the store cannot be written.

    Examples
    --------
    >>> end_run(Path("nowhere"), {"analyzed": 1}, 0)
    """
    run = last_run(store)
    if run is not None:
        begin_run(store, replace(run, ended_at=now(), counts=dict(counts), exit_code=exit_code))


def last_run(store: Path) -> Run | None:
    """Return what the last run was to do; None if there was none.

    Raises
    ------
    StoreError
        If the note cannot be read.

    Examples
    --------
    >>> last_run(Path("nowhere")) is None
    True
    """
    path = store / RUN
    try:
        raw = json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
        return Run(
            tuple(raw["inputs"]),
            tuple(raw.get("passed_over", ())),
            tuple(raw.get("unsettled", ())),
            str(raw["started_at"]),
            raw.get("ended_at"),
            dict(raw.get("counts", {})),
            raw.get("exit_code"),
        )
    except FileNotFoundError:
        return None
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{path} cannot be read ({error}): delete it") from None


def strike_out(store: Path, paths: Collection[str]) -> None:
    """Take the paths of videos that are forgotten, and of files that are kept out, from the note.

    Raises
    ------
    OutputError
        If the store cannot be written.

    Examples
    --------
    >>> strike_out(Path("nowhere"), {"a.mp4"})
    """
    run = last_run(store)
    if run is not None:
        inputs, unsettled = (
            tuple(path for path in listed if path not in paths) for listed in (run.inputs, run.unsettled)
        )
        begin_run(store, replace(run, inputs=inputs, unsettled=unsettled))
