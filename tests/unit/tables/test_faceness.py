import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats.options import DEFAULT_MIN_FACE_PROB
from facestats.tables.faceness import face_probability


@pytest.mark.parametrize(
    ("scores", "counts"),
    [
        ([0.55] * 4, False),  # a badge, now and then
        ([0.97] * 4, True),
        ([0.45] * 29 + [0.98], True),  # weak, but sure once
        ([0.5, 0.45, 0.4], False),
        ([0.81], True),  # nothing but what the detector says
        ([0.6], False),
    ],
)
def test_what_is_never_surely_a_face_is_none(scores, counts):
    assert (face_probability(np.array(scores)) >= DEFAULT_MIN_FACE_PROB) == counts


@given(st.lists(st.floats(0.01, 0.99), min_size=2, max_size=30), st.floats(0.01, 0.99))
def test_a_surer_detector_never_makes_a_track_less_of_a_face(scores, more):
    scores = np.array(scores)
    before = face_probability(scores)
    assert 0 < before < 1
    assert face_probability(np.maximum(scores, more)) >= before - 1e-12


@pytest.mark.parametrize(("faceness", "counts"), [([0.01, 0.02], False), ([0.99, 0.98], True), ([0.99, np.nan], True)])
def test_second_looks_tell_a_dog_from_a_face_that_scores_alike(faceness, counts):
    scores = np.array([0.85, 0.8])
    assert (face_probability(scores, np.array(faceness)) >= DEFAULT_MIN_FACE_PROB) == counts


def test_second_looks_that_never_were_change_nothing():
    scores = np.array([0.6, 0.7, 0.8])
    assert face_probability(scores, np.full(3, np.nan)) == face_probability(scores)
