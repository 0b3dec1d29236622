import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats.datasets.truth import TRUTH_DTYPES
from facestats.errors import DataError
from facestats.evaluation.tracking import score_tracking
from facestats.tables import schema


def truth_of(*rows, ignored=()):
    """Rows of frame, person, x, y, w, h."""
    table = pd.DataFrame(rows, columns=["frame", "person", *"xywh"])
    return table.assign(ignored=[i in ignored for i in range(len(rows))]).astype(TRUTH_DTYPES)


def tables_of(*rows, sampled):
    """Rows of frame, track, x, y, w, h as observations, and the sampled frames."""
    columns = dict(zip(["frame", "track_id", *"xywh"], zip(*rows, strict=True), strict=True)) if rows else {}
    n = len(rows)
    fixed = {"video_id": ["v"] * n, "time_s": [0.0] * n, "shot": [0] * n, "score": [0.9] * n, "classified": [True] * n}
    observations = schema.conform("observations", {**fixed, **{name: list(values) for name, values in columns.items()}})
    count = len(sampled)
    frames = {"video_id": ["v"] * count, "frame": list(sampled), "time_s": [0.0] * count, "shot": [0] * count}
    return observations, schema.conform("frames", {**frames, "n_faces": [0] * count})


def walk(person, frames, x=0.0, step=0.0, y=0.0):
    return [(frame, person, x + step * frame, y, 40.0, 40.0) for frame in frames]


def test_perfect_tracks():
    rows = walk(1, range(10), step=3) + walk(2, range(5, 15), x=200)
    scores = score_tracking(truth_of(*rows), *tables_of(*rows, sampled=range(15)), n_frames=15)
    for name in ("hota", "deta", "assa", "idf1", "mota", "recall", "precision", "covered_by_one_id"):
        assert scores[name] == pytest.approx(1), name
    assert (scores["id_switches"], scores["fragmentations"], scores["n_true"], scores["n_people"]) == (0, 0, 20, 2)


def test_a_new_id_half_way_is_a_switch():
    found = walk(7, range(6)) + walk(9, range(6, 10))
    scores = score_tracking(truth_of(*walk(1, range(10))), *tables_of(*found, sampled=range(10)))
    assert scores["id_switches"] == 1
    assert scores["mota"] == pytest.approx(0.9)
    assert scores["idf1"] == pytest.approx(0.6)
    assert scores["covered_by_one_id"] == pytest.approx(0.6)
    (person,) = scores["people"]
    assert person == {"person": 1, "n_true": 10, "covered": 1.0, "covered_by_one_id": 0.6, "n_tracks": 2}


def test_only_sampled_frames_count():
    found = walk(7, range(0, 30, 3))
    scores = score_tracking(truth_of(*walk(1, range(30))), *tables_of(*found, sampled=range(0, 30, 3)))
    assert (scores["idf1"], scores["n_true"], scores["n_frames"]) == (1, 10, 10)


def test_faces_without_a_track_do_not_count():
    observations, frames = tables_of(*walk(7, range(4)), sampled=range(4))
    observations["track_id"] = observations["track_id"].where(observations["frame"] < 3)
    scores = score_tracking(truth_of(*walk(1, range(4))), observations, frames)
    assert scores["recall"] == pytest.approx(0.75)
    assert scores["precision"] == 1


@pytest.mark.parametrize("found", [True, False])
def test_small_and_marked_truth_is_neither_missed_nor_false(found):
    tiny = [(frame, 2, 300.0, 0.0, 8.0, 9.0) for frame in range(5)]
    marked = walk(3, range(5), y=100)
    rows = walk(1, range(5)) + tiny + marked
    truth = truth_of(*rows, ignored=range(10, 15))
    seen = rows if found else rows[:5]
    scores = score_tracking(truth, *tables_of(*seen, sampled=range(5)), min_face=12)
    assert (scores["n_true"], scores["n_found"], scores["idf1"], scores["precision"]) == (5, 5, 1, 1)


def test_a_face_at_a_true_box_counts_although_an_ignored_one_holds_it():
    around = (0, 2, -50.0, -50.0, 200.0, 200.0)
    scores = score_tracking(
        truth_of((0, 1, 0.0, 0.0, 40.0, 40.0), around, ignored=[1]),
        *tables_of((0, 5, 0.0, 0.0, 40.0, 40.0), (0, 6, 60.0, 60.0, 20.0, 20.0), sampled=[0]),
    )
    assert (scores["recall"], scores["precision"], scores["n_found"]) == (1, 1, 1)


def test_boxes_end_where_the_picture_ends():
    truth = truth_of((0, 1, -30.0, 0.0, 40.0, 40.0), (0, 2, -300.0, 0.0, 40.0, 40.0))
    seen = tables_of((0, 5, 0.0, 0.0, 10.0, 40.0), sampled=[0])
    assert score_tracking(truth, *seen)["recall"] == 0
    scores = score_tracking(truth, *seen, frame_size=(100, 100))
    assert (scores["recall"], scores["n_true"]) == (1, 1)


def test_nobody_there_and_nothing_found():
    empty = truth_of()
    scores = score_tracking(empty, *tables_of(sampled=range(3)))
    assert scores["idf1"] is None
    assert scores["mota"] is None
    scores = score_tracking(empty, *tables_of(*walk(4, range(3)), sampled=range(3)))
    assert (scores["precision"], scores["n_found"], scores["idf1"]) == (0, 3, None)
    scores = score_tracking(truth_of(*walk(1, range(3))), *tables_of(sampled=range(3)))
    assert (scores["idf1"], scores["recall"], scores["precision"]) == (0, 0, None)


def test_a_video_of_which_nothing_was_seen():
    with pytest.raises(DataError, match="no frame of the video was looked at"):
        score_tracking(truth_of(), *tables_of(sampled=[]))


def test_truth_of_another_video():
    truth = truth_of(*walk(1, range(10)))
    with pytest.raises(DataError, match="the truth speaks of frame 10, but the video has 9"):
        score_tracking(truth, *tables_of(sampled=range(9)), n_frames=9)
    with pytest.raises(DataError, match="none of the frames that were looked at"):
        score_tracking(truth, *tables_of(sampled=[20]), n_frames=30)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_numbers_of_tracks_mean_nothing(ids):
    rows = [(frame, track, 0.0, 0.0, 40.0, 40.0) for frame, track in enumerate(ids)]
    renamed = [(frame, 1000 - 7 * track, *box) for frame, track, *box in rows]
    truth = truth_of(*walk(1, range(len(ids))))
    one, two = (score_tracking(truth, *tables_of(*found, sampled=range(len(ids)))) for found in (rows, renamed))
    assert one.pop("people") == two.pop("people")
    assert one == pytest.approx(two)
    assert one["covered_by_one_id"] == pytest.approx(np.bincount(ids).max() / len(ids))
