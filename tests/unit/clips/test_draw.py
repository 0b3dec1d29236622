import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facestats.clips.draw import TRACK_COLORS, FaceLabel, _place, blur_faces, draw_faces


def noise(height=180, width=320, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def test_the_frame_itself_is_not_touched():
    frame = noise()
    before = frame.copy()
    draw_faces(blur_faces(frame, [(10, 10, 60, 60)]), [FaceLabel((10, 10, 60, 60), 0, ("#0",))])
    assert np.array_equal(frame, before)


def test_a_box_has_its_tracks_colour_in_rgb():
    image = draw_faces(np.zeros((200, 300, 3), np.uint8), [FaceLabel((50, 50, 150, 150), 1)])
    assert image[50, 100].tolist() == list(TRACK_COLORS[1])


def test_long_labels_and_faces_outside_the_frame_do_not_crash():
    lines = tuple("a very long line " * 5 for _ in range(30))
    for box in ((-50, -50, -10, -10), (0, 0, 1, 1), (-100, -100, 900, 900), (319, 179, 400, 400)):
        assert draw_faces(noise(), [FaceLabel(box, None, lines)]).shape == (180, 320, 3)
    assert draw_faces(np.zeros((1, 1, 3), np.uint8), [FaceLabel((0, 0, 1, 1), 0, ("#0",))]).shape == (1, 1, 3)


box = st.tuples(st.floats(-40, 300), st.floats(-40, 160), st.floats(1, 90), st.floats(1, 90)).map(
    lambda v: (v[0], v[1], v[0] + v[2], v[1] + v[3])
)


@given(where=box, tile_w=st.integers(1, 200), tile_h=st.integers(1, 100), others=st.lists(box, max_size=4))
def test_labels_stay_inside_the_frame(where, tile_w, tile_h, others):
    x, y = _place(where, tile_w, tile_h, 320, 180, others)
    assert 0 <= x <= 320 - tile_w
    assert 0 <= y <= 180 - tile_h


def test_labels_keep_clear_of_other_faces_where_there_is_room():
    left, right = (100.0, 60.0, 150.0, 110.0), (160.0, 60.0, 210.0, 110.0)
    x, y = _place(left, 60, 30, 320, 180, [left, right])
    assert x + 60 <= 160 or x >= 210 or y >= 110 or y + 30 <= 60


@settings(max_examples=30, deadline=None)
@given(x=st.integers(-20, 300), y=st.integers(-20, 170), side=st.integers(2, 200))
def test_blur_leaves_no_detail_in_the_face_and_all_of_it_outside(x, y, side):
    frame = noise()
    blurred = blur_faces(frame, [(x, y, x + side, y + side)], margin=0.25)
    inside = np.zeros(frame.shape[:2], bool)
    inside[max(0, y) : max(0, y + side), max(0, x) : max(0, x + side)] = True
    grown = np.zeros_like(inside)
    m = int(0.25 * side) + 2
    grown[max(0, y - m) : max(0, y + side + m), max(0, x - m) : max(0, x + side + m)] = True
    assert np.array_equal(blurred[~grown], frame[~grown])
    if side >= 40 and inside.sum() > 1000:
        # What is left of pure noise after averaging over tiles of side * 1.5 / 8 pixels.
        assert blurred[inside].std() < frame[inside].std() * 0.5


@pytest.mark.parametrize("side", [60, 150, 240])
def test_a_blurred_face_is_no_longer_found(portrait, side):
    import cv2

    from facestats.detect import create_detector

    image = cv2.resize(portrait, None, fx=side / 240, fy=side / 240, interpolation=cv2.INTER_AREA)
    detector = create_detector("centerface")
    found = detector.detect([image])[0]
    assert len(found) == 1
    blurred = blur_faces(image, [tuple(found.boxes[0])])
    again = detector.detect([blurred])[0]
    assert len(again) == 0 or again.scores[0] < found.scores[0] - 0.2
