import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats.datasets.faces import FaceData
from facestats.errors import DataError
from facestats.training.groups import balanced, group_names, hardened, numbered


def test_a_group_is_a_label_of_a_value_of_a_source():
    table = pd.DataFrame(
        {"gender": ["male", "female", "male"], "race": ["indian", None, "white"], "source": ["a", "a", "b"]}
    )
    faces = FaceData("gender", np.zeros((3, 48, 48, 3), np.uint8), np.ones(3, bool), table, (1, 2, 3))
    names = group_names(faces, "race")
    assert names.fillna("").tolist() == ["a, indian, male", "", "b, white, male"]
    assert numbered(names).tolist() == [0, -1, 1]
    assert group_names(faces, "nothing").isna().all()


def test_faces_of_a_tiny_group_count_four_times_as_much_as_those_of_a_mean_one():
    groups = np.repeat([0, 1, 2], [600, 298, 2])
    weights = balanced(np.ones(900, np.float32), groups)
    assert weights[-1] / weights[600] == pytest.approx(4 / (300 / 298))
    assert 2 * weights[0] == pytest.approx(weights[600], rel=0.01)


@given(st.lists(st.tuples(st.integers(-1, 2), st.sampled_from([0.0, 1.0])), min_size=1, max_size=8))
def test_balanced_groups_count_alike(rows):
    groups, weights = np.array([g for g, _ in rows]), np.array([w for _, w in rows], np.float32)
    if not ((groups >= 0) & (weights > 0)).any():
        with pytest.raises(DataError, match="no labelled face is of a known group"):
            balanced(weights, groups)
        return
    changed = balanced(weights, groups)
    sums = [changed[groups == group].sum() for group in np.unique(groups[(groups >= 0) & (weights > 0)])]
    assert sums == pytest.approx([sums[0]] * len(sums), rel=1e-4)
    assert changed.sum() == pytest.approx(weights.sum(), rel=1e-4)
    assert (changed[weights == 0] == 0).all()


def test_groups_that_teachers_get_wrong_count_more():
    groups = np.repeat([0, 1, -1], [2000, 2000, 10])
    wrong = np.zeros(4010, bool)
    wrong[:400], wrong[2000:2200] = True, True  # 20 % and 10 %
    weights = hardened(np.ones(4010, np.float32), groups, wrong)
    assert weights[0] / weights[2000] == pytest.approx(2, rel=0.05)
    assert weights.mean() == pytest.approx(1)
    assert weights[2000] < weights[-1] < weights[0]  # of no known group


def test_no_group_counts_more_than_four_times_another():
    groups = np.repeat([0, 1], 5000)
    weights = hardened(np.ones(10000, np.float32), groups, groups == 0)
    assert weights[0] / weights[-1] == pytest.approx(4, rel=0.01)
    with pytest.raises(DataError, match="no labelled face is of a known group"):
        hardened(np.ones(3, np.float32), np.full(3, -1), np.ones(3, bool))
