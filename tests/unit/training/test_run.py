import json
from dataclasses import replace

import numpy as np
import pytest

from facestats.classify.onnx import OnnxClassifier
from facestats.errors import DataError, DeviceError, MissingInputError, OutputError
from facestats.evaluation.accuracy import evaluate
from facestats.models import choose_models, find_models
from facestats.training import run
from facestats.training.datasets import load_faces
from facestats.training.fitting import Recipe
from facestats.training.run import train_model, training_command

QUICK = Recipe(epochs=1, batch_size=8)


def rows(n=60, **labels):
    """Columns of n rows with names: about a tenth of them are validation rows, in both halves."""
    return {"name": [f"face {i}" for i in range(n)], **{name: (values * n)[:n] for name, values in labels.items()}}


COLUMNS = {
    "expression": rows(fer2013_label=["anger", "neutral", "fear"]),
    "gender": rows(gender=["female", "male"], source=["fairface"]),
    "age": rows(age_min=[20, 33, 70], age_max=[29, 33, 116], source=["fairface", "utkface", "fairface"]),
    "makeup": rows(makeup=["none", "over", "partial"], gender=["male", "female", "female"], source=["celeba"]),
}


@pytest.mark.parametrize("attribute", list(COLUMNS))
def test_from_a_data_file_to_a_model_that_runs(write_faces, tmp_path, attribute, capfd):
    data = write_faces(COLUMNS[attribute])
    model = train_model(attribute, data, tmp_path / "models" / "mine", recipe=QUICK)
    assert capfd.readouterr().out == ""
    assert sorted(path.name for path in model.folder.iterdir()) == [
        "card.json", "card.md", "model.onnx", "weights.safetensors",
    ]  # fmt: skip
    found = choose_models({name: "none" for name in COLUMNS if name != attribute}, [tmp_path / "models"])[attribute]
    assert found.card == model.card
    assert found.name == "mine"
    faces = load_faces(data, attribute, "validation")
    scores = evaluate(found, faces)
    recorded = found.card.metrics["validation"]
    assert scores["n"] == recorded["n"] == len(faces)
    assert scores["confusion"] == recorded["confusion"]
    assert scores["ece"] == pytest.approx(recorded["ece"], abs=1e-3)
    (head,) = found.card.heads
    assert head.temperature > 0
    assert 0 < head.threshold < 1
    text = (model.folder / "card.md").read_text()
    assert f"# mine\n\nPredicts {attribute}" in text
    assert "\nfacestats train" in text


def test_predictions_use_the_fitted_temperature(write_faces, tmp_path):
    model = train_model("gender", write_faces(COLUMNS["gender"]), tmp_path / "mine", recipe=QUICK)
    classifier = OnnxClassifier(model)
    crops = np.random.default_rng(0).integers(0, 256, (4, 48, 48, 3)).astype(np.uint8)
    scaled = classifier.logits(crops)["gender"] / model.card.heads[0].temperature
    expected = np.exp(scaled) / np.exp(scaled).sum(axis=1, keepdims=True)
    assert np.allclose(classifier.classify(crops)["gender"].probabilities, expected, atol=1e-5)


def test_the_card_names_data_and_terms(write_faces, tmp_path):
    card = train_model("age", write_faces(COLUMNS["age"]), tmp_path / "mine", recipe=QUICK).card
    assert "FairFace" in card.data
    assert "UTKFace" in card.data
    assert card.licence.startswith("Trained on ")
    assert "fairface (CC BY 4.0)" in card.licence
    assert "utkface (non-commercial research)" in card.licence
    assert card.licence.endswith("Use these weights for non-commercial research only.")
    assert card.metrics["faces_found"]["utkface (training)"] == 1
    json.loads((tmp_path / "mine" / "card.json").read_text())


def test_a_finished_model_is_not_trained_over(write_faces, tmp_path):
    data = write_faces(COLUMNS["gender"])
    train_model("gender", data, tmp_path / "mine", recipe=QUICK)
    with pytest.raises(OutputError, match="already holds a model"):
        train_model("gender", data, tmp_path / "mine", recipe=QUICK)
    again = train_model("gender", data, tmp_path / "mine", recipe=replace(QUICK, seed=1), overwrite=True)
    assert find_models([tmp_path / "mine"])["mine"].verify() == again.card.files["model.onnx"]


def test_goes_on_from_the_checkpoint_of_the_folder(write_faces, tmp_path, monkeypatch):
    data, out = write_faces(COLUMNS["gender"]), tmp_path / "mine"

    def fail(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(run, "write_model", fail)
        with pytest.raises(KeyboardInterrupt):
            train_model("gender", data, out, recipe=QUICK)
    assert [path.name for path in out.iterdir()] == ["training.pt"]
    with pytest.raises(OutputError, match="belongs to another training"):
        train_model("gender", data, out, recipe=replace(QUICK, seed=1))
    monkeypatch.setattr("facestats.training.fitting.augment", None)  # would fail if it trained again
    train_model("gender", data, out, recipe=QUICK)
    assert not (out / "training.pt").exists()


def test_without_resuming_it_starts_anew(write_faces, tmp_path):
    data, out = write_faces(COLUMNS["gender"]), tmp_path / "mine"
    out.mkdir()
    (out / "training.pt").write_bytes(b"damaged")
    train_model("gender", data, out, recipe=QUICK, resume=False)


def test_too_few_validation_rows(write_faces, tmp_path):
    data = write_faces({"gender": ["male"] * 5, "split": ["train"] * 4 + ["validation"]})
    with pytest.raises(DataError, match="1 validation rows are too few to calibrate"):
        train_model("gender", data, tmp_path / "mine", recipe=QUICK)


def test_wrong_calls_leave_no_folder(write_faces, tmp_path):
    with pytest.raises(MissingInputError):
        train_model("gender", tmp_path / "no.parquet", tmp_path / "mine")
    with pytest.raises(DeviceError):
        train_model("gender", write_faces(COLUMNS["gender"]), tmp_path / "mine", device="tpu")
    with pytest.raises(DataError):
        train_model("makeup", write_faces(COLUMNS["gender"]), tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_command_names_another_size(tmp_path):
    assert training_command("age", tmp_path / "a b.parquet", Recipe(), 64).endswith("--seed 0 --size 64")
    assert "--data 'a b.parquet'" in training_command("age", tmp_path / "a b.parquet", Recipe())
