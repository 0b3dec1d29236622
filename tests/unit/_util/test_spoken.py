import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats._util.locations import location
from facestats._util.spoken import path_given, read_regions, region_texts, seconds_of
from facestats.errors import UsageError


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59))
def test_hours_minutes_and_seconds_add_up(hours, minutes, seconds):
    total = 3600 * hours + 60 * minutes + seconds
    assert seconds_of(f"{hours}:{minutes:02}:{seconds:02}") == seconds_of(str(total)) == total


@pytest.mark.parametrize("text", ["", "-1", "1:2:3:4", "1:60", "1:60:00", "nan", "inf", "1e3", "1:", ":1", "one"])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(UsageError, match="must be seconds"):
        seconds_of(text)


@given(st.lists(st.integers(1, 100), min_size=4, max_size=4), st.integers(101, 4000), st.integers(101, 4000))
def test_per_cent_and_pixels_mean_the_same_and_stay_in_the_picture(edges, width, height):
    x, y, w, h = edges
    (percent,) = read_regions([f"{x}%,{y}%,{w}%,{h}%"])
    (pixels,) = read_regions(region_texts((x * width / 100, y * height / 100, w * width / 100, h * height / 100)))
    assert percent.box(width, height) == pytest.approx(pixels.box(width, height), rel=1e-4)
    assert percent.box(width, height)[2] <= width
    assert percent.box(width, height)[3] <= height


def test_a_path_elsewhere_is_a_path():
    assert path_given(location("memory://doc/a"), "out") == "memory://doc/a"
    for wrong in (3, None, b"a", pd.DataFrame()):
        with pytest.raises(UsageError, match=r"^out must be a path, not "):
            path_given(wrong, "out")
