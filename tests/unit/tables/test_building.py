from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from faces import make_detections
from hypothesis import given
from hypothesis import strategies as st

from facestats.models import attributes
from facestats.models.attributes import track_temperature_key
from facestats.tables import building as tables
from facestats.tables import schema
from facestats.tables.building import SampledFrame
from facestats.tables.verdicts import LASTING_CORRELATION
from facestats.types import Detections, Predictions


def sampled(frame, time_s, detections, predictions=None, classified=()):
    return SampledFrame(
        frame,
        time_s,
        detections,
        np.full(len(detections), np.nan, np.float32),
        np.array(classified, np.int64),
        predictions or {},
        dict.fromkeys(predictions or {}, np.array(classified, np.int64)),
    )


def gender(*female):
    return Predictions("gender", ("female", "male"), np.array([[f, 1 - f] for f in female], np.float32))


def test_frames_without_faces_have_a_row_of_their_own():
    items = [sampled(0, 0.0, Detections.empty()), sampled(3, 0.1, make_detections((0, 0, 9, 9)))]
    table = schema.validate("frames", tables.frames_table("a", items, [0, 1]))
    assert table["shot"].tolist() == [0, 1]
    assert table["n_faces"].tolist() == [0, 1]
    assert table["frame"].tolist() == [0, 3]


def test_observations_keep_faces_and_predictions_together():
    items = [
        sampled(
            0, 0.0, make_detections((0, 0, 9, 9), (20, 10, 60, 70)), predictions={"gender": gender(0.9)}, classified=[1]
        ),
        sampled(1, 0.1, Detections.empty()),
        sampled(2, 0.2, make_detections((5, 5, 55, 45)), {"gender": gender(0.2)}, [0]),
    ]
    ids = [np.array([-1, 4]), np.zeros(0, np.int64), np.array([4])]
    table = schema.validate("observations", tables.observations_table("a", items, [0, 1, 2], ids))
    assert table["shot"].tolist() == [0, 0, 2]
    assert table["frame"].tolist() == [0, 0, 2]
    assert table["track_id"].isna().tolist() == [True, False, False]
    assert table["track_id"].dropna().tolist() == [4, 4]
    assert table["classified"].tolist() == [False, True, True]
    assert np.allclose(table["gender_female"], [np.nan, 0.9, 0.2], equal_nan=True)
    assert table.loc[1, ["x", "y", "w", "h"]].tolist() == [20, 10, 40, 60]
    assert table["face_px"].tolist() == [9, 40, 40]


def test_an_age_distribution_gives_groups_mean_and_interval():
    years = np.zeros((1, 101), np.float32)
    years[0, [10, 30, 50, 70]] = 0.25
    columns = tables.attribute_columns(Predictions("age", tuple(map(str, range(101))), years))
    assert columns["age_years"].tolist() == [40]
    groups = [float(columns[name][0]) for name in schema.probability_columns("age")]
    assert groups == [0.25] * 4
    assert columns["age_years_low"][0] <= 12
    assert columns["age_years_high"][0] >= 68


def test_age_groups_of_a_users_model_leave_the_years_missing():
    probabilities = np.array([[0.1, 0.2, 0.3, 0.4]], np.float32)
    columns = tables.attribute_columns(Predictions("age", attributes.AGE_GROUPS, probabilities))
    assert "age_years" not in columns
    assert columns["age_old"][0] == np.float32(0.4)


def observations(times, *, track=0, face_px=64.0, score=1.0, **probabilities):
    n = len(times)
    return schema.conform(
        "observations",
        {
            "video_id": ["a"] * n,
            "frame": range(n),
            "time_s": times,
            "shot": [0] * n,
            "track_id": pd.array([track] * n, dtype="Int64"),
            **{side: [face_px] * n for side in ("x", "y", "w", "h", "face_px")},
            "score": np.broadcast_to(score, n),
            "classified": [True] * n,
            **{name: np.broadcast_to(np.asarray(value, np.float32), n) for name, value in probabilities.items()},
        },
    )


def test_a_track_is_its_times_counts_and_median_size():
    table = observations([1.0, 1.5, 3.0])
    table.loc[2, "face_px"] = 10
    track = schema.validate("tracks", tables.summarize_tracks(table, {})).iloc[0]
    assert (track["start_s"], track["end_s"], track["duration_s"]) == (1.0, 3.0, 2.0)
    assert (track["n_observations"], track["n_classified"], track["face_px"]) == (3, 3, 64)


def test_a_verdict_below_its_threshold_is_unknown_and_keeps_its_probability():
    table = observations([0.0], gender_female=0.7, gender_male=0.3)
    sure = tables.summarize_tracks(table, {"gender": 0.6}).iloc[0]
    unsure = tables.summarize_tracks(table, {"gender": 0.8}).iloc[0]
    assert sure["gender"] == "female"
    assert unsure["gender"] == "unknown"
    assert unsure["gender_prob"] == pytest.approx(0.7)


def test_the_temperature_of_tracks_makes_them_less_sure_of_the_same():
    table = observations([0.0, 0.1], gender_female=0.7, gender_male=0.3)
    plain, warm = (
        tables.summarize_tracks(table, {"gender": 0.5, **more}).iloc[0]
        for more in ({}, {track_temperature_key("gender"): 3.0})
    )
    assert 0.5 < warm["gender_prob"] < plain["gender_prob"]
    assert warm["gender"] == plain["gender"]


def test_what_was_not_measured_is_missing_not_unknown():
    track = tables.summarize_tracks(observations([0.0, 0.1]).assign(classified=False), {}).iloc[0]
    assert pd.isna(track["gender"])
    assert pd.isna(track["gender_prob"])
    assert pd.isna(track["expression_share_anger"])


def test_large_sharp_faces_weigh_more():
    big = observations([0.0], face_px=64, gender_female=0.9, gender_male=0.1)
    small = observations([0.1], face_px=16, gender_female=0.1, gender_male=0.9)
    track = tables.summarize_tracks(pd.concat([big, small], ignore_index=True), {}).iloc[0]
    assert track["gender"] == "female"
    assert 0.7 < track["gender_prob"] < 0.9


def expressions(times, happy):
    other = {f"expression_{name}": 0.0 for name in attributes.EXPRESSIONS if name not in ("happiness", "neutral")}
    happy = np.asarray(happy, np.float32)
    return observations(times, expression_happiness=happy, expression_neutral=1 - happy, **other)


def test_expression_shares_are_shares_of_time_not_of_samples():
    # Happy for nearly the whole second, looked at only twice; neutral for the last tenth, looked at eleven times.
    times = [0.0, 0.9, *np.linspace(0.9, 1.0, 11)[1:]]
    track = tables.summarize_tracks(expressions(times, [1, 1, *[0] * 10]), {}).iloc[0]
    assert track["expression"] == "happiness"
    assert track["expression_share_happiness"] > 0.85
    shares = [track[f"expression_share_{name}"] for name in attributes.EXPRESSIONS]
    assert sum(shares) == pytest.approx(1, abs=1e-5)


def test_a_frame_of_some_of_its_faces():
    found = sampled(
        0, 0.0, make_detections(*[(x, 0, x + 9, 9) for x in (0, 20, 40)]), {"gender": gender(0.9, 0.2)}, [0, 2]
    )
    found = replace(found, pictures={2: "picture"}, looks=np.eye(3))
    part = found.only(np.array([False, True, True]))
    assert part.detections.boxes[:, 0].tolist() == [20, 40]
    assert part.classified.tolist() == part.measured["gender"].tolist() == [1]
    assert part.predictions["gender"].column("female") == pytest.approx([0.2])
    assert part.pictures == {1: "picture"}
    assert part.looks.tolist() == [[0, 1, 0], [0, 0, 1]]
    assert found.only(np.ones(3, bool)) is found


def test_seconds_seen_leave_absences_out():
    times = [*np.arange(11) / 10, *(6 + np.arange(11) / 10)]
    track = tables.summarize_tracks(observations(times), {}).iloc[0]
    assert track["duration_s"] == pytest.approx(7)
    assert track["seen_s"] == pytest.approx(3)
    assert tables.summarize_tracks(observations([5.0]), {})["seen_s"].item() == 0


def test_untracked_faces_make_no_track_and_videos_are_kept_apart():
    a, b = observations([0.0, 0.1], track=0), observations([0.0, 0.1], track=0).assign(video_id="b")
    loose = observations([0.5]).assign(track_id=pd.array([pd.NA], dtype="Int64"))
    table = tables.summarize_tracks(pd.concat([b, a, loose], ignore_index=True), {})
    assert table["video_id"].tolist() == ["a", "b"]
    assert table["n_observations"].tolist() == [2, 2]


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=20).map(sorted))
def test_durations_are_positive_and_never_longer_than_the_track(times):
    durations = tables.observation_durations(np.array(times))
    assert (durations > 0).all()
    if len(times) > 1:
        assert durations.sum() <= times[-1] - times[0] + 1e-4


@given(
    female=st.lists(st.floats(0, 1), min_size=1, max_size=12),
    face_px=st.floats(1, 500),
    score=st.floats(0, 1),
)
def test_verdicts_stay_probabilities(female, face_px, score):
    female = np.asarray(female, np.float32)
    times = np.arange(len(female)) / 10
    table = observations(times, face_px=face_px, score=score, gender_female=female, gender_male=1 - female)
    track = schema.validate("tracks", tables.summarize_tracks(table, {})).iloc[0]
    # Many faces are hardly worth more than the surest of them.
    surest = np.clip(max(female.max(), 1 - female.min()), 0.5, 1 - 1e-4)
    most = 1 / (1 + ((1 - surest) / surest) ** (1 / LASTING_CORRELATION))
    assert 0.5 - 1e-5 <= track["gender_prob"] <= most + 1e-4


def test_heads_that_are_turned_are_measured():
    points = np.array([[[40, 40], [80, 40], [74, 62], [44, 80], [76, 80]]], np.float32)
    found = Detections(np.array([[20, 20, 100, 100]], np.float32), np.ones(1, np.float32), points)
    item = SampledFrame(0, 0.0, found, np.ones(1, np.float32), np.zeros(0, np.int64), {}, {})
    (row,) = tables.observations_table("a", [item], [0], [np.zeros(1, np.int64)]).to_dict("records")
    assert row["yaw"] > 10
    assert abs(row["roll"]) < 10
