import numpy as np
import pytest

from facestats.evaluation.same_person import fit_same_person, likeness_of, pairs_of, score_meanings, score_pairs
from facestats.models.embedding import EmbeddingCard


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def faces():
    """Pictures of 30 people, each a pattern of its own and some noise."""
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(30), 6)
    patterns = rng.integers(60, 200, (30, 8, 8))
    small = patterns[who] + rng.normal(0, 25, (len(who), 8, 8))
    crops = np.kron(np.clip(small, 0, 255), np.ones((1, 8, 8))).astype(np.uint8)
    return np.repeat(crops[..., None], 3, axis=3), [f"p{i}" for i in who]


def embed(crops):
    small = crops[..., 0].reshape(len(crops), 8, 8, 8, 8).mean(axis=(2, 4)).reshape(len(crops), 64)
    return unit(small - small.mean(axis=1, keepdims=True))


def test_every_person_weighs_as_much_as_it_has_pictures():
    _, _, same, weights = pairs_of(["a"] * 5 + ["b"] * 2)
    assert same.sum() == 11
    assert weights[same].sum() == pytest.approx(4 + 1)


def test_likenesses_get_a_meaning_that_holds_for_other_people(faces):
    crops, people = faces
    first = np.arange(len(people)) < 90
    meanings, least = fit_same_person(embed, crops[first], people[:90])
    assert [of.pixels for of in meanings] == [16, 24, 32, 48, 64]
    assert least == 16
    assert all(of.scale > 0 for of in meanings)
    card = EmbeddingCard("toy", same_person=meanings, least_pixels=least)
    one, other, _, _ = pairs_of(people[90:])
    likeness = likeness_of(embed(crops[~first]), one, other)
    assert score_meanings(card.log_odds(likeness, np.float64(64)), people[90:])["ece"] < 0.05
    assert score_pairs(embed(crops[~first]), people[90:])["auc"] > 0.95


def test_an_embedding_that_knows_nothing_is_of_no_use_at_any_size(faces):
    crops, people = faces
    rng = np.random.default_rng(1)
    meanings, least = fit_same_person(lambda crops: unit(rng.normal(size=(len(crops), 16))), crops, people)
    assert least == 64
    assert meanings[-1].auc == pytest.approx(0.5, abs=0.1)
