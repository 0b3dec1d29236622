"""What counts once in shares: a person, a track, or a second of somebody's time; and what was said of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from facestats.models import attributes
from facestats.tables import schema
from facestats.tables.mixtures import Votes
from facestats.tables.verdicts import pooled
from facestats.track.gaps import seconds_seen

#: What may count once each: people, tracks, or the time for which people were seen.
BY = ("people", "track", "time")


_LEAST_DOUBT = 0.01  # less is not worth the time


@dataclass(frozen=True)
class Units:
    """What was said of N people or tracks about one attribute.

    Attributes
    ----------
    verdicts : numpy.ndarray
        object (N,): a class or ``"unknown"``.
    votes : Votes
        The likeliest class of each, also where the verdict is "unknown".
    seconds : numpy.ndarray
        float64 (N,): for how long each was seen.
    """

    verdicts: np.ndarray
    votes: Votes
    seconds: np.ndarray

    def __len__(self) -> int:
        return len(self.verdicts)


def units_of(
    tracks: pd.DataFrame,
    attribute: str,
    *,
    threshold: float = 0.5,
    by: str = "people",
    people: pd.DataFrame | None = None,
) -> Units:
    """Return what counts once each, with what was said of it, in an order that does not depend on that of the rows.

    Tracks with the same ``person_id`` are one person; a track without one is a person of its own. So is every track of
    a table without that column. The table of people itself may be given in place of tracks as well. What ``people``
    says of a person stands; where it is not given, the evidence of their tracks is pooled, which comes near to it.

    Parameters
    ----------
    tracks : pandas.DataFrame
        With the column of the attribute's verdicts, ``seen_s`` and ``duration_s``; rows without a verdict do not count.
        Without the columns of probabilities nothing is known of those who are "unknown".
    attribute : str
        ``"gender"``, ``"age"`` or ``"makeup"``.
    threshold : float
        The probability from which a model is sure.
    by : str
        One of :data:`BY`; people are put together for ``"people"`` and ``"time"``.
    people : pandas.DataFrame, optional
        The table of people; who has other tracks there than here is pooled all the same.

    Examples
    --------
    >>> tracks = pd.DataFrame({"video_id": "a", "track_id": [1, 2], "person_id": [7, 7], "gender": ["male", "unknown"],
    ...     "gender_female": [0.1, 0.4], "gender_male": [0.9, 0.6], "seen_s": [2.0, 2.0], "duration_s": [2.0, 2.0]})
    >>> len(units_of(tracks, "gender")), units_of(tracks, "gender", by="track").verdicts.tolist()
    (1, ['male', 'unknown'])
    """
    column = attributes.VERDICT_COLUMNS[attribute]
    classes = np.array(attributes.ATTRIBUTE_CLASSES[attribute], object)
    measured = tracks[tracks[column].notna()]
    keys = [name for name in ("video_id", "track_id", "person_id") if name in measured]
    measured = measured.sort_values(keys, kind="stable") if keys else measured
    verdicts = measured[column].to_numpy(object)
    probabilities = _probabilities(measured, attribute)
    by_hand = _by_hand(measured, column)
    seconds: np.ndarray = np.asarray(seconds_seen(measured), np.float64)
    if by != "track" and "person_id" in measured and len(measured):
        person = _people(measured)
        unheard = np.isin(person, person[by_hand]) & ~by_hand  # who was told for one track is told for all
        probabilities = np.where(unheard[:, None], np.nan, probabilities)
        heard = np.where(unheard, 0.0, seconds)
        probabilities, verdicts = _pooled(probabilities, verdicts, heard, person, classes, threshold)
        if people is not None and len(people):
            rows = _rows_in(people, tracks, measured, person)
            said_of, is_said = people[column].to_numpy(object)[rows], rows >= 0
            is_said &= pd.notna(said_of)
            verdicts = np.where(is_said, said_of, verdicts)
            theirs = _probabilities(people, attribute)[rows]
            probabilities = np.where(is_said[:, None] & ~np.isnan(theirs), theirs, probabilities)
        by_hand = np.bincount(person, by_hand) > 0
        seconds = np.bincount(person, seconds).astype(np.float64)
    known = ~np.isnan(probabilities).all(axis=1)
    choice = np.where(known, np.nan_to_num(probabilities, nan=-1).argmax(axis=1), -1)
    is_sure = known & (np.nan_to_num(probabilities).max(axis=1, initial=0) >= threshold)
    # A verdict stands, whatever the probabilities: it may come from elsewhere.
    said = (verdicts[:, None] == classes).argmax(axis=1)
    named = verdicts != schema.UNKNOWN
    is_sure |= named & (choice != said)
    choice = np.where(named, said, choice)
    return Units(verdicts, Votes(choice, is_sure, by_hand & named), seconds)


def possible_people(
    tracks: pd.DataFrame, n: int, rng: np.random.Generator, *, by: str = "people"
) -> list[pd.DataFrame]:
    """Return the tracks as often as who is who was drawn anew: a track leaves its person as often as that may be wrong.

    Parameters
    ----------
    tracks : pandas.DataFrame
        With ``person_id`` and ``person_prob`` where people were looked for.
    n : int
        How often, where any track may be another person's.
    rng : numpy.random.Generator
    by : str
        One of :data:`BY`; for ``"track"`` it does not matter who is who.

    Returns
    -------
    list of pandas.DataFrame
        The tracks alone where nothing is in doubt.

    Examples
    --------
    >>> tracks = pd.DataFrame({"video_id": "a", "track_id": [1, 2], "person_id": [7, 7], "person_prob": [1.0, 0.5]})
    >>> len(possible_people(tracks, 4, np.random.default_rng(0)))
    4
    """
    if by == "track" or not {"person_id", "person_prob", "video_id", "track_id"} <= set(tracks.columns):
        return [tracks]
    ordered = tracks.sort_values(["video_id", "track_id"], kind="stable")
    shared = ordered.groupby(["video_id", "person_id"])["track_id"].transform("size").fillna(1) > 1
    doubt = np.where(shared, 1 - ordered["person_prob"].fillna(1).to_numpy(np.float64), 0.0)
    if doubt.max(initial=0) < _LEAST_DOUBT:
        return [tracks]
    person = ordered["person_id"].astype("Int64")
    return [ordered.assign(person_id=person.mask(rng.random(len(ordered)) < doubt)) for _ in range(n)]


def _by_hand(tracks: pd.DataFrame, column: str) -> np.ndarray:
    """Return whose verdict was set by hand, bool (N,)."""
    if "corrected" not in tracks:
        return np.zeros(len(tracks), bool)
    return np.array([column in str(said).split(", ") for said in tracks["corrected"].fillna("")], bool)


def _probabilities(tracks: pd.DataFrame, attribute: str) -> np.ndarray:
    """Return the probabilities of the classes, float64 (N, K), NaN where they are not known."""
    return np.column_stack(
        [
            tracks[name].to_numpy(np.float64, na_value=np.nan) if name in tracks else np.full(len(tracks), np.nan)
            for name in schema.probability_columns(attribute)
        ]
    )


def _people(tracks: pd.DataFrame) -> np.ndarray:
    """Return the number of each track's person, int64 (N,), from 0."""
    video = tracks["video_id"].astype(str) if "video_id" in tracks else pd.Series("", tracks.index)
    alone = pd.Series(np.arange(len(tracks)), tracks.index)
    person = tracks["person_id"].astype("Int64")
    named = video + "/" + person.astype("str")
    return pd.factorize(named.where(person.notna(), "alone/" + alone.astype(str)))[0]


def _rows_in(people: pd.DataFrame, tracks: pd.DataFrame, measured: pd.DataFrame, person: np.ndarray) -> np.ndarray:
    """Return the row that each person has in ``people``, int64 (N,); -1 of who has none, or other tracks there."""
    keys = ["video_id", "person_id"]
    if "video_id" not in tracks:
        return np.full(int(person.max()) + 1, -1)
    n_here = tracks.groupby(keys).size()
    rows = {key: row for row, key in enumerate(zip(people["video_id"], people["person_id"], strict=True))}
    whole = {key for key, row in rows.items() if n_here.get(key, 0) == people["n_tracks"].iloc[row]}
    found = np.full(int(person.max()) + 1, -1)
    for number, video_id, person_id in zip(person, measured["video_id"], measured["person_id"], strict=True):
        if pd.notna(person_id) and (video_id, person_id) in whole:
            found[number] = rows[video_id, person_id]
    return found


def _pooled(
    probabilities: np.ndarray,
    verdicts: np.ndarray,
    seconds: np.ndarray,
    person: np.ndarray,
    classes: np.ndarray,
    threshold: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the probabilities (N, K) and the verdicts (N,) of people, from those of their tracks."""
    found, said = [], []
    for rows in np.split(np.argsort(person, kind="stable"), np.bincount(person).cumsum()[:-1]):
        known = rows[~np.isnan(probabilities[rows]).all(axis=1)]
        if len(rows) == 1 or not len(known):  # without probabilities the longest track speaks for all
            longest = int(rows[seconds[rows].argmax()])
            found.append(probabilities[longest])
            said.append(verdicts[longest])
            continue
        together = pooled(probabilities[known], seconds[known])
        best = int(np.nanargmax(together))
        found.append(together)
        said.append(classes[best] if together[best] >= threshold else schema.UNKNOWN)
    return np.array(found).reshape(-1, len(classes)), np.array(said, object)
