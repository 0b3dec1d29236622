"""Whether a model serves all groups of people alike: accuracy by race, gender and age group, for measuring only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from facestats.classify.age import group_of_years
from facestats.models.attributes import AGE_GROUPS

#: Groups of fewer faces are counted, but not compared with others: chance alone would set them apart.
LEAST_COMPARED = 50

# By all three at once, as in Buolamwini and Gebru, "Gender Shades", 2018, and finer.
_TOGETHER = ("race", "gender", "age_group")


def accuracy_by_group(correct: np.ndarray, covered: np.ndarray, table: pd.DataFrame) -> dict[str, Any]:
    """Return the accuracy among the faces of each source, race, gender and age group, as far as the columns allow.

    Parameters
    ----------
    correct : numpy.ndarray
        bool (N,): whether the likeliest class was right.
    covered : numpy.ndarray
        bool (N,): whether it was likely enough to be a verdict other than "unknown".
    table : pandas.DataFrame
        N rows; used are ``source``, ``race``, ``gender``, and ``age_min`` and ``age_max``. A bin that straddles age
        groups counts for the one of its middle. Among the faces labelled with one class of what was predicted,
        accuracy is that class's recall.

    Returns
    -------
    dict
        By column (``"source"``, ``"race"``, ``"gender"``, ``"age_group"``, ``"race, gender, age_group"``): ``groups``,
        of each group ``n``, ``accuracy``, ``coverage``, the share with a verdict, and ``covered_accuracy`` among these
        (None if there are none); ``gap``, how much the accuracy of the worst group of at least :data:`LEAST_COMPARED`
        faces is behind that of the best, None if fewer than two are so large; and ``covered_gap``, the same of the
        accuracy of verdicts, among groups with so many.

    Examples
    --------
    >>> table = pd.DataFrame({"race": ["a"] * 60 + ["b"] * 60})
    >>> by_race = accuracy_by_group(np.arange(120) < 90, np.arange(120) < 110, table)["race"]
    >>> by_race["groups"]["b"]["accuracy"], by_race["groups"]["b"]["covered_accuracy"], by_race["gap"]
    (0.5, 0.6, 0.5)
    """
    columns = {name: table[name] for name in ("source", "race", "gender") if name in table}
    if {"age_min", "age_max"} <= set(table):
        # Nobody has checked these, unless age is what was predicted.
        bounds = table[["age_min", "age_max"]].apply(pd.to_numeric, errors="coerce").astype(np.float64)
        middle = bounds.mean(axis=1, skipna=False)
        middle = middle.where(middle >= 0)
        groups = pd.Series(np.array(AGE_GROUPS)[group_of_years(np.floor(middle.fillna(0)))], table.index)
        columns["age_group"] = groups.where(middle.notna())
    together = [name for name in _TOGETHER if name in columns]
    if len(together) > 1:
        first, *others = (columns[name].astype("string") for name in together)
        columns[", ".join(together)] = first.str.cat(others, sep=", ")
    return {name: _compare(correct, covered, values) for name, values in columns.items() if values.notna().any()}


def _compare(correct: np.ndarray, covered: np.ndarray, values: pd.Series) -> dict[str, Any]:
    groups = {}
    for name, rows in pd.Series(np.arange(len(values))).groupby(values.to_numpy()):
        right, sure = correct[rows], covered[rows]
        groups[str(name)] = {
            "n": len(rows),
            "accuracy": float(right.mean()),
            "coverage": float(sure.mean()),
            "covered_accuracy": float(right[sure].mean()) if sure.any() else None,
        }
    large = [group for group in groups.values() if group["n"] >= LEAST_COMPARED]
    judged = [group for group in groups.values() if round(group["n"] * group["coverage"]) >= LEAST_COMPARED]
    return {"groups": groups, "gap": _gap(large, "accuracy"), "covered_gap": _gap(judged, "covered_accuracy")}


def _gap(groups: Sequence[Mapping[str, float]], figure: str) -> float | None:
    values = [group[figure] for group in groups]
    return max(values) - min(values) if len(values) > 1 else None
