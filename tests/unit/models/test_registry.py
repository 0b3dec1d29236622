import hashlib
from dataclasses import replace

import numpy as np
import pytest
from commands import run

from facestats._util.resources import bundled
from facestats.classify.crops import FRAMING
from facestats.errors import ModelError, UnknownNameError
from facestats.models.attributes import ATTRIBUTE_CLASSES, track_temperature_key
from facestats.models.cards import Card, Head
from facestats.models.registry import DEFAULT_MODELS, Model, choose_models, find_models, thresholds
from facestats.training.networks import NETWORKS

GENDER = Head("gender", "gender", ("female", "male"))


def write_model(folder, card, onnx=b"onnx"):
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(onnx)
    card = replace(card, files={"model.onnx": hashlib.sha256(onnx).hexdigest()})
    (folder / "card.json").write_text(card.to_json())
    return folder


class TestVerify:
    def test_hash_of_the_file_that_runs(self, tmp_path):
        folder = write_model(tmp_path / "mine", Card("mine", (GENDER,)))
        assert find_models([folder])["mine"].verify() == hashlib.sha256(b"onnx").hexdigest()

    def test_changed(self, tmp_path):
        folder = write_model(tmp_path / "mine", Card("mine", (GENDER,)))
        (folder / "model.onnx").write_bytes(b"other")
        with pytest.raises(ModelError, match=r"model\.onnx is not the file that its card vouches for"):
            find_models([folder])["mine"].verify()

    def test_vouched_for_and_absent(self, tmp_path):
        folder = write_model(tmp_path / "mine", Card("mine", (GENDER,)))
        (folder / "model.onnx").unlink()
        with pytest.raises(ModelError, match=r"model 'mine' lacks .*model\.onnx"):
            find_models([folder])["mine"].verify()

    def test_a_card_alone(self, tmp_path):
        with pytest.raises(ModelError, match=r"neither model\.onnx nor weights\.safetensors"):
            Model(tmp_path, Card("mine", (GENDER,))).verify()


class TestFindAndChoose:
    def test_a_folder_of_models_and_a_models_own_folder(self, tmp_path):
        write_model(tmp_path / "all" / "one", Card("one", (GENDER,)))
        write_model(tmp_path / "all" / "two", Card("two", (GENDER,)))
        assert {"one", "two"} <= set(find_models([tmp_path / "all"]))
        assert "two" not in find_models([tmp_path / "all" / "one"])

    def test_one_bad_card_hides_no_other_and_is_told(self, tmp_path, capsys):
        write_model(tmp_path / "all" / "good", Card("good", (GENDER,)))
        bad = write_model(tmp_path / "all" / "bad", Card("bad", (GENDER,))) / "card.json"
        bad.write_text(bad.read_text().replace('"threshold": 0.5', '"threshold": "high"'))
        assert {"good", "people"} <= set(find_models([tmp_path / "all"]))
        assert "bad" not in find_models([tmp_path / "all"])
        with pytest.warns(UserWarning, match=r"model bad is left out: .*heads\[0\]\.threshold must be a number"):
            assert choose_models({}, [tmp_path / "all"])["gender"].name == "good"
        with pytest.raises(ModelError, match="threshold must be a number, not 'high'"):
            choose_models({"gender": "bad"}, [tmp_path / "all"])
        with pytest.raises(ModelError, match="threshold must be a number"):
            find_models([tmp_path / "all" / "bad"])  # there is no other
        code, out, _ = run(capsys, "models", "list", "--models-path", tmp_path / "all")
        assert code == 0
        assert "threshold must be a number" in out

    def test_the_users_model_hides_a_shipped_one(self, tmp_path):
        name = DEFAULT_MODELS["gender"]
        folder = write_model(tmp_path / name, Card(name, (GENDER,)))
        assert find_models([folder])[name].folder == folder

    @pytest.mark.parametrize("folder", ["nowhere", "."])
    def test_no_model_there(self, tmp_path, folder):
        with pytest.raises(UnknownNameError, match=r"no model in .*: --models-path needs a folder with a card\.json"):
            find_models([tmp_path / folder])

    def test_a_users_model_is_preferred(self, tmp_path):
        write_model(tmp_path / "both", Card("both", (GENDER, Head("makeup", "m", ("none", "over")))))
        chosen = choose_models({"expression": "none", "age": "none"}, [tmp_path])
        assert {attribute: model.name for attribute, model in chosen.items()} == {"gender": "both", "makeup": "both"}

    def test_selection(self, tmp_path):
        write_model(tmp_path / "mine", Card("mine", (GENDER,)))
        others = {"expression": "none", "age": "none", "makeup": "none"}
        assert choose_models({**others, "gender": "mine"}, [tmp_path])["gender"].name == "mine"
        with pytest.raises(UnknownNameError, match="unknown model 'yours'; there are "):
            choose_models({**others, "gender": "yours"}, [tmp_path])
        with pytest.raises(UnknownNameError, match="model 'mine' does not predict makeup, only gender"):
            choose_models({**others, "makeup": "mine"}, [tmp_path])
        with pytest.raises(UnknownNameError, match="unknown attribute 'mood'"):
            choose_models({"mood": "mine"})

    def test_thresholds_come_from_the_cards(self, tmp_path):
        card = Card("mine", (replace(GENDER, threshold=0.77),))
        assert thresholds({"gender": Model(tmp_path, card)}) == {"gender": 0.77}

    def test_so_do_temperatures_of_tracks(self, tmp_path):
        card = Card("mine", (replace(GENDER, threshold=0.77, track_temperature=1.5),))
        found = thresholds({"gender": Model(tmp_path, card)})
        assert found == {"gender": 0.77, track_temperature_key("gender"): 1.5}


def validation_scores(card, attribute):
    """The figures of one attribute; older cards hold those of their only one."""
    scores = card.metrics["validation"]
    return scores.get(attribute, scores)


class TestShippedModels:
    @pytest.mark.parametrize("attribute", list(ATTRIBUTE_CLASSES))
    def test_folder_is_whole_and_runs(self, attribute):
        from facestats.classify.onnx import OnnxClassifier

        model = find_models()[DEFAULT_MODELS[attribute]]
        names = {path.name for path in model.folder.iterdir()}
        assert {"model.onnx", "weights.safetensors", "card.json", "card.md"} == names - {"curves.csv", "ranges.json"}
        assert set(model.card.files) == names & {"model.onnx", "weights.safetensors", "ranges.json"}
        assert model.card.framing == FRAMING
        assert attribute in model.card.attributes
        assert model.card.network in NETWORKS
        side = model.card.input_size
        predictions = OnnxClassifier(model).classify(np.zeros((3, side, side, 3), np.uint8))[attribute]
        (head,) = (head for head in model.card.heads if head.attribute == attribute)
        assert predictions.probabilities.shape == (3, len(head.classes))
        if attribute == "age":
            assert predictions.classes == tuple(str(year) for year in range(101))
        else:
            assert predictions.classes == ATTRIBUTE_CLASSES[attribute]

    @pytest.mark.parametrize("attribute", list(ATTRIBUTE_CLASSES))
    def test_both_files_hold_the_same_network(self, attribute):
        import torch

        from facestats.classify.onnx import OnnxClassifier
        from facestats.models.runtime import open_session
        from facestats.training.export import load_weights, network_of, read_safetensors
        from facestats.training.fitting import network_logits

        model = find_models()[DEFAULT_MODELS[attribute]]
        weights = read_safetensors(model.folder / "weights.safetensors")
        network = load_weights(network_of(model.card), weights, "weights")
        side = model.card.input_size
        crops = np.random.default_rng(0).integers(0, 256, (8, side, side, 3)).astype(np.uint8)
        assert not network.training
        assert all(weight.dtype in (torch.float32, torch.int64) for weight in weights.values())
        expected = network_logits(network, crops, model.card.input_color)[attribute]
        classifier = OnnxClassifier(model)
        classifier._session = open_session(model.onnx_file())  # with all bits
        assert np.abs(classifier.logits(crops)[attribute] - expected).max() < 1e-4

    def test_expressions_hold_on_faces_of_sources_that_training_never_saw(self):
        scores = find_models()["expression"].card.figures()["scores"].set_index("faces")
        assert scores.loc["unseen source lfw", "accuracy"] >= 0.87
        assert scores.loc["unseen source ckplus", "accuracy"] >= 0.67
        assert scores.loc["unseen source lfw", "right_at_90"] >= 0.9

    @pytest.mark.parametrize(
        ("attribute", "figure", "floor"),
        [
            ("expression", "majority_accuracy", 0.85),
            ("gender", "accuracy", 0.91),
            ("age", "group_accuracy", 0.76),
            ("makeup", "balanced_accuracy", 0.77),
        ],
    )
    def test_cards_report_what_a_person_needs(self, attribute, figure, floor):
        model = find_models()[DEFAULT_MODELS[attribute]]
        card, text = model.card, (model.folder / "card.md").read_text(encoding="utf-8")
        scores = validation_scores(card, attribute)
        if attribute == "expression":
            scores = {**scores, "majority_accuracy": scores["majority"]["accuracy"]}
        assert scores[figure] >= floor
        assert scores["n"] > 1000
        for part in (card.data, card.licence, card.limits, "facestats train"):
            assert part
            assert part in text
        assert "non-commercial" in card.licence
        assert attribute != "gender" or "Perceived" in card.limits

    def test_a_fresh_measurement_agrees_with_the_card(self, data_folder, tmp_path, monkeypatch):
        """The first validation rows of the makeup data, through detection, alignment and the ONNX file."""
        import pandas as pd

        from facestats.datasets.faces import load_faces
        from facestats.datasets.labelled import read_table
        from facestats.evaluation.accuracy import evaluate

        monkeypatch.setenv("FACESTATS_CACHE", str(tmp_path))
        table = read_table(data_folder / "makeup.parquet", "makeup", "validation").head(150)
        pd.DataFrame(table).to_parquet(tmp_path / "some.parquet")
        model = find_models()[DEFAULT_MODELS["makeup"]]
        scores = evaluate(model, load_faces(tmp_path / "some.parquet", "makeup", size=model.card.input_size))
        assert scores["faces_found"] > 0.95
        # 150 rows: three standard errors are 12 points.
        assert scores["accuracy"] == pytest.approx(validation_scores(model.card, "makeup")["accuracy"], abs=0.12)


def test_shipped_models_lie_in_the_bundled_folder():
    assert {model.folder.parent for model in find_models().values()} == {bundled("models")}


def test_a_card_by_name():
    import facestats as fs

    assert fs.models.card("people").attributes == ("gender", "age", "makeup")
    assert set(fs.models.card("centerface").figures()) == {"reliability"}
    assert {"scores", "sizes"} <= set(fs.models.card("fast").figures())
    with pytest.raises(UnknownNameError, match=r"unknown model 'haar'; there are expression, people, centerface, fast"):
        fs.models.card("haar")
