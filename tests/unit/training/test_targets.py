import numpy as np
import pandas as pd
import pytest
import torch

from facestats.datasets.faces import FaceData
from facestats.models.attributes import EXPRESSIONS
from facestats.training.targets import allowed_classes, sample_weights, target_loss, training_targets


def faces(attribute, **columns):
    table = pd.DataFrame(columns)
    n = len(table)
    return FaceData(attribute, np.zeros((n, 8, 8, 3), np.uint8), np.ones(n, bool), table, tuple(range(n)))


def votes(**counts):
    return {f"votes_{name}": [counts.get(name, 0)] for name in (*EXPRESSIONS, "contempt", "unknown", "nf")}


def test_one_class_per_label():
    allowed = allowed_classes(faces("expression", fer2013_label=["neutral", "anger"]))
    assert allowed.argmax(axis=1).tolist() == [EXPRESSIONS.index("neutral"), EXPRESSIONS.index("anger")]
    assert allowed.sum(axis=1).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("low", "high", "first", "last"),
    [(0, 2, 0, 2), (26, 26, 26, 26), (70, 116, 70, 100), (105, 110, 100, 100)],
)
def test_allowed_years(low, high, first, last):
    years = np.flatnonzero(allowed_classes(faces("age", age_min=[low], age_max=[high]))[0])
    assert (years[0], years[-1], len(years)) == (first, last, last - first + 1)


def test_an_exact_age_allows_a_little_error_in_training():
    targets = training_targets(faces("age", age_min=[26, 20], age_max=[26, 29]))
    assert targets[0].argmax() == 26
    assert targets[0, 26] == 1
    assert 0.5 < targets[0, 27] < 1
    assert targets[0, 40] < 1e-6
    assert np.flatnonzero(targets[1]).tolist() == list(range(20, 30))


def test_missing_votes_leave_the_row():
    missing = {name: pd.array([pd.NA], dtype="Int8") for name in votes()}
    assert sample_weights(faces("expression", fer2013_label=["fear"], **missing)).tolist() == [1]


def test_not_a_face_counts_nothing():
    columns = {name: values * 2 for name, values in votes().items()}
    columns["votes_nf"] = [9, 0]
    weights = sample_weights(faces("expression", fer2013_label=["fear", "fear"], **columns))
    assert weights[0] == 0
    assert weights[1] > 0


def test_makeup_classes_count_alike():
    labels = ["none"] * 6 + ["partial"] * 1 + ["over"] * 3
    weights = sample_weights(faces("makeup", makeup=labels))
    sums = pd.Series(weights).groupby(labels).sum()
    assert np.allclose(sums, sums.iloc[0])
    assert weights.mean() == pytest.approx(1)


def test_gender_rows_count_alike():
    assert sample_weights(faces("gender", gender=["male", "male", "female"])).tolist() == [1, 1, 1]


def test_loss_of_a_bin_ignores_how_it_is_filled():
    targets = torch.tensor([[0.0, 1.0, 1.0, 0.0]])
    probabilities = torch.tensor([[0.1, 0.7, 0.1, 0.1], [0.1, 0.4, 0.4, 0.1]])
    losses = [float(target_loss("age", p.log()[None], targets)) for p in probabilities]
    assert losses == pytest.approx([-np.log(0.8)] * 2, abs=1e-5)


def test_loss_of_classes_is_cross_entropy():
    logits, target = torch.tensor([[2.0, -1.0, 0.5]]), torch.tensor([[0.2, 0.3, 0.5]])
    expected = torch.nn.functional.cross_entropy(logits, target)
    assert float(target_loss("makeup", logits, target)) == pytest.approx(float(expected))


def test_age_loss_is_finite_far_off():
    logits = torch.full((1, 4), -500.0)
    logits[0, 0] = 500.0
    logits.requires_grad_()
    loss = target_loss("age", logits, torch.tensor([[0.0, 0.0, 0.0, 1.0]])).sum()
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite().all()


def test_votes_alone_leave_the_label_nothing():
    one = faces("expression", fer2013_label=["fear"], **votes(neutral=6, surprise=2, unknown=2))
    target = training_targets(one, tagger_share=1.0)[0]
    assert target[EXPRESSIONS.index("neutral")] == pytest.approx(0.75)
    assert target[EXPRESSIONS.index("surprise")] == pytest.approx(0.25)
    assert target[EXPRESSIONS.index("fear")] == 0


def test_a_face_on_which_taggers_saw_something_else_counts_less():
    columns = {name: [*first, *second] for (name, first), second in zip(
        votes(neutral=10).items(), votes(neutral=5, contempt=3, unknown=2).values(), strict=True
    )}  # fmt: skip
    both = faces("expression", fer2013_label=["neutral", "neutral"], **columns)
    weights = sample_weights(both, tagger_share=1.0)
    assert weights[1] / weights[0] == pytest.approx(0.5)
    assert sample_weights(both).tolist() == [1, 1]


def test_a_face_in_which_no_tagger_saw_an_expression_counts_nothing():
    columns = {name: [*first, *second] for (name, first), second in zip(
        votes(fear=10).items(), votes(unknown=8, fear=1, sadness=1).values(), strict=True
    )}  # fmt: skip
    assert sample_weights(faces("expression", fer2013_label=["fear", "fear"], **columns), tagger_share=1.0)[1] == 0
