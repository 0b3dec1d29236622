"""Verdicts that were set by hand, in the tables of tracks and of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from facestats.models.attributes import ATTRIBUTE_CLASSES, VERDICT_COLUMNS, measure_column
from facestats.tables import schema

#: What was said of tracks or people, by number: by column or act, the value.
Made = Mapping[int, Mapping[str, str | None]]


def marked_people(
    people: pd.DataFrame, tracks: pd.DataFrame, verdicts: Sequence[tuple[int, str, str | None]]
) -> pd.DataFrame:
    """Return people with the verdicts that were set of one of their tracks, in that order; the last one stands.

    Parameters
    ----------
    people, tracks : pandas.DataFrame
        Of one video.
    verdicts : sequence of (int, str, str or None)
        Track, column of the verdict, and its value.

    Examples
    --------
    >>> marked_people(schema.conform("people"), schema.conform("tracks"), []).empty
    True
    """
    whose = dict(zip(tracks["track_id"], tracks["person_id"], strict=True))
    of_people: dict[int, dict[str, str | None]] = {}
    for track_id, column, value in verdicts:
        if pd.notna(person := whose.get(track_id, pd.NA)):
            of_people.setdefault(int(person), {})[column] = value
    return marked(people, of_people, of="person_id")


def marked(table: pd.DataFrame, made: Made, *, of: str = "track_id") -> pd.DataFrame:
    """Return tracks or people with verdicts set, and, of tracks, with what was corrected.

    Parameters
    ----------
    table : pandas.DataFrame
        Of one video.
    made : mapping
        See :data:`Made`.
    of : str
        The column of the numbers.

    Examples
    --------
    >>> marked(schema.conform("tracks"), {}).empty
    True
    """
    marked = table.copy()
    for number, changes in made.items():
        row = marked[of].eq(number).fillna(False)
        for attribute, column in VERDICT_COLUMNS.items():
            if column not in changes:
                continue
            value = changes[column]
            is_class = value in ATTRIBUTE_CLASSES[attribute]
            marked.loc[row, column] = value
            is_sure = is_class and attribute != "expression"  # of its time nobody said anything
            marked.loc[row, measure_column(attribute)] = 1.0 if is_sure else np.nan
            for name, wide in zip(ATTRIBUTE_CLASSES[attribute], schema.probability_columns(attribute), strict=True):
                if wide in marked:
                    marked.loc[row, wide] = float(name == value) if is_class else np.nan
        if "corrected" in marked:
            marked.loc[row, "corrected"] = ", ".join(changes)
    return marked
