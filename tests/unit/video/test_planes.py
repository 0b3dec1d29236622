from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synth import is_upright, numbered_picture, read_number, regular_times, write_video

from facestats.video import open_source
from facestats.video.picture import Pictures
from facestats.video.planes import BT709, Colours, PlanarFrame, Planes, colours_of


def frame_of(rgb, pix_fmt="yuv420p", **tags):
    frame = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format=pix_fmt)
    for name, value in tags.items():
        setattr(frame, name, value)
    return frame


def test_what_can_be_drawn_on_as_it_is_decoded():
    small, large = np.zeros((64, 96, 3), np.uint8), np.zeros((720, 1280, 3), np.uint8)
    assert colours_of(frame_of(small)).matrix == 5  # as players assume
    assert colours_of(frame_of(large)) == BT709
    assert colours_of(frame_of(small, colorspace=1)) == BT709
    assert colours_of(frame_of(small, "yuvj420p")).full_range
    assert colours_of(frame_of(small, color_range=2)).full_range
    assert colours_of(frame_of(small, color_primaries=5, color_trc=6)) == Colours(5, 5, 6)


@pytest.mark.parametrize(
    ("pix_fmt", "size", "tags"),
    [
        ("yuv420p10le", (96, 64), {}),
        ("yuv422p", (96, 64), {}),
        ("yuva420p", (96, 64), {}),
        ("rgb24", (96, 64), {}),
        ("yuv420p", (97, 64), {}),
        ("yuv420p", (96, 65), {}),
        ("yuv420p", (96, 64), {"colorspace": 8}),  # YCgCo
        ("yuv420p", (96, 64), {"color_primaries": 9}),
        ("yuv420p", (96, 64), {"color_trc": 16}),
    ],
)
def test_what_must_become_rgb_first(pix_fmt, size, tags):
    assert colours_of(frame_of(np.zeros((size[1], size[0], 3), np.uint8), pix_fmt, **tags)) is None


@given(
    rgb=st.tuples(*[st.integers(0, 255)] * 3),
    matrix=st.sampled_from([1, 5, 6]),
    full_range=st.booleans(),
)
def test_colours_are_coded_as_ffmpeg_does(rgb, matrix, full_range):
    colours = Colours(matrix, full_range=full_range)
    picture = np.full((16, 16, 3), rgb, np.uint8)
    coded = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(
        format="yuv420p", dst_colorspace=colours.colorspace, dst_color_range=colours.range
    )
    theirs = [np.frombuffer(plane, np.uint8)[0] for plane in coded.planes]
    assert np.abs(colours.coded(picture)[0, 0] - theirs).max() <= 1.5


def test_planes_are_a_copy_and_become_the_same_rgb():
    frame = frame_of(np.random.default_rng(0).integers(0, 256, (64, 96, 3)).astype(np.uint8))
    pictures = Pictures(None, None)
    planes = pictures.planes(frame)
    assert np.array_equal(planes.to_rgb(), pictures.full(frame))
    before = pictures.full(frame)
    planes.y[:] = 0
    assert np.array_equal(pictures.full(frame), before)
    assert Pictures(Fraction(16, 15), None).planes(frame) is None  # pixels that are not square


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_turned_videos_come_upright(tmp_path, rotation, mirrored):
    path = write_video(tmp_path / "a.mp4", regular_times(3, 25), rotation=rotation, mirrored=mirrored)
    with open_source(path) as source:
        frames = list(source.frames(planar=True))
    assert [read_number(frame.rgb) for frame in frames] == [0, 1, 2]
    for frame in frames:
        assert isinstance(frame, PlanarFrame)
        assert frame.size == (96, 64)
        assert is_upright(frame.rgb)


def test_what_is_drawn_on_the_planes_is_in_the_picture():
    planes = Planes.copy_of(frame_of(numbered_picture(0)), Colours(5))
    planes.y[:8], planes.u[:4], planes.v[:4] = 235, 128, 128
    rgb = PlanarFrame(0, 0.0, planes).rgb
    assert rgb[:8].min() > 250
    assert np.array_equal(PlanarFrame(0, 0.0, planes).small, rgb)
