"""What tells one input from another: its content, and the id that it has by that."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from facestats._util.files import sha256_of
from facestats._util.locations import is_remote, location
from facestats.video.discovery import Input
from facestats.video.images import IMAGE_SUFFIXES, natural_key
from facestats.video.names import safe_stem, shown

_PIECE = 1 << 22  # bytes that are read at once

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


def changed_within(item: Input, seconds: float) -> bool:
    """Say whether a file of this machine was changed within the last so many seconds, so that it may still be written.

    Examples
    --------
    >>> changed_within(Input("camera:0"), 60)
    False
    """
    if not seconds or item.is_live or is_remote(item.path):
        return False
    try:
        return time.time() - Path(item.path).stat().st_mtime < seconds
    except OSError:  # opening it will say why
        return False


def content_of(item: Input, report: Callable[[int], object] | None = None) -> Content:
    """Return what tells an input's content apart, reading all of it; ``report`` gets the number of bytes read so far.

    Examples
    --------
    >>> content_of(Input("camera:0"))
    Content(sha256=None, mark='')
    """
    mark = file_mark(item)
    try:
        return Content(content_hash(item, report), mark)
    except OSError:
        return Content(None)  # opening it will say why, where the failure is recorded


def content_hash(item: Input, report: Callable[[int], object] | None = None) -> str | None:
    """Return the sha256 of an input's content; None for a camera or a stream.

    The hash of a sequence is the hash of its images' names and hashes, in natural order.

    Parameters
    ----------
    item : Input
    report : callable, optional
        Told now and then how many bytes were read.

    Raises
    ------
    OSError
        If a file cannot be read.

    Examples
    --------
    >>> content_hash(Input("camera:0")) is None
    True
    """
    if item.is_live:
        return None
    if item.is_sequence:
        total = hashlib.sha256()
        for path in sorted(Path(item.path).iterdir(), key=natural_key):
            if path.suffix.lower() in IMAGE_SUFFIXES:
                total.update(f"{path.name}\0{sha256_of(path)}\n".encode())
        return total.hexdigest()
    path = location(item.path)
    # A pipe would never end, and what it gives can be read only once.
    if not is_remote(item.path) and not stat.S_ISREG(path.stat().st_mode):
        raise OSError(f"{item.path} is no regular file")
    digest, n = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            n += len(piece)
            if report is not None:
                report(n)
    return digest.hexdigest()


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


@dataclass(frozen=True)
class Identity:
    """What a video is called in every table.

    Attributes
    ----------
    video_id : str
    sha256 : str or None
        Hash of its content; None for a camera or a stream, and for what cannot be read.
    """

    video_id: str
    sha256: str | None = None
