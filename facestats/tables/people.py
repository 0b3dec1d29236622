"""From tracks to people: whose tracks these are, and what is known of each person of a video.

What faces look like is compared in memory, while one video is analysed, and forgotten then. The tables keep a number
for each person, which means nothing beyond the video.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from facestats.models.embedding import EmbeddingCard
from facestats.tables import schema
from facestats.tables.building import summarize_track
from facestats.tables.thumbnails import Picture
from facestats.types import Float32

if TYPE_CHECKING:
    from facestats.tables.clustering import Clusters

#: Faces of a track that are compared with others, and how far apart they are, in seconds.
PORTRAITS_PER_TRACK, PORTRAITS_APART_S = 5, 0.5

#: Said where a video that has tracks has no people.
NO_PEOPLE = (
    "nobody asked which faces are of one person: the video was analysed with --no-people, or by an earlier version; "
    "analyse it again with --people to know"
)

#: Columns of ``observations`` that the people are made from, besides the track.
PEOPLE_COLUMNS = tuple(
    column.name
    for column in schema.columns("observations")
    if column.name not in ("video_id", "frame", "x", "y", "w", "h")
)


@dataclass(frozen=True, eq=False)
class Portrait(Picture):
    """An aligned face that may be compared with those of other tracks.

    Attributes
    ----------
    pixels : float
        Across the crop, see :attr:`facestats.types.FaceCrops.pixels`.
    embedding : numpy.ndarray or None
        float32 (D,): what was made of the face already, which then has no picture.
    """

    pixels: float = 0.0
    embedding: Float32 | None = field(default=None, repr=False)


@dataclass(frozen=True, eq=False)
class Appearance:
    """What is known of a track when people are looked for: in memory alone.

    Attributes
    ----------
    shot : int
    start_s, end_s : float
    samples : numpy.ndarray
        int (K,): numbers of the sampled frames in which it is seen.
    first_box, last_box : numpy.ndarray
        float (4,): ``x1, y1, x2, y2``.
    embedding : numpy.ndarray or None
        float32 (D,), unit length; None where no face was good enough.
    pixels : float
        See :class:`Portrait`; of the faces that the embedding is made from, 0 without one.
    """

    shot: int
    start_s: float
    end_s: float
    samples: np.ndarray
    first_box: np.ndarray
    last_box: np.ndarray
    embedding: Float32 | None = field(default=None, repr=False)
    pixels: float = 0.0


def together(embeddings: Float32, portraits: Sequence[Portrait]) -> tuple[Float32, float]:
    """Return the mean embedding of a track's portraits, each counting by its quality, and their mean pixels.

    Parameters
    ----------
    embeddings : numpy.ndarray
        float32 (N, D), unit length, N at least 1.
    portraits : sequence of Portrait
        N.

    Examples
    --------
    >>> face = np.zeros((4, 4, 3), np.uint8)
    >>> together(np.eye(2, dtype=np.float32), [Portrait(1.0, 0.0, face, 30.0), Portrait(1.0, 1.0, face, 50.0)])[1]
    40.0
    """
    weights = np.array([portrait.quality for portrait in portraits])
    mean = np.average(embeddings, axis=0, weights=weights)
    length = max(float(np.linalg.norm(mean)), 1e-9)
    pixels = np.average([portrait.pixels for portrait in portraits], weights=weights)
    return (mean / length).astype(np.float32), float(pixels)


def find_people(appearances: Sequence[Appearance], card: EmbeddingCard) -> Clusters:
    """Say which tracks of a video are of one person.

    Tracks that are seen in one frame are of two people. For all others three things speak: how alike their faces are,
    where and when they are inside a shot, and how many pairs of this video's tracks are of one person at all.

    Parameters
    ----------
    appearances : sequence of Appearance
        Every track of the video.
    card : EmbeddingCard
        Says what likenesses mean.

    Examples
    --------
    >>> from facestats.models.embedding import SamePerson
    >>> card = EmbeddingCard("toy", same_person=(SamePerson(64, 12.0, -6.0, 0.98),), least_pixels=16)
    >>> find_people([], card).n_people
    0
    """
    from facestats.tables.clustering import cluster, place_log_odds, seen_together  # not before: readers need no scipy

    comparable = np.array([one.embedding is not None and one.pixels >= card.least_pixels for one in appearances], bool)
    if not len(appearances):
        return cluster(np.zeros((0, 0), np.float32), np.zeros((0, 0), bool), comparable)
    length = max([len(one.embedding) for one in appearances if one.embedding is not None], default=1)
    faces = np.zeros((len(appearances), length), np.float32)
    for row, one in zip(faces, appearances, strict=True):
        if one.embedding is not None:
            row[:] = one.embedding
    pixels = np.array([one.pixels for one in appearances])
    evidence = card.log_odds(faces @ faces.T, np.minimum(pixels[:, None], pixels[None, :]))
    evidence += place_log_odds(
        np.array([one.shot for one in appearances]),
        np.array([one.start_s for one in appearances]),
        np.array([one.end_s for one in appearances]),
        np.stack([one.first_box for one in appearances]),
        np.stack([one.last_box for one in appearances]),
    )
    return cluster(evidence, seen_together([one.samples for one in appearances]), comparable)


def summarize_people(
    tracks: pd.DataFrame,
    observations: pd.DataFrame,
    thresholds: Mapping[str, float],
    durations_s: Mapping[str, float],
    pictures: Mapping[tuple[str, int], float] = MappingProxyType({}),
) -> pd.DataFrame:
    """Return the ``people`` table: one row a person, with verdicts pooled over all observations of all tracks.

    It needs nothing but the tables, so it can be made again when somebody says that two people are one.

    Parameters
    ----------
    tracks : pandas.DataFrame
        With ``person_id``; those without are left out.
    observations : pandas.DataFrame
        Of these tracks; of the columns of :data:`PEOPLE_COLUMNS` and ``video_id``.
    thresholds : mapping of str to float
        See :func:`facestats.tables.building.summarize_tracks`.
    durations_s : mapping of str to float
        Length of each video, by ``video_id``.
    pictures : mapping of (str, int) to float
        By video and track, how good its best picture is; a person's ``best_track`` has the best one, or else the
        largest face.

    Examples
    --------
    >>> summarize_people(schema.conform("tracks"), schema.conform("observations"), {}, {}).empty
    True
    """
    known = tracks[tracks["person_id"].notna()]
    if known.empty:
        return schema.conform("people")
    key = ["video_id", "track_id"]
    own = observations.merge(known[[*key, "person_id"]], on=key, how="inner")
    rows = []
    for of, group in own.groupby(["video_id", "person_id"], sort=True):
        video_id, person_id = cast("tuple[str, int]", of)
        row = summarize_track(video_id, person_id, group.sort_values("time_s", kind="stable"), thresholds)
        mine = known[(known["video_id"] == video_id) & (known["person_id"] == person_id)]
        rows.append({name: value for name, value in row.items() if name not in _OF_TRACKS} | _appearing(mine, pictures))
        rows[-1]["person_id"] = person_id
        duration_s = durations_s.get(video_id, np.nan)
        if duration_s > 0:
            rows[-1]["share"] = min(float(mine["seen_s"].sum()) / duration_s, 1.0)
    return schema.conform("people", pd.DataFrame(rows))


_OF_TRACKS = ("track_id", "shot", "start_s", "end_s", "duration_s", "joined_prob", "face_prob")


def _appearing(tracks: pd.DataFrame, pictures: Mapping[tuple[str, int], float]) -> dict[str, object]:
    """Return what the tracks of a person say of when it is seen, and which of them has the best picture."""
    keys = zip(tracks["video_id"], tracks["track_id"], strict=True)
    qualities = np.array([pictures.get((str(video_id), int(track_id)), -1.0) for video_id, track_id in keys])
    sizes = tracks["face_px"].fillna(0).to_numpy(np.float64)
    sure = tracks["person_prob"].to_numpy(np.float64)
    weights = np.maximum(tracks["seen_s"].fillna(0).to_numpy(np.float64), 1e-3)
    is_comparable = ~np.isnan(sure)
    return {
        "comparable": bool(is_comparable.any()),
        "person_prob": np.average(sure[is_comparable], weights=weights[is_comparable])
        if is_comparable.any()
        else np.nan,
        "n_tracks": len(tracks),
        "n_shots": tracks["shot"].nunique(),
        "first_s": tracks["start_s"].min(),
        "last_s": tracks["end_s"].max(),
        "seen_s": tracks["seen_s"].sum(),
        "best_track": tracks["track_id"].iloc[int(np.lexsort((-sizes, -qualities))[0])],
    }


def with_people(tracks: pd.DataFrame, people: Mapping[int, tuple[int, float]]) -> pd.DataFrame:
    """Return tracks of one video with the person, and how sure that is, of each that is in ``people``.

    Examples
    --------
    >>> with_people(schema.conform("tracks"), {}).empty
    True
    """
    nothing = (pd.NA, np.nan)
    known = [people.get(int(track), nothing) for track in tracks["track_id"]]
    persons = pd.array([person for person, _ in known], dtype="Int64")
    return tracks.assign(person_id=persons, person_prob=np.array([sure for _, sure in known], np.float32))


def count_people(videos: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Return the row of a video with the number of its people, once somebody has corrected who is who.

    Examples
    --------
    >>> count_people(schema.conform("videos"), schema.conform("people")).empty
    True
    """
    if videos["n_people"].isna().all():
        return videos
    told = people["comparable"].astype(bool)
    n, n_faces = int(told.sum()), int(people.loc[told, "n_tracks"].sum())
    low = videos["n_people_low"].clip(upper=n)
    high = videos["n_people_high"].clip(lower=n, upper=n_faces)  # a face that was rejected is nobody's any more
    return videos.assign(n_people=pd.array([n] * len(videos), dtype="Int64"), n_people_low=low, n_people_high=high)


def people_are_missing(tracks: pd.DataFrame) -> bool:
    """Say whether nobody asked who is who, see :data:`NO_PEOPLE`: then people are missing, not zero.

    Examples
    --------
    >>> people_are_missing(schema.conform("tracks"))
    False
    """
    return bool(len(tracks) and tracks["person_id"].isna().all())
