"""The folder of the reports: the clips beside the pages, so that all can be moved, or served, as one."""

from __future__ import annotations

import contextlib
import math
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from facestats._util.files import check_writable, written_aside
from facestats.errors import OutputError
from facestats.reports.originals import FACES_SUFFIX, NOTE_SUFFIX, ORIGINAL_SUFFIXES
from facestats.video.discovery import CLIPS_MARKER
from facestats.video.names import CLIP_SUFFIXES

#: Folder below the reports that holds the annotated clips, and short cuts of them.
CLIPS = "clips"

#: Ends the name of a notebook that failed where a good one stays.
FAILED = ".failed.ipynb"


# What `written_aside` calls what it has not finished.
_UNFINISHED = re.compile(r"\.[0-9a-f]{12}\.(html|ipynb|js|json|mp4|pdf|png|webm)")
_DAY_S = 86400.0


def address_of(path: Path, start: str | None = None) -> str:
    """Return the address of a file in a page: relative to the page's folder, by default the working directory.

    Examples
    --------
    >>> address_of(Path("reports/my clip.mp4"), "reports")
    'my%20clip.mp4'
    """
    try:
        return quote(Path(os.path.relpath(path, start)).as_posix())
    except ValueError:  # on another drive
        return path.absolute().as_uri()


def prepare(folder: Path) -> None:
    """Make the folder, and take away what a run that was killed a day or longer ago left unfinished in it.

    Raises
    ------
    OutputError
        If it cannot be written to.
    """
    try:
        check_writable(folder)
        drop_unfinished(folder, before=time.time() - _DAY_S)
    except OSError as error:
        raise OutputError(f"cannot write reports to {folder}: {error.strerror or error}; name another --out") from None


def drop_unfinished(folder: Path, *, before: float = math.inf) -> list[str]:
    """Take away what runs that were killed left unfinished, if it was written ``before`` a time; return what went.

    Raises
    ------
    OutputError
        If something cannot be taken away.

    Examples
    --------
    >>> drop_unfinished(Path("nowhere"))
    []
    """
    found = []
    for path in (*folder.glob(".*"), *(folder / CLIPS).glob(".*")):
        with contextlib.suppress(FileNotFoundError):  # it was finished meanwhile
            if _UNFINISHED.fullmatch(path.name) and path.stat().st_mtime < before:
                found.append(path)
    return drop_files(found)


def clips_folder(folder: Path) -> Path:
    """Return the folder of the clips, made and marked, so that an analysis of what lies around leaves it alone."""
    marker = folder / CLIPS / CLIPS_MARKER
    if not marker.exists():
        with written_aside(marker) as part:
            part.touch()
    return marker.parent


def pictures_of(folder: Path, name: str) -> list[Path]:
    """Return what of a video may lie beside the pages: its clip, or itself with its faces, or why it does not.

    Examples
    --------
    >>> pictures_of(Path("r"), "a")[0].as_posix()
    'r/clips/a.mp4'
    """
    suffixes = (*CLIP_SUFFIXES, *ORIGINAL_SUFFIXES, FACES_SUFFIX, NOTE_SUFFIX)
    return [folder / CLIPS / f"{name}{suffix}" for suffix in suffixes]


def drop_page(folder: Path, name: str) -> list[str]:
    """Take away a report: page, notebook, PDF and cuts; return what went.

    Raises
    ------
    OutputError
        If something cannot be taken away.

    Examples
    --------
    >>> drop_page(Path("nowhere"), "clip-01234567")
    []
    """
    return [
        *drop_files(folder / f"{name}{suffix}" for suffix in (".html", ".ipynb", ".pdf", FAILED)),
        *drop_cuts(folder, name),
    ]


def drop_clips(folder: Path, name: str) -> list[str]:
    """Take away a video's clip, or itself, and the cuts of a page of that name, if there are any; return what went.

    Raises
    ------
    OutputError
        If they cannot be taken away.

    Examples
    --------
    >>> drop_clips(Path("nowhere"), "clip-01234567")
    []
    """
    return [*drop_files(pictures_of(folder, name)), *drop_cuts(folder, name)]


def drop_cuts(folder: Path, name: str, *, before: float = math.inf) -> list[str]:
    """Take away the cuts of the clip that a page of that name had, or those that were written ``before`` a time.

    Parameters
    ----------
    folder : pathlib.Path
        Of the reports.
    name : str
    before : float
        Seconds since 1970.

    Returns
    -------
    list of str
        What went.

    Raises
    ------
    OutputError
        If they cannot be taken away.

    Examples
    --------
    >>> drop_cuts(Path("nowhere"), "clip-01234567")
    []
    """
    cuts, went = folder / CLIPS / name, []
    if cuts.is_dir():
        went = drop_files(path for path in cuts.iterdir() if path.stat().st_mtime < before)
        with contextlib.suppress(OSError):  # some are left
            cuts.rmdir()
    return went


def drop_pdf(html: Path) -> None:
    """Take away the PDF of a page, which was printed from an earlier one.

    Raises
    ------
    OutputError
        If it cannot be taken away.
    """
    drop_files([html.with_suffix(".pdf")])


def drop_failed(folder: Path, name: str) -> None:
    """Take away the notebook that failed beside a good report, since a newer one did not.

    Raises
    ------
    OutputError
        If it cannot be taken away.
    """
    drop_files([folder / f"{name}{FAILED}"])


def drop_files(paths: Iterable[Path]) -> list[str]:
    """Remove the files that are there, and return their paths.

    Raises
    ------
    OutputError
        If one cannot be removed.

    Examples
    --------
    >>> drop_files([Path("nowhere")])
    []
    """
    went = []
    for path in paths:
        try:
            if path.is_file() or path.is_symlink():
                path.unlink()
                went.append(str(path))
        except OSError as error:
            raise OutputError(f"cannot remove {path}: {error.strerror or error}") from None
    return went
