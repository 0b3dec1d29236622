"""From the sampled frames of a video, as they come, to the rows of its tables, a batch at a time.

Shots, tracks and verdicts are made here, over all of a video, wherever and in however many chunks its frames were
sampled. What is older than the longest absence of a face is settled, and leaves memory: whether a video lasts a minute
or three hours, memory holds the last minute or so, and of each track that goes on a few numbers an observation, from
which its verdicts are made when it ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self, cast

import numpy as np
import pandas as pd

from facestats.analysis.opentrack import OpenTrack
from facestats.analysis.portraits import portrait_quality
from facestats.analysis.spool import Spool
from facestats.classify import crops
from facestats.classify.embedding import Embedder
from facestats.classify.quality import quality_weight
from facestats.options import DEFAULT_MIN_FACE_PROB
from facestats.tables import building as tables
from facestats.tables import people, schema
from facestats.tables.building import SampledFrame
from facestats.tables.clustering import Clusters
from facestats.tables.faceness import SURE_ALONE
from facestats.tables.thumbnails import Picture, best_pictures, encode_webp, picture_weight
from facestats.track import Tracker
from facestats.track.base import UNCONFIRMED
from facestats.track.linking import OPEN, longest_absence_s, relink
from facestats.track.sameness import TrackedFaces
from facestats.types import Int64, Places
from facestats.video.shots import ShotCounter

#: Frames wait for what comes after them so many times as long as a face may be absent from its track; and frames of so
#: many times that length are settled at once.
_WAITS, _SETTLES = 2.0, 10.0

_SHORTEST = 2  # observations of a track
_NO_PICTURE = np.zeros((0, 0, 3), np.uint8)
_STEPS = 100  # of the clock, from which the usual one is known


@dataclass
class _Followed:
    """A sampled frame whose faces have an online tracker's numbers, and perhaps their final tracks."""

    item: SampledFrame
    number: int  # of the sample, from 0
    clock_s: float
    shot: int
    ids: Int64
    tracks: Int64 | None = None


@dataclass(frozen=True)
class Assembled:
    """The tables of one video.

    Attributes
    ----------
    tracks, people, doubtful, thumbnails : pandas.DataFrame
    clusters : Clusters or None
        Which tracks are of one person; None where nobody asked.
    n_sampled : int
    first_s : float
        Time of the first sampled frame; NaN if there is none.
    batches : callable
        Returns an iterator over the ``frames`` and ``observations`` of one part of the video after the other.
    """

    tracks: pd.DataFrame
    people: pd.DataFrame
    doubtful: pd.DataFrame
    thumbnails: pd.DataFrame
    clusters: Clusters | None
    n_sampled: int
    first_s: float
    batches: Callable[[], Iterator[tuple[pd.DataFrame, pd.DataFrame]]]


class Assembler:
    """Takes the sampled frames of one video, in order, and makes its tables; a context manager.

    Parameters
    ----------
    video_id : str
    tracker : Tracker or None
        A new one; None if faces are not tracked.
    thresholds : mapping of str to float
        Probability below which an attribute's verdict is "unknown".
    sure_score : float
        Score from which a face counts without a track.
    embedder : Embedder or None
        Tells people apart; None if nobody asks which tracks are of one person.
    min_face_prob : float
        Tracks that show a face with a lower probability become rows of ``doubtful``; 0: none.
    looks_ahead : bool
        See :class:`facestats.video.shots.ShotCounter`.
    places : Places, optional
        The regions whose names the faces get.

    Examples
    --------
    >>> with Assembler("clip", tracker=None, thresholds={}) as assembler:
    ...     assembler.finish().n_sampled
    0
    """

    def __init__(
        self,
        video_id: str,
        *,
        tracker: Tracker | None,
        thresholds: Mapping[str, float],
        sure_score: float = 0.5,
        embedder: Embedder | None = None,
        min_face_prob: float = DEFAULT_MIN_FACE_PROB,
        looks_ahead: bool = True,
        places: Places | None = None,
    ) -> None:
        self._places = places
        self._video_id, self._tracker, self._thresholds = video_id, tracker, thresholds
        self._sure_score, self._min_face_prob, self._embedder = sure_score, min_face_prob, embedder
        self._counter, self._undecided = ShotCounter(looks_ahead=looks_ahead), deque[SampledFrame]()
        self._followed: deque[_Followed] = deque()  # the last settled ones, then those that wait
        self._shot = self._n_sampled = self._next_track = 0
        self._first_s = self._last_s = np.nan
        self._clock_s = 0.0
        self._steps: deque[float] = deque(maxlen=_STEPS)
        self._open: dict[int, OpenTrack] = {}
        self._summaries: dict[int, dict[str, object]] = {}  # rows of tracks that ended, by number
        self._doubtful: dict[int, dict[str, object]] = {}  # rows of what may be no face, by number
        self._pictures: dict[int, list[tuple[float, bytes]]] = {}  # of these, time and WebP of each
        self._qualities: dict[int, float] = {}  # and how good the best one is
        self._appearances: dict[int, people.Appearance] = {}  # of these, what they look like
        self._spools = Spool("frames"), Spool("observations")

    def add(self, item: SampledFrame) -> None:
        """Take the next sampled frame, with all its faces.

        Raises
        ------
        OutputError
            If the disk for temporary files is full.
        """
        self._undecided.append(item)
        for shot in self._counter.update(item.cue, item.time_s):
            self._follow(self._undecided.popleft(), shot)

    def finish(self, end_s: float | None = None) -> Assembled:
        """Return the tables; nothing can be added afterwards.

        Parameters
        ----------
        end_s : float, optional
            When the video ends; by default with its last sampled frame.
        """
        for shot in self._counter.finish():
            self._follow(self._undecided.popleft(), shot)
        if self._n_sampled == 1:  # a still, or a video of one frame: every face is its own track
            self._followed[0].tracks = np.arange(len(self._followed[0].ids), dtype=np.int64)
            self._write(list(self._followed))
            self._close(list(self._open))
        else:
            self._settle(self._n_sampled)
        numbers = {track: number for number, track in enumerate(sorted(self._summaries))}
        rows = [{**self._summaries[track], "track_id": number} for track, number in numbers.items()]
        clusters = None
        if self._embedder is not None:
            clusters = people.find_people([self._appearances[track] for track in numbers], self._embedder.card)
            for row, person, probability in zip(rows, clusters.person, clusters.probability, strict=True):
                row |= {"person_id": int(person), "person_prob": float(probability)}
        self._appearances.clear()
        tracks = schema.conform("tracks", pd.DataFrame(rows) if rows else None)
        pictures = [
            {"video_id": self._video_id, "track_id": number, "time_s": time_s, "image": image}
            for track, number in numbers.items()
            for time_s, image in self._pictures[track]
        ]
        doubtful = [self._doubtful[track] for track in sorted(self._doubtful)]
        return Assembled(
            tracks=tracks,
            people=self._people(tracks, numbers, max(end_s or 0.0, self._last_s) - self._first_s),
            clusters=clusters,
            doubtful=schema.conform("doubtful", pd.DataFrame(doubtful) if doubtful else None),
            thumbnails=schema.conform("thumbnails", pd.DataFrame(pictures) if pictures else None),
            n_sampled=self._n_sampled,
            first_s=self._first_s,
            batches=lambda: self._final(numbers),
        )

    def _people(self, tracks: pd.DataFrame, numbers: Mapping[int, int], length_s: float) -> pd.DataFrame:
        """Return the people, of whom the observations of all their tracks speak."""
        if tracks["person_id"].isna().all():
            return schema.conform("people")
        wanted = ["video_id", *people.PEOPLE_COLUMNS]
        parts = [rows.loc[rows["track_id"].notna(), wanted] for _, rows in self._final(numbers)]
        qualities = {(self._video_id, number): self._qualities[track] for track, number in numbers.items()}
        lengths_s = {self._video_id: length_s}
        return people.summarize_people(tracks, pd.concat(parts), self._thresholds, lengths_s, qualities)

    def close(self) -> None:
        """Forget everything; the batches cannot be read any more. Safe to call twice."""
        for spool in self._spools:
            spool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # -- following -------------------------------------------------------------------------------------------------

    def _follow(self, item: SampledFrame, shot: int) -> None:
        """Give the faces of a frame an online tracker's numbers, and leave out those that do not count."""
        if shot != self._shot:
            self._settle(self._n_sampled)
            self._shot = shot
            if self._tracker is not None:
                self._tracker.cut()
        self._advance(item.time_s)
        ids = np.full(len(item.detections), UNCONFIRMED, np.int64)
        if self._tracker is not None:
            ids = self._tracker.update(item.detections, item.time_s)
        counts = (ids >= 0) | (item.detections.scores >= self._sure_score)
        self._followed.append(_Followed(item.only(counts), self._n_sampled, self._clock_s, shot, ids[counts]))
        self._n_sampled += 1
        absence_s = longest_absence_s(self._step_s)
        waits_since_s = next(each.clock_s for each in self._followed if each.tracks is None)
        if self._clock_s - waits_since_s > (_WAITS + _SETTLES) * absence_s:
            self._settle(
                next(each.number for each in self._followed if each.clock_s > self._clock_s - _WAITS * absence_s)
            )

    def _advance(self, time_s: float) -> None:
        """Advance a clock that never stands still, even if the source's repeats or runs backwards."""
        if self._n_sampled == 0:
            self._first_s = time_s
        else:
            step_s = time_s - self._last_s
            if step_s > 0:
                self._steps.append(step_s)
            self._clock_s += step_s if step_s > 0 else self._step_s
        self._last_s = time_s

    @property
    def _step_s(self) -> float:
        return float(np.median(self._steps)) if self._steps else 0.1

    # -- settling --------------------------------------------------------------------------------------------------

    def _settle(self, until: int) -> None:
        """Say of all frames before sample ``until`` which tracks their faces are of, and write their rows."""
        tracks, joins = self._linked()
        settled = []
        for each, own in zip(self._followed, tracks, strict=True):
            if each.tracks is None and each.number < until:
                each.tracks = own
                settled.append(each)
        self._write(settled)
        for sample, track, probability in joins:
            if sample < until:
                self._open[track].joined *= probability
        if until == self._n_sampled:  # a shot is over
            self._followed.clear()
            self._close(list(self._open))
            return
        # What may still be gone on with is remembered, and what is needed to say how it moved.
        remembered_s = 1.5 * longest_absence_s(self._step_s)
        horizon_s = next(each.clock_s for each in self._followed if each.number == until)
        while self._followed[0].clock_s < horizon_s - remembered_s:
            self._followed.popleft()
        first = self._followed[0].number
        self._close([track for track, known in self._open.items() if known.last_sample < first])

    def _linked(self) -> tuple[list[Int64], list[tuple[int, int, float]]]:
        """Return the tracks of the faces in all frames in memory; of each new join, sample, track and probability."""
        counts = [len(each.ids) for each in self._followed]
        if self._tracker is None or sum(counts) == 0:
            return [each.ids for each in self._followed], []
        faces = TrackedFaces(
            look=np.repeat([each.number for each in self._followed], counts),
            time_s=np.repeat([each.clock_s for each in self._followed], counts),
            track=np.concatenate([each.ids for each in self._followed]),
            boxes=np.concatenate([each.item.detections.boxes for each in self._followed]),
            looks=np.concatenate([each.item.looks for each in self._followed]),
            settled=np.concatenate(
                [np.full(len(each.ids), OPEN) if each.tracks is None else each.tracks for each in self._followed]
            ),
        )
        tracks, joins = relink(faces, step_s=self._step_s, next_free=self._next_track)
        joined = [(int(faces.look[row]), int(tracks[row]), probability) for row, probability in joins]
        return np.split(tracks, np.cumsum(counts)[:-1]), joined

    def _write(self, settled: list[_Followed]) -> None:
        """Put the rows of frames aside, and what their tracks' verdicts are made from."""
        if not settled:
            return
        items, shots = [each.item for each in settled], [each.shot for each in settled]
        ids = [each.tracks for each in settled]
        rows = tables.observations_table(self._video_id, items, shots, ids, self._places)
        for spool, batch in zip(self._spools, (tables.frames_table(self._video_id, items, shots), rows), strict=True):
            spool.append(batch)
        tracks = np.concatenate([each.tracks for each in settled])
        samples = np.repeat([each.number for each in settled], [len(each.tracks) for each in settled])
        boxes = np.concatenate([each.item.detections.boxes for each in settled])
        looks = np.concatenate([_looks_of(each.item) for each in settled])
        for track in np.unique(tracks[tracks >= 0]).tolist():
            own = np.flatnonzero(tracks == track)
            known = self._open.setdefault(track, OpenTrack())
            known.add(samples[own], rows.iloc[own], boxes[own], looks[own])
            self._next_track = max(self._next_track, track + 1)
        yaw, pitch = (rows[name].to_numpy() for name in ("yaw", "pitch"))
        ends = np.cumsum([len(each.ids) for each in settled])
        for each, end in zip(settled, ends, strict=True):
            found, own = each.item.detections, slice(end - len(each.ids), end)
            qualities = quality_weight(found.scores, found.sizes)
            for face, rgb in each.item.pictures.items():
                if each.tracks[face] >= 0:
                    known = self._open[int(each.tracks[face])]
                    quality = float(qualities[face]) * picture_weight(rgb)
                    picture = Picture(quality, each.item.time_s, rgb)
                    known.pictures = best_pictures([*known.pictures, picture])
            self._keep_portraits(each, yaw[own], pitch[own])

    def _keep_portraits(self, each: _Followed, yaw: np.ndarray, pitch: np.ndarray) -> None:
        """Keep the best aligned faces of each track, until it ends."""
        portraits, embeddings = each.item.portraits, each.item.embeddings
        faces = [face for face in (*portraits, *embeddings) if each.tracks[face] >= 0]
        if self._embedder is None or not faces:
            return
        found = each.item.detections[np.array(faces)]
        pixels, qualities = crops.pixels_across(found.landmarks), portrait_quality(found, yaw[faces], pitch[faces])
        for face, quality, across in zip(faces, qualities, pixels, strict=True):
            known = self._open[int(each.tracks[face])]
            picture = portraits.get(face, _NO_PICTURE)
            made = float(quality), each.item.time_s, picture, float(across), embeddings.get(face)
            portrait = people.Portrait(*made)
            known.portraits = best_pictures(
                [*known.portraits, portrait], people.PORTRAITS_PER_TRACK, people.PORTRAITS_APART_S
            )

    def _close(self, ended: list[int]) -> None:
        """Give tracks that are over their verdicts; or none, if they are too short, or may be no faces."""
        for track in ended:
            known = self._open.pop(track)
            rows = known.rows
            if self._n_sampled > 1 and len(rows) < _SHORTEST:
                continue
            row = tables.summarize_track(self._video_id, track, rows, self._thresholds)
            if self._n_sampled > 1 and cast(float, row["face_prob"]) < self._min_face_prob:
                self._doubtful[track] = known.doubtful_row(row)
                continue
            self._summaries[track] = {**row, "joined_prob": known.joined, "static": known.is_static}
            self._pictures[track] = [(each.time_s, encode_webp(each.rgb)) for each in known.pictures]
            self._qualities[track] = known.pictures[0].quality if known.pictures else -1.0
            if self._embedder is not None:
                self._appearances[track] = known.appearance(row, self._embedder)

    def _final(self, numbers: Mapping[int, int]) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        """Yield the rows again, now that it is known which tracks there are."""
        is_tracked = self._tracker is not None and self._n_sampled > 1
        for frames, rows in zip(*(spool.batches() for spool in self._spools), strict=True):
            track = rows["track_id"].map(numbers).astype("Int64")
            if is_tracked:
                unsure = track.isna() & (rows["score"] < SURE_ALONE)
                counts = ~(unsure | rows["track_id"].isin(self._doubtful))
                rows, track = rows[counts], track[counts]
            rows = rows.assign(track_id=track).reset_index(drop=True)
            n_faces = rows["frame"].value_counts().reindex(frames["frame"], fill_value=0)
            yield frames.assign(n_faces=n_faces.to_numpy()).astype({"n_faces": "Int64"}), rows


def _looks_of(item: SampledFrame) -> np.ndarray:
    """Return what the faces of a frame look like; where nothing is known of it, they do not change."""
    return np.ones((len(item.detections), 1), np.float16) if item.looks is None else item.looks
