from dataclasses import replace

import numpy as np
import pytest
from cards import a_card
from hypothesis import given
from hypothesis import strategies as st

from facestats._util.files import sha256_of
from facestats.classify.faceness import CloseView, FaceJudge, surroundings
from facestats.errors import ModelError
from facestats.models.centerface import weights_path
from facestats.models.faceness import FacenessCard
from facestats.training.faceness.run import layer_onnx

LAYERS = ("413",)


def test_a_picture_shows_the_box_in_its_middle():
    frame = np.zeros((90, 120, 3), np.uint8)
    frame[40:60, 50:70] = (200, 100, 0)
    (picture,) = surroundings(frame, np.array([[50, 40, 70, 60]]), 64, 2.0)
    assert (picture[18:46, 18:46] == (200, 100, 0)).all()
    assert (picture[:14] == 0).all()
    assert (picture[:, :14] == 0).all()


@given(st.tuples(*[st.floats(-60, 160)] * 2), st.floats(0.5, 300), st.floats(0.5, 300))
def test_a_box_anywhere_gives_a_picture(corner, width, height):
    frame = np.full((48, 64, 3), 9, np.uint8)
    x, y = corner
    pictures = surroundings(frame, np.array([[x, y, x + width, y + height]]), 32, 2.67)
    assert (pictures == 9).all()
    assert pictures.shape == (1, 32, 32, 3)


@pytest.fixture
def judge_file(tmp_path):
    """A layer that likes what lights up the first channel."""
    n = CloseView(LAYERS).features(np.zeros((1, 64, 64, 3), np.uint8)).shape[1]
    weights = np.zeros(n)
    weights[0] = 1.0
    path = tmp_path / "model.onnx"
    path.write_bytes(layer_onnx(weights, -0.5, "features", "log_odds"))
    card = FacenessCard("judge", layers=LAYERS, layers_of=sha256_of(weights_path()), wide=2.0, input_size=64)
    return path, card


def test_each_detection_is_judged_for_itself(judge_file):
    judge = FaceJudge(*judge_file)
    frame = np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8)
    boxes = np.array([[10, 10, 40, 50], [60, 20, 90, 60], [100, 70, 150, 119]], np.float32)
    together = judge.judge(frame, boxes)
    assert together.dtype == np.float32
    assert ((together > 0) & (together < 1)).all()
    apart = [judge.judge(frame, box[None])[0] for box in boxes]
    np.testing.assert_allclose(together, apart, atol=1e-5)
    assert judge.judge(frame, np.zeros((0, 4))).shape == (0,)


def test_what_cannot_judge_is_refused(judge_file):
    path, card = judge_file
    with pytest.raises(ModelError, match="another centerface"):
        FaceJudge(path, replace(card, layers_of="0" * 64))
    with pytest.raises(ModelError, match="no layer none"):
        FaceJudge(path, replace(card, layers=("none",)))
    with pytest.raises(ModelError, match="cannot be run"):
        FaceJudge(path, replace(card, layers=("413", "474")))


def test_on_a_card_it_says_the_same_of_a_few_at_once(judge_file):
    frame = np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8)
    boxes = np.array([[10, 10, 40, 50], [60, 20, 90, 60], [100, 70, 150, 119]], np.float32)
    expected = FaceJudge(*judge_file).judge(frame, boxes)
    pixels = 64 * 64 * 200 * 2  # of two pictures on their way
    with a_card(memory=8 * pixels) as card:
        judged = FaceJudge(*judge_file, device="cuda").judge(frame, boxes)
    np.testing.assert_allclose(judged, expected, atol=1e-5)
    assert card.sessions == 2
    assert [shape[0] for shape in card.batches if shape[2:] == (64, 64)][-2:] == [2, 1]
