import numpy as np
import pandas as pd
import pytest

from facestats.evaluation.groups import accuracy_by_group


def test_every_column_that_there_is():
    table = pd.DataFrame(
        {
            "source": ["a"] * 100,
            "race": ["x"] * 50 + ["y"] * 50,
            "gender": ["female", "male"] * 50,
            "age_min": [10, 40] * 50,
            "age_max": [10, 49] * 50,
        }
    )
    groups = accuracy_by_group(np.arange(100) < 75, table)
    assert list(groups) == ["source", "race", "gender", "age_group", "race, gender, age_group"]
    assert groups["source"] == {"groups": {"a": {"n": 100, "accuracy": 0.75}}, "gap": None}
    assert groups["race"]["gap"] == pytest.approx(0.5)
    assert groups["race, gender, age_group"]["groups"]["y, male, middle"] == {"n": 25, "accuracy": 0.48}
    assert groups["race, gender, age_group"]["gap"] is None  # 25 faces each are too few to compare


def test_faces_of_no_known_group_are_left_out():
    table = pd.DataFrame({"race": ["x", None, "x"], "gender": [None, "male", "male"], "age_min": [np.nan, 20, 20]})
    table["age_max"] = table["age_min"]
    groups = accuracy_by_group(np.array([True, False, False]), table)
    assert groups["race"]["groups"] == {"x": {"n": 2, "accuracy": 0.5}}
    assert groups["age_group"]["groups"] == {"young": {"n": 2, "accuracy": 0.0}}
    assert groups["race, gender, age_group"]["groups"] == {"x, male, young": {"n": 1, "accuracy": 0.0}}


def test_ages_that_are_none():
    table = pd.DataFrame({"age_min": ["old", -3, 20, 8], "age_max": ["old", -3, None, 8]}, dtype=object)
    assert accuracy_by_group(np.ones(4, bool), table)["age_group"]["groups"] == {"child": {"n": 1, "accuracy": 1.0}}


def test_no_columns_no_groups():
    assert accuracy_by_group(np.ones(2, bool), pd.DataFrame({"name": ["a", "b"]})) == {}
    assert accuracy_by_group(np.ones(2, bool), pd.DataFrame({"race": [None, None]})) == {}
