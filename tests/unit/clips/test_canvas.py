import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats.clips.canvas import PlaneCanvas, RgbCanvas, Sprite
from facestats.video.planes import BT709, Colours, Planes

WIDTH, HEIGHT = 64, 48
SMOOTH = np.linspace(60, 180, WIDTH).astype(np.uint8)[None, :, None] + np.zeros((HEIGHT, 1, 3), np.uint8)


def planes_of(rgb, colours=BT709):
    frame = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(
        format="yuv420p", dst_colorspace=colours.colorspace, dst_color_range=colours.range
    )
    return Planes.copy_of(frame, colours)


def difference(planes, rgb, colours):
    """The largest difference of each plane from those of an RGB picture, whose colours are averaged by four."""
    y, u, v = np.moveaxis(colours.coded(rgb), 2, 0)
    u, v = (plane.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).mean(axis=(1, 3)) for plane in (u, v))
    return [float(np.abs(a - b).max()) for a, b in ((planes.y, y), (planes.u, u), (planes.v, v))]


colours = st.builds(Colours, st.sampled_from([1, 5, 6]), full_range=st.booleans())
color = st.tuples(*[st.integers(0, 255)] * 3)


@given(
    x=st.integers(-9, 70), y=st.integers(-9, 55), w=st.integers(1, 80), h=st.integers(1, 80), color=color, how=colours
)
def test_a_rectangle_is_the_same_on_both_kinds(x, y, w, h, color, how):
    rgb = SMOOTH.copy()
    planes = planes_of(rgb, how)
    RgbCanvas(rgb).fill(x, y, x + w, y + h, color)
    PlaneCanvas(planes).fill(x, y, x + w, y + h, color)
    assert max(difference(planes, rgb, how)) <= 3


@given(
    x=st.integers(0, 40),
    y=st.integers(0, 30),
    seed=st.integers(0, 99),
    opacity=st.sampled_from([1.0, 0.6, 0.05]),
    how=colours,
)
def test_a_sprite_is_the_same_on_both_kinds(x, y, seed, opacity, how):
    rng = np.random.default_rng(seed)
    w, h = (int(side) for side in rng.integers(1, 24, 2))
    flat = np.full((h, w, 3), rng.integers(0, 256, 3), np.uint8)
    sprite = Sprite(flat, rng.choice(np.float32([0, 0.3, 0.72, 1]), (h, w)))
    before = planes_of(SMOOTH, how)
    for _ in range(2):  # the second time from its cache
        rgb, planes = SMOOTH.copy(), planes_of(SMOOTH, how)
        RgbCanvas(rgb).lay(sprite, x, y, opacity)
        PlaneCanvas(planes).lay(sprite, x, y, opacity)
        assert max(difference(planes, rgb, how)) <= 3
    outside = np.ones((HEIGHT, WIDTH), bool)
    outside[y : y + h, x : x + w] = False
    assert np.array_equal(planes.y[outside], before.y[outside])
    apart = outside.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).all(axis=(1, 3))
    assert np.array_equal(planes.u[apart], before.u[apart])


def test_colours_seen_in_part_of_a_pair_keep_their_hue():
    red = Sprite(np.full((4, 4, 3), (255, 0, 0), np.uint8), np.zeros((4, 4), np.float32))
    red.alpha[1, 1] = 1
    rgb = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    planes = planes_of(rgb)
    PlaneCanvas(planes).lay(red, 0, 0)
    RgbCanvas(rgb).lay(red, 0, 0)
    assert planes.v[0, 0] == pytest.approx(128 + (BT709.coded(rgb[1:2, 1:2])[0, 0, 2] - 128) / 4, abs=1.5)
    assert planes.v[1, 1] == planes.v[0, 1] == 128


def test_a_label_that_is_larger_than_the_picture_is_cut_off_at_its_edge():
    rgb, planes = SMOOTH.copy(), planes_of(SMOOTH)
    large = Sprite(np.full((HEIGHT + 3, WIDTH + 5, 3), 90, np.uint8), np.ones((HEIGHT + 3, WIDTH + 5), np.float32))
    for canvas in (RgbCanvas(rgb), PlaneCanvas(planes)):
        canvas.lay(large, 2, 2)
    assert (rgb[2:, 2:] == 90).all()
    assert np.ptp(planes.y[2:, 2:]) == 0
