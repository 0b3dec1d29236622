"""Many videos into one store: what is to be done, here or by several processes; failures stay where they are."""

from __future__ import annotations

import glob
import itertools
import logging
import os
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Unpack

from facestats._util import hooks
from facestats._util.described import takes
from facestats._util.locations import is_remote, location, remove
from facestats.analysis.sampling import FrameCallback
from facestats.analysis.stages import Stages, load_stages
from facestats.batch.jobs import Lost, Outcome, Unit
from facestats.batch.plan import Content, Planner, Task, content_of, is_there, new_video_id
from facestats.batch.progress import Bars
from facestats.batch.queue import Crew, dispatch
from facestats.batch.status import begin_run
from facestats.batch.work import do, give_up
from facestats.batch.workers import Workers, default_workers
from facestats.errors import MissingInputError, UsageError
from facestats.options import AnalyzeOptions, CollectionKeywords, RunOptions, from_keywords
from facestats.store.locking import locked
from facestats.store.manifest import Entry
from facestats.store.store import STRETCHES, Store, create_store, now, open_store
from facestats.video.discovery import Input, discover
from facestats.video.file import is_long

_log = logging.getLogger(__name__)

#: Where results go unless ``--out`` says otherwise.
DEFAULT_OUT = "facestats-out"


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
        0 all read; 2 an input does not exist; 3 an input could not be read, or not to its end.
    """

    store: Store
    video_ids: tuple[str, ...]
    analyzed: tuple[str, ...]
    problems: tuple[str, ...]
    copies: tuple[str, ...]
    exit_code: int

    def _repr_html_(self) -> str:
        return hooks.call("collection_html", self)


@takes(AnalyzeOptions, RunOptions)
def analyze_collection(
    inputs: Sequence[str | os.PathLike[str]] | str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] = DEFAULT_OUT,
    progress: bool | None = None,
    on_frame: FrameCallback | None = None,
    **options: Unpack[CollectionKeywords],
) -> CollectionResult:
    """Analyse everything that the inputs name into one store.

    What the store has already, of the same content, analysed with the same options and models, is left as it is: so the
    same call goes on where one that was stopped had come to. An input that fails is recorded in the ``videos`` table
    with its reason, and the others go on.

    Parameters
    ----------
    inputs : str, path, or sequence of those
        See :func:`facestats.video.discovery.discover`.
    out : str or path
        The store's folder, or address; made if absent.
    progress : bool, optional
        Show progress bars; by default where there is someone to see them.
    on_frame : callable, optional
        See :data:`facestats.analysis.sampling.FrameCallback`; everything is done in this process then.
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
    settings, how = from_keywords(options)
    settings = _with_absolute_paths(settings)
    if how.scheduler is not None and on_frame is not None:
        raise UsageError("--scheduler has workers of its own: leave --show out")
    found, problems = _found(inputs, settings)
    stages = load_stages(settings)
    store = create_store(os.fspath(out))
    with locked(store.path):
        store.sweep()
        begin_run(store, [item.shown for item in found if not item.is_live])
        # What is live cannot wait, and Ctrl-C ends it; a window shows what happens in this process.
        here = [item for item in found if item.is_live or on_frame is not None]
        elsewhere = [item for item in found if item not in here]
        n = _n_workers(how.workers, elsewhere, store) if how.scheduler is None else None
        with Bars(len(found), progress=progress) as bars:
            run = _Run(store, settings, stages, found, bars, how)
            if n == 0:
                run.here(found, on_frame)
            else:
                with _crew(n, how.scheduler, settings, how.timeout, _in_memory(elsewhere, store)) as crew:
                    run.side_by_side(elsewhere, crew)
                run.here(here, on_frame)
        run.flag_missing(inputs)
        if isinstance(store.path, Path):  # elsewhere another run may be at it
            remove(store.path / STRETCHES)
    problems += run.problems
    return CollectionResult(
        store=store,
        video_ids=tuple(run.video_ids),
        analyzed=tuple(run.analyzed),
        problems=tuple(problems),
        copies=tuple(run.copies),
        exit_code=2 if len(problems) > len(run.problems) else 3 if problems else 0,
    )


@takes(AnalyzeOptions, RunOptions)
def plan_collection(
    inputs: Sequence[str | os.PathLike[str]] | str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] = DEFAULT_OUT,
    **options: Unpack[CollectionKeywords],
) -> list[Task]:
    """Return what :func:`analyze_collection` would do with each input, and why, without doing it.

    Parameters
    ----------
    inputs, out
        As there.
    **options
        As there.

    Raises
    ------
    MissingInputError, UsageError
        As there.

    Examples
    --------
    >>> [task.action for task in plan_collection(["videos/"], out="store")]  # doctest: +SKIP
    ['analyze', 'skip']
    """
    settings, how = from_keywords(options)
    found, _ = _found(inputs, settings)
    stages = load_stages(settings)
    known: dict[str, Any] = {}
    entries: dict[str, Entry] = {}
    if (location(os.fspath(out)) / "store.json").is_file():
        store = open_store(os.fspath(out))
        entries, known = store.entries(), {"lacks": store.lacks}
    planner = Planner(entries, settings, stages.models, force=how.force, retry_failed=how.retry_failed, **known)
    return [planner.decide(item, planner.known_content(item) or content_of(item)) for item in found]


def _found(
    inputs: Sequence[str | os.PathLike[str]] | str | os.PathLike[str], settings: AnalyzeOptions
) -> tuple[list[Input], list[str]]:
    """Return the inputs that are there, and a line for each that is not."""
    arguments = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    discovery = discover([os.fspath(argument) for argument in arguments], sequence=settings.sequence)
    if not discovery.inputs:
        raise MissingInputError("; ".join(str(error) for error in discovery.missing) or "no inputs: name at least one")
    # A store outlives the folder in which it was made, and others must find the videos too.
    found = [
        item if item.is_live or is_remote(item.path) else replace(item, path=os.path.abspath(item.path))  # noqa: PTH100
        for item in discovery.inputs
    ]
    return found, [str(error) for error in discovery.missing]


def _with_absolute_paths(options: AnalyzeOptions) -> AnalyzeOptions:
    """Return options that mean the same wherever the work is done."""
    detector = options.detector
    return replace(
        options,
        models_path=tuple(str(Path(folder).absolute()) for folder in options.models_path),
        detector=str(Path(detector).absolute()) if Path(detector).is_file() else detector,
    )


def _crew(
    n: int | None, scheduler: str | None, settings: AnalyzeOptions, timeout_s: float, in_memory: bool
) -> AbstractContextManager[Crew]:
    if scheduler is None:
        return Workers(n, settings, timeout_s=timeout_s)
    if in_memory:
        raise UsageError("memory:// is seen by this process alone: leave --scheduler out")
    try:
        from facestats.batch.cluster import Cluster
    except ModuleNotFoundError as error:
        raise UsageError(f"a cluster needs dask ({error}): pip install 'facestats[cluster]'") from None
    return Cluster(scheduler, settings, timeout_s=timeout_s)


def _n_workers(wanted: int | None, items: Sequence[Input], store: Store) -> int:
    """Return how many processes to start; 0 if everything is done in this one."""
    if _in_memory(items, store):
        if wanted:
            raise UsageError("memory:// is seen by this process alone: use --workers 0")
        return 0
    if wanted is not None:
        return wanted
    # A single short video does best with all cores in this process.
    several = len(items) > 1 or any(is_long(item.path) for item in items if not item.is_sequence)
    return default_workers() if several else 0


def _in_memory(items: Sequence[Input], store: Store) -> bool:
    """Say whether anything lies in the memory of this process, where no other one sees it."""
    return any(path.startswith("memory:") for path in (str(store.path), *(item.path for item in items)))


class _Run:
    """One run over a collection: what was decided, done and noticed so far."""

    def __init__(
        self,
        store: Store,
        settings: AnalyzeOptions,
        stages: Stages,
        found: Sequence[Input],
        bars: Bars,
        how: RunOptions,
    ) -> None:
        self.store, self._settings, self._stages, self._bars = store, settings, stages, bars
        # Inputs not looked at yet; those whose turn to be decided about has not come, and what is known of these; and
        # what is decided.
        self._waiting: deque[Input] = deque()
        self._undecided: deque[Input] = deque()
        self._answers: dict[str, Content | Lost] = {}
        self._ready: deque[Unit] = deque()
        self._order = {item.path: number for number, item in enumerate(found)}
        self._entries = store.entries()
        self._planner = Planner(
            self._entries,
            settings,
            stages.models,
            lacks=store.lacks,
            force=how.force,
            retry_failed=how.retry_failed,
        )
        self._ids: dict[int, str] = {}
        self._problems: dict[int, list[str]] = {}
        self._copies: dict[int, str] = {}
        self._owner: dict[str, str] = {}  # by path, the video that was found there
        self._copied: dict[str, Task] = {}  # by video, the last of its copies: the one that knows all places
        self.analyzed: list[str] = []

    @property
    def video_ids(self) -> list[str]:
        return list(dict.fromkeys(self._ids[number] for number in sorted(self._ids)))

    @property
    def problems(self) -> list[str]:
        return [line for number in sorted(self._problems) for line in self._problems[number]]

    @property
    def copies(self) -> list[str]:
        return [self._copies[number] for number in sorted(self._copies)]

    # -- deciding --------------------------------------------------------------------------------------------------

    def take(self) -> Input | Unit | None:
        """Return the next input that must be read to be known, or analysed."""
        while not self._ready and self._waiting:
            item = self._waiting.popleft()
            self._undecided.append(item)
            content = self._planner.known_content(item)
            if content is None:
                return item
            self.read(item, content)
        return self._ready.popleft() if self._ready else None

    def read(self, item: Input, answer: Content | Lost) -> None:
        """Note what an input holds, and decide about all up to the first of which that is not known yet.

        In the order of the inputs: the first of several copies gives its name, whichever is read first.
        """
        self._answers[item.path] = answer
        while self._undecided and self._undecided[0].path in self._answers:
            item = self._undecided.popleft()
            answer = self._answers.pop(item.path)
            # One that could not even be read in time has no content by which it could be known.
            unit = self._decide(item, answer if isinstance(answer, Content) else Content(None))
            if unit is not None and isinstance(answer, Lost):
                self.give_up(unit, answer.why)
            elif unit is not None:
                self._ready.append(unit)

    def _decide(self, item: Input, content: Content) -> Unit | None:
        """Return the work that an input needs; None if it needs none."""
        task = self._planner.decide(item, content)
        number = self._order[item.path]
        if content.sha256 is not None:
            unread = new_video_id(item, None)
            if self._entries.pop(unread, None) is not None:  # now it can be read, and is known by its content
                self.store.forget(unread)
        self._ids[number] = task.video_id
        self._owner[item.shown] = task.video_id
        if task.action == "copy":
            self._copies[number] = f"{item.shown} is {task.reason}: analysed once"
            self._copied[task.video_id] = task
        elif task.action == "skip":
            entry = self._entries[task.video_id]
            self.store.note(entry, paths=task.paths, files=task.files, missing_since=None)
            if entry.status != "ok":
                why = task.reason if entry.status == "failed" else entry.error
                self._problems[number] = [f"{item.shown}: {why}"]
        else:
            # What lies elsewhere is fetched by whoever works on it, which is worth the while once.
            may_split = not (item.is_live or item.is_sequence or is_remote(item.path))
            return Unit(task, self._settings, str(self.store.path.absolute()), may_split)
        self._bars.finish(item.shown)
        return None

    def done(self, unit: Unit, outcome: Outcome) -> None:
        """Note what became of a video."""
        item = unit.task.item
        self.analyzed.append(unit.task.video_id)
        _log.info("%s: %s", item.shown, "; ".join((outcome.entry.status, *outcome.trouble)))
        if outcome.trouble:
            self._problems[self._order[item.path]] = [f"{item.shown}: {line}" for line in outcome.trouble]
        self._bars.finish(item.shown)

    def give_up(self, unit: Unit, why: str) -> None:
        """Note that a video cannot be analysed."""
        self.done(unit, give_up(unit, self._stages, why))

    # -- working ---------------------------------------------------------------------------------------------------

    def here(self, items: Sequence[Input], on_frame: FrameCallback | None) -> None:
        """Do everything in this process."""
        self._waiting.extend(items)
        while (work := self.take()) is not None:
            if isinstance(work, Input):
                self.read(work, content_of(work))
            else:
                report = partial(self._bars.report, work.task.item.shown)
                self.done(work, do(replace(work, may_split=False), self._stages, report, on_frame))

    def side_by_side(self, items: Sequence[Input], crew: Crew) -> None:
        """Let others do the work."""
        self._waiting.extend(items)
        dispatch(crew, self, self._bars)

    # -- afterwards ------------------------------------------------------------------------------------------------

    def flag_missing(self, inputs: Sequence[str | os.PathLike[str]] | str | os.PathLike[str]) -> None:
        """Note where copies are, and which videos have disappeared from the folders that were looked through."""
        entries = self.store.entries()
        for task in self._copied.values():
            if (entry := entries.get(task.video_id)) is not None:
                entries[task.video_id] = self.store.note(entry, paths=task.paths, files=task.files)
        arguments = [inputs] if isinstance(inputs, str | os.PathLike) else inputs
        roots = [_root(os.fspath(argument)) for argument in arguments]
        for entry in entries.values():
            gone = [
                path
                for path in entry.paths
                if self._owner.get(path, entry.video_id) != entry.video_id
                or (path not in self._owner and path.startswith(tuple(roots)) and not is_there(path))
            ]
            if not gone or len(gone) < len(entry.paths):
                continue
            if entry.status == "failed" and all(path in self._owner for path in gone):
                self.store.forget(entry.video_id)  # another content has taken its place, and it has no results
            elif entry.missing_since is None:
                self.store.note(entry, missing_since=now())


def _root(argument: str) -> str:
    """Return what the paths of all inputs begin with that an argument names."""
    place = argument if is_remote(argument) else os.path.abspath(argument)  # noqa: PTH100
    parts = place.split("/")
    plain = list(itertools.takewhile(lambda part: not glob.has_magic(part), parts))
    return "/".join(plain).rstrip("/") + ("/" if len(plain) < len(parts) or not Path(argument).is_file() else "")
