import json

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from commands import run

from facestats.models.cards import Card, Head
from facestats.models.registry import DEFAULT_MODELS
from facestats.training.export import network_of, write_model

FIGURES = ("accuracy", "balanced_accuracy", "ece", "confusion", "n")


def message(err):
    """The one line that an error prints; progress bars may stand before it."""
    assert "Traceback" not in err
    (line,) = [line for line in err.replace("\r", "\n").splitlines() if line.startswith("facestats: ")]
    return line


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FACESTATS_CACHE", str(tmp_path / "cache"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def data(tmp_path, portrait):
    """40 rows of one face in several encodings, labelled for every attribute."""
    face = cv2.cvtColor(cv2.resize(portrait[125:345, 160:380], (96, 96)), cv2.COLOR_RGB2BGR)
    kinds = [
        (".png", face),
        (".jpg", cv2.resize(face, (70, 70))),
        (".webp", cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)),
        (".png", face.astype(np.uint16) * 257),
    ]
    images = [cv2.imencode(kind, image)[1].tobytes() for kind, image in kinds] * 10
    frame = pd.DataFrame(
        {
            "image": images,
            "split": ["train", "train", "train", "validation"] * 10,
            "name": [f"face {i}" for i in range(40)],
            "gender": ["female", "male"] * 20,
            "fer2013_label": ["happiness", "neutral"] * 20,
            "makeup": ["none", "over"] * 20,
            "age_min": [20, 42] * 20,
            "age_max": [29, 42] * 20,
        }
    )
    frame.to_parquet(tmp_path / "faces.parquet")
    return tmp_path / "faces.parquet"


@pytest.fixture
def own_model(tmp_path):
    card = Card("mine", (Head("gender", "gender", ("female", "male")),), network="mini_xception", input_color="gray")
    return write_model(tmp_path / "mine", network_of(card).eval(), card).folder


class TestTrain:
    def test_a_recipe_of_ones_own_trains_the_detector(self, data, tmp_path, capsys):
        path = tmp_path / "mine.toml"
        path.write_text('kind = "detector"\nsteps = 2\n')
        arguments = ["train", path, "--data", data, "--out", tmp_path / "out"]
        code, _, err = run(capsys, *arguments, "--epochs", 3)
        assert code == 2
        assert f"--epochs is not for training {path}" in message(err)
        code, _, err = run(capsys, *arguments)
        assert code == 3
        assert "no column 'boxes'" in message(err)
        path.write_text('kind = "detector"\nside = 100\n')
        code, _, err = run(capsys, *arguments)
        assert code == 2
        assert "mine.toml: side must be a multiple of 32, not 100" in message(err)

    def test_photos_that_nobody_boxed(self, face_png, tmp_path, capsys):
        rows = {"image": [face_png] * 20, "name": list("abcdefghijklmnopqrst"), "boxes": [[]] * 20, "boxed": "none"}
        pd.DataFrame(rows).to_parquet(tmp_path / "wild.parquet")
        cases = ("detector", "or a first one, in which somebody did"), ("faceness", "give photos of both kinds")
        for recipe, told in cases:
            files = ("--data", tmp_path / "wild.parquet", "--out", tmp_path / "out")
            code, _, err = run(capsys, "train", recipe, *files, "--progress", "none")
            assert code == 3
            assert message(err).endswith(told)

    def test_the_detector_is_told_all_its_files_and_the_card_what_makes_it_again(self, tmp_path, capsys, monkeypatch):
        from facestats.errors import DataError
        from facestats.training.detector import run as training

        calls = []

        def watched(*arguments, **options):
            calls.append((arguments, options))
            raise DataError("enough")

        monkeypatch.setattr(training, "train_detector", watched)
        files = [tmp_path / name for name in ("a.parquet", "b.parquet", "c.parquet")]
        options = ["--data", files[0], "--data", files[1], "--check", files[2], "--teacher", "retinaface"]
        assert run(capsys, "train", "detector", *options, "--steps", 7)[0] == 3
        (((data, faces, _), told),) = calls
        assert (data, faces, told["check"], told["teachers"]) == (files[:2], [], files[2], ["retinaface"])
        assert told["recipe"].steps == 7
        words = "--data a.parquet --data b.parquet --check c.parquet --steps 7 --teacher retinaface"
        assert told["command"] == f"facestats train detector {words}"

    def test_whole_way_to_evaluate(self, data, tmp_path, capsys):
        out = tmp_path / "models" / "trial"
        code, printed, _ = run(
            capsys,
            "train",
            "gender",
            "--data",
            data,
            "--out",
            out,
            "--epochs",
            1,
            "--batch-size",
            8,
            "--color",
            "gray",
            "--network",
            "mini_xception",
        )
        assert code == 0
        assert "trial in " in printed
        assert "balanced accuracy" in printed
        assert Card.read(out / "card.json").input_color == "gray"
        code, printed, _ = run(
            capsys, "evaluate", "gender", "--data", data, "--split", "validation", "--models-path", out, "--json"
        )
        scores = json.loads(printed)
        assert code == 0
        assert scores["model"] == "trial"
        assert scores["n"] == 10
        assert scores["accuracy"] == Card.read(out / "card.json").metrics["validation"]["gender"]["accuracy"]

    def test_the_card_says_what_makes_the_model_again(self, data, tmp_path, capsys):
        out = tmp_path / "small"
        options = ["--epochs", 1, "--batch-size", 8, "--network", "mini_xception", "--size", 32, "--seed", 3]
        code, _, _ = run(capsys, "train", "gender", "--data", data, "--out", out, "--detector", "centerface", *options)
        assert code == 0
        command = next(
            line for line in (out / "card.md").read_text().splitlines() if line.startswith("facestats train")
        )
        assert command.startswith("facestats train gender --data faces.parquet")
        for words in ("--epochs 1", "--batch-size 8", "--network mini_xception", "--size 32", "--seed 3"):
            assert words in command
        assert "--detector centerface" in command
        assert Card.read(out / "card.json").metrics["detector"] == "centerface"

    def test_a_trained_model_can_teach_and_the_card_says_so(self, data, tmp_path, own_model, capsys):
        out = tmp_path / "student"
        options = ["--epochs", 1, "--batch-size", 8, "--network", "mini_xception", "--size", 32]
        code, _, _ = run(capsys, "train", "gender", "--data", data, "--out", out, "--teacher", own_model, *options)
        assert code == 0
        text = (out / "card.md").read_text()
        assert f"it learned what another network makes of the same images: {own_model.name} (mini_xception)" in text
        commands = [line for line in text.splitlines() if line.startswith("facestats train")]
        assert f"--teacher {own_model.name}" in commands[-1]
        (teacher,) = Card.read(out / "card.json").metrics["teachers"]
        assert teacher["name"] == own_model.name

    def test_the_card_says_what_makes_all_that_it_learned_from(self, data, tmp_path, capsys):
        options = ["--epochs", 1, "--batch-size", 8, "--network", "mini_xception", "--size", 32, "--data", data]
        for name, learns in (("a", []), ("b", ["--teacher", tmp_path / "a"]), ("c", ["--start", tmp_path / "b"])):
            assert run(capsys, "train", "gender", *options, *learns, "--out", tmp_path / name)[0] == 0
        text = (tmp_path / "c" / "card.md").read_text()
        first, second, third = [line for line in text.splitlines() if line.startswith("facestats train")]
        assert "--teacher" not in first
        assert "--teacher a" in second
        assert "--start b" in third
        assert "It went on from b (mini_xception, " in text

    def test_does_not_replace_a_model(self, data, own_model, capsys):
        code, _, err = run(capsys, "train", "gender", "--data", data, "--out", own_model, "--epochs", 1)
        assert code == 2
        assert "already holds a model: give another --out, or --overwrite" in message(err)

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (
                ["mood", "--data", "{data}"],
                "unknown recipe 'mood'; there are ",
            ),
            (["gender", "--data", "{tmp}/no.parquet"], "no data file at"),
            (["gender", "--data", "{data}", "--device", "tpu"], "unknown device 'tpu'"),
            (["gender", "--data", "{data}", "--teacher", "{tmp}"], "--teacher needs the folder of a trained model"),
            (["gender", "--data", "{data}", "--color", "bgr"], "input_color must be gray or rgb"),
            (
                ["gender", "--data", "{data}", "--network", "vgg"],
                "unknown network 'vgg'; there is mini_xception, residual",
            ),
        ],
    )
    def test_wrong_calls(self, data, tmp_path, capsys, arguments, told):
        filled = [part.format(data=data, tmp=tmp_path) for part in arguments]
        code, _, err = run(capsys, "train", *filled, "--out", tmp_path / "out")
        assert code == 2
        assert told in message(err)
        assert not (tmp_path / "out").exists()

    def test_no_gpu(self, data, tmp_path, capsys):
        if torch.cuda.is_available():
            pytest.skip("this machine has a GPU")
        code, _, err = run(capsys, "train", "gender", "--data", data, "--out", tmp_path / "out", "--device", "cuda")
        assert code == 2
        assert "needs an NVIDIA GPU" in message(err)


class TestEvaluate:
    @pytest.mark.parametrize("attribute", ["expression", "gender", "age", "makeup"])
    def test_one_json_object(self, data, attribute, capsys):
        code, out, _ = run(capsys, "evaluate", attribute, "--data", data, "--json")
        scores = json.loads(out)
        assert code == 0
        assert len(out.strip().splitlines()) == 1
        assert set(FIGURES) <= set(scores)
        assert scores["n"] == 40
        assert scores["faces_found"] == 1
        assert set(scores["confusion"]) == {"classes", "matrix"}
        if attribute == "age":
            assert scores["n_exact"] == 20
            assert scores["mae"] > 0
            assert scores["group_accuracy"] == scores["accuracy"]
        else:
            assert np.sum(scores["confusion"]["matrix"]) == 40

    def test_road(self, data, capsys):
        roads = {}
        for road in ("full", "crop"):
            code, out, _ = run(capsys, "evaluate", "gender", "--data", data, "--road", road, "--json")
            assert code == 0
            roads[road] = json.loads(out)
        assert roads["full"]["faces_found"] == 1
        assert roads["crop"]["faces_found"] is None
        assert roads["full"]["nll"] != roads["crop"]["nll"]

    def test_table(self, data, capsys):
        code, out, _ = run(capsys, "evaluate", "age", "--data", data, "--split", "validation")
        assert code == 0
        assert f"{DEFAULT_MODELS['age']} on faces.parquet, validation split:" in out
        assert "mean absolute error (years)" in out
        assert "labelled (rows) and predicted (columns)" in out

    def test_bins_that_span_groups_alone(self, data, tmp_path, capsys):
        frame = pd.read_parquet(data)
        bins = frame[frame["age_min"] != frame["age_max"]].assign(age_min=30, age_max=39)
        bins.to_parquet(tmp_path / "bins.parquet")
        code, out, _ = run(capsys, "evaluate", "age", "--data", tmp_path / "bins.parquet", "--json")
        assert code == 0
        assert json.loads(out)["accuracy"] is None
        code, out, _ = run(capsys, "evaluate", "age", "--data", tmp_path / "bins.parquet")
        assert "no row has an exact age" in out

    def test_image_and_label_are_enough(self, data, tmp_path, capsys):
        pd.read_parquet(data, columns=["image", "gender"]).to_parquet(tmp_path / "bare.parquet")
        code, out, _ = run(capsys, "evaluate", "gender", "--data", tmp_path / "bare.parquet", "--json")
        assert code == 0
        assert json.loads(out)["n"] == 40
        code, _, err = run(capsys, "evaluate", "gender", "--data", tmp_path / "bare.parquet", "--split", "validation")
        assert code == 3
        assert "neither a column 'split' nor 'name'" in message(err)

    def test_own_model_by_name(self, data, own_model, capsys):
        arguments = ["evaluate", "gender", "--data", data, "--models-path", own_model, "--json"]
        assert json.loads(run(capsys, *arguments)[1])["model"] == "mine"
        shipped = run(capsys, *arguments, "--model", DEFAULT_MODELS["gender"])[1]
        assert json.loads(shipped)["model"] == DEFAULT_MODELS["gender"]

    def test_safetensors_alone(self, data, own_model, capsys):
        (own_model / "model.onnx").unlink()
        card = json.loads((own_model / "card.json").read_text())
        del card["files"]["model.onnx"]
        (own_model / "card.json").write_text(json.dumps(card))
        code, out, _ = run(capsys, "evaluate", "gender", "--data", data, "--models-path", own_model, "--json")
        assert code == 0
        assert json.loads(out)["model"] == "mine"

    @pytest.mark.parametrize(
        ("arguments", "code", "told"),
        [
            (["gender", "--data", "{tmp}/no.parquet"], 2, "no data file at"),
            (["gender", "--data", "{tmp}/text.parquet"], 3, "is not a Parquet file"),
            (["gender", "--data", "{tmp}/damaged.parquet"], 3, "row 1 (b): image does not decode"),
            (
                ["age", "--data", "{tmp}/damaged.parquet"],
                3,
                "has no column 'age_min'; age needs image, age_min",
            ),
            (["gender", "--data", "{data}", "--split", "test"], 2, "unknown split 'test'"),
            (["gender", "--data", "{data}", "--model", "none"], 2, "leaves nothing to evaluate"),
            (["gender", "--data", "{data}", "--model", "x"], 2, "unknown model 'x'; there are "),
            (["gender", "--data", "{data}", "--model", "expression"], 2, "does not predict gender, only"),
            (["gender", "--data", "{data}", "--models-path", "{tmp}/no"], 2, "--models-path needs a folder with"),
            (["gender", "--data", "{data}", "--device", "tpu"], 2, "unknown device 'tpu'"),
        ],
    )
    def test_bad_input(self, data, tmp_path, capsys, arguments, code, told):
        (tmp_path / "text.parquet").write_text("image,gender\n")
        image = pd.read_parquet(data)["image"][0]
        damaged = pd.DataFrame({"image": [image, b"?"], "gender": ["male"] * 2, "name": ["a", "b"]})
        damaged.to_parquet(tmp_path / "damaged.parquet")
        result, out, err = run(capsys, "evaluate", *[part.format(data=data, tmp=tmp_path) for part in arguments])
        assert (result, out) == (code, "")
        assert told in message(err)


class TestModels:
    def test_list(self, own_model, capsys):
        code, out, _ = run(capsys, "models", "list", "--models-path", own_model)
        assert code == 0
        lines = {line.split()[0]: line for line in out.splitlines()}
        assert {"name", "mine", *DEFAULT_MODELS.values(), "yunet"} <= set(lines)
        assert str(own_model) in lines["mine"]
        assert "not stated" in lines["mine"]
        assert "48x48 gray" in lines["mine"]
        assert "non-commercial" in lines[DEFAULT_MODELS["gender"]]
        assert "facestats models pull yunet" in lines["yunet"]
        assert "Apache-2.0" in lines["yunet"]

    def test_pull_without_network(self, capsys, monkeypatch):
        def urlopen(*_, **__):
            raise OSError("no network")

        monkeypatch.setattr("urllib.request.urlopen", urlopen)
        code, _, err = run(capsys, "models", "pull", "yunet")
        assert code == 2
        assert "cannot fetch https://github.com/" in message(err)

    def test_pull_something_unknown(self, capsys):
        code, _, err = run(capsys, "models", "pull", "resnet")
        assert code == 2
        assert "nothing called 'resnet' can be pulled; there is yunet" in message(err)

    def test_convert_then_evaluate(self, data, tmp_path, capsys):
        heads = (Head("age", "age", ("child", "young", "middle", "old")), Head("makeup", "makeup", ("partial", "over")))
        card = Card("multiple", heads, network="mini_xception")
        (tmp_path / "card.json").write_text(card.to_json())
        torch.save(network_of(card).state_dict(), tmp_path / "net.pt")
        out = tmp_path / "multiple"
        code, printed, _ = run(
            capsys, "models", "convert", tmp_path / "net.pt", "--card", tmp_path / "card.json", "--out", out
        )
        assert code == 0
        assert "multiple (age, makeup) in " in printed
        assert sorted(path.name for path in out.iterdir()) == ["card.json", "model.onnx", "weights.safetensors"]
        for attribute in ("age", "makeup"):
            code, printed, _ = run(
                capsys, "evaluate", attribute, "--data", data, "--models-path", tmp_path / "multiple", "--json"
            )
            assert json.loads(printed)["model"] == "multiple"
            assert json.loads(printed).get("mae") is None

    def test_convert_a_pickle_with_code(self, tmp_path, own_model, capsys):
        torch.save(torch.nn.Linear(2, 2), tmp_path / "net.pt")
        code, _, err = run(
            capsys, "models", "convert", tmp_path / "net.pt", "--card", own_model / "card.json", "--out", tmp_path / "o"
        )
        assert code == 2
        assert "objects or code besides tensors; nothing in it was run" in message(err)


def test_calibrating_a_model_for_faces_that_it_never_saw(data, tmp_path, capsys):
    trained, better = tmp_path / "trained", tmp_path / "better"
    options = ["--epochs", 1, "--batch-size", 8, "--network", "mini_xception", "--out", trained]
    assert run(capsys, "train", "gender", "--data", data, *options)[0] == 0
    code, printed, _ = run(capsys, "calibrate", trained, "--data", data, "--out", better)
    assert code == 0
    assert f"better in {better}: gender; validation" in printed
    made = Card.read(better / "card.json")
    assert made.metrics["commands"][-1].startswith("facestats calibrate trained --data ")
    code, _, err = run(capsys, "calibrate", tmp_path, "--data", data, "--out", better)
    assert code != 0
    assert "calibrate needs the folder of a model that facestats trained" in message(err)
