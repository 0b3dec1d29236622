import cv2
import numpy as np
import pandas as pd
import pytest
from faces import make_detections

from facestats.errors import DataError, MissingInputError
from facestats.training.detector import teachers, teaching
from facestats.training.detector.teachers import Seen, View, mirror
from facestats.training.detector.teaching import agree, taught_crops, taught_photos, teach

BLANK = np.zeros((200, 200, 3), np.uint8)


def seen(*boxes, score, views=0):
    found = make_detections(*boxes, score=score)
    return Seen(found, np.broadcast_to(np.array(views), len(found)).astype(np.int64))


def test_a_face_that_one_of_two_teachers_sees_is_half_as_sure():
    both, one = (0, 0, 40, 40), (100, 100, 150, 150)
    merged = agree({"yunet": seen(both, one, score=0.9), "retinaface": seen((2, 0, 42, 40), score=0.99)})
    assert merged.scores[0] > 0.9
    assert 0.4 < merged.scores[1] < 0.5
    x1, y1, x2, y2 = merged.boxes[0]  # in the middle, nearer to the surer teacher
    assert 1 < x1 < 2
    assert (y1, y2) == pytest.approx((0, 40))
    assert x2 - x1 == pytest.approx(40)


def test_a_teacher_goes_by_the_size_at_which_it_is_surest():
    box = (0, 0, 12, 12)
    twice = Seen(make_detections(box, box, score=0.9), np.array([0, 1]))
    twice.found.scores[0] = 0.2  # at its own size
    assert agree({"retinaface": twice}).scores.tolist() == pytest.approx(
        agree({"retinaface": seen(box, score=0.9, views=1)}).scores.tolist()
    )


def test_what_is_seen_in_the_mirror_image_only_is_doubtful(monkeypatch):
    monkeypatch.setattr(teaching, "views_of", lambda name: (View(), View(mirrored=True)))
    box = (0, 0, 12, 12)
    both = Seen(make_detections(box, box, score=0.9), np.array([0, 1]))
    assert agree({"yunet": both}).scores[0] > 0.9
    assert agree({"yunet": seen(box, score=0.9, views=1)}).scores[0] < 0.2


def test_a_teacher_without_landmarks_leaves_those_of_the_others():
    box = (0, 0, 40, 40)
    blind = seen(box, score=0.9)
    blind.found.landmarks[:] = np.nan
    merged = agree({"yunet": blind, "retinaface": seen(box, score=0.9)})
    assert np.allclose(merged.landmarks, make_detections(box).landmarks)
    assert np.isnan(agree({"yunet": blind}).landmarks).all()


def test_teachers_that_see_nothing_agree():
    assert len(agree({"yunet": Seen.nothing(), "retinaface": Seen.nothing()})) == 0


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


def test_loose_boxes_of_people_give_way_to_the_teachers():
    found = make_detections((10, 10, 50, 50), score=0.3)
    taught = teach(BLANK, found, np.array([[0, 0, 60, 60]], np.float32), halfway=False)
    assert taught.boxes.tolist() == [[10, 10, 50, 50]]


def test_in_a_crowd_less_is_background():
    sure = [(20 * i, 0, 20 * i + 12, 12) for i in range(teaching.CROWD)]
    doubtful = (100, 100, 112, 112)
    found = make_detections(*sure, doubtful, score=0.9)
    found.scores[-1] = 0.01
    none = np.zeros((0, 4), np.float32)
    assert teach(BLANK, found, none).ignored.tolist() == [list(doubtful)]
    assert len(teach(BLANK, found[1:], none).ignored) == 0


@pytest.fixture
def wild_file(tmp_path, portrait, room):
    """Photos of each `boxed`: seen by earlier teachers or not; boxed loosely, seen or not; without people."""
    with_face = room.image.copy()
    with_face[20:220, 60:231] = cv2.resize(portrait, (171, 200), interpolation=cv2.INTER_AREA)
    encoded = [cv2.imencode(".jpg", image[..., ::-1])[1].tobytes() for image in (with_face, room.image)]
    tight, loose = [109.0, 44.0, 66.0, 82.0], [99.0, 34.0, 86.0, 102.0]
    frame = pd.DataFrame(
        {
            "image": [encoded[i] for i in (0, 1, 0, 1, 0)],
            "boxes": [[], [], [loose], [[200.0, 30.0, 43.0, 51.0]], []],
            "kind": [[], [], ["face"], ["face"], []],
            "boxed": ["none", "none", "some", "some", "empty"],
            "teacher": [[[*tight, 0.8, 0.9]], [], [[*tight, 0.8, 0.9]], [], [[*tight, 0.8, 0.9]]],
            "name": [f"wild {i}" for i in range(5)],
            "source": "wild",
            "split": "train",
        }
    )
    frame.to_parquet(tmp_path / "wild.parquet")
    return tmp_path / "wild.parquet"


def test_what_a_photo_teaches_depends_on_what_people_boxed(wild_file):
    seen_before, nothing, some, loose, empty = taught_photos(wild_file, [])
    assert seen_before.boxes.tolist() == [[109, 44, 175, 126]]
    assert len(nothing.boxes) == len(nothing.ignored) == len(empty.boxes) == 0
    assert some.boxes.tolist() == [[109, 44, 175, 126]]
    # Drawn as teachers would: theirs was 66/86 as wide and 82/102 as high where they saw the face too.
    assert (loose.boxes[0, 2:] - loose.boxes[0, :2]).tolist() == pytest.approx([33, 41], abs=0.1)
    assert np.isnan(loose.landmarks).all()


def test_a_teacher_stands_for_what_it_said_before(wild_file):
    (first, *_) = taught_photos(wild_file, ["centerface"])
    assert len(first.boxes) == 1
    assert np.isfinite(first.landmarks).all()


def test_without_any_box_and_teacher_nothing_is_learned(tmp_path, room):
    encoded = cv2.imencode(".jpg", room.image)[1].tobytes()
    frame = pd.DataFrame({"image": [encoded], "boxes": [[]], "boxed": ["none"], "name": ["a"], "split": ["train"]})
    frame.to_parquet(tmp_path / "wild.parquet")
    with pytest.raises(DataError, match=r"wild.parquet: nobody boxed .* give a --teacher"):
        taught_photos(tmp_path / "wild.parquet", [])


def test_labelling_goes_on_where_it_stopped(photos_file, monkeypatch):
    monkeypatch.setattr(teachers, "PART", 4)
    detect_in_views, asked = teachers.detect_in_views, []

    def stop_at_the_sixth(image, teacher):
        asked.append(image)
        if len(asked) == 6:
            raise KeyboardInterrupt
        return detect_in_views(image, teacher)

    monkeypatch.setattr(teachers, "detect_in_views", stop_at_the_sixth)
    monkeypatch.setattr(teachers, "usable_cores", lambda: 1)
    with pytest.raises(KeyboardInterrupt):
        taught_photos(photos_file, ["centerface"])
    taught = taught_photos(photos_file, ["centerface"])
    assert len(asked) < 6 + 9  # of nine, the first four were not asked again
    assert [len(photo.boxes) for photo in taught] == [1, 0, 1, 0, 1, 0]


def test_photos_keep_the_boxed_ones_and_the_empty_rooms(photos_file):
    taught = taught_photos(photos_file, ["centerface"])
    # Of nine training photos, three have an unboxed face in them, and are left out.
    assert [len(photo.boxes) for photo in taught] == [1, 0, 1, 0, 1, 0]
    x1, y1, x2, y2 = taught[0].boxes[0]
    assert 95 < x1 < 120 < 160 < x2 < 185
    assert 35 < y1 < 65 < 110 < y2 < 140


def test_the_second_reading_asks_nobody(photos_file, monkeypatch):
    first = taught_photos(photos_file, ["centerface"])
    monkeypatch.setattr(teachers, "create_teacher", lambda name: pytest.fail("asked again"))
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
    with pytest.raises(MissingInputError, match="no data file"):
        taught_crops([tmp_path / "absent.parquet"], 5, ["centerface"])
    pd.DataFrame({"picture": [1]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(DataError, match="no column 'image'"):
        taught_crops([tmp_path / "other.parquet"], 5, ["centerface"])
