"""Many videos into one store: what is to be done, here or by several processes; failures stay where they are."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from facestats.errors import MissingInputError, UsageError
from facestats.inputs import Input, discover
from facestats.locations import is_remote, location
from facestats.locking import locked
from facestats.looking import FrameCallback
from facestats.manifest import Entry
from facestats.options import AnalyzeOptions
from facestats.plan import Content, Planner, Task, content_of, new_video_id
from facestats.progress import Bars
from facestats.results import VideoResult
from facestats.stages import Stages, load_stages
from facestats.store import CLIP_SUFFIXES, Store, create_store, now, open_store, safe_stem
from facestats.work import Outcome, Unit, analyzing, do, draw, give_up, recorded

#: Where results go unless ``--out`` says otherwise.
DEFAULT_OUT = "facestats-out"

#: A worker that says nothing for so long, in seconds, while it works on a video, is stopped.
DEFAULT_TIMEOUT_S = 300.0


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


def analyze(
    path: str | os.PathLike[str],
    *,
    clip: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
    **options: Any,
) -> VideoResult:
    """Analyse one video, image, folder of images (as a sequence), camera or stream.

    Parameters
    ----------
    path : str or path
        A file, a folder of images, ``"camera:0"`` or a URL.
    clip : str or path, optional
        Also write the annotated clip (or still) there; the suffix ``.mp4`` or ``.png`` is put right.
    progress : bool, optional
        Show a progress bar; by default where there is someone to see it.
    **options
        The fields of :class:`facestats.options.AnalyzeOptions`.

    Returns
    -------
    VideoResult
        ``.videos``, ``.frames``, ``.observations``, ``.tracks`` and ``.thumbnails`` are plain DataFrames.

    Raises
    ------
    MissingInputError
        If the path does not exist, or is a folder without images.
    UnreadableInputError
        If nothing of it could be read.
    UsageError
        If an option is wrong.

    Examples
    --------
    >>> import facestats as fs
    >>> fs.analyze("clip.mp4", rate=5).tracks  # doctest: +SKIP
    """
    settings = AnalyzeOptions.from_keywords(**options)
    path = os.fspath(path)
    out = None if clip is None else _without_clip_suffix(Path(clip))
    if out is not None and Path(path).resolve() in {Path(f"{out}{suffix}").resolve() for suffix in CLIP_SUFFIXES}:
        raise UsageError(f"the clip would overwrite {path} itself: name another file")
    item = Input(path, is_sequence=Path(path).is_dir())
    if not item.is_live and not Path(path).exists():
        raise MissingInputError(f"{path} does not exist: check the path")
    stages = load_stages(settings)
    sha256 = content_of(item).sha256
    video_id, name = new_video_id(item, sha256), safe_stem(item.shown)
    with Bars(1, progress=progress) as bars, recorded(item) as recording:

        def report(doing: str, n_done: int, n_expected: int | None) -> None:
            bars.report(0, name, doing, n_done, n_expected)

        with analyzing(item, video_id, sha256, stages, settings, report, recording=recording if out else None) as found:
            result = found.collected()
        if out is None:
            return result
        return replace(result, clip=draw(item, result, out, stages, settings, report, recording))


def analyze_collection(
    inputs: Sequence[str | os.PathLike[str]] | str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] = DEFAULT_OUT,
    workers: int | None = None,
    timeout: float = DEFAULT_TIMEOUT_S,
    force: bool = False,
    retry_failed: bool = False,
    progress: bool | None = None,
    on_frame: FrameCallback | None = None,
    **options: Any,
) -> CollectionResult:
    """Analyse everything that the inputs name into one store.

    What the store has already, of the same content, analysed with the same options and models, is left as it is: so the
    same call goes on where one that was stopped had come to. An input that fails is recorded in the ``videos`` table
    with its reason, and the others go on.

    Parameters
    ----------
    inputs : str, path, or sequence of those
        See :func:`facestats.inputs.discover`.
    out : str or path
        The store's folder, or address; made if absent.
    workers : int, optional
        How many processes work on videos side by side; by default what does best on this machine if there are several
        videos, and none for a single one. 0: all is done in this process, where a decoder that crashes ends the run.
    timeout : float
        A video whose worker makes no progress for so many seconds is given up.
    force : bool
        Analyse everything anew.
    retry_failed : bool
        Analyse again what failed before.
    progress : bool, optional
        Show progress bars; by default where there is someone to see them.
    on_frame : callable, optional
        See :data:`facestats.looking.FrameCallback`; everything is done in this process then.
    **options
        The fields of :class:`facestats.options.AnalyzeOptions`.

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
    settings = AnalyzeOptions.from_keywords(**options)
    if workers is not None and workers < 0:
        raise UsageError(f"--workers must be 0 or more, not {workers}")
    if not timeout > 0:
        raise UsageError(f"--timeout must be more than 0 seconds, not {timeout}")
    found, problems = _found(inputs, settings)
    stages = load_stages(settings)
    store = create_store(os.fspath(out))
    with locked(store.path):
        store.sweep()
        run = _Run(store, settings, stages, found, force=force, retry_failed=retry_failed)
        # What is live cannot wait, and Ctrl-C ends it; a window shows what happens in this process.
        here = [item for item in found if item.is_live or on_frame is not None]
        elsewhere = [item for item in found if item not in here]
        n = _n_workers(workers, elsewhere, store)
        with Bars(len(found), progress=progress) as bars:
            if n == 0:
                run.here(found, bars, on_frame)
            else:
                run.side_by_side(elsewhere, n, timeout, bars)
                run.here(here, bars, on_frame)
        run.flag_missing(inputs)
    problems += run.problems
    return CollectionResult(
        store=store,
        video_ids=tuple(run.video_ids),
        analyzed=tuple(run.analyzed),
        problems=tuple(problems),
        copies=tuple(run.copies),
        exit_code=2 if len(problems) > len(run.problems) else 3 if problems else 0,
    )


def plan_collection(
    inputs: Sequence[str | os.PathLike[str]] | str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] = DEFAULT_OUT,
    force: bool = False,
    retry_failed: bool = False,
    **options: Any,
) -> list[Task]:
    """Return what :func:`analyze_collection` would do with each input, and why, without doing it.

    Raises
    ------
    MissingInputError, UsageError
        As there.

    Examples
    --------
    >>> [task.action for task in plan_collection(["videos/"], out="store")]  # doctest: +SKIP
    ['analyze', 'skip']
    """
    settings = AnalyzeOptions.from_keywords(**options)
    found, _ = _found(inputs, settings)
    stages = load_stages(settings)
    known: dict[str, Any] = {}
    entries: dict[str, Entry] = {}
    if (location(os.fspath(out)) / "store.json").is_file():
        store = open_store(os.fspath(out))
        entries, known = store.entries(), {"lacks": store.lacks}
    planner = Planner(entries, settings, stages.models, force=force, retry_failed=retry_failed, **known)
    return [planner.decide(item, planner.known_content(item) or content_of(item)) for item in found]


def _found(
    inputs: Sequence[str | os.PathLike[str]] | str | os.PathLike[str], settings: AnalyzeOptions
) -> tuple[list[Input], list[str]]:
    """Return the inputs that are there, and a line for each that is not."""
    arguments = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    discovery = discover([os.fspath(argument) for argument in arguments], sequence=settings.sequence)
    if not discovery.inputs:
        raise MissingInputError("; ".join(str(error) for error in discovery.missing) or "no inputs: name at least one")
    return list(discovery.inputs), [str(error) for error in discovery.missing]


def _n_workers(wanted: int | None, items: Sequence[Input], store: Store) -> int:
    """Return how many processes to start; 0 if everything is done in this one."""
    from facestats.workers import default_workers

    # What lies in the memory of this process cannot be seen from another one.
    inside = [str(store.path), *(item.path for item in items)]
    if any(path.startswith("memory:") for path in inside):
        if wanted:
            raise UsageError("memory:// is seen by this process alone: use --workers 0")
        return 0
    if wanted is None:
        return min(default_workers(), len(items)) if len(items) > 1 else 0
    return min(wanted, max(1, len(items)))


class _Run:
    """One run over a collection: what was decided, done and noticed so far."""

    def __init__(
        self,
        store: Store,
        settings: AnalyzeOptions,
        stages: Stages,
        found: Sequence[Input],
        *,
        force: bool,
        retry_failed: bool,
    ) -> None:
        self.store, self._settings, self._stages = store, settings, stages
        self._order = {item.path: number for number, item in enumerate(found)}
        self._entries = store.entries()
        self._planner = Planner(
            self._entries,
            settings,
            stages.models,
            lacks=store.lacks,
            force=force,
            retry_failed=retry_failed,
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

    def _decide(self, item: Input, content: Content) -> Unit | None:
        """Return the work that an input needs; None if it needs none."""
        task = self._planner.decide(item, content)
        number = self._order[item.path]
        self._ids[number] = task.video_id
        self._owner[item.shown] = task.video_id
        if task.action == "copy":
            self._copies[number] = f"{item.shown} is {task.reason}: analysed once"
            self._copied[task.video_id] = task
            return None
        if task.action == "skip":
            entry = self._entries[task.video_id]
            self.store.note(entry, paths=task.paths, files=task.files, missing_since=None)
            if entry.status == "failed":
                self._problems[number] = [f"{item.shown}: {task.reason}"]
            elif entry.status == "partial":
                self._problems[number] = [f"{item.shown}: {entry.error}"]
            return None
        return Unit(task, self._settings, str(self.store.path))

    def _done(self, unit: Unit, outcome: Outcome) -> None:
        item = unit.task.item
        self.analyzed.append(unit.task.video_id)
        if outcome.trouble:
            self._problems[self._order[item.path]] = [f"{item.shown}: {line}" for line in outcome.trouble]

    # -- working ---------------------------------------------------------------------------------------------------

    def here(self, items: Sequence[Input], bars: Bars, on_frame: FrameCallback | None) -> None:
        """Do everything in this process."""
        for item in items:
            unit = self._decide(item, self._planner.known_content(item) or content_of(item))
            if unit is not None:
                name = safe_stem(item.shown)
                outcome = do(unit, self._stages, lambda *told, name=name: bars.report(0, name, *told), on_frame)
                self._done(unit, outcome)
                bars.finish(0)
            bars.advance()

    def side_by_side(self, items: Sequence[Input], n: int, timeout_s: float, bars: Bars) -> None:
        """Let several processes do the work."""
        from facestats.workers import Lost, Workers

        waiting, busy = deque(items), 0

        def next_work() -> Input | Unit | None:
            """Return what an idle worker can do: read an input, or analyse one whose content is known."""
            while waiting:
                item = waiting.popleft()
                content = self._planner.known_content(item)
                if content is None:
                    return item
                unit = self._decide(item, content)
                if unit is not None:
                    return unit
                bars.advance()
            return None

        first = list(_taken(next_work, n))
        if not first:
            return
        with Workers(len(first), self._settings, timeout_s=timeout_s) as workers:
            for number, what in enumerate(first):
                workers.give(number, what)
                busy += 1
            while busy:
                number, what, answer = workers.next()
                if isinstance(answer, tuple):
                    bars.report(number, safe_stem(what.task.item.shown), *answer)
                    continue
                busy -= 1
                further = None
                if isinstance(what, Input):
                    # One that could not even be read in time has no content by which it could be known.
                    content = answer if isinstance(answer, Content) else Content(None)
                    further = self._decide(what, content)
                    if further is not None and isinstance(answer, Lost):
                        self._give_up(further, answer.why)
                        further = None
                elif isinstance(answer, Lost):
                    self._give_up(what, answer.why)
                else:
                    self._done(what, answer)
                if further is None:
                    bars.finish(number)
                    bars.advance()
                    further = next_work()
                if further is not None:
                    workers.give(number, further)
                    busy += 1

    def _give_up(self, unit: Unit, why: str) -> None:
        self._done(unit, Outcome(give_up(unit, self._stages, why), (why,)))

    # -- afterwards ------------------------------------------------------------------------------------------------

    def flag_missing(self, inputs: Sequence[str | os.PathLike[str]] | str | os.PathLike[str]) -> None:
        """Note where copies are, and which videos have disappeared from the folders that were looked through."""
        entries = self.store.entries()
        for task in self._copied.values():
            if (entry := entries.get(task.video_id)) is not None:
                entries[task.video_id] = self.store.note(entry, paths=task.paths, files=task.files)
        arguments = [inputs] if isinstance(inputs, str | os.PathLike) else inputs
        folders = [Path(argument).resolve() for argument in map(os.fspath, arguments) if Path(argument).is_dir()]
        for entry in entries.values():
            gone = [
                path
                for path in entry.paths
                if self._owner.get(path, entry.video_id) != entry.video_id
                or (path not in self._owner and _lay_in(path, folders))
            ]
            if gone and len(gone) == len(entry.paths) and entry.missing_since is None:
                self.store.note(entry, missing_since=now())


def _taken(source: Any, n: int) -> Iterator[Any]:
    for _ in range(n):
        if (item := source()) is None:
            return
        yield item


def _lay_in(path: str, folders: Sequence[Path]) -> bool:
    """Say whether a path is one of these folders'."""
    if is_remote(path):
        return False
    try:
        return any(Path(path).resolve().is_relative_to(folder) for folder in folders)
    except (OSError, RuntimeError):  # a loop of links
        return False


def _without_clip_suffix(path: Path) -> Path:
    return path.with_suffix("") if path.suffix.lower() in CLIP_SUFFIXES else path
