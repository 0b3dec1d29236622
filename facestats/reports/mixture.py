"""Which options and models differ between the videos of a store, so that their figures are of different kinds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from facestats._util import words
from facestats.options import AnalyzeOptions, described
from facestats.store.manifest import Entry


def mixture(entries: Iterable[Entry]) -> str:
    """Return in a sentence or two what differs between the analyses of videos; empty if nothing does.

    Videos of which nothing could be read, and what only changes how a clip looks, are left out.

    Parameters
    ----------
    entries : iterable of Entry

    Examples
    --------
    >>> fast, slow = (Entry(str(rate), "", "0", (), "ok", options={"rate": rate}) for rate in (5.0, 10.0))
    >>> mixture([fast, slow])
    'These videos were not all analysed alike: rate 5 (one video), 10 (one video).'
    >>> mixture([fast])
    ''
    """
    read = [entry for entry in entries if entry.status != "failed"]
    parts = list(_different(read))
    return f"These videos were not all analysed alike: {'; '.join(parts)}." if parts else ""


def _different(entries: list[Entry]) -> Iterator[str]:
    defaults = AnalyzeOptions().to_dict()
    for name, option in described(AnalyzeOptions).items():
        if option.affects == "found" and not option.by_content:
            yield from _counted(name, (_in_words(entry.options.get(name, defaults[name])) for entry in entries))
    for name in dict.fromkeys(name for entry in entries for name in entry.models):
        models = [entry.models.get(name, {}) for entry in entries]
        several = len({model.get("name") for model in models}) < len({model.get("sha256") for model in models})
        called = [_called(model, with_hash=several) for model in models]
        yield from _counted(name if name == "detector" else f"model of {name}", called)


def _in_words(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " and ".join(map(str, value)) or "none"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _called(model: Mapping[str, str], *, with_hash: bool) -> str:
    name = model.get("name", "none")
    return f"{name} {model.get('sha256', '')[:8]}" if with_hash and model else name


def _counted(name: str, values: Iterable[str]) -> Iterator[str]:
    counts = pd.Series(list(values), dtype="str").value_counts(sort=False)
    if len(counts) > 1:
        yield f"{name} " + ", ".join(f"{value} ({words.count(n, 'video')})" for value, n in counts.items())
