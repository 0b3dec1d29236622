import cv2
import numpy as np
import pandas as pd
import pytest
from faces import make_detections
from hypothesis import given
from hypothesis import strategies as st

from facestats.datasets.boxes import BoxedImage
from facestats.errors import DataError
from facestats.evaluation.detection import (
    SIZES,
    Matches,
    average_precision,
    claim,
    evaluate_detector,
    groups_of,
    recall_at,
    scorable,
)
from facestats.types import Detections


def png(value=0, size=(200, 300)):
    return cv2.imencode(".png", np.full((*size, 3), value, np.uint8))[1].tobytes()


def image(*boxes, value=0, landmarks=None):
    return BoxedImage("a", png(value), np.array(boxes, np.float32).reshape(-1, 4), landmarks)


class Scripted:
    """Returns the detections of the image whose grey value it sees."""

    name = "scripted"

    def __init__(self, *answers):
        self.answers = answers

    def detect(self, images):
        return [self.answers[int(picture[0, 0, 0])] for picture in images]


A, B, C = (0, 0, 20, 20), (50, 50, 90, 90), (100, 0, 220, 150)


def test_perfect_detections_score_one():
    scores = evaluate_detector(Scripted(make_detections(A, B, C)), [image(A, B, C)])
    assert scores["ap"] == scores["recall_at_01_fp"] == 1
    assert scores["ap_by_size"] == {"under_16": None, "16_to_32": 1, "32_to_96": 1, "over_96": 1}
    assert (scores["n"], scores["n_boxes"]) == (1, 3)
    assert scores["landmark_error"] is None
    assert scores["ms"] >= 0


def test_a_second_detection_of_one_face_is_false():
    claimed = claim(image(B), make_detections(B, (51, 51, 91, 91))).claimed
    assert np.isnan(claimed).tolist() == [False, True]


def test_the_better_score_claims_first_whatever_the_order():
    found = make_detections((55, 55, 95, 95), B)
    found = Detections(found.boxes, np.array([0.3, 0.9], np.float32), found.landmarks)
    assert np.isnan(claim(image(B), found).claimed).tolist() == [True, False]


def test_less_than_half_an_overlap_is_no_match():
    assert np.isnan(claim(image((0, 0, 40, 40)), make_detections((0, 0, 40, 19))).claimed).all()
    assert not np.isnan(claim(image((0, 0, 40, 40)), make_detections((0, 0, 40, 21))).claimed).any()


def test_average_precision_of_a_known_curve():
    # right, false, right, with one box never found: 1/3 at precision 1, 1/3 at 2/3.
    scores = np.array([0.9, 0.8, 0.7], np.float32)
    matches = Matches(scores, scores * 100, np.array([50, np.nan, 50]), scores, np.full(3, 50.0), 1)
    assert average_precision(matches) == pytest.approx(1 / 3 + 1 / 3 * 2 / 3)
    assert recall_at(matches) == pytest.approx(1 / 3)
    assert recall_at(matches, 1.0) == pytest.approx(2 / 3)


def test_faces_of_another_size_are_neither_wanted_nor_held_against():
    scores = evaluate_detector(Scripted(make_detections(C, B, (240, 100, 255, 115))), [image(B, C)])
    assert scores["ap_by_size"]["32_to_96"] == scores["ap_by_size"]["over_96"] == 1
    assert scores["ap_by_size"]["under_16"] is None


def test_false_faces_are_counted_on_images_without_boxes():
    weak = make_detections(A, score=0.3)
    detector = Scripted(make_detections(B), make_detections(A, B), weak, Detections.empty())
    images = [image(B), image(value=1), image(value=2), image(value=3)]
    assert evaluate_detector(detector, images)["false_per_image"] == pytest.approx(2 / 3)


def test_landmark_error_is_a_share_of_the_boxs_size():
    found = make_detections(B)
    truth = found.landmarks + np.array([4, 0], np.float32)
    scores = evaluate_detector(Scripted(found), [image(B, landmarks=truth)])
    assert scores["landmark_error"] == pytest.approx(0.1)


def test_nothing_at_all_is_no_number():
    scores = evaluate_detector(Scripted(Detections.empty()), [image()])
    assert scores["ap"] is None
    assert scores["recall_at_01_fp"] is None
    assert evaluate_detector(Scripted(Detections.empty()), [image(A)])["ap"] == 0


@given(right=st.lists(st.booleans(), min_size=1, max_size=40), missed=st.integers(0, 10))
def test_average_precision_lies_between_recall_times_precision_and_recall(right, missed):
    n = len(right)
    claimed = np.where(right, 50.0, np.nan)
    truths = np.full(sum(right) + missed, 50.0)
    value = average_precision(Matches(np.linspace(1, 0.5, n), np.full(n, 50.0), claimed, claimed, truths, 1))
    if not len(truths):
        assert value is None
        return
    recall, precision = sum(right) / len(truths), sum(right) / n
    assert recall * precision - 1e-9 <= value <= recall + 1e-9


def test_what_lies_on_an_ignored_box_is_neither_right_nor_false():
    boxed = BoxedImage("a", png(), np.array([B], np.float32), ignored=np.array([A], np.float32))
    inside = (2, 2, 18, 18)
    scores = evaluate_detector(Scripted(make_detections(inside, A, B)), [boxed])
    assert scores["ap"] == 1
    assert scores["n_boxes"] == 1
    assert evaluate_detector(Scripted(make_detections((15, 15, 49, 49), B)), [boxed])["ap"] == 0.5  # hardly on it
    empty = BoxedImage("b", png(), np.zeros((0, 4), np.float32), ignored=np.array([A], np.float32))
    assert evaluate_detector(Scripted(make_detections(A)), [empty])["false_per_image"] == 0


def test_a_face_beside_an_ignored_one_is_still_found():
    boxed = BoxedImage("a", png(), np.array([A], np.float32), ignored=np.array([(0, 0, 30, 30)], np.float32))
    assert evaluate_detector(Scripted(make_detections(A)), [boxed])["ap"] == 1


def test_recall_is_told_by_size():
    found = make_detections(A, B, (200, 0, 220, 20))
    found.scores[:] = [0.9, 0.7, 0.8]
    scores = evaluate_detector(Scripted(found), [image(A, B, C)])
    assert scores["recall_by_size"] == {"under_16": None, "16_to_32": 1, "32_to_96": 0, "over_96": 0}


def sourced(source, *boxes, value=0, boxed=None):
    return BoxedImage(source, png(value), np.array(boxes, np.float32).reshape(-1, 4), source=source, boxed=boxed)


def test_groups_are_scored_by_themselves():
    images = [sourced("voc", B), sourced("lfw", C, value=1)]
    detector = Scripted(make_detections(B), make_detections(B))
    scores = evaluate_detector(detector, images, groups=groups_of(images, "source", "a.parquet"))
    assert {name: one["ap"] for name, one in scores["groups"].items()} == {"lfw": 0, "voc": 1}
    assert scores["n"] == 2
    apart = groups_of(images, "voc", "a.parquet")
    assert {name: len(group) for name, group in apart.items()} == {"voc": 1, "the others": 1}


def test_a_source_that_is_not_there_is_told():
    images = [sourced("voc", B), sourced("lfw", C)]
    with pytest.raises(DataError, match=r"a.parquet has no source 'coco' .*; there are lfw, voc"):
        groups_of(images, "voc, coco", "a.parquet")
    with pytest.raises(DataError, match="no column 'source'"):
        groups_of([image(B)], "source", "a.parquet")


def test_photos_that_nobody_boxed_are_not_scored():
    images = [sourced("a", boxed="none"), sourced("b", A, boxed="some"), sourced("c", boxed="empty"), sourced("d", A)]
    assert [one.source for one in scorable(images, "a.parquet")] == ["c", "d"]
    with pytest.raises(DataError, match=r"a.parquet: nobody boxed every face"):
        scorable(images[:2], "a.parquet")


def test_sizes_cover_every_pixel_once():
    edges = [edge for low_high in SIZES.values() for edge in low_high]
    assert edges == [0, 16, 16, 32, 32, 96, 96, np.inf]


def test_an_image_that_does_not_decode():
    broken = BoxedImage("a", b"no picture", np.zeros((0, 4), np.float32))
    with pytest.raises(DataError, match="does not decode"):
        evaluate_detector(Scripted(Detections.empty()), [broken])


def test_centerface_on_a_portrait_through_the_command_line(tmp_path, portrait, capsys):
    import json

    from facestats.cli import main

    encoded = cv2.imencode(".png", portrait[..., ::-1])[1].tobytes()
    path = tmp_path / "d.parquet"
    pd.DataFrame({"image": [encoded], "boxes": [[[160, 95, 180, 230]]]}).to_parquet(path)
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "detector", "--data", str(path), "--json"])
    assert not ended.value.code
    scores = json.loads(capsys.readouterr().out)
    assert scores["recall_at_01_fp"] == 1
    assert set(scores) >= {"ap", "ap_by_size", "recall_at_01_fp", "landmark_error", "ms", "n"}
