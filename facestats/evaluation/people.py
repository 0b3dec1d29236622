"""How well tracks are put together to people: simulated videos of cuts and returns, from pictures of known people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from facestats.evaluation.calibration import expected_calibration_error
from facestats.evaluation.smallness import seen_small
from facestats.models.embedding import EmbeddingCard
from facestats.tables.clustering import Clusters
from facestats.tables.people import Appearance, Portrait, find_people, together
from facestats.types import Float32, UInt8

_FEWEST, _MOST = 2, 8  # people in a video
_SHOTS = 12
_AT_ONCE = 3  # people in a shot, at most
_SHOT_SAMPLES = 30  # sampled frames of a shot, ten a second
_PORTRAITS = 3  # of a track
_SMALLEST, _LARGEST = 20, 160  # pixels across the crop
_SHIFT = 2  # pixels by which the portraits of a track differ


def simulate(
    crops: UInt8, people: Sequence[str], embed: Callable[[UInt8], Float32], rng: np.random.Generator
) -> tuple[list[Appearance], np.ndarray]:
    """Return the tracks of a simulated video, and whom each shows.

    Two to eight people take turns in twelve shots, up to three at a time, sizes drawn anew in each. A track shows one
    picture of its person, moved and lit a little differently in each portrait; another track of that person shows
    another picture, where there is one.

    Parameters
    ----------
    crops : numpy.ndarray
        uint8 (N, S, S, 3): aligned faces of people that the embedding never learned from.
    people : sequence of str
        N: whom each shows.
    embed : callable
        Gives the embeddings of crops.
    rng : numpy.random.Generator

    Examples
    --------
    >>> simulate(crops, people, embedder.embed, np.random.default_rng(0))  # doctest: +SKIP
    """
    people = np.asarray(people, object)
    names = np.unique(people.astype(str))
    # Who has one picture only appears once.
    cast = rng.choice(names, int(rng.integers(_FEWEST, _MOST + 1)), replace=False)
    left = {name: rng.permutation(np.flatnonzero(people == name)).tolist() for name in cast}
    appearances, truth, faces, portraits = [], [], [], []
    for shot in range(_SHOTS):
        there = [name for name in cast if left[name]]
        for place, name in enumerate(rng.permutation(there)[: int(rng.integers(1, _AT_ONCE + 1))]):
            pixels = float(np.exp(rng.uniform(np.log(_SMALLEST), np.log(_LARGEST))))
            faces += _portraits(crops[left[name].pop()], pixels, rng)
            portraits.append(pixels)
            truth.append(name)
            appearances.append((shot, place))
    made = embed(np.stack(faces)).reshape(len(truth), _PORTRAITS, -1)
    found = []
    for (shot, place), pixels, own in zip(appearances, portraits, made, strict=True):
        samples = np.arange(shot * _SHOT_SAMPLES, (shot + 1) * _SHOT_SAMPLES)
        box = np.array([200.0 * place, 0.0, 200.0 * place + pixels, pixels])
        blank = np.zeros((1, 1, 3), np.uint8)
        embedding, across = together(own, [Portrait(1.0, 0.0, blank, pixels)] * _PORTRAITS)
        times = samples[0] / 10, samples[-1] / 10
        found.append(Appearance(shot, *times, samples, box, box, embedding=embedding, pixels=across))
    return found, np.array(truth)


def _portraits(crop: UInt8, pixels: float, rng: np.random.Generator) -> list[UInt8]:
    side, made = crop.shape[0], []
    if pixels < side:
        crop = seen_small(crop[None], max(8, round(pixels)))[0]
    for _ in range(_PORTRAITS):
        moved = np.roll(crop, rng.integers(-_SHIFT, _SHIFT + 1, 2), axis=(0, 1)).astype(np.float32)
        lit = moved * rng.uniform(0.8, 1.2) + rng.uniform(-15, 15) + rng.normal(0, 3, moved.shape)
        made.append(np.clip(lit, 0, 255).astype(np.uint8))
    return made


def score_video(found: Clusters, truth: np.ndarray) -> dict[str, Any]:
    """Score the people of one video against the truth.

    Parameters
    ----------
    found : Clusters
    truth : numpy.ndarray
        Whom each of the N tracks shows.

    Returns
    -------
    dict
        ``pairs``: how many pairs of tracks are rightly together, wrongly together, wrongly apart; ``n_people`` and
        ``n_true`` among the tracks that could be compared, ``holds`` whether the interval has the truth; ``sure`` and
        ``right`` of each of these tracks: its ``person_prob``, and whether most of its person's other tracks show whom
        it shows, or, where it has none, whether no other track does.

    Examples
    --------
    >>> one = Clusters(np.array([0, 0, 1]), np.array([0.9, 0.9, 1.0], np.float32), 2, 2, 2)
    >>> score_video(one, np.array(["a", "a", "b"]))["pairs"]
    (1, 0, 0)
    """
    told = ~np.isnan(found.probability)
    person, whose = found.person[told], truth[told]
    together_, same = np.equal.outer(person, person), np.equal.outer(whose, whose)
    upper = np.triu(np.ones_like(same), 1)
    right = []
    for i in range(len(person)):
        others = together_[i].copy()
        others[i] = False
        right.append(bool(same[i][others].mean() > 0.5) if others.any() else bool(same[i].sum() == 1))
    n_true = len(set(whose.tolist()))
    return {
        "pairs": tuple(int((upper & of).sum()) for of in (together_ & same, together_ & ~same, ~together_ & same)),
        "n_people": found.n_people,
        "n_true": n_true,
        "holds": found.low <= n_true <= found.high,
        "sure": found.probability[told].tolist(),
        "right": right,
    }


def score_people(
    crops: UInt8,
    people: Sequence[str],
    embed: Callable[[UInt8], Float32],
    card: EmbeddingCard,
    *,
    n_videos: int = 100,
    seed: int = 0,
) -> dict[str, Any]:
    """Score how tracks are put together in simulated videos.

    Parameters
    ----------
    crops, people, embed
        See :func:`simulate`.
    card : EmbeddingCard
        Says what likenesses mean.
    n_videos, seed : int

    Returns
    -------
    dict
        ``n_videos``, ``n_tracks`` that could be compared; over all pairs of tracks ``precision``, ``recall``, ``f1``;
        ``counted_within_1``: the share of videos whose number of people is off by one at most; ``interval_holds``: the
        share whose 90 % interval has it; ``accuracy`` and ``ece`` of ``person_prob``.

    Examples
    --------
    >>> score_people(crops, people, embedder.embed, card)["f1"]  # doctest: +SKIP
    0.9
    """
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n_videos):
        appearances, truth = simulate(crops, people, embed, rng)
        rows.append(score_video(find_people(appearances, card), truth))
    hits, false, missed = np.sum([row["pairs"] for row in rows], axis=0)
    sure = np.concatenate([row["sure"] for row in rows])
    right = np.concatenate([row["right"] for row in rows]).astype(bool)
    off = np.array([abs(row["n_people"] - row["n_true"]) for row in rows])
    return {
        "n_videos": n_videos,
        "n_tracks": len(sure),
        "precision": float(hits / max(hits + false, 1)),
        "recall": float(hits / max(hits + missed, 1)),
        "f1": float(2 * hits / max(2 * hits + false + missed, 1)),
        "counted_within_1": float((off <= 1).mean()),
        "interval_holds": float(np.mean([row["holds"] for row in rows])),
        "accuracy": float(right.mean()),
        "ece": expected_calibration_error(sure, right),
    }
