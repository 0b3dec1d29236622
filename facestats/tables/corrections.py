"""Corrections by hand: what a person knows and a machine cannot, applied to the tables of a video when they are read.

A correction names a track, and holds where that track was seen. As long as the tables are those that were corrected,
the number tells the track; in those of a later analysis, it is the track that is seen there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from facestats.tables import schema
from facestats.tables.building import summarize_track
from facestats.tables.by_hand import Made, marked, marked_people
from facestats.tables.correction import ACCEPT, FACE, MERGE, REJECT, SPLIT, Correction
from facestats.tables.doubtful import AT_MOST_APART_S, LEAST_OVERLAP, Place, doubtful_at, overlaps_of, rows_of_face
from facestats.tables.people import count_people, summarize_people, with_people
from facestats.tables.thumbnails import best_first
from facestats.tables.whose import OWN_PERSON, SAME_PERSON, Whose, met_s

_LEAST_SHARE = 0.5  # of the places in which a track must be found again
_PLACES = 12


@dataclass(frozen=True)
class Corrected:
    """The tables of a video after corrections.

    Attributes
    ----------
    tables : mapping of str to pandas.DataFrame
    track_ids : mapping of int to int
        By number of the correction, the track that it was applied to; those that fit no more are absent.
    gone : mapping of int to Correction
        By track that was rejected or merged into another one, the correction that did it.
    """

    tables: Mapping[str, pd.DataFrame]
    track_ids: Mapping[int, int]
    gone: Mapping[int, Correction]


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
    state = _State(tables)
    track_ids = {each.number: found for each in corrections if (found := state.apply(each, run)) is not None}
    return Corrected({**tables, **state.tables(thresholds)}, track_ids, state.gone)


def with_verdicts(tracks: pd.DataFrame, corrections: Sequence[Correction]) -> pd.DataFrame:
    """Return the tracks of one video with the verdicts that were set by hand, each certain.

    For corrections that leave the tracks as they are, in tables of the very analysis that was corrected.

    Examples
    --------
    >>> with_verdicts(schema.conform("tracks"), []).empty
    True
    """
    return marked(tracks, _by_track(corrections))


def people_with_verdicts(people: pd.DataFrame, tracks: pd.DataFrame, corrections: Sequence[Correction]) -> pd.DataFrame:
    """Return the people of one video with the verdicts that were set of one of their tracks, as :func:`with_verdicts`.

    Examples
    --------
    >>> people_with_verdicts(schema.conform("people"), schema.conform("tracks"), []).empty
    True
    """
    return marked_people(people, tracks, [(each.track_id, each.what, each.value) for each in corrections])


class _State:
    """The observations of a video while corrections are applied to them one after the other."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        self.tables_before = dict(tables)
        self.times = tables["observations"]["time_s"].to_numpy(np.float64)
        self.whose = Whose(tables["tracks"], are_known=bool(tables["videos"]["n_people"].notna().any()))
        self.ids, self.pictures = _ids(tables["observations"]), _ids(tables["thumbnails"])
        self.is_face = np.ones(len(self.ids), bool)
        self.made: dict[int, dict[str, str | None]] = {}
        self.changed: set[int] = set()
        self.merged: set[int] = set()
        self.gone: dict[int, Correction] = {}
        self.verdicts: list[tuple[int, str, str | None]] = []  # as set, of which track, in their order
        self.added_frames: list[int] = []  # in which a face was found that had counted nowhere
        self.next = int(self.ids.max(initial=0)) + 1

    def apply(self, each: Correction, run: str) -> int | None:
        """Apply one correction, and return the number of its track; None if it fits none."""
        if each.what == FACE:
            return self._take_for_face(each, is_same=each.run == run)
        track = self._found(each.track_id, each.place, is_same=each.run == run)
        if track is None:
            return None
        if each.what == REJECT:
            self.is_face &= self.ids != track
            self.ids[self.ids == track] = -1
            self.pictures[self.pictures == track] = -1
            self.made.pop(track, None)
            self.gone[track] = each
            return track
        if each.what == OWN_PERSON and not self.whose.set_apart(track):
            return None
        if each.what in (MERGE, SAME_PERSON):
            other = self._found(int(each.value or 0), each.other, is_same=each.run == run)
            join = self._take_in if each.what == MERGE else self._join
            if other is None or other == track or not join(track, other):
                return None
            if each.what == MERGE:
                self.gone[other] = each
        elif each.what == SPLIT:
            is_later = (self.ids == track) & (self.times >= each.time_s)
            if not is_later.any() or is_later.sum() == (self.ids == track).sum():
                return None
            new = self._new_number(each, is_same=each.run == run)
            self.ids[is_later] = new
            picture_times = self.tables_before["thumbnails"]["time_s"].to_numpy(np.float64)
            self.pictures[(self.pictures == track) & (picture_times >= each.time_s)] = new
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

    def _take_for_face(self, each: Correction, *, is_same: bool) -> int | None:
        """Make a track of what was doubtful; a later analysis may have found that it is one by itself."""
        before, row = self.tables_before, doubtful_at(self.tables_before["doubtful"], each.place)
        if row is None:
            track = self._found(each.track_id, each.place, is_same=False)
            if track is not None:
                self.made.setdefault(track, {})[ACCEPT] = None
            return track
        new = self._new_number(each, is_same=is_same)
        added = rows_of_face(before["doubtful"].iloc[row], new, before["frames"])
        for table, rows in added.items():
            before[table] = pd.concat([before[table], rows], ignore_index=True) if len(before[table]) else rows
        before["doubtful"] = before["doubtful"].drop(index=before["doubtful"].index[row])
        self.times = before["observations"]["time_s"].to_numpy(np.float64)
        self.ids, self.is_face = np.append(self.ids, new), np.append(self.is_face, True)
        self.pictures = np.append(self.pictures, [new] * len(added["thumbnails"])).astype(np.int64)
        self.added_frames.append(int(added["observations"]["frame"].iloc[0]))
        self.whose.add(new)
        self.made[new] = {FACE: None, ACCEPT: None}
        self.next = max(self.next, new + 1)
        return new

    def _new_number(self, each: Correction, *, is_same: bool) -> int:
        """Return the number that a correction gave: its own, whatever corrections before it were undone."""
        given = each.track_id if each.what == FACE else int(each.value or self.next)
        own = given if is_same else self.next
        is_taken = own in self.made or bool((self.ids == own).any())
        return self.next if is_taken else own

    def _take_in(self, track: int, other: int) -> bool:
        """Make a track part of another one, and say whether they are never seen together."""
        if met_s(self.times, self.ids, [track], [other]) is not None:
            return False
        self.ids[self.ids == other] = track
        self.pictures[self.pictures == other] = track
        self.merged.add(track)
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

    def tables(self, thresholds: Mapping[str, float]) -> dict[str, pd.DataFrame]:
        """Return the tables that the corrections changed."""
        tables = self.tables_before
        numbers = pd.array(self.ids, "Int64")
        numbers[self.ids < 0] = pd.NA
        observations = self.tables_before["observations"].assign(track_id=numbers)[self.is_face]
        if self.added_frames:
            observations = observations.sort_values("frame", kind="stable")
        observations = observations.reset_index(drop=True)
        pictures = tables["thumbnails"].assign(track_id=pd.array(self.pictures, "Int64"))[self.pictures >= 0]
        gone = self.tables_before["observations"][~self.is_face].groupby("frame").size()
        frames = tables["frames"]
        come = pd.Series(self.added_frames, dtype="int64").value_counts()
        n_faces = frames["n_faces"] - frames["frame"].map(gone).fillna(0).astype("Int64")
        n_faces = n_faces + frames["frame"].map(come).fillna(0).astype("Int64")
        tracks = with_people(self._tracks(tables["tracks"], observations, thresholds), self.whose.people)
        videos = tables["videos"]
        lengths_s = dict(zip(videos["video_id"], videos["duration_s"].astype(float), strict=True))
        pictures, qualities = best_first(pictures, observations, tracks, self.merged)
        people = summarize_people(tracks, observations, thresholds, lengths_s, qualities)
        people = marked_people(people, tracks, self.verdicts)
        counted = count_people(videos, people)
        return {
            "people": people,
            "doubtful": tables["doubtful"].reset_index(drop=True),
            "observations": observations,
            "thumbnails": pictures,
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
        return marked(every.sort_values(["video_id", "track_id"], kind="stable").reset_index(drop=True), self.made)

    def _found(self, track_id: int, place: tuple[Place, ...], *, is_same: bool) -> int | None:
        if is_same:
            return track_id if (self.ids == track_id).any() else None
        votes: dict[int, int] = {}
        boxes = self.tables_before["observations"][["x", "y", "w", "h"]].to_numpy(np.float64)
        times, moments = self.times, np.unique(self.times)
        for time_s, *box in place if len(moments) else ():
            nearest = moments[np.abs(moments - time_s).argmin()]
            rows = np.flatnonzero((times == nearest) & (self.ids >= 0))
            if abs(nearest - time_s) > AT_MOST_APART_S or not len(rows):
                continue
            overlaps = overlaps_of(boxes[rows], np.array(box))
            if overlaps.max() >= LEAST_OVERLAP:
                seen = int(self.ids[rows[overlaps.argmax()]])
                votes[seen] = votes.get(seen, 0) + 1
        best = max(votes, key=lambda seen: votes[seen], default=None)
        return best if best is not None and votes[best] >= _LEAST_SHARE * len(place) else None


def _by_track(corrections: Sequence[Correction]) -> Made:
    made: dict[int, dict[str, str | None]] = {}
    for each in corrections:
        made.setdefault(each.track_id, {})[each.what] = each.value
    return made


def _ids(table: pd.DataFrame) -> np.ndarray:
    """Return the numbers of tracks, int64 (N,), -1 for none."""
    return table["track_id"].fillna(-1).to_numpy(np.int64).copy()
