import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from facestats.classify.age import age_quantiles, expected_age, group_of_years, group_probabilities
from facestats.models.attributes import AGE_GROUP_YEARS

YEARS = np.arange(101)
weights = arrays(np.float64, (3, 101), elements=st.floats(0, 1)).filter(lambda w: (w.sum(axis=1) > 1e-6).all())


def normalised(raw):
    return raw / raw.sum(axis=1, keepdims=True)


@given(weights)
def test_groups_share_out_all_probability(raw):
    groups = group_probabilities(normalised(raw), YEARS)
    assert groups.shape == (3, 4)
    assert groups.dtype == np.float32
    assert np.allclose(groups.sum(axis=1), 1, atol=1e-5)


@given(weights)
def test_quantiles_are_ordered_and_enclose_the_median(raw):
    low, median, high = age_quantiles(normalised(raw), YEARS, (0.05, 0.5, 0.95)).T
    assert (low <= median).all()
    assert (median <= high).all()


@given(weights)
def test_ninety_percent_lie_between_the_quantiles(raw):
    probabilities = normalised(raw)
    quantiles = age_quantiles(probabilities, YEARS)
    inside = (quantiles[:, :1] <= YEARS) & (quantiles[:, 1:] >= YEARS)
    assert ((probabilities * inside).sum(axis=1) >= 0.9 - 1e-5).all()


@pytest.mark.parametrize("year", YEARS)
def test_a_sure_age_is_its_own_group_mean_and_quantiles(year):
    sure = (year == YEARS).astype(np.float32)[None]
    (group,) = group_of_years(np.array([year]))
    first, last = list(AGE_GROUP_YEARS.values())[group]
    assert first <= year <= last
    assert group_probabilities(sure, YEARS)[0].argmax() == group
    assert expected_age(sure, YEARS).tolist() == [year]
    assert age_quantiles(sure, YEARS).tolist() == [[year, year]]


def test_years_need_not_start_at_zero():
    probabilities = np.array([[0.25, 0.75]])
    assert expected_age(probabilities, np.array([40, 60])).tolist() == [55]
    assert group_probabilities(probabilities, np.array([40, 60])).tolist() == [[0, 0, 0.25, 0.75]]


def test_no_faces():
    empty = np.zeros((0, 101))
    assert group_probabilities(empty, YEARS).shape == (0, 4)
    assert expected_age(empty, YEARS).shape == (0,)
    assert age_quantiles(empty, YEARS).shape == (0, 2)
