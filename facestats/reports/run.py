"""Reports of a store: run the notebooks, make pages of them, list them."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import nbformat

from facestats._util.locations import write_whole
from facestats._util.naming import named
from facestats._util.progress import bar
from facestats._util.resources import bundled
from facestats._util.spoken import path_given
from facestats._util.threads import usable_cores
from facestats.errors import OutputError, StoreError, UnknownNameError, UsageError
from facestats.reports.folder import FAILED, drop_cuts, drop_failed, drop_pdf, prepare
from facestats.reports.gathering import gather_clips
from facestats.reports.index import PAGE, Listed, headline_of, read_index, write_index
from facestats.reports.kernel import Kernel, NotebookFailure, cause, execute, own_event_loop
from facestats.reports.leftovers import drop_stale
from facestats.reports.page import to_html
from facestats.reports.parameters import check_parameters
from facestats.reports.pdf import find_browser, print_page
from facestats.reports.results import Report, ReportResult
from facestats.reports.summary import summary_of
from facestats.reports.tasks import Task, reserved_names, tasks_of, templates
from facestats.reports.timeline import SCRIPT, script
from facestats.store.manifest import now
from facestats.store.published import note_folder
from facestats.store.store import Store, open_store

#: Notebooks that run at once at most: each takes some 300 MB.
_MOST_AT_ONCE = 8

#: Seconds between two writings of the list of all reports, which takes as long as many of them are in it.
_LIST_EVERY_S = 5.0

_log = logging.getLogger(__name__)


def report(
    store: str | os.PathLike[str] | Store,
    *,
    out: str | os.PathLike[str] = "reports",
    template: str | os.PathLike[str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    video: str | None = None,
    only_changed: bool = False,
    pdf: bool = False,
    progress: bool | None = None,
) -> ReportResult:
    """Write the reports of a store: one for each video, and one over all.

    Each is a notebook, executed, and a page without code made of it that opens offline. The annotated clips are put
    beside them, so that the folder can be moved as a whole; ``index.html`` lists all reports in it. As many notebooks
    run at once as there are cores, up to eight. Those that come with facestats share a kernel for each core, one after
    the other; one of your own has a kernel to itself each time.

    Parameters
    ----------
    store : str, path or Store
    out : str or path
        Folder of the reports; made if absent. Reports of the same name are replaced.
    template : str or path, optional
        Run this instead of the two reports above: a notebook of one's own, or ``"compare_report"``. It runs once for
        each video if it has a parameter ``video``, else once.
    parameters : mapping, optional
        For the templates that know them.
    video : str, optional
        Report only on this video: its id, the beginning of it, or its file name.
    only_changed : bool
        Leave reports alone whose videos, template and parameters are the same as when they were made.
    pdf : bool
        Print each page as PDF too, by Chromium.
    progress : bool, optional
        Show progress bars; by default where there is someone to see them.

    Returns
    -------
    ReportResult
        The reports made now. One that failed is among them, with its reason; the others were made all the same. Where
        there was a good one of the same name, it stays, and the notebook that failed goes beside it.

    Raises
    ------
    StoreError
        If it is not a store.
    UsageError
        If the template, a parameter or ``out`` is wrong, or if Chromium is needed and absent; nothing was run then.
    UnknownNameError
        If there is no such parameter or video; nothing was run then.
    OutputError
        If the folder cannot be written.

    Examples
    --------
    >>> import facestats as fs
    >>> fs.report("facestats-out", out="reports").index  # doctest: +SKIP
    """
    folder = Path(path_given(out, named("out")))
    opened, tasks = tasks_for(store, out=folder, template=template, parameters=parameters, video=video)
    listed, removed = read_index(folder) if folder.is_dir() else {}, []
    if folder.is_dir():  # first, whatever becomes of the rest
        removed = drop_stale(opened, folder, listed)
        if removed:
            _log.info("taken away, since their videos have gone: %s", ", ".join(removed))
            write_index(folder, listed)
    if not tasks:
        raise UsageError(f"{opened.path} holds no videos to report on: analyse some into it")
    browser = find_browser() if pdf else None
    prepare(folder)
    note_folder(opened.path, folder)  # before anything lies there that may have to be forgotten
    if any("page_folder" in task.parameters for task in tasks):
        shown = gather_clips(opened, folder)
        tasks = [replace(task, shown=shown) if "page_folder" in task.parameters else task for task in tasks]
    if only_changed:
        tasks = [task for task in tasks if not task.is_current(folder, listed, pdf=pdf)]
    if tasks:
        _write(folder / SCRIPT, script())
    before, made, listed_at = dict(listed), dict[str, Report](), time.monotonic()
    try:
        for task, result in _make_all(tasks, folder, before, browser, progress):
            made[task.name] = result
            _log.info("report %s: %s", result.html, result.error or "ok")
            listed[task.name] = _listed(opened, task, result, before.get(task.name))
            # A page about several videos is found by the list alone, when one of them is forgotten.
            if time.monotonic() - listed_at > _LIST_EVERY_S or len(listed[task.name].videos) > 1:
                write_index(folder, listed)
                listed_at = time.monotonic()
    finally:
        if made:
            write_index(folder, listed)
    return ReportResult(folder, tuple(made[task.name] for task in tasks), tuple(removed))


def tasks_for(
    store: str | os.PathLike[str] | Store,
    *,
    out: str | os.PathLike[str] = "reports",
    template: str | os.PathLike[str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    video: str | None = None,
) -> tuple[Store, list[Task]]:
    """Return the store, and what :func:`report` would run on it; whatever is wrong is found here, before anything runs.

    Parameters
    ----------
    store, out, template, parameters, video
        As there.

    Raises
    ------
    StoreError, UsageError, UnknownNameError
        As there.

    Examples
    --------
    >>> [task.name for task in tasks_for("facestats-out")[1]]  # doctest: +SKIP
    ['clip-0123abcd', 'collection']
    """
    opened = open_store(store)
    if video is not None:
        opened = opened.video(video)
    notebooks = templates(template)
    if template is None and opened.video_id is not None:
        notebooks = notebooks[:1]
    given = check_parameters(parameters or {}, notebooks, reserved=reserved_names(template))
    together = template is None and opened.video_id is None
    tasks = [task for path in notebooks for task in tasks_of(path, opened, Path(out), given[path], together=together)]
    return opened, tasks


def _listed(store: Store, task: Task, result: Report, before: Listed | None) -> Listed:
    """Return the line of a report in the list: where it failed and a good one stayed, that of the good one."""
    if result.kept and before is not None:
        return replace(before, made_from="", status="failed", error=result.error, is_good=True)
    made_from = task.made_from if result.error is None else ""
    ended = (result.status, result.error, result.is_good, task.made_of, task.video_status, _summary(store, task))
    return Listed(result.title, result.headline, now(), made_from, *ended)


def _summary(store: Store, task: Task) -> dict[str, Any]:
    """Return what the list of reports says of the one video that a report is about."""
    try:
        return asdict(summary_of(store.video(str(task.parameters["video"])))) if "video" in task.parameters else {}
    except (StoreError, UnknownNameError):  # damaged, as its page says, or forgotten meanwhile
        return {}


def _make_all(
    tasks: Sequence[Task], folder: Path, listed: Mapping[str, Listed], browser: str | None, progress: bool | None
) -> Iterator[tuple[Task, Report]]:
    """Make the reports, several at once, and yield each when it is done."""
    if len(tasks) == 1:
        yield tasks[0], _make(tasks[0], folder, listed.get(tasks[0].name), browser, progress)
        return
    waiting: SimpleQueue[Task] = SimpleQueue()
    for task in tasks:
        waiting.put(task)
    done: SimpleQueue[tuple[Task, Report] | None] = SimpleQueue()
    n = max(1, min(at_once(), len(tasks)))
    with (
        ThreadPoolExecutor(n) as pool,
        bar(total=len(tasks), progress=progress, desc="reports", unit="report") as shown,
    ):
        threads = [pool.submit(_make_some, waiting, done, folder, listed, browser) for _ in range(n)]
        try:
            while n:
                made = done.get()
                if made is None:
                    n -= 1
                    if not waiting.empty():  # it did not end well
                        break
                else:
                    yield made
                    shown.update()
        finally:
            with contextlib.suppress(Empty):
                while True:
                    waiting.get_nowait()
        for thread in threads:
            thread.result()


def at_once() -> int:
    """Return how many notebooks run at once: as many as there are cores, up to eight.

    Examples
    --------
    >>> 1 <= at_once() <= 8
    True
    """
    return min(usable_cores(), _MOST_AT_ONCE)


def _make_some(
    waiting: SimpleQueue[Task],
    done: SimpleQueue[tuple[Task, Report] | None],
    folder: Path,
    listed: Mapping[str, Listed],
    browser: str | None,
) -> None:
    """Make reports until none waits, in a thread of its own; the shipped notebooks run in one kernel, in turn."""
    try:
        with own_event_loop(), Kernel() as shared, contextlib.suppress(Empty):
            while True:
                task = waiting.get_nowait()
                kernel = shared if task.template.parent == bundled("notebooks") else None
                done.put((task, _make(task, folder, listed.get(task.name), browser, False, kernel)))
    finally:
        done.put(None)


def _make(
    task: Task,
    folder: Path,
    known: Listed | None,
    browser: str | None,
    progress: bool | None,
    kernel: Kernel | None = None,
) -> Report:
    """Make a report. Where it fails and there is a good one, that stays, and what failed goes beside it."""
    notebook, html = folder / f"{task.name}.ipynb", folder / f"{task.name}.html"
    failed, began, error = folder / f"{task.name}{FAILED}", time.time(), None
    try:
        before = notebook.read_bytes() if known is not None and known.has_good_page and notebook.is_file() else None
        try:
            execute(task.template, notebook, task.parameters, progress=progress, kernel=kernel)
        except NotebookFailure as failure:
            error = cause(failure)
            if before is not None:
                if notebook.read_bytes() != before:
                    notebook.replace(failed)
                    write_whole(notebook, before)
                stopped = failed if failed.is_file() else notebook
                ended = ("failed", error, True, True)
                return Report(task.page_title, known.headline, stopped, html, None, *ended)
    except OSError as failure:
        raise OutputError(f"cannot write {notebook}: {failure.strerror or failure}") from None
    page = to_html(nbformat.read(notebook, as_version=4), title=task.page_title, error=error, index=PAGE)
    _write(html, page.encode("utf-8", "backslashreplace"))
    # Not before: a run that is stopped on the way leaves the earlier page whole.
    drop_cuts(folder, task.name, before=began)
    drop_failed(folder, task.name)
    pdf, is_good = None, error is None
    if browser is not None:
        try:
            pdf = print_page(html, browser)
        except OutputError as failure:  # the page is there, and the others are not to suffer
            error = error or str(failure)
    if pdf is None:
        drop_pdf(html)
    status = "ok" if error is None else "failed"
    return Report(task.page_title, headline_of(page), notebook, html, pdf, status, error, is_good=is_good)


def _write(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from None
