"""With which corrections by hand a clip was drawn, so that one that shows faces as they were before can be told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from facestats._util.locations import write_whole
from facestats.store.corrections import read_corrections
from facestats.store.layout import clip_path
from facestats.store.write import unwritable
from facestats.tables.correction import ACCEPT

#: Ends the name of the file beside a clip that says with which corrections it was drawn; without any there is none.
DRAWN_SUFFIX = ".corrected"


def is_outdated(store: Path, video_id: str) -> bool:
    """Say whether a video has a clip that was drawn before its faces were corrected, or a correction was undone.

    Raises
    ------
    StoreError
        If the corrections cannot be read.

    Examples
    --------
    >>> is_outdated(Path("nowhere"), "a")
    False
    """
    return noted_drawn(store, video_id) != corrections_mark(store, video_id) and clip_path(store, video_id) is not None


def noted_drawn(store: Path, video_id: str) -> str:
    """Return a hash of the corrections that a clip was drawn with; empty if there were none.

    Examples
    --------
    >>> noted_drawn(Path("nowhere"), "a")
    ''
    """
    try:
        return _path(store, video_id).read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return ""


def drawn_with(store: Path, video_ids: Iterable[str]) -> dict[str, str]:
    """Return :func:`noted_drawn` of those videos whose clips were drawn with any corrections.

    Examples
    --------
    >>> drawn_with(Path("nowhere"), ["a"])
    {}
    """
    folder = store / "clips"
    paths = folder.glob(f"*{DRAWN_SUFFIX}") if folder.is_dir() else ()
    noted = {path.name.removesuffix(DRAWN_SUFFIX) for path in paths}
    return {video_id: noted_drawn(store, video_id) for video_id in video_ids if video_id in noted}


def note_drawn(store: Path, video_id: str, mark: str) -> None:
    """Note with which corrections a clip was drawn, see :func:`corrections_mark`.

    Raises
    ------
    OutputError
        If the store cannot be written.

    Examples
    --------
    >>> note_drawn(store.path, "clip-1234abcd", "")  # doctest: +SKIP
    """
    path = _path(store, video_id)
    try:
        if mark:
            write_whole(path, f"{mark}\n".encode())
        elif path.is_file():
            path.unlink()
    except OSError as error:
        raise unwritable(store, error) from None


def corrections_mark(store: Path, video_id: str) -> str:
    """Return a hash of the corrections that a video has now, as far as a clip shows them; empty if there are none.

    Raises
    ------
    StoreError
        If they cannot be read.

    Examples
    --------
    >>> corrections_mark(Path("nowhere"), "a")
    ''
    """
    shown = [each for each in read_corrections(store, video_id) if each.what != ACCEPT]
    if not shown:
        return ""
    said = [(each.track_id, each.what, each.value, each.time_s, each.run) for each in shown]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _path(store: Path, video_id: str) -> Path:
    return store / "clips" / f"{video_id}{DRAWN_SUFFIX}"
