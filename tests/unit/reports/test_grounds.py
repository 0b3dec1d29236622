import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from facestats.plots.palette import AGE_COLORS, EXPRESSION_COLORS, INK, MAKEUP_COLORS, hex_color
from facestats.reports.grounds import DARK_GROUND, on_both_grounds

GROUND = [int(DARK_GROUND[i : i + 2], 16) for i in (1, 3, 5)]


def drawn():
    figure = Figure(figsize=(2, 1), dpi=100)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, 2), ylim=(0, 1))
    ax.axis("off")
    return figure, ax


def test_ink_is_light_on_the_dark_ground_and_classes_keep_their_colour():
    figure, ax = drawn()
    happy = hex_color(EXPRESSION_COLORS["happiness"])
    ax.barh([0.25], [1.0], height=0.5, color=happy)
    ax.barh([0.75], [1.0], height=0.5, color=hex_color(INK))
    ax.plot([1.5], [0.5], "s", color=hex_color(INK), markersize=20)
    light, dark = on_both_grounds(figure)
    assert (light[25, 190] == 255).all()
    assert dark[25, 190].tolist() == GROUND
    assert light[75, 50].tolist() == dark[75, 50].tolist() == [round(255 * each) for each in to_rgb(happy)]
    for at in ((25, 50), (50, 150)):
        assert light[at].max() < 80
        assert dark[at].min() > 200


@pytest.mark.parametrize("color", [AGE_COLORS["old"], MAKEUP_COLORS["over"], EXPRESSION_COLORS["sadness"]])
def test_what_is_nearly_as_dark_as_the_dark_ground_has_an_edge_there(color):
    figure, ax = drawn()
    ax.barh([0.5], [1.0], height=0.5, color=hex_color(color))
    ax.barh([0.5], [0.5], left=1.25, height=0.5, color="white")  # which is the ground there
    light, dark = on_both_grounds(figure)
    assert light[50, 50].tolist() == dark[50, 50].tolist() == list(color)
    assert dark[24:27, 50].max() > 90
    assert light[24:27, 50].max(axis=1).min() <= max(color)
    assert (dark[24:27, 150] == GROUND).all()


def test_white_words_stay_white_and_white_edges_are_the_ground():
    figure, ax = drawn()
    ax.barh([0.5], [2.0], height=1, color="#336699", edgecolor="white", linewidth=8)
    ax.text(1, 0.5, "█", color="white", fontsize=30, ha="center", va="center")
    light, dark = on_both_grounds(figure)
    middle = light.shape[0] // 2, light.shape[1] // 2
    assert light[middle].min() > 250
    assert dark[middle].min() > 250
    assert dark[1, 100].tolist() == GROUND


def test_hatching_in_ink_is_light_on_the_dark_ground():
    figure, ax = drawn()
    ax.bar([1], [1], width=2, facecolor="white", edgecolor=hex_color(INK), hatch="//", linewidth=0)
    light, dark = on_both_grounds(figure)
    lines = light.max(axis=2) < 80
    assert lines.any()
    assert dark[lines].min() > 150
    assert (dark[light.min(axis=2) == 255] == GROUND).all()


def test_areas_and_images_are_the_same_on_both_grounds():
    figure, ax = drawn()
    ax.stackplot([0, 1], [[1, 1]], colors=["#d93616"])
    ax.imshow(np.full((2, 2, 3), 0.5), extent=(1, 2, 0, 1), aspect="auto")
    light, dark = on_both_grounds(figure)
    assert light[50, 50].tolist() == dark[50, 50].tolist() == [0xD9, 0x36, 0x16]
    assert light[50, 150].tolist() == dark[50, 150].tolist()
    assert np.ptp(light[50, 150]) == 0
