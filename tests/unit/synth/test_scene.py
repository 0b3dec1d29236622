import importlib.util

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats.detect import create_detector
from facestats.errors import DataError
from facestats.synth import scene as synth
from facestats.synth.portraits import Portrait, cut_out, library_portraits
from facestats.synth.scene import Actor, Motion, Scene, render, truth_table

WIDTH, HEIGHT = 160, 120
GREY = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)


def block(name: str, colour: tuple[int, int, int]) -> Portrait:
    """A "person" of 40x60 opaque pixels whose face is the upper half, inset by nothing."""
    rgba = np.empty((60, 40, 4), np.uint8)
    rgba[:] = (*colour, 255)
    return Portrait(name, rgba, (0.0, 0.0, 40.0, 30.0))


def still(portrait: Portrait, x: float, y: float, height: float = 30.0) -> Actor:
    return Actor(portrait, Motion((0.0, 10.0), ((x, y), (x, y)), (height, height)))


def first_frame(*actors: Actor, foreground=None):
    frame, truth = next(render(Scene(GREY, actors, duration_s=0.2, fps=5, foreground=foreground)))
    return frame.rgb, {row.person: row for row in truth}


RED, BLUE = block("red", (250, 0, 0)), block("blue", (0, 0, 250))


@st.composite
def motions(draw):
    n = draw(st.integers(2, 6))
    gaps = draw(st.lists(st.floats(0.1, 5), min_size=n, max_size=n))
    coordinates = st.floats(-300, 900, width=32)  # in pixels: what is smaller than 1e-38 makes scipy warn of overflow
    centres = draw(st.lists(st.tuples(coordinates, coordinates), min_size=n, max_size=n))
    heights = draw(st.lists(st.floats(5, 300), min_size=n, max_size=n))
    return Motion(tuple(np.cumsum(gaps).tolist()), tuple(centres), tuple(heights))


@given(motions())
def test_motion_passes_through_its_points(motion):
    for time_s, (x, y), height in zip(motion.times_s, motion.centres, motion.heights, strict=True):
        assert motion.at(time_s) == pytest.approx((x, y, height), abs=1e-6)


@given(motions(), st.floats(-1, 40))
def test_motion_stays_between_its_neighbouring_points(motion, time_s):
    values = np.column_stack([motion.centres, motion.heights])
    after = int(np.clip(np.searchsorted(motion.times_s, time_s), 1, len(values) - 1))
    pair = values[after - 1 : after + 1]
    here = np.array(motion.at(time_s))
    assert (here >= pair.min(axis=0) - 1e-6).all()
    assert (here <= pair.max(axis=0) + 1e-6).all()


def test_nod_lifts_the_head_of_a_walker_only():
    walk = Motion((0.0, 4.0), ((0.0, 50.0), (400.0, 50.0)), (40.0, 40.0), nod=0.1)
    ys = [walk.at(t)[1] for t in np.linspace(0, 4, 200)]
    assert max(ys) <= 50
    assert min(ys) == pytest.approx(50 - 4, abs=0.1)
    stand = Motion((0.0, 4.0), ((7.0, 50.0), (7.0, 50.0)), (40.0, 40.0), nod=0.1)
    assert {stand.at(t) for t in np.linspace(0, 4, 50)} == {(7.0, 50.0, 40.0)}


@pytest.mark.parametrize(
    ("times", "centres", "heights"),
    [
        ((0.0,), ((1.0, 1.0),), (10.0,)),
        ((0.0, 1.0), ((1.0, 1.0),), (10.0, 10.0)),
        ((1.0, 1.0), ((1.0, 1.0), (2.0, 2.0)), (10.0, 10.0)),
        ((0.0, 1.0), ((1.0, 1.0), (2.0, 2.0)), (10.0, 0.0)),
    ],
)
def test_motion_refuses_what_makes_no_path(times, centres, heights):
    with pytest.raises(ValueError, match="motion"):
        Motion(times, centres, heights)


def test_truth_box_is_where_the_pixels_are():
    rgb, truth = first_frame(still(RED, 80, 40))
    row = truth["red"]
    assert (row.x, row.y, row.w, row.h, row.visible) == (60, 25, 40, 30, 1)
    ys, xs = np.nonzero((rgb == (250, 0, 0)).all(axis=2))
    assert (xs.min(), xs.max() + 1, ys.min(), ys.max() + 1) == (60, 100, 25, 85)  # the face and as much below it
    assert (rgb[:25] == 100).all()


@given(st.floats(30, 130), st.floats(21, 59), st.floats(8, 39))
def test_placing_is_exact_below_a_pixel(x, y, height):
    """The centre of mass of a block is where its box says, at any scale, to a tenth of a pixel."""
    actor = still(RED, x, y, height)
    black = np.zeros_like(GREY)
    frame, (row,) = next(render(Scene(black, (actor,), duration_s=0.2, fps=5)))
    weight = frame.rgb[..., 0].astype(float)
    centre_x = (weight.sum(axis=0) * (np.arange(WIDTH) + 0.5)).sum() / weight.sum()
    centre_y = (weight.sum(axis=1) * (np.arange(HEIGHT) + 0.5)).sum() / weight.sum()
    assert centre_x == pytest.approx(row.x + row.w / 2, abs=0.1)
    assert centre_y == pytest.approx(row.y + row.h, abs=0.1)  # the body is as high again as the face


@given(st.floats(-100, 260), st.floats(-100, 220), st.floats(5, 80), st.floats(-100, 260), st.floats(5, 80))
def test_visible_is_a_share(x, y, height, other_x, other_height):
    _, truth = first_frame(still(RED, x, y, height), still(BLUE, other_x, 60, other_height))
    assert all(0 <= row.visible <= 1 for row in truth.values())
    nearer = "red" if height >= other_height else "blue"
    row = truth[nearer]
    inside_w = max(0, min(WIDTH, row.x + row.w) - max(0, row.x))
    inside_h = max(0, min(HEIGHT, row.y + row.h) - max(0, row.y))
    assert row.visible == pytest.approx(inside_w * inside_h / (row.w * row.h), abs=1e-5)


def test_visible_at_the_edge_of_the_frame():
    _, truth = first_frame(still(RED, 0, 40))
    assert truth["red"].visible == pytest.approx(0.5)
    assert truth["red"].x == -20  # the whole box, not its cut-off part
    _, truth = first_frame(still(RED, -500, 40))
    assert truth["red"].visible == 0


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_the_larger_one_hides_the_smaller_one(order):
    actors = (still(RED, 80, 40, 30), still(BLUE, 110, 40, 45))[order]  # red's box 60..100, blue's 80..140
    rgb, truth = first_frame(*actors)
    assert truth["blue"].visible == 1
    assert truth["red"].visible == pytest.approx(0.5, abs=0.02)
    assert rgb[40, 90].tolist() == [0, 0, 250]
    assert rgb[40, 70].tolist() == [250, 0, 0]
    assert list(truth) == [actor.portrait.name for actor in actors]


def test_the_foreground_hides_everybody():
    foreground = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    foreground[40:] = (10, 20, 30, 255)
    rgb, truth = first_frame(still(RED, 80, 40), foreground=foreground)
    assert truth["red"].visible == pytest.approx(0.5)
    assert (rgb[40:] == (10, 20, 30)).all()
    assert rgb[39, 80].tolist() == [250, 0, 0]


def test_people_are_there_only_while_their_motion_lasts():
    late = Actor(RED, Motion((0.4, 0.8), ((80.0, 40.0), (80.0, 40.0)), (30.0, 30.0)))
    frames = list(render(Scene(GREY, (late,), duration_s=2.0, fps=5)))
    assert [frame.index for frame, _ in frames] == list(range(10))
    assert [frame.time_s for frame, _ in frames] == pytest.approx(np.arange(10) / 5)
    table = truth_table(row for _, truth in frames for row in truth)
    assert table.frame.tolist() == [2, 3, 4]
    assert table.dtypes.astype(str).to_dict() == synth.TRUTH_DTYPES
    assert truth_table([]).dtypes.astype(str).to_dict() == synth.TRUTH_DTYPES
    assert (frames[0][0].rgb == GREY).all()


def test_what_stands_still_is_not_blurred_even_in_the_first_frame():
    actor = Actor(RED, Motion((0.0, 1.0), ((80.0, 40.0), (80.0, 40.0)), (30.0, 30.0)))
    blurred, sharp = (
        [frame.rgb for frame, _ in render(Scene(GREY, (actor,), 1.0, fps=5, exposure=exposure))]
        for exposure in (0.8, 0)
    )
    assert np.abs(np.array(blurred, int) - np.array(sharp, int)).max() <= 1


def test_exposure_blurs_what_moves_along_its_way():
    fast = Actor(RED, Motion((0.0, 1.0), ((0.0, 40.0), (160.0, 40.0)), (30.0, 30.0)))
    frame, (row,) = list(render(Scene(GREY, (fast,), 1.0, fps=5, exposure=0.5)))[2]
    reds = (frame.rgb[40, :, 0] > 110).sum()
    assert row.w < reds < row.w + 30
    assert row.x + row.w / 2 == pytest.approx(64, abs=1)


def test_a_swaying_camera_moves_everything_and_the_truth_with_it():
    frames = list(render(Scene(GREY, (still(RED, 80, 40),), 2.0, fps=5, shake=8.0, seed=4)))
    places = np.array([(row.x, row.y) for _, (row,) in frames])
    assert 2 < np.ptp(places[:, 0]) < 24
    for frame, (row,) in frames:
        ys, xs = np.nonzero(frame.rgb[..., 0] > 175)
        assert xs.min() == pytest.approx(row.x, abs=1)
        assert ys.min() == pytest.approx(row.y, abs=1)


def test_noise_is_seeded_and_as_strong_as_asked():
    noisy = [next(render(Scene(GREY, (), 1.0, fps=5, noise=6.0, seed=seed)))[0].rgb.astype(float) for seed in (1, 1, 2)]
    assert np.array_equal(noisy[0], noisy[1])
    assert not np.array_equal(noisy[0], noisy[2])
    assert (noisy[0] - 100).std() == pytest.approx(6, rel=0.05)


def test_cut_out_is_softly_edged_and_keeps_the_face():
    picture = np.full((200, 160, 3), 180, np.uint8)
    oval = cut_out("someone", picture, (50, 60, 110, 140))
    assert (oval.rgba[70:131, 60:101] == (180, 180, 180, 255)).all()
    assert (oval.rgba[0] == 0).all()
    assert len(np.unique(oval.rgba[100, :, 3])) > 3
    square = cut_out("someone", picture, (50, 60, 110, 140), [(40, 40), (120, 40), (120, 160), (40, 160)])
    assert (square.rgba[:39, :, 3] == 0).all()
    assert (square.rgba[60:140, 50:110, 3] == 255).all()


def test_wrong_pictures_are_refused():
    with pytest.raises(ValueError, match="uint8"):
        Portrait("someone", np.zeros((10, 10, 3), np.uint8), (0, 0, 5, 5))
    with pytest.raises(ValueError, match="face box"):
        Portrait("someone", np.zeros((10, 10, 4), np.uint8), (0, 0, 11, 5))
    with pytest.raises(ValueError, match="background"):
        Scene(np.zeros((10, 10), np.uint8), (), 1.0)
    with pytest.raises(ValueError, match="foreground"):
        Scene(GREY, (), 1.0, foreground=np.zeros((10, 10, 4), np.uint8))
    with pytest.raises(ValueError, match="positive"):
        Scene(GREY, (), 0.0)


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("height", [50, 120])
def test_the_portraits_face_boxes_agree_with_the_detector(number, height):
    portrait = library_portraits()[number]
    background = np.full((360, 640, 3), 170, np.uint8)
    frame, (row,) = next(render(Scene(background, (still(portrait, 320.5, 180.25, height),), duration_s=0.1)))
    (found,) = create_detector("centerface").detect([frame.rgb])
    assert len(found) == 1
    edges = found.boxes[0] - [row.x, row.y, row.x + row.w, row.y + row.h]
    assert np.abs(edges).max() < 0.1 * height


@pytest.mark.parametrize("found", [True, False])
def test_a_missing_portrait_is_one_clear_line(monkeypatch, tmp_path, found):
    empty = importlib.util.spec_from_file_location("matplotlib", tmp_path / "__init__.py")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: empty if found else None)
    with pytest.raises(DataError, match=r"grace_hopper\.jpg.*pip install") as caught:
        library_portraits()
    assert "\n" not in str(caught.value)
