"""The outcome of making reports: of one, and of all of a call."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from facestats.reports.folder import address_of
from facestats.reports.html import render
from facestats.reports.index import PAGE


@dataclass(frozen=True)
class Report:
    """One report.

    Attributes
    ----------
    title : str
    headline : str
        What it says, in one sentence; empty if it says nothing.
    notebook : pathlib.Path
        The executed notebook; as far as it came, if it failed.
    html : pathlib.Path
        The page made of it.
    pdf : pathlib.Path or None
        The page, printed, if that was asked for.
    status : str
        ``"ok"`` or ``"failed"``.
    error : str or None
        Why it failed, in one line.
    is_good : bool
        Whether the page says all that it should.
    kept : bool
        Whether it failed, and the page is an earlier good one, left as it was.
    """

    title: str
    headline: str
    notebook: Path
    html: Path
    pdf: Path | None = None
    status: str = "ok"
    error: str | None = None
    is_good: bool = False
    kept: bool = False


@dataclass(frozen=True)
class ReportResult:
    """The reports that were made by one call; in a notebook it shows their headlines, with links.

    Attributes
    ----------
    folder : pathlib.Path
        Where they are, with ``index.html``, the list of all.
    reports : tuple of Report
        Those made now: the videos in the order of their ids, then the collection.
    removed : tuple of str
        The names of those that were taken away, since their videos have gone from the store, or count no more.
    """

    folder: Path
    reports: tuple[Report, ...]
    removed: tuple[str, ...] = ()

    @property
    def index(self) -> Path:
        """The page that lists all reports of the folder, those made before included."""
        return self.folder / PAGE

    @property
    def problems(self) -> tuple[str, ...]:
        """One line for each report that failed."""
        return tuple(f"{made.notebook} stopped: {made.error}" for made in self.reports if made.error is not None)

    @property
    def exit_code(self) -> int:
        """0, or 3 if a report failed."""
        return 3 if self.problems else 0

    def __repr__(self) -> str:
        failed = f", {len(self.problems)} failed" if self.problems else ""
        return f"ReportResult: {len(self.reports)} reports in {self.folder}{failed}\nnext: open {self.index}"

    def _repr_html_(self) -> str:
        # JupyterLab opens what is addressed relative to the notebook's folder.
        rows = [
            {"link": (address_of(made.html), made.title), "status": made.status, "text": made.error or made.headline}
            for made in self.reports
        ]
        return str(render("list.summary", rows, (address_of(self.index), "the list of all")))
