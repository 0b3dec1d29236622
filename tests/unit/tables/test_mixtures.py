import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats.tables.mixtures import Rates, Votes, draw_shares

#: Of 100 of the first class, 70 are surely called that, 10 surely the other, and 20 are unsure.
SURE, UNSURE = np.array([[70.0, 10], [3, 87]]), np.array([[13.0, 7], [4, 6]])


def votes(*groups):
    """Votes of (choice, is_sure, how many)."""
    choice, sure, counts = (np.array(part) for part in zip(*groups, strict=True))
    n = counts.sum()
    return Votes(np.repeat(choice, counts), np.repeat(sure, counts).astype(bool), np.zeros(n, bool))


def rates(sure=SURE, unsure=UNSURE, *, faces=1, alike=1e4):
    return Rates(faces * sure[None], faces * unsure[None], alike)


def drawn(said, known, *, n=1000, seed=0, **options):
    return draw_shares(said, known, n, np.random.default_rng(seed), **options)


def test_what_a_model_confuses_is_made_good():
    # As many of either class: 73 and 97 of 200 surely, 17 and 13 unsurely.
    said = votes((0, True, 730), (1, True, 970), (0, False, 170), (1, False, 130))
    draws = drawn(said, rates(faces=100))
    assert draws.mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.02)
    assert draws.std(axis=0) == pytest.approx([0.02, 0.02], abs=0.007)


def test_the_unsure_tell_less_and_the_open_nothing():
    sure, unsure = (drawn(votes((0, is_sure, 30)), rates())[:, 0] for is_sure in (True, False))
    assert sure.mean() > unsure.mean() > 0.5
    assert sure.std() < unsure.std()
    nothing = drawn(votes((-1, False, 300)), rates(alike=5))[:, 0]
    assert nothing.mean() == pytest.approx(0.5, abs=0.1)
    assert nothing.std() > 0.2


def test_few_labelled_faces_and_other_material_widen_what_is_said():
    said = votes((0, True, 120), (1, True, 80))
    narrow, few, elsewhere = (
        drawn(said, known)[:, 0].std() for known in (rates(faces=50), rates(faces=0.1), rates(faces=50, alike=5))
    )
    assert few > 1.5 * narrow
    assert elsewhere > 1.5 * narrow


def test_no_class_is_ever_gone_and_none_is_ever_all():
    makeup = Rates(
        np.array([[[386.0, 57, 7], [6, 115, 16], [2, 48, 265]]]),
        np.array([[[17.0, 33, 8], [4, 26, 14], [2, 29, 23]]]),
        2.0,
    )
    draws = drawn(votes((0, True, 68), (1, True, 6)), makeup)
    assert draws[:, 0].mean() < 0.96
    assert np.quantile(draws[:, 0], 0.05) < 0.9
    assert np.quantile(draws[:, 1], 0.95) > 0.1


def test_another_source_counts_too():
    worse = np.array([[40.0, 40], [3, 87]])
    known = Rates(np.stack([SURE, worse]), np.stack([UNSURE, UNSURE]), 1e4)
    said = votes((0, True, 70), (1, True, 30))
    assert drawn(said, known)[:, 0].std() > 1.2 * drawn(said, rates())[:, 0].std()


def test_who_is_known_for_certain_counts_as_that():
    n = 200
    certain = Votes(np.repeat([0, 1], [50, 150]), np.ones(n, bool), np.ones(n, bool))
    draws = drawn(certain, rates(alike=1))
    assert draws[:, 0].mean() == pytest.approx(0.25, abs=0.01)
    assert draws[:, 0].std() == pytest.approx(np.sqrt(0.25 * 0.75 / n), rel=0.15)


def test_a_class_without_labelled_faces_has_no_share():
    known = Rates(np.array([[[90.0, 5, 5], [5, 90, 5], [0, 0, 0]]]), np.zeros((1, 3, 3)))
    assert drawn(votes((0, True, 5), (2, True, 9)), known)[:, 2].max() < 1e-9


def test_time_weighs_and_people_are_drawn_whole():
    said = votes((0, True, 10), (1, True, 10))
    even = drawn(said, rates(faces=100), weights=np.ones(20))
    assert even[:, 0].mean() == pytest.approx(drawn(said, rates(faces=100))[:, 0].mean(), abs=0.04)
    long = drawn(said, rates(faces=100), weights=np.repeat([30.0, 10.0], 10))
    assert long[:, 0].mean() > even[:, 0].mean() + 0.15
    one = drawn(said, rates(faces=100), weights=np.r_[1000.0, np.ones(19)])
    assert one[:, 0].std() > 1.3 * even[:, 0].std()


@pytest.mark.parametrize("n", [5, 20, 200])
def test_intervals_hold_the_truth_as_often_as_they_say(n):
    rng = np.random.default_rng(n)
    held, narrow = [], []
    for _ in range(60):
        share = rng.dirichlet([1, 1])
        here = [rng.dirichlet(10 * row / row.sum()) for row in np.concatenate([SURE, UNSURE], axis=1)]
        said = sum((rng.multinomial(count, row) for count, row in zip(rng.multinomial(n, share), here, strict=True)))
        groups = [(0, True, said[0]), (1, True, said[1]), (0, False, said[2]), (1, False, said[3])]
        low, high = np.quantile(drawn(votes(*groups), rates(alike=10), n=250), [0.05, 0.95], axis=0)
        held.append(low[0] <= share[0] <= high[0])
        narrow.append(high[0] - low[0])
    assert 0.8 <= np.mean(held) <= 0.99
    assert np.mean(narrow) < 0.7


@given(st.integers(2, 4), st.integers(1, 30), st.integers(0, 2**31))
def test_what_always_holds(k, n, seed):
    rng = np.random.default_rng(seed)
    known = Rates(rng.integers(0, 50, (2, k, k)) + 5.0 * np.eye(k), rng.integers(0, 9, (2, k, k)).astype(float))
    choice = rng.integers(-1, k, n)
    certain = (choice >= 0) & (rng.random(n) < 0.2)
    said = Votes(choice, (choice >= 0) & (rng.random(n) < 0.7), certain)
    weights = rng.exponential(size=n) if rng.random() < 0.5 else None
    draws = draw_shares(said, known, 20, rng, weights=weights)
    assert draws.shape == (20, k)
    assert draws.sum(axis=1) == pytest.approx(np.ones(20))
    assert (draws >= 0).all()
