from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from facestats.datasets.faces import FaceData
from facestats.evaluation.tracks import (
    SWAYING_FRAMES,
    fit_track_temperature,
    people_of,
    swaying,
    track_scores,
    tracks_of,
)
from facestats.models.cards import Head

GENDERS = Head("gender", "gender", ("female", "male"), threshold=0.6)


def brightness_logits(crops):
    """Bright faces look male."""
    bright = (crops.mean(axis=(1, 2, 3)) - 127.5) / 40
    return np.stack([-bright, bright], axis=1).astype(np.float32)


def scores_of(of, head=GENDERS):
    return {kind: track_scores(tracks, head) for kind, tracks in tracks_of(brightness_logits, of, head).items()}


def faces(levels, **columns):
    crops = np.stack([np.full((48, 48, 3), level, np.uint8) for level in levels])
    n = len(levels)
    columns.setdefault("source", ["lfw"] * n)
    return FaceData("gender", crops, np.ones(n, bool), pd.DataFrame(columns), tuple(range(n)))


def test_people_are_told_apart_by_their_names():
    assert people_of(pd.Series(["a/B_C_0001", "a/B_C_0012", "a/B_1_2"])).tolist() == ["a/B_C", "a/B_C", "a/B_1"]


def test_a_swaying_face_moves_and_stays_itself():
    crop = np.zeros((1, 48, 48, 3), np.uint8)
    crop[0, 20:28, 20:28] = 255
    views = swaying(crop)
    assert views.shape == (1, SWAYING_FRAMES, 48, 48, 3)
    places = [np.argwhere(view[..., 0] > 128).mean(axis=0) for view in views[0]]
    assert np.ptp(places, axis=0).max() > 0.5
    assert np.abs(np.mean(places, axis=0) - 23.5).max() < 4
    assert np.array_equal(views, swaying(crop))
    assert not np.array_equal(views, swaying(crop, seed=1))


def test_the_pictures_of_a_person_are_judged_together():
    """One dark picture of three does not make her a woman."""
    of = faces(
        [200, 200, 110, 60, 60, 60, 30],
        gender=["male"] * 3 + ["female"] * 4,
        name=["x/A_1", "x/A_2", "x/A_3", "x/B_1", "x/B_2", "x/B_3", "x/C_1"],
    )
    scores = scores_of(of)
    assert scores["people"]["n"] == 2  # C has one picture
    assert scores["people"]["accuracy"] == 1
    assert scores["swaying"]["n"] == 7
    assert scores["swaying"]["accuracy"] == pytest.approx(6 / 7)


def test_people_whose_labels_contradict_each_other_make_no_track():
    of = faces([200, 200, 60], gender=["male", "male", "female"], name=["x/A_1", "x/A_2", "x/A_3"])
    assert "people" not in scores_of(of)


def test_names_of_other_sources_say_nothing_of_people():
    of = faces([200, 200, 200], gender=["male"] * 3, name=["x/1_1", "x/1_2", "x/1_3"], source=["utkface"] * 3)
    assert "people" not in scores_of(of)


def test_a_temperature_makes_the_probabilities_of_tracks_true():
    """Of faces that look male with 95 %, every fourth is female."""
    levels = [186] * 400
    of = faces(levels, gender=(["male"] * 3 + ["female"]) * 100)
    tracks = tracks_of(brightness_logits, of, GENDERS)["swaying"]
    assert track_scores(tracks, GENDERS)["ece"] > 0.1
    temperature = fit_track_temperature([tracks], "gender")
    assert temperature > 1.5
    assert track_scores(tracks, replace(GENDERS, track_temperature=temperature))["ece"] < 0.02


def test_ages_are_pooled_in_groups_as_those_of_a_video_are():
    """Each frame is sure of the group and of no year in it."""
    years = Head("age", "age", tuple(str(year) for year in range(101)))

    def logits(crops):
        likely = np.full((len(crops), 101), -20, np.float32)
        likely[np.arange(len(crops)), 13 + 5 * (np.arange(len(crops)) % 3)] = 5
        likely[:, 60] = 4.5
        return likely

    crops = np.zeros((20, 48, 48, 3), np.uint8)
    table = pd.DataFrame({"age_min": [20] * 20, "age_max": [20] * 20})
    of = FaceData("age", crops, np.ones(20, bool), table, tuple(range(20)))
    tracks = tracks_of(logits, of, years)["swaying"]
    assert tracks.probabilities.shape == (20, 4)
    assert track_scores(tracks, years)["accuracy"] == 1
    assert fit_track_temperature([tracks], "age") < 1
    bins = replace(of, table=pd.DataFrame({"age_min": [10] * 20, "age_max": [19] * 20}))
    assert fit_track_temperature([tracks_of(logits, bins, years)["swaying"]], "age") == 1
