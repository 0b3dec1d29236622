import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import facestats as fs
from facestats.errors import ModelError, UnknownNameError, UsageError
from facestats.tables import schema
from facestats.tables.demographics import DEMOGRAPHICS_DTYPES, resolve

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
    # As many women as men among those who could be told.
    verdicts = ["female"] * 91 + ["male"] * 109 + ["unknown"] * 30
    found = of_gender(tracks(verdicts), models)
    assert found.loc["female", "raw_share"] == pytest.approx(91 / 230)
    assert found.loc["female", "share"] == pytest.approx(0.5, abs=0.01)
    assert found.loc["female", "share_low"] < 0.46
    assert found.loc["female", "share_high"] > 0.54
    assert found["n_tracks"].tolist() == [91, 109, 30]
    assert np.isnan(found.loc["unknown", "share"])
    assert found.loc[["female", "male"], "share"].sum() == pytest.approx(1)


def test_intervals_hold_the_truth_about_as_often_as_they_say(models):
    rng = np.random.default_rng(0)
    rates = np.array(CONFUSION) / 100
    held, closer = 0, 0
    for seed in range(100):
        share = rng.uniform(0.1, 0.9)
        truth = rng.random(80) > share
        told = rates[:, :2] / rates[:, :2].sum(axis=1, keepdims=True)
        verdicts = [rng.choice(["female", "male"], p=told[int(is_man)]) for is_man in truth]
        verdicts += ["unknown"] * int(rng.integers(0, 60))
        women = of_gender(tracks(verdicts), models, n_bootstrap=200, seed=seed).loc["female"]
        held += women["share_low"] <= share <= women["share_high"]
        raw = women["raw_share"] / max(1e-9, 1 - np.mean(np.array(verdicts) == "unknown"))
        closer += abs(women["share"] - share) <= abs(raw - share)
    assert 82 <= held <= 99
    assert closer > 50


def test_time_counts_instead_of_tracks(models):
    table = tracks(["female"] * 10 + ["male"] * 10, [30.0] * 10 + [10.0] * 10)
    assert of_gender(table, models).loc["female", "raw_share"] == pytest.approx(0.5)
    assert of_gender(table, models, weight="time").loc["female", "raw_share"] == pytest.approx(0.75)


@pytest.mark.parametrize("n", [1, 5])
def test_a_few_tracks_that_agree_are_no_certainty(models, n):
    women = of_gender(tracks(["female"] * n), models).loc["female"]
    assert women["share"] > 0.9
    assert women["share_low"] < 0.9


def test_unknown_is_no_sign_of_anything(models):
    found = of_gender(tracks(["female"] * 20 + ["male"] * 20 + ["unknown"] * 60), models)
    assert 0.4 < found.loc["female", "share"] < 0.65
    assert found.loc["unknown", "raw_share"] == pytest.approx(0.6)
    nobody = of_gender(tracks(["unknown"] * 5), models)
    assert nobody["share"].isna().all()
    assert nobody["n_tracks"].tolist() == [0, 0, 5]


def test_the_same_seed_gives_the_same_intervals(models):
    table = tracks(["female"] * 5 + ["unknown"] * 3)
    one, two, other = (of_gender(table, models, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(other)


def test_what_was_not_measured_does_not_count(models):
    table = tracks(["female", "male", None])
    assert of_gender(table, models)["n_tracks"].tolist() == [1, 1, 0]
    nothing = fs.demographics(tracks([None]), attributes=["gender"], models_path=[models])
    assert nothing.empty
    assert nothing.dtypes.astype(str).to_dict() == DEMOGRAPHICS_DTYPES


def test_the_shipped_models_say_what_they_confuse():
    table = tracks(["female"] * 6 + ["male"] * 4).assign(age_group="young", makeup="none")
    found = fs.demographics(table)
    assert found["attribute"].unique().tolist() == ["gender", "age_group", "makeup"]
    assert (found["share_low"].dropna() <= found["share"].dropna()).all()
    sums = found.groupby("attribute")["share"].sum()
    assert sums.to_numpy() == pytest.approx(1)
    assert found.attrs["note"].count(". ") == 1  # two sentences


def test_bad_input(models, tmp_path):
    table = tracks(["female"])
    with pytest.raises(UsageError, match="unknown weight 'mass'"):
        fs.demographics(table, weight="mass")
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


@given(st.integers(2, 4), st.integers(0, 2**31))
def test_a_mixture_is_found_again(n, seed):
    rng = np.random.default_rng(seed)
    rates = 0.3 * rng.dirichlet(np.ones(n + 1), n) + 0.7 * np.eye(n, n + 1)
    mixture = rng.dirichlet(np.ones(n))
    assert resolve((mixture @ rates)[None], rates[None])[0] == pytest.approx(mixture, abs=0.02)
