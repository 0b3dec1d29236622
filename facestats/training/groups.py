"""How much groups of people count in a training: alike, or more where its teachers err more.

What the data says of people, such as ``race``, serves here to weigh faces and nothing else: no network predicts it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from facestats.datasets.faces import FaceData
from facestats.errors import DataError
from facestats.types import Float32

# By how much a face may count less or more for its group's errors.
_FACTORS = (0.5, 2.0)

# How much more than those of a group of mean size the faces of a small group may count.
_MOST = 4.0

# Errors of a group are taken to be as frequent as all, for so many faces more than it has.
_ASSUMED = 50


def group_names(faces: FaceData, column: str) -> pd.Series:
    """Return each row's group: source, value of a column, and label; missing where the data says nothing.

    Parameters
    ----------
    faces : FaceData
        Labelled with any attribute but age.
    column : str
        Such as ``"race"``.

    Examples
    --------
    >>> table = pd.DataFrame({"gender": ["male"], "race": ["indian"], "source": ["fairface"]})
    >>> group_names(FaceData("gender", np.zeros((1, 48, 48, 3), np.uint8), np.ones(1, bool), table, (1,)), "race")[0]
    'fairface, indian, male'
    """
    if column not in faces.table:
        return pd.Series(pd.NA, faces.table.index, dtype="string")
    source = faces.table.get("source", "")
    known = faces.table[column].astype("string")
    return pd.Series(source, faces.table.index, dtype="string") + ", " + known + ", " + faces.table[faces.attribute]


def balanced(weights: Float32, groups: np.ndarray) -> Float32:
    """Return weights with which every group counts alike, in all as much as before.

    Faces of small groups count at most four times as much as those of a group of mean size: of the few men with
    makeup in CelebA, many may be wrong. Faces that count nothing stay so. Those of no known group count as much as
    those of a mean one.

    Parameters
    ----------
    weights : numpy.ndarray
        float32 (N,).
    groups : numpy.ndarray
        int (N,): the number of each face's group, -1 for none.

    Raises
    ------
    DataError
        If no face that counts has a group.

    Examples
    --------
    >>> balanced(np.ones(4, np.float32), np.array([0, 0, 0, 1])).round(2)
    array([0.67, 0.67, 0.67, 2.  ], dtype=float32)
    """
    known = _known(weights, groups)
    sizes = np.bincount(groups[known])
    changed = (weights > 0).astype(np.float64)
    changed[known] = (sizes[sizes > 0].mean() / sizes.clip(1))[groups[known]].clip(None, _MOST)
    return (changed * weights.sum() / max(changed.sum(), 1e-12)).astype(np.float32)


def hardened(weights: Float32, groups: np.ndarray, wrong: np.ndarray) -> Float32:
    """Return weights with which groups count by how often somebody is wrong about them; as much on average as before.

    A group with twice as many errors as there are over all counts twice as much, one with half as many half; see Liu et
    al., 2021, "Just train twice", arXiv 2107.09044, for the idea.

    Parameters
    ----------
    weights : numpy.ndarray
        float32 (N,).
    groups : numpy.ndarray
        int (N,): the number of each face's group, -1 for none.
    wrong : numpy.ndarray
        bool (N,): where the teachers are wrong.

    Raises
    ------
    DataError
        If no face that counts has a group.

    Examples
    --------
    >>> groups, wrong = np.repeat([0, 1], 1000), np.repeat([True, False, True, False], [300, 700, 100, 900])
    >>> hardened(np.ones(2000, np.float32), groups, wrong)[[0, -1]].round(2)
    array([1.48, 0.52], dtype=float32)
    """
    known = _known(weights, groups)
    overall = max(float(wrong[known].mean()), 1e-6)
    errors = np.bincount(groups[known], weights=wrong[known]) + _ASSUMED * overall
    factors = (errors / (np.bincount(groups[known]) + _ASSUMED) / overall).clip(*_FACTORS)
    changed = weights.astype(np.float64)
    changed[known] *= factors[groups[known]]
    return (changed * weights.sum() / changed.sum()).astype(np.float32)


def _known(weights: Float32, groups: np.ndarray) -> np.ndarray:
    known = (groups >= 0) & (weights > 0)
    if not known.any():
        raise DataError("no labelled face is of a known group: see balance and robust in the recipe")
    return known


def numbered(names: pd.Series) -> np.ndarray:
    """Return a number for each group, int64 (N,), and -1 where a name is missing.

    Examples
    --------
    >>> numbered(pd.Series(["b", pd.NA, "a", "b"], dtype="string")).tolist()
    [1, -1, 0, 1]
    """
    return pd.factorize(names, sort=True, use_na_sentinel=True)[0].astype(np.int64)
