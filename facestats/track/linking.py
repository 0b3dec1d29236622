"""Which pieces of tracks show one person: what no online tracker can know, as it does not see what comes later.

Where two people pass each other, trackers confuse them; where somebody is hidden for a while, a track ends and another
one begins. Here what comes after is known: tracks are cut where the face in them changes all at once, and pieces are
joined when place, size and looks allow it. What a face looks like is held in memory for that only, and never stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from facestats.track.base import UNCONFIRMED
from facestats.types import Int64, UInt8

#: Pieces further apart than the last of these, in seconds, are never joined; those that are near come first, so that a
#: glimpse of half a face goes with what was seen around it before anybody asks who it is.
_ABSENCES_S = (0.35, 1.2, 5.0)
_LOOKS = 2.5  # who looks rarely bears two missed looks all the same

#: What stands for the track of a face of which nothing was said yet.
OPEN = -2

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
        int64 (N,): the track that was given to a face before, which stays; -1 where it is of none, and :data:`OPEN`
        where nothing was said yet.
    """

    look: Int64
    time_s: np.ndarray
    track: Int64
    boxes: np.ndarray
    looks: np.ndarray
    settled: Int64


def longest_absence_s(step_s: float) -> float:
    """Return how long somebody may be out of sight, and be known again, who is looked for every ``step_s`` seconds.

    Examples
    --------
    >>> longest_absence_s(0.1), longest_absence_s(4.0)
    (5.0, 10.0)
    """
    return max(_ABSENCES_S[-1], _LOOKS * step_s)


def relink(faces: TrackedFaces, *, step_s: float, next_free: int = 0) -> tuple[Int64, list[tuple[int, float]]]:
    """Give faces the track of the person whom they show.

    Parameters
    ----------
    faces : TrackedFaces
        Those of which something was said before keep it; what comes after may go on with their tracks.
    step_s : float
        Usual time from one look to the next.
    next_free : int
        The first number that no track has; new ones are numbered in the order in which they begin.

    Returns
    -------
    tracks : numpy.ndarray
        int64 (N,); a face that stays alone and was not confirmed is of no track: -1.
    joins : list of (int, float)
        Where something was joined that the tracker had not: the row with which it goes on, and how probable it is that
        both show one person. Places where it had been joined before are left out.

    Examples
    --------
    >>> none = np.zeros(0, int)
    >>> empty = TrackedFaces(none, none / 1, none, np.zeros((0, 4)), np.zeros((0, 100)), none)
    >>> relink(empty, step_s=0.1)
    (array([], dtype=int64), [])
    """
    pieces = [_Piece(rows) for rows in split(faces)]
    for longest_s in _ABSENCES_S:
        pieces = _joined(faces, pieces, max(longest_s, _LOOKS * step_s))
    known = [piece.rows[faces.settled[piece.rows] >= 0] for piece in pieces]
    # A track can go on with one piece only: that which had it last.
    goes_on = {
        int(faces.settled[known[i][-1]]): i
        for i in sorted((i for i in range(len(pieces)) if len(known[i])), key=lambda i: known[i][-1])
    }
    number_of = {i: number for number, i in goes_on.items()}
    tracks, joins = faces.settled.copy(), []
    for i in sorted(range(len(pieces)), key=lambda i: pieces[i].rows[0]):
        rows = pieces[i].rows
        new = rows[faces.settled[rows] == OPEN]
        if len(new) == 0:
            continue
        if len(rows) == 1 and len(_confirmed(faces, rows)) == 0:
            tracks[new] = UNCONFIRMED
            continue
        if i not in number_of:
            number_of[i], next_free = next_free, next_free + 1
        tracks[new] = number_of[i]
        joins += [(row, probability) for row, probability in pieces[i].joins if faces.settled[row] == OPEN]
    return tracks, joins


def _confirmed(faces: TrackedFaces, rows: Int64) -> Int64:
    """Return the tracker's numbers of these faces, without those that it had not confirmed."""
    tracks = faces.track[rows]
    return tracks[tracks != UNCONFIRMED]


@dataclass(frozen=True)
class _Piece:
    """Rows in the order of time, int64 (K,), and where parts were joined: a row, and how probable the join is."""

    rows: Int64
    joins: tuple[tuple[int, float], ...] = ()


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
        joins = whole[chain].joins + pieces[j].joins
        # That a tracker went on with a track, or took a glance to confirm it, is no doubt worth counting.
        earlier, later = (_confirmed(faces, rows) for rows in (whole[chain].rows, pieces[j].rows))
        if len(earlier) and len(later) and earlier[-1] != later[0]:
            joins += ((int(pieces[j].rows[0]), float(1 / (1 + np.exp(-log_odds)))),)
        whole[chain] = _Piece(np.concatenate([whole[chain].rows, pieces[j].rows]), joins)
    return list(whole.values())


def split(faces: TrackedFaces) -> list[Int64]:
    """Return the rows of each piece: tracks, cut where the face in them changes all at once.

    Examples
    --------
    >>> looks, order, still = np.repeat(np.eye(2), 4, axis=0), np.arange(8), np.zeros(8, int)
    >>> [rows.tolist() for rows in split(TrackedFaces(order, order / 10, still, np.ones((8, 4)), looks, still))]
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
    >>> faces = TrackedFaces(np.array([0, 10]), np.array([0.0, 1.0]), still, boxes, looks, still)
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
