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
    covered = np.arange(100) % 5 < 4
    groups = accuracy_by_group(np.arange(100) < 75, covered, table)
    assert list(groups) == ["source", "race", "gender", "age_group", "race, gender, age_group"]
    (only,) = groups["source"]["groups"].values()
    assert only == {"n": 100, "accuracy": 0.75, "coverage": 0.8, "covered_accuracy": 0.75}
    assert groups["source"]["gap"] is None
    assert groups["race"]["gap"] == pytest.approx(0.5)
    assert groups["race, gender, age_group"]["groups"]["y, male, middle"]["n"] == 25
    assert groups["race, gender, age_group"]["groups"]["y, male, middle"]["accuracy"] == 0.48
    assert groups["race, gender, age_group"]["gap"] is None  # 25 faces each are too few to compare


def test_verdicts_are_compared_among_groups_with_enough_of_them():
    table = pd.DataFrame({"race": ["x"] * 100 + ["y"] * 100 + ["z"] * 100})
    covered = np.concatenate([np.arange(100) < 60, np.arange(100) < 50, np.arange(100) < 49])
    correct = np.concatenate([np.arange(100) < 60, np.arange(100) < 25, np.zeros(100, bool)])
    by_race = accuracy_by_group(correct, covered, table)["race"]
    assert by_race["gap"] == pytest.approx(0.6)
    assert by_race["covered_gap"] == pytest.approx(0.5)  # z has 49 verdicts, one too few
    assert by_race["groups"]["z"]["covered_accuracy"] == 0


def test_a_group_without_verdicts():
    table = pd.DataFrame({"race": ["x"] * 60})
    by_race = accuracy_by_group(np.ones(60, bool), np.zeros(60, bool), table)["race"]
    assert by_race["groups"]["x"]["covered_accuracy"] is None
    assert by_race["covered_gap"] is None


def figures(groups):
    return {name: (row["n"], row["accuracy"]) for name, row in groups["groups"].items()}


def test_faces_of_no_known_group_are_left_out():
    table = pd.DataFrame({"race": ["x", None, "x"], "gender": [None, "male", "male"], "age_min": [np.nan, 20, 20]})
    table["age_max"] = table["age_min"]
    groups = accuracy_by_group(np.array([True, False, False]), np.ones(3, bool), table)
    assert figures(groups["race"]) == {"x": (2, 0.5)}
    assert figures(groups["age_group"]) == {"young": (2, 0.0)}
    assert figures(groups["race, gender, age_group"]) == {"x, male, young": (1, 0.0)}


def test_ages_that_are_none():
    table = pd.DataFrame({"age_min": ["old", -3, 20, 8], "age_max": ["old", -3, None, 8]}, dtype=object)
    every = np.ones(4, bool)
    assert figures(accuracy_by_group(every, every, table)["age_group"]) == {"child": (1, 1.0)}


def test_no_columns_no_groups():
    every = np.ones(2, bool)
    assert accuracy_by_group(every, every, pd.DataFrame({"name": ["a", "b"]})) == {}
    assert accuracy_by_group(every, every, pd.DataFrame({"race": [None, None]})) == {}
