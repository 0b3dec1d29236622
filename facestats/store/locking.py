"""One writer at a time: a lock that the operating system takes away from a process that dies."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import filelock

from facestats.errors import BusyError, OutputError

_NAME = ".lock"
_WAITS_S = 1.0


@contextlib.contextmanager
def locked(store: Path) -> Iterator[None]:
    """Keep other runs from writing to a store for the time of the block.

    Stores elsewhere (``s3://`` and the like) know no locks: two runs at once do the same work twice, and lose nothing.

    Parameters
    ----------
    store : pathlib.Path

    Raises
    ------
    BusyError
        If another run is at it.
    OutputError
        If nothing can be written there.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, locked(Path(folder)):
    ...     pass
    """
    if not isinstance(store, Path):
        yield
        return
    # For a moment: a reader that asks whether the store is locked holds the lock too.
    lock = filelock.FileLock(store / _NAME, timeout=_WAITS_S, thread_local=False)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise BusyError(
            f"another run is writing to {store}: let it finish, or name another store; nothing was changed"
        ) from None
    except OSError as error:
        raise OutputError(f"cannot write to {store}: {error.strerror or error}") from None
    try:
        yield
    finally:
        lock.release()


def is_locked(store: Path) -> bool:
    """Say whether a run is writing to a store now; False where that cannot be known.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, locked(Path(folder)):
    ...     is_locked(Path(folder))
    True
    """
    if not isinstance(store, Path) or not (store / _NAME).exists():
        return False
    try:
        with filelock.FileLock(store / _NAME, blocking=False, thread_local=False):
            return False
    except filelock.Timeout:
        return True
    except OSError:  # on a disk that cannot be written nobody writes
        return False


def is_left(folder: Path) -> bool:
    """Say whether nobody can still be writing to a folder of a store; only for the one writer of the store.

    A store that lies elsewhere cannot be locked: there it is so if all that is in it is older than a day.

    Examples
    --------
    >>> is_left(Path("nowhere"))
    True
    """
    if isinstance(folder, Path):
        return True
    before = datetime.now(UTC) - timedelta(days=1)
    try:
        return all(folder.fs.modified(path) < before for path in folder.fs.find(folder.path))
    except (NotImplementedError, OSError):
        return False
