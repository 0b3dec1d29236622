"""How well an embedding tells people apart: pairs of pictures of one person, and of two, at several sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from facestats.evaluation.calibration import expected_calibration_error
from facestats.evaluation.smallness import seen_small
from facestats.models.embedding import SamePerson
from facestats.types import Float32, UInt8

#: Pixels across a crop at which likenesses are given their meaning, besides its full side.
SIZES = (16, 24, 32, 48)

#: An embedding is of no use where it orders fewer pairs than these.
LEAST_AUC = 0.85

_LEAST_SCALE = 1e-3


def pairs_of(people: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return every pair of pictures: int64 (P,) twice, whether they show one person, bool (P,), and weights (P,).

    The pairs of a person weigh as much together as the person has pictures, less one; those of two people 1 each.

    Examples
    --------
    >>> one, other, same, weights = pairs_of(["a", "a", "a", "b"])
    >>> same.sum(), weights[same].sum().round(2)
    (np.int64(3), np.float64(2.0))
    """
    _, number, n_pictures = np.unique(np.asarray(people, object).astype(str), return_inverse=True, return_counts=True)
    one, other = np.triu_indices(len(number), 1)
    same = number[one] == number[other]
    weights = np.where(same, 2 / n_pictures[number[one]], 1.0)
    return one, other, same, weights


def score_pairs(embeddings: Float32, people: Sequence[str]) -> dict[str, Any]:
    """Score an embedding on every pair of pictures.

    Parameters
    ----------
    embeddings : numpy.ndarray
        float32 (N, D), unit length.
    people : sequence of str
        N: whom each picture shows.

    Returns
    -------
    dict
        ``n`` pictures of ``n_people``, ``n_same`` pairs of one person, ``auc`` (every pair counts once), and
        ``found_at_1_in_1000``: the share of these pairs that are more alike than 999 of 1000 pairs of two people.

    Examples
    --------
    >>> score_pairs(np.eye(2, dtype=np.float32)[[0, 0, 1, 1]], ["a", "a", "b", "b"])["auc"]
    1.0
    """
    one, other, same, _ = pairs_of(people)
    likeness = likeness_of(embeddings, one, other)
    strict = np.quantile(likeness[~same], 0.999)
    return {
        "n": len(embeddings),
        "n_people": len(set(people)),
        "n_same": int(same.sum()),
        "auc": float(roc_auc_score(same, likeness)),
        "found_at_1_in_1000": float((likeness[same] > strict).mean()),
    }


def likeness_of(embeddings: Float32, one: np.ndarray, other: np.ndarray) -> Float32:
    """Return the cosine of the angle between pairs of embeddings, float32 (P,).

    Examples
    --------
    >>> likeness_of(np.eye(2, dtype=np.float32), np.array([0, 0]), np.array([0, 1])).tolist()
    [1.0, 0.0]
    """
    everyone = np.asarray(embeddings, np.float32)
    return (everyone @ everyone.T)[one, other]


def fit_same_person(
    embed: Callable[[UInt8], Float32], crops: UInt8, people: Sequence[str]
) -> tuple[tuple[SamePerson, ...], float]:
    """Fit what likenesses mean at each size, by logistic regression on pairs of which as many are of one person as not.

    Parameters
    ----------
    embed : callable
        Gives the embeddings of crops.
    crops : numpy.ndarray
        uint8 (N, S, S, 3): faces of people that the embedding never learned from.
    people : sequence of str
        N: whom each shows.

    Returns
    -------
    meanings : tuple of SamePerson
    least_pixels : float
        The smallest size at which at least :data:`LEAST_AUC` of the pairs are ordered; the full side if there is none.

    Examples
    --------
    >>> fit_same_person(embedder.embed, faces.crops, faces.table["person"])  # doctest: +SKIP
    """
    one, other, same, weights = pairs_of(people)
    balance = np.where(same, 0.5 / weights[same].sum(), 0.5 / weights[~same].sum()) * weights * len(same)
    side, meanings = crops.shape[1], []
    for pixels in (*(size for size in SIZES if size < side), side):
        likeness = likeness_of(embed(crops if pixels == side else seen_small(crops, pixels)), one, other)
        fitted = LogisticRegression(C=1e6).fit(likeness[:, None], same, sample_weight=balance)
        scale, shift = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
        if scale < _LEAST_SCALE:  # faces that are more alike are of one person no more often: it says nothing
            scale, shift = _LEAST_SCALE, 0.0
        auc = float(roc_auc_score(same, likeness))
        meanings.append(SamePerson(float(pixels), round(scale, 4), round(shift, 4), round(auc, 4)))
    useful = [of.pixels for of in meanings if of.auc >= LEAST_AUC]
    return tuple(meanings), min(useful, default=float(side))


def score_meanings(log_odds: np.ndarray, people: Sequence[str], *, share: float = 0.5) -> dict[str, float]:
    """Say whether log odds of pairs can be believed where a given share of the pairs is of one person.

    Parameters
    ----------
    log_odds : numpy.ndarray
        float (P,): of the pairs of :func:`pairs_of`.
    people : sequence of str
    share : float
        Of pairs of one person, in (0, 1).

    Returns
    -------
    dict
        ``ece`` of the probability that a pair is of one person, and ``accuracy`` of taking the likelier.

    Examples
    --------
    >>> score_meanings(np.array([6.0, -6.0, -6.0]), ["a", "a", "b"])["accuracy"]
    1.0
    """
    _, _, same, weights = pairs_of(people)
    # Each pair of one person stands for as many as make up the share.
    weights = weights * np.where(same, share / weights[same].sum(), (1 - share) / weights[~same].sum())
    probability = expit(np.asarray(log_odds, np.float64) + np.log(share / (1 - share)))
    drawn = np.random.default_rng(0).choice(len(same), size=100_000, p=weights / weights.sum())
    confidence = np.maximum(probability, 1 - probability)
    right = (probability >= 0.5) == same
    return {
        "ece": expected_calibration_error(confidence[drawn], right[drawn]),
        "accuracy": float((right * weights).sum() / weights.sum()),
    }
