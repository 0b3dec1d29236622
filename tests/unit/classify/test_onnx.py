from dataclasses import replace

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from facestats._util.files import sha256_of
from facestats.classify import create_classifiers
from facestats.classify.base import softmax
from facestats.classify.onnx import OnnxClassifier, color_planes, network_input
from facestats.errors import DeviceError, ModelError
from facestats.models.cards import Card, Head
from facestats.models.familiarity import Familiarity
from facestats.models.registry import Model
from facestats.options import MIN_CLASSIFIED_PX

GENDER = Head("gender", "gender", ("female", "male"))
MAKEUP = Head("makeup", "makeup", ("none", "over"), temperature=2.0)


def write_toy(folder, card, channels=3):
    """A model whose every output is (mean of the input, minus the mean of the input)."""
    folder.mkdir()
    faces = helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["n", channels, "s", "s"])
    outputs = [helper.make_tensor_value_info(head.output, TensorProto.FLOAT, ["n", 2]) for head in card.heads]
    nodes = [
        helper.make_node("ReduceMean", ["faces"], ["mean4"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Flatten", ["mean4"], ["mean"]),
        helper.make_node("Neg", ["mean"], ["minus"]),
        *(helper.make_node("Concat", ["mean", "minus"], [head.output], axis=1) for head in card.heads),
    ]
    graph = helper.make_graph(nodes, "toy", [faces], outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, folder / "model.onnx")
    card = replace(card, files={"model.onnx": sha256_of(folder / "model.onnx")})
    (folder / "card.json").write_text(card.to_json())
    return Model(folder, card)


@pytest.fixture
def toy(tmp_path):
    return write_toy(tmp_path / "toy", Card("toy", (GENDER, MAKEUP)))


def gray_levels(*levels):
    return np.stack([np.full((48, 48, 3), level, np.uint8) for level in levels])


class TestNetworkInput:
    def test_scale(self):
        pixels = network_input(gray_levels(0, 255), Card("toy", (GENDER,), input_mean=127.5, input_std=127.5))
        assert pixels.shape == (2, 3, 48, 48)
        assert pixels.dtype == np.float32
        assert (pixels.min(), pixels.max()) == (-1, 1)

    def test_rgb_keeps_the_order_of_colours(self):
        images = np.zeros((1, 48, 48, 3), np.uint8)
        images[..., 0] = 255
        assert color_planes(images, "rgb")[0].mean(axis=(1, 2)).tolist() == [255, 0, 0]

    def test_gray_is_luma_of_rgb(self):
        images = np.random.default_rng(0).integers(0, 256, (2, 48, 48, 3)).astype(np.uint8)
        planes = color_planes(images, "gray")
        assert planes.shape == (2, 1, 48, 48)
        assert np.array_equal(planes[1, 0], cv2.cvtColor(images[1], cv2.COLOR_RGB2GRAY))

    @pytest.mark.parametrize(("color", "channels"), [("gray", 1), ("rgb", 3)])
    def test_no_faces(self, color, channels):
        assert color_planes(np.zeros((0, 48, 48, 3), np.uint8), color).shape == (0, channels, 48, 48)


def test_faces_of_few_pixels_are_less_sure(tmp_path):
    head = replace(GENDER, temperatures=((16, 4.0), (48, 1.0)))
    classifier = OnnxClassifier(write_toy(tmp_path / "toy", Card("toy", (head,))))
    faces, sizes = gray_levels(255, 255, 0), np.array([8, 200, 16], np.float32)
    logits = classifier.logits(faces)["gender"]
    expected = [softmax(row / temperature) for row, temperature in zip(logits, (4, 1, 4), strict=True)]
    assert np.allclose(classifier.classify(faces, sizes)["gender"].probabilities, expected, atol=1e-6)
    assert np.allclose(classifier.classify(faces)["gender"].probabilities, softmax(logits), atol=1e-6)


class TestOnnxClassifier:
    def test_probabilities_by_hand(self, toy):
        predictions = OnnxClassifier(toy).classify(gray_levels(255, 0))
        sure = 1 / (1 + np.exp(-2))
        assert predictions["gender"].probabilities == pytest.approx(np.array([[sure, 1 - sure], [1 - sure, sure]]))
        halved = 1 / (1 + np.exp(-1))  # the temperature of 2 halves the logits
        assert predictions["makeup"].probabilities[0].tolist() == pytest.approx([halved, 1 - halved])
        assert predictions["makeup"].classes == ("none", "over")

    def test_any_number_of_faces(self, toy):
        classifier = OnnxClassifier(toy)
        for n in (0, 1, 3, 17):
            predictions = classifier.classify(np.zeros((n, 48, 48, 3), np.uint8))
            assert len(predictions["gender"]) == n
            assert predictions["gender"].probabilities.shape == (n, 2)

    def test_only_the_attributes_that_are_wanted(self, toy):
        classifier = OnnxClassifier(toy, attributes=("makeup",))
        assert classifier.attributes == ("makeup",)
        assert list(classifier.classify(gray_levels(9))) == ["makeup"]

    def test_one_session_for_several_attributes(self, toy):
        classifiers = create_classifiers({"gender": toy, "makeup": toy})
        assert [classifier.attributes for classifier in classifiers] == [("gender", "makeup")]

    def test_gray(self, tmp_path):
        model = write_toy(tmp_path / "gray", Card("gray", (GENDER,), input_color="gray", input_size=32), channels=1)
        assert OnnxClassifier(model).input_size == 32

    def test_small_faces_are_for_models_fitted_to_them(self, toy):
        assert OnnxClassifier(toy).smallest_face == MIN_CLASSIFIED_PX
        heads = tuple(replace(head, temperatures=((12.0, 3.0), (48.0, 1.0))) for head in toy.card.heads)
        assert OnnxClassifier(Model(toy.folder, replace(toy.card, heads=heads))).smallest_face == 0
        mixed = (heads[0], *toy.card.heads[1:])
        assert OnnxClassifier(Model(toy.folder, replace(toy.card, heads=mixed))).smallest_face == MIN_CLASSIFIED_PX

    def test_changed_file(self, toy):
        (toy.folder / "model.onnx").write_bytes((toy.folder / "model.onnx").read_bytes() + b"\0")
        with pytest.raises(ModelError, match="is not the file that its card vouches for"):
            OnnxClassifier(toy)

    @pytest.mark.parametrize(
        "change",
        [
            {"input_color": "gray"},
            {"input_name": "pixels"},
            {"heads": (replace(GENDER, output="sex"),)},
            {"heads": (Head("makeup", "makeup", ("none", "partial", "over")),)},
        ],
        ids=["channels", "input", "output", "classes"],
    )
    def test_card_that_does_not_fit(self, toy, change):
        with pytest.raises(ModelError) as caught:
            OnnxClassifier(Model(toy.folder, replace(toy.card, **change)))
        assert str(toy.folder) in str(caught.value)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("content", [b"", b"not onnx"])
    def test_not_onnx(self, toy, content):
        (toy.folder / "model.onnx").write_bytes(content)
        with pytest.raises(ModelError, match="does not fit its card or cannot be run"):
            OnnxClassifier(Model(toy.folder, replace(toy.card, files={})))

    def test_other_framing(self, toy):
        with pytest.raises(ModelError, match=r"was trained on 'tight' crops, this facestats cuts 'arcface-0\.95'"):
            OnnxClassifier(Model(toy.folder, replace(toy.card, framing="tight")))

    def test_devices(self, toy):
        with pytest.raises(DeviceError, match="unknown device 'tpu'"):
            OnnxClassifier(toy, device="tpu")


def test_softmax_of_large_logits():
    assert softmax(np.array([[1000.0, 0.0], [-1000.0, -1000.0]])).tolist() == [[1, 0], [0.5, 0.5]]


def test_a_face_unlike_all_others_gets_no_sure_verdict(tmp_path):
    """Grey in the middle has the least energy; the other attribute is asked alone, and is less sure all the same."""
    card = Card("toy", (GENDER, MAKEUP), familiarity=Familiarity("makeup", 1.0))
    wary, plain = write_toy(tmp_path / "toy", card), write_toy(tmp_path / "plain", Card("plain", (GENDER, MAKEUP)))
    faces = gray_levels(255, 150)
    says = [OnnxClassifier(model, attributes=("gender",)).classify(faces)["gender"] for model in (wary, plain)]
    assert list(OnnxClassifier(wary, attributes=("gender",)).classify(faces)) == ["gender"]
    assert says[0].probabilities[0] == pytest.approx(says[1].probabilities[0])
    logits = OnnxClassifier(wary).logits(faces)["makeup"]
    divisor = np.exp(4 * (1 - np.log(np.exp(logits[1]).sum())))
    assert divisor > 1.1
    assert says[0].probabilities[1] == pytest.approx(softmax(logits[1] / divisor), abs=1e-6)
    assert says[1].probabilities[1] == pytest.approx(softmax(logits[1]), abs=1e-6)
