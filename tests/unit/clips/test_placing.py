"""Places of labels, chosen over time."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from facestats.clips.placing import HOLD_S, Faces, place_labels

SIZE = np.array([[120.0, 40.0]])


def faces_of(boxes, others=None, times=None, sizes=None):
    boxes = np.asarray(boxes, float)
    times = np.arange(len(boxes)) * 0.1 if times is None else times
    others = np.zeros((len(boxes), 0, 4)) if others is None else np.asarray(others, float)
    return Faces(times, boxes, others, np.repeat(SIZE, boxes.shape[1], axis=0) if sizes is None else sizes, (640, 360))


def test_a_choice_holds_for_a_second_at_least():
    t = np.arange(100) * 0.1
    boxes = np.tile((250.0, 150, 350, 250), (100, 1, 1)).reshape(100, 1, 4)
    x = 200 + 150 * np.sin(4 * t)  # somebody walks to and fro below the face
    others = np.stack([x, np.full(100, 255.0), x + 60, np.full(100, 330.0)], axis=1)[:, None]
    places = place_labels(faces_of(boxes, others, t))
    sides = places.sides[:, 0]
    changes = np.flatnonzero(np.diff(sides)) + 1
    assert (np.diff(t[changes]) >= HOLD_S - 1e-6).all()
    assert not any(
        x < other[2] and x + 120 > other[0] and y < other[3] and y + 40 > other[1]
        for (x, y), (other,), opacity in zip(places.corners[:, 0], others, places.opacity[:, 0], strict=True)
        if opacity > 0
    )


def test_the_choice_of_the_stretch_before_is_gone_on_with():
    boxes = np.tile((250.0, 150, 350, 250), (30, 1, 1)).reshape(30, 1, 4)
    first = place_labels(faces_of(boxes))
    assert first.last.tolist() == [0]
    assert place_labels(faces_of(boxes), np.array([3])).sides.tolist() == [[3]] * 30


def test_a_face_that_is_not_there_has_no_place():
    boxes = np.tile((250.0, 150, 350, 250), (20, 1, 1)).reshape(20, 1, 4)
    boxes[5:10] = np.nan
    places = place_labels(faces_of(boxes))
    assert np.isnan(places.corners[5:10]).all()
    assert (places.opacity[5:10] == 0).all()
    assert (places.opacity[:5] == 1).all()
    assert (places.sides[5:10] == -1).all()


edge = st.floats(-100, 700, allow_nan=False)


@given(st.lists(st.tuples(edge, edge, edge, edge), min_size=1, max_size=12), st.integers(1, 4))
def test_whatever_the_boxes_labels_stay_in_the_picture(values, n):
    boxes = np.array(values).reshape(-1, 1, 4)
    boxes[..., 2:] = np.maximum(boxes[..., :2], boxes[..., 2:])
    places = place_labels(faces_of(np.repeat(boxes, n, axis=1)))
    assert (places.corners >= 0).all()
    assert (places.corners + SIZE <= (640, 360)).all()
    assert ((places.opacity >= 0) & (places.opacity <= 1)).all()


def test_nobody_at_all():
    assert place_labels(faces_of(np.zeros((3, 0, 4)))).corners.shape == (3, 0, 2)
