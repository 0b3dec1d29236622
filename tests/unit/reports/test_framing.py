import numpy as np
import pytest

from facestats.reports.framing import part_around

FRAME, SHAPE = (640, 360), 1.5


def shown_of(part, label):
    """The share of a label that stands in a part of a frame."""
    across = min(part[2], label[2]) - max(part[0], label[0])
    down = min(part[3], label[3]) - max(part[1], label[1])
    return max(across, 0) * max(down, 0) / ((label[2] - label[0]) * (label[3] - label[1]))


def test_without_labels_the_face_stands_amid_what_surrounds_it():
    left, top, right, bottom = part_around((300, 150, 340, 200), [], FRAME, SHAPE)
    assert ((left + right) / 2, (top + bottom) / 2) == (320, 175)
    assert (right - left) / (bottom - top) == pytest.approx(SHAPE)
    assert bottom - top == pytest.approx(2.6 * 50)


@pytest.mark.parametrize("side", ["left", "right", "below", "above"])
def test_a_label_beside_the_face_is_whole_or_not_there(side):
    face = (300.0, 150.0, 340.0, 200.0)
    label = {
        "left": (190.0, 150.0, 296.0, 200.0),
        "right": (344.0, 150.0, 450.0, 200.0),
        "below": (300.0, 204.0, 430.0, 260.0),
        "above": (260.0, 90.0, 390.0, 146.0),
    }[side]
    part = part_around(face, [label], FRAME, SHAPE)
    assert shown_of(part, label) == pytest.approx(0) or shown_of(part, label) == pytest.approx(1)
    assert shown_of(part, face) == 1


def test_in_a_crowd_labels_are_hardly_ever_cut():
    rng, n_cut = np.random.default_rng(0), 0
    for _ in range(200):
        x, y = rng.uniform(0, 590), rng.uniform(0, 300)
        face = (x, y, x + 40, y + 50)
        corners = rng.uniform((0, 0), (540, 310), (4, 2))
        labels = [(a, b, a + 100, b + 50) for a, b in corners]
        labels = [label for label in labels if shown_of(face, label) == 0]
        part = part_around(face, labels, FRAME, SHAPE)
        assert part[0] >= 0
        assert part[1] >= 0
        assert part[2] <= FRAME[0] + 1e-6
        assert part[3] <= FRAME[1] + 1e-6
        assert shown_of(part, face) == pytest.approx(1)
        n_cut += any(1e-6 < shown_of(part, label) < 1 - 1e-6 for label in labels)
    assert n_cut <= 20


def test_a_face_that_fills_the_frame_is_shown_as_far_as_it_goes():
    part = part_around((0, 0, 640, 360), [(10, 10, 100, 60)], FRAME, SHAPE)
    assert (part[3] - part[1], part[2] - part[0]) == (360, 540)
    assert part_around((-20, -30, 700, 500), [], (64, 36), SHAPE)[3] <= 36
