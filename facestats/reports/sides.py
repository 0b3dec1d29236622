"""The two sides of a comparison: which videos of which store each has, and how their shares differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from facestats.errors import ModelError, UsageError
from facestats.models.attributes import VERDICT_COLUMNS
from facestats.reports import provenance
from facestats.reports.data import ReportData, load_collection
from facestats.store.store import open_store
from facestats.tables.comparison import COMPARED, COMPARISON_DTYPES, compare, period, within
from facestats.tables.sources import Tracked


@dataclass(frozen=True)
class Choice:
    """Which videos of a store make up one side of a comparison; as text, the same in words.

    Attributes
    ----------
    start, until : str
        Only videos whose analysis began in this period, see :func:`facestats.tables.comparison.within`; empty for all.
    files : str
        Only videos whose path or file name has this pattern; empty for all.
    label : str
        What to call the side; the store's name, the period and the pattern where empty.

    Examples
    --------
    >>> str(Choice(start="2026-11-01", files="*.mp4")), str(Choice())
    ('since 2026-11-01, *.mp4', '')
    """

    start: str = ""
    until: str = ""
    files: str = ""
    label: str = ""

    def __str__(self) -> str:
        if self.start and self.until:
            period = f"{self.start} to before {self.until}"
        else:
            period = f"since {self.start}" if self.start else f"before {self.until}" if self.until else ""
        return ", ".join(filter(None, (period, self.files)))


#: All videos of a store.
ALL = Choice()


@dataclass(frozen=True)
class Comparison:
    """Two sides of a comparison.

    Attributes
    ----------
    first, second : ReportData
        The tables of each side, with no other videos than its own.
    first_label, second_label : str
        What they are called.
    chosen : tuple of str
        Which videos of its store each side has, in words; empty for all.
    """

    first: ReportData
    second: ReportData
    first_label: str
    second_label: str
    chosen: tuple[str, str] = ("", "")

    @property
    def sides(self) -> tuple[tuple[str, ReportData], tuple[str, ReportData]]:
        """Label and tables of each side."""
        return (self.first_label, self.first), (self.second_label, self.second)

    @cached_property
    def differences(self) -> Mapping[str, pd.DataFrame | None]:
        """By attribute what :func:`facestats.compare` found; None where no card says what a model confuses."""
        return {attribute: _differences(self.first, self.second, attribute) for attribute in VERDICT_COLUMNS}

    @cached_property
    def compared(self) -> pd.DataFrame:
        """The rows of all differences that could be taken."""
        found = [table for table in self.differences.values() if table is not None]
        found = [rows for table in found if len(rows := table[table["difference"].notna()])]
        return pd.concat(found, ignore_index=True) if found else _no_rows()


def load_comparison(store: str, other: str = "", *, first: Choice = ALL, second: Choice = ALL) -> Comparison:
    """Read two stores, or twice some of the videos of one.

    Parameters
    ----------
    store : str
        The store of the first side.
    other : str
        That of the second; empty for the same store.
    first, second : Choice
        Which of its videos each side has; by default all.

    Raises
    ------
    StoreError
        If it is not a store.
    UsageError
        If a date is none, or nothing tells the two sides apart.

    Examples
    --------
    >>> november = Choice(start="2026-11-01")
    >>> load_comparison("facestats-out", first=Choice(until="2026-11-01"), second=november)  # doctest: +SKIP
    """
    same = check_sides(store, other, first, second)
    one = load_collection(store)
    another = load_collection(other) if other else one
    sides = (_restrict(one, first, "first"), _restrict(another, second, "second"))
    choices = (str(first), str(second))
    labels = _labels((one, another), choices, same)
    labels = (first.label or labels[0], second.label or labels[1])
    if labels[0] == labels[1]:
        labels = (f"{labels[0]} (first)", f"{labels[1]} (second)")
    return Comparison(*sides, *labels, choices)


def check_sides(store: str, other: str, first: Choice, second: Choice) -> bool:
    """Refuse sides that cannot be compared, and say whether both are of one store; no table is read for that.

    Raises
    ------
    StoreError
        If it is not a store.
    UsageError
        If a date is none, or nothing tells the two sides apart.

    Examples
    --------
    >>> check_sides("october", "november", ALL, ALL)  # doctest: +SKIP
    False
    """
    for choice, side in ((first, "first"), (second, "second")):
        period(choice.start, choice.until, (f"{side}_from", f"{side}_until"))
    same = not other or open_store(store).path.resolve() == open_store(other).path.resolve()
    if same and replace(first, label="") == replace(second, label=""):
        raise UsageError(
            "both sides are the same videos: give other (a second store), or what tells two parts of one store apart "
            "(first_from, first_until, first_files, second_from, second_until, second_files)"
        )
    return same


def choices(given: Mapping[str, str]) -> tuple[Choice, Choice]:
    """Return the two sides that the parameters of ``compare_report`` describe.

    Examples
    --------
    >>> str(choices({"second_from": "2026-11-01"})[1])
    'since 2026-11-01'
    """
    names = ("from", "until", "files", "label")
    first, second = (Choice(*(given.get(f"{side}_{name}", "") for name in names)) for side in ("first", "second"))
    return first, second


def _restrict(data: ReportData, choice: Choice, side: str) -> ReportData:
    names = (f"{side}_from", f"{side}_until")
    found = within(data.videos, start=choice.start, until=choice.until, files=choice.files, names=names)
    ids = set(found["video_id"])
    if len(ids) == len(data.videos):
        return data
    # Of the frames of many videos a report reads only what is counted, not to which video they belong.
    where = [("video_id", "in", sorted(ids))]
    frames = data.store.frames(columns=["n_faces"], where=where) if ids else data.frames.iloc[:0]
    tables = {"videos": data.videos, "tracks": data.tracks, "people": data.people}
    chosen = {name: table[table["video_id"].isin(ids)].reset_index(drop=True) for name, table in tables.items()}
    entries = {name: entry for name, entry in data.entries.items() if name in ids}
    return replace(data, **chosen, frames=frames, entries=entries)


def _labels(stores: tuple[ReportData, ReportData], choices: tuple[str, str], same: bool) -> tuple[str, str]:
    """Return what to call the sides: by all that tells them apart, and no more."""
    paths = [data.store.path.resolve() for data in stores]
    if same:
        first, second = (choice or f"all of {paths[0].name}" for choice in choices)
        return first, second
    names = [path.name for path in paths]
    if names[0] == names[1]:
        names = [f"{path.parent.name}/{path.name}" for path in paths]
    first, second = (", ".join(filter(None, parts)) for parts in zip(names, choices, strict=True))
    return first, second


def _differences(first: ReportData, second: ReportData, attribute: str) -> pd.DataFrame | None:
    column = VERDICT_COLUMNS[attribute]
    if column not in COMPARED:  # of an attribute of the user's own nobody knows what its model confuses
        return None
    models: list[dict[str, str]] = [{}, {}]
    for used, data in zip(models, (first, second), strict=True):
        if attribute == "expression" or not is_measured(data, attribute):
            continue
        model = provenance.model_of(data, attribute)
        if model is None:
            return None
        used[attribute] = model
    try:
        return compare(
            Tracked(first.tracks, people=first.people),
            Tracked(second.tracks, people=second.people),
            attributes=[column],
            models=models[0],
            second_models=models[1],
            models_path=provenance.model_folders(first, second),
        )
    except ModelError:
        return None


def is_measured(data: ReportData, attribute: str) -> bool:
    """Say whether an attribute was measured in any track.

    Examples
    --------
    >>> is_measured(load_collection("facestats-out"), "makeup")  # doctest: +SKIP
    True
    """
    return bool(data.tracks[VERDICT_COLUMNS[attribute]].notna().any())


def _no_rows() -> pd.DataFrame:
    return pd.DataFrame(columns=list(COMPARISON_DTYPES)).astype(COMPARISON_DTYPES)
