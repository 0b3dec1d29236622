"""What is doubtful about a tracked face, so that people look at the most doubtful ones first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from facestats._util import words
from facestats.models.attributes import VERDICT_COLUMNS
from facestats.tables.correction import ACCEPT
from facestats.tables.labels import ATTRIBUTE_TITLES
from facestats.tables.schema import UNKNOWN

#: A track whose parts show one person less probably than this may show two.
SURELY_JOINED = 0.9

#: A track that is a face less probably than this may be none.
SURELY_FACE = 0.95

_LEAST = {"face_prob": SURELY_FACE, "joined_prob": SURELY_JOINED}
_QUESTIONS = {"face_prob": "a face?", "joined_prob": "one person?"}


def is_accepted(track: Mapping[Any, Any]) -> bool:
    """Say whether somebody looked at a track, a row of ``tracks``, and let it be.

    Examples
    --------
    >>> is_accepted({"corrected": "gender, accept"}), is_accepted({"corrected": None})
    (True, False)
    """
    said = track["corrected"]
    return isinstance(said, str) and ACCEPT in said.split(", ")


def are_accepted(tracks: pd.DataFrame) -> np.ndarray:
    """Say of each of some tracks whether somebody looked at it and let it be, bool (N,).

    Examples
    --------
    >>> are_accepted(pd.DataFrame({"corrected": ["gender, accept", None]})).tolist()
    [True, False]
    """
    return tracks["corrected"].fillna("").str.split(", ").map(lambda said: ACCEPT in said).to_numpy(bool)


def doubts_of(track: Mapping[Any, Any]) -> tuple[str, ...]:
    """Return what is doubtful about a track, in a few words each; nothing about one that was accepted.

    Doubtful is whether it is a face, one person's, and no picture of a face; and a verdict "unknown".

    Parameters
    ----------
    track : mapping
        A row of ``tracks``.

    Examples
    --------
    >>> row = {"corrected": None, "face_prob": 0.85, "joined_prob": 1.0, "static": False, "gender": "unknown"}
    >>> said = doubts_of({**row, "age_group": "old", "expression": "fear", "makeup": None})
    >>> [text.replace("\N{NO-BREAK SPACE}", " ") for text in said]
    ['a face? 85 %', 'perceived gender unknown']
    """
    return () if is_accepted(track) else (*_of_track(track), *_of_verdicts(track))


def _of_track(track: Mapping[Any, Any]) -> list[str]:
    said = [
        f"{_QUESTIONS[column]} {words.percent(track[column])}"
        for column, least in _LEAST.items()
        if pd.notna(track[column]) and track[column] < least
    ]
    if pd.notna(track["static"]) and track["static"]:
        said.append("a picture of a face?")
    return said


def _of_verdicts(track: Mapping[Any, Any]) -> list[str]:
    unsure = [ATTRIBUTE_TITLES[name] for name, column in VERDICT_COLUMNS.items() if track[column] == UNKNOWN]
    return [f"{words.listing(unsure)} unknown"] if unsure else []


def by_doubt(tracks: pd.DataFrame) -> pd.DataFrame:
    """Return tracks with those first that are most doubtful; those that nothing is doubtful about, or accepted, last.

    First come those that may be no face, no single person's, or a picture, in the order of the probability that they
    are one face of one person; then those with most verdicts "unknown".

    Parameters
    ----------
    tracks : pandas.DataFrame
        Of any number of videos.

    Examples
    --------
    >>> from facestats.tables import schema
    >>> by_doubt(schema.conform("tracks")).empty
    True
    """
    judged = ~are_accepted(tracks)
    of_track, right = tracks["static"].fillna(False).to_numpy(bool), np.ones(len(tracks))
    for column, least in _LEAST.items():
        probability = tracks[column].fillna(1.0).to_numpy(np.float64)
        of_track, right = of_track | (probability < least), right * probability
    unknown = np.stack(
        [(tracks[column] == UNKNOWN).fillna(False).to_numpy(bool) for column in VERDICT_COLUMNS.values()]
    )
    n_unknown = np.where(judged, unknown.sum(axis=0), 0)
    # The last key counts most.
    first = np.where(of_track & judged, right, 2.0)
    return tracks.iloc[np.lexsort((tracks["track_id"].to_numpy(np.int64), right, -n_unknown, first))]
