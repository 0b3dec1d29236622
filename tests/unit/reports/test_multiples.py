import base64
import re
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import Tags
from stores import Face, make_result, with_persons

from facestats.models.attributes import EXPRESSIONS
from facestats.plots.palette import EXPRESSION_COLORS, hex_color
from facestats.reports.multiples import small_timelines
from facestats.tables.labels import rows_of

COLORS = [hex_color(EXPRESSION_COLORS[name]) for name in EXPRESSIONS]


def drawn(result, **options):
    """The rows of a page, and the pictures in them by what they say they show."""
    parsed = Tags(small_timelines(result, rows_of(result.tracks), **options))
    pictures = {}
    for tag, attributes in parsed.tags:
        if tag == "img":
            media, _, data = attributes["src"].partition(";base64,")
            assert media == "data:image/svg+xml"
            pictures[attributes["alt"]] = ElementTree.fromstring(base64.b64decode(data))
    return parsed, pictures


def shapes(picture, name):
    return picture.findall(f"{{http://www.w3.org/2000/svg}}{name}")


def corners(path):
    """The corners of an area, in units of its picture, by stretch."""
    found = []
    for x, bottom, top, steps in re.findall(r"M(\d+) (\d+)V(-?\d+)l([-\d ]+)V\2z", path):
        assert bottom == "100"
        moves = np.array(steps.split(), int).reshape(-1, 2)
        found.append(np.concatenate([[[int(x), int(top)]], moves]).cumsum(axis=0))
    return found


def with_expressions(result, shares):
    """The result, with these probabilities in every observation."""
    columns = {f"expression_{name}": share for name, share in zip(EXPRESSIONS, shares, strict=True)}
    return type(result)(
        result.videos,
        result.frames,
        result.observations.assign(**columns),
        result.tracks,
        result.thumbnails,
        thresholds=result.thresholds,
    )


def test_areas_reach_up_to_the_sums_of_the_probabilities():
    shares = [0.1, 0.2, 0.05, 0.25, 0.1, 0.2, 0.1]
    result = with_expressions(make_result("v-1", [Face(0, 0.0, 4.0)], path="a.mp4", duration_s=4.0), shares)
    _, pictures = drawn(result)
    (picture,) = pictures.values()
    areas = shapes(picture, "path")
    assert [area.get("fill") for area in areas] == COLORS[::-1]
    tops = [corners(area.get("d"))[0][:, 1] for area in areas]
    for top, expected in zip(tops, np.cumsum(shares)[::-1], strict=True):
        assert np.abs(top - 100 * (1 - expected)).max() <= 0.5


@given(st.integers(0, 2**32 - 1))
def test_an_area_lies_below_the_next_and_inside_the_picture(seed):
    rng = np.random.default_rng(seed)
    result = make_result("v-1", [Face(0, 0.0, 2.0), Face(1, 1.0, 3.0)], path="a.mp4", duration_s=4.0)
    shares = rng.dirichlet(np.ones(7), len(result.observations)).T
    _, pictures = drawn(with_expressions(result, shares))
    for picture in pictures.values():
        areas = [corners(area.get("d")) for area in shapes(picture, "path")]
        for over, under in pairwise(areas):
            for upper, lower in zip(over, under, strict=True):
                assert (upper[:, 0] == lower[:, 0]).all()
                assert (upper[:, 1] <= lower[:, 1]).all()
        every = np.concatenate([points for area in areas for points in area])
        assert every.min() >= 0
        assert (every.max(axis=0) <= (1600, 100)).all()


def test_out_of_sight_is_empty_and_a_persons_faces_share_a_row():
    result = make_result("v-1", [Face(0, 0.0, 3.0), Face(1, 7.0, 10.0)], path="a.mp4", duration_s=10.0)
    parsed, pictures = drawn(with_persons(result, {0: (0, 0.9), 1: (0, 0.9)}))
    assert "person 0" in parsed.words
    ((_, picture),) = pictures.items()
    first, second = corners(shapes(picture, "path")[0].get("d"))
    assert first[-1, 0] < 0.35 * 1600
    assert second[0, 0] > 0.65 * 1600


def test_cuts_are_lines_and_both_clocks_are_written():
    result = make_result("v-1", [Face(0, 0.0, 3.0)], path="a.mp4", duration_s=10.0)
    frames = result.frames.assign(shot=(result.frames["time_s"] >= 5).astype(int))
    result = type(result)(result.videos, frames, result.observations, result.tracks, result.thumbnails)
    parsed, pictures = drawn(result)
    (picture,) = pictures.values()
    assert [float(line.get("x1")) for line in shapes(picture, "line")] == pytest.approx([800], abs=20)
    clocks = [attributes["class"] for tag, attributes in parsed.tags if "fs-clock" in attributes.get("class", "")]
    assert clocks == ["fs-clock fs-on-wide", "fs-clock fs-on-narrow"]
    places = [a["style"] for tag, a in parsed.tags if tag == "span" and a.get("style", "").startswith("left:")]
    assert places[0] == "left:0.00%"
    assert all(0 <= float(place[5:-1]) <= 100 for place in places)


def test_a_long_video_is_drawn_with_as_many_points_as_a_page_has_pixels():
    result = make_result("v-1", [Face(0, 0.0, 600.0)], path="a.mp4", duration_s=600.0)
    assert len(result.observations) > 1600
    (picture,) = drawn(result)[1].values()
    (points,) = corners(shapes(picture, "path")[0].get("d"))
    assert len(points) <= 802
    assert points[-1, 0] > 1590
