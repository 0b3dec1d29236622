import cv2
import numpy as np
from faces import make_detections
from hypothesis import given
from hypothesis import strategies as st

from facestats import schema
from facestats.thumbnails import APART_S, LONGER_SIDE, PER_TRACK, ThumbnailKeeper, cut_face
from facestats.types import Frame


def feed(keeper, sizes, *, step_s=0.5, track=3):
    for i, side in enumerate(sizes):
        found = make_detections((10, 10, 10 + side, 10 + side))
        picture = np.full((200, 200, 3), min(255, int(side)), np.uint8)
        keeper.update(Frame(i, i * step_s, picture), found, np.array([track]))


def test_the_best_pictures_are_kept_apart_in_time():
    keeper = ThumbnailKeeper()
    feed(keeper, [20, 60, 30, 25, 20, 22, 40, 21, 20, 20, 20, 20, 35, 20, 20])
    table = schema.validate("thumbnails", keeper.table("a", [3]))
    assert 1 <= len(table) <= PER_TRACK
    assert table["time_s"].iloc[0] == 0.5  # the largest face comes first
    times = np.sort(table["time_s"].to_numpy())
    assert (np.diff(times) >= APART_S).all()


def test_pictures_are_webp_of_the_right_size_and_colour():
    keeper = ThumbnailKeeper()
    red = np.zeros((400, 500, 3), np.uint8)
    red[..., 0] = 220
    keeper.update(Frame(0, 0.0, red), make_detections((100, 100, 300, 380)), np.array([0]))
    data = keeper.table("a", [0])["image"].iloc[0]
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert max(bgr.shape[:2]) == LONGER_SIDE
    assert bgr.mean(axis=(0, 1))[2] > 200
    assert bgr.mean(axis=(0, 1))[0] < 30


def test_unconfirmed_faces_and_dropped_tracks_leave_no_picture():
    keeper = ThumbnailKeeper()
    feed(keeper, [50], track=-1)
    feed(keeper, [50], track=7)
    assert keeper.table("a", [1]).empty


@given(x=st.floats(-50, 250), y=st.floats(-50, 250), w=st.floats(0, 300), h=st.floats(0, 300), margin=st.floats(0, 2))
def test_a_cut_face_is_never_empty_nor_too_large(x, y, w, h, margin):
    piece = cut_face(np.zeros((120, 200, 3), np.uint8), np.array([x, y, x + w, y + h]), margin=margin)
    assert min(piece.shape[:2]) >= 1
    assert max(piece.shape[:2]) <= LONGER_SIDE
