import numpy as np
import pytest

from facestats.evaluation.people import score_people, score_video, simulate
from facestats.models.embedding import EmbeddingCard, SamePerson
from facestats.tables.clustering import Clusters

CARD = EmbeddingCard("toy", same_person=(SamePerson(64.0, 12.0, -7.0, 0.98),), least_pixels=10)


@pytest.fixture(scope="module")
def faces():
    """Pictures of 10 people, each a pattern of its own and some noise."""
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(10), 5)
    small = rng.integers(60, 200, (10, 4, 4))[who] + rng.normal(0, 8, (len(who), 4, 4))
    crops = np.kron(np.clip(small, 0, 255), np.ones((1, 16, 16))).astype(np.uint8)
    return np.repeat(crops[..., None], 3, axis=3), [f"p{i}" for i in who]


def knows_all(crops):
    small = crops[..., 0].reshape(len(crops), 4, 16, 4, 16).mean(axis=(2, 4)).reshape(len(crops), 16)
    small = small - small.mean(axis=1, keepdims=True)
    return (small / np.linalg.norm(small, axis=1, keepdims=True)).astype(np.float32)


def knows_nothing(crops):
    return np.tile(np.eye(16, dtype=np.float32)[0], (len(crops), 1))


def test_a_video_has_cuts_returns_and_people_at_the_same_time(faces):
    appearances, truth = simulate(*faces, knows_all, np.random.default_rng(3))
    shots = np.array([one.shot for one in appearances])
    assert len(set(truth.tolist())) >= 2
    assert max(np.bincount(shots)) > 1
    assert max(np.unique(truth, return_counts=True)[1]) > 1
    for shot in set(shots.tolist()):
        assert len(set(truth[shots == shot])) == (shots == shot).sum()


def test_scores_tell_a_good_embedding_from_one_that_knows_nothing(faces):
    good, bad = (score_people(*faces, embed, CARD, n_videos=10) for embed in (knows_all, knows_nothing))
    assert good["f1"] > 0.95
    assert good["counted_within_1"] == 1
    assert bad["f1"] < 0.7
    assert bad["counted_within_1"] < 1


def test_pairs_and_members_are_counted():
    found = Clusters(np.array([0, 0, 0, 1, 2]), np.array([0.9, 0.9, 0.6, 0.8, np.nan], np.float32), 2, 2, 3)
    scores = score_video(found, np.array(["a", "a", "b", "b", "c"]))
    assert scores["pairs"] == (1, 2, 1)
    assert (scores["n_people"], scores["n_true"], scores["holds"]) == (2, 2, True)
    assert scores["right"] == [False, False, False, False]  # half of the others is no majority
    assert len(scores["sure"]) == 4
