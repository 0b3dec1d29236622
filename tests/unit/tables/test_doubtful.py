import numpy as np
import pandas as pd
import pytest

from facestats.tables import schema
from facestats.tables.doubtful import doubtful_at

BOX = {"x": 200.0, "y": 50.0, "w": 30.0, "h": 36.0}


def rows(*given):
    """Return a table ``doubtful`` of rows of ``start_s, end_s, time_s`` and the left edge of the box."""
    known = {"video_id": "a", "shot": 0, "n_observations": 5, "face_px": 30.0, "face_prob": 0.3, "image": None}
    names = ("start_s", "end_s", "time_s", "x")
    return schema.conform("doubtful", pd.DataFrame([known | BOX | dict(zip(names, row, strict=True)) for row in given]))


def place(time_s, x=200.0):
    return [(time_s, x, BOX["y"], BOX["w"], BOX["h"])]


@pytest.mark.parametrize(
    ("time_s", "found"), [(2.4, None), (2.6, 0), (3.0, 0), (6.0, 0), (9.0, 0), (9.4, 0), (9.6, None)]
)
def test_the_surest_moment_may_move_within_the_time_in_the_picture(time_s, found):
    assert doubtful_at(rows((3.0, 9.0, 8.5, 200.0)), place(time_s)) == found


def test_what_was_elsewhere_then_is_another():
    assert doubtful_at(rows((3.0, 9.0, 3.5, 260.0)), place(3.5)) is None


def test_of_several_the_largest_overlap_is_taken_and_of_two_alike_the_nearest():
    two = rows((3.0, 9.0, 4.0, 208.0), (3.0, 9.0, 8.5, 201.0))
    assert doubtful_at(two, place(4.0)) == 1
    alike = rows((3.0, 9.0, 8.5, 200.0), (3.0, 9.0, 5.0, 200.0))
    assert doubtful_at(alike, place(4.0)) == 1
    assert doubtful_at(alike.iloc[::-1], place(4.0)) == 0
    every = [doubtful_at(alike, place(float(at))) for at in np.arange(3.0, 9.0)]
    assert None not in every
