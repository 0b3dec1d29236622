import numpy as np
import pytest

from facestats.training.detector import pasting
from facestats.training.detector.layers import Canvas


def test_a_pasted_face_is_found_where_the_canvas_says(portrait, face):
    from facestats.detect import create_detector

    big = pasting.Taught(portrait, np.array([[150, 75, 345, 318]], np.float32), face.landmarks, face.ignored)
    detector = create_detector("centerface", detect_size=0, min_score=0.5)
    for seed in range(6):
        canvas = Canvas.blank(320, 120)
        assert pasting.paste_face(canvas, big, big.image, 90, (150, 170), np.random.default_rng(seed))
        (box,) = canvas.boxes
        found = detector.detect([canvas.image])[0]
        assert len(found) == 1
        assert np.abs((found.boxes[0, :2] + found.boxes[0, 2:]) / 2 - [150, 170]).max() < 16
        assert np.sqrt((box[2:] - box[:2]).prod()) == pytest.approx(90, rel=1e-3)


def test_faces_do_not_hide_each_other(face):
    canvas, rng = Canvas.blank(200), np.random.default_rng(0)
    assert pasting.paste_face(canvas, face, face.image, 60, (100, 100), rng)
    assert not pasting.paste_face(canvas, face, face.image, 60, (105, 100), rng)
    before = canvas.image.copy()
    pasting.paste_thing(canvas, face.image, 60, (100, 100), rng)
    pasting.paint_body(canvas, 60, (100, 60), face.image, rng)
    assert np.array_equal(canvas.image, before)
    assert len(canvas.boxes) == 1
