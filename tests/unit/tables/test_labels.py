import numpy as np
import pandas as pd
import pytest

from facestats.models import attributes
from facestats.tables import schema
from facestats.tables.labels import expression_lines, label_lines, prediction_line, verdict_lines
from facestats.types import Predictions


def plain(lines):
    """The lines with spaces that may be typed."""
    return [line and line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def test_verdicts_are_written_in_words():
    track = {
        "gender": "female", "gender_prob": 0.934, "age_group": "middle", "age_group_prob": 0.61, "age_years_low": 23.4,
        "age_years_high": 51.6,
        "makeup": "unknown", "makeup_prob": 0.4,
    }  # fmt: skip
    assert plain(verdict_lines(track)) == ["female 93 %", "age middle 61 %, 23-52", "makeup unknown"]
    assert plain(verdict_lines(track, ["makeup"])) == ["makeup unknown"]
    assert verdict_lines({"gender": None, "age_group": np.nan, "makeup": pd.NA}) == ()


def test_the_expression_is_the_moments_and_may_be_unknown():
    shares = {f"expression_{name}": [0.0, 0.15, np.nan] for name in attributes.EXPRESSIONS}
    shares["expression_fear"] = [1.0, 0.1, np.nan]
    shares["expression_neutral"] = [0.0, 0.15, np.nan]
    n = 3
    table = schema.conform(
        "observations",
        {
            "video_id": ["a"] * n, "frame": range(n), "time_s": [0.0] * n, "shot": [0] * n, "x": [0] * n, "y": [0] * n,
            "w": [9] * n, "h": [9] * n, "score": [0.9] * n, "classified": [True] * n, **shares,
        },
    )  # fmt: skip
    assert plain(expression_lines(table, 0.4)) == ["fear 100 %", "expression unknown", None]
    assert plain(expression_lines(table, 0.1))[1].endswith("15 %")


@pytest.mark.parametrize(
    ("name", "brief", "expected"),
    [
        ("face 3", False, ("face 3", "happiness", "female")),
        ("face 3", True, ("face 3 happiness",)),
        (None, False, ()),
        (None, True, ()),
    ],
)
def test_a_label_names_the_face_first(name, brief, expected):
    assert label_lines(name, ["happiness", "female"], brief=brief) == expected
    assert label_lines("face 7", [], brief=True) == ("face 7",)


def test_what_a_model_says_of_one_face():
    gender = Predictions("gender", ("female", "male"), np.array([[0.9, 0.1], [0.004, 0.996]], np.float32))
    assert plain(prediction_line(gender, row) for row in (0, 1)) == ["female 90 %", "male 100 %"]
    makeup = Predictions("makeup", ("none", "partial", "over"), np.array([[0.2, 0.7, 0.1]], np.float32))
    assert plain([prediction_line(makeup, 0)]) == ["makeup partial 70 %"]
