import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facestats.detect import create_detector
from facestats.detect.base import pad_to_multiple, shrink_to, suppress
from facestats.errors import ModelError, UnknownNameError

# Measured by eye on matplotlib's portrait (512 x 600): forehead to chin, cheek to cheek.
PORTRAIT_FACE = np.array([148, 73, 345, 318])


def overlap(a, b):
    x1, y1, x2, y2 = *np.maximum(a[:2], b[:2]), *np.minimum(a[2:], b[2:])
    shared = max(0, x2 - x1) * max(0, y2 - y1)
    return shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared)


def check_portrait(detector, portrait):
    found = detector.detect([portrait])[0]
    assert len(found) == 1
    assert overlap(found.boxes[0], PORTRAIT_FACE) > 0.55
    left_eye, right_eye, nose, mouth_left, mouth_right = found.landmarks[0]
    assert left_eye[0] < nose[0] < right_eye[0]
    assert mouth_left[0] < mouth_right[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(mouth_left[1], mouth_right[1])
    # The same picture shrunk: the same face at the same relative place.
    small, scale = shrink_to(portrait, 200)
    again = detector.detect([small])[0]
    assert overlap(again.boxes[0] / scale, found.boxes[0]) > 0.8


def test_centerface_finds_the_portrait_in_its_own_pixels(portrait):
    check_portrait(create_detector("centerface"), portrait)


def test_yunet_from_a_file_finds_the_portrait(portrait, data_folder):
    check_portrait(create_detector(str(data_folder / "yunet_n.onnx")), portrait)


def test_a_small_face_needs_the_default_size_not_320(portrait):
    face, _ = shrink_to(portrait[40:360, 90:400], 22)
    scene = np.full((270, 480, 3), 110, np.uint8)
    scene[100 : 100 + face.shape[0], 200 : 200 + face.shape[1]] = face
    assert len(create_detector("centerface").detect([scene])[0]) == 1
    assert len(create_detector("centerface", detect_size=160).detect([scene])[0]) == 0


def test_several_images_of_different_sizes_in_one_call(portrait):
    blank = np.zeros((40, 70, 3), np.uint8)
    counts = [len(found) for found in create_detector("centerface").detect([blank, portrait, portrait[:300]])]
    assert counts[0] == 0
    assert counts[1] == 1


@pytest.mark.parametrize("shape", [(1, 1), (3, 700), (2000, 9)])
def test_odd_sizes_do_not_crash(shape):
    image = np.random.default_rng(1).integers(0, 256, (*shape, 3)).astype(np.uint8)
    found = create_detector("centerface").detect([image])[0]
    assert (found.boxes >= 0).all()
    assert (found.boxes[:, [0, 2]] <= shape[1]).all()


def test_two_calls_give_the_same(portrait):
    detector = create_detector("centerface")
    first, second = detector.detect([portrait])[0], detector.detect([portrait])[0]
    assert np.array_equal(first.boxes, second.boxes)


def test_unknown_detectors_are_refused(tmp_path):
    with pytest.raises(UnknownNameError, match="centerface"):
        create_detector("haar")
    with pytest.raises(UnknownNameError, match="no detector file"):
        create_detector(str(tmp_path / "absent.onnx"))


def test_yunet_that_was_never_fetched_says_how_to(tmp_path, monkeypatch):
    monkeypatch.setenv("FACESTATS_CACHE", str(tmp_path))
    with pytest.raises(UnknownNameError, match="facestats models pull yunet"):
        create_detector("yunet")


def test_a_file_that_is_no_yunet_is_refused_in_one_line(tmp_path):
    from facestats.detect.centerface import weights_path

    junk = tmp_path / "junk.onnx"
    junk.write_text("not a network")
    for path in (junk, weights_path()):
        with pytest.raises(ModelError, match="not a YuNet") as caught:
            create_detector(str(path))
        assert "\n" not in str(caught.value)


@given(height=st.integers(1, 900), width=st.integers(1, 900), longer=st.integers(1, 700))
@settings(max_examples=40, deadline=None)
def test_shrinking_never_enlarges_and_fits(height, width, longer):
    image = np.zeros((height, width, 3), np.uint8)
    small, scale = shrink_to(image, longer)
    assert 0 < scale <= 1
    assert max(small.shape[:2]) <= max(longer, 1)
    padded = pad_to_multiple(small)
    assert padded.shape[0] % 32 == padded.shape[1] % 32 == 0


def test_suppression_keeps_the_best_of_an_overlapping_pair():
    boxes = np.array([[0, 0, 10, 10], [1, 1, 11, 11], [20, 20, 30, 30]])
    assert suppress(boxes, np.array([0.6, 0.9, 0.5]), 0.3).tolist() == [1, 2]
    assert suppress(np.zeros((0, 4)), np.zeros(0), 0.3).tolist() == []
