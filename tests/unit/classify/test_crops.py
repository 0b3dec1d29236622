import cv2
import numpy as np
import pytest
from faces import make_detections
from hypothesis import given
from hypothesis import strategies as st

from facestats.classify import crops
from facestats.types import Detections


@given(
    scale=st.floats(0.05, 20),
    angle=st.floats(-np.pi, np.pi),
    shift=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
)
def test_a_similarity_is_found_again_exactly(scale, angle, shift):
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = crops.TEMPLATE @ linear.T + shift
    matrix = crops.similarity_transform(crops.TEMPLATE, moved)
    assert np.allclose(matrix, np.column_stack([linear, shift]), atol=1e-6 * max(1, scale))


def test_points_that_coincide_do_not_crash():
    assert np.isfinite(crops.similarity_transform(np.zeros((5, 2)), crops.TEMPLATE)).all()


@given(st.lists(st.integers(0, 2**32 - 1), max_size=4))
def test_pixels_across_are_those_of_each_face_alone(seeds):
    faces = [np.random.default_rng(seed).normal(50, 20, (5, 2)).astype(np.float32) for seed in seeds]
    faces.append(np.full((5, 2), 7, np.float32))  # points that coincide
    expected = []
    for points in faces:
        matrix = crops.similarity_transform(points, crops.TEMPLATE)
        expected.append(1 / max(np.hypot(matrix[0, 0], matrix[1, 0]), 1e-6))
    assert crops.pixels_across(np.stack(faces)) == pytest.approx(np.array(expected, np.float32), rel=1e-6)
    assert crops.pixels_across(np.zeros((0, 5, 2), np.float32)).shape == (0,)


def face_picture(side, landmarks):
    """Dots at the landmarks on a dark ground."""
    image = np.zeros((side, side, 3), np.uint8)
    for x, y in landmarks:
        cv2.circle(image, (round(x), round(y)), max(1, side // 60), (255, 255, 255), -1)
    return image


@pytest.mark.parametrize("scale", [60, 200, 900])
@pytest.mark.parametrize("angle", [0, 25])
def test_landmarks_land_on_the_template_at_every_scale_and_turn(scale, angle):
    turn = cv2.getRotationMatrix2D((500, 500), angle, 1.0)
    points = (crops.TEMPLATE - 0.5) * scale + 500
    points = points @ turn[:, :2].T + turn[:, 2]
    crop = crops.align_one(face_picture(1000, points), points, 96)
    for x, y in crops.TEMPLATE * 96:
        around = crop[int(y) - 3 : int(y) + 5, int(x) - 3 : int(x) + 5, 0].astype(float)
        rows, cols = np.mgrid[0 : around.shape[0], 0 : around.shape[1]]
        centre = np.array([(cols * around).sum(), (rows * around).sum()]) / around.sum() + [int(x) - 3, int(y) - 3]
        assert np.abs(centre - [x, y]).max() < 1.2


def test_shrinking_keeps_the_mean_and_drops_fine_noise():
    noise = np.random.default_rng(0).integers(0, 256, (900, 900, 3)).astype(np.uint8)
    crop = crops.align_one(noise, crops.TEMPLATE * 800 + 50, 48)
    assert abs(crop.mean() - 127.5) < 4
    assert crop.std() < 15  # sampling without a low-pass filter would leave about 74 / sqrt(4)


def test_a_face_at_the_border_repeats_it():
    crop = crops.align_one(np.full((60, 60, 3), 90, np.uint8), crops.TEMPLATE * 60 - 30, 48)
    assert (crop == 90).all()


def test_colours_stay_rgb():
    red = np.zeros((100, 100, 3), np.uint8)
    red[..., 0] = 200
    assert crops.align_one(red, crops.TEMPLATE * 100, 24)[12, 12].tolist() == [200, 0, 0]


@given(n=st.integers(0, 4), size=st.sampled_from([24, 48, 64]))
def test_one_crop_per_detection(n, size):
    found = make_detections(*[(10.0 * i, 5, 10.0 * i + 30, 40) for i in range(n)]) if n else Detections.empty()
    faces = crops.align(np.zeros((50, 90, 3), np.uint8), found, size)
    assert faces.images.shape == (n, size, size, 3)
    assert faces.sharpness.shape == (n,)


def test_a_blurred_face_is_less_sharp(portrait):
    assert crops.sharpness(cv2.GaussianBlur(portrait, (0, 0), 3)) < crops.sharpness(portrait) / 3


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 5))
def test_halving_keeps_the_mean_and_never_vanishes(height, width, times):
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    small = crops.halved(image, times)
    assert min(small.shape[:2]) >= 1
    if times and height % 2**times == width % 2**times == 0:
        assert small.shape[:2] == (height >> times, width >> times)
        assert np.abs(small.mean(axis=(0, 1)) - image.mean(axis=(0, 1))).max() < 1
