import cv2
import numpy as np
import pytest

from facestats.datasets.framing import TYPICAL_LANDMARKS, find_landmarks
from facestats.detect.centerface import CenterFace


@pytest.fixture(scope="module")
def detector():
    return CenterFace(detect_size=0)


@pytest.fixture(scope="module")
def face(portrait):
    return cv2.resize(portrait[125:345, 160:380], (96, 96), interpolation=cv2.INTER_AREA)


def eyes_nose_mouth_are_in_place(points, shape):
    height, width = shape[:2]
    assert points.shape == (5, 2)
    assert points.dtype == np.float32
    assert ((points > 0) & (points < [width, height])).all()
    eye_left, eye_right, nose, mouth_left, mouth_right = points
    assert eye_left[0] < eye_right[0]
    assert mouth_left[0] < mouth_right[0]
    assert max(eye_left[1], eye_right[1]) < nose[1] < min(mouth_left[1], mouth_right[1])


@pytest.mark.parametrize("side", [30, 48, 96, 500])
def test_finds_a_tightly_cropped_face_at_any_size(face, detector, side):
    image = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    eyes_nose_mouth_are_in_place(find_landmarks(image, detector), image.shape)


def test_same_place_at_every_size(face, detector):
    shares = [
        find_landmarks(cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC), detector) / side
        for side in (64, 128, 256)
    ]
    assert np.abs(shares[0] - shares[1]).max() < 0.03
    assert np.abs(shares[2] - shares[1]).max() < 0.03


def test_the_face_is_framed_as_in_a_video(portrait, detector):
    """The landmarks lie where the detector sees them in the whole picture, give or take its jitter."""
    from_video = CenterFace(detect_size=480).detect([portrait])[0].landmarks[0]
    from_still = find_landmarks(portrait[100:360, 138:398], detector) + np.array([138, 100])
    between_eyes = np.linalg.norm(from_video[1] - from_video[0])
    assert np.linalg.norm(from_still - from_video, axis=1).max() < 0.2 * between_eyes


def test_not_square(portrait, detector):
    image = portrait[80:380, 140:400]
    eyes_nose_mouth_are_in_place(find_landmarks(image, detector), image.shape)


def test_a_small_face_is_found_in_the_second_look(portrait, detector):
    image = cv2.copyMakeBorder(portrait[125:345, 160:380], 600, 600, 600, 600, cv2.BORDER_CONSTANT, value=(90, 90, 90))
    points = find_landmarks(image, detector)
    eyes_nose_mouth_are_in_place(points - 600, (220, 220))


def test_no_face(detector):
    assert find_landmarks(np.full((48, 48, 3), 128, np.uint8), detector) is None


def test_the_middle_face_counts(face, detector):
    """Two faces in one picture: the one in the middle, although another is as large."""
    image = np.full((96 * 3, 96 * 3, 3), 127, np.uint8)
    image[96:192, 96:192] = face
    image[192:288, 192:288] = face
    points = find_landmarks(image, detector)
    assert (np.abs(points - 144) < 48).all()


def test_typical_landmarks_are_a_face():
    eyes_nose_mouth_are_in_place((TYPICAL_LANDMARKS * 48).astype(np.float32), (48, 48))
