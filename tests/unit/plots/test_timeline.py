from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from stores import FACES, Face, make_result

from facestats.errors import UsageError
from facestats.models import attributes
from facestats.plots import expression_timeline
from facestats.plots.palette import EXPRESSION_COLORS, hex_color
from facestats.tables import schema


@pytest.fixture(scope="module")
def people():
    return make_result("people-00000001", FACES, path="people.mp4", cut_s=6.0)


def _heights(ax, time_s):
    """The height of each coloured area at a moment, by colour."""
    heights = {}
    for area in ax.collections:
        for path in area.get_paths():
            x, y = path.vertices.T
            if x.min() <= time_s <= x.max():
                near = y[np.isclose(x, x[np.argmin(abs(x - time_s))])]
                heights[to_hex(area.get_facecolor()[0])] = np.ptp(near)
    return heights


def test_areas_are_the_probabilities_in_the_palettes_colours(people):
    ax = expression_timeline(people.observations, track_id=1)
    heights = _heights(ax, 5.0)
    assert heights[hex_color(EXPRESSION_COLORS["happiness"])] == pytest.approx(0.9, abs=1e-5)
    assert sum(heights.values()) == pytest.approx(1, abs=1e-5)
    assert len(heights) == 7
    assert ax.get_ylim() == (0, 1)


def test_cuts_are_marked_at_their_time(people):
    cuts = people.cuts
    ax = expression_timeline(people.observations, track_id=1, cuts=[*cuts, 99.0])
    marked = [line.get_xdata()[0] for line in ax.lines if line.get_gid() == "cut"]
    assert marked == cuts  # the one outside the axis is not drawn
    assert "cut" in [text.get_text() for text in ax.texts]


def test_a_face_out_of_sight_leaves_a_gap(people):
    observations = people.observations
    gone = observations[~observations["time_s"].between(4.05, 7.95)]
    ax = expression_timeline(gone, track_id=1)
    assert _heights(ax, 6.0) == {}
    assert len(ax.collections) == 14


def test_a_single_sighting_has_a_width():
    once = make_result("a", [Face(1, 0.5, 0.55)], path="a.mp4", duration_s=2.0)
    ax = expression_timeline(once.observations)
    assert np.ptp(ax.collections[0].get_paths()[0].vertices[:, 0]) == pytest.approx(0.1)


def test_not_measured_and_empty_say_so(people):
    for observations in (people.observations.query("track_id == 4"), schema.conform("observations")):
        ax = expression_timeline(observations)
        assert [text.get_text() for text in ax.texts] == ["expression not measured"]
        assert not ax.collections


@pytest.mark.parametrize("width", [3.7, 8.9])
@pytest.mark.parametrize("length_s", [0.7, 3.4, 59.0, 5000.0])
def test_labels_of_the_time_axis_never_touch(people, width, length_s):
    ax = expression_timeline(people.observations, track_id=1, time_range=(0.0, length_s), legend=False)
    figure = ax.get_figure()
    figure.set_figwidth(width)
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in ax.get_xticklabels() if label.get_text()]
    boxes = [box for box in boxes if ax.bbox.x0 - 1 <= (box.x0 + box.x1) / 2 <= ax.bbox.x1 + 1]
    assert len(boxes) >= 2
    assert all(one.x1 + 4 < other.x0 for one, other in pairwise(boxes))


def test_several_tracks_without_a_name_are_refused(people):
    with pytest.raises(UsageError, match="4 tracks"):
        expression_timeline(people.observations)


def test_ax_is_used_and_nothing_leaks(people):
    ax = Figure().add_subplot()
    assert expression_timeline(people.observations, track_id=1, ax=ax) is ax
    expression_timeline(people.observations, track_id=1)
    assert plt.get_fignums() == []


def test_the_legend_names_the_seven(people):
    legend = expression_timeline(people.observations, track_id=1).get_legend()
    assert [text.get_text() for text in legend.get_texts()] == list(attributes.EXPRESSIONS)
    assert expression_timeline(people.observations, track_id=1, legend=False).get_legend() is None
