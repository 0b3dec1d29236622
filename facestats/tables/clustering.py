"""Tracks put together to people: agglomerative clustering by calibrated evidence, with what is known for certain.

Average linkage on the log odds that two tracks show one person. Tracks that are seen in one frame are two people, and
are never put together, however alike they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import csr_array
from scipy.special import expit, logit, ndtri

from facestats.types import Float32, Int64

#: Of one pair of tracks that may be one person: as many as one in five are, where nothing else is known.
PRIOR_SHARE, PRIOR_PAIRS = 0.2, 5.0
_LEAST_SHARE, _MOST_SHARE = 0.02, 0.6
_ROUNDS = 20

#: Added to the log odds of each pair, as the mean over pairs of two groups says less than the pairs do together. As all
#: constants here that have no other reason, it was chosen on simulated videos of half of the people held out, see
#: :func:`facestats.evaluation.people.score_people`, and checked on those of the other half.
MEAN_TELLS_LESS = 1.5

#: Log odds of what cannot be: so low that no average of a cluster's pairs hides it.
_NEVER = -1e9
_MOST = 100.0  # more than any odds: what is as near as can be is at distance 0

#: Correlation of what the pairs of two groups of tracks say.
PAIR_CORRELATION = 0.5

#: Tracks further apart in a shot than so many seconds are no nearer to each other by where they are.
PLACE_FADES_S = 10.0
_PLACE, _LEAST_PLACE = 2.5, -1.0  # log odds of two tracks at one place, and far apart, one right after the other

#: Share of the probability that the interval of the number of people holds.
INTERVAL = 0.9

#: Log odds by which all the evidence of one video may be too high or too low at once (standard deviation).
VIDEO_SHIFT = 1.0
_SHIFTS = ndtri((np.arange(9) + 0.5) / 9)


@dataclass(frozen=True)
class Clusters:
    """Which tracks are of one person.

    Attributes
    ----------
    person : numpy.ndarray
        int64 (N,): number of each track's person, from 0, in the order in which they are first given.
    probability : numpy.ndarray
        float32 (N,): that the track is of this person and no other; NaN where it could not be compared.
    n_people, low, high : int
        People among the tracks that could be compared, and the interval of their number.
    """

    person: Int64 = field(repr=False)
    probability: Float32 = field(repr=False)
    n_people: int
    low: int
    high: int


def seen_together(samples: Sequence[np.ndarray]) -> np.ndarray:
    """Return which tracks are seen in one frame, bool (N, N).

    Parameters
    ----------
    samples : sequence of numpy.ndarray
        int (K,) of each of N tracks: numbers of the frames in which it is seen.

    Examples
    --------
    >>> seen_together([np.array([0, 1]), np.array([1, 2]), np.array([3])]).astype(int).tolist()
    [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    """
    n = len(samples)
    rows = np.repeat(np.arange(n), [len(own) for own in samples])
    frames = np.concatenate([np.zeros(0, np.int64), *samples])
    seen = csr_array((np.ones(len(rows), np.float32), (rows, frames)), shape=(n, int(frames.max(initial=-1)) + 1))
    together = np.asarray((seen @ seen.T).todense()) > 0
    np.fill_diagonal(together, False)
    return together


def place_log_odds(
    shots: np.ndarray, starts_s: np.ndarray, ends_s: np.ndarray, first_boxes: np.ndarray, last_boxes: np.ndarray
) -> Float32:
    """Return what place and time inside a shot say of two tracks being one person, as log odds, float32 (N, N).

    A face that comes back where one vanished, within seconds, is likely the same; across shots nothing is said.

    Parameters
    ----------
    shots : numpy.ndarray
        int (N,).
    starts_s, ends_s : numpy.ndarray
        float (N,).
    first_boxes, last_boxes : numpy.ndarray
        float (N, 4): ``x1, y1, x2, y2`` when a track began, and when it ended.

    Examples
    --------
    >>> box = np.array([[0, 0, 9, 9]] * 2)
    >>> place_log_odds(np.zeros(2), np.array([0.0, 2.0]), np.array([1.0, 3.0]), box, box)[0, 1].round(2)
    np.float32(2.26)
    """
    n = len(shots)
    found = np.zeros((n, n), np.float32)
    for shot in np.unique(shots):
        rows = np.flatnonzero(shots == shot)
        gaps = starts_s[rows][None, :] - ends_s[rows][:, None]  # from the end of one to the beginning of the other
        here, there = last_boxes[rows].astype(np.float64), first_boxes[rows].astype(np.float64)
        moved = np.linalg.norm(
            (there[None, :, :2] + there[None, :, 2:] - here[:, None, :2] - here[:, None, 2:]) / 2, axis=2
        )
        sizes = [np.sqrt(np.maximum(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), 1.0)) for boxes in (here, there)]
        away = moved * 2 / (sizes[0][:, None] + sizes[1][None, :])
        said = np.maximum(_PLACE - away, _LEAST_PLACE) * np.exp(-np.maximum(gaps, 0) / PLACE_FADES_S)
        said = np.where(gaps > 0, said, 0.0)
        found[np.ix_(rows, rows)] = said + said.T
    return found


def cluster(evidence: Float32, apart: np.ndarray, comparable: np.ndarray) -> Clusters:
    """Put tracks together to people.

    Parameters
    ----------
    evidence : numpy.ndarray
        float (N, N), symmetric: what is known of each pair being one person, as log odds without any prior.
    apart : numpy.ndarray
        bool (N, N), symmetric: pairs that are certainly two people.
    comparable : numpy.ndarray
        bool (N,): the others are people of their own, of whom nothing is claimed.

    Returns
    -------
    Clusters

    Examples
    --------
    >>> evidence = np.array([[0, 5, -5], [5, 0, -5], [-5, -5, 0]], np.float32)
    >>> found = cluster(evidence, np.zeros((3, 3), bool), np.ones(3, bool))
    >>> found.person.tolist(), found.n_people, found.low, found.high
    ([0, 0, 1], 2, 2, 2)
    """
    n, rows = len(comparable), np.flatnonzero(comparable)
    person = np.arange(n, dtype=np.int64)
    probability = np.full(n, np.nan, np.float32)
    low = high = n_people = len(rows)
    if len(rows) == 1:
        probability[rows] = 1.0
    elif len(rows) > 1:
        known, never = evidence[np.ix_(rows, rows)].astype(np.float64), apart[np.ix_(rows, rows)]
        prior = _prior(known[np.triu(~never, 1)]) + MEAN_TELLS_LESS
        odds = np.where(never, _NEVER, known + prior)
        upper = np.triu_indices(len(rows), 1)
        tree = linkage(_MOST - odds[upper], method="average")
        groups = fcluster(tree, _MOST, criterion="distance")
        person[rows] = rows[np.unique(groups, return_index=True)[1]][groups - 1]
        probability[rows] = _member_probability(odds, groups)
        n_people = int(groups.max())
        low, high = _interval(len(rows), _merge_log_odds(tree, prior))
    _, first, number = np.unique(person, return_index=True, return_inverse=True)
    return Clusters(
        np.argsort(np.argsort(first))[number], probability, n_people, min(low, n_people), max(high, n_people)
    )


def _prior(evidence: np.ndarray) -> float:
    """Return the log odds that any pair is of one person, as the pairs of the video themselves tell (EM)."""
    share = PRIOR_SHARE
    for _ in range(_ROUNDS):
        expected = expit(evidence + logit(share)).sum()
        share = (PRIOR_SHARE * PRIOR_PAIRS + expected) / (PRIOR_PAIRS + len(evidence))
        share = float(np.clip(share, _LEAST_SHARE, _MOST_SHARE))
    return float(logit(share))


def _merge_log_odds(tree: np.ndarray, prior: float) -> np.ndarray:
    """Return the log odds that each step of the tree puts together one person's tracks."""
    sizes = np.concatenate([np.ones(len(tree) + 1), tree[:, 3]])
    pairs = sizes[tree[:, 0].astype(int)] * sizes[tree[:, 1].astype(int)]
    # Pairs of the same two groups say much the same.
    worth = pairs / (1 + (pairs - 1) * PAIR_CORRELATION)
    return prior + worth * (_MOST - tree[:, 2] - prior)


def _member_probability(odds: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the probability that each track is of its own group, and not of another one, or of none."""
    members = np.zeros((len(groups), groups.max()))
    members[np.arange(len(groups)), groups - 1] = 1
    own = members.astype(bool)
    np.fill_diagonal(odds, 0.0)
    others = members.sum(axis=0)[None, :] - own  # without the track itself
    mean = odds @ members / np.maximum(others, 1)
    # To be of nobody else is what each pair's odds are held against: 1.
    weights = np.where(others > 0, np.exp(np.minimum(mean, 50.0)), 0.0)
    is_alone = others[own] == 0
    return np.where(is_alone, 1.0, weights[own]) / (1.0 + weights.sum(axis=1))


def _interval(n: int, log_odds: np.ndarray) -> tuple[int, int]:
    """Return the interval of the number of people, if each step of the tree is right with its own probability.

    All steps may be surer, or less sure, than they should be: what is probable is the mean over such shifts.
    """
    summed = np.zeros(len(log_odds) + 1)
    for shift in VIDEO_SHIFT * _SHIFTS:
        share = np.ones(1)
        for probability in expit(log_odds + shift):  # the distribution of how many of these steps are right
            share = np.convolve(share, [1 - probability, probability])
        summed += np.cumsum(share) / len(_SHIFTS)
    fewest, most = (int(np.searchsorted(summed, q - 1e-9)) for q in ((1 - INTERVAL) / 2, (1 + INTERVAL) / 2))
    return n - most, n - fewest
