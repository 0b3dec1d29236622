"""Where stores and inputs lie: on this machine, or wherever fsspec reaches (``s3://``, ``gs://``, ``memory://``)."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from upath import UPath

from facestats._util.files import written_aside
from facestats.errors import UsageError

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)

_HERE = frozenset({"file", "local"})  # addresses of this machine

#: Addresses that are streams, to be watched while they last, and not files.
STREAMS = frozenset({"rtsp", "rtsps", "rtmp", "rtmps", "rtp", "udp", "tcp", "srt", "http", "https", "mms"})


def is_remote(path: str | Path) -> bool:
    """Say whether a path is an address that fsspec reads as a file or a folder.

    Examples
    --------
    >>> is_remote("s3://bucket/clip.mp4"), is_remote("rtsp://camera/1"), is_remote("clips/10:30.mp4")
    (True, False, False)
    """
    scheme = _SCHEME.match(str(path))
    return scheme is not None and scheme[1].lower() not in STREAMS | _HERE


def location(path: str | Path) -> Path:
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
    if not is_remote(path):
        scheme = _SCHEME.match(str(path))
        here = scheme is not None and scheme[1].lower() in _HERE
        return Path(str(path)[scheme.end() :]) if here else Path(path)
    # Listings are not kept: other processes write too.
    scheme = _SCHEME.match(str(path))[1].lower()
    options = {"use_listings_cache": False} if scheme in ("s3", "s3a", "gs", "gcs", "az", "abfs") else {}
    try:
        found = UPath(str(path), **options)
        _ = found.fs
    except (ImportError, ValueError) as error:
        raise UsageError(
            f"cannot reach {scheme}://: {error}; `pip install facestats[cloud]` brings s3 and gs"
        ) from None
    return found


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
    if not isinstance(path, UPath) or isinstance(path, Path):
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
