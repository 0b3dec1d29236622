import itertools
from dataclasses import replace

import cv2
import numpy as np
import pytest

from facestats.classify import crops
from facestats.classify.onnx import OnnxClassifier
from facestats.detect.centerface import CenterFace
from facestats.errors import ModelError
from facestats.evaluation.smallness import seen_small
from facestats.models import quick
from facestats.models.quick import RANGES_FILE, behaviour_of, is_quick, quick_network
from facestats.models.registry import Model, find_models
from facestats.models.runtime import open_session
from facestats.synth.faces import people
from facestats.types import Detections

POINTS = np.array([[140, 170], [218, 170], [180, 215], [148, 255], [212, 255]], np.float32)


@pytest.fixture
def faces(portrait):
    """Aligned faces of a portrait, uint8 (8, S, S, 3), light and dark, sharp and not."""

    def made(size):
        found = Detections(np.array([[120, 110, 240, 290]], np.float32), np.ones(1, np.float32), POINTS[None])
        (face,) = crops.align(portrait, found, size).images
        return np.stack([np.clip(face * gain, 0, 255) for gain in np.linspace(0.4, 1.6, 8)]).astype(np.uint8)

    return made


def varied_faces(size):
    """Aligned faces of two people, uint8 (64, S, S, 3): mirrored, light and dark, sharp and not, clean and grainy."""
    random, varied = np.random.default_rng(0), []
    for person in people(None, 2):
        image = np.ascontiguousarray(person.rgba[..., :3])
        (face,) = crops.align(image, CenterFace().detect([image])[0][[0]], size).images
        for mirrored, gain, blurred, grain in itertools.product((1, -1), (0.4, 0.7, 1, 1.3), (False, True), (0, 8)):
            made = face[:, ::mirrored] * gain
            made = cv2.GaussianBlur(made, (0, 0), 1.2) if blurred else made
            varied.append(made + random.normal(0, 1, made.shape) * grain)
    return np.clip(varied, 0, 255).astype(np.uint8)


def test_expressions_are_nearly_the_same_with_eight_bits(faces):
    model = find_models()["expression"]
    eight = OnnxClassifier(model)
    full = OnnxClassifier(model)
    full._session = open_session(model.onnx_file())
    images = faces(eight.input_size)
    for attribute, said in full.classify(images).items():
        other = eight.classify(images)[attribute].probabilities
        assert np.abs(said.probabilities - other).mean() < 0.05
        assert not np.array_equal(said.probabilities, other)  # another network has run


@pytest.mark.parametrize("pixels", [None, 24, 16])
def test_expressions_of_varied_and_small_faces_are_nearly_the_same_with_eight_bits(pixels):
    model = find_models()["expression"]
    eight, full = OnnxClassifier(model), OnnxClassifier(model)
    full._session = open_session(model.onnx_file())
    images = varied_faces(eight.input_size)
    images = images if pixels is None else seen_small(images, pixels)
    one, other = (each.classify(images)["expression"].probabilities for each in (full, eight))
    assert len({*one.argmax(axis=1).tolist()}) > 1  # or a constant answer would pass
    assert np.abs(one - other).mean() < 0.006  # 0.003; 0.01 with ranges that are three times too small
    assert np.abs(one - other).max() < 0.12
    assert (one.argmax(axis=1) == other.argmax(axis=1)).mean() >= 0.95


def test_the_copy_is_kept_and_made_again_where_ranges_or_weights_change(tmp_path, monkeypatch):
    monkeypatch.setenv("FACESTATS_CACHE", str(tmp_path))
    model = find_models()["expression"]
    made = quick_network(model)
    (kept,) = (tmp_path / "onnx").iterdir()
    assert kept.read_bytes() == made
    kept.write_bytes(made[:100])
    assert quick_network(model) == made
    monkeypatch.setattr(quick, "_MADE_HOW", 0)
    quick_network(model)
    assert len(list((tmp_path / "onnx").iterdir())) == 2


def test_a_card_without_ranges_runs_as_it_is(tmp_path):
    model = find_models()["expression"]
    files = {name: value for name, value in model.card.files.items() if name != RANGES_FILE}
    own = Model(model.folder, replace(model.card, files=files))
    assert not is_quick(own)
    assert behaviour_of(own) == model.card.behaviour != behaviour_of(model)
    full = open_session(model.onnx_file())
    images = np.random.default_rng(0).integers(0, 256, (2, 48, 48, 3)).astype(np.uint8)
    own_classifier = OnnxClassifier(own)
    before = own_classifier.logits(images)["expression"]
    own_classifier._session = full
    assert np.array_equal(before, own_classifier.logits(images)["expression"])


@pytest.mark.parametrize(("content", "message"), [(None, "is missing"), (b"{}", "vouches")])
def test_ranges_that_the_card_does_not_vouch_for_are_refused(tmp_path, content, message):
    model = find_models()["expression"]
    for path in model.folder.iterdir():
        if path.name != RANGES_FILE:
            (tmp_path / path.name).symlink_to(path)
        elif content is not None:
            (tmp_path / path.name).write_bytes(content)
    with pytest.raises(ModelError, match=message):
        OnnxClassifier(Model(tmp_path, model.card))


def test_ranges_of_another_network_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("FACESTATS_CACHE", str(tmp_path / "cache"))
    model = find_models()["expression"]
    for path in model.folder.iterdir():
        if path.name != RANGES_FILE:
            (tmp_path / path.name).symlink_to(path)
    text = (model.folder / RANGES_FILE).read_text(encoding="utf-8").replace("network/blocks", "network/others")
    (tmp_path / RANGES_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match="those of another network"):
        quick_network(Model(tmp_path, model.card))
