"""Which options hold for a run, and why: default, store, file, variable, or what the run was told."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from facestats._util.configured import Origin, Setting, surrounding
from facestats._util.described import refuse_unknown
from facestats._util.locations import location
from facestats.options import AnalyzeOptions, RunOptions, described, from_keywords
from facestats.store.memory import remembered


@dataclass(frozen=True)
class Settings:
    """The options of a run.

    Attributes
    ----------
    analyze : AnalyzeOptions
        Its paths are absolute, so that they mean the same wherever and whenever they are used.
    run : RunOptions
    origins : mapping of str to Setting
        By option, its value and who says so.
    differing : tuple of str
        A line for each option whose value is not the one that the store was made with.
    """

    analyze: AnalyzeOptions
    run: RunOptions
    origins: Mapping[str, Setting]
    differing: tuple[str, ...] = ()


def settings(given: Mapping[str, Any], inputs: Sequence[str], out: str | os.PathLike[str]) -> Settings:
    """Return the options that hold for a run.

    The weakest is the default; then come what the store was made with, ``facestats.toml`` in the folder of the inputs
    or beside it, ``FACESTATS_*`` variables, and what is given. Of ``models``, each attribute is said for itself.

    Parameters
    ----------
    given : mapping
        Options by name.
    inputs : sequence of str
    out : str or path
        The store, which need not be there yet.

    Raises
    ------
    UnknownNameError, UsageError
        If an option is unknown or wrong, wherever it stands.
    StoreError
        If what the store remembers is damaged.

    Examples
    --------
    >>> settings({"rate": 5.0}, [], "nowhere").origins["rate"].origin
    'given'
    """
    known = described()
    refuse_unknown(given, known)
    memory = remembered(location(os.fspath(out)))
    found = {name: Setting(option.default, "default") for name, option in known.items()}
    for stronger in (
        {name: Setting(value, "store", os.fspath(out)) for name, value in memory.items()},
        surrounding(known, inputs, os.environ, os.fspath(out)),
        {name: Setting(value, "given") for name, value in given.items()},
    ):
        models = stronger.get("models")
        if models is not None and isinstance(models.value, Mapping):  # who says one attribute's model leaves the others
            stronger["models"] = replace(models, value={**found["models"].value, **models.value})
        found |= stronger
    _settle_rivals(found)
    analyze, run = from_keywords({name: setting.value for name, setting in found.items()})
    analyze = with_absolute_paths(analyze)
    lines = [
        f"{name}: the store was made with {before}, this run has {after} ({found[name]})"
        for name, before in memory.items()
        if (after := getattr(analyze, name)) != before
    ]
    return Settings(analyze, run, found, tuple(lines))


def part_of_the_store(held: Settings) -> str:
    """Return in words which part of each video alone is analysed because the store was made so; empty if it was not.

    Examples
    --------
    >>> part_of_the_store(settings({"from_s": 5.0}, [], "nowhere"))
    ''
    """
    named = {name: described()[name].flag for name in ("from_s", "to_s", "region")}
    found = [
        f"{flag} {', '.join(value) if isinstance(value, tuple | list) else f'{value:g}'}"
        for name, flag in named.items()
        if held.origins[name].origin == "store" and (value := held.origins[name].value) not in (None, (), [])
    ]
    return f"of each video only a part, as the store was made: {' '.join(found)}" if found else ""


def _settle_rivals(found: dict[str, Setting]) -> None:
    """Of workers and a scheduler, which exclude each other, leave out the one that the weaker says."""
    order = get_args(Origin)
    weaker, stronger = sorted(("workers", "scheduler"), key=lambda name: order.index(found[name].origin))
    if found[weaker].origin != found[stronger].origin and found[stronger].value is not None:
        found[weaker] = replace(found[weaker], value=None)


def with_absolute_paths(options: AnalyzeOptions) -> AnalyzeOptions:
    """Return options that mean the same wherever the jobs are run.

    Examples
    --------
    >>> with_absolute_paths(AnalyzeOptions()) == AnalyzeOptions()
    True
    """
    detector = options.detector
    return replace(
        options,
        models_path=tuple(str(Path(folder).absolute()) for folder in options.models_path),
        detector=str(Path(detector).absolute()) if Path(detector).is_file() else detector,
    )
