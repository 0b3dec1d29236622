import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from facestats.classify.onnx import color_planes
from facestats.errors import DataError, MissingInputError
from facestats.models.familiarity import FAMILIARITY_OUTPUT
from facestats.training import familiarity
from facestats.training.familiarity import Strangers, gather_strangers, learn_familiarity
from facestats.training.fitting import network_logits
from facestats.training.networks import create_network
from facestats.types import Detections


def chequered(n, seed=0):
    """Crops of what is no face here: chequers instead of one grey, with a little noise."""
    random = np.random.default_rng(seed)
    squares = np.kron(np.indices((6, 6)).sum(axis=0) % 2, np.ones((8, 8)))[None, :, :, None] * 150 + 50
    return np.clip(squares + random.integers(-20, 20, (n, 48, 48, 3)), 0, 255).astype(np.uint8)


def test_what_is_no_face_is_told_from_faces(bright_and_dark):
    torch.manual_seed(0)
    network = create_network("residual", 3, {"gender": 2})
    before = network_logits(network, bright_and_dark.crops, "rgb")["gender"]
    strangers = Strangers(chequered(60), np.repeat(["dogs", "clocks"], 30))
    figures = learn_familiarity(network, "rgb", bright_and_dark.crops, strangers)
    assert figures["strangers"] == 60
    assert figures["sources"] == ["clocks", "dogs"]
    assert figures["area"] == pytest.approx(1)
    assert figures["pass"] < 0.1
    faces, others = (network_logits(network, crops, "rgb") for crops in (bright_and_dark.crops, chequered(20, seed=1)))
    assert faces[FAMILIARITY_OUTPUT].shape == (64, 1)
    assert faces[FAMILIARITY_OUTPUT].min() > others[FAMILIARITY_OUTPUT].max()
    assert np.array_equal(faces["gender"], before)  # verdicts stay
    assert color_planes(bright_and_dark.crops, "rgb").shape[0] == 64


def test_things_of_one_source_leave_nothing_to_judge_by(bright_and_dark):
    network = create_network("residual", 3, {"gender": 2})
    figures = learn_familiarity(network, "rgb", bright_and_dark.crops, Strangers(chequered(60), np.repeat("dogs", 60)))
    assert (figures["area"], figures["pass"]) == (None, None)
    assert FAMILIARITY_OUTPUT in network.heads


class _Everywhere:
    """Finds a face in the middle of every picture."""

    def detect(self, frames):
        found = []
        for rgb in frames:
            height, width = rgb.shape[:2]
            box = np.array([[0.25 * width, 0.25 * height, 0.75 * width, 0.75 * height]], np.float32)
            points = np.array([[[0.4, 0.4], [0.6, 0.4], [0.5, 0.5], [0.42, 0.6], [0.58, 0.6]]], np.float32)
            found.append(Detections(box, np.ones(1, np.float32), (points * [width, height]).astype(np.float32)))
        return found


def photos(tmp_path, n, boxed="empty"):
    image = cv2.imencode(".png", np.full((90, 160, 3), 128, np.uint8))[1].tobytes()
    rows = {"image": [image] * n, "boxes": [[]] * n, "name": [f"photo {i}" for i in range(n)], "boxed": [boxed] * n}
    path = tmp_path / f"{n}{boxed}.parquet"
    pd.DataFrame({**rows, "source": ["dogs"] * n}).to_parquet(path)
    return path


def test_strangers_come_from_photos_without_a_face_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(familiarity, "create_detector", lambda *_, **__: _Everywhere())
    found = gather_strangers([photos(tmp_path, 12), photos(tmp_path, 5, "some")], 48, "centerface")
    assert found.crops.shape == (60, 48, 48, 3)  # five views of each of the twelve
    assert found.sources.tolist() == ["dogs"] * 60
    with pytest.raises(DataError, match=r"10 things were taken for faces in 2 photos .* of 2empty\.parquet: 50 are"):
        gather_strangers([photos(tmp_path, 2)], 48, "centerface")
    with pytest.raises(MissingInputError):
        gather_strangers([tmp_path / "none.parquet"], 48, "centerface")
