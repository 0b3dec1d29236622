"""Places of labels, chosen over time."""

from __future__ import annotations

import numpy as np
import pytest
from crowds import FRAME, crowd
from hypothesis import given
from hypothesis import strategies as st

from facestats.clips.placing import HOLD_S, Faces, LivePlaces, place_labels

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


def lived(boxes, *, rate=5.0, seed_sizes=(150.0, 60.0)):
    """Live places of a crowd, frame by frame: corners (T, N, 2), opacity (T, N), and the size of a label."""
    live, size = LivePlaces(), np.array(seed_sizes)
    found = []
    for moment, now in enumerate(boxes):
        ids = np.flatnonzero(~np.isnan(now[:, 0]))
        faces = Faces(np.zeros(1), now[None, ids], np.zeros((1, 0, 4)), np.tile(size, (len(ids), 1)), FRAME)
        corners, opacity, sizes = live.place(moment / rate, ids.tolist(), faces)
        assert (sizes == size).all()
        row = np.full((boxes.shape[1], 3), np.nan)
        row[ids] = np.column_stack([corners, opacity])
        found.append(row)
    found = np.array(found)
    return found[..., :2], found[..., 2], size


def touch(corner, size, box):
    return bool((corner < box[2:]).all() and (corner + size > box[:2]).all())


@pytest.mark.parametrize("n", [2, 6, 12])
def test_live_labels_cover_no_other_face_and_no_other_label(n):
    boxes = crowd(n, seconds=20, rate=5)
    corners, opacity, size = lived(boxes)
    for at, shown, now in zip(corners, opacity > 0, boxes, strict=True):
        for i in np.flatnonzero(shown):
            assert not any(touch(at[i], size, now[j]) for j in range(n) if j != i)
            assert not any(touch(at[i], size, np.append(at[j], at[j] + size)) for j in np.flatnonzero(shown) if j != i)
    assert (opacity > 0).mean() > (0.95 if n == 2 else 0.7)


def test_a_live_label_stays_for_a_second_at_least():
    boxes = crowd(6, seconds=30, rate=5, seed=1)
    corners, opacity, size = lived(boxes)
    # Where a label stands relative to its face, which moves: a jump is a change.
    middles = corners + size / 2 - (boxes[..., :2] + boxes[..., 2:]) / 2
    jumped = np.hypot(*np.moveaxis(np.diff(middles, axis=0), 2, 0)) > 60
    for face in range(6):
        both = (opacity[1:, face] > 0) & (opacity[:-1, face] > 0)
        moments = (np.flatnonzero(jumped[:, face] & both) + 1) / 5
        assert (np.diff(moments) >= HOLD_S - 1e-9).all()
    assert jumped.sum() / 6 / 0.5 < 12  # a minute and face; anew in each frame it is over 30


def test_a_live_label_waits_for_the_face_that_comes_and_is_forgotten_with_its_own():
    boxes = np.full((30, 2, 4), np.nan)
    boxes[:, 0] = (560.0, 300, 680, 460)
    boxes[10:, 1] = (560.0, 470, 680, 600)  # comes where the label stands
    corners, opacity, size = lived(boxes)
    assert (opacity[:10, 0] == 1).all()
    assert not touch(corners[10, 0], size, boxes[10, 1]) or opacity[10, 0] == 0
    assert opacity[-1, 0] == 1
    live = LivePlaces()
    one = Faces(np.zeros(1), boxes[None, 0, :1], np.zeros((1, 0, 4)), size[None], FRAME)
    nobody = Faces(np.zeros(1), np.zeros((1, 0, 4)), np.zeros((1, 0, 4)), np.zeros((0, 2)), FRAME)
    live.place(0.0, [7], one)
    live.place(3.0, [], nobody)
    assert live._known == {}
