import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from stores import Face, make_result, with_persons

import facestats as fs
from facestats.errors import ModelError, UnknownNameError, UsageError
from facestats.tables import schema
from facestats.tables.demographics import DEMOGRAPHICS_DTYPES
from facestats.tables.sources import Tracked

#: Of 100 women, 70 are called women, 10 men, and 20 unknown; men are told better.
CONFUSION = [[70, 10, 20], [3, 87, 10]]


@pytest.fixture
def models(tmp_path):
    """A model of gender that confuses as :data:`CONFUSION` says, and nothing to run."""
    scores = {"verdicts": {"classes": ["female", "male", "unknown"], "matrix": CONFUSION}}
    card = {
        "name": "mine",
        "heads": [{"attribute": "gender", "output": "gender", "classes": ["female", "male"]}],
        "metrics": {"validation": {"gender": scores}},
    }
    (tmp_path / "card.json").write_text(json.dumps(card))
    return tmp_path


def tracks(verdicts, durations=None):
    n = len(verdicts)
    seconds = np.ones(n) if durations is None else np.asarray(durations, float)
    fixed = {"video_id": ["a"] * n, "track_id": range(n), "shot": [0] * n, "start_s": [0.0] * n, "end_s": seconds}
    counts = {"n_observations": [5] * n, "n_classified": [5] * n, "duration_s": seconds}
    return schema.conform("tracks", {**fixed, **counts, "gender": verdicts})


def of_gender(table, models, **options):
    found = fs.demographics(table, attributes=["gender"], models_path=[models], **options)
    return found.set_index("class")


def test_what_a_model_confuses_is_made_good(models):
    # As many women as men: 70 and 3 of them are called women, 10 and 87 men, 20 and 10 unknown.
    found = of_gender(tracks(["female"] * 73 + ["male"] * 97 + ["unknown"] * 30), models)
    assert found.loc["female", "raw_share"] == pytest.approx(73 / 200)
    assert found.loc["female", "share"] == pytest.approx(0.47, abs=0.05)
    assert found.loc["female", "share_low"] < 0.42
    assert found.loc["female", "share_high"] > 0.52
    assert found["counted"].tolist() == [73, 97, 30]
    assert np.isnan(found.loc["unknown", "share"])
    assert found.loc[["female", "male"], "share"].sum() == pytest.approx(1)


def test_the_counts_are_those_of_the_table_of_people(models):
    result = with_persons(
        make_result("a", (Face(1, 0.0, 3.9), Face(2, 5.0, 9.9)), path="a.mp4"), {1: (0, 1.0), 2: (0, 1.0)}
    )
    result = replace(result, people=result.people.assign(gender="male", gender_female=0.2, gender_male=0.8))
    assert set(result.tracks["gender"]) == {"female"}  # whatever was made of each track
    for source in (result, Tracked(result.tracks, people=result.people)):
        assert of_gender(source, models)["counted"].to_dict() == {"female": 0, "male": 1, "unknown": 0}
        sides = fs.compare(source, source, attributes=["gender"], models_path=[models])
        assert sides.set_index("class").loc["male", "n_second"] == 1


def test_one_attribute_may_be_named_without_a_list(models):
    table = tracks(["female"] * 3)
    options = {"n_draws": 20, "models_path": models}
    pd.testing.assert_frame_equal(
        fs.demographics(table, attributes="gender", **options), fs.demographics(table, attributes=["gender"], **options)
    )
    assert set(fs.compare(table, table, attributes="gender", **options)["attribute"]) == {"gender"}


def test_unknown_ones_count_by_their_likeliest_class(models):
    said = tracks(["female"] * 10 + ["male"] * 10 + ["unknown"] * 30)
    leaning = said.assign(gender_female=np.float32([0.9] * 10 + [0.1] * 10 + [0.45] * 30))
    leaning["gender_male"] = 1 - leaning["gender_female"]
    blind = of_gender(said, models).loc["male", "share"]
    card = json.loads((models / "card.json").read_text())
    scores = card["metrics"]["validation"]["gender"]
    scores["confusion"] = {"classes": ["female", "male"], "matrix": [[86, 14], [5, 95]]}
    card["heads"][0]["threshold"] = 0.7
    (models / "card.json").write_text(json.dumps(card))
    assert of_gender(said, models).loc["male", "share"] == pytest.approx(blind, abs=0.05)
    assert of_gender(leaning, models).loc["male", "share"] > blind + 0.1


def test_sources_that_training_never_saw_count_too(models):
    people = tracks(["female"] * 60 + ["male"] * 40)
    before = of_gender(people, models).loc["female"]
    card = json.loads((models / "card.json").read_text())
    worse = {"verdicts": {"classes": ["female", "male", "unknown"], "matrix": [[55, 40, 5], [3, 87, 10]]}}
    few = {"verdicts": {"classes": ["female", "male", "unknown"], "matrix": [[1, 9, 0], [9, 1, 0]]}}
    card["metrics"]["unseen"] = {"film": {"gender": worse}, "few": {"gender": few}, "other": {"age": {}}}
    (models / "card.json").write_text(json.dumps(card))
    after = of_gender(people, models).loc["female"]
    assert after["share"] > before["share"] + 0.03
    assert after["share_high"] - after["share_low"] > before["share_high"] - before["share_low"]


def test_makeup_is_first_of_all_none_or_any_and_never_surely_none():
    people = tracks(["female"] * 74).assign(makeup=["none"] * 68 + ["partial"] * 6)
    found = fs.demographics(people, attributes=["makeup"]).set_index("class")
    assert found.index.tolist() == ["none", "any", "partial", "over", "unknown"]
    assert found["part_of"].dropna().to_dict() == {"partial": "any", "over": "any"}
    assert found.loc["any", "share"] == pytest.approx(found.loc[["partial", "over"], "share"].sum())
    assert found.loc["any", "counted"] == 6
    assert found.loc["none", "share"] < 0.97
    assert found.loc["none", "share_low"] < 0.9
    assert found.loc["partial", "share_high"] > 0.1


def test_intervals_are_told_in_words_and_so_is_that_they_tell_nothing(models):
    said = of_gender(tracks(["female"] * 60 + ["male"] * 40), models)["in_words"]
    assert said["female"].replace("\N{NO-BREAK SPACE}", " ").startswith("6")
    assert "–" in said["female"]
    assert said.isna().tolist() == [False, False, True]
    said = of_gender(tracks(["female", "male"]), models)["in_words"]
    assert said["female"].startswith("anything from ")


def test_people_count_once_whatever_their_tracks(models):
    table = tracks(["female"] * 12 + ["male"] * 3, [1.0] * 12 + [10.0] * 3)
    table["person_id"] = pd.array([1] * 10 + [2, 3, 4, 5, 6], "Int64")
    found = {by: of_gender(table, models, by=by) for by in ("people", "track", "time")}
    assert found["people"]["counted"].tolist() == [3, 3, 0]
    assert found["track"]["counted"].tolist() == [12, 3, 0]
    assert found["time"].loc["male", "raw_share"] == pytest.approx(30 / 42)
    notes = {
        by: fs.demographics(table, attributes=["gender"], by=by, models_path=[models]).attrs["note"] for by in found
    }
    assert "nobody can tell" in notes["people"]
    assert notes["track"].endswith("if each track is another person.")
    widths = {by: rows.loc["female", "share_high"] - rows.loc["female", "share_low"] for by, rows in found.items()}
    assert widths["people"] > widths["track"]


def test_time_counts_instead_of_tracks(models):
    table = tracks(["female"] * 10 + ["male"] * 10, [30.0] * 10 + [10.0] * 10)
    assert of_gender(table, models).loc["female", "raw_share"] == pytest.approx(0.5)
    assert of_gender(table, models, by="time").loc["female", "raw_share"] == pytest.approx(0.75)
    assert of_gender(table, models, by="time").loc["female", "share"] > 0.6


@pytest.mark.parametrize("n", [1, 5])
def test_a_few_tracks_that_agree_are_no_certainty(models, n):
    women = of_gender(tracks(["female"] * n), models).loc["female"]
    assert women["share"] > 0.6
    assert women["share_low"] < 0.75
    assert women["share"] < 0.95


def test_without_probabilities_unknown_is_hardly_a_sign_of_anything(models):
    found = of_gender(tracks(["female"] * 20 + ["male"] * 20 + ["unknown"] * 60), models)
    assert 0.35 < found.loc["female", "share"] < 0.7
    assert found.loc["unknown", "raw_share"] == pytest.approx(0.6)
    nobody = of_gender(tracks(["unknown"] * 5), models)
    assert nobody["share"].isna().all()
    assert nobody["counted"].tolist() == [0, 0, 5]


def test_the_same_seed_gives_the_same_intervals(models):
    table = tracks(["female"] * 5 + ["unknown"] * 3)
    one, two, other = (of_gender(table, models, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(other)


def test_what_was_not_measured_does_not_count(models):
    table = tracks(["female", "male", None])
    assert of_gender(table, models)["counted"].tolist() == [1, 1, 0]
    nothing = fs.demographics(tracks([None]), attributes=["gender"], models_path=[models])
    assert nothing.empty
    assert nothing.dtypes.astype(str).to_dict() == DEMOGRAPHICS_DTYPES


def test_the_shipped_models_say_what_they_confuse():
    table = tracks(["female"] * 6 + ["male"] * 4).assign(age_group="young", makeup="none")
    found = fs.demographics(table)
    assert found["attribute"].unique().tolist() == ["gender", "age_group", "makeup"]
    assert (found["share_low"].dropna() <= found["share"].dropna()).all()
    sums = found[found["part_of"].isna()].groupby("attribute")["share"].sum()
    assert sums.to_numpy() == pytest.approx(1)
    assert found.attrs["note"].count(". ") == 1  # two sentences


def test_bad_input(models, tmp_path):
    table = tracks(["female"])
    with pytest.raises(UsageError, match="unknown by='mass': shares are by people, track or time"):
        fs.demographics(table, by="mass")
    with pytest.raises(UsageError, match="n_draws must be at least 1, not 0"):
        fs.demographics(table, n_draws=0)
    with pytest.raises(UsageError, match="no shares of 'expression'"):
        fs.demographics(table, attributes=["expression"])
    with pytest.raises(UsageError, match="has no column gender"):
        fs.demographics(schema.conform("videos"), attributes=["gender"])
    with pytest.raises(UnknownNameError, match="no model of gender"):
        fs.demographics(table, attributes=["gender"], models={"gender": "none"})
    card = json.loads((models / "card.json").read_text())
    del card["metrics"]
    (models / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match="the card of model 'mine' does not say"):
        of_gender(table, models)
