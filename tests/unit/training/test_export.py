import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from facestats._util.files import sha256_of
from facestats.classify.onnx import OnnxClassifier
from facestats.errors import MissingInputError, ModelError, OutputError
from facestats.models.cards import Card, Head
from facestats.models.registry import Model, find_models
from facestats.training.export import (
    check_out,
    convert,
    load_weights,
    network_of,
    read_safetensors,
    round_weights,
    to_onnx,
    write_model,
)
from facestats.training.fitting import network_logits
from facestats.training.networks import NETWORKS
from facestats.types import UInt8

GENDER = Head("gender", "gender", ("female", "male"), temperature=1.5)
MAKEUP = Head("makeup", "paint", ("none", "over"))


def card(*heads, **fields):
    return Card(fields.pop("name", "mine"), heads or (GENDER,), network="mini_xception", **fields)


def trained(of_card):
    """A network whose batch norms have seen something, as after training."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = network_of(of_card).train()
        channels = 1 if of_card.input_color == "gray" else 3
        for _ in range(3):
            network(torch.randn(8, channels, of_card.input_size, of_card.input_size))
    return network.eval()


def random_crops(n, side=48) -> UInt8:
    return np.random.default_rng(0).integers(0, 256, (n, side, side, 3)).astype(np.uint8)


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize(("color", "side"), [("gray", 48), ("rgb", 48), ("rgb", 64)])
def test_onnx_gives_what_pytorch_gives(tmp_path, color, side, n):
    own = card(input_color=color, input_size=side)
    network = trained(own)
    model = write_model(tmp_path / "mine", network, own)
    crops = random_crops(n, side)
    ours = network_logits(network, crops, color)["gender"]
    assert np.abs(OnnxClassifier(model).logits(crops)["gender"] - ours).max() < 1e-4


@pytest.mark.parametrize("color", ["gray", "rgb"])
@pytest.mark.parametrize("network", list(NETWORKS))
def test_every_network_runs_in_onnxruntime(network, color):
    own = Card("mine", (GENDER, MAKEUP), network=network, input_color=color, input_size=64)
    assert len(to_onnx(trained(own), own)) > 100_000  # which compares the two


def test_several_heads(tmp_path):
    own = card(GENDER, MAKEUP)
    network = trained(own)
    model = write_model(tmp_path / "mine", network, own)
    crops = random_crops(3)
    logits = OnnxClassifier(model).logits(crops)
    with torch.inference_mode():
        expected = network((torch.from_numpy(crops.transpose(0, 3, 1, 2)).float() - 127.5) / 127.5)
    assert np.abs(logits["gender"] - expected["gender"].numpy()).max() < 1e-4
    assert np.abs(logits["makeup"] - expected["paint"].numpy()).max() < 1e-4


def test_folder_holds_what_the_card_vouches_for(tmp_path, capfd):
    model = write_model(tmp_path / "mine", trained(card()), card(), card_markdown="# mine\n")
    assert sorted(path.name for path in model.folder.iterdir()) == [
        "card.json", "card.md", "model.onnx", "weights.safetensors",
    ]  # fmt: skip
    read = Card.read(model.folder / "card.json")
    assert read == model.card
    assert read.files == {name: sha256_of(model.folder / name) for name in ("model.onnx", "weights.safetensors")}
    assert find_models([tmp_path])["mine"].verify() == read.files["model.onnx"]
    assert capfd.readouterr() == ("", "")  # exporting prints nothing


def test_safetensors_hold_the_same_weights(tmp_path):
    network = trained(card())
    model = write_model(tmp_path / "mine", network, card())
    again = load_weights(network_of(card()), read_safetensors(model.folder / "weights.safetensors"), "weights")
    crops = random_crops(2)
    assert np.array_equal(*(network_logits(one, crops, "rgb")["gender"] for one in (again, network)))


def test_rounded_weights_take_half_the_room_and_lose_nothing(tmp_path):
    network = trained(card())
    exact = write_model(tmp_path / "exact", network, card()).folder / "weights.safetensors"
    round_weights(network)
    rounded = write_model(tmp_path / "rounded", network, card()).folder / "weights.safetensors"
    assert rounded.stat().st_size < 0.65 * exact.stat().st_size  # batch normalisation is a good part of this small one
    held = read_safetensors(rounded)
    assert all(torch.equal(weight, held[name]) for name, weight in network.state_dict().items())
    assert {weight.dtype for weight in held.values()} == {torch.float32, torch.int64}


@pytest.mark.parametrize("name", ["expression", "detectors/fast"])
def test_a_shipped_model_is_never_replaced(name, tmp_path):
    from facestats._util.resources import bundled

    folder = bundled("models") / name
    with pytest.raises(OutputError, match="ships with facestats, which is never replaced"):
        check_out(folder, overwrite=True)
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(OutputError, match="ships with facestats"):
        check_out(tmp_path / "link", overwrite=True)


def test_a_model_is_not_overwritten(tmp_path):
    model = write_model(tmp_path / "mine", trained(card()), card())
    before = sha256_of(model.folder / "model.onnx")
    other = network_of(card()).eval()
    with pytest.raises(OutputError, match="already holds a model: give another --out, or --overwrite"):
        write_model(tmp_path / "mine", other, card())
    assert sha256_of(model.folder / "model.onnx") == before
    write_model(tmp_path / "mine", other, card(), overwrite=True)
    assert sha256_of(model.folder / "model.onnx") != before


def test_unwritable_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot make the folder"):
        write_model(tmp_path / "file" / "mine", trained(card()), card())


class TestConvert:
    @pytest.fixture
    def card_path(self, tmp_path):
        (tmp_path / "card.json").write_text(replace(card(), network="custom").to_json())
        return tmp_path / "card.json"

    def convert(self, tmp_path, card_path, state, network="mini_xception"):
        torch.save(state, tmp_path / "net.pt")
        return convert(tmp_path / "net.pt", card_path, tmp_path / "out", network=network)

    def test_whole_way(self, tmp_path, card_path):
        network = trained(card())
        model = self.convert(tmp_path, card_path, network.state_dict())
        assert model.card.network == "mini_xception"
        assert json.loads((tmp_path / "out" / "card.json").read_text())["files"].keys() == {
            "model.onnx", "weights.safetensors",
        }  # fmt: skip
        crops = random_crops(2)
        assert np.abs(
            OnnxClassifier(find_models([tmp_path / "out"])["mine"]).logits(crops)["gender"]
            - network_logits(network, crops, "rgb")["gender"]
        ).max() < 1e-4  # fmt: skip

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda state: state.pop("stem.0.weight"), r"weights 1 missing \(stem\.0\.weight\)"),
            (lambda state: state.update(extra=torch.ones(1)), r"1 unknown \(extra\)"),
            (
                lambda state: state.update({"heads.gender.bias": torch.ones(3)}),
                r"1 of another shape \(heads\.gender\.bias \(3,\) instead of \(2,\)\)",
            ),
        ],
    )
    def test_weights_that_do_not_fit(self, tmp_path, card_path, change, message):
        state = trained(card()).state_dict()
        change(state)
        with pytest.raises(ModelError, match=message) as caught:
            self.convert(tmp_path, card_path, state)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "out" / "card.json").exists()

    def test_another_network_altogether(self, tmp_path, card_path):
        with pytest.raises(ModelError, match=r"does not fit the network MiniXception: weights .* missing"):
            self.convert(tmp_path, card_path, torch.nn.Linear(2, 3).state_dict())

    @pytest.mark.parametrize("state", [{"epoch": 3}, [torch.ones(2)], {}, torch.ones(2)])
    def test_not_a_state_dict(self, tmp_path, card_path, state):
        with pytest.raises(ModelError, match=r"is not a state dict .*: save network.state_dict\(\) alone"):
            self.convert(tmp_path, card_path, state)

    def test_a_whole_network_is_not_unpickled(self, tmp_path, card_path):
        with pytest.raises(ModelError, match="objects or code besides tensors; nothing in it was run"):
            self.convert(tmp_path, card_path, trained(card()))

    def test_unknown_network(self, tmp_path, card_path):
        with pytest.raises(ModelError, match="unknown network 'vgg'"):
            self.convert(tmp_path, card_path, trained(card()).state_dict(), network="vgg")

    def test_missing_files(self, tmp_path, card_path):
        with pytest.raises(MissingInputError, match="no state dict at"):
            convert(tmp_path / "no.pt", card_path, tmp_path / "out", network="mini_xception")
        with pytest.raises(MissingInputError, match="no card at"):
            convert(tmp_path / "no.pt", tmp_path / "no.json", tmp_path / "out", network="mini_xception")


class TestSafetensorsOnly:
    @pytest.fixture
    def folder(self, tmp_path):
        model = write_model(tmp_path / "mine", trained(card()), card())
        (model.folder / "model.onnx").rename(tmp_path / "reference.onnx")
        (model.folder / "card.json").write_text(card().to_json())
        return model.folder

    def test_runs_as_the_onnx_file_would(self, folder, tmp_path):
        model = find_models([folder])["mine"]
        assert model.verify() == sha256_of(folder / "weights.safetensors")
        crops = random_crops(4)
        (folder / "copy").mkdir()
        expected = network_logits(trained(card()), crops, "rgb")["gender"]
        assert np.abs(OnnxClassifier(model).logits(crops)["gender"] - expected).max() < 1e-4
        assert sorted(path.name for path in folder.iterdir()) == ["card.json", "copy", "weights.safetensors"]

    def test_built_once(self, folder, monkeypatch):
        model = find_models([folder])["mine"]
        path = model.onnx_file()
        monkeypatch.setattr("facestats.training.export.to_onnx", None)  # would fail if called
        assert model.onnx_file() == path

    def test_another_card_builds_anew(self, folder):
        model = find_models([folder])["mine"]
        other = Model(folder, replace(model.card, input_size=64))
        assert model.onnx_file() != other.onnx_file()

    def test_unknown_network(self, folder):
        (folder / "card.json").write_text(replace(card(), network="custom").to_json())
        with pytest.raises(ModelError, match="unknown network 'custom'"):
            OnnxClassifier(find_models([folder])["mine"])

    def test_weights_of_another_network(self, folder):
        (folder / "card.json").write_text(replace(card(), input_color="gray").to_json())
        with pytest.raises(ModelError, match=r"1 of another shape \(stem\.0\.weight"):
            OnnxClassifier(find_models([folder])["mine"])

    def test_damaged_weights(self, folder):
        (folder / "weights.safetensors").write_bytes(b"damaged")
        with pytest.raises(ModelError, match="cannot be read as safetensors"):
            OnnxClassifier(find_models([folder])["mine"])
