import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from facestats.detect.fast import GEOMETRY, STRIDES
from facestats.training.detector.targets import Scene, assign, cell_grid, decode, detection_loss

SIDE = 128
CENTRES, STRIDE = (torch.from_numpy(part) for part in cell_grid(SIDE, SIDE))


def scene(*boxes, ignored=()):
    array = np.array(boxes, np.float32).reshape(-1, 4)
    points = np.repeat((array[:, None, :2] + array[:, None, 2:]) / 2, 5, axis=1).astype(np.float32)
    return Scene(array, points, np.array(ignored, np.float32).reshape(-1, 4))


def perfect_geometry(box, cells):
    """What the given cells have to say for exactly this box."""
    box = torch.tensor(box, dtype=torch.float32)
    centre, size = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
    stride = STRIDE[cells, None]
    points = ((centre - CENTRES[cells]) / stride).repeat(1, 5)
    return torch.cat([(centre - CENTRES[cells]) / stride, (size / stride).log(), points], dim=1)


@given(x=st.floats(10, 118), y=st.floats(10, 118), size=st.floats(7, 120))
def test_every_face_has_cells_near_its_centre_on_levels_of_its_size(x, y, size):
    box = (x - size / 2, y - size / 2, x + size / 2, y + size / 2)
    assignment = assign([scene(box)], SIDE, SIDE)
    assert len(assignment.cells) > 0
    away = np.abs(CENTRES.numpy()[assignment.cells] - [x, y]).max(axis=1)
    strides = STRIDE.numpy()[assignment.cells]
    assert (away <= np.maximum(0.22 * size, 0.75 * strides) + 1e-3).all()
    assert (size / strides).min() >= 0.5
    assert (size / strides).max() <= 120 / 16


def test_a_cell_near_two_faces_answers_for_the_smaller():
    assignment = assign([scene((20, 20, 60, 60), (34, 34, 46, 46))], SIDE, SIDE)
    shared = np.flatnonzero((CENTRES.numpy() == [36, 36]).all(axis=1) & (STRIDE.numpy() == 8))
    (position,) = np.flatnonzero(assignment.cells == shared[0])
    assert assignment.faces[position] == 1


def test_ignored_regions_count_for_nothing_but_faces_in_them_do():
    assignment = assign([scene((30, 30, 50, 50), ignored=[(20, 20, 100, 100)])], SIDE, SIDE)
    inside = (CENTRES.numpy() > 24).all(axis=1) & (CENTRES.numpy() < 96).all(axis=1)
    counted = assignment.weights[0] > 0
    assert not counted[inside & ~np.isin(np.arange(len(inside)), assignment.cells)].any()
    assert counted[assignment.cells].all()


def test_faces_of_a_batch_keep_their_pictures():
    assignment = assign([scene((30, 30, 50, 50)), scene(), scene((60, 60, 90, 90))], SIDE, SIDE)
    assert set(assignment.images.tolist()) == {0, 2}
    assert assignment.boxes.shape == (2, 4)
    assert (assignment.faces[assignment.images == 2] == 1).all()


def test_decoding_undoes_what_a_cell_should_say():
    box = (30.0, 40.0, 52.0, 70.0)
    cells = torch.from_numpy(assign([scene(box)], SIDE, SIDE).cells)
    boxes, landmarks = decode(perfect_geometry(box, cells), CENTRES[cells], STRIDE[cells, None])
    assert torch.allclose(boxes, torch.tensor(box).expand_as(boxes), atol=1e-3)
    assert torch.allclose(landmarks, torch.tensor([41.0, 55.0]).expand_as(landmarks), atol=1e-3)


def test_the_loss_is_small_for_the_right_answer_and_larger_for_any_other():
    box = (30.0, 40.0, 52.0, 70.0)
    assignment = assign([scene(box)], SIDE, SIDE)
    cells = torch.from_numpy(assignment.cells)
    scores = torch.full((1, len(CENTRES)), -12.0)
    geometry = torch.zeros(1, len(CENTRES), GEOMETRY)
    geometry[0, cells] = perfect_geometry(box, cells)
    scores[0, cells] = 12.0
    right = detection_loss(scores, geometry, assignment, CENTRES, STRIDE)
    assert sum(right.values()) < 1e-3
    moved = geometry.clone()
    moved[0, cells, 0] += 0.5
    assert detection_loss(scores, moved, assignment, CENTRES, STRIDE)["box"] > right["box"] + 0.01
    turned = geometry.clone()
    turned[0, cells, 4] += 1
    assert detection_loss(scores, turned, assignment, CENTRES, STRIDE)["landmark"] > right["landmark"] + 0.1
    false = scores.clone()
    false[0, 0] = 5.0
    assert detection_loss(false, geometry, assignment, CENTRES, STRIDE)["score"] > right["score"] + 0.1


def test_unknown_landmarks_teach_nothing():
    one = scene((30, 40, 52, 70))
    one.landmarks[:] = np.nan
    geometry = torch.randn(1, len(CENTRES), GEOMETRY, requires_grad=True)
    losses = detection_loss(torch.zeros(1, len(CENTRES)), geometry, assign([one], SIDE, SIDE), CENTRES, STRIDE)
    assert losses["landmark"] == 0
    sum(losses.values()).backward()
    assert torch.isfinite(geometry.grad).all()


def test_the_grid_covers_all_levels():
    centres, strides = cell_grid(64, 96)
    assert len(centres) == len(strides) == sum(64 * 96 // stride**2 for stride in STRIDES)
