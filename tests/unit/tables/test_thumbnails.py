import cv2
import numpy as np
import pandas as pd
import pytest
from faces import make_detections
from hypothesis import given
from hypothesis import strategies as st

from facestats.tables.thumbnails import (
    APART_S,
    LONGER_SIDE,
    PER_TRACK,
    Picture,
    PictureChooser,
    best_pictures,
    cut_face,
    encode_webp,
    picture_qualities,
    picture_weight,
)
from facestats.types import Frame


def feed(sizes, *, step_s=0.5, track=3):
    """Return the pictures that a face of these sizes leaves, one frame after the other."""
    chooser, pictures = PictureChooser(), []
    for i, side in enumerate(sizes):
        found = make_detections((10, 10, 10 + side, 10 + side))
        frame = Frame(i, i * step_s, np.full((200, 200, 3), min(255, int(side)), np.uint8))
        for rgb in chooser.choose(frame, found, np.array([track])).values():
            pictures.append(Picture(float(side), frame.time_s, rgb))
    return pictures


def test_the_best_pictures_are_kept_apart_in_time():
    pictures = feed([20, 60, 30, 25, 20, 22, 40, 21, 20, 20, 20, 20, 35, 20, 20])
    assert len(pictures) < 8  # only what is better than what there was
    best = best_pictures(pictures)
    assert 1 <= len(best) <= PER_TRACK
    assert best[0].time_s == 0.5  # the largest face comes first
    assert (np.diff(sorted(picture.time_s for picture in best)) >= APART_S).all()


def test_pictures_are_webp_of_the_right_size_and_colour():
    red = np.zeros((400, 500, 3), np.uint8)
    red[..., 0] = 220
    chosen = PictureChooser().choose(Frame(0, 0.0, red), make_detections((100, 100, 300, 380)), np.array([0]))
    bgr = cv2.imdecode(np.frombuffer(encode_webp(chosen[0]), np.uint8), cv2.IMREAD_COLOR)
    assert max(bgr.shape[:2]) == LONGER_SIDE
    assert bgr.mean(axis=(0, 1))[2] > 200
    assert bgr.mean(axis=(0, 1))[0] < 30


def test_unconfirmed_faces_leave_no_picture():
    assert feed([50], track=-1) == []


def test_the_picture_is_no_frame_of_a_flash_nor_a_blurred_one():
    face = np.random.default_rng(0).integers(20, 220, (120, 120, 3)).astype(np.uint8)
    flash, fade = (0.15 * face + 215).astype(np.uint8), (0.1 * face).astype(np.uint8)
    blurred = cv2.GaussianBlur(face, (0, 0), 6)
    for bad in (flash, fade, blurred):
        assert picture_weight(bad) < 0.5 * picture_weight(face)
    chooser, pictures = PictureChooser(), []
    for i, rgb in enumerate([flash, fade, blurred, *[face] * 6]):  # the first one is the largest too
        side = 90 if i == 0 else 80
        found = make_detections((10, 10, 10 + side, 10 + side))
        for picture in chooser.choose(Frame(i, 0.1 * i, rgb), found, np.array([3])).values():
            pictures.append(Picture(picture_weight(picture), 0.1 * i, picture))
    assert len(pictures) == 2  # the first there was, and a good one
    assert best_pictures(pictures)[0].time_s >= 0.3


def chosen_at(frames, sides):
    """Return the numbers of the frames, 0.1 s apart, whose picture of one face is chosen."""
    chooser, chosen = PictureChooser(), []
    for i, (rgb, side) in enumerate(zip(frames, sides, strict=True)):
        found = make_detections((10, 10, 10 + side, 10 + side))
        chosen += [i] * len(chooser.choose(Frame(i, 0.1 * i, rgb), found, np.array([3])))
    return chosen


def test_a_face_that_is_seen_shortly_is_not_left_with_a_bad_picture():
    face = np.random.default_rng(0).integers(20, 220, (220, 220, 3)).astype(np.uint8)
    flash = (0.15 * face + 215).astype(np.uint8)
    assert chosen_at([flash, face], [80, 80]) == [0, 1]
    assert chosen_at([flash, flash, face], [80, 80, 80]) == [0, 2]
    assert chosen_at([face, face], [30, 80]) == [0, 1]  # clearly better
    assert chosen_at([face, face, face, face], [30, 32, 33, 34]) == [0, 3]  # not clearly: at its time
    judged = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("facestats.tables.thumbnails.picture_weight", lambda rgb: judged.append(0) or 0.2)
        chosen_at([face] * 20, [80] * 20)
    assert len(judged) <= 3 + 20 / 3  # where all is dark, no more often than elsewhere after the first


@given(x=st.floats(-50, 250), y=st.floats(-50, 250), w=st.floats(0, 300), h=st.floats(0, 300), margin=st.floats(0, 2))
def test_a_cut_face_is_never_empty_nor_too_large(x, y, w, h, margin):
    piece = cut_face(np.zeros((120, 200, 3), np.uint8), np.array([x, y, x + w, y + h]), margin=margin)
    assert min(piece.shape[:2]) >= 1
    assert max(piece.shape[:2]) <= LONGER_SIDE


def test_kept_pictures_are_judged_as_they_were_chosen():
    clear = np.random.default_rng(0).integers(20, 220, (64, 64, 3)).astype(np.uint8)
    images = [encode_webp(clear), encode_webp((0.1 * clear + 225).astype(np.uint8)), encode_webp(clear), b"damaged"]
    pictures = pd.DataFrame({"track_id": [1, 1, 2, 3], "time_s": [0.0, 2.0, 2.0, 0.0], "image": images})
    seen = pd.DataFrame(
        {"track_id": [1, 1, 2], "time_s": [0.0, 2.0, 2.0], "score": [0.9, 0.9, 0.9], "face_px": [64.0, 64.0, 32.0]}
    )
    clearest, pale, small, damaged = picture_qualities(pictures, seen)
    assert clearest == pytest.approx(0.9 * picture_weight(clear), rel=0.05)
    assert pale < small == pytest.approx(clearest / 2)
    assert 0 <= damaged < pale
