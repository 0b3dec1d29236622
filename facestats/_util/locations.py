"""Where stores and inputs lie: on this machine, or wherever fsspec reaches (``s3://``, ``gs://``, ``memory://``)."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from facestats._util.files import written_aside
from facestats.errors import UsageError

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)


class Place(Enum):
    """Where something lies that is named by a path or an address."""

    LOCAL = "on this machine"
    MEMORY = "in the memory of this process"
    REMOTE = "a file or a folder elsewhere, read through fsspec"
    LIVE = "a stream, which can be read only once"


#: Schemes of addresses that are streams.
LIVE_SCHEMES = frozenset(
    {
        *("http", "https", "mms", "mmsh", "mmst", "rist", "rtmp", "rtmpe", "rtmps", "rtmpt", "rtmpte", "rtmpts"),
        *("rtp", "rtsp", "rtsps", "sctp", "srt", "srtp", "tcp", "udp"),
    }
)

# The one table of schemes; whatever is not in it is for fsspec to know.
_PLACES = {
    **dict.fromkeys(("file", "local"), Place.LOCAL),
    "memory": Place.MEMORY,
    **dict.fromkeys(LIVE_SCHEMES, Place.LIVE),
}

_LISTINGS_KEPT = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs"})  # by fsspec, unless it is told not to


def scheme_of(path: str | os.PathLike[str]) -> str:
    """Return the scheme of an address, lower case; empty for a path.

    Examples
    --------
    >>> scheme_of("RTSP://camera/1"), scheme_of("clips/10:30.mp4")
    ('rtsp', '')
    """
    found = _SCHEME.match(str(path))
    return "" if found is None else found[1].lower()


def place_of(path: str | os.PathLike[str]) -> Place:
    """Return where a path or an address leads to.

    Examples
    --------
    >>> place_of("srt://encoder:9000").name, place_of("gs://bucket/clip.mp4").name, place_of("clip.mp4").name
    ('LIVE', 'REMOTE', 'LOCAL')
    """
    scheme = scheme_of(path)
    return _PLACES.get(scheme, Place.REMOTE) if scheme else Place.LOCAL


def is_remote(path: str | os.PathLike[str]) -> bool:
    """Say whether a path is an address that fsspec reads as a file or a folder.

    Examples
    --------
    >>> is_remote("s3://bucket/clip.mp4"), is_remote("rtsp://camera/1"), is_remote("clips/10:30.mp4")
    (True, False, False)
    """
    return place_of(path) in (Place.REMOTE, Place.MEMORY)


def location(path: str | os.PathLike[str]) -> Path:
    """Return a path of this machine, or one like it that lies elsewhere.

    Raises
    ------
    UsageError
        If nothing that is installed can reach such an address.

    Examples
    --------
    >>> str(location("memory://store") / "a")
    'memory://store/a'
    """
    scheme = scheme_of(path)
    if not is_remote(path):
        return Path(str(path)[len(f"{scheme}://") :]) if _PLACES.get(scheme) is Place.LOCAL else Path(path)
    # Listings are not kept: other processes write too.
    from upath import UPath  # not before: most stores lie on this machine

    options: dict[str, Any] = {"use_listings_cache": False} if scheme in _LISTINGS_KEPT else {}
    try:
        found = UPath(str(path), **options)
        _ = found.fs
    except (ImportError, ValueError) as error:
        raise UsageError(
            f"cannot reach {scheme}://: {error}; `pip install facestats[cloud]` brings s3 and gs"
        ) from None
    return found


def far_error(error: BaseException) -> UsageError | None:
    """Return what to raise instead of an error of a library that reaches for other places; None for all others.

    Examples
    --------
    >>> far_error(ValueError("wrong")) is None
    True
    """
    botocore: Any = sys.modules.get("botocore.exceptions")  # of s3: its errors are none of the system
    if botocore is None or not isinstance(error, botocore.BotoCoreError):
        return None
    told = UsageError(f"cannot reach what lies elsewhere: {error}")
    if isinstance(error, botocore.ConnectionError | botocore.HTTPClientError):
        told.exit_code = 4
    return told


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that readers see the old one or the new one, never a part.

    On this machine it is written aside and renamed; elsewhere it is one PUT, which is as good.

    Raises
    ------
    OSError
        If it cannot be written.

    Examples
    --------
    >>> write_whole(location("memory://doc/a.txt"), b"whole")
    >>> location("memory://doc/a.txt").read_bytes()
    b'whole'
    """
    if isinstance(path, Path):
        with written_aside(path) as part:
            part.write_bytes(data)
    else:
        path.fs.pipe_file(path.path, data)


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it, if it is there.

    Examples
    --------
    >>> remove(location("memory://nothing/here"))
    """
    if isinstance(folder, Path):
        shutil.rmtree(folder, ignore_errors=True)
    elif folder.exists():
        folder.fs.rm(folder.path, recursive=True)


@contextlib.contextmanager
def fetched(path: str) -> Iterator[str]:
    """Give the local path of a file, which is fetched for the time of the block if it lies elsewhere.

    Raises
    ------
    OSError
        If it cannot be fetched.

    Examples
    --------
    >>> with fetched("clip.mp4") as local:
    ...     local
    'clip.mp4'
    """
    if not is_remote(path):
        yield path
        return
    far = location(path)
    with tempfile.TemporaryDirectory(prefix="facestats-") as folder:
        near = Path(folder) / far.name
        with far.open("rb") as source, near.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        yield str(near)
