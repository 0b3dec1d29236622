import numpy as np
import pytest
from faces import make_detections

from facestats.errors import DataError, MissingInputError
from facestats.training.detector import teaching
from facestats.training.detector.teaching import agree, mirror, taught_crops, taught_photos, teach
from facestats.types import Detections

BLANK = np.zeros((200, 200, 3), np.uint8)


def test_a_face_that_one_of_two_teachers_sees_is_half_as_sure():
    both, one = (0, 0, 40, 40), (100, 100, 150, 150)
    merged = agree([make_detections(both, one, score=0.8), make_detections((2, 0, 42, 40), score=0.6)])
    assert merged.scores.tolist() == pytest.approx([0.7, 0.4])
    x1, y1, x2, y2 = merged.boxes[0]  # in the middle, nearer to the surer teacher
    assert 0 < x1 < 1
    assert (y1, y2) == pytest.approx((0, 40))
    assert x2 - x1 == pytest.approx(40)


def test_teachers_that_see_nothing_agree():
    assert len(agree([Detections.empty(), Detections.empty()])) == 0


def test_mirroring_twice_changes_nothing_and_once_swaps_the_eyes():
    found = make_detections((10, 20, 50, 80))
    boxes, landmarks = mirror(found.boxes, found.landmarks, 200)
    assert boxes.tolist() == [[150, 20, 190, 80]]
    assert landmarks[0, 0, 0] < landmarks[0, 1, 0]
    again = mirror(boxes, landmarks, 200)
    assert np.allclose(again[0], found.boxes)
    assert np.allclose(again[1], found.landmarks)


def test_what_people_boxed_is_a_face_even_if_teachers_doubt_it():
    weak, doubtful = (0, 0, 40, 40), (100, 100, 140, 140)
    found = make_detections(weak, doubtful, score=0.3)
    taught = teach(BLANK, found, np.array([[0, 2, 40, 44], [150, 20, 170, 40]], np.float32))
    assert taught.boxes.tolist() == [[0, 1, 40, 42], [150, 20, 170, 40]]  # half-way, where teachers saw it too
    assert np.isfinite(taught.landmarks[0]).all()
    assert np.isnan(taught.landmarks[1]).all()
    assert taught.ignored.tolist() == [list(doubtful)]


def test_photos_keep_the_boxed_ones_and_the_empty_rooms(photos_file):
    taught = taught_photos(photos_file, ["centerface"])
    # Of nine training photos, three have an unboxed face in them, and are left out.
    assert [len(photo.boxes) for photo in taught] == [1, 0, 1, 0, 1, 0]
    x1, y1, x2, y2 = taught[0].boxes[0]
    assert 95 < x1 < 120 < 160 < x2 < 185
    assert 35 < y1 < 65 < 110 < y2 < 140


def test_the_second_reading_asks_nobody(photos_file, monkeypatch):
    first = taught_photos(photos_file, ["centerface"])
    monkeypatch.setattr(teaching, "create_teachers", lambda names: pytest.fail("asked again"))
    again = taught_photos(photos_file, ["centerface"])
    assert all(np.array_equal(a.landmarks, b.landmarks) for a, b in zip(first, again, strict=True))


def test_close_pictures_without_a_face_are_left_out(faces_file):
    taught = taught_crops([faces_file], 4, ["centerface"])
    assert len(taught) == 2  # of the first four
    x1, y1, x2, y2 = taught[0].boxes[0]
    assert 10 < x1 < 35 < 60 < x2 < 85
    assert taught[0].image.shape == (96, 96, 3)
    assert y1 < taught[0].landmarks[0, :, 1].min() < taught[0].landmarks[0, :, 1].max() < y2


def test_files_that_are_absent_or_lack_pictures_are_told(tmp_path, photos_file):
    import pandas as pd

    with pytest.raises(MissingInputError, match="no data file"):
        taught_crops([tmp_path / "absent.parquet"], 5, ["centerface"])
    pd.DataFrame({"picture": [1]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(DataError, match="no column 'image'"):
        taught_crops([tmp_path / "other.parquet"], 5, ["centerface"])
