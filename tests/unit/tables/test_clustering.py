import time
import tracemalloc

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from facestats.tables.clustering import cluster, place_log_odds, seen_together


def evidence_of(who, rng, strength=5.0, noise=1.0):
    """What good, honest evidence says of pairs: strongly for one person, strongly against two."""
    same = np.equal.outer(who, who)
    raw = np.where(same, strength, -strength) + np.triu(rng.normal(0, noise, same.shape), 1)
    return np.triu(raw, 1).astype(np.float32) + np.triu(raw, 1).T.astype(np.float32)


def nothing_apart(n):
    return np.zeros((n, n), bool)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(0, 99))
def test_good_evidence_gives_back_who_is_who(who, seed):
    who = np.array(who)
    found = cluster(evidence_of(who, np.random.default_rng(seed)), nothing_apart(len(who)), np.ones(len(who), bool))
    np.testing.assert_array_equal(np.equal.outer(found.person, found.person), np.equal.outer(who, who))
    assert found.n_people == len(set(who.tolist()))
    assert found.low <= found.n_people <= found.high
    assert ((found.probability > 0.5) & (found.probability <= 1)).all()


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_who_is_seen_together_is_never_one_person(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 15))
    apart = np.triu(rng.random((n, n)) < 0.3, 1)
    apart |= apart.T
    found = cluster(np.full((n, n), 6.0, np.float32), apart, np.ones(n, bool))
    assert not (np.equal.outer(found.person, found.person) & apart).any()


def test_those_who_cannot_be_told_stay_people_of_their_own_of_whom_nothing_is_claimed():
    alike = np.full((4, 4), 6.0, np.float32)
    found = cluster(alike, nothing_apart(4), np.array([True, False, True, False]))
    assert found.person.tolist() == [0, 1, 0, 2]
    assert np.isnan(found.probability).tolist() == [False, True, False, True]
    assert (found.n_people, found.low, found.high) == (1, 1, 1)


def test_weak_evidence_leaves_tracks_apart_and_says_that_fewer_may_be_right():
    found = cluster(np.full((3, 3), -1.0, np.float32), nothing_apart(3), np.ones(3, bool))
    assert found.n_people == 3
    assert found.low < 3
    assert (found.probability < 0.9).all()


def test_nobody_and_one():
    nobody = cluster(np.zeros((0, 0), np.float32), nothing_apart(0), np.zeros(0, bool))
    assert (len(nobody.person), nobody.n_people, nobody.low, nobody.high) == (0, 0, 0, 0)
    one = cluster(np.zeros((1, 1), np.float32), nothing_apart(1), np.ones(1, bool))
    assert (one.person.tolist(), one.probability.tolist(), one.n_people) == ([0], [1.0], 1)


def test_tracks_that_share_a_frame_are_seen_together():
    together = seen_together([np.array([0, 1, 5]), np.array([2, 3]), np.array([5, 6]), np.zeros(0, int)])
    assert np.argwhere(together).tolist() == [[0, 2], [2, 0]]


def test_a_face_that_comes_back_where_one_vanished_is_likelier_the_same():
    boxes = np.array([[0, 0, 40, 40], [2, 0, 42, 40], [400, 0, 440, 40], [0, 0, 40, 40]])
    found = place_log_odds(
        np.array([0, 0, 0, 1]), np.array([0.0, 3.0, 3.0, 9.0]), np.array([2.0, 5, 5, 11]), boxes, boxes
    )
    assert found[0, 1] > 1 > 0 > found[0, 2]
    assert found[1, 2] == 0  # at the same time
    assert (found[3] == 0).all()  # another shot
    np.testing.assert_array_equal(found, found.T)


def test_a_long_video_is_quick_and_takes_little_memory():
    rng = np.random.default_rng(0)
    who = rng.integers(40, size=1_000)
    tracemalloc.start()
    began = time.process_time()
    found = cluster(evidence_of(who, rng), nothing_apart(1_000), np.ones(1_000, bool))
    took, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.n_people == 40
    # Both grow with the square: 3,000 tracks in under a minute and 1 GB.
    assert took < 60 / 9
    assert peak < 1e9 / 9
