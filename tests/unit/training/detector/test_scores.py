import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from facestats.training.detector.fitting import new_detector
from facestats.training.detector.scores import LEAST_SCORE, fit_scores, rescale_scores


@given(scale=st.floats(0.8, 4), shift=st.floats(-1.5, 0.5), seed=st.integers(0, 20))
def test_scale_and_shift_are_found_again(scale, shift, seed):
    rng = np.random.default_rng(seed)
    scores = rng.uniform(LEAST_SCORE, 0.95, 20_000)
    right = rng.random(len(scores)) < expit(scale * logit(scores) + shift)
    found_scale, found_shift = fit_scores(scores.astype(np.float32), right)
    assert found_scale == pytest.approx(scale, rel=0.15, abs=0.05)
    assert found_shift == pytest.approx(shift, abs=0.15)


def test_detections_that_are_all_right_or_all_wrong_change_nothing():
    scores = np.array([0.5, 0.9], np.float32)
    assert fit_scores(scores, np.array([True, True])) == (1.0, 0.0)
    assert fit_scores(scores, np.array([False, False])) == (1.0, 0.0)
    assert fit_scores(scores[:0], np.zeros(0, bool)) == (1.0, 0.0)


def test_weak_detections_do_not_count():
    scores, right = np.array([0.4, 0.5, 0.7, 0.8], np.float32), np.array([False, True, False, True])
    weak = np.concatenate([scores, np.full(1000, LEAST_SCORE - 0.1, np.float32)])
    assert fit_scores(weak, np.concatenate([right, np.zeros(1000, bool)])) == fit_scores(scores, right)


def test_a_rescaled_network_says_the_same_with_other_scores():
    network, pixels = new_detector(0).eval(), torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        before = network(pixels)
        rescale_scores(network, 2.0, -0.5)
        after = network(pixels)
    for (score, geometry), (rescaled, same) in zip(before, after, strict=True):
        assert torch.allclose(2 * score - 0.5, rescaled, atol=1e-4)
        assert torch.equal(geometry, same)
