from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from stores import FACES, make_result

import facestats as fs
from facestats.errors import UsageError
from facestats.models import attributes
from facestats.store.store import create_store
from facestats.tables import schema
from facestats.tables.timelines import TIMELINE_DTYPES


def observations(times, happy, *, track=0, video="a"):
    """One face, ``happy`` or else neutral."""
    n = len(times)
    columns = {f"expression_{name}": np.zeros(n, np.float32) for name in attributes.EXPRESSIONS}
    columns["expression_happiness"] = np.asarray(happy, np.float32)
    columns["expression_neutral"] = 1 - columns["expression_happiness"]
    fixed = {"video_id": [video] * n, "frame": range(n), "shot": [0] * n, "score": [1.0] * n, "classified": [True] * n}
    boxes = {side: [64.0] * n for side in ("x", "y", "w", "h", "face_px")}
    return schema.conform(
        "observations", {**fixed, **boxes, "time_s": times, "track_id": pd.array([track] * n, dtype="Int64"), **columns}
    )


def test_who_smiles_when():
    times = np.arange(60) / 10
    table = fs.timeline(observations(times, times >= 3), every=1.0, threshold=0.6)
    assert table.dtypes.astype(str).to_dict() == TIMELINE_DTYPES
    assert table["time_s"].tolist() == [0, 1, 2, 3, 4, 5]
    assert table["n_observations"].tolist() == [10] * 6
    assert table["expression"].tolist() == ["neutral"] * 3 + ["happiness"] * 3
    sums = table[list(schema.probability_columns("expression"))].sum(axis=1)
    assert sums.to_numpy() == pytest.approx(1, abs=1e-5)
    # Smoothed: the change shows on both sides of it, by the same amount.
    happy = table["expression_happiness"].to_numpy()
    assert 0.1 < happy[2] < 0.3
    assert happy[2] == pytest.approx(1 - happy[3], abs=0.05)


def test_a_moment_does_not_flip_the_label():
    happy = np.zeros(60)
    happy[30] = 1
    table = fs.timeline(observations(np.arange(60) / 10, happy), every=0.5, threshold=0.0)
    assert set(table["expression"]) == {"neutral"}


def test_out_of_sight_is_no_row_and_unsure_is_unknown():
    times = [0.0, 0.1, 0.2, 5.0, 5.1]
    table = fs.timeline(observations(times, [0.5] * 5), threshold=0.6)
    assert table["time_s"].tolist() == [0, 5]
    assert table["expression"].tolist() == ["unknown"] * 2
    assert table["expression_prob"].tolist() == [0.5, 0.5]


def test_the_threshold_is_that_of_the_models_that_were_used(tmp_path):
    """Two videos of one store, analysed by models with different thresholds; neither is the shipped one."""
    store = create_store(tmp_path / "store")
    results = {}
    for video_id, thresholds in (("a-1", {"expression": 0.3}), ("b-2", {"expression": 0.8}), ("old-3", {})):
        result = make_result(video_id, FACES, path=f"{video_id}.mp4")
        results[video_id] = replace(result, thresholds=thresholds)
        store.write(results[video_id], paths=(f"{video_id}.mp4",))
    unknown = fs.timeline(store).groupby(["video_id", "track_id"])["expression"].apply(lambda e: (e == "unknown").all())
    assert unknown.to_dict() == {
        ("a-1", 1): False, ("a-1", 2): False, ("a-1", 3): False,  # face 3 is sure to 0.35, the others to 0.9
        ("b-2", 1): False, ("b-2", 2): False, ("b-2", 3): True,
        ("old-3", 1): False, ("old-3", 2): False, ("old-3", 3): True,  # the fallback, 0.5
    }  # fmt: skip
    for video_id, result in results.items():
        pd.testing.assert_frame_equal(fs.timeline(result), fs.timeline(store.video(video_id)))
    assert "unknown" not in set(fs.timeline(store, threshold=0.2)["expression"])
    assert store.result("a-1").thresholds == {"expression": 0.3}


def test_spans_begin_where_their_number_says():
    table = fs.timeline(observations([0.1 + 0.2, 0.6], [1, 1]), every=0.3, threshold=0.0)
    assert table["time_s"].tolist() == pytest.approx([0.3, 0.6])


def test_tracks_and_videos_are_kept_apart():
    both = [observations([0.0, 0.1], [1, 1], track=t, video=v) for v, t in (("b", 0), ("a", 1), ("a", 0))]
    loose = observations([0.0], [1]).assign(track_id=pd.array([pd.NA], dtype="Int64"))
    table = fs.timeline(pd.concat([*both, loose], ignore_index=True), threshold=0.5)
    assert list(zip(table["video_id"], table["track_id"], strict=True)) == [("a", 0), ("a", 1), ("b", 0)]


def test_nothing_measured_gives_an_empty_table_of_the_same_columns():
    empty = fs.timeline(schema.conform("observations"))
    assert empty.dtypes.astype(str).to_dict() == TIMELINE_DTYPES
    assert empty.empty


@pytest.mark.parametrize("every", [0, -1, float("nan")])
def test_no_length_of_time(every):
    with pytest.raises(UsageError, match="above 0 seconds"):
        fs.timeline(schema.conform("observations"), every=every)


def test_other_tables_are_refused():
    with pytest.raises(UsageError, match=r"has no column .*expression_anger"):
        fs.timeline(schema.conform("tracks"))
