"""Reports of a store: which notebooks run on what, and where their pages go."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat

from facestats.errors import OutputError, ReportError, UsageError
from facestats.files import check_writable, sha256_of, written_aside
from facestats.inputs import CLIPS_MARKER
from facestats.locations import write_whole
from facestats.manifest import Entry
from facestats.reporting.convert import to_html
from facestats.reporting.index import PAGE, Listed, headline_of, read_index, write_index
from facestats.reporting.kernel import NotebookFailure, cause, execute
from facestats.reporting.parameters import check_parameters, notebook_parameters
from facestats.resources import bundled
from facestats.store import CLIP_SUFFIXES, Store, now, open_store

VIDEO_TEMPLATE = "video_report.ipynb"
COLLECTION_TEMPLATE = "collection_report.ipynb"

#: Folder below the reports that holds the clips, so that all can be moved as one.
CLIPS = "clips"

_log = logging.getLogger(__name__)

#: What reports set themselves, and how to say it instead.
RESERVED: Mapping[str, str] = {
    "store": "the STORE argument",
    "video": "--video",
    "clip_folder": "nothing, it follows --out",
    "linked": "nothing, it follows what is written",
}


@dataclass(frozen=True)
class ReportResult:
    """One report.

    Attributes
    ----------
    notebook : pathlib.Path
        The executed notebook; as far as it came, if it failed.
    html : pathlib.Path
        The page made of it.
    status : str
        ``"ok"`` or ``"failed"``.
    error : str or None
        Why it failed, in one line.
    """

    notebook: Path
    html: Path
    status: str = "ok"
    error: str | None = None


@dataclass(frozen=True)
class _Task:
    template: Path
    name: str
    title: str
    parameters: Mapping[str, Any]
    entries: tuple[Entry, ...]

    @property
    def shown_title(self) -> str:
        """The title of the page."""
        return str(self.parameters.get("title") or self.title)

    @property
    def made_from(self) -> str:
        """Hash of all that the report depends on."""
        known = {
            # Not how files are told apart without reading them, which nobody reads.
            "entries": [asdict(replace(entry, files={})) for entry in self.entries],
            "template": sha256_of(self.template),
            "parameters": dict(self.parameters),
            "facestats": version("facestats"),
        }
        return hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode()).hexdigest()


def report(
    store: str | os.PathLike[str] | Store,
    *,
    out: str | os.PathLike[str] = "reports",
    template: str | os.PathLike[str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    video: str | None = None,
    only_changed: bool = False,
    progress: bool | None = None,
) -> list[ReportResult]:
    """Write the reports of a store: one for each video, and one over all.

    Each is a notebook, executed, and a page without code made of it that opens offline. The annotated clips are put
    beside them, so that the folder can be moved as a whole.

    Parameters
    ----------
    store : str, path or Store
    out : str or path
        Folder of the reports; made if absent. Reports of the same name are replaced.
    template : str or path, optional
        A notebook of one's own, run instead of the two that come with facestats: once for each video if it has a
        parameter ``video``, else once.
    parameters : mapping, optional
        For the templates that know them.
    video : str, optional
        Report only on this video: its id, the beginning of it, or its file name.
    only_changed : bool
        Leave reports alone whose videos, template and parameters are the same as when they were made.
    progress : bool, optional
        Show progress bars; by default where there is someone to see them.

    Returns
    -------
    list of ReportResult
        Of those made now: the videos in the order of their ids, then the collection.

    Raises
    ------
    StoreError
        If it is not a store.
    UsageError
        If the template, a parameter, the video or ``out`` is wrong; nothing was run then.
    ReportError
        If a notebook failed; the others were still run.

    Examples
    --------
    >>> import facestats as fs
    >>> fs.report("facestats-out", out="reports")  # doctest: +SKIP
    """
    opened = store if isinstance(store, Store) else open_store(store)
    if video is not None:
        opened = opened.video(video)
    folder = Path(out)
    notebooks = templates(template)
    if template is None and opened.video_id is not None:
        notebooks = notebooks[:1]
    given = check_parameters(parameters or {}, notebooks, reserved=reserved_names(template))
    tasks = [task for path in notebooks for task in _tasks(path, opened, folder, given[path])]
    if not tasks:
        raise UsageError(f"{opened.path} holds no videos to report on: analyse some into it")
    _prepare(folder)
    if any("clip_folder" in task.parameters for task in tasks):
        _gather_clips(opened, folder)
    listed = read_index(folder)
    if only_changed:
        tasks = [task for task in tasks if not _is_current(task, folder, listed)]
    results = []
    for task in tasks:
        result, says = _run(task, folder, progress)
        results.append(result)
        _log.info("report %s: %s", result.html, result.error or "ok")
        made_from = task.made_from if result.error is None else ""
        listed[task.name] = Listed(task.shown_title, says, now(), made_from, result.status, result.error)
        write_index(folder, listed)
    failed = [result for result in results if result.error is not None]
    if failed:
        others = f"; and {len(failed) - 1} more of {len(results)}" if len(failed) > 1 else ""
        raise ReportError(f"{failed[0].notebook} stopped: {failed[0].error}{others}")
    return results


def templates(template: str | os.PathLike[str] | None = None) -> list[Path]:
    """Return the notebooks that a report runs: the given one, or the two that come with facestats.

    Examples
    --------
    >>> [path.name for path in templates()]
    ['video_report.ipynb', 'collection_report.ipynb']
    """
    if template is not None:
        return [Path(template)]
    return [bundled("notebooks") / name for name in (VIDEO_TEMPLATE, COLLECTION_TEMPLATE)]


def reserved_names(template: str | os.PathLike[str] | None = None) -> dict[str, str]:
    """Return the parameters that facestats sets itself, and what to use instead.

    Examples
    --------
    >>> reserved_names()["video"]
    '--video'
    """
    return dict(RESERVED) if template is not None else {**RESERVED, "out": "nothing, the store is there already"}


def _tasks(template: Path, store: Store, folder: Path, given: Mapping[str, Any]) -> list[_Task]:
    """Return what to run a template on, with the parameters that facestats sets as far as the template has them."""
    known = notebook_parameters(template) or {}
    own = template.parent != bundled("notebooks")
    collection = template.name == COLLECTION_TEMPLATE and not own
    if own and template.stem == Path(PAGE).stem:
        raise UsageError(f"{template} would overwrite the list of all reports, {PAGE}: give it another name")
    linked = not own and (store.video_id is None or (folder / "collection.html").is_file())
    settings: dict[str, Any] = {"store": str(store.path.resolve()), "clip_folder": CLIPS, "linked": linked}

    entries = store.entries()

    def task(name: str, title: str, *about: Entry, **more: Any) -> _Task:
        values = {name: value for name, value in {**settings, **more}.items() if name in known}
        return _Task(template, name, title, {**values, **given}, about)

    if collection or "video" not in known:
        name = "collection" if collection else template.stem
        return [task(name, f"Faces in {store.path.resolve().name}", *entries.values())]
    return [
        task(
            f"{template.stem}-{video_id}" if own else video_id,
            Path(entry.paths[0]).name if entry.paths else video_id,
            entry,
            video=video_id,
        )
        for video_id, entry in entries.items()
    ]


def _is_current(task: _Task, folder: Path, listed: Mapping[str, Listed]) -> bool:
    known = listed.get(task.name)
    return known is not None and known.made_from == task.made_from and (folder / f"{task.name}.ipynb").is_file()


def _prepare(folder: Path) -> None:
    try:
        check_writable(folder)
    except OSError as error:
        raise OutputError(f"cannot write reports to {folder}: {error.strerror or error}; name another --out") from None


def _gather_clips(store: Store, folder: Path) -> None:
    """Put the clips beside the reports, as hard links where the file system can; take away those that are gone."""
    for video_id in store.entries():
        clip = store.clip_path(video_id)
        if clip is None:
            for suffix in CLIP_SUFFIXES:
                (folder / CLIPS / f"{video_id}{suffix}").unlink(missing_ok=True)
            continue
        if not (folder / CLIPS / CLIPS_MARKER).exists():
            with written_aside(folder / CLIPS / CLIPS_MARKER) as part:
                part.touch()
        target = folder / CLIPS / clip.name
        try:
            if isinstance(clip, Path) and target.exists() and target.samefile(clip):
                continue
            with written_aside(target) as part:
                if not isinstance(clip, Path):
                    clip.fs.get_file(clip.path, str(part))
                    continue
                try:
                    os.link(clip, part)
                except OSError:  # another file system, or one without links
                    shutil.copyfile(clip, part)
        except OSError as error:
            raise OutputError(f"cannot copy {clip} to {target}: {error.strerror or error}") from None


def _run(task: _Task, folder: Path, progress: bool | None) -> tuple[ReportResult, str]:
    """Make a report; return it and its headline."""
    result = ReportResult(folder / f"{task.name}.ipynb", folder / f"{task.name}.html")
    error = None
    try:
        execute(task.template, result.notebook, task.parameters, progress=progress)
    except NotebookFailure as failure:
        error = cause(failure)
    except OSError as failure:
        raise OutputError(f"cannot write {result.notebook}: {failure.strerror or failure}") from None
    executed = nbformat.read(result.notebook, as_version=4)
    page = to_html(executed, title=task.shown_title, error=error)
    try:
        write_whole(result.html, page.encode())
    except OSError as failure:
        raise OutputError(f"cannot write {result.html}: {failure.strerror or failure}") from None
    ended = result if error is None else ReportResult(result.notebook, result.html, "failed", error)
    return ended, headline_of(page)
