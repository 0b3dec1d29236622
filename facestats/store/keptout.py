"""What was forgotten and is not to come back: hashes of contents, which say nothing to those who lack the file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from facestats.errors import StoreError
from facestats.store.layout import KEPT_OUT
from facestats.store.write import write_note


def kept_out(store: Path) -> frozenset[str]:
    """Return the sha256 of all contents that runs leave out.

    Raises
    ------
    StoreError
        If the list cannot be read.

    Examples
    --------
    >>> kept_out(Path("nowhere"))
    frozenset()
    """
    path = store / KEPT_OUT
    try:
        return frozenset(str(each) for each in json.loads(path.read_text(encoding="utf-8"))["sha256"])
    except FileNotFoundError:
        return frozenset()
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise StoreError(f"{path} cannot be read ({error}): mend it, or forgotten videos may return") from None


def keep_out(store: Path, hashes: Iterable[str | None]) -> None:
    """Have later runs leave contents out; None is a video without a hash, which cannot come back.

    Raises
    ------
    OutputError
        If the store cannot be written.

    Examples
    --------
    >>> keep_out(Path("nowhere"), [])
    """
    _write(store, kept_out(store) | {each for each in hashes if each})


def let_in(store: Path, sha256: str) -> bool:
    """Let a content in again, and say whether it was kept out.

    Raises
    ------
    OutputError
        If the store cannot be written.

    Examples
    --------
    >>> let_in(Path("nowhere"), "0123")
    False
    """
    known = kept_out(store)
    _write(store, known - {sha256})
    return sha256 in known


def _write(store: Path, hashes: frozenset[str]) -> None:
    if hashes != kept_out(store):
        write_note(store, KEPT_OUT, {"sha256": sorted(hashes)})
