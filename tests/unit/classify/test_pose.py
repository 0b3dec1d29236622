import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats.classify.pose import MEAN_FACE, facing, head_pose, turned_by


def picture_of(yaw, pitch, roll, scale=40.0):
    return (MEAN_FACE @ turned_by(np.array([yaw]), np.array([pitch]), np.array([roll]))[0].T)[None, :, :2] * scale + 200


@given(st.floats(-75, 75), st.floats(-50, 50), st.floats(-170, 170), st.floats(5, 300))
def test_a_mean_face_that_was_turned_is_turned_so(yaw, pitch, roll, scale):
    assert head_pose(picture_of(yaw, pitch, roll, scale))[0] == pytest.approx([yaw, pitch, roll], abs=0.1)


def test_the_signs_are_those_that_the_schema_tells():
    straight = picture_of(0, 0, 0)
    nose = lambda points: points[0, 2] - points[0, [0, 1, 3, 4]].mean(axis=0)  # noqa: E731
    assert nose(picture_of(30, 0, 0))[0] > nose(straight)[0] + 5  # to the right of the picture
    assert nose(picture_of(0, 20, 0))[1] < nose(straight)[1] - 5  # upwards
    left, right = picture_of(0, 0, 20)[0, :2]
    assert right[1] > left[1]  # clockwise: the eye on the right is lower


def test_mirrored_faces_are_turned_the_other_way():
    random = np.random.default_rng(0)
    faces = np.concatenate([picture_of(*angles) for angles in random.uniform(-40, 40, (20, 3))])
    faces = faces + random.normal(0, 1, faces.shape)
    mirrored = (faces * [-1, 1])[:, [1, 0, 2, 4, 3]]
    assert head_pose(mirrored) == pytest.approx(head_pose(faces) * [-1, 1, -1], abs=0.05)


def test_noise_of_a_pixel_turns_a_face_of_forty_by_a_few_degrees():
    random = np.random.default_rng(0)
    angles = random.uniform([-50, -30, -30], [50, 30, 30], (200, 3))
    faces = np.concatenate([picture_of(*each) for each in angles])
    off = np.abs(head_pose(faces + random.normal(0, 1, faces.shape)) - angles)
    assert np.median(off, axis=0).max() < 4


def test_points_that_tell_nothing_give_nothing():
    assert head_pose(np.zeros((0, 5, 2), np.float32)).shape == (0, 3)
    assert np.isnan(head_pose(np.full((1, 5, 2), 7.0))).all()
    assert np.isnan(head_pose(np.full((1, 5, 2), np.nan))).all()
    both = head_pose(np.concatenate([np.full((1, 5, 2), np.nan), picture_of(20, 0, 0)]))
    assert both[1] == pytest.approx([20, 0, 0], abs=0.1)
    assert np.isfinite(head_pose(np.array([[[0, 0], [1, 0], [2, 0], [3, 0], [4, 0]]]))).all()


def test_a_face_that_looks_away_faces_the_camera_less():
    assert facing(np.array([0.0, 20.0, -40.0, 90.0]), np.zeros(4)).tolist() == pytest.approx([1, 2 / 3, 1 / 3, 0])
    assert np.isnan(facing(np.array([np.nan]), np.zeros(1))).all()
