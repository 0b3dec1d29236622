"""From what the stages found to the tables of :mod:`facestats.tables.schema`.

``observations`` says what was seen in each sampled frame; :func:`summarize_tracks` turns the observations of each
track into one row with verdicts. It needs nothing but the table, so it can be run again on a stored one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from facestats.classify.age import age_quantiles, expected_age, group_probabilities
from facestats.classify.pose import head_pose
from facestats.classify.quality import quality_weight
from facestats.models import attributes
from facestats.tables import schema
from facestats.tables.faceness import face_probability
from facestats.tables.verdicts import effective_size, pooled, smoothed, threshold_of, track_temperature_of
from facestats.track.gaps import bridged_gap_s
from facestats.types import Detections, Float32, Int64, Places, Predictions, UInt8

if TYPE_CHECKING:
    from facestats.video.shots import ShotCue  # which loads what reads videos; tables are read without


@dataclass(frozen=True)
class SampledFrame:
    """All that was found in one sampled frame.

    Attributes
    ----------
    frame : int
        0-based index of the decoded frame.
    time_s : float
        Presentation timestamp in seconds.
    detections : Detections
        N faces.
    sharpness : numpy.ndarray
        float32 (N,), of the aligned faces.
    classified : numpy.ndarray
        int64 (M,): which of the N faces are large enough for any attribute model.
    predictions : mapping of str to Predictions
        By attribute, for the faces in which it was measured.
    measured : mapping of str to numpy.ndarray
        By attribute, int64: which of the N faces its predictions speak of.
    looks : numpy.ndarray or None
        float16 (N, D), see :func:`facestats.track.sameness.appearance`: in memory alone, to put tracks right.
    pictures : mapping of int to numpy.ndarray
        Faces cut out for thumbnails, uint8 (h, w, 3) RGB, of some of the N faces.
    cue : ShotCue or None
        What the frame says of shots.
    portraits : mapping of int to numpy.ndarray
        Aligned faces, uint8 (S, S, 3) RGB, of some of the N faces: in memory, to tell people apart.
    embeddings : mapping of int to numpy.ndarray
        What was made of these already, float32 (D,); of each of them either this or the picture. In memory alone.
    faceness : numpy.ndarray or None
        float32 (N,), see :class:`facestats.classify.faceness.FaceJudge`; NaN for those that were not judged.
    """

    frame: int
    time_s: float
    detections: Detections
    sharpness: Float32
    classified: Int64
    predictions: Mapping[str, Predictions]
    measured: Mapping[str, Int64]
    looks: np.ndarray | None = None
    pictures: Mapping[int, UInt8] = field(default_factory=dict)
    cue: ShotCue | None = None
    portraits: Mapping[int, UInt8] = field(default_factory=dict, repr=False)
    embeddings: Mapping[int, Float32] = field(default_factory=dict, repr=False)
    faceness: Float32 | None = None

    def only(self, wanted: np.ndarray) -> SampledFrame:
        """Return the frame with those of its faces alone that are wanted, bool (N,)."""
        if wanted.all():
            return self
        number = np.cumsum(wanted) - 1
        chosen = {attribute: wanted[rows] for attribute, rows in self.measured.items()}
        return replace(
            self,
            detections=self.detections[wanted],
            sharpness=self.sharpness[wanted],
            classified=number[self.classified[wanted[self.classified]]],
            predictions={
                attribute: replace(found, probabilities=found.probabilities[chosen[attribute]])
                for attribute, found in self.predictions.items()
            },
            measured={attribute: number[rows[chosen[attribute]]] for attribute, rows in self.measured.items()},
            looks=None if self.looks is None else self.looks[wanted],
            pictures={int(number[face]): picture for face, picture in self.pictures.items() if wanted[face]},
            portraits={int(number[face]): picture for face, picture in self.portraits.items() if wanted[face]},
            embeddings={int(number[face]): made for face, made in self.embeddings.items() if wanted[face]},
            faceness=None if self.faceness is None else self.faceness[wanted],
        )


def attribute_columns(predictions: Predictions) -> dict[str, Float32]:
    """Return an attribute's columns of ``observations``, float32 (N,) each.

    A class that the model does not know stays missing. An age given as a distribution over years gives the groups,
    the expected age and its 5 % and 95 % quantiles.

    Examples
    --------
    >>> p = Predictions("gender", ("male", "female"), np.array([[0.25, 0.75]], np.float32))
    >>> attribute_columns(p)["gender_female"]
    array([0.75], dtype=float32)
    """
    attribute = predictions.attribute
    years = predictions.years
    if years is not None:
        groups = group_probabilities(predictions.probabilities, years)
        low, high = age_quantiles(predictions.probabilities, years, (0.05, 0.95)).T
        return {
            "age_years": expected_age(predictions.probabilities, years),
            "age_years_low": low,
            "age_years_high": high,
            **dict(zip(schema.probability_columns("age"), groups.T, strict=True)),
        }
    return {f"{attribute}_{name}": predictions.column(name) for name in predictions.classes}


def faceness_of(item: SampledFrame) -> Float32:
    """Return what was said of whether the faces of a frame are some, float32 (N,), NaN where nothing was.

    Examples
    --------
    >>> none = np.zeros(0, np.float32)
    >>> faceness_of(SampledFrame(0, 0.0, Detections.empty(), none, none.astype(int), {}, {}))
    array([], dtype=float32)
    """
    return np.full(len(item.detections), np.nan, np.float32) if item.faceness is None else item.faceness


def frames_table(video_id: str, sampled: Sequence[SampledFrame], shots: Sequence[int]) -> pd.DataFrame:
    """Return the ``frames`` table: one row per sampled frame, with or without faces.

    Parameters
    ----------
    video_id : str
    sampled : sequence of SampledFrame
    shots : sequence of int
        Number of each frame's shot.

    Examples
    --------
    >>> frames_table("clip", [], []).empty
    True
    """
    return schema.conform(
        "frames",
        {
            "video_id": [video_id] * len(sampled),
            "frame": [item.frame for item in sampled],
            "time_s": [item.time_s for item in sampled],
            "shot": list(shots),
            "n_faces": [len(item.detections) for item in sampled],
        },
    )


def observations_table(
    video_id: str,
    sampled: Sequence[SampledFrame],
    shots: Sequence[int],
    track_ids: Sequence[Int64],
    places: Places | None = None,
) -> pd.DataFrame:
    """Return the ``observations`` table: one row per face in a sampled frame.

    Parameters
    ----------
    video_id, sampled, shots
        See :func:`frames_table`.
    track_ids : sequence of numpy.ndarray
        int64 (N,) per frame; -1 (of no track) becomes missing.
    places : Places, optional
        The regions whose names the faces get.

    Examples
    --------
    >>> observations_table("clip", [], [], []).empty
    True
    """
    occupied = [(item, ids) for item, ids in zip(sampled, track_ids, strict=True) if len(item.detections)]
    shots = [shot for shot, item in zip(shots, sampled, strict=True) if len(item.detections)]
    if not occupied:
        return schema.conform("observations")
    counts = [len(item.detections) for item, _ in occupied]
    starts = np.concatenate([[0], np.cumsum(counts)])
    boxes = np.concatenate([item.detections.boxes for item, _ in occupied])
    pose = head_pose(np.concatenate([item.detections.landmarks for item, _ in occupied]))
    ids = np.concatenate([ids for _, ids in occupied])
    data: dict[str, Any] = {
        "video_id": [video_id] * len(boxes),
        "frame": np.repeat([item.frame for item, _ in occupied], counts),
        "time_s": np.repeat([item.time_s for item, _ in occupied], counts),
        "shot": np.repeat(shots, counts),
        "track_id": pd.array(ids, dtype="Int64"),
        "x": boxes[:, 0],
        "y": boxes[:, 1],
        "w": boxes[:, 2] - boxes[:, 0],
        "h": boxes[:, 3] - boxes[:, 1],
        "score": np.concatenate([item.detections.scores for item, _ in occupied]),
        "faceness": np.concatenate([faceness_of(item) for item, _ in occupied]),
        "face_px": np.concatenate([item.detections.sizes for item, _ in occupied]),
        "sharpness": np.concatenate([item.sharpness for item, _ in occupied]),
        **dict(zip(("yaw", "pitch", "roll"), pose.T, strict=True)),
    }
    data["track_id"][ids < 0] = pd.NA
    if places is not None:
        data["region"] = places.names_of(boxes)
    classified = np.zeros(len(boxes), bool)
    measured: dict[tuple[str, tuple[str, ...]], list[tuple[Int64, Float32]]] = defaultdict(list)
    for (item, _), start in zip(occupied, starts, strict=False):
        classified[start + item.classified] = True
        for attribute, predictions in item.predictions.items():
            rows = start + item.measured[attribute]
            measured[attribute, predictions.classes].append((rows, predictions.probabilities))
    for (attribute, classes), parts in measured.items():  # all at once: a table per frame is slow
        rows, probabilities = (np.concatenate(column) for column in zip(*parts, strict=True))
        for name, values in attribute_columns(Predictions(attribute, classes, probabilities)).items():
            data.setdefault(name, np.full(len(boxes), np.nan, np.float32))[rows] = values
    data["classified"] = classified
    return schema.conform("observations", data)


def summarize_tracks(
    observations: pd.DataFrame,
    thresholds: Mapping[str, float],
    *,
    joined: Mapping[tuple[str, int], float] | None = None,
) -> pd.DataFrame:
    """Turn the observations of each track into one row with verdicts: the ``tracks`` table.

    For gender, age and makeup the evidence of the classified observations is pooled: large, sharp, frontal and surely
    detected faces weigh more, and all together count for as many as are independent, see
    :mod:`facestats.tables.verdicts`.
    Expression changes: smoothed with a time constant of half a second, it is averaged over time, each observation
    speaking for the time half-way to its neighbours, so that the shares are the expected shares of the track's time,
    and the verdict is the largest. A verdict whose probability stays below the attribute's threshold is ``"unknown"``;
    one that was never measured is missing.

    Parameters
    ----------
    observations : pandas.DataFrame
        Of one video or of many.
    thresholds : mapping of str to float
        By attribute, see :func:`facestats.tables.verdicts.threshold_of`.
    joined : mapping of (str, int) to float, optional
        By video and track, the probability that the parts of a broken track belong together; without it,
        ``joined_prob`` stays missing.

    Returns
    -------
    pandas.DataFrame
        The ``tracks`` table, ordered by video and track; ``static`` is known to the tracking alone, and
        missing here.

    Examples
    --------
    >>> summarize_tracks(schema.conform("observations"), {}).columns[:2].tolist()
    ['video_id', 'track_id']
    """
    tracked = observations[observations["track_id"].notna()]
    rows = [
        summarize_track(*cast("tuple[str, int]", key), group.sort_values("time_s", kind="stable"), thresholds)
        for key, group in tracked.groupby(["video_id", "track_id"], sort=True)
    ]
    if joined is not None:
        for row in rows:
            row["joined_prob"] = joined.get((str(row["video_id"]), cast(int, row["track_id"])), 1.0)
    return schema.conform("tracks", pd.DataFrame(rows) if rows else None)


def summarize_track(
    video_id: str, track_id: int, group: pd.DataFrame, thresholds: Mapping[str, float]
) -> dict[str, object]:
    """Return one row of :func:`summarize_tracks`, without ``joined_prob`` and ``static``.

    Parameters
    ----------
    video_id : str
    track_id : int
    group : pandas.DataFrame
        The observations of the track, at least one, in the order of time.
    thresholds : mapping of str to float
    """
    start_s, end_s = float(group["time_s"].iloc[0]), float(group["time_s"].iloc[-1])
    faceness = group["faceness"].to_numpy(np.float64) if "faceness" in group else None
    scores = group["score"].to_numpy(np.float64)
    is_scored = ~np.isnan(scores)  # all, but for what was taken for a face by hand
    row: dict[str, object] = {
        "video_id": video_id,
        "track_id": track_id,
        "shot": group["shot"].iloc[0],
        "start_s": start_s,
        "end_s": end_s,
        "duration_s": end_s - start_s,
        "seen_s": float(observation_durations(group["time_s"].to_numpy(np.float64)).sum()) if len(group) > 1 else 0.0,
        "n_observations": len(group),
        "n_classified": int(group["classified"].sum()),
        "face_px": float(group["face_px"].median()),
        "face_prob": face_probability(scores[is_scored], None if faceness is None else faceness[is_scored])
        if is_scored.any()
        else np.nan,
    }
    if "region" in group:
        row["region"] = group["region"].mode().get(0)
    seen = group[group["classified"]]
    times = seen["time_s"].to_numpy(np.float64)
    quality = quality_weight(*(seen[name].to_numpy() for name in ("score", "face_px", "sharpness", "yaw", "pitch")))
    for attribute, column in attributes.VERDICT_COLUMNS.items():
        names = list(schema.probability_columns(attribute))
        if not set(names) <= set(seen):  # of a table that was made before the attribute was declared
            continue
        probabilities = seen[names].to_numpy(np.float64)
        measured = ~np.isnan(probabilities).all(axis=1)
        if not measured.any():
            continue
        probabilities, when, weights = probabilities[measured], times[measured], quality[measured]
        if attribute == "expression":
            durations = observation_durations(when)
            flowing = smoothed(probabilities, when, weights * durations)
            together = np.average(flowing, axis=0, weights=durations)
            shares = dict(zip(attributes.EXPRESSIONS, together, strict=True))
            row |= {f"expression_share_{name}": share for name, share in shares.items() if not np.isnan(share)}
        else:
            worth = effective_size(when, weights) / track_temperature_of(thresholds, attribute)
            together = pooled(probabilities, weights, worth)
            row |= dict(zip(schema.probability_columns(attribute), together, strict=True))
        best = int(np.nanargmax(together))
        sure = together[best] >= threshold_of(thresholds, attribute)
        row[column] = attributes.ATTRIBUTE_CLASSES[attribute][best] if sure else schema.UNKNOWN
        row[attributes.measure_column(attribute)] = together[best]
    years = seen[["age_years", "age_years_low", "age_years_high"]].to_numpy(np.float64)
    measured = ~np.isnan(years).any(axis=1)
    if measured.any():
        weights = quality[measured]
        mean, low, high = np.average(years[measured], axis=0, weights=weights)
        narrower = 1 / np.sqrt(effective_size(times[measured], weights))
        row |= {
            "age_years": mean,
            "age_years_low": mean - (mean - low) * narrower,
            "age_years_high": mean + (high - mean) * narrower,
        }
    return row


def observation_durations(times_s: np.ndarray) -> np.ndarray:
    """Return how long each observation speaks for, in seconds: half-way to its neighbours.

    A longer gap than a track bridges counts as such a gap: a face that was out of sight is not counted as seen.

    Parameters
    ----------
    times_s : numpy.ndarray
        float (N,), ascending.

    Returns
    -------
    numpy.ndarray
        float64 (N,), above 0; a single observation, or observations at one time, count alike.

    Examples
    --------
    >>> observation_durations(np.array([0.0, 0.5, 1.0])).tolist()
    [0.25, 0.5, 0.25]
    """
    if len(times_s) < 2:
        return np.ones(len(times_s))
    times_s = np.asarray(times_s, np.float64)
    steps = np.clip(np.diff(times_s), 1e-6, bridged_gap_s(times_s))
    return np.concatenate([steps, [0.0]]) / 2 + np.concatenate([[0.0], steps]) / 2
