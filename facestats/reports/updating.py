"""Bring a collection and its reports up to date: analyse what is new or changed, and report on what that touches.

It stands among the reports, not in :mod:`facestats.batch`, because the batch knows nothing of reports.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from facestats._util.described import takes
from facestats._util.files import check_writable
from facestats.batch.collection import CollectionResult, analyze_collection
from facestats.errors import FacestatsError, OutputError, UsageError
from facestats.options import AnalyzeOptions, CollectionKeywords, RunOptions
from facestats.reports.parameters import check_parameters
from facestats.reports.results import Report
from facestats.reports.run import report
from facestats.reports.tasks import reserved_names, templates
from facestats.store.compact import is_worth_compacting
from facestats.store.locking import locked
from facestats.store.store import Store, create_store

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class UpdateResult:
    """The outcome of an update.

    Attributes
    ----------
    collection : CollectionResult
    reports : tuple of Report
        Those that were made anew.
    removed : tuple of str
        The names of those that were taken away, see :class:`facestats.reports.results.ReportResult`.
    problems : tuple of str
        One line for each input that is missing, failed or is only partly read, and for a report that failed.
    exit_code : int
        That of the collection; at least 3 if a report failed.
    """

    collection: CollectionResult
    reports: tuple[Report, ...]
    problems: tuple[str, ...]
    exit_code: int
    removed: tuple[str, ...] = ()

    def __repr__(self) -> str:
        failed = f", {len(self.problems)} problems" if self.problems else ""
        return f"UpdateResult: {len(self.reports)} reports made{failed}\n{self.collection!r}"


@takes(AnalyzeOptions, RunOptions)
def update(
    inputs: Sequence[str | os.PathLike[str]] | str | os.PathLike[str],
    *,
    store: str | os.PathLike[str],
    reports: str | os.PathLike[str],
    parameters: Mapping[str, Any] | None = None,
    progress: bool | None = None,
    **options: Unpack[CollectionKeywords],
) -> UpdateResult:
    """Analyse what is new or changed, and make those reports anew that it touches.

    Where a hundred videos and a tenth of all have come, the store is compacted meanwhile, see
    :meth:`facestats.store.removable.Removable.compact`. Two updates of the same reports, and two runs on the same
    store, never overlap. The logger ``facestats`` writes a line for each video and each report.

    Parameters
    ----------
    inputs : str, path, or sequence of those
        A folder that is empty is no error.
    store, reports : str or path
        Folders, made if absent; the store may lie elsewhere, see :func:`facestats.analyze_collection`.
    parameters : mapping, optional
        Of the reports' notebooks.
    progress : bool, optional
        Show progress bars; by default where there is someone to see them.
    **options
        All else that :func:`facestats.analyze_collection` takes.

    Returns
    -------
    UpdateResult

    Raises
    ------
    StoreError
        If another update or run is at it; nothing was changed then.
    FacestatsError
        As :func:`facestats.analyze_collection` and :func:`facestats.report` raise it.

    Examples
    --------
    >>> import facestats as fs
    >>> fs.update("videos/", store="store", reports="reports").exit_code  # doctest: +SKIP
    0
    """
    folder = Path(reports).absolute()
    opened = create_store(os.fspath(store))  # first: the reports may lie in it
    if isinstance(opened.path, Path) and opened.path.resolve() == folder.resolve():
        raise UsageError(f"the reports cannot be the store itself, {folder}: name another folder")
    check_parameters(parameters or {}, templates(), reserved=reserved_names())  # before hours of analysis
    try:
        check_writable(folder)
    except OSError as error:
        raise OutputError(f"cannot write reports to {folder}: {error.strerror or error}") from None
    with locked(folder):
        found = analyze_collection(inputs, out=store, progress=progress, may_be_empty=True, **options)
        with ThreadPoolExecutor(1) as beside:  # readers are not disturbed, so that no report waits for it
            tidied = beside.submit(_tidy, found.store)
            made = report(found.store, out=folder, parameters=parameters, only_changed=True, progress=progress)
        tidied.result()
    code = next((code for code in (2, 4, 3) if code in (found.exit_code, made.exit_code)), 0)
    return UpdateResult(found, made.reports, (*found.problems, *made.problems), code, made.removed)


def _tidy(store: Store) -> None:
    """Compact a store of many new videos, which nothing else depends on."""
    if not is_worth_compacting(store.path):
        return
    try:
        _log.info("compacted: short tables of %d videos are merged", store.compact().n_videos)
    except FacestatsError as error:
        _log.warning("the store could not be compacted: %s", error)
