"""Corrections by hand: what a person knows and a machine cannot, applied to the tables of a video when they are read.

A correction names a track, and holds where that track was seen. As long as the tables are those that were corrected,
the number tells the track; in those of a later analysis, it is the track that is seen there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from facestats.models.attributes import ATTRIBUTE_CLASSES, VERDICT_COLUMNS, measure_column
from facestats.tables import schema
from facestats.tables.building import summarize_track
from facestats.tables.people import count_people, summarize_people, with_people
from facestats.tables.whose import OWN_PERSON, SAME_PERSON, Whose, met_s

#: What can be done to a track, verdicts apart: it is no face, takes in another one, or is another from a moment on; or
#: somebody looked at it and let it be.
REJECT, MERGE, SPLIT, ACCEPT = "reject", "merge", "split", "accept"

_LEAST_OVERLAP = 0.4  # of two boxes that show the same face
_LEAST_SHARE = 0.5  # of the places in which a track must be found again
_AT_MOST_APART_S = 0.5  # a place, and the next sample of a later analysis
_PLACES = 12

Place = tuple[float, float, float, float, float]


@dataclass(frozen=True)
class Correction:
    """One correction of a track of a video.

    Attributes
    ----------
    number : int
        Of the video's corrections, counted from 1 in the order in which they were made, which they are applied in.
    track_id : int
        The track, as it was numbered when it was corrected.
    what : str
        The column of a verdict, ``"reject"`` (it is no face), ``"merge"``, ``"split"``, ``"accept"`` (somebody looked
        at it and let it be, so that it is doubtful no more), ``"same_person"`` or ``"own_person"``.
    value : str or None
        The verdict, the number of the track that became part of this one or shows the same person, or the new number
        behind a split.
    time_s : float
        The moment of a split; else when the track begins.
    reason : str
    corrected_at : str
        UTC, ISO 8601.
    run : str
        The analysis whose tables were corrected.
    place, other : tuple of (time_s, x, y, w, h)
        Where the track was seen, and the other one.
    """

    number: int
    track_id: int
    what: str
    value: str | None
    time_s: float
    reason: str
    corrected_at: str
    run: str
    place: tuple[Place, ...]
    other: tuple[Place, ...] = ()

    @property
    def is_verdict(self) -> bool:
        """Whether it sets a verdict, and leaves the tracks as they are."""
        return self.what in VERDICT_COLUMNS.values()

    @property
    def leaves_tracks(self) -> bool:
        """Whether it leaves the tracks as they are, apart from verdicts."""
        return self.is_verdict or self.what == ACCEPT


@dataclass(frozen=True)
class Corrected:
    """The tables of a video after corrections.

    Attributes
    ----------
    tables : mapping of str to pandas.DataFrame
    track_ids : mapping of int to int
        By number of the correction, the track that it was applied to; those that fit no more are absent.
    """

    tables: Mapping[str, pd.DataFrame]
    track_ids: Mapping[int, int]


def place_of(observations: pd.DataFrame, track_id: int) -> tuple[Place, ...]:
    """Return where a track was seen: up to twelve of its observations, evenly spread.

    Examples
    --------
    >>> place_of(schema.conform("observations"), 1)
    ()
    """
    rows = observations[observations["track_id"].eq(track_id).fillna(False)].sort_values("time_s")
    chosen = rows.iloc[np.unique(np.linspace(0, len(rows) - 1, _PLACES).round().astype(int))] if len(rows) else rows
    numbers = chosen[["time_s", "x", "y", "w", "h"]].to_numpy(np.float64)
    return tuple((time_s, x, y, w, h) for time_s, x, y, w, h in numbers.tolist())


def applied(
    tables: Mapping[str, pd.DataFrame],
    corrections: Sequence[Correction],
    *,
    run: str,
    thresholds: Mapping[str, float],
) -> Corrected:
    """Return the tables of one video with its corrections, in their order; what fits no track is passed over.

    Tracks that are merged or split are summarized anew, see :func:`facestats.tables.building.summarize_tracks`.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        All of :data:`facestats.tables.schema.TABLES`; they are not changed.
    corrections : sequence of Correction
    run : str
        The analysis that they come from.
    thresholds : mapping of str to float
        By attribute, see :func:`facestats.tables.verdicts.threshold_of`.

    Examples
    --------
    >>> empty = {name: schema.conform(name) for name in schema.TABLES}
    >>> applied(empty, [], run="7f", thresholds={}).track_ids
    {}
    """
    state = _State(tables["observations"], tables["thumbnails"], tables["tracks"])
    track_ids = {each.number: found for each in corrections if (found := state.apply(each, run)) is not None}
    return Corrected({**tables, **state.tables(tables, thresholds)}, track_ids)


def with_verdicts(tracks: pd.DataFrame, corrections: Sequence[Correction]) -> pd.DataFrame:
    """Return the tracks of one video with the verdicts that were set by hand, each certain.

    For corrections that leave the tracks as they are, in tables of the very analysis that was corrected.

    Examples
    --------
    >>> with_verdicts(schema.conform("tracks"), []).empty
    True
    """
    return _marked(tracks, _by_track(corrections))


def people_with_verdicts(people: pd.DataFrame, tracks: pd.DataFrame, corrections: Sequence[Correction]) -> pd.DataFrame:
    """Return the people of one video with the verdicts that were set of one of their tracks, as :func:`with_verdicts`.

    Examples
    --------
    >>> people_with_verdicts(schema.conform("people"), schema.conform("tracks"), []).empty
    True
    """
    return _of_people(people, tracks, [(each.track_id, each.what, each.value) for each in corrections])


class _State:
    """The observations of a video while corrections are applied to them one after the other."""

    def __init__(self, observations: pd.DataFrame, thumbnails: pd.DataFrame, tracks: pd.DataFrame) -> None:
        self.observations = observations
        self.whose = Whose(tracks)
        self.boxes = observations[["x", "y", "w", "h"]].to_numpy(np.float64)
        self.times, self.ids = _numbers(observations)
        self.picture_times, self.pictures = _numbers(thumbnails)
        self.is_face = np.ones(len(observations), bool)
        self.made: dict[int, dict[str, str | None]] = {}
        self.changed: set[int] = set()
        self.verdicts: list[tuple[int, str, str | None]] = []  # as set, of which track, in their order
        self.next = int(self.ids.max(initial=0)) + 1

    def apply(self, each: Correction, run: str) -> int | None:
        """Apply one correction, and return the number of its track; None if it fits none."""
        track = self._found(each.track_id, each.place, is_same=each.run == run)
        if track is None:
            return None
        if each.what == REJECT:
            self.is_face &= self.ids != track
            self.ids[self.ids == track] = -1
            self.pictures[self.pictures == track] = -1
            self.made.pop(track, None)
            return track
        if each.what == OWN_PERSON and not self.whose.set_apart(track):
            return None
        if each.what in (MERGE, SAME_PERSON):
            other = self._found(int(each.value or 0), each.other, is_same=each.run == run)
            join = self._take_in if each.what == MERGE else self._join
            if other is None or other == track or not join(track, other):
                return None
        elif each.what == SPLIT:
            is_later = (self.ids == track) & (self.times >= each.time_s)
            if not is_later.any() or is_later.sum() == (self.ids == track).sum():
                return None
            new = self._new_number(each, is_same=each.run == run)
            self.ids[is_later] = new
            self.pictures[(self.pictures == track) & (self.picture_times >= each.time_s)] = new
            self.made.get(track, {}).pop(ACCEPT, None)  # it was looked at as another face
            self.made[new] = {SPLIT: None}
            self.whose.set_apart(track, new)  # another face is another person
            self.changed.add(new)
            self.next = max(self.next, new + 1)
        if each.what in (MERGE, SPLIT):
            self.changed.add(track)
        self.made.setdefault(track, {})[each.what] = each.value
        if each.is_verdict:
            self.verdicts.append((track, each.what, each.value))
        return track

    def _new_number(self, each: Correction, *, is_same: bool) -> int:
        """Return the number that a split gave: its own, whatever corrections before it were undone."""
        own = int(each.value) if is_same and each.value is not None else self.next
        is_taken = own in self.made or bool((self.ids == own).any())
        return self.next if is_taken else own

    def _take_in(self, track: int, other: int) -> bool:
        """Make a track part of another one, and say whether they are never seen together."""
        if met_s(self.times, self.ids, [track], [other]) is not None:
            return False
        self.ids[self.ids == other] = track
        self.pictures[self.pictures == other] = track
        self.made[track] = {**self.made.pop(other, {}), **self.made.get(track, {})}
        self.made[track].pop(ACCEPT, None)  # nobody looked at what they are together
        self.verdicts = [(track if of == other else of, what, value) for of, what, value in self.verdicts]
        self.whose.take_in(track, other)
        for each in self.whose.tracks_of(track):  # whoever is now seen beside this face is another person
            if each != track and met_s(self.times, self.ids, [track], [each]) is not None:
                self.whose.set_apart(each)
        return True

    def _join(self, track: int, other: int) -> bool:
        """Make one person of two, and say whether both are known, and of one already or never seen together."""
        if other in self.whose.tracks_of(track):  # as a later analysis may find by itself: now it is certain
            return self.whose.join(track, other)
        both = self.whose.tracks_of(track), self.whose.tracks_of(other)
        return met_s(self.times, self.ids, *both) is None and self.whose.join(track, other)

    def tables(self, tables: Mapping[str, pd.DataFrame], thresholds: Mapping[str, float]) -> dict[str, pd.DataFrame]:
        """Return the tables that the corrections changed."""
        numbers = pd.array(self.ids, "Int64")
        numbers[self.ids < 0] = pd.NA
        observations = self.observations.assign(track_id=numbers)[self.is_face].reset_index(drop=True)
        pictures = tables["thumbnails"].assign(track_id=pd.array(self.pictures, "Int64"))[self.pictures >= 0]
        gone = self.observations[~self.is_face].groupby("frame").size()
        frames = tables["frames"]
        n_faces = frames["n_faces"] - frames["frame"].map(gone).fillna(0).astype("Int64")
        tracks = with_people(self._tracks(tables["tracks"], observations, thresholds), self.whose.people)
        videos, times = tables["videos"], frames["time_s"].to_numpy(np.float64)
        length_s = float(times[-1] - times[0]) if len(times) else np.nan  # as where people are found
        lengths_s = dict.fromkeys(videos["video_id"], length_s)
        people = _of_people(summarize_people(tracks, observations, thresholds, lengths_s), tracks, self.verdicts)
        counted = count_people(videos, people)
        return {
            "people": people,
            "observations": observations,
            # The best picture of a track stays the first.
            "thumbnails": pictures.sort_values(["video_id", "track_id"], kind="stable").reset_index(drop=True),
            "frames": frames.assign(n_faces=n_faces),
            "tracks": tracks,
            "videos": counted.assign(n_tracks=pd.array([len(tracks)] * len(videos), "Int64")),
        }

    def _tracks(
        self, tracks: pd.DataFrame, observations: pd.DataFrame, thresholds: Mapping[str, float]
    ) -> pd.DataFrame:
        kept = tracks["track_id"].isin(self.ids[self.ids >= 0]) & ~tracks["track_id"].isin(self.changed)
        parts = [tracks[kept]]
        if self.changed:
            of_changed = observations[observations["track_id"].isin(self.changed)]
            anew: list[dict[str, Any]] = []
            for key, rows in of_changed.groupby(["video_id", "track_id"]):
                video_id, track_id = cast("tuple[str, int]", key)
                made = summarize_track(video_id, track_id, rows.sort_values("time_s", kind="stable"), thresholds)
                anew.append({**made, "joined_prob": 1.0})
            parts.append(schema.conform("tracks", pd.DataFrame(anew)))
        every = (
            pd.concat([part for part in parts if len(part)], ignore_index=True) if any(map(len, parts)) else tracks[:0]
        )
        return _marked(every.sort_values(["video_id", "track_id"], kind="stable").reset_index(drop=True), self.made)

    def _found(self, track_id: int, place: tuple[Place, ...], *, is_same: bool) -> int | None:
        if is_same:
            return track_id if (self.ids == track_id).any() else None
        votes: dict[int, int] = {}
        moments = np.unique(self.times)
        for time_s, *box in place if len(moments) else ():
            nearest = moments[np.abs(moments - time_s).argmin()]
            rows = np.flatnonzero((self.times == nearest) & (self.ids >= 0))
            if abs(nearest - time_s) > _AT_MOST_APART_S or not len(rows):
                continue
            overlaps = _overlaps(self.boxes[rows], np.array(box))
            if overlaps.max() >= _LEAST_OVERLAP:
                seen = int(self.ids[rows[overlaps.argmax()]])
                votes[seen] = votes.get(seen, 0) + 1
        best = max(votes, key=lambda seen: votes[seen], default=None)
        return best if best is not None and votes[best] >= _LEAST_SHARE * len(place) else None


_Made = Mapping[int, Mapping[str, str | None]]


def _by_track(corrections: Sequence[Correction]) -> _Made:
    made: dict[int, dict[str, str | None]] = {}
    for each in corrections:
        made.setdefault(each.track_id, {})[each.what] = each.value
    return made


def _of_people(
    people: pd.DataFrame, tracks: pd.DataFrame, verdicts: Sequence[tuple[int, str, str | None]]
) -> pd.DataFrame:
    """Return people with the verdicts that were set of one of their tracks, in that order; the last one stands."""
    whose = dict(zip(tracks["track_id"], tracks["person_id"], strict=True))
    of_people: dict[int, dict[str, str | None]] = {}
    for track_id, column, value in verdicts:
        if pd.notna(person := whose.get(track_id, pd.NA)):
            of_people.setdefault(int(person), {})[column] = value
    return _marked(people, of_people, of="person_id")


def _marked(table: pd.DataFrame, made: _Made, *, of: str = "track_id") -> pd.DataFrame:
    """Return tracks or people with verdicts set, and, of tracks, with what was corrected."""
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


def _numbers(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return times, float64 (N,), and numbers of tracks, int64 (N,), -1 for none."""
    return table["time_s"].to_numpy(np.float64), table["track_id"].fillna(-1).to_numpy(np.int64).copy()


def new_number(ids: Iterable[int], corrections: Iterable[Correction]) -> int:
    """Return a number for the face behind a split, which neither a track has nor any correction names.

    Parameters
    ----------
    ids : iterable of int
        Of the tracks, as they are corrected.
    corrections : iterable of Correction
        All of the video.

    Examples
    --------
    >>> new_number([0, 1, 4], [])
    5
    """
    named = [int(each.value or 0) for each in corrections if each.what in (MERGE, SPLIT)]
    return max([*map(int, ids), *named, *(each.track_id for each in corrections)], default=0) + 1


def _overlaps(boxes: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Return the intersection over union of boxes (N, 4) with one, all as x, y, w, h."""
    low = np.maximum(boxes[:, :2], box[:2])
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], box[:2] + box[2:])
    shared = (high - low).clip(0).prod(axis=1)
    return shared / (boxes[:, 2:].prod(axis=1) + box[2:].prod() - shared).clip(1e-9)


def told(track_id: int, what: str, value: str | None, time_s: float) -> str:
    """Return in words what a correction does; the parameters are columns of the table of corrections.

    Examples
    --------
    >>> told(3, "age_group", "old", 0.0), told(3, "merge", "7", 0.0)
    ('age group of face 3 is old', 'face 3 takes in face 7')
    """
    if what == REJECT:
        return f"face {track_id} is no face"
    if what == ACCEPT:
        return f"face {track_id} was looked at and let be"
    if what == MERGE:
        return f"face {track_id} takes in face {value}"
    if what == SAME_PERSON:
        return f"face {track_id} is of the same person as face {value}"
    if what == OWN_PERSON:
        return f"face {track_id} is of a person of its own"
    if what == SPLIT:
        return f"face {track_id} is another face from {time_s:.1f} s on"
    return f"{what.replace('_', ' ')} of face {track_id} is {value}"
