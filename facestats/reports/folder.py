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
from facestats.reports.originals import FACES_SUFFIX, NOTE_SUFFIX, ORIGINAL_SUFFIXES, leave_out, remembered
from facestats.store.store import Store
from facestats.video.discovery import CLIPS_MARKER
from facestats.video.names import CLIP_SUFFIXES

#: Folder below the reports that holds the annotated clips, and short cuts of them.
CLIPS = "clips"

#: A video that cannot be linked is copied if it has no more bytes.
LARGEST_COPY = 500_000_000

#: All that are copied into one folder have no more bytes.
LARGEST_SUM = 5_000_000_000

#: Ends the name of a notebook that failed where a good one stays.
FAILED = ".failed.ipynb"


# What `written_aside` calls what it has not finished.
_UNFINISHED = re.compile(r"\.[0-9a-f]{12}\.(html|ipynb|js|json|mp4|pdf|png|webm)")
_DAY_S = 86400.0

_CLOCK_NS = 2_000_000_000  # some file systems tell the time by two seconds

_LARGE = "no clip was drawn, and the video is too large to be copied from another disk"
_LARGE_TOGETHER = "no clip was drawn, and the videos are too large, together, for all to be copied from another disk"


class _TooLargeError(Exception):
    """A video could only be copied, and is too large for it."""


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
    return _drop(found)


def clips_folder(folder: Path) -> Path:
    """Return the folder of the clips, made and marked, so that an analysis of what lies around leaves it alone."""
    marker = folder / CLIPS / CLIPS_MARKER
    if not marker.exists():
        with written_aside(marker) as part:
            part.touch()
    return marker.parent


def gather_clips(store: Store, folder: Path) -> dict[str, str]:
    """Put the clips beside the reports, as hard links where the file system can; take away those that are gone.

    Where there is no clip it is the video itself, see :func:`facestats.reports.originals.original_of`. Where it cannot
    be linked it is copied, unless it is large, or all that are copied are.

    Returns
    -------
    dict of str to str
        Of each video without a clip, the name of the file that shows it; or why none does.

    Raises
    ------
    OutputError
        If one cannot be copied.
    """
    shown = {}
    room = LARGEST_SUM - sum(map(_copied, (folder / CLIPS).glob("*.original.*")))
    for video_id, entry in store.entries().items():
        clip, note = store.clip_path(video_id), folder / CLIPS / f"{video_id}{NOTE_SUFFIX}"
        if clip is not None:
            target = folder / CLIPS / f"{video_id}{clip.suffix}"
            _make_way(folder, video_id, target)
            _put(clip, target)
            continue
        try:
            original, shown[video_id] = remembered(entry, note)
            if original is None:
                _drop(path for path in _pictures(folder, video_id) if path != note)
                drop_cuts(folder, video_id)
                if note.is_file():
                    clips_folder(folder)
                continue
            target = note.with_name(f"{video_id}{ORIGINAL_SUFFIXES[original.suffix.lower() == '.webm']}")
            _make_way(folder, video_id, target, note, note.with_name(f"{video_id}{FACES_SUFFIX}"))
            before = _copied(target)
            try:
                _put(original, target, most=min(LARGEST_COPY, room + before))
                room += before - _copied(target)
                shown[video_id] = target.name
            except _TooLargeError:
                is_large = original.stat().st_size > LARGEST_COPY
                shown[video_id] = _LARGE if is_large else _LARGE_TOGETHER
                _drop(path for path in _pictures(folder, video_id) if path != note)
                drop_cuts(folder, video_id)
                room += before
            leave_out(note, "" if target.is_file() else shown[video_id])
        except OSError as error:
            raise OutputError(f"cannot write {note}: {error.strerror or error}") from None
    return shown


def _copied(path: Path) -> int:
    """Return the bytes of a file that is a copy; 0 of a link, and of none."""
    try:
        found = path.lstat()
    except OSError:
        return 0
    return found.st_size if found.st_nlink == 1 and path.name.endswith(ORIGINAL_SUFFIXES) else 0


def _make_way(folder: Path, video_id: str, target: Path, *kept: Path) -> None:
    """Take away what lies there of a video instead of ``target``, but for what is kept with it."""
    _drop(path for path in _pictures(folder, video_id) if path not in (target, *kept))
    if not target.exists():
        drop_cuts(folder, video_id)  # they are of something else


def _put(source: Path, target: Path, *, most: float = math.inf) -> None:
    """Link or copy a file, unless it is there; no more bytes than ``most`` are copied."""
    try:
        clips_folder(target.parent.parent)
        if isinstance(source, Path) and _is_there(source, target):
            return
        with written_aside(target) as part:
            if not isinstance(source, Path):
                source.fs.get_file(source.path, str(part))
                return
            try:
                os.link(source.resolve(), part)  # not the symbolic link, which may lead nowhere from here
            except OSError:  # another file system, or one without links
                found = source.stat()
                if found.st_size > most:
                    raise _TooLargeError from None
                shutil.copyfile(source, part)
                with contextlib.suppress(OSError):  # then it is copied anew each time
                    os.utime(part, ns=(found.st_atime_ns, found.st_mtime_ns))
    except OSError as error:
        raise OutputError(f"cannot copy {source} to {target}: {error.strerror or error}") from None


def _is_there(source: Path, target: Path) -> bool:
    """Say whether a file is a link or a copy of another: a copy has its size and its time."""
    if target.is_symlink() or not target.is_file():
        return False
    one, other = source.stat(), target.stat()
    is_coarse = other.st_mtime_ns % 1_000_000_000 == 0
    as_new = abs(one.st_mtime_ns - other.st_mtime_ns) <= (_CLOCK_NS if is_coarse else 0)
    return os.path.samestat(one, other) or (one.st_size == other.st_size and as_new)


def _pictures(folder: Path, name: str) -> list[Path]:
    """Return what of a video may lie beside the pages: its clip, or itself with its faces, or why it does not."""
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
