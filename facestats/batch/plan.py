"""What is to be done with each input of a collection, and why: analyse it, or leave what the store has of it."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from facestats._util.locations import is_remote, location
from facestats.options import AnalyzeOptions
from facestats.store.manifest import Entry
from facestats.store.store import safe_stem
from facestats.video import shown
from facestats.video.discovery import Input, content_hash

#: Options that leave the results of a file as they are. Models are compared by what is in them, not by their names.
NO_MATTER = frozenset({"device", "limit_s", "models", "models_path", "detector"})

_SETTLED_S = 2.0  # a file that was changed more lately than this may change again without its clock showing it


@dataclass(frozen=True)
class Content:
    """What tells an input's content apart.

    Attributes
    ----------
    sha256 : str or None
        None for what is live, and for what cannot be read.
    mark : str
        Size and time of the file, as long as which are the same it is taken for unchanged; empty where that cannot be
        relied upon.
    """

    sha256: str | None
    mark: str = ""


def file_mark(item: Input) -> str:
    """Return the size and time of a file, empty for what is no file, or was changed a moment ago.

    Examples
    --------
    >>> file_mark(Input("camera:0"))
    ''
    """
    if item.is_live or item.is_sequence:
        return ""
    try:
        if is_remote(item.path):
            far = location(item.path)
            return str(far.fs.ukey(far.path))
        found = Path(item.path).stat()
    except OSError:
        return ""
    return f"{found.st_size} {found.st_mtime_ns}" if time.time() - found.st_mtime > _SETTLED_S else ""


def content_of(item: Input, report: Callable[[str, int, int | None], object] | None = None) -> Content:
    """Return what tells an input's content apart, reading all of it, and telling how many megabytes were read.

    Examples
    --------
    >>> content_of(Input("camera:0"))
    Content(sha256=None, mark='')
    """
    mark = file_mark(item)
    try:
        return Content(content_hash(item, report and (lambda n: report("read", n >> 20, None))), mark)
    except OSError:
        return Content(None)  # opening it will say why, where the failure is recorded


@dataclass(frozen=True)
class Task:
    """What is to be done with one input.

    Attributes
    ----------
    item : Input
    video_id : str
    content : Content
    action : str
        ``"analyze"``, ``"draw"`` (its clip alone is missing), ``"skip"`` (the store has it already), or ``"copy"`` (of
        another input of this run).
    reason : str
        Why, in a few words.
    paths : tuple of str
        Where the video is to be found, this input first.
    files : mapping of str to str
        By path, its mark, see :class:`Content`.
    tries : int
        How often it has failed.
    run_before : str
        Name of the tables that the store had of it; empty if none.
    """

    item: Input
    video_id: str
    content: Content
    action: str
    reason: str
    paths: tuple[str, ...]
    files: Mapping[str, str]
    tries: int = 0
    run_before: str = ""


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
        Says of an entry whether the store has lost its ``"tables"`` or its ``"clip"``; None if it has both.
    force : bool
        Analyse everything, whatever the store has.
    retry_failed : bool
        Analyse again what failed before.

    Examples
    --------
    >>> planner = Planner({}, AnalyzeOptions(), {})
    >>> planner.decide(Input("a.mp4"), Content("0123456789")).reason
    'new'
    >>> planner.decide(Input("b.mp4"), Content("0123456789")).action
    'copy'
    """

    def __init__(
        self,
        entries: Mapping[str, Entry],
        options: AnalyzeOptions,
        models: Mapping[str, Mapping[str, str]],
        *,
        lacks: Callable[[Entry], str | None] = lambda entry: None,
        force: bool = False,
        retry_failed: bool = False,
    ) -> None:
        self._entries = dict(entries)
        self._ids = {entry.sha256: entry.video_id for entry in entries.values() if entry.sha256}
        self._known_files = {
            path: (mark, entry.sha256) for entry in entries.values() for path, mark in entry.files.items() if mark
        }
        self._options, self._models = options.to_dict(), models
        self._lacks = lacks
        self._force, self._retry_failed = force, retry_failed
        self._done: dict[str, Task] = {}

    def known_content(self, item: Input) -> Content | None:
        """Return the content of a file that has not changed since it was last read; None if it must be read."""
        mark, sha256 = self._known_files.get(item.shown, ("", None))
        return Content(sha256, mark) if mark and sha256 and mark == file_mark(item) else None

    def decide(self, item: Input, content: Content) -> Task:
        """Return what to do with an input."""
        video_id = new_video_id(item, content.sha256)
        if content.sha256 is not None:
            video_id = self._ids.setdefault(content.sha256, video_id)
        entry, first = self._entries.get(video_id), self._done.get(video_id)
        before = first.paths if first is not None else entry.paths if entry is not None else ()
        paths = (item.shown, *(path for path in before if path != item.shown and is_there(path)))
        files = {**(first.files if first else entry.files if entry else {}), item.shown: content.mark}
        files = {path: mark for path, mark in files.items() if path in paths and mark}
        if first is not None:
            paths = (*(path for path in paths if path != item.shown), item.shown)
            task = Task(item, video_id, content, "copy", f"a copy of {first.item.shown}", paths, files)
        else:
            reason = self._reason(entry, item)
            tries = entry.tries if entry is not None and entry.sha256 == content.sha256 else 0
            action = "skip" if reason is None else "analyze"
            if reason is None and (lost := self._lacks(entry)) == "tables":
                action, reason = "analyze", "its tables are missing"
            elif reason is None and lost == "clip" and entry.status != "failed" and self._options["clips"]:
                action, reason = "draw", "its clip is missing"
            run_before = entry.run if entry is not None else ""
            task = Task(item, video_id, content, action, reason or _had(entry), paths, files, tries, run_before)
        self._done[video_id] = task
        return task

    def _reason(self, entry: Entry | None, item: Input) -> str | None:
        """Return why an input is to be analysed; None if it is not."""
        if entry is None:
            return "new"
        if self._force:
            return "forced"
        if entry.sha256 is None:
            return "live" if item.is_live else "could not be read before"
        if entry.status == "failed" and self._retry_failed:
            return f"failed before ({entry.error})"
        return changed(entry, self._options, self._models)


def relevant(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those options that change the results of a file.

    Examples
    --------
    >>> relevant({"rate": 10.0, "device": "cuda"})
    {'rate': 10.0}
    """
    return {name: value for name, value in options.items() if name not in NO_MATTER}


def changed(entry: Entry, options: Mapping[str, Any], models: Mapping[str, Mapping[str, str]]) -> str | None:
    """Return what is different from when a video was analysed, in a few words; None if nothing is.

    Examples
    --------
    >>> changed(Entry("a", "", "0", (), "ok", options={"rate": 5.0}), {"rate": 10.0}, {})
    'rate was 5.0, is 10.0'
    """
    defaults = {item.name: item.default for item in fields(AnalyzeOptions)}
    for name, value in sorted(relevant(options).items()):
        before = entry.options.get(name, defaults.get(name))
        if before != value:
            return f"{name} was {before}, is {value}"
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


def _had(entry: Entry | None) -> str:
    if entry is None or entry.status != "failed":
        return "done before"
    times = "once" if entry.tries <= 1 else f"{entry.tries} times"
    return f"failed {times} ({entry.error}); --retry-failed tries again"


def new_video_id(item: Input, sha256: str | None) -> str:
    """Return the id of a new video: its safe stem and the beginning of its hash.

    A camera or a stream has no hash and gets its UTC start instead; a file that cannot be read, ``unread``
    and the hash of its path.

    Examples
    --------
    >>> new_video_id(Input("my clip.mp4"), "0123456789abcdef")
    'my-clip-01234567'
    """
    if sha256 is None and not item.is_live:
        where = hashlib.sha256(os.fsencode(_resolved(item))).hexdigest()
        return f"{safe_stem(item.shown)}-unread-{where[:8]}"
    if sha256 is None:
        return f"{safe_stem(item.shown.replace(':', '-').replace('/', '-'))}-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
    return f"{safe_stem(shown(Path(_resolved(item)).name))}-{sha256[:8]}"


def _resolved(item: Input) -> str:
    if is_remote(item.path):
        return item.path
    try:
        return str(Path(item.path).resolve())
    except (OSError, RuntimeError):  # a loop of links
        return str(Path(item.path).absolute())


def is_there(path: str) -> bool:
    """Say whether there is something at a path or an address.

    Examples
    --------
    >>> is_there("nowhere.mp4")
    False
    """
    try:
        return location(path).exists()
    except OSError:
        return False
