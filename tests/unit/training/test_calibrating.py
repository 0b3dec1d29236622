from dataclasses import replace

import numpy as np
import pytest

from facestats.classify.onnx import OnnxClassifier
from facestats.errors import MissingInputError, ModelError
from facestats.models.cards import Card
from facestats.models.familiarity import FAMILIARITY_OUTPUT
from facestats.models.quick import is_quick
from facestats.models.registry import Model
from facestats.training import calibrating, ranges
from facestats.training.calibrating import calibrate
from facestats.training.cards import card_markdown
from facestats.training.familiarity import Strangers
from facestats.training.precision import OWN, precision_lines
from facestats.training.recipes import Recipe
from facestats.training.run import train_model

QUICK = Recipe(("gender",), network="mini_xception", epochs=1, batch_size=8, sources=("fairface",))
GENDERS = ["female", "male"]


@pytest.fixture
def data(write_faces):
    n = 260
    return write_faces(
        {
            "name": [f"face {i}" for i in range(n)],
            "gender": (GENDERS * n)[:n],
            "source": ["fairface"] * 60 + ["lfw"] * 120 + ["genki"] * 80,
        }
    )


@pytest.fixture
def trained(data, tmp_path):
    return train_model(QUICK, [data], tmp_path / "mine")


def test_other_faces_change_what_probabilities_mean_and_no_weight(data, trained, tmp_path):
    made = calibrate(
        trained.folder, [data], tmp_path / "better", unseen=["lfw", "genki"], command="facestats calibrate"
    )
    assert made.name == "better"
    weights = [(folder / "weights.safetensors").read_bytes() for folder in (trained.folder, made.folder)]
    assert weights[0] == weights[1]
    assert made.verify() == trained.verify()
    metrics = made.card.metrics
    assert metrics["fitted_on"] == {"gender": ["lfw"]}  # of the other there are too few
    assert metrics["unseen"]["lfw"]["gender"]["n"] == 120
    assert "ece_by_others" in metrics["unseen"]["genki"]["gender"]
    assert "ece_by_others" not in metrics["unseen"]["lfw"]["gender"]  # nothing else to fit to
    assert set(metrics["tracks"]) == {"validation", "lfw", "genki"}
    assert metrics["tracks"]["lfw"]["gender"]["swaying"]["n"] == 120
    assert metrics["commands"][-1] == "facestats calibrate"
    assert metrics["recipe"] == trained.card.metrics["recipe"]
    assert "Temperatures were fitted to lfw" in (made.folder / "card.md").read_text()


def test_a_model_learns_to_notice_what_is_no_face(data, tmp_path, monkeypatch):
    recipe = replace(QUICK, network="residual")
    trained = train_model(recipe, [data], tmp_path / "mine")
    crops = np.random.default_rng(0).integers(0, 256, (60, 48, 48, 3)).astype(np.uint8)
    found = Strangers(crops, np.repeat(["dogs", "clocks"], 30))
    monkeypatch.setattr(calibrating, "gather_strangers", lambda *_, **__: found)
    made = calibrate(trained.folder, [data], tmp_path / "wary", strange=[data])
    assert made.card.familiarity.output == FAMILIARITY_OUTPUT
    assert made.card.metrics["unfamiliar"]["strangers"] == 60
    assert made.card.metrics["parameters"] == trained.card.metrics["parameters"] + 257
    assert "an output of its own" in (made.folder / "card.md").read_text()
    faces = np.full((3, 48, 48, 3), 120, np.uint8)
    logits = [OnnxClassifier(model).logits(faces)["gender"] for model in (trained, made)]
    assert np.allclose(*logits, atol=1e-5)
    said = OnnxClassifier(made).classify(crops)["gender"].probabilities.max(axis=1)
    assert said.mean() < OnnxClassifier(trained).classify(crops)["gender"].probabilities.max(axis=1).mean()
    again = calibrate(made.folder, [data], tmp_path / "again")
    assert again.card.familiarity == made.card.familiarity
    # It is fitted to the weights that it was made for: who goes on from there begins without.
    last = train_model(replace(recipe, last_layer=0.1), [data], tmp_path / "last", start=made.folder)
    assert last.card.familiarity.output == "gender"


def test_a_model_with_eight_bit_weights_keeps_them_and_is_judged_anew(data, tmp_path, monkeypatch):
    trained = train_model(replace(QUICK, network="residual"), [data], tmp_path / "mine")
    monkeypatch.setattr(ranges, "_PER_FILE", 12)
    for _ in range(2):  # the command is told once
        ranges.main([str(trained.folder), str(data)])
    before = Model(trained.folder, Card.read(trained.folder / "card.json"))
    commands = before.card.metrics["commands"]
    assert commands == ["python -m facestats.training.ranges mine faces.parquet"]
    made = calibrate(before.folder, [data], tmp_path / "better", unseen=["lfw"], command="facestats calibrate")
    made.verify()
    assert is_quick(made)
    assert (made.folder / "ranges.json").read_bytes() == (before.folder / "ranges.json").read_bytes()
    assert made.card.metrics["commands"] == [*commands, "facestats calibrate"]
    told = made.card.metrics["eight_bit"]
    assert told["lfw"]["gender"]["eight"]["n"] == 120
    for source, of in ((OWN, made.card.metrics["validation"]), ("lfw", made.card.metrics["unseen"]["lfw"])):
        assert told[source]["gender"]["all"]["accuracy"] == pytest.approx(of["gender"]["accuracy"])
        assert told[source]["gender"]["all"]["ece"] == pytest.approx(of["gender"]["ece"], abs=1e-4)
    for model in (before, made):
        text = (model.folder / "card.md").read_text(encoding="utf-8")
        card = Card.read(model.folder / "card.json")
        assert text == card_markdown(card)
        assert "\n".join(precision_lines(card)) in text
        assert "python -m facestats.training.ranges mine" in text
    assert "| gender | lfw | 120 |" in text


def test_a_source_that_was_trained_on_is_not_unseen(data, trained, tmp_path):
    with pytest.raises(ModelError, match="mine was trained on fairface"):
        calibrate(trained.folder, [data], tmp_path / "better", unseen=["fairface"])
    assert not (tmp_path / "better").exists()


def test_a_folder_without_a_trained_model(data, trained, tmp_path):
    with pytest.raises(MissingInputError, match=r"no card\.json in"):
        calibrate(tmp_path, [data], tmp_path / "better")
    card = trained.folder / "card.json"
    card.write_text(card.read_text().replace('"recipe"', '"receipt"'))
    with pytest.raises(MissingInputError, match="its card has no recipe"):
        calibrate(trained.folder, [data], tmp_path / "better")


def test_half_precision_files_give_the_same_answers(trained):
    """Shipped files are half as large as their weights in single precision."""
    size = (trained.folder / "model.onnx").stat().st_size
    assert size < 4 * trained.card.metrics["parameters"]
