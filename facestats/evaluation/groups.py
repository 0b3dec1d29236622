"""Whether a model serves all groups of people alike: accuracy by race, gender and age group, for measuring only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from facestats.classify.age import group_of_years
from facestats.schema import AGE_GROUPS

#: Groups of fewer faces are counted, but not compared with others: chance alone would set them apart.
LEAST_COMPARED = 50

# By all three at once, as in Buolamwini and Gebru, "Gender Shades", 2018, and finer.
_TOGETHER = ("race", "gender", "age_group")


def accuracy_by_group(correct: np.ndarray, table: pd.DataFrame) -> dict[str, Any]:
    """Return the accuracy among the faces of each source, race, gender and age group, as far as the columns allow.

    Parameters
    ----------
    correct : numpy.ndarray
        bool (N,): whether the verdict was right.
    table : pandas.DataFrame
        N rows; used are ``source``, ``race``, ``gender``, and ``age_min`` and ``age_max``. A bin that straddles age
        groups counts for the one of its middle. Among the faces labelled with one class of what was predicted,
        accuracy is that class's recall.

    Returns
    -------
    dict
        By column (``"source"``, ``"race"``, ``"gender"``, ``"age_group"``, ``"race, gender, age_group"``): ``groups``,
        of each group ``n`` and ``accuracy``, and ``gap``, how much the worst group of at least
        :data:`LEAST_COMPARED` faces is behind the best, None if fewer than two are so large.

    Examples
    --------
    >>> table = pd.DataFrame({"race": ["a"] * 60 + ["b"] * 60})
    >>> by_race = accuracy_by_group(np.arange(120) < 90, table)["race"]
    >>> by_race["groups"]["b"], by_race["gap"]
    ({'n': 60, 'accuracy': 0.5}, 0.5)
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
    return {name: _compare(correct, values) for name, values in columns.items() if values.notna().any()}


def _compare(correct: np.ndarray, values: pd.Series) -> dict[str, Any]:
    by_value = pd.Series(np.asarray(correct, np.float64)).groupby(values.to_numpy()).agg(["size", "mean"])
    compared = by_value.loc[by_value["size"] >= LEAST_COMPARED, "mean"]
    return {
        "groups": {
            str(name): {"n": int(size), "accuracy": float(mean)} for name, size, mean in by_value.itertuples(name=None)
        },
        "gap": float(compared.max() - compared.min()) if len(compared) > 1 else None,
    }
