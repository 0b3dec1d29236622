"""From what a model said of some people to the shares of the classes among all people like them.

A Bayesian model of votes that are wrong now and then. Each person has a class; the shares of the classes are what is
asked for. The model votes for a class, surely or not, and how often it says what of whom was counted on labelled faces.
Two doubts widen the intervals: only so many faces were counted, and here the model may err otherwise than there.
Shares, rates and classes are drawn together, by Gibbs sampling in many chains side by side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: The weak prior of the shares: so many people of each class are added.
PRIOR = 0.5

#: How alike a model is unsure from one collection to the next: as if that had been counted on so many faces of a class.
ALIKE_SURENESS = 10.0

_CHAINS, _BURN_IN, _EVERY = 125, 50, 6
_AT_ONCE = 2_000_000  # numbers drawn, when classes are imputed
_COUNTED = 0.5  # Jeffreys' prior of a rate that was counted


@dataclass(frozen=True)
class Votes:
    """What a model said of N people.

    Attributes
    ----------
    choice : numpy.ndarray
        int64 (N,): index of the likeliest class; -1 where it is not known, which needs ``is_sure`` to be False.
    is_sure : numpy.ndarray
        bool (N,): whether its probability reaches the threshold.
    is_certain : numpy.ndarray
        bool (N,): whether ``choice`` is no vote, but known for certain.
    """

    choice: np.ndarray
    is_sure: np.ndarray
    is_certain: np.ndarray

    def signals(self, n_classes: int) -> np.ndarray:
        """Return one number for what was said, int64 (N,): sure of a class, unsure of it, of none, certain of it."""
        said = np.where(self.is_sure, self.choice, n_classes + self.choice)
        said = np.where(self.choice < 0, 2 * n_classes, said)
        return np.where(self.is_certain, 2 * n_classes + 1 + self.choice, said)


@dataclass(frozen=True)
class Rates:
    """How often a model said what of labelled faces, in one source of such faces or in several.

    Attributes
    ----------
    sure, unsure : numpy.ndarray
        float64 (S, K, K): numbers of faces by source, labelled class, and class that the model thought likeliest; where
        it was sure of it, and where it was not.
    alike : float
        How alike the model errs from one collection to the next: as if its rates in this one had been counted on so
        many faces of each class.
    """

    sure: np.ndarray
    unsure: np.ndarray
    alike: float = 10.0

    @property
    def is_labelled(self) -> np.ndarray:
        """Of which classes there were labelled faces, bool (K,)."""
        return (self.sure + self.unsure).sum(axis=(0, 2)) > 0


def draw_shares(
    votes: Votes, rates: Rates, n_draws: int, rng: np.random.Generator, *, weights: np.ndarray | None = None
) -> np.ndarray:
    """Draw the shares of the classes from their posterior distribution.

    How often a model is unsure depends on how well faces are seen: only what differs between the classes counts.

    Parameters
    ----------
    votes : Votes
        Of N people.
    rates : Rates
        Of K classes; each chain takes one source for what this collection is like.
    n_draws : int
    rng : numpy.random.Generator
    weights : numpy.ndarray, optional
        float (N,), at least 0, not all 0: the time for which each was seen; the shares are of time then, and people are
        drawn anew as a whole (the Bayesian bootstrap of Rubin, 1981). By default everyone counts once.

    Returns
    -------
    numpy.ndarray
        float64 (n_draws, K); rows sum to 1. A class of which no face was labelled has 0.

    Examples
    --------
    >>> rates = Rates(np.array([[[900.0, 50], [50, 900]]]), np.array([[[30.0, 20], [20, 30]]]))
    >>> ten = Votes(np.array([0] * 8 + [1] * 2), np.ones(10, bool), np.zeros(10, bool))
    >>> draws = draw_shares(ten, rates, 1000, np.random.default_rng(0))
    >>> draws.shape, bool(0.65 < draws[:, 0].mean() < 0.85)
    ((1000, 2), True)
    """
    n_classes = rates.sure.shape[1]
    signals = votes.signals(n_classes)
    counts = np.bincount(signals, minlength=3 * n_classes + 1)
    said, certain = counts[: 2 * n_classes + 1], counts[2 * n_classes + 1 :]
    occurs = said > 0
    prior = np.where(rates.is_labelled, PRIOR, 0.0)
    n_chains = min(_CHAINS, n_draws)
    rounds = -(-n_draws // n_chains)
    prior_sure, prior_unsure, prior_sureness = _priors(rates, said, n_chains, rng)
    shares = _dirichlet(np.broadcast_to(2 * prior, (n_chains, n_classes)), rng)
    sure, unsure, sureness = (_dirichlet(prior, rng) for prior in (prior_sure, prior_unsure, prior_sureness))
    kept, kept_classes = [], []
    for step in range(_BURN_IN + _EVERY * (rounds - 1) + 1):
        # How probable it is to be of a class and to get what was said: (chains, signals, classes).
        of_unsure = sureness[:, None, :, 1]
        parts = [sureness[:, None, :, 0] * sure.swapaxes(1, 2), of_unsure * unsure.swapaxes(1, 2), of_unsure]
        joint = shares[:, None] * np.concatenate(parts, axis=1)
        joint /= joint.sum(axis=2, keepdims=True)
        found = np.zeros(joint.shape, np.int64)
        found[:, occurs] = rng.multinomial(np.broadcast_to(said[occurs], (n_chains, occurs.sum())), joint[:, occurs])
        told, doubted = found[:, :n_classes], found[:, n_classes:-1]
        n_unsure = doubted.sum(axis=1) + found[:, -1]
        shares = _dirichlet(prior + certain + found.sum(axis=1), rng)
        sure = _dirichlet(prior_sure + told.swapaxes(1, 2), rng)
        unsure = _dirichlet(prior_unsure + doubted.swapaxes(1, 2), rng)
        sureness = _dirichlet(prior_sureness + np.stack([told.sum(axis=1), n_unsure], axis=2), rng)
        if step >= _BURN_IN and (step - _BURN_IN) % _EVERY == 0:
            kept.append(shares)
            kept_classes.append(joint)
    if weights is None:
        return np.concatenate(kept)[:n_draws]
    return _weighted(signals, np.concatenate(kept_classes)[:n_draws], weights, prior, rng)


def _priors(rates: Rates, said: np.ndarray, n_chains: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Return the prior counts of each chain: of votes when sure and when not (C, K, K), and of sureness (C, K, 2)."""
    n_classes = rates.sure.shape[1]
    source = np.arange(n_chains) % len(rates.sure)
    sure, unsure = (_dirichlet(counts[source] + _COUNTED, rng) for counts in (rates.sure, rates.unsure))
    of_class = np.stack([rates.sure.sum(axis=2), rates.unsure.sum(axis=2)], axis=2)[source] + _COUNTED
    odds = np.log(of_class[..., 1] / of_class[..., 0])
    usual = odds[:, rates.is_labelled].mean(axis=1, keepdims=True)
    here = np.log((said[n_classes:].sum() + _COUNTED) / (said[:n_classes].sum() + _COUNTED))
    is_unsure = 1 / (1 + np.exp(-(odds - usual + here)))
    sureness = np.stack([1 - is_unsure, is_unsure], axis=2)
    return rates.alike * sure, rates.alike * unsure, ALIKE_SURENESS * sureness


def _weighted(
    signals: np.ndarray, classes: np.ndarray, weights: np.ndarray, prior: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the shares of weight, float64 (B, K), of people whose classes are drawn from (B, signals, K)."""
    n_draws, n_signals, n_classes = classes.shape
    total = rng.standard_gamma(np.broadcast_to(prior, (n_draws, n_classes))) * weights.mean()
    for rows in np.array_split(np.arange(len(signals)), -(-len(signals) * n_draws // _AT_ONCE)):
        said = signals[rows]
        is_certain = said >= n_signals
        limits = classes[:, np.where(is_certain, 0, said)].cumsum(axis=2)
        drawn = (rng.random((n_draws, len(rows), 1)) > limits[..., :-1]).sum(axis=2)
        drawn = np.where(is_certain, said - n_signals, drawn)
        mass = rng.standard_exponential((n_draws, len(rows))) * weights[rows]
        for k in range(n_classes):
            total[:, k] += (mass * (drawn == k)).sum(axis=1)
    return total / total.sum(axis=1, keepdims=True)


def _dirichlet(concentration: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw from Dirichlet distributions, one along the last axis for each of the others."""
    drawn = rng.standard_gamma(concentration) + 1e-300
    return drawn / drawn.sum(axis=-1, keepdims=True)
