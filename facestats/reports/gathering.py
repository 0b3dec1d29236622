"""The clips beside the pages, or the videos themselves where there is none: as links, or as copies."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
from pathlib import Path

from facestats._util.files import written_aside
from facestats.errors import OutputError
from facestats.reports.folder import CLIPS, clips_folder, drop_cuts, drop_files, pictures_of
from facestats.reports.originals import FACES_SUFFIX, NOTE_SUFFIX, ORIGINAL_SUFFIXES, leave_out, remembered
from facestats.store.store import Store

#: A video that cannot be linked is copied if it has no more bytes.
LARGEST_COPY = 500_000_000

#: All that are copied into one folder have no more bytes.
LARGEST_SUM = 5_000_000_000

_CLOCK_NS = 2_000_000_000  # some file systems tell the time by two seconds

_LARGE = "no clip was drawn, and the video is too large to be copied from another disk"
_LARGE_TOGETHER = "no clip was drawn, and the videos are too large, together, for all to be copied from another disk"


class _TooLargeError(Exception):
    """A video could only be copied, and is too large for it."""


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

    Examples
    --------
    >>> gather_clips(open_store("facestats-out"), Path("reports"))  # doctest: +SKIP
    {}
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
                drop_files(path for path in pictures_of(folder, video_id) if path != note)
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
                drop_files(path for path in pictures_of(folder, video_id) if path != note)
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
    drop_files(path for path in pictures_of(folder, video_id) if path not in (target, *kept))
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
