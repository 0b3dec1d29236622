"""Which pieces of tracks show one person: what no online tracker can know, as it does not see what comes later.

Where two people pass each other, trackers confuse them; where somebody is hidden for a while, a track ends and another
one begins. Here the whole video is known: tracks are cut where the face in them changes all at once, and pieces are
joined when place, size and looks allow it. What a face looks like is held in memory for that only, and never stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from facestats.track.base import UNCONFIRMED
from facestats.types import Detections, Int64, UInt8

#: Pieces further apart than the last of these, in seconds, are never joined; those that are near come first, so that a
#: glimpse of half a face goes with what was seen around it before anybody asks who it is.
_ABSENCES_S = (0.35, 1.2, 5.0)
_LOOKS = 2.5  # who looks rarely bears two missed looks all the same

#: Pieces are joined from this probability on.
MIN_PROBABILITY = 0.5
_LEAST_ODDS = float(np.log(MIN_PROBABILITY / (1 - MIN_PROBABILITY)))

#: A track is cut where the looks before and after differ by so much (0: the same, 1: nothing in common).
SPLIT_DISTANCE = 0.5

_SIDE = 12  # pixels of the small grey picture that stands for a face
_RIM = 1
_NEIGHBOURS = 5  # observations before and after a place that are compared
_SAMPLES = 12  # observations of a piece that stand for it
_LATELY_S = 0.5  # how far back the speed of a face is measured
_KEEPS_ON_S = 0.6  # how long a face that is out of sight goes on as before

# Log odds that two pieces show one person. Set by hand on synthetic videos other than those of benchmarks/tracking.py;
# a logistic regression on their pairs did worse, as pieces of half a face misled it.
_INTERCEPT = 6.3
_WEIGHTS = np.array([-12.0, -0.8, -3.0, -1.0])


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
    """The faces of one video, one row each, in the order of time.

    Attributes
    ----------
    look : numpy.ndarray
        int64 (N,): number of the sampled frame.
    time_s : numpy.ndarray
        float64 (N,).
    shot : numpy.ndarray
        int64 (N,).
    track : numpy.ndarray
        int64 (N,): what an online tracker said, -1 where it had not confirmed the face (yet).
    boxes : numpy.ndarray
        float (N, 4): ``x1, y1, x2, y2``.
    looks : numpy.ndarray
        float16 (N, D), see :func:`appearance`.
    """

    look: Int64
    time_s: np.ndarray
    shot: Int64
    track: Int64
    boxes: np.ndarray
    looks: np.ndarray


def relink_frames(
    frames: Sequence[tuple[float, int, Detections, np.ndarray]], track_ids: Sequence[Int64]
) -> tuple[list[Int64], Mapping[int, float]]:
    """Do what :func:`relink` does for the frames of a video.

    Parameters
    ----------
    frames : sequence of (time_s, shot, detections, looks)
        The sampled frames, in order.
    track_ids : sequence of numpy.ndarray
        int64 (N,) per frame, -1 where unconfirmed.

    Returns
    -------
    track_ids : list of numpy.ndarray
        int64 (N,) per frame.
    probabilities : mapping of int to float
        See :func:`relink`.

    Examples
    --------
    >>> nothing = Detections.empty(), appearance(np.zeros((0, 48, 48, 3), np.uint8))
    >>> relink_frames([(0.0, 0, *nothing)], [np.zeros(0, int)])
    ([array([], dtype=int64)], {})
    """
    counts = [len(ids) for ids in track_ids]
    times, shots, detections, looks = zip(*frames, strict=True)
    # A clock that repeats or runs backwards still has an order, that of the frames; it then went on as usual.
    steps = np.diff(np.array(times, np.float64))
    usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.1
    times = np.concatenate([[0.0], np.cumsum(np.where(steps > 0, steps, usual))])
    tracks, probabilities = relink(
        TrackedFaces(
            look=np.repeat(np.arange(len(counts)), counts),
            time_s=np.repeat(times, counts),
            shot=np.repeat(np.array(shots, np.int64), counts),
            track=np.concatenate(track_ids).astype(np.int64),
            boxes=np.concatenate([found.boxes for found in detections]),
            looks=np.concatenate(looks),
        )
    )
    return np.split(tracks, np.cumsum(counts)[:-1]), probabilities


def relink(faces: TrackedFaces) -> tuple[Int64, Mapping[int, float]]:
    """Give faces the track of the person whom they show.

    Parameters
    ----------
    faces : TrackedFaces

    Returns
    -------
    tracks : numpy.ndarray
        int64 (N,): a track keeps the number of its first piece that had one, unless another track has it. A face that
        stays alone stays unconfirmed.
    probabilities : mapping of int to float
        Of each track that was joined of several of the tracker's: the probability that all of it shows one person.

    Examples
    --------
    >>> none = np.zeros(0, int)
    >>> empty = TrackedFaces(none, none / 1, none, none, np.zeros((0, 4)), np.zeros((0, 100)))
    >>> relink(empty)
    (array([], dtype=int64), {})
    """
    looks, rows = np.unique(faces.look, return_index=True)
    steps = np.diff(faces.time_s[rows]) / np.diff(looks)
    rarely_s = _LOOKS * float(np.median(steps)) if len(steps) else 0.0
    of_shot: dict[int, list[_Piece]] = {}
    for rows in split(faces):
        of_shot.setdefault(int(faces.shot[rows[0]]), []).append(_Piece(rows))
    pieces: list[_Piece] = []
    for in_shot in of_shot.values():
        for longest_s in _ABSENCES_S:
            in_shot = _joined(faces, in_shot, max(longest_s, rarely_s))
        pieces += in_shot
    tracks, probabilities = np.full(len(faces.track), UNCONFIRMED, np.int64), {}
    next_free = int(faces.track.max(initial=-1)) + 1
    taken: set[int] = set()
    for piece in sorted(pieces, key=lambda piece: piece.rows[0]):
        known = _confirmed(faces, piece.rows)
        own = int(known[0]) if len(known) else UNCONFIRMED
        if own == UNCONFIRMED and len(piece.rows) == 1:
            continue
        if own == UNCONFIRMED or own in taken:
            own, next_free = next_free, next_free + 1
        taken.add(own)
        tracks[piece.rows] = own
        if piece.probability < 1:
            probabilities[own] = piece.probability
    return tracks, probabilities


def _confirmed(faces: TrackedFaces, rows: Int64) -> Int64:
    """Return the tracker's numbers of these faces, without those that it had not confirmed."""
    tracks = faces.track[rows]
    return tracks[tracks != UNCONFIRMED]


@dataclass(frozen=True)
class _Piece:
    """Rows in the order of time, int64 (K,), and how probable it is that they show one person."""

    rows: Int64
    probability: float = 1.0


def _joined(faces: TrackedFaces, pieces: Sequence[_Piece], longest_s: float) -> list[_Piece]:
    """Join each piece with the one that goes on from it, if there is one within so many seconds."""
    before, after, odds = _candidates(faces, pieces, longest_s)
    follows = {j: (i, odds) for i, j, odds in _matched(before, after, odds)}
    starts = np.array([faces.look[piece.rows[0]] for piece in pieces])
    whole: dict[int, _Piece] = {}
    chain_of: dict[int, int] = {}
    for j in np.argsort(starts, kind="stable").tolist():
        if j not in follows:
            chain_of[j], whole[j] = j, pieces[j]
            continue
        i, log_odds = follows[j]
        chain = chain_of[j] = chain_of[i]
        probability = whole[chain].probability * pieces[j].probability
        # That a tracker went on with a track, or took a glance to confirm it, is no doubt worth counting.
        earlier, later = (_confirmed(faces, rows) for rows in (whole[chain].rows, pieces[j].rows))
        if len(earlier) and len(later) and earlier[-1] != later[0]:
            probability /= 1 + np.exp(-log_odds)
        whole[chain] = _Piece(np.concatenate([whole[chain].rows, pieces[j].rows]), float(probability))
    return list(whole.values())


def split(faces: TrackedFaces) -> list[Int64]:
    """Return the rows of each piece: tracks, cut where the face in them changes all at once.

    Examples
    --------
    >>> looks, order, still = np.repeat(np.eye(2), 4, axis=0), np.arange(8), np.zeros(8, int)
    >>> [rows.tolist() for rows in split(TrackedFaces(order, order / 10, still, still, np.ones((8, 4)), looks))]
    [[0, 1, 2, 3], [4, 5, 6, 7]]
    """
    pieces = [np.array([row]) for row in np.flatnonzero(faces.track == UNCONFIRMED)]
    of_track = pd.Series(np.arange(len(faces.track))).groupby(faces.track).indices
    waiting: list[Int64] = []
    for track, rows in of_track.items():
        if track != UNCONFIRMED:
            waiting += np.split(rows, np.flatnonzero(np.diff(faces.look[rows]) > 1) + 1)
    while waiting:
        rows = waiting.pop()
        changes = _changes(faces.looks[rows])
        if changes.max(initial=0) > SPLIT_DISTANCE:
            place = int(changes.argmax()) + 1
            waiting += [rows[place:], rows[:place]]
        else:
            pieces.append(rows)
    return pieces


def _changes(looks: np.ndarray) -> np.ndarray:
    """Return how much the looks after each place differ from those before it, float64 (N - 1,)."""
    n = len(looks)
    sums = np.concatenate([np.zeros((1, looks.shape[1])), np.cumsum(looks, axis=0, dtype=np.float64)])
    places = np.arange(1, n)
    before = sums[places] - sums[np.maximum(places - _NEIGHBOURS, 0)]
    after = sums[np.minimum(places + _NEIGHBOURS, n)] - sums[places]
    norms = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    return 1 - (before * after).sum(axis=1) / np.maximum(norms, 1e-9)


def link_features(faces: TrackedFaces, pieces: Sequence[Int64], before: Int64, after: Int64) -> np.ndarray:
    """Return what speaks against two pieces showing one person, float64 (P, 4), nothing being 0.

    The difference of the looks that are most alike; how far the face would have moved, in sizes of the face, by the
    shorter of two ways (it stood still; it went on as before); the ratio of sizes (its logarithm); in how many sampled
    frames between it was not found (the logarithm of one more).
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
    >>> faces = TrackedFaces(np.array([0, 10]), np.array([0.0, 1.0]), still, still, boxes, looks)
    >>> pieces = np.array([0]), np.array([1])
    >>> np.abs(link_features(faces, pieces, np.array([0]), np.array([1]))).round(2).tolist()
    [[0.0, 0.0, 0.0, 2.3]]
    """
    first, last = (np.array([rows[place] for rows in pieces]) for place in (0, -1))
    # How each piece moved in its last half second.
    lately = np.array(
        [rows[np.searchsorted(faces.time_s[rows], faces.time_s[rows[-1]] - _LATELY_S)] for rows in pieces]
    )

    def centres(rows: Int64) -> np.ndarray:
        return (faces.boxes[rows, :2] + faces.boxes[rows, 2:]).astype(np.float64) / 2

    def sizes(rows: Int64) -> np.ndarray:
        return np.sqrt(np.prod(faces.boxes[rows, 2:] - faces.boxes[rows, :2], axis=1, dtype=np.float64))

    elapsed = np.maximum(faces.time_s[last] - faces.time_s[lately], 1e-6)[:, None]
    speeds = np.where(elapsed > 1e-6, (centres(last) - centres(lately)) / elapsed, 0.0)
    here, there = last[before], first[after]
    gaps = faces.time_s[there] - faces.time_s[here]
    missed = np.log(faces.look[there] - faces.look[here])
    moved = centres(there) - centres(here)
    size_here, size_there = sizes(here), sizes(there)
    on = moved - speeds[before] * np.minimum(gaps, _KEEPS_ON_S)[:, None]
    away = np.minimum(np.linalg.norm(moved, axis=1), np.linalg.norm(on, axis=1)) * 2 / (size_here + size_there)
    features = np.column_stack([np.zeros(len(gaps)), away, np.abs(np.log(size_there / size_here)), missed])
    samples = np.array([rows[np.linspace(0, len(rows) - 1, _SAMPLES).astype(int)] for rows in pieces])
    open_ = np.flatnonzero(_log_odds(features) > _LEAST_ODDS)
    for some in np.array_split(open_, len(open_) // 512 + 1):
        one, other = (faces.looks[samples[which[some]]].astype(np.float32) for which in (before, after))
        features[some, 0] = 1 - (one @ other.transpose(0, 2, 1)).max(axis=(1, 2))
    return features


def _log_odds(features: np.ndarray) -> np.ndarray:
    return _INTERCEPT + features @ _WEIGHTS


def _candidates(faces: TrackedFaces, pieces: Sequence[_Piece], longest_s: float) -> tuple[Int64, Int64, np.ndarray]:
    """Return the pairs of pieces that may show one person: which one goes on from which, and the log odds of it."""
    starts, ends = (np.array([faces.time_s[piece.rows[place]] for piece in pieces]) for place in (0, -1))
    order = np.argsort(starts, kind="stable")
    low = np.searchsorted(starts[order], ends, side="right")
    high = np.searchsorted(starts[order], ends + longest_s, side="right")
    before = np.repeat(np.arange(len(pieces)), high - low)
    after = np.concatenate([order[a:b] for a, b in zip(low, high, strict=True)] or [np.zeros(0, np.int64)])
    if len(before) == 0:
        return before, after, np.zeros(0)
    odds = _log_odds(link_features(faces, [piece.rows for piece in pieces], before, after))
    kept = odds > _LEAST_ODDS
    return before[kept], after[kept], odds[kept]


def _matched(before: Int64, after: Int64, odds: np.ndarray) -> list[tuple[int, int, float]]:
    """Choose pairs so that no piece is followed, or follows, twice, and the sum of the odds is largest."""
    if len(before) == 0:
        return []
    n = int(max(before.max(), after.max())) + 1
    # What cannot compete is matched apart: a long video has thousands of pieces, a moment but a few.
    _, group = connected_components(coo_array((np.ones(len(before)), (before, n + after)), shape=(2 * n, 2 * n)))
    pairs = []
    for rows in pd.Series(np.arange(len(before))).groupby(group[before]).indices.values():
        sources, i = np.unique(before[rows], return_inverse=True)
        targets, j = np.unique(after[rows], return_inverse=True)
        gains = np.zeros((len(sources), len(targets)))
        gains[i, j] = odds[rows] - _LEAST_ODDS
        pairs += [
            (int(sources[a]), int(targets[b]), float(gains[a, b] + _LEAST_ODDS))
            for a, b in zip(*linear_sum_assignment(gains, maximize=True), strict=True)
            if gains[a, b] > 0
        ]
    return pairs
