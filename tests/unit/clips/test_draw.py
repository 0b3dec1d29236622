import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from facestats.clips.draw import FaceLabel, draw_faces, label_size, placed
from facestats.tables.labels import TRACK_COLORS


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


@given(boxes=st.lists(box, min_size=1, max_size=5), n_lines=st.integers(1, 6))
def test_labels_stay_inside_the_frame_and_cover_no_other_face(boxes, n_lines):
    lines = tuple(f"line {i}" for i in range(n_lines))
    for face in placed([FaceLabel(box, i, lines) for i, box in enumerate(boxes)], (320, 180)):
        (x, y), (w, h) = face.corner, label_size(lines, (320, 180))
        assert 0 <= x <= 320 - w
        assert 0 <= y <= 180 - h
        if face.opacity:
            others = [other for i, other in enumerate(boxes) if i != face.track_id]
            assert not any(x < r and x + w > left and y < b and y + h > t for left, t, r, b in others)


def test_labels_keep_clear_of_other_faces_where_there_is_room():
    left, right = (100.0, 60.0, 150.0, 110.0), (160.0, 60.0, 210.0, 110.0)
    first, second = placed([FaceLabel(left, 0, ("face 0",)), FaceLabel(right, 1, ("face 1",))], (320, 180))
    assert first.opacity == second.opacity == 1
    assert first.corner[1] >= 110 or first.corner[1] < 45


def test_a_label_away_from_its_face_is_joined_to_it_by_a_line():
    face = FaceLabel((20, 20, 60, 60), 0, ("face 0",), corner=(200, 130), plate=(60, 20))
    image = draw_faces(np.zeros((180, 320, 3), np.uint8), [face])
    beside = draw_faces(np.zeros((180, 320, 3), np.uint8), [FaceLabel(face.box, 0)])
    assert image[70:125, 70:195].max() > 150
    assert not beside[70:125, 70:195].any()


def test_a_label_without_room_is_left_out():
    faces = [FaceLabel((0, 0, 320, 180), 0, ("face 0",)), FaceLabel((0, 0, 319, 179), 1, ("face 1",))]
    assert np.array_equal(
        draw_faces(np.zeros((180, 320, 3), np.uint8), faces),
        draw_faces(np.zeros((180, 320, 3), np.uint8), [FaceLabel(face.box, face.track_id) for face in faces]),
    )
