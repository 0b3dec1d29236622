"""The verdicts on a face or a person, one below the other, each with its probability and what is weak about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from facestats.models.attributes import VERDICT_COLUMNS, measure_column
from facestats.models.cards import Card
from facestats.reports.hints import hint
from facestats.tables.correction import ACCEPT

#: A title, and what the macro ``pieces.verdict`` takes.
Verdict = tuple[str, tuple[Any, ...]]


def verdict_rows(row: pd.Series, cards: Mapping[str, Card]) -> list[Verdict]:
    """Return the verdicts on a face or a person.

    Parameters
    ----------
    row : pandas.Series
        Of ``tracks`` or of ``people``.
    cards : mapping of str to Card
        By attribute, see :func:`facestats.reports.provenance.used_cards`; hints come from these, where nobody corrected
        a verdict by hand.

    Examples
    --------
    >>> from facestats import schema
    >>> empty = schema.conform("tracks", {"track_id": [0]}).iloc[0]
    >>> [title for title, _ in verdict_rows(empty, {})]
    ['perceived gender', 'age group', 'expression', 'makeup']
    """
    is_corrected = bool(by_hand(row.get("corrected")))
    weak = {name: hint(card, name, row) for name, card in cards.items() if name in VERDICT_COLUMNS and not is_corrected}
    titles = {"gender": "perceived gender", "age": "age group", "expression": "expression", "makeup": "makeup"}
    rows = []
    for name, title in titles.items():
        column, detail = VERDICT_COLUMNS[name], _years(row) if name == "age" else ""
        measure = row[measure_column(name)]
        if is_set_by_hand(row.get("corrected"), column):
            # What was measured of it is no probability of what was set.
            measure, detail = np.nan, f", set by hand{f'; measured{detail[1:]}' if detail else ''}"
        rows.append((title, (name, row[column], measure, detail, weak.get(name, ""))))
    return rows


def is_set_by_hand(corrected: object, column: str) -> bool:
    """Say whether a verdict was set by hand, given the value of ``corrected`` and the column of the verdict.

    Examples
    --------
    >>> is_set_by_hand("age_group, accept", "age_group"), is_set_by_hand(None, "gender")
    (True, False)
    """
    return isinstance(corrected, str) and column in corrected.split(", ")


def by_hand(*corrected: object) -> str:
    """Return what was corrected by hand, in words; to accept a face as it is is no correction.

    Parameters
    ----------
    *corrected : object
        Values of the column ``corrected`` of some tracks.

    Examples
    --------
    >>> by_hand("age_group, accept", None, "age_group"), by_hand("accept")
    ('age group', '')
    """
    made = [what for value in corrected if isinstance(value, str) for what in value.split(", ")]
    return ", ".join(dict.fromkeys(what.replace("_", " ") for what in made if what != ACCEPT))


def _years(row: pd.Series) -> str:
    if not np.isfinite(row["age_years"]):
        return ""
    low, high = row["age_years_low"], row["age_years_high"]
    between = f" ({low:.0f} to {high:.0f})" if np.isfinite(low) and np.isfinite(high) else ""
    return f", about {row['age_years']:.0f}{between}"
