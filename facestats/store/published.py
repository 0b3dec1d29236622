"""In which folders reports of a store lie, so that what must go from the store goes from there too."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path

from facestats._util import hooks
from facestats._util.locations import write_whole
from facestats.store.layout import PUBLISHED


def report_folders(store: Path) -> list[Path]:
    """Return the folders of this machine that hold reports of a store, as far as they are noted and still there.

    Examples
    --------
    >>> report_folders(Path("nowhere"))
    []
    """
    return [folder for folder in _noted(store) if folder.is_dir()]


def _noted(store: Path) -> list[Path]:
    try:
        known = json.loads((store / PUBLISHED).read_text(encoding="utf-8", errors="surrogateescape"))["folders"]
        return [Path(each) for each in known]
    except (OSError, ValueError, KeyError, TypeError):
        return []  # the next report takes away what has gone


def note_folder(store: Path, folder: Path) -> None:
    """Note that reports of a store lie in a folder; nothing is noted where the store cannot be written.

    Examples
    --------
    >>> note_folder(store.path, Path("reports"))  # doctest: +SKIP
    """
    known = _noted(store)  # those on a disk that is away now too
    if folder.resolve() not in known:
        text = json.dumps({"folders": [str(each) for each in (*known, folder.resolve())]}, indent=1, ensure_ascii=False)
        with contextlib.suppress(OSError):
            write_whole(store / PUBLISHED, text.encode("utf-8", "surrogateescape"))


def unpublish(store: Path, video_ids: Sequence[str], *, alone: bool = False) -> dict[str, tuple[str, ...]]:
    """Take away what speaks of videos, or shows them, in all folders of reports; return by video what went.

    Parameters
    ----------
    store : pathlib.Path
    video_ids : sequence of str
    alone : bool
        Only reports on one video alone: those on many show no pictures.

    Raises
    ------
    OutputError
        If something cannot be taken away.

    Examples
    --------
    >>> unpublish(Path("nowhere"), ["a"])
    {}
    """
    return hooks.call("take_down", store, video_ids, alone=alone) if report_folders(store) else {}
