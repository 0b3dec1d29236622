import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from facestats.training.detector.layers import LEAST_FACE, Canvas, paint_photo
from facestats.training.detector.teaching import Taught

NONE = np.zeros((0, 4), np.float32)


def bright_square(boxes=((40, 30, 70, 60),)):
    """A dark picture whose faces are white squares, so that boxes can be checked against pixels."""
    image = np.zeros((100, 120, 3), np.uint8)
    array = np.array(boxes, np.float32)
    for x1, y1, x2, y2 in array.astype(int):
        image[y1:y2, x1:x2] = 255
    points = np.repeat((array[:, None, :2] + array[:, None, 2:]) / 2, 5, axis=1)
    return Taught(image, array, points.astype(np.float32), NONE)


def white_box(image):
    rows, cols = np.nonzero(image[..., 0] > 127)
    return np.array([cols.min(), rows.min(), cols.max() + 1, rows.max() + 1])


@given(scale=st.floats(0.5, 2.5), x=st.integers(-20, 60), y=st.integers(-20, 60))
def test_painted_faces_lie_where_the_canvas_says(scale, x, y):
    canvas = Canvas.blank(320, 0)
    paint_photo(canvas, bright_square(), scale, (x, y), (0, 0, 320, 320))
    assert len(canvas.boxes) == 1
    assert np.abs(canvas.boxes[0] - white_box(canvas.image)).max() <= 1


def test_a_face_cut_off_by_its_tile_is_clipped_or_ignored():
    canvas = Canvas.blank(200, 0)
    paint_photo(canvas, bright_square(), 1.0, (0, 0), (0, 0, 60, 200))  # two thirds of the face
    assert canvas.boxes.tolist() == [[40, 30, 60, 60]]
    canvas = Canvas.blank(200, 0)
    paint_photo(canvas, bright_square(), 1.0, (0, 0), (0, 0, 45, 200))  # a sixth
    assert len(canvas.boxes) == 0
    assert canvas.ignored.tolist() == [[40, 30, 45, 60]]


def test_a_face_that_becomes_too_small_is_ignored():
    canvas = Canvas.blank(200, 0)
    paint_photo(canvas, bright_square(), (LEAST_FACE - 1) / 30, (20, 20), (0, 0, 200, 200))
    assert len(canvas.boxes) == 0
    assert len(canvas.ignored) == 1


@given(degrees=st.floats(-25, 25), scale=st.floats(0.8, 1.3))
def test_turning_keeps_landmarks_on_their_pixels(degrees, scale):
    canvas = Canvas.blank(200, 0)
    paint_photo(canvas, bright_square(), 1.0, (50, 50), (0, 0, 200, 200))
    canvas.turn(degrees, scale)
    middle = white_box(canvas.image).reshape(2, 2).mean(axis=0)
    assert np.abs(canvas.landmarks[0, 0] - middle).max() < 2
    assert np.abs((canvas.boxes[0, :2] + canvas.boxes[0, 2:]) / 2 - middle).max() < 2


def test_mirroring_moves_faces_with_their_pixels():
    canvas = Canvas.blank(200, 0)
    paint_photo(canvas, bright_square(), 1.0, (50, 50), (0, 0, 200, 200))
    canvas.mirror()
    assert canvas.boxes[0].tolist() == white_box(canvas.image).tolist()


def test_cover_is_the_largest_share_of_any_face():
    canvas = Canvas.blank(200, 0)
    assert canvas.cover((0, 0, 200, 200)) == 0
    paint_photo(canvas, bright_square(((0, 0, 20, 20), (60, 60, 80, 80))), 1.0, (0, 0), (0, 0, 200, 200))
    assert canvas.cover((60, 60, 70, 80)) == 0.5


def test_landmarks_outside_the_picture_are_unknown():
    canvas = Canvas.blank(64, 0)
    face = bright_square(((40, 30, 70, 60),))
    face.landmarks[0, 1] = [90, 40]
    paint_photo(canvas, face, 1.0, (0, 0), (0, 0, 64, 64))
    known = np.isfinite(canvas.scene().landmarks).all(axis=2)
    assert known.tolist() == [[True, False, True, True, True]]
