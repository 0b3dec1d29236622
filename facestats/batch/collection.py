"""Many videos into one store: what is found, what is to be done, and where it is done."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Unpack

from facestats._util import hooks
from facestats._util.described import takes
from facestats._util.locations import Place, is_remote, location, place_of, remove
from facestats._util.naming import named
from facestats._util.spoken import path_given, several
from facestats.analysis.progress import Bars
from facestats.analysis.sampling import FrameCallback
from facestats.analysis.stages import Stages, load_stages
from facestats.batch.ledger import Ledger
from facestats.batch.plan import Action, Planner, Task, unsettled_reason
from facestats.batch.pool import Pool, ThisProcess
from facestats.batch.queue import Queue, run_jobs
from facestats.batch.settings import Settings, settings
from facestats.batch.underway import UnderWay
from facestats.batch.workers import Workers, default_workers
from facestats.errors import EmptyInputError, MissingInputError, UsageError
from facestats.options import AnalyzeOptions, CollectionKeywords, RunOptions
from facestats.store.keptout import kept_out
from facestats.store.layout import CHUNKS
from facestats.store.locking import locked
from facestats.store.memory import remember, remembered
from facestats.store.runs import Run, begin_run, end_run, strike_out
from facestats.store.store import Store, create_store, open_store
from facestats.video.discovery import Input, discover
from facestats.video.identity import Content, changed_within, content_of
from facestats.video.spans import is_long

#: Where results go unless ``--out`` says otherwise.
DEFAULT_OUT = "facestats-out"

#: One file, folder, pattern or address, or several.
Inputs = Sequence[str | os.PathLike[str]] | str | os.PathLike[str]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CollectionResult:
    """What became of a collection.

    Attributes
    ----------
    store : Store
        Holds the tables of everything analysed, in this run and before.
    video_ids : tuple of str
        The videos of this run, in the order of the inputs; copies of one video stand once.
    analyzed : tuple of str
        Those of them that were analysed in this run; the others were in the store already.
    problems : tuple of str
        One line for each input that is missing, failed or is only partly read.
    copies : tuple of str
        One line for each input that is a copy of another.
    exit_code : int
        0 all read; 2 an input does not exist; 4 an input cannot be reached now; 3 an input could not be read, or not to
        its end.
    drawn : tuple of str
        The videos of which only the clip or the thumbnails were made anew, or deleted.
    passed_over : tuple of str
        Other files in the folders: neither video nor image by their names.
    unsettled : tuple of str
        Files that changed so recently that they are left for the next run, see ``settle``.
    done_before, failed_before : tuple of str
        The videos that the store had already, read or failed.
    kept_out : tuple of str
        The inputs that were forgotten before, and are left out.
    """

    store: Store
    video_ids: tuple[str, ...]
    analyzed: tuple[str, ...]
    problems: tuple[str, ...]
    copies: tuple[str, ...]
    exit_code: int
    drawn: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()
    done_before: tuple[str, ...] = ()
    failed_before: tuple[str, ...] = ()
    kept_out: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many were analysed, drawn only, done before, failed before, left for the next run, and left out."""
        names = ("analyzed", "drawn", "done_before", "failed_before", "unsettled", "kept_out")
        return {name: len(getattr(self, name)) for name in names}

    def __repr__(self) -> str:
        place = repr(str(self.store.path))
        videos = f"{len(self.video_ids)} {'video' if len(self.video_ids) == 1 else 'videos'}"
        failed = f", {len(self.problems)} problems" if self.problems else ""
        return (
            f"CollectionResult: {videos} in {self.store.path}, {len(self.analyzed)} analysed now{failed}\n"
            f"next: fs.open_store({place}).tracks(), fs.demographics({place}), fs.report({place})"
        )

    def _repr_html_(self) -> str:
        return hooks.call("collection_html", self)


@takes(AnalyzeOptions, RunOptions)
def analyze_collection(
    inputs: Inputs,
    *,
    out: str | os.PathLike[str] = DEFAULT_OUT,
    progress: bool | None = None,
    on_frame: FrameCallback | None = None,
    may_be_empty: bool = False,
    **options: Unpack[CollectionKeywords],
) -> CollectionResult:
    """Analyse everything that the inputs name into one store.

    What the store has already, of the same content, analysed with the same options and models, is left as it is: so the
    same call goes on where one that was stopped had come to. An input that fails is recorded in the ``videos`` table
    with its reason, and the others go on.

    Options that are not given are those that the store was made with, unless ``facestats.toml`` in the folder of the
    inputs or beside it, or a ``FACESTATS_*`` variable, says otherwise; what differs from the store's is logged.

    Parameters
    ----------
    inputs : str, path, or sequence of those
        See :func:`facestats.video.discovery.discover`.
    out : str or path
        The store's folder, or address; made if absent.
    progress : bool, optional
        Show progress bars; by default in a terminal or a notebook.
    on_frame : callable, optional
        See :data:`facestats.analysis.sampling.FrameCallback`; everything is done in this process then.
    may_be_empty : bool
        A folder without videos, or a pattern that nothing matches, is no error: something may come later.
    **options
        The fields of :class:`facestats.options.AnalyzeOptions` and :class:`facestats.options.RunOptions`.

    Returns
    -------
    CollectionResult

    Raises
    ------
    MissingInputError
        If none of the inputs exists.
    UsageError
        If an option or the output is wrong; nothing was analysed then.
    StoreError
        If another run is writing to the store.

    Examples
    --------
    >>> import facestats as fs
    >>> fs.analyze_collection(["videos/"], out="store").store.tracks()  # doctest: +SKIP
    """
    arguments, out = _arguments(inputs), path_given(out, named("out"))
    held = settings(options, arguments, out)
    run = held.run
    if run.scheduler is not None and on_frame is not None:
        raise UsageError(f"{named('scheduler')} has workers of its own: leave {named('on_frame', '--show')} out")
    found, missing, passed_over = _found(arguments, held.analyze, may_be_empty=may_be_empty)
    all_found = found
    unsettled = [item for item in all_found if changed_within(item, run.settle)]
    found = [item for item in all_found if item not in unsettled]
    stages = load_stages(held.analyze)
    _tell(held)
    store = create_store(os.fspath(out))
    with locked(store.path), contextlib.ExitStack() as last:
        store.sweep()
        if stages.options.blur and isinstance(store.path, Path):  # chunks hold pictures of faces
            remove(store.path / CHUNKS)  # of a killed run
            last.callback(remove, store.path / CHUNKS)  # also if this one is stopped: none of it is gone on with
        if not remembered(store.path):
            remember(store.path, held.analyze.to_dict())
        shown = tuple(item.shown for item in all_found if not item.is_live)
        begin_run(store.path, Run(shown, passed_over, tuple(item.shown for item in unsettled)))
        with Bars(len(found), progress=progress) as bars, UnderWay(store.path, found) as way:
            ledger = Ledger(store, stages, found, bars, way)
            planner = _planner(store, stages, run)
            queue = Queue(planner, ledger, str(store.path.absolute()))
            # What is live cannot wait, and Ctrl-C ends it; a window shows what happens in this process.
            here = [item for item in found if item.is_live or on_frame is not None]
            elsewhere = [item for item in found if item not in here]
            with _pool(elsewhere, store, stages, run) as pool:
                queue.add(elsewhere)
                run_jobs(queue, pool)
            with ThisProcess(stages, on_frame) as pool:
                queue.add(here)
                run_jobs(queue, pool)
        ledger.note_places(arguments)
        strike_out(store.path, set(ledger.kept_out))
        if isinstance(store.path, Path):  # elsewhere another run may be at it
            remove(store.path / CHUNKS)
    problems = (*map(str, missing), *ledger.problems)
    result = CollectionResult(
        store=store,
        video_ids=tuple(ledger.video_ids),
        analyzed=tuple(ledger.analyzed),
        drawn=tuple(ledger.drawn),
        problems=problems,
        copies=tuple(ledger.copies),
        exit_code=_code(missing) if missing else 3 if problems else 0,
        passed_over=passed_over,
        unsettled=tuple(item.shown for item in unsettled),
        done_before=tuple(ledger.done_before),
        failed_before=tuple(ledger.failed_before),
        kept_out=tuple(ledger.kept_out),
    )
    end_run(store.path, {**result.counts, "problems": len(problems)}, result.exit_code)
    return result


@takes(AnalyzeOptions, RunOptions)
def plan_collection(
    inputs: Inputs,
    *,
    out: str | os.PathLike[str] = DEFAULT_OUT,
    may_be_empty: bool = False,
    **options: Unpack[CollectionKeywords],
) -> list[Task]:
    """Return what :func:`analyze_collection` would do with each input, and why, without doing it.

    Parameters
    ----------
    inputs, out, may_be_empty
        As there.
    **options
        As there.

    Raises
    ------
    MissingInputError, UsageError
        As there.

    Examples
    --------
    >>> [str(task.action) for task in plan_collection(["videos/"], out="store")]  # doctest: +SKIP
    ['analyze', 'skip']
    """
    arguments = _arguments(inputs)
    held = settings(options, arguments, out)
    run = held.run
    found, _, _ = _found(arguments, held.analyze, may_be_empty=may_be_empty)
    stages = load_stages(held.analyze)
    has_store = (location(os.fspath(out)) / "store.json").is_file()
    planner = _planner(open_store(os.fspath(out)) if has_store else None, stages, run)

    def decided(item: Input) -> Task:
        if changed_within(item, run.settle):
            return Task(item, "", Content(None), Action.WAIT, unsettled_reason(run.settle), (), {})
        return planner.decide(item, planner.known_content(item) or content_of(item))

    return [decided(item) for item in found]


def _planner(store: Store | None, stages: Stages, run: RunOptions) -> Planner:
    how: dict[str, Any] = {"force": run.force, "retry_failed": run.retry_failed}
    if store is None:
        return Planner({}, stages.options, stages.models, **how)
    how |= {"lacks": store.lacks, "kept_out": kept_out(store.path)}
    return Planner(store.entries(current=False), stages.options, stages.models, **how)


def _arguments(inputs: Inputs) -> list[str]:
    return [path_given(each, "an input") for each in several(inputs, "inputs")]


def _tell(held: Settings) -> None:
    """Say which options differ from those that the store was made with."""
    for line in held.differing:
        _log.warning("%s", line)


def _found(
    arguments: Sequence[str], settings: AnalyzeOptions, *, may_be_empty: bool = False
) -> tuple[list[Input], list[MissingInputError], tuple[str, ...]]:
    """Return the inputs that are there, what is wrong with those that are not, and the files that are passed over."""
    discovery = discover(arguments, sequence=settings.sequence)
    missing = [error for error in discovery.missing if not (may_be_empty and isinstance(error, EmptyInputError))]
    if not discovery.inputs and (missing or not discovery.missing):
        error = MissingInputError("; ".join(map(str, missing)) or "no inputs: name at least one")
        error.exit_code = _code(missing)
        raise error
    # A store outlives the folder in which it was made, and others must find the videos too.
    found = [
        item if item.is_live or is_remote(item.path) else replace(item, path=os.path.abspath(item.path))  # noqa: PTH100
        for item in discovery.inputs
    ]
    return found, missing, discovery.passed_over


def _code(missing: Sequence[MissingInputError]) -> int:
    """Return how a run ends that lacks inputs: 2 if one is not there, 4 if none can be reached but may be later."""
    return min((error.exit_code for error in missing), default=MissingInputError.exit_code)


# -- where the jobs are run ----------------------------------------------------------------------------------------


def _pool(items: Sequence[Input], store: Store, stages: Stages, run: RunOptions) -> Pool:
    """Return what runs the jobs of files: a cluster, processes of this machine, or this process."""
    in_memory = Place.MEMORY in {place_of(path) for path in (str(store.path), *(item.path for item in items))}
    if run.scheduler is not None:
        if in_memory:
            raise UsageError(f"memory:// is seen by this process alone: leave {named('scheduler')} out")
        return _cluster(run.scheduler, stages.options, run.timeout)
    if in_memory and run.workers:
        raise UsageError(f"memory:// is seen by this process alone: use {named('workers=0', '--workers 0')}")
    n = 0 if in_memory else _n_workers(run.workers, items)
    return Workers(n, stages.options, timeout_s=run.timeout) if n else ThisProcess(stages)


def _cluster(address: str, options: AnalyzeOptions, timeout_s: float) -> Pool:
    try:
        from facestats.batch.cluster import Cluster
    except ModuleNotFoundError as error:
        raise UsageError(f"a cluster needs dask ({error}): pip install 'facestats[cluster]'") from None
    return Cluster(address, options, timeout_s=timeout_s)


def _n_workers(wanted: int | None, items: Sequence[Input]) -> int:
    """Return how many processes to start; 0 if everything is done in this one."""
    if wanted is not None:
        return wanted
    # A single short video does best with all cores in this process.
    several = len(items) > 1 or any(is_long(item.path) for item in items if not item.is_sequence)
    return default_workers() if several else 0
