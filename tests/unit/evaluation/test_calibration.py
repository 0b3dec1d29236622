import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from facestats.evaluation.calibration import (
    coverage_threshold,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
)

confidences = arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 1))


def test_a_perfectly_calibrated_model_has_no_error():
    random = np.random.default_rng(0)
    confidence = random.uniform(0.3, 1, 200_000)
    assert expected_calibration_error(confidence, random.uniform(size=200_000) < confidence) < 0.01


def test_overconfidence_is_its_size():
    confidence = np.full(1000, 0.9)
    assert expected_calibration_error(confidence, np.arange(1000) < 700) == pytest.approx(0.2)


def test_bins_are_closed_above_and_errors_of_one_bin_cancel():
    # 0.2 = 3/15 ends the third bin, so that both faces share it: mean confidence 0.15, accuracy 0.5.
    assert expected_calibration_error(np.array([0.2, 0.1]), np.array([1, 0]), bins=5) == pytest.approx(0.35)


def test_no_faces():
    assert np.isnan(expected_calibration_error(np.zeros(0), np.zeros(0, bool)))


@given(confidences, st.integers(1, 30))
def test_error_is_a_share(confidence, bins):
    correct = np.arange(len(confidence)) % 2 == 0
    assert 0 <= expected_calibration_error(confidence, correct, bins=bins) <= 1


def test_likelihood_of_an_interval():
    logits = np.log([[0.1, 0.2, 0.3, 0.4]])
    assert negative_log_likelihood(logits, np.array([[0, 1, 1, 0]])) == pytest.approx(-np.log(0.5))
    assert negative_log_likelihood(logits, np.array([[0, 1, 0.5, 0]])) == pytest.approx(-np.log(0.35))


@pytest.mark.parametrize("truth", [0.5, 1.0, 3.0])
def test_temperature_is_recovered(truth):
    random = np.random.default_rng(1)
    honest = random.normal(0, 2, (20_000, 4))
    labels = (honest + random.gumbel(size=honest.shape)).argmax(axis=1)  # samples of the softmax
    fitted = fit_temperature(honest * truth, labels[:, None] == np.arange(4))
    assert fitted == pytest.approx(truth, rel=0.05)


def test_temperature_lowers_the_calibration_error():
    random = np.random.default_rng(2)
    honest = random.normal(0, 1, (5000, 3))
    labels = (honest + random.gumbel(size=honest.shape)).argmax(axis=1)
    sure = honest * 4

    def error(logits):
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return expected_calibration_error(p.max(axis=1), p.argmax(axis=1) == labels)

    temperature = fit_temperature(sure, labels[:, None] == np.arange(3))
    assert error(sure / temperature) < 0.03 < 0.2 < error(sure)


@given(confidences, st.floats(0.01, 1))
@example(np.array([1 - 1e-16]), 1.0)
@example(np.array([1 - 2e-16]), 1.0)
def test_threshold_keeps_at_least_the_coverage(confidence, coverage):
    assert np.mean(confidence >= coverage_threshold(confidence, coverage)) >= coverage - 1e-9


def test_threshold_keeps_little_more_than_the_coverage():
    confidence = np.random.default_rng(0).uniform(0, 1, 10_000)
    assert np.mean(confidence >= coverage_threshold(confidence, 0.85)) < 0.853
