"""How probable it is that faces before and after a moment show one person: by looks, place, size, and time between.

From one sample to the next, place and size have the same limits where a track is cut and where pieces are joined: what
leaps or swells as no face does is cut, and stays so. Looks are compared otherwise: those just before and after a place
cut a track, those of two pieces that are most alike join them. So one whose looks change may be joined again, and that
is a doubt. What a face looks like is held in memory for that only, and never stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from facestats.types import Int64, UInt8

#: Pieces are joined from this probability on, and tracks cut where the parts would not be joined.
MIN_PROBABILITY = 0.5
LEAST_ODDS = float(np.log(MIN_PROBABILITY / (1 - MIN_PROBABILITY)))

_SIDE = 12  # pixels of the small grey picture that stands for a face
_RIM = 1
_NEIGHBOURS = 5  # observations before and after a place whose looks are compared
_STEADY = 3  # observations before and after a place whose sizes are compared
_SAMPLES = 12  # observations of a piece that stand for it
_LATELY_S = 0.5  # how far back the speed of a face is measured
_KEEPS_ON_S = 0.6  # how long a face that is out of sight goes on as before

# Log odds that two pieces show one person. Set by hand on synthetic videos other than those of benchmarks/tracking.py;
# a logistic regression on their pairs did worse, as pieces of half a face misled it.
_INTERCEPT = 6.3
_WEIGHTS = np.array([-12.0, -0.8, -3.0, -1.0])

# No face leaps further, in its own sizes, nor grows or shrinks more (logarithm) than so much, and so much a second
# more: what is beyond speaks strongly against one person. In eight real clips, ten samples a second, the most from
# one sample to the next was 0.46 and 0.12. Where a face was hidden, half of it may be all that is seen at first, and
# how far it went meanwhile is not known.
_LEAP, _LEAP_A_S, _LEAP_WEIGHT = 0.7, 2.0, 4.0
_SWELL, _SWELL_HIDDEN, _SWELL_A_S, _SWELL_WEIGHT = 0.1, 0.4, 0.5, 10.0

# Nor does it go on another way, or at another pace, by more than so many of its sizes a second, and so many more for
# each second out of sight: who passes somebody comes from the other side.
_TURN, _TURN_A_S, _TURN_WEIGHT = 6.0, 6.0, 0.3
_MOVING, _LEAST_MOVING = 4, 3  # observations at the end of a piece whose way is compared; with fewer it is not known


def appearance(images: UInt8) -> np.ndarray:
    """Return what faces look like, as unit vectors, float16 (N, 100): a tiny grey picture without its brightness.

    A picture of 10x10 pixels tells a few people in one shot apart for some seconds, by light, hair, glasses and pose;
    it is no face recognition.

    Parameters
    ----------
    images : numpy.ndarray
        uint8 (N, S, S, 3), aligned faces, RGB.

    Examples
    --------
    >>> faces = np.random.default_rng(0).integers(0, 256, (2, 48, 48, 3)).astype(np.uint8)
    >>> vectors = appearance(faces)
    >>> vectors.shape, bool(np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-2))
    ((2, 100), True)
    """
    side = _SIDE - 2 * _RIM
    vectors = np.zeros((len(images), side * side), np.float32)
    for vector, image in zip(vectors, images, strict=True):
        grey = cv2.cvtColor(cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        vector[:] = grey[_RIM:-_RIM, _RIM:-_RIM].ravel()
    vectors -= vectors.mean(axis=1, keepdims=True)
    # A plain picture looks like any other plain one, and like nothing else.
    vectors[np.abs(vectors).max(axis=1, initial=0) < 0.5] = 1
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


@dataclass(frozen=True)
class TrackedFaces:
    """The faces of one shot, or of a part of it, one row each, in the order of time.

    Attributes
    ----------
    look : numpy.ndarray
        int64 (N,): number of the sampled frame.
    time_s : numpy.ndarray
        float64 (N,).
    track : numpy.ndarray
        int64 (N,): what an online tracker said, -1 where it had not confirmed the face (yet).
    boxes : numpy.ndarray
        float (N, 4): ``x1, y1, x2, y2``.
    looks : numpy.ndarray
        float16 (N, D), see :func:`appearance`.
    settled : numpy.ndarray
        int64 (N,): the track that was given to a face before, which stays; -1 where it is of none, and
        :data:`facestats.track.linking.OPEN` where nothing was said yet.
    """

    look: Int64
    time_s: np.ndarray
    track: Int64
    boxes: np.ndarray
    looks: np.ndarray
    settled: Int64


def log_odds(features: np.ndarray, gaps_s: np.ndarray) -> np.ndarray:
    """Return the log odds that two pieces show one person, float64 (P,).

    Where no sample is between them nothing was hidden, and the face may move and change its size only as far as inside
    of a track, see :func:`places_log_odds`.

    Parameters
    ----------
    features : numpy.ndarray
        float64 (P, 5), see :func:`link_features`.
    gaps_s : numpy.ndarray
        float64 (P,): seconds between them.

    Examples
    --------
    >>> half_a_second = np.array([0.5, 0.5])
    >>> log_odds(np.array([[0.0, 0.0, 0.0, 1.6, 2.0], [0.3, 0.0, 0.7, 1.6, 2.0]]), half_a_second).round(1).tolist()
    [4.7, -1.5]
    """
    was_hidden = features[:, 3] > 0  # in one sampled frame or more
    turned = _beyond(features[:, 4], _TURN + _TURN_A_S * gaps_s)
    swelled = _beyond(features[:, 2], np.where(was_hidden, _SWELL_HIDDEN, _SWELL) + _SWELL_A_S * gaps_s)
    leapt = np.where(was_hidden, 0.0, _beyond(features[:, 1], _LEAP + _LEAP_A_S * gaps_s))
    odds = _INTERCEPT + features[:, :4] @ _WEIGHTS - _SWELL_WEIGHT * swelled - _TURN_WEIGHT * turned
    return odds - _LEAP_WEIGHT * leapt


def link_features(faces: TrackedFaces, pieces: Sequence[Int64], before: Int64, after: Int64) -> np.ndarray:
    """Return what speaks against two pieces showing one person, float64 (P, 5), nothing being 0.

    The difference of the looks that are most alike; how far the face would have moved, in sizes of the face, by the
    shorter of two ways (it stood still; it went on as before); the ratio of sizes (its logarithm); in how many sampled
    frames between it was not found (the logarithm of one more); by how many of its sizes a second it moves otherwise.
    Where the others are too many against it, looks are not compared, and count as the same.

    Parameters
    ----------
    faces : TrackedFaces
    pieces : sequence of numpy.ndarray
        Rows of each piece, in the order of time.
    before, after : numpy.ndarray
        int64 (P,): which pieces are asked about.

    Examples
    --------
    >>> looks, still = np.ones((2, 100), np.float16) / 10, np.zeros(2, int)
    >>> boxes = np.array([[0, 0, 9, 9], [0, 0, 9, 9]])
    >>> faces = TrackedFaces(np.array([0, 10]), np.array([0.0, 1.0]), still, boxes, looks, still)
    >>> pieces = np.array([0]), np.array([1])
    >>> np.abs(link_features(faces, pieces, np.array([0]), np.array([1]))).round(2).tolist()
    [[0.0, 0.0, 0.0, 2.3, 0.0]]
    """
    first, last = (np.array([rows[place] for rows in pieces]) for place in (0, -1))
    # How each piece moved in its last half second.
    lately = np.array(
        [rows[np.searchsorted(faces.time_s[rows], faces.time_s[rows[-1]] - _LATELY_S)] for rows in pieces]
    )
    elapsed = np.maximum(faces.time_s[last] - faces.time_s[lately], 1e-6)[:, None]
    centres, sizes = _centres(faces.boxes), _sizes(faces.boxes)
    speeds = np.where(elapsed > 1e-6, (centres[last] - centres[lately]) / elapsed, 0.0)
    here, there = last[before], first[after]
    gaps = faces.time_s[there] - faces.time_s[here]
    missed = np.log(faces.look[there] - faces.look[here])
    moved = centres[there] - centres[here]
    on = moved - speeds[before] * np.minimum(gaps, _KEEPS_ON_S)[:, None]
    size = (sizes[here] + sizes[there]) / 2
    away = np.minimum(np.linalg.norm(moved, axis=1), np.linalg.norm(on, axis=1)) / size
    leaves, comes = (
        np.array([_way(centres[rows], faces.time_s[rows]) for rows in ends])
        for ends in ([rows[-_MOVING:] for rows in pieces], [rows[:_MOVING] for rows in pieces])
    )
    turned = np.nan_to_num(np.linalg.norm(comes[after] - leaves[before], axis=1) / size)
    resized = np.abs(np.log(sizes[there] / sizes[here]))
    features = np.column_stack([np.zeros(len(gaps)), away, resized, missed, turned])
    samples = np.array([rows[np.linspace(0, len(rows) - 1, _SAMPLES).astype(int)] for rows in pieces])
    open_ = np.flatnonzero(log_odds(features, gaps) > LEAST_ODDS)
    for some in np.array_split(open_, len(open_) // 512 + 1):
        one, other = (faces.looks[samples[which[some]]].astype(np.float32) for which in (before, after))
        features[some, 0] = 1 - (one @ other.transpose(0, 2, 1)).max(axis=(1, 2))
    return features


def places_log_odds(faces: TrackedFaces, rows: Int64) -> np.ndarray:
    """Return the log odds that the faces before and after each place of a track show one person, float64 (K - 1,).

    By how the looks differ on average; by how far the face moves there, other than just before or just after; and by
    how much its size changes there, and remains changed.

    Parameters
    ----------
    faces : TrackedFaces
    rows : numpy.ndarray
        int64 (K,): those of the track, found in one sampled frame after the other, in the order of time.

    Examples
    --------
    >>> looks, order, still = np.repeat(np.eye(2), 4, axis=0), np.arange(8), np.zeros(8, int)
    >>> faces = TrackedFaces(order, order / 10, still, np.tile([0, 0, 9, 9], (8, 1)), looks, still)
    >>> np.flatnonzero(places_log_odds(faces, order) < 0).tolist()
    [2, 3, 4]
    """
    n = len(rows)
    if n < 2:
        return np.zeros(0)
    centres, sizes = _centres(faces.boxes[rows]), _sizes(faces.boxes[rows])
    steps = np.diff(centres, axis=0)
    none = np.zeros((1, 2))
    ways = steps, steps - np.concatenate([none, steps[:-1]]), steps - np.concatenate([steps[1:], none])
    away = np.min([np.linalg.norm(way, axis=1) for way in ways], axis=0) * 2 / (sizes[:-1] + sizes[1:])
    logs = np.log(sizes)
    steady = [
        abs(np.median(logs[place : place + _STEADY]) - np.median(logs[max(place - _STEADY, 0) : place]))
        for place in range(1, n)
    ]
    resized = np.minimum(np.abs(np.diff(logs)), steady)
    gaps_s = np.diff(faces.time_s[rows])
    odds = _INTERCEPT + np.column_stack([_changes(faces.looks[rows]), away, resized]) @ _WEIGHTS[:3]
    odds -= _LEAP_WEIGHT * _beyond(away, _LEAP + _LEAP_A_S * gaps_s)
    return odds - _SWELL_WEIGHT * _beyond(resized, _SWELL + _SWELL_A_S * gaps_s)


def _way(centres: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """Return how a face moves, pixels a second, float64 (2,); NaN where it was seen too seldom to tell."""
    if len(centres) < _LEAST_MOVING:
        return np.full(2, np.nan)
    return (centres[-1] - centres[0]) / max(times_s[-1] - times_s[0], 1e-6)


def _beyond(values: np.ndarray, most: np.ndarray) -> np.ndarray:
    return np.maximum(values - most, 0)


def _centres(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, :2] + boxes[:, 2:]).astype(np.float64) / 2


def _sizes(boxes: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1, dtype=np.float64), 1e-6))


def _changes(looks: np.ndarray) -> np.ndarray:
    """Return how much the looks after each place differ from those before it, float64 (N - 1,)."""
    n = len(looks)
    sums = np.concatenate([np.zeros((1, looks.shape[1])), np.cumsum(looks, axis=0, dtype=np.float64)])
    places = np.arange(1, n)
    before = sums[places] - sums[np.maximum(places - _NEIGHBOURS, 0)]
    after = sums[np.minimum(places + _NEIGHBOURS, n)] - sums[places]
    norms = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    return 1 - (before * after).sum(axis=1) / np.maximum(norms, 1e-9)
