import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from facestats.clips.draw import TRACK_COLORS, FaceLabel, _place, draw_faces


def noise(height=180, width=320, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def test_the_frame_itself_is_not_touched():
    frame = noise()
    before = frame.copy()
    draw_faces(frame, [FaceLabel((10, 10, 60, 60), 0, ("face 0",))])
    assert np.array_equal(frame, before)


def test_a_box_has_its_tracks_colour_in_rgb():
    image = draw_faces(np.zeros((200, 300, 3), np.uint8), [FaceLabel((50, 50, 150, 150), 1)])
    assert image[50, 100].tolist() == list(TRACK_COLORS[1])


def test_long_labels_and_faces_outside_the_frame_do_not_crash():
    lines = tuple("a very long line " * 5 for _ in range(30))
    for box in ((-50, -50, -10, -10), (0, 0, 1, 1), (-100, -100, 900, 900), (319, 179, 400, 400)):
        assert draw_faces(noise(), [FaceLabel(box, None, lines)]).shape == (180, 320, 3)
    assert draw_faces(np.zeros((1, 1, 3), np.uint8), [FaceLabel((0, 0, 1, 1), 0, ("face 0",))]).shape == (1, 1, 3)


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
