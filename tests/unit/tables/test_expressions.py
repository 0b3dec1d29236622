import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from facestats.tables import expressions


@given(
    st.lists(st.floats(0.01, 0.5), min_size=1, max_size=40),
    st.floats(0, 3),
    st.integers(0, 2**32 - 1),
)
def test_smoothing_keeps_rows_probabilities(steps, width_s, seed):
    rng = np.random.default_rng(seed)
    times = np.cumsum(steps)
    values = rng.dirichlet(np.ones(7), len(times))
    values[rng.random(len(times)) < 0.2] = np.nan
    smoothed = expressions.smooth(times, values, width_s)
    measured = ~np.isnan(values).any(axis=1)
    np.testing.assert_array_equal(np.isnan(smoothed).any(axis=1), ~measured)
    np.testing.assert_allclose(smoothed[measured].sum(axis=1), 1)
    if measured.any():
        assert smoothed[measured].min() >= values[measured].min() - 1e-9
        assert smoothed[measured].max() <= values[measured].max() + 1e-9


def test_each_row_may_have_a_threshold_of_its_own():
    values = np.tile([0.1, 0, 0, 0.6, 0, 0, 0.3], (2, 1))
    assert expressions.states(values, 0.5) == ["happiness"] * 2
    assert expressions.states(values, np.array([0.5, 0.7])) == ["happiness", "unknown"]
    assert expressions.states(values[:0], 0.5) == []


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_areas_cover_what_was_measured_and_have_few_rows(n, most, seed):
    rng = np.random.default_rng(seed)
    times, values = np.arange(n) / 10, rng.dirichlet(np.ones(7), n)
    values[rng.random(n) < 0.3] = np.nan
    measured = ~np.isnan(values).any(axis=1)
    found = list(expressions.areas(times, values, most=most))
    assert bool(found) == measured.any()
    for at, rows in found:
        assert (np.diff(at) > 0).all()
        np.testing.assert_allclose(rows.sum(axis=1), 1)
    inside = np.zeros(n, bool)
    for at, _ in found:
        inside |= (times >= at[0]) & (times <= at[-1])
    assert inside[measured].all()
    assert sum(len(at) - 2 for at, _ in found) <= most + len(found)
