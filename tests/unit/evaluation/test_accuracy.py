import numpy as np
import pandas as pd
import pytest

from facestats.datasets.faces import FaceData
from facestats.evaluation.accuracy import class_probabilities, majority_labels, score
from facestats.models.attributes import EXPRESSIONS
from facestats.types import Predictions


def faces(attribute, **columns):
    table = pd.DataFrame(columns)
    n = len(table)
    return FaceData(attribute, np.zeros((n, 8, 8, 3), np.uint8), np.ones(n, bool), table, tuple(range(n)))


def sure_of(attribute, classes, chosen, confidence=1.0):
    """Predictions that put ``confidence`` on one class each, the rest on the others alike."""
    probabilities = np.full((len(chosen), len(classes)), (1 - confidence) / (len(classes) - 1), np.float32)
    for row, name in enumerate(chosen):
        probabilities[row, classes.index(name)] = confidence
    return Predictions(attribute, classes, probabilities)


def test_scores_by_hand():
    labels = ["female"] * 8 + ["male"] * 2
    predictions = sure_of("gender", ("female", "male"), ["female"] * 9 + ["male"], 0.8)
    scores = score(predictions, faces("gender", gender=labels))
    assert scores["accuracy"] == pytest.approx(0.9)
    assert scores["balanced_accuracy"] == pytest.approx((1 + 0.5) / 2)
    assert scores["ece"] == pytest.approx(0.1, abs=1e-6)
    assert scores["confusion"] == {"classes": ["female", "male"], "matrix": [[8, 0], [1, 1]]}
    assert scores["n"] == 10
    assert scores["macro_f1"] == pytest.approx((16 / 17 + 2 / 3) / 2)
    assert scores["nll"] == pytest.approx(-(9 * np.log(0.8) + np.log(0.2)) / 10)


def test_coverage_counts_the_verdicts_that_are_sure_enough():
    probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.4, 0.6], [0.05, 0.95]], np.float32)
    predictions = Predictions("gender", ("female", "male"), probabilities)
    labelled = faces("gender", gender=["female", "male", "male", "male"])
    scores = score(predictions, labelled, threshold=0.65)
    assert (scores["coverage"], scores["covered_accuracy"]) == (0.75, pytest.approx(2 / 3))
    assert score(predictions, labelled)["coverage"] == 1
    assert score(predictions, labelled, threshold=0.99)["covered_accuracy"] is None


def test_classes_in_another_order():
    predictions = sure_of("gender", ("male", "female"), ["female", "male"])
    assert score(predictions, faces("gender", gender=["female", "male"]))["accuracy"] == 1


def test_a_class_that_no_row_has_may_be_predicted():
    predictions = sure_of("expression", EXPRESSIONS, ["anger", "fear", "neutral"])
    scores = score(predictions, faces("expression", fer2013_label=["anger", "fear", "fear"]))
    assert scores["balanced_accuracy"] == pytest.approx((1 + 0.5) / 2)
    assert np.array(scores["confusion"]["matrix"]).shape == (7, 7)
    assert np.array(scores["confusion"]["matrix"]).sum() == 3


def test_a_model_with_fewer_classes():
    predictions = sure_of("expression", ("happiness", "sadness"), ["happiness", "sadness"])
    assert score(predictions, faces("expression", fer2013_label=["happiness", "anger"]))["accuracy"] == 0.5


YEARS = tuple(str(year) for year in range(101))


def test_age_counts_exact_ages_only():
    predictions = sure_of("age", YEARS, ["10", "20", "40", "90", "25"])
    scores = score(predictions, faces("age", age_min=[12, 30, 31, 60, 20], age_max=[12, 30, 31, 60, 29]))
    assert scores["n"] == 5
    assert scores["n_exact"] == 4
    assert scores["accuracy"] == scores["group_accuracy"] == 1
    assert scores["mae"] == pytest.approx((2 + 10 + 9 + 30) / 4)
    assert scores["interval_90"] == 0  # each puts all on one wrong year
    assert scores["bin_distance"] == 0
    assert scores["confusion"]["classes"] == ["child", "young", "middle", "old"]
    assert np.array(scores["confusion"]["matrix"]).tolist() == np.eye(4, dtype=int).tolist()


def test_age_intervals_and_distances_to_bins():
    even = Predictions("age", YEARS, np.full((4, 101), 1 / 101, np.float32))  # expects 50, from 5 to 95 years
    scores = score(even, faces("age", age_min=[50, 99, 30, 60], age_max=[50, 110, 39, 60]))
    assert scores["interval_90"] == 1
    assert scores["bin_distance"] == pytest.approx((49 + 11) / 2)
    old = score(
        Predictions("age", YEARS, np.eye(101, dtype=np.float32)[[100]]), faces("age", age_min=[110], age_max=[110])
    )
    assert (old["interval_90"], old["mae"]) == (1, 10)


def test_age_takes_the_most_likely_group_not_the_group_of_the_most_likely_year():
    probabilities = np.zeros((1, 101), np.float32)
    probabilities[0, 30] = 0.4
    probabilities[0, [31, 33, 35]] = 0.2
    scores = score(Predictions("age", YEARS, probabilities), faces("age", age_min=[33], age_max=[33]))
    assert scores["accuracy"] == 1


def test_age_of_a_model_that_gives_groups():
    predictions = sure_of("age", ("child", "young", "middle", "old"), ["old", "young"])
    scores = score(predictions, faces("age", age_min=[70, 50], age_max=[70, 50]))
    assert scores["group_accuracy"] == 0.5
    assert scores["mae"] is scores["interval_90"] is scores["bin_distance"] is None


def test_groups_of_age_are_scored_where_no_age_is_exact():
    predictions = sure_of("age", YEARS, ["25", "40", "60", "35"])
    scores = score(predictions, faces("age", age_min=[13, 13, 51, 30], age_max=[30, 30, 200, 39]))
    assert (scores["n"], scores["n_exact"], scores["mae"]) == (4, 0, None)
    assert scores["accuracy"] == pytest.approx(2 / 3)  # 30 to 39 lies in no group


def test_bins_that_span_groups_alone_cannot_be_scored():
    scores = score(sure_of("age", YEARS, ["25"]), faces("age", age_min=[30], age_max=[39]))
    assert (scores["n"], scores["n_exact"]) == (1, 0)
    assert scores["accuracy"] is None
    assert scores["balanced_accuracy"] is None
    assert scores["ece"] is None
    assert scores["mae"] is None
    assert not np.array(scores["confusion"]["matrix"]).any()


def test_makeup_among_female_faces():
    classes = ("none", "partial", "over")
    predictions = sure_of("makeup", classes, ["over", "over", "none", "none"])
    labels = {"makeup": ["none", "partial", "over", "none"], "gender": ["female", "female", "female", "male"]}
    scores = score(predictions, faces("makeup", **labels))
    assert scores["accuracy"] == 0.25
    assert scores["female_balanced_accuracy"] == 0
    assert scores["female_none_balanced_accuracy"] == pytest.approx((0 + 0.5) / 2)
    assert scores["female_over_auc"] == 0
    assert "female_balanced_accuracy" not in score(predictions, faces("makeup", makeup=labels["makeup"]))


def test_years_become_groups():
    probabilities = np.zeros((1, 101), np.float32)
    probabilities[0, [12, 13, 31, 51]] = [0.1, 0.2, 0.3, 0.4]
    assert class_probabilities(Predictions("age", YEARS, probabilities))[0].tolist() == pytest.approx(
        [0.1, 0.2, 0.3, 0.4]
    )


def test_makeup_among_female_faces_of_one_kind_has_no_curve():
    predictions = sure_of("makeup", ("none", "partial", "over"), ["none", "over"])
    assert (
        score(predictions, faces("makeup", makeup=["none", "over"], gender=["female", "male"]))["female_over_auc"]
        is None
    )


def votes(**given):
    """A table of votes: lists of one length for some answers, 0 for the others."""
    n = len(next(iter(given.values())))
    answers = (*EXPRESSIONS, "contempt", "unknown", "nf")
    return {f"votes_{name}": given.get(name, [0] * n) for name in answers}


def test_the_majority_of_the_taggers_counts_where_there_is_one():
    table = votes(anger=[6, 5, 2, 0, None], fear=[4, 5, 0, 0, None], unknown=[0, 0, 8, 0, None], nf=[0, 0, 0, 10, None])
    assert majority_labels(pd.DataFrame(table)).tolist() == [EXPRESSIONS.index("anger"), -1, -1, -1, -1]
    predictions = sure_of("expression", EXPRESSIONS, ["anger"] * 5)
    scores = score(predictions, faces("expression", fer2013_label=["fear"] * 5, **table))
    assert scores["accuracy"] == 0
    majority = scores["majority"]
    assert (majority["n"], majority["accuracy"], majority["covered_accuracy"], majority["coverage"]) == (1, 1, 1, 1)
    assert np.array(majority["verdicts"]["matrix"]).sum() == 1
    assert majority["ece"] == pytest.approx(1 - predictions.probabilities[0].max())


def test_without_votes_there_is_no_majority():
    predictions = sure_of("expression", EXPRESSIONS, ["anger"])
    assert "majority" not in score(predictions, faces("expression", fer2013_label=["fear"]))
    none = score(predictions, faces("expression", fer2013_label=["fear"], **votes(nf=[10])))
    assert (none["majority"]["n"], none["majority"]["accuracy"]) == (0, None)
