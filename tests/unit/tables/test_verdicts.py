import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats.classify.quality import quality_weight
from facestats.tables.verdicts import CORRELATION_FADES_S, LASTING_CORRELATION, effective_size, pooled, smoothed

weights_of = st.floats(0.01, 1)
times_of = st.lists(st.floats(0, 600), min_size=1, max_size=40).map(sorted)


@given(times_of, st.data())
def test_faces_count_for_one_at_least_and_never_for_more_than_there_are(times, data):
    weights = np.array(data.draw(st.lists(weights_of, min_size=len(times), max_size=len(times))))
    size = effective_size(np.array(times), weights)
    assert 1 <= size <= min(len(times), 1 / LASTING_CORRELATION) + 1e-9


def test_size_by_hand():
    # Two faces, equally good, a time constant apart.
    apart = LASTING_CORRELATION + (1 - LASTING_CORRELATION) / np.e
    expected = 1 / (0.5 + 0.5 * apart)
    assert effective_size(np.array([0.0, CORRELATION_FADES_S]), np.ones(2)) == pytest.approx(expected)
    # A worthless second face adds nothing, and neighbours are worth less than faces far apart.
    assert effective_size(np.array([0.0, 9.0]), np.array([1.0, 1e-6])) == pytest.approx(1, abs=1e-4)
    near, far = (effective_size(np.array([0.0, gap]), np.ones(2)) for gap in (0.04, 5.0))
    assert near < far


def test_a_long_track_is_thinned_and_counts_the_same():
    times = np.arange(20_000) / 10
    assert effective_size(times, np.ones(20_000)) == pytest.approx(1 / LASTING_CORRELATION, abs=1e-3)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.data())
def test_pools_are_distributions_and_lie_between_their_faces(female, data):
    weights = np.array(data.draw(st.lists(weights_of, min_size=len(female), max_size=len(female))))
    female = np.array(female)
    together = pooled(np.column_stack([female, 1 - female]), weights)
    assert together.sum() == pytest.approx(1)
    assert max(female.min(), 0) - 1e-3 <= together[0] <= female.max() + 1e-3


def test_more_evidence_is_surer_of_the_same():
    faces = np.array([[0.8, 0.2], [0.7, 0.3]])
    once, twice = (pooled(faces, np.ones(2), size) for size in (1.0, 2.0))
    assert once[0] < twice[0] < 1
    assert pooled(np.array([[0.5, 0.5]]), np.ones(1), 3.0).tolist() == [0.5, 0.5]


def test_a_class_that_a_model_does_not_know_stays_unknown():
    together = pooled(np.array([[0.9, np.nan, 0.1]]), np.ones(1))
    assert np.isnan(together[1])
    assert np.nansum(together) == pytest.approx(1)


@pytest.mark.parametrize("changed", [(0.9, 64, 200, 0), (1, 30, 200, 0), (1, 64, 20, 0), (1, 64, 200, -45)])
def test_worse_faces_weigh_less(changed):
    best, worse = (quality_weight(*(np.array([float(value)]) for value in face)) for face in ((1, 64, 200, 0), changed))
    assert 0 < worse[0] < best[0] == 1


def test_what_is_not_known_of_a_face_is_not_held_against_it():
    unknown = np.array([np.nan])
    assert quality_weight(np.ones(1), np.full(1, 64.0), unknown, unknown).tolist() == [1.0]


@given(times_of, st.sampled_from([0.0, 0.01, 0.5, 5.0]), st.data())
def test_smoothing_is_a_weighted_mean(times, constant, data):
    n = len(times)
    values = np.array(data.draw(st.lists(st.floats(0, 1), min_size=n, max_size=n)))[:, None]
    weights = np.array(data.draw(st.lists(weights_of, min_size=n, max_size=n)))
    smooth = smoothed(values, np.array(times), weights, time_constant_s=constant)
    assert smooth.shape == values.shape
    assert (smooth >= values.min() - 1e-9).all()
    assert (smooth <= values.max() + 1e-9).all()


def test_smoothing_is_the_sum_that_it_says():
    rng = np.random.default_rng(0)
    times, values, weights = np.sort(rng.uniform(0, 5, 30)), rng.random((30, 3)), rng.uniform(0.1, 1, 30)
    kernel = weights * np.exp(-np.abs(np.subtract.outer(times, times)) / 0.5)
    assert smoothed(values, times, weights) == pytest.approx(kernel @ values / kernel.sum(axis=1, keepdims=True))
