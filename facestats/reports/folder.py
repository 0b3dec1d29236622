"""The folder of the reports: the clips beside the pages, so that all can be moved, or served, as one."""

from __future__ import annotations

import contextlib
import math
import os
import re
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from facestats._util.files import check_writable, written_aside
from facestats.errors import OutputError
from facestats.reports.originals import FACES_SUFFIX, ORIGINAL_SUFFIXES, original_of
from facestats.store.store import Entry, Store
from facestats.video.discovery import CLIPS_MARKER
from facestats.video.names import CLIP_SUFFIXES

#: Folder below the reports that holds the annotated clips, and short cuts of them.
CLIPS = "clips"

#: A video that cannot be linked is copied if it has no more bytes.
LARGEST_COPY = 500_000_000

#: Ends the name of a notebook that failed where a good one stays.
FAILED = ".failed.ipynb"


# What `written_aside` calls what it has not finished.
_UNFINISHED = re.compile(r"\.[0-9a-f]{12}\.(html|ipynb|js|json|mp4|pdf|png)")
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
        for path in [*folder.iterdir(), *(folder / CLIPS).glob("*")]:
            if _UNFINISHED.fullmatch(path.name) and time.time() - path.stat().st_mtime > _DAY_S:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write reports to {folder}: {error.strerror or error}; name another --out") from None


def clips_folder(folder: Path) -> Path:
    """Return the folder of the clips, made and marked, so that an analysis of what lies around leaves it alone."""
    marker = folder / CLIPS / CLIPS_MARKER
    if not marker.exists():
        with written_aside(marker) as part:
            part.touch()
    return marker.parent


def gather_clips(store: Store, folder: Path) -> None:
    """Put the clips beside the reports, as hard links where the file system can; take away those that are gone.

    Where there is no clip it is the video itself, see :func:`facestats.reports.originals.original_of`; a large one only
    where it can be linked.

    Raises
    ------
    OutputError
        If one cannot be copied.
    """
    for video_id, entry in store.entries().items():
        clip = store.clip_path(video_id)
        original = _original(entry, folder) if clip is None else None
        source = original if clip is None else clip
        if source is None:
            drop_clips(folder, video_id)
            continue
        ending = ORIGINAL_SUFFIXES[source.suffix.lower() == ".webm"] if clip is None else source.suffix
        target = folder / CLIPS / f"{video_id}{ending}"
        _drop(path for path in _pictures(folder, video_id) if path != target and (clip or path.suffix != ".js"))
        if not target.exists():
            drop_cuts(folder, video_id)  # they are of something else
        try:
            clips_folder(folder)
            if isinstance(source, Path) and target.exists() and target.samefile(source):
                continue
            with written_aside(target) as part:
                if not isinstance(source, Path):
                    source.fs.get_file(source.path, str(part))
                    continue
                try:
                    os.link(source, part)
                except OSError:  # another file system, or one without links
                    shutil.copyfile(source, part)
        except OSError as error:
            raise OutputError(f"cannot copy {source} to {target}: {error.strerror or error}") from None


def _original(entry: Entry, folder: Path) -> Path | None:
    """Return the video itself, if it may be shown, and can be linked or is small enough to be copied."""
    path = original_of(entry)[0]
    if path is None:
        return None
    found = path.stat()
    return path if found.st_size <= LARGEST_COPY or found.st_dev == folder.stat().st_dev else None


def _pictures(folder: Path, name: str) -> list[Path]:
    """Return what of a video may lie beside the pages: its clip, or itself with its faces."""
    suffixes = (*CLIP_SUFFIXES, *ORIGINAL_SUFFIXES, FACES_SUFFIX)
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
        *_drop(folder / f"{name}{suffix}" for suffix in (".html", ".ipynb", ".pdf", FAILED)),
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
    return [*_drop(_pictures(folder, name)), *drop_cuts(folder, name)]


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
        went = _drop(path for path in cuts.iterdir() if path.stat().st_mtime < before)
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
    _drop([html.with_suffix(".pdf")])


def drop_failed(folder: Path, name: str) -> None:
    """Take away the notebook that failed beside a good report, since a newer one did not.

    Raises
    ------
    OutputError
        If it cannot be taken away.
    """
    _drop([folder / f"{name}{FAILED}"])


def _drop(paths: Iterable[Path]) -> list[str]:
    """Remove the files that are there, and return their paths."""
    went = []
    for path in paths:
        try:
            if path.is_file() or path.is_symlink():
                path.unlink()
                went.append(str(path))
        except OSError as error:
            raise OutputError(f"cannot remove {path}: {error.strerror or error}") from None
    return went
