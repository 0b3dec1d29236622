"""Files that appear whole or not at all, what tells them apart, and where those live that can be made again."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Give a hidden path beside ``path`` to write to, which takes its name when the block ends well.

    Readers see the old file or the new one, never a part; an error inside the block leaves nothing behind.

    Parameters
    ----------
    path : pathlib.Path
        The file to write; its folder is made if need be, an old file is replaced.

    Yields
    ------
    pathlib.Path
        With the same suffix as ``path``.

    Raises
    ------
    OSError
        If the folder cannot be made or the file not renamed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with written_aside(Path(folder, "a.txt")) as part:
    ...         _ = part.write_text("whole")
    ...     Path(folder, "a.txt").read_text()
    'whole'
    """
    make_folder(path.parent)
    part = path.with_name(f".{uuid.uuid4().hex[:12]}{path.suffix}")
    try:
        yield part
        part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder, and those that it lies in, where they are absent.

    Raises
    ------
    OSError
        If it cannot be made; where a file is in its place, or in that of a folder that it lies in, that is said.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     make_folder(Path(folder, "new", "newer"))
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):  # which of them depends on where the file is
        file = next((each for each in (folder, *folder.parents) if each.exists() and not each.is_dir()), folder)
        raise NotADirectoryError(errno.ENOTDIR, f"{file} is a file, and a folder is needed", str(folder)) from None


def check_writable(folder: Path) -> None:
    """Make a folder if need be, and raise unless files can be written into it.

    Raises
    ------
    OSError
        If not.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     check_writable(Path(folder, "new"))
    """
    make_folder(folder)
    probe = folder / f".writable-{uuid.uuid4().hex[:12]}"
    probe.touch()
    probe.unlink()


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file as 64 hex digits, read in pieces.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as empty:
    ...     sha256_of(Path(empty.name))[:8]
    'e3b0c442'
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cache_dir() -> Path:
    """Return the folder for what can be fetched or made again.

    That is ``$FACESTATS_CACHE``, or else ``facestats`` in the user's cache folder.
    """
    own = os.environ.get("FACESTATS_CACHE")
    base = os.environ.get("XDG_CACHE_HOME")
    return Path(own) if own else (Path(base) if base else Path.home() / ".cache") / "facestats"
