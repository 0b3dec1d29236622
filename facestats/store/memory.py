"""The options that a store was made with: later runs use them too, unless they are told otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from facestats.errors import StoreError, UsageError
from facestats.options import AnalyzeOptions, described
from facestats.store import layout
from facestats.store.write import write_note


def is_remembered(name: str) -> bool:
    """Say whether a store remembers an option: whether it changes the results.

    Examples
    --------
    >>> is_remembered("blur"), is_remembered("workers")
    (True, False)
    """
    option = described(AnalyzeOptions).get(name)
    return option is not None and option.affects != "run"


def remembered(store: Path) -> dict[str, Any]:
    """Return the options that a store was made with, by name; empty for one that remembers none.

    Raises
    ------
    StoreError
        If what it remembers cannot be read, or is no valid option.

    Examples
    --------
    >>> remembered(Path("nowhere"))
    {}
    """
    path = store / layout.OPTIONS
    if not path.is_file():
        return {}
    try:
        known = json.loads(path.read_text(encoding="utf-8"))["options"]
        # What a later version remembers is not known here, and not needed.
        known = {name: value for name, value in known.items() if is_remembered(name)}
        checked = AnalyzeOptions.from_keywords(**known)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, UsageError) as error:
        raise StoreError(f"{path} cannot be read ({error}): delete it, and name the options once more") from None
    return {name: getattr(checked, name) for name in known}


def remember(store: Path, options: Mapping[str, Any]) -> None:
    """Let a store remember options; those that do not change the results are left out.

    Parameters
    ----------
    store : pathlib.Path
    options : mapping
        As :meth:`facestats.options.AnalyzeOptions.to_dict` has them.

    Raises
    ------
    OutputError
        If it cannot be written.

    Examples
    --------
    >>> remember(Path("store"), AnalyzeOptions().to_dict())  # doctest: +SKIP
    """
    known = {name: value for name, value in options.items() if is_remembered(name)}
    write_note(store, layout.OPTIONS, {"options": known})
