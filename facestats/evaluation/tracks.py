"""Whether the verdicts on tracks can be believed: tracks built of labelled pictures.

Two kinds, each with what the other lacks. Several pictures of one person change pose, light, camera and age more than a
video does. One picture that sways, blurs and is compressed changes them less, but needs no names, and its expression
stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pandas as pd

from facestats.classify.base import softmax
from facestats.datasets.faces import FaceData
from facestats.datasets.sources import SOURCES
from facestats.evaluation.accuracy import class_probabilities, known_age_groups, score
from facestats.evaluation.calibration import fit_temperature
from facestats.models.attributes import ATTRIBUTE_CLASSES
from facestats.models.cards import Head
from facestats.tables.verdicts import effective_size, pooled
from facestats.types import Float32, Predictions, UInt8

#: Pictures of a track that is made of one picture.
SWAYING_FRAMES = 8

# How far a face that sways moves, in shares of its side, turns (radians) and is zoomed.
_SWAY = (0.05, 0.08, 0.06)

_SAMPLES_APART_S = 0.2


def people_of(names: pd.Series) -> pd.Series:
    """Return whom pictures show, by names such as ``lfw/Bertie_Ahern_0004``: all but the number at the end.

    Examples
    --------
    >>> people_of(pd.Series(["lfw/Bertie_Ahern_0004", "imfdb/HrithikRoshan_109"])).tolist()
    ['lfw/Bertie_Ahern', 'imfdb/HrithikRoshan']
    """
    return names.astype(str).str.replace(r"_\d+$", "", regex=True)


def swaying(crops: UInt8, seed: int = 0) -> UInt8:
    """Return what a video might show of each crop: it moves, turns, comes closer, and is compressed.

    Parameters
    ----------
    crops : numpy.ndarray
        uint8 (N, S, S, 3).
    seed : int

    Returns
    -------
    numpy.ndarray
        uint8 (N, SWAYING_FRAMES, S, S, 3).

    Examples
    --------
    >>> swaying(np.zeros((2, 48, 48, 3), np.uint8)).shape
    (2, 8, 48, 48, 3)
    """
    random = np.random.default_rng(seed)
    side = crops.shape[1]
    middle = ((side - 1) / 2, (side - 1) / 2)
    frames = np.empty((len(crops), SWAYING_FRAMES, *crops.shape[1:]), np.uint8)
    for views, crop in zip(frames, crops, strict=True):
        quality = int(random.integers(25, 90))
        for view in views:
            move, turn, zoom = (random.uniform(-most, most, 2) for most in _SWAY)
            way = cv2.getRotationMatrix2D(middle, float(np.degrees(turn[0])), 1 + float(zoom[0]))
            way[:, 2] += move * side
            moved = cv2.warpAffine(crop, way, (side, side), borderMode=cv2.BORDER_REPLICATE)
            _, coded = cv2.imencode(".jpg", moved[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, quality))
            view[:] = cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1]
    return frames


@dataclass(frozen=True)
class Tracks:
    """Tracks made of labelled faces.

    Attributes
    ----------
    probabilities : numpy.ndarray
        float64 (T, K): of each track the pooled probabilities of the attribute's classes, age in groups, as
        :mod:`facestats.tables.verdicts` pools them at temperature 1.
    faces : FaceData
        T rows: one face of each track.
    """

    probabilities: np.ndarray
    faces: FaceData


def tracks_of(
    logits_of: Callable[[UInt8], Float32], faces: FaceData, head: Head, *, least: int = 3
) -> dict[str, Tracks]:
    """Make tracks of labelled faces.

    Parameters
    ----------
    logits_of : callable
        Gives the logits (N, K) of crops.
    faces : FaceData
        Not seen in training.
    head : Head
        With its temperatures.
    least : int
        Pictures that a person has at least to make a track; their labels must agree.

    Returns
    -------
    dict of str to Tracks
        ``"swaying"``: one picture a track; ``"people"``: one person a track, where all faces are of sources whose
        names say whom they show (not for expression, which changes from picture to picture).

    Examples
    --------
    >>> tracks_of(logits_of, faces, head)["swaying"].probabilities  # doctest: +SKIP
    """

    def classes_of(crops: UInt8, pixels: Float32 | None) -> Float32:
        probabilities = softmax(logits_of(crops) / head.temperatures_at(pixels))
        return class_probabilities(Predictions(head.attribute, head.classes, probabilities))

    views = swaying(faces.crops)
    pixels = None if faces.pixels is None else np.repeat(faces.pixels, SWAYING_FRAMES)
    flat = classes_of(views.reshape(-1, *views.shape[2:]), pixels)
    swayed = [_together(head, of) for of in flat.reshape(len(faces), SWAYING_FRAMES, -1)]
    tracks = {"swaying": Tracks(np.stack(swayed), faces)}
    if head.attribute == "expression" or not {"name", "source"} <= set(faces.table):
        return tracks
    known = {name for name, source in SOURCES.items() if source.names_people}
    if not set(faces.table["source"]) <= known:
        return tracks
    each = classes_of(faces.crops, faces.pixels)
    rows = pd.Series(np.arange(len(faces))).groupby(people_of(faces.table["name"]).to_numpy()).agg(list)
    labels = faces.table[[name for name in ("gender", "makeup", "age_min") if name in faces.table]].iloc[:, 0]
    people = [np.array(of) for of in rows if len(of) >= least and (labels.iloc[of] == labels.iloc[of[0]]).all()]
    if people:
        firsts = np.zeros(len(faces), bool)
        firsts[[of[0] for of in people]] = True
        in_order = sorted(people, key=lambda of: of[0])
        tracks["people"] = Tracks(np.stack([_together(head, each[of]) for of in in_order]), faces[firsts])
    return tracks


def track_scores(tracks: Tracks, head: Head) -> dict[str, Any]:
    """Score verdicts on tracks: ``n``, ``accuracy``, ``ece``, ``coverage`` and ``covered_accuracy``.

    Expressions of faces that FER+'s taggers judged are compared with their majority.

    Parameters
    ----------
    tracks : Tracks
    head : Head
        With the temperature of tracks, and the threshold.

    Examples
    --------
    >>> track_scores(tracks_of(logits_of, faces, head)["swaying"], head)["ece"]  # doctest: +SKIP
    """
    probabilities = softmax(_logs(tracks) / head.track_temperature)
    predictions = Predictions(head.attribute, ATTRIBUTE_CLASSES[head.attribute], probabilities.astype(np.float32))
    scores = score(predictions, tracks.faces, threshold=head.threshold)
    scores = scores.get("majority", scores)
    return {name: scores[name] for name in ("n", "accuracy", "ece", "coverage", "covered_accuracy")}


def fit_track_temperature(parts: Sequence[Tracks], attribute: str) -> float:
    """Return the temperature with which the probabilities of tracks mean what they say; each part counts alike.

    It is 1 where nothing can be compared with a label.

    Parameters
    ----------
    parts : sequence of Tracks
        Of one attribute, not expression; of age see :func:`facestats.evaluation.accuracy.known_age_groups`.
    attribute : str

    Examples
    --------
    >>> fit_track_temperature([tracks_of(logits_of, faces, head)["swaying"]], "gender")  # doctest: +SKIP
    """
    logs, right, weights = [], [], []
    for part in parts:
        if attribute == "age":
            used, labels = known_age_groups(part.faces.table)
        else:
            used, labels = np.ones(len(part.faces), bool), part.faces.labels
        logs.append(_logs(part)[used])
        right.append(labels[:, None] == np.arange(len(ATTRIBUTE_CLASSES[attribute])))
        weights.append(np.full(len(labels), 1 / max(len(labels), 1)))
    if not sum(map(len, weights)):
        return 1.0
    return fit_temperature(np.concatenate(logs), np.concatenate(right).astype(float), weights=np.concatenate(weights))


def _logs(tracks: Tracks) -> np.ndarray:
    return np.log(np.clip(tracks.probabilities, 1e-12, None))


def _together(head: Head, probabilities: Float32) -> np.ndarray:
    if head.attribute == "expression":
        return probabilities.mean(axis=0)
    weights = np.ones(len(probabilities))
    return pooled(probabilities, weights, effective_size(np.arange(len(weights)) * _SAMPLES_APART_S, weights))
