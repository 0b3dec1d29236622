import numpy as np
import pytest

from facestats.classify.pose import head_pose
from facestats.detect import create_detector
from facestats.synth.heads import make_head, render_head
from facestats.synth.portraits import library_portraits


@pytest.fixture(scope="module")
def detector():
    return create_detector("centerface", detect_size=0)


@pytest.fixture(scope="module")
def head(detector):
    _, portrait = library_portraits()
    rgb = portrait.rgba[..., :3] + (255 - portrait.rgba[..., 3:]) // 2
    return make_head(rgb, detector.detect([rgb])[0].landmarks[0])


def test_a_straight_head_is_its_own_mirror_image_and_another_seed_another_head(head):
    drawn = render_head(head, 0, side=128, eyes_px=22).astype(int)
    assert np.abs(drawn - drawn[:, ::-1]).mean() < 4
    points = np.array([[40, 40], [60, 40], [50, 50], [42, 62], [58, 62]])
    one, other = (make_head(head.texture, points, seed=seed) for seed in (1, 2))
    assert one.nose != other.nose


def test_known_poses_are_measured_within_the_error_that_is_told(head, detector):
    poses = [
        (-40, 0, 0),
        (-20, 0, 0),
        (0, 0, 0),
        (20, 0, 0),
        (40, 0, 0),
        (0, 20, 0),
        (0, -20, 0),
        (0, 0, 25),
        (0, 0, -25),
    ]
    pictures = [render_head(head, *pose, side=160, eyes_px=32) for pose in poses]
    found = np.array([head_pose(faces.landmarks[:1])[0] for faces in detector.detect(pictures)])
    off = np.abs(found - poses)
    assert np.median(off, axis=0).max() < 6
    assert (off.max(axis=0) < [21.5, 16, 11]).all()
    assert (np.diff(found[:5, 0]) > 0).all()  # further to the right is more yaw
    assert found[5, 1] > found[2, 1] > found[6, 1]
