"""Which pieces of tracks show one person: what no online tracker can know, as it does not see what comes later.

Where two people pass each other, trackers confuse them; where somebody is hidden for a while, a track ends and another
one begins. Here what comes after is known: tracks are cut where the face in them changes all at once, and pieces are
joined when place, size and looks allow it (:mod:`facestats.track.sameness`). A join that the tracker did not make, or
made where a track was cut, is a doubt, which is returned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from facestats.track.base import UNCONFIRMED
from facestats.track.sameness import LEAST_ODDS, TrackedFaces, link_features, log_odds, places_log_odds
from facestats.types import Int64

#: Pieces further apart than the last of these, in seconds, are never joined; those that are near come first, so that a
#: glimpse of half a face goes with what was seen around it before anybody asks who it is.
_ABSENCES_S = (0.35, 1.2, 5.0)
_LOOKS = 2.5  # who looks rarely bears two missed looks all the same

#: What stands for the track of a face of which nothing was said yet.
OPEN = -2


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
        Where something was joined that the tracker had not, or that was cut: the row with which it goes on, and how
        probable it is that both show one person. Places where it had been joined before are left out.

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
    """Return these rows, without those of faces that the tracker had not confirmed."""
    return rows[faces.track[rows] != UNCONFIRMED]


def _went_on(faces: TrackedFaces, earlier: int, later: int) -> bool:
    """Say whether the tracker itself went on from one row to another, and no cut is between them."""
    track = faces.track[later]
    # Rows of one track that follow one another in two samples are apart only where the track was cut.
    is_next = faces.track[earlier] == track and not (faces.track[earlier + 1 : later] == track).any()
    return bool(is_next and faces.look[later] - faces.look[earlier] > 1)


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
        if len(earlier) and len(later) and not _went_on(faces, earlier[-1], later[0]):
            joins += ((int(pieces[j].rows[0]), float(1 / (1 + np.exp(-log_odds)))),)
        whole[chain] = _Piece(np.concatenate([whole[chain].rows, pieces[j].rows]), joins)
    return list(whole.values())


def split(faces: TrackedFaces) -> list[Int64]:
    """Return the rows of each piece: tracks, cut where the face in them changes, leaps or swells all at once.

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
        odds = places_log_odds(faces, rows)
        if odds.min(initial=np.inf) < LEAST_ODDS:
            place = int(odds.argmin()) + 1
            waiting += [rows[place:], rows[:place]]
        else:
            pieces.append(rows)
    return pieces


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
    rows = [piece.rows for piece in pieces]
    gaps = np.array([faces.time_s[rows[j][0]] - faces.time_s[rows[i][-1]] for i, j in zip(before, after, strict=True)])
    odds = log_odds(link_features(faces, rows, before, after), gaps)
    kept = odds > LEAST_ODDS
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
        gains[i, j] = odds[rows] - LEAST_ODDS
        pairs += [
            (int(sources[a]), int(targets[b]), float(gains[a, b] + LEAST_ODDS))
            for a, b in zip(*linear_sum_assignment(gains, maximize=True), strict=True)
            if gains[a, b] > 0
        ]
    return pairs
