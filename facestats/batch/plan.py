"""What is to be done with each input of a collection, and why: analyse it, draw it, or leave what the store has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from facestats.options import AnalyzeOptions, differences
from facestats.store.lacks import Part, lost_words
from facestats.store.manifest import Entry
from facestats.video.discovery import Input
from facestats.video.identity import Content, Identity, file_mark, is_there, new_video_id


class Action(StrEnum):
    """What is to be done with an input."""

    ANALYZE = "analyze"
    DRAW = "draw"  # its tables stay; its clip or its thumbnails are made from them, or deleted
    SKIP = "skip"  # the store has all of it
    COPY = "copy"  # of another input of this run
    KEEP_OUT = "keep out"  # it was forgotten
    WAIT = "wait"  # it may still be written


_MEANINGS = {
    Action.ANALYZE: "to analyse",
    Action.DRAW: "to draw only",
    Action.SKIP: "done before",
    Action.COPY: "a copy",
    Action.WAIT: "left for the next run",
    Action.KEEP_OUT: "forgotten",
}
_FAILED_BEFORE = "failed before"

#: All that :attr:`Task.meaning` may say, in the order in which it is counted up.
MEANINGS = (*list(_MEANINGS.values())[:3], _FAILED_BEFORE, *list(_MEANINGS.values())[3:])


@dataclass(frozen=True)
class Task:
    """What is to be done with one input.

    Attributes
    ----------
    item : Input
    video_id : str
    content : Content
    action : Action
    reason : str
        Why, in a few words for people.
    paths : tuple of str
        Where the video is to be found, this input first.
    files : mapping of str to str
        By path, its mark, see :class:`facestats.video.identity.Content`.
    tries : int
        How often it has failed.
    run_before : str
        Name of the tables that the store had of it; empty if none.
    failed : bool
        Whether it failed the last time.
    """

    item: Input
    video_id: str
    content: Content
    action: Action
    reason: str
    paths: tuple[str, ...]
    files: Mapping[str, str]
    tries: int = 0
    run_before: str = ""
    failed: bool = False

    @property
    def meaning(self) -> str:
        """What is to be done, in words that count: ``"3 to analyse"``."""
        return _FAILED_BEFORE if self.action is Action.SKIP and self.failed else _MEANINGS[self.action]

    @property
    def identity(self) -> Identity:
        """What the video is called in every table."""
        return Identity(self.video_id, self.content.sha256)


class Planner:
    """Decides what to do with one input after the other; one instance for each run.

    Parameters
    ----------
    entries : mapping of str to Entry
        What the store has.
    options : AnalyzeOptions
    models : mapping
        Name and sha256 by attribute, those of the detector too.
    lacks : callable
        Says of an entry which part of its video the store has lost; None if it has all.
    force : bool
        Analyse everything, whatever the store has.
    retry_failed : bool
        Analyse again what failed before.
    kept_out : collection of str
        Hashes of contents that were forgotten.

    Examples
    --------
    >>> planner = Planner({}, AnalyzeOptions(), {})
    >>> planner.decide(Input("a.mp4"), Content("0123456789")).reason
    'new'
    >>> planner.decide(Input("b.mp4"), Content("0123456789")).action.value
    'copy'
    """

    def __init__(
        self,
        entries: Mapping[str, Entry],
        options: AnalyzeOptions,
        models: Mapping[str, Mapping[str, str]],
        *,
        lacks: Callable[[Entry], Part | None] = lambda entry: None,
        force: bool = False,
        retry_failed: bool = False,
        kept_out: Collection[str] = (),
    ) -> None:
        self._kept_out = kept_out
        self._entries = dict(entries)
        self._ids = {entry.sha256: entry.video_id for entry in entries.values() if entry.sha256}
        self._known_files = {
            path: (mark, entry.sha256) for entry in entries.values() for path, mark in entry.files.items() if mark
        }
        self._options, self._models = options.to_dict(), models
        self._lacks = lacks
        self._force, self._retry_failed = force, retry_failed
        self._decided: dict[str, Task] = {}

    def known_content(self, item: Input) -> Content | None:
        """Return the content of a file that has not changed since it was last read; None if it must be read."""
        mark, sha256 = self._known_files.get(item.shown, ("", None))
        return Content(sha256, mark) if mark and sha256 and mark == file_mark(item) else None

    def decide(self, item: Input, content: Content) -> Task:
        """Return what to do with an input."""
        if content.sha256 in self._kept_out:
            why = "it was forgotten; `facestats forget STORE --let-in FILE` lets it in again"
            return Task(item, "", content, Action.KEEP_OUT, why, (), {})
        video_id = new_video_id(item, content.sha256)
        if content.sha256 is not None:
            video_id = self._ids.setdefault(content.sha256, video_id)
        entry, first = self._entries.get(video_id), self._decided.get(video_id)
        before = first.paths if first is not None else entry.paths if entry is not None else ()
        paths = (item.shown, *(path for path in before if path != item.shown and is_there(path)))
        files = {**(first.files if first else entry.files if entry else {}), item.shown: content.mark}
        files = {path: mark for path, mark in files.items() if path in paths and mark}
        if first is not None:
            paths = (*(path for path in paths if path != item.shown), item.shown)
            task = Task(item, video_id, content, Action.COPY, f"a copy of {first.item.shown}", paths, files)
        else:
            action, reason = self._action(entry, item)
            tries = entry.tries if entry is not None and entry.sha256 == content.sha256 else 0
            run_before = entry.run if entry is not None else ""
            failed = entry is not None and entry.status == "failed"
            task = Task(item, video_id, content, action, reason, paths, files, tries, run_before, failed)
        self._decided[video_id] = task
        return task

    def _action(self, entry: Entry | None, item: Input) -> tuple[Action, str]:
        """Return what to do with a video that is not a copy, and why."""
        if entry is None:
            return Action.ANALYZE, "new"
        if self._force:
            return Action.ANALYZE, "forced"
        if entry.sha256 is None:
            return Action.ANALYZE, "live" if item.is_live else "could not be read before"
        if entry.status == "failed" and self._retry_failed:
            return Action.ANALYZE, f"failed before ({entry.error})"
        if (why := changed(entry, self._options, self._models)) is not None:
            return Action.ANALYZE, why
        lost = self._lacks(entry)
        if lost is Part.TABLES:
            return Action.ANALYZE, lost_words(entry, lost, self._options)
        if entry.status == "failed":
            times = "once" if entry.tries <= 1 else f"{entry.tries} times"
            return Action.SKIP, f"failed {times} ({entry.error}); --retry-failed tries again"
        if (why := redrawn(entry, self._options)) is not None:
            return Action.DRAW, why
        if (why := lost_words(entry, lost, self._options)) != "":
            return Action.SKIP if lost is Part.CORRECTIONS and not self._options["clips"] else Action.DRAW, why
        return Action.SKIP, "done before"


def unsettled_reason(settle_s: float) -> str:
    """Return why a file is left for the next run.

    Examples
    --------
    >>> unsettled_reason(60)
    'it changed within the last 60 s and may still be written: the next run takes it'
    """
    return f"it changed within the last {settle_s:g} s and may still be written: the next run takes it"


def changed(entry: Entry, options: Mapping[str, Any], models: Mapping[str, Mapping[str, str]]) -> str | None:
    """Return what is different from when a video was analysed, so that other things would be found; None if nothing is.

    Examples
    --------
    >>> changed(Entry("a", "", "0", (), "ok", options={"rate": 5.0}), {"rate": 10.0}, {})
    'rate was 5.0, is 10.0'
    """
    for name, (before, after) in sorted(differences(entry.options, options).items()):
        return f"{name} was {before}, is {after}"
    for name in sorted({*entry.models, *models}):
        before, after = (mapping.get(name, {}) for mapping in (entry.models, models))
        if before.get("sha256") != after.get("sha256"):
            what = "the detector" if name == "detector" else f"the model of {name}"
            return f"{what} was {before.get('name', 'none')}, is {after.get('name', 'none')}" + (
                ", of other weights" if before.get("name") == after.get("name") else ""
            )
        if before.get("card", after.get("card")) != after.get("card"):
            return f"the card of the model of {name} has changed"
    return None


@dataclass(frozen=True)
class Drawing:
    """What is drawn or cut of a video.

    Attributes
    ----------
    clip : bool
    blur : bool
        Whether faces are unrecognisable in it.
    thumbnails : bool
        Whether there are any; never with ``blur``.

    Examples
    --------
    >>> Drawing.of({"blur": True})
    Drawing(clip=True, blur=True, thumbnails=False)
    """

    clip: bool
    blur: bool
    thumbnails: bool

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Drawing:
        """Return what these options ask for; those that are absent have their defaults."""
        known = {**AnalyzeOptions().to_dict(), **options}
        return cls(known["clips"], known["blur"], known["thumbnails"] and not known["blur"])

    def hides(self, before: Drawing) -> bool:
        """Whether something that was shown before is shown no longer.

        Examples
        --------
        >>> Drawing(True, True, False).hides(Drawing(True, False, True))
        True
        """
        return (
            (before.clip and not self.clip)
            or (self.blur and not before.blur)
            or (before.thumbnails and not self.thumbnails)
        )


def redrawn(entry: Entry, options: Mapping[str, Any]) -> str | None:
    """Return which options of drawing have changed since a video was drawn, and what follows; None if none has.

    Examples
    --------
    >>> redrawn(Entry("a", "", "0", (), "ok", options={"clips": True}), {"clips": False})
    'clips was True, is False: its clip is deleted'
    """
    differ = differences(entry.options, options, "drawn")
    if not differ:
        return None
    before, after = Drawing.of(entry.options), Drawing.of(options)
    follows = [
        words
        for holds, words in (
            (before.clip and not after.clip, "its clip is deleted"),
            (after.clip and (not before.clip or before.blur != after.blur), "its clip is drawn"),
            (before.thumbnails and not after.thumbnails, "its thumbnails are deleted"),
            (after.thumbnails and not before.thumbnails, "its thumbnails are cut"),
        )
        if holds
    ]
    why = ", ".join(f"{name} was {old}, is {new}" for name, (old, new) in sorted(differ.items()))
    return f"{why}: {', '.join(follows) or 'this is noted'}"
