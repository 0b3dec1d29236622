import numpy as np
import pytest
from faces import make_detections

from facestats.types import Detections, FaceCrops, Frame, Places, Predictions, VideoInfo


def test_a_frame_must_be_rgb_uint8_with_a_finite_time():
    good = np.zeros((4, 6, 3), np.uint8)
    assert Frame(0, 0.5, good).time_s == 0.5
    for index, time_s, rgb in ((-1, 0.0, good), (0, float("nan"), good), (0, 0.0, good[..., 0]), (0, 0.0, good / 2)):
        with pytest.raises(ValueError):
            Frame(index, time_s, rgb)


def test_a_frame_is_converted_when_it_is_asked_for_and_falls_back_on_its_small_version():
    full, small = np.full((8, 12, 3), 7, np.uint8), np.full((4, 6, 3), 7, np.uint8)
    asked = []
    frame = Frame(0, 0.0, lambda: asked.append(1) or full, small, (12, 8))
    assert frame.size == (12, 8)
    assert frame.small is small
    assert not asked
    assert frame.rgb is full
    broken = Frame(0, 0.0, lambda: None, small, (12, 8))
    assert np.array_equal(broken.rgb, full)
    with pytest.raises(ValueError, match="needs a size"):
        Frame(0, 0.0, lambda: full)
    assert Frame(0, 0.0, full).small is full


def test_stretched_detections_move_with_the_picture():
    found = make_detections((10, 20, 30, 60)).stretched(2, 0.5)
    assert found.boxes.tolist() == [[20, 10, 60, 30]]
    assert found.landmarks[0, 0].tolist() == [32, 18]


def test_detections_must_agree_in_number_shape_and_dtype():
    boxes, scores, points = np.zeros((2, 4), np.float32), np.zeros(2, np.float32), np.zeros((2, 5, 2), np.float32)
    assert len(Detections(boxes, scores, points)) == 2
    for wrong in ((boxes, scores[:1], points), (boxes.astype(float), scores, points), (boxes, scores, points[:, :4])):
        with pytest.raises(ValueError):
            Detections(*wrong)


def test_detections_are_selected_together():
    found = make_detections((0, 0, 10, 20), (5, 5, 45, 30))
    assert found.sizes.tolist() == [10, 25]
    large = found[found.sizes > 12]
    assert len(large) == 1
    assert large.boxes.tolist() == [[5, 5, 45, 30]]
    assert len(found[np.zeros(0, np.int64)]) == 0


def test_predictions_must_sum_to_one_and_fit_their_classes():
    Predictions("gender", ("female", "male"), np.zeros((0, 2), np.float32))
    with pytest.raises(ValueError, match="sum"):
        Predictions("gender", ("female", "male"), np.array([[0.5, 0.2]], np.float32))
    with pytest.raises(ValueError, match=r"\(N, 2\)"):
        Predictions("gender", ("female", "male"), np.array([[1.0]], np.float32))


def test_crops_must_be_square():
    with pytest.raises(ValueError, match="S, S"):
        FaceCrops(np.zeros((1, 4, 5, 3), np.uint8), *np.zeros((2, 1), np.float32))


def test_video_info_refuses_nonsense():
    for wrong in ({"width": 0}, {"rotation": 45}, {"kind": "tape"}):
        with pytest.raises(ValueError):
            VideoInfo(**{"path": "a", "width": 4, "height": 4, **wrong})


def test_the_first_region_counts_where_two_overlap():
    places = Places(("a", "b"), np.array([[0.0, 0, 50, 50], [25, 0, 100, 50]]))
    boxes = np.array([[20, 10, 40, 20], [50, 10, 90, 20], [10, 60, 20, 70]], np.float32)
    assert places.names_of(boxes) == ["a", "b", None]
    assert places.numbers_of(boxes[:0]).tolist() == []


def test_an_only_region_needs_no_name():
    assert Places(("",), np.array([[0.0, 0, 50, 50]])).names_of(np.array([[0.0, 0, 9, 9]])) == [None]
