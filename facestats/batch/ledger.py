"""What became of each input of a run: ids, problems, copies; and what of it the store notes."""

from __future__ import annotations

import glob
import itertools
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from facestats._util.locations import is_remote
from facestats.analysis.pipeline import failed_result
from facestats.analysis.progress import Bars, Progress
from facestats.analysis.stages import Stages
from facestats.batch.answers import Outcome
from facestats.batch.plan import Action, Drawing, Task, changed
from facestats.batch.underway import UnderWay
from facestats.store.forget import remove_videos
from facestats.store.manifest import Entry, now, read_entry
from facestats.store.published import unpublish
from facestats.store.store import Store
from facestats.video import is_live
from facestats.video.discovery import Input
from facestats.video.identity import is_there, new_video_id

_log = logging.getLogger(__name__)


class Ledger:
    """Notes what is decided about each input of a run and what became of it.

    Parameters
    ----------
    store : Store
    stages : Stages
        Whose options and models a failure is recorded with.
    found : sequence of Input
        In the order of the run, which is that of the problems and ids.
    bars : Bars
    way : UnderWay
        Both are told how far each input is.

    Attributes
    ----------
    analyzed, drawn, done_before, failed_before : list of str
        The videos that were analysed; those of which only the clip or the thumbnails were made anew; and those that the
        store had already, read or failed.
    kept_out : list of str
        The inputs that were forgotten before.

    Examples
    --------
    >>> ledger = Ledger(store, stages, found, bars, way)  # doctest: +SKIP
    >>> ledger.problems  # doctest: +SKIP
    []
    """

    def __init__(self, store: Store, stages: Stages, found: Sequence[Input], bars: Bars, way: UnderWay) -> None:
        self._store, self._stages, self._bars, self._way = store, stages, bars, way
        self._entries = store.entries(current=False)
        self._order = {item.path: number for number, item in enumerate(found)}
        self._ids: dict[int, str] = {}
        self._problems: dict[int, list[str]] = {}
        self._copies: dict[int, str] = {}
        self._owner: dict[str, str] = {}  # by path, the video that was found there
        self._copied: dict[str, Task] = {}  # by video, the last of its copies: the one that knows all places
        self.analyzed: list[str] = []
        self.drawn: list[str] = []
        self.done_before: list[str] = []
        self.failed_before: list[str] = []
        self.kept_out: list[str] = []

    @property
    def entries(self) -> Mapping[str, Entry]:
        """What the store had when the run began, by video."""
        return self._entries

    @property
    def video_ids(self) -> list[str]:
        """The videos of the run, in the order of the inputs, each once."""
        return list(dict.fromkeys(self._ids[number] for number in sorted(self._ids)))

    @property
    def problems(self) -> list[str]:
        """One line for each thing that went wrong, in the order of the inputs."""
        return [line for number in sorted(self._problems) for line in self._problems[number]]

    @property
    def copies(self) -> list[str]:
        """One line for each input that is a copy."""
        return [self._copies[number] for number in sorted(self._copies)]

    # -- during the run --------------------------------------------------------------------------------------------

    def decided(self, task: Task) -> None:
        """Note what is to be done with an input; copies and what is skipped are done by that."""
        item, number = task.item, self._order[task.item.path]
        if task.action is Action.KEEP_OUT:
            self._owner[item.shown] = ""
            self.kept_out.append(item.shown)
            self._done(item, worked=False)
            return
        self._ids[number] = task.video_id
        if task.content.sha256 is not None:  # of what cannot be read nobody knows whether it is another
            self._owner[item.shown] = task.video_id
            ghost = self._entries.pop(new_video_id(item, None), None)
            if ghost is not None:  # now it can be read, and is known by its content
                remove_videos(self._store.path, [ghost])
        self._hide(task)
        if task.action is Action.COPY:
            self._copies[number] = f"{item.shown} is {task.reason}: analysed once"
            self._copied[task.video_id] = task
            self._done(item, worked=False)
        elif task.action is Action.SKIP:
            entry = self._entries[task.video_id]
            self._store.note(entry, paths=task.paths, files=task.files, missing_since=None, replaced_since=None)
            (self.failed_before if entry.status == "failed" else self.done_before).append(task.video_id)
            if entry.status != "ok" and entry.acknowledged is None:
                why = task.reason if entry.status == "failed" else entry.error
                self._problems[number] = [f"{item.shown}: {why}"]
            self._done(item, worked=False)

    def _hide(self, task: Task) -> None:
        """Take away the reports on a video that show what the options hide from now on: they would outlive its clip."""
        entry = self._entries.get(task.video_id)
        if entry is None or task.action not in (Action.ANALYZE, Action.DRAW):
            return
        if Drawing.of(self._stages.options.to_dict()).hides(Drawing.of(entry.options)):
            unpublish(self._store.path, [task.video_id], alone=True)

    def finished(self, task: Task, outcome: Outcome) -> None:
        """Note what became of a video."""
        item, before = task.item, self._entries.get(task.video_id)
        (self.drawn if task.action is Action.DRAW else self.analyzed).append(task.video_id)
        _log.info("%s: %s", item.shown, "; ".join((outcome.entry.status, *outcome.trouble)))
        is_known = before is not None and before.acknowledged is not None and before.error == outcome.entry.error
        if is_known:  # the same trouble with the same content: whoever has said so need not say so again
            self._store.note(outcome.entry, acknowledged=before.acknowledged)
        if outcome.trouble and not (is_known and outcome.trouble == (outcome.entry.error,)):
            self._problems[self._order[item.path]] = [f"{item.shown}: {line}" for line in outcome.trouble]
        self._done(item, worked=True)

    def give_up(self, task: Task, why: str) -> None:
        """Record a video as failed; or leave it, if its tables are there already and only its clip was not drawn.

        Raises
        ------
        OutputError
            If the store cannot be written.
        """
        options, models = self._stages.options.to_dict(), self._stages.models
        entry = read_entry(self._store.path, task.video_id)
        has_tables = entry is not None and entry.status != "failed" and entry.sha256 == task.content.sha256 is not None
        is_new = has_tables and entry.run != task.run_before  # written since the task was decided upon
        if has_tables and changed(entry, options, models) is None and (task.action is Action.DRAW or is_new):
            self.finished(task, Outcome(entry, (f"no clip: {why}",)))
            return
        self._store.drop_clip(task.video_id)
        entry = self._store.write(
            failed_result(task.identity, task.item.shown, why, datetime.now(UTC)),
            paths=task.paths,
            files=task.files,
            options=options,
            models=models,
            tries=task.tries + 1,
        )
        self.finished(task, Outcome(entry, (why,)))

    def progressed(self, item: Input, progress: Progress) -> None:
        """Show how far an input is."""
        self._bars.report(item.shown, progress)
        self._way.progressed(item.shown, progress)

    def _done(self, item: Input, *, worked: bool) -> None:
        self._bars.finish(item.shown)
        self._way.finished(item.shown, worked=worked)

    # -- afterwards ------------------------------------------------------------------------------------------------

    def note_places(self, arguments: Sequence[str]) -> None:
        """Note in the store where copies are, which videos have gone, and which ones other content has replaced.

        Parameters
        ----------
        arguments : sequence of str
            What the run was given: files, folders, patterns, addresses.
        """
        entries = self._store.entries(current=False)
        for task in self._copied.values():
            if (entry := entries.get(task.video_id)) is not None:
                entries[task.video_id] = self._store.note(entry, paths=task.paths, files=task.files)
        roots = tuple(_root(argument) for argument in arguments)
        for entry in entries.values():
            gone = list(self._gone(entry, roots))
            if not gone or not entry.counts:
                continue
            taken = [path for path in gone if path in self._owner]
            if len(gone) < len(entry.paths):
                left = tuple(path for path in entry.paths if path not in taken)
                files = {path: mark for path, mark in entry.files.items() if path in left}
                self._store.note(entry, paths=left, files=files)
            elif taken and self._is_worthless(entry, entries):
                remove_videos(self._store.path, [entry])
            elif taken:
                self._store.note(entry, replaced_since=now(), missing_since=None, files={})
            elif entry.missing_since is None:
                self._store.note(entry, missing_since=now())

    def _is_worthless(self, entry: Entry, entries: Mapping[str, Entry]) -> bool:
        """Say whether what is now at the places of a video makes it worthless: it had failed, or was a part.

        What was found in a part of a file is left as long as the whole of it cannot be read.
        """
        now_there = [entries.get(self._owner[path]) for path in entry.paths if path in self._owner]
        is_better = any(each is not None and each.status != "failed" for each in now_there)
        return entry.status == "failed" or (entry.status == "partial" and is_better)

    def _gone(self, entry: Entry, roots: tuple[str, ...]) -> Iterator[str]:
        for path in entry.paths:
            if is_live(path):  # each recording of a camera is another
                continue
            if path in self._owner:
                is_gone = self._owner[path] != entry.video_id
            else:
                is_gone = path.startswith(roots) and not is_there(path)
            if is_gone:
                yield path


def _root(argument: str) -> str:
    """Return what the paths of all inputs begin with that an argument names."""
    place = argument if is_remote(argument) else os.path.abspath(argument)  # noqa: PTH100
    parts = place.split("/")
    plain = list(itertools.takewhile(lambda part: not glob.has_magic(part), parts))
    return "/".join(plain).rstrip("/") + ("/" if len(plain) < len(parts) or not Path(argument).is_file() else "")
