import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from facestats._util.resources import bundled
from facestats.classify.onnx import OnnxClassifier
from facestats.datasets.faces import load_faces
from facestats.errors import (
    DataError,
    DeviceError,
    MissingInputError,
    ModelError,
    OutputError,
    UnknownNameError,
    UsageError,
)
from facestats.evaluation.accuracy import evaluate
from facestats.models.registry import choose_models, find_models
from facestats.options import DEFAULT_DETECTOR
from facestats.training import run
from facestats.training.cards import _group_lines
from facestats.training.export import read_safetensors
from facestats.training.limits import LIMITS
from facestats.training.origins import learned_sources
from facestats.training.recipes import Recipe, recipe_toml, recipe_values
from facestats.training.run import train_model

QUICK = Recipe(("gender",), network="mini_xception", epochs=1, batch_size=8)


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
    model = train_model(
        replace(QUICK, attributes=(attribute,)), [data], tmp_path / "models" / "mine", command="facestats train"
    )
    assert capfd.readouterr().out == ""
    assert sorted(path.name for path in model.folder.iterdir()) == [
        "card.json", "card.md", "curves.csv", "model.onnx", "weights.safetensors",
    ]  # fmt: skip
    found = choose_models({name: "none" for name in COLUMNS if name != attribute}, [tmp_path / "models"])[attribute]
    assert found.card == model.card
    assert found.name == "mine"
    faces = load_faces(data, attribute, "validation")
    scores = evaluate(found, faces)
    recorded = found.card.metrics["validation"][attribute]
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
    model = train_model(QUICK, [write_faces(COLUMNS["gender"])], tmp_path / "mine")
    classifier = OnnxClassifier(model)
    crops = np.random.default_rng(0).integers(0, 256, (4, 48, 48, 3)).astype(np.uint8)
    logits, familiarity = classifier.logits(crops)["gender"], model.card.familiarity
    flatter = (
        1.0 if familiarity is None else np.asarray(familiarity.divisors(logits)).reshape(-1, 1)
    )  # noise is no face
    scaled = logits / (model.card.heads[0].temperature * flatter)
    expected = np.exp(scaled) / np.exp(scaled).sum(axis=1, keepdims=True)
    assert np.allclose(classifier.classify(crops)["gender"].probabilities, expected, atol=1e-5)


def test_the_card_names_data_and_terms(write_faces, tmp_path):
    card = train_model(replace(QUICK, attributes=("age",)), [write_faces(COLUMNS["age"])], tmp_path / "mine").card
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
    train_model(QUICK, [data], tmp_path / "mine")
    with pytest.raises(OutputError, match="already holds a model"):
        train_model(QUICK, [data], tmp_path / "mine")
    again = train_model(replace(QUICK, seed=1), [data], tmp_path / "mine", overwrite=True)
    assert find_models([tmp_path / "mine"])["mine"].verify() == again.card.files["model.onnx"]


def test_goes_on_from_the_checkpoint_of_the_folder(write_faces, tmp_path, monkeypatch):
    data, out = write_faces(COLUMNS["gender"]), tmp_path / "mine"

    def fail(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(run, "write_model", fail)
        with pytest.raises(KeyboardInterrupt):
            train_model(QUICK, [data], out)
    assert sorted(path.name for path in out.iterdir()) == ["curves.csv", "training.pt"]
    with pytest.raises(OutputError, match="belongs to another training"):
        train_model(replace(QUICK, seed=1), [data], out)
    monkeypatch.setattr("facestats.training.fitting.augment", None)  # would fail if it trained again
    train_model(QUICK, [data], out)
    assert not (out / "training.pt").exists()


def test_a_data_file_that_changed_since_the_checkpoint_is_told_before_faces_are_cropped(
    write_faces, tmp_path, monkeypatch
):
    data, out = write_faces(COLUMNS["gender"]), tmp_path / "mine"
    monkeypatch.setattr(run, "write_model", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train_model(QUICK, [data], out)
    write_faces({**COLUMNS["gender"], "source": ["utkface"] * 60})
    monkeypatch.setattr(run, "gather", lambda *_, **__: pytest.fail("faces were cropped"))
    with pytest.raises(OutputError, match=r"another training \(data faces\.parquet changed since\): use --no-resume"):
        train_model(QUICK, [data], out)


def test_without_resuming_it_starts_anew(write_faces, tmp_path):
    data, out = write_faces(COLUMNS["gender"]), tmp_path / "mine"
    out.mkdir()
    (out / "training.pt").write_bytes(b"damaged")
    train_model(QUICK, [data], out, resume=False)


def test_too_few_validation_rows(write_faces, tmp_path):
    data = write_faces({"gender": ["male"] * 5, "split": ["train"] * 4 + ["validation"]})
    with pytest.raises(DataError, match="1 validation rows for gender are too few to calibrate"):
        train_model(QUICK, [data], tmp_path / "mine")


def test_wrong_calls_leave_no_folder(write_faces, tmp_path):
    with pytest.raises(MissingInputError):
        train_model(QUICK, [tmp_path / "no.parquet"], tmp_path / "mine")
    with pytest.raises(DeviceError):
        train_model(QUICK, [write_faces(COLUMNS["gender"])], tmp_path / "mine", device="tpu")
    with pytest.raises(UnknownNameError, match="haar"):
        train_model(QUICK, [write_faces(COLUMNS["gender"])], tmp_path / "mine", detector="haar")
    wrong = {**COLUMNS["gender"], "gender": ["femail", *COLUMNS["gender"]["gender"][1:]]}
    with pytest.raises(DataError, match="'femail' is not one of female, male"):
        train_model(QUICK, [write_faces(wrong)], tmp_path / "mine")
    with pytest.raises(DataError):
        train_model(replace(QUICK, attributes=("makeup",)), [write_faces(COLUMNS["gender"])], tmp_path / "mine")
    expression = bundled("models") / "expression"
    with pytest.raises(ModelError, match="knows nothing of gender"):
        train_model(QUICK, [write_faces(COLUMNS["gender"])], tmp_path / "mine", teachers=[expression])
    with pytest.raises(ModelError, match="the model to start from is no MiniXception"):
        train_model(QUICK, [write_faces(COLUMNS["gender"])], tmp_path / "mine", start=expression)
    assert not (tmp_path / "mine").exists()


def test_several_attributes_of_several_files(write_faces, tmp_path):
    ages = write_faces({**COLUMNS["age"], **COLUMNS["gender"]}, "ages.parquet")
    makeup = write_faces(COLUMNS["makeup"], "makeup.parquet")
    recipe = replace(QUICK, attributes=("gender", "age", "makeup"))
    model = train_model(recipe, [ages, makeup], tmp_path / "mine", command="facestats train people")
    card, text = model.card, (tmp_path / "mine" / "card.md").read_text()
    assert card.attributes == ("gender", "age", "makeup")
    n_of = {name: scores["n"] for name, scores in card.metrics["validation"].items()}
    assert n_of["gender"] == n_of["age"] + n_of["makeup"]
    assert set(card.metrics["validation"]["gender"]["groups"]["source"]["groups"]) == {"fairface", "celeba"}
    for title in ("## Gender", "## Age", "## Makeup"):
        assert title in text
    assert "facestats train people" in text
    assert LIMITS["makeup"] in card.limits
    curves = pd.read_csv(tmp_path / "mine" / "curves.csv")
    assert curves["attribute"].tolist() == ["gender", "age", "makeup"]
    assert (curves[["training_loss", "validation_loss"]] > 0).all(axis=None)
    assert set(OnnxClassifier(model).classify(np.zeros((1, 48, 48, 3), np.uint8))) == set(card.attributes)


def test_a_file_serves_what_it_has_labels_for_in_a_split(write_faces, tmp_path):
    """One file without validation rows, and one without a single age, beside a whole one."""
    extra = write_faces({"gender": ["male"] * 4, "split": ["train"] * 4}, "extra.parquet")
    no_ages = rows(age_min=[None], age_max=[None], gender=["female", "male"])
    no_ages = write_faces(
        {**no_ages, "age_min": np.full(60, np.nan), "age_max": np.full(60, np.nan)}, "no-ages.parquet"
    )
    ages = write_faces(COLUMNS["age"], "ages.parquet")
    model = train_model(replace(QUICK, attributes=("gender", "age")), [extra, no_ages, ages], tmp_path / "mine")
    assert model.card.metrics["validation"]["age"]["n"] == model.card.metrics["validation"]["gender"]["n"]
    assert set(model.card.metrics["faces_found"]) == {
        "unnamed (training)", "fairface (training)", "utkface (training)",
        "unnamed (validation)", "fairface (validation)", "utkface (validation)",
    }  # fmt: skip


def test_the_card_holds_the_whole_recipe(write_faces, tmp_path):
    data, recipe = write_faces(COLUMNS["gender"]), replace(QUICK, seed=7, bfloat16=False)
    card = train_model(recipe, [data], tmp_path / "mine").card
    assert card.metrics["recipe"] == recipe_values(recipe)
    assert recipe_toml(recipe) in (tmp_path / "mine" / "card.md").read_text()
    assert card.metrics["detector"].startswith(DEFAULT_DETECTOR)


def test_groups_large_enough_are_compared_in_the_card():
    def of(accuracies, n=60):
        return {
            name: {"n": n, "accuracy": accuracy, "coverage": 0.5, "covered_accuracy": accuracy and 0.9}
            for name, accuracy in accuracies.items()
        }

    groups = {
        "race": {
            "groups": of({name: k / 10 for k, name in enumerate("abcdefghij")}),
            "gap": 0.9,
            "covered_gap": 0.4,
        },
        "gender": {"groups": of({"x": 0.5}) | of({"y": 0.1}, n=3), "gap": None, "covered_gap": None},
    }
    text = "\n".join(_group_lines(groups))
    assert "By race (the best and the worst three of 10), worst 90.0 points behind best, verdicts 40.0:" in text
    for name, shown in (("a", True), ("c", True), ("d", False), ("g", False), ("h", True), ("j", True)):
        assert (f"| {name} | 60 |" in text) == shown
    assert "gender" not in text
    assert "| b | 60 | 0.100 | 50.0% | 90.0% |" in text


def test_an_attribute_that_no_file_has(write_faces, tmp_path):
    with pytest.raises(DataError, match=r"no train row of faces\.parquet has a label for makeup"):
        train_model(
            replace(QUICK, attributes=("gender", "makeup")), [write_faces(COLUMNS["gender"])], tmp_path / "mine"
        )


def test_small_faces_have_temperatures_of_their_own(write_faces, tmp_path):
    card = train_model(QUICK, [write_faces(COLUMNS["gender"])], tmp_path / "mine").card
    (head,) = card.heads
    assert [pixels for pixels, _ in head.temperatures] == [12, 16, 24, 32, 48]
    assert head.temperatures[-1][1] == head.temperature
    assert [row["pixels"] for row in card.metrics["when_small"]["gender"]] == [12, 16, 24, 32]
    assert find_models([tmp_path / "mine"])["mine"].card == card


TWO_SOURCES = {**COLUMNS["gender"], "source": (["fairface", "lfw"] * 30)}


def test_a_source_that_is_kept_out_is_scored_on_and_never_learned_from(write_faces, tmp_path):
    data, recipe = write_faces(TWO_SOURCES), replace(QUICK, unseen=("lfw",))
    card = train_model(recipe, [data], tmp_path / "mine").card
    assert card.metrics["unseen"]["lfw"]["gender"]["n"] == 30  # of both splits
    assert set(card.metrics["sources"]) == {"fairface"}
    assert set(card.metrics["validation"]["gender"]["groups"]["source"]["groups"]) == {"fairface"}
    assert set(card.metrics["faces_found"]) == {"fairface (training)", "fairface (validation)"}
    assert "unseen source lfw" in card.figures()["scores"]["faces"].tolist()
    text = (tmp_path / "mine" / "card.md").read_text()
    assert "On faces of sources that training never saw" in text
    assert "| lfw | 30 |" in text
    with pytest.raises(ModelError, match="mine was trained on fairface, which the recipe names as unseen"):
        train_model(replace(QUICK, unseen=("fairface",)), [data], tmp_path / "other", teachers=[tmp_path / "mine"])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"unseen": ("genki",)}, "no row is of genki, which the recipe names; the data has fairface, lfw"),
        ({"sources": ("genki",)}, "no row is of genki"),
        ({"unseen": ("fairface", "lfw")}, "no train row with a label for gender is of"),
    ],
)
def test_sources_that_the_data_does_not_have(write_faces, tmp_path, changes, told):
    with pytest.raises(DataError, match=told):
        train_model(replace(QUICK, **changes), [write_faces(TWO_SOURCES)], tmp_path / "mine")


def test_faces_without_labels_are_learned_from_a_teacher(write_faces, tmp_path):
    data, recipe = write_faces(TWO_SOURCES), replace(QUICK, sources=("fairface",))
    teacher = train_model(recipe, [data], tmp_path / "teacher").folder
    more = write_faces(rows(source=["celeba"]), "more.parquet")
    recipe = replace(recipe, unlabelled=("celeba",), unseen=("lfw",))
    with pytest.raises(UsageError, match="celeba is learned from teachers alone: name one with --teacher"):
        train_model(recipe, [data, more], tmp_path / "mine")
    card = train_model(recipe, [data, more], tmp_path / "mine", teachers=[teacher]).card
    assert set(card.metrics["sources"]) == {"fairface"}
    assert 40 <= card.metrics["unlabelled"]["celeba"] < 60  # its training rows
    assert "From teachers alone: CelebA" in card.data
    assert learned_sources(card) == ("fairface", "celeba")  # so neither can be called unseen
    with pytest.raises(DataError, match="no row is of genki, which the recipe names as unlabelled"):
        train_model(replace(recipe, unlabelled=("genki",)), [data], tmp_path / "other", teachers=[teacher])


def test_rare_classes_are_no_longer_expected_to_be_rare(write_faces, tmp_path):
    data = write_faces(rows(gender=["female", "male", "male", "male"]))
    plain, flat = (train_model(replace(QUICK, flattened=share), [data], tmp_path / f"{share}") for share in (0.0, 1.0))
    crops = np.random.default_rng(0).integers(0, 256, (4, 48, 48, 3)).astype(np.uint8)
    plain, flat = (OnnxClassifier(model).logits(crops)["gender"] for model in (plain, flat))
    gained = (flat[:, 0] - flat[:, 1]) - (plain[:, 0] - plain[:, 1])
    assert gained == pytest.approx(np.log(3), abs=0.3)  # about three men for a woman in the training rows


def test_the_last_layer_alone_is_learned_anew(write_faces, tmp_path):
    data = write_faces(COLUMNS["gender"])
    recipe = replace(QUICK, network="residual")
    with pytest.raises(UsageError, match="learns the last layer of a trained model anew: name one with --start"):
        train_model(replace(recipe, last_layer=0.1), [data], tmp_path / "last")
    first = train_model(recipe, [data], tmp_path / "first").folder
    with pytest.raises(UsageError, match="learns from labels alone: leave out --teacher"):
        train_model(replace(recipe, last_layer=0.1), [data], tmp_path / "last", start=first, teachers=[first])
    expression = bundled("models") / "expression"
    with pytest.raises(ModelError, match="does not fit the network ResidualNet"):
        train_model(replace(recipe, last_layer=0.1), [data], tmp_path / "last", start=expression)
    assert not (tmp_path / "last").exists()
    last = train_model(replace(recipe, last_layer=0.1), [data], tmp_path / "last", start=first)
    ours, theirs = (read_safetensors(folder / "weights.safetensors") for folder in (last.folder, first))
    changed = {name for name, weight in ours.items() if not weight.equal(theirs[name])}
    assert changed == {"heads.gender.weight", "heads.gender.bias"}
    assert last.card.metrics["start"]["name"] == "first"


def test_further_properties_are_told_of_in_the_card(write_faces, tmp_path):
    data = write_faces(COLUMNS["makeup"])
    further = tmp_path / "further.parquet"
    pd.DataFrame({"name": [f"face {i}" for i in range(60)], "hat": True, "smiling": False, "no": 3}).to_parquet(further)
    recipe = replace(QUICK, attributes=("makeup",), balance={"makeup": "gender"})
    model = train_model(recipe, [data], tmp_path / "mine", further=further)
    n = model.card.metrics["sources"]["celeba"]
    assert f"it also learned 2 further properties of {n} of these images (further.parquet)" in model.card.data
    assert model.card.attributes == ("makeup",)
    assert model.card.metrics["recipe"]["balance"] == {"makeup": "gender"}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"hat": [True]}, "no column 'name'"),
        ({"name": ["a", "a"], "hat": [True, False]}, "names a twice"),
        ({"name": ["a"], "hat": [1]}, "no column of true and false"),
    ],
)
def test_further_properties_that_are_none(write_faces, tmp_path, table, words):
    further = tmp_path / "further.parquet"
    pd.DataFrame(table).to_parquet(further)
    with pytest.raises(DataError, match=words):
        train_model(QUICK, [write_faces(COLUMNS["gender"])], tmp_path / "mine", further=further)


def test_groups_are_weighed_by_a_teacher_alone(write_faces, tmp_path):
    recipe = replace(QUICK, robust={"gender": "race"})
    with pytest.raises(
        UsageError,
        match=r"\[robust\] counts groups .* model of gender .* by teachers, or take",
    ):
        train_model(recipe, [write_faces(COLUMNS["gender"])], tmp_path / "mine")
