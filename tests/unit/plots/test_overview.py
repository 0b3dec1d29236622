from dataclasses import replace

import matplotlib.pyplot as plt
import pytest
from matplotlib.colors import to_hex
from stores import FACES, Face, make_result

from facestats.models import attributes
from facestats.plots import face_count, track_overview
from facestats.plots._axes import UNKNOWN_HATCH
from facestats.plots.palette import EXPRESSION_COLORS, hex_color
from facestats.tables import schema


@pytest.fixture(scope="module")
def people():
    return make_result("people-00000001", FACES, path="people.mp4", cut_s=6.0)


def _spans(ax, row, gid):
    """Begin and end of the bars of one row with one meaning."""
    found = []
    for bars in ax.collections:
        if bars.get_gid() == gid:
            for path in bars.get_paths():
                x, y = path.vertices.T
                if y.min() < row < y.max():
                    found.append((x.min(), x.max()))
    return sorted(found)


def test_each_row_is_a_track_coloured_by_expression(people):
    ax = track_overview(people, smooth_s=0)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["face 1", "face 2", "face 4", "face 3"]
    assert _spans(ax, 0, "happiness") == [(pytest.approx(3.95), pytest.approx(7.95))]
    assert _spans(ax, 1, "anger") == [(pytest.approx(2.95), pytest.approx(5.95))]
    happiness = next(bars for bars in ax.collections if bars.get_gid() == "happiness")
    assert to_hex(happiness.get_facecolor()[0]) == hex_color(EXPRESSION_COLORS["happiness"])


def test_unknown_and_not_measured_are_shown_as_such(people):
    ax = track_overview(people)
    assert _spans(ax, 3, "unknown") == [(pytest.approx(5.95), pytest.approx(11.95))]
    assert _spans(ax, 2, "not measured") == [(pytest.approx(1.95), pytest.approx(3.95))]
    unknown = next(bars for bars in ax.collections if bars.get_gid() == "unknown")
    assert unknown.get_hatch() == UNKNOWN_HATCH
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == [*attributes.EXPRESSIONS, "unknown", "not measured"]


def test_the_threshold_decides_what_is_unknown(people):
    ax = track_overview(replace(people, thresholds={"expression": 0.3}))
    assert _spans(ax, 3, "unknown") == []
    assert _spans(ax, 3, "fear") == [(pytest.approx(5.95), pytest.approx(11.95))]


def test_of_many_tracks_the_longest_are_drawn_and_it_says_so():
    crowd = make_result("a", [Face(n, 0.0, 0.2 + n / 10) for n in range(1, 8)], path="a.mp4", duration_s=2.0)
    ax = track_overview(crowd, max_tracks=3)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["face 5", "face 6", "face 7"]
    assert ax.get_xlabel() == "time in the video (the 3 longest of 7 tracks)"


def test_empty_tables_say_so():
    ax = track_overview(make_result("e-1", (), path="e.mp4"))
    assert [text.get_text() for text in ax.texts] == ["no face was tracked"]
    ax = face_count(schema.conform("frames"))
    assert [text.get_text() for text in ax.texts] == ["no frame was sampled"]
    assert plt.get_fignums() == []


def test_the_face_count_is_that_of_the_frames(people):
    ax = face_count(people.frames, cuts=[5.95])
    (stairs,) = ax.patches
    values, edges, _ = stairs.get_data()
    assert values.tolist() == people.frames["n_faces"].tolist()
    assert edges[0] == pytest.approx(-0.05)
    assert edges[1] == pytest.approx(0.05)
    assert [line.get_gid() for line in ax.lines] == ["cut"]
