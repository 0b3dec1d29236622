import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stores import FACES, make_result

from facestats.models.attributes import VERDICT_COLUMNS
from facestats.tables.doubts import by_doubt, doubts_of, is_accepted

TRACKS = make_result("a-00000001", FACES, path="a.mp4").tracks
SURE = dict.fromkeys(VERDICT_COLUMNS.values(), None) | {
    "corrected": None,
    "face_prob": 0.99,
    "joined_prob": 1.0,
    "static": False,
}


def said(**changes):
    return [text.replace("\N{NO-BREAK SPACE}", " ") for text in doubts_of({**SURE, **changes})]


@pytest.mark.parametrize(
    ("changes", "doubts"),
    [
        ({}, []),
        ({"face_prob": np.nan, "joined_prob": np.nan, "static": pd.NA}, []),
        ({"face_prob": 0.9}, ["a face? 90 %"]),
        ({"joined_prob": 0.5, "static": True}, ["one person? 50 %", "a picture of a face?"]),
        ({"gender": "unknown", "makeup": "unknown", "expression": "fear"}, ["perceived gender and makeup unknown"]),
        ({"gender": "unknown", "face_prob": 0.5, "corrected": "merge, accept"}, []),
        ({"face_prob": 0.9, "corrected": "gender"}, ["a face? 90 %"]),
    ],
)
def test_what_is_doubtful_is_said_until_somebody_accepts_it(changes, doubts):
    assert said(**changes) == doubts


def test_what_may_be_no_face_comes_first_and_what_was_accepted_last():
    tracks = TRACKS.assign(
        face_prob=[0.99, 0.94, 0.9, 0.99], corrected=None, gender=["unknown", "male", "male", "male"]
    )
    tracks["corrected"] = tracks["corrected"].astype("str")
    for column in ("age_group", "expression", "makeup"):
        tracks[column] = None
    assert by_doubt(tracks)["track_id"].tolist() == [3, 2, 1, 4]
    accepted = tracks.assign(corrected=[None, None, "accept", None])
    assert by_doubt(accepted)["track_id"].tolist() == [2, 1, 3, 4]


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.booleans(), st.booleans(), st.booleans()), max_size=8),
)
def test_no_face_without_a_doubt_comes_before_one_with_a_doubt(rows):
    tracks = pd.concat([TRACKS[:1]] * len(rows), ignore_index=True) if rows else TRACKS[:0]
    for column, values in zip(("face_prob", "joined_prob", "static"), zip(*rows, strict=True), strict=False):
        tracks[column] = list(values)
    for n, (*_, accepted, unknown) in enumerate(rows):
        tracks.loc[n, "corrected"] = "accept" if accepted else None
        tracks.loc[n, "gender"] = "unknown" if unknown else "male"
    tracks["track_id"] = range(len(rows))
    ordered = by_doubt(tracks)
    assert sorted(ordered["track_id"]) == list(range(len(rows)))
    doubtful = [bool(doubts_of(row)) for row in ordered.to_dict("records")]
    assert doubtful == sorted(doubtful, reverse=True)
    assert not any(is_accepted(row) and doubt for row, doubt in zip(ordered.to_dict("records"), doubtful, strict=True))
