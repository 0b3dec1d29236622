"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
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
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{uuid.uuid4().hex[:12]}{path.suffix}")
    try:
        yield part
        part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


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
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / f".writable-{uuid.uuid4().hex[:12]}"
    probe.touch()
    probe.unlink()
