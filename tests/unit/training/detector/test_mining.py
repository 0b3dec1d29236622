import numpy as np
from faces import make_detections

from facestats.training.detector.mining import hard_spots, wrong_places
from facestats.training.detector.teaching import Taught

FACE, DOUBTFUL, ELSEWHERE = (0, 0, 20, 20), (50, 50, 70, 70), (100, 0, 120, 20)


def photo(*faces, ignored=()):
    boxes = np.array(faces, np.float32).reshape(-1, 4)
    points = np.zeros((len(boxes), 5, 2), np.float32)
    return Taught(np.zeros((128, 128, 3), np.uint8), boxes, points, np.array(ignored, np.float32).reshape(-1, 4))


def places(taught, *found, score=0.9):
    return [tuple(spot.box.astype(int).tolist()) for spot in wrong_places(taught, make_detections(*found, score=score))]


def test_what_is_taken_for_a_face_is_hard():
    assert places(photo(FACE), FACE, ELSEWHERE) == [ELSEWHERE]


def test_what_may_be_a_face_is_not():
    assert places(photo(FACE, ignored=[DOUBTFUL]), FACE, DOUBTFUL) == []


def test_faces_that_are_missed_or_doubted_are_hard():
    assert places(photo(FACE)) == [FACE]
    assert places(photo(FACE), FACE, score=0.3) == [FACE]


def test_faces_too_small_to_be_learned_are_not():
    assert places(photo((0, 0, 4, 4))) == []


def test_a_detector_runs_over_all_photos():
    from facestats.detect import detector_file

    spots = hard_spots(detector_file("fast"), [photo(), photo(FACE)])
    assert [tuple(spot.box.astype(int).tolist()) for spot in spots] == [FACE]
