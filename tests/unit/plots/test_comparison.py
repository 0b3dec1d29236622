import matplotlib
import numpy as np
import pandas as pd
import pytest

from facestats import plots
from facestats.errors import UnknownNameError
from facestats.models import attributes
from facestats.reports import figures
from facestats.tables.comparison import COMPARISON_DTYPES


def table(attribute, **columns):
    """A comparison with one row for each class, all shares missing unless given."""
    told = attributes.share_classes(attribute)
    classes = [*(name for name, _ in told), "unknown"]
    missing = {name: np.nan for name, dtype in COMPARISON_DTYPES.items() if dtype == "float64"}
    fixed = {"attribute": attributes.VERDICT_COLUMNS[attribute], "class": classes, "clear": False, "part_of": None}
    frame = pd.DataFrame({**fixed, **missing, "n_first": 0, "n_second": 0, **columns})
    return frame[list(COMPARISON_DTYPES)].astype(COMPARISON_DTYPES)


def genders():
    return table(
        "gender",
        first=[0.62, 0.38, np.nan],
        first_low=[0.55, 0.31, np.nan],
        first_high=[0.69, 0.45, np.nan],
        second=[0.45, 0.55, np.nan],
        second_low=[0.4, 0.5, np.nan],
        second_high=[0.5, 0.6, np.nan],
        difference=[-0.17, 0.17, np.nan],
        difference_low=[-0.3, 0.004, np.nan],
        difference_high=[-0.05, 0.3, np.nan],
        clear=[True, True, False],
        n_first=[1200, 40, 3],
        n_second=[31, 35, 4],
    )


def written(ax):
    return [text.get_text().replace("\N{NO-BREAK SPACE}", " ") for text in ax.texts]


def test_both_sides_stand_below_each_other_with_figures_counts_and_what_is_clear():
    ax = plots.share_differences(genders(), "gender", first="October", second="November", n_missing=(0, 7))
    said = written(ax)
    for text in ("62 % (55–69)", "45 % (40–50)", "1,200", "31", "October", "November", "7"):
        assert text in said
    assert "clear: down 17 points (5–30)" in said
    assert "clear: up 17 points (<1–30)" in said
    assert [label.get_text() for label in ax.get_yticklabels()] == ["female", "male", "unknown", "not measured"]
    heights = dict(zip(said, (text.get_position()[1] for text in ax.texts), strict=True))
    assert heights["October"] < heights["November"] < heights["62 % (55–69)"] < heights["45 % (40–50)"]
    lines = {tuple(np.round(line.get_xdata(), 6)) for line in ax.lines}
    assert {(0.55, 0.69), (0.4, 0.5)} <= lines


def test_the_sides_differ_without_colour():
    ax = plots.share_differences(genders(), "gender", legend=False)
    bars = [patch for patch in ax.patches if patch.get_width() in (0.62, 0.45)]
    hatched = {patch.get_width() for patch in bars if patch.get_hatch()}
    filled = {patch.get_width() for patch in bars if not patch.get_hatch() and patch.get_facecolor()[3]}
    assert (hatched, filled) == ({0.45}, {0.62})
    assert "first" not in written(ax)


def test_what_was_not_measured_or_has_no_interval_says_so():
    shown = table("gender", first=[0.5, 0.5, np.nan], n_first=[1, 1, 0])
    said = written(plots.share_differences(shown, "gender"))
    assert said.count("50 %") == 2
    assert said.count("not measured") == 2
    assert not any("clear" in text for text in said)
    assert written(plots.share_differences(table("gender", n_first=[2, 3, 4]), "gender")).count("–") == 2


def test_where_an_interval_is_as_wide_as_can_be_words_stand_for_the_bar():
    ends = {"first": 0.5, "first_low": 0.07, "first_high": 0.93, "second": 0.4, "second_low": 0.3, "second_high": 0.6}
    ax = plots.share_differences(table("gender", **ends), "gender", legend=False)
    assert written(ax).count("anything from 7 to 93 %") == 3
    assert {patch.get_width() for patch in ax.patches} == {0.4}


def test_a_difference_below_a_point():
    shown = table("gender", difference=[0.004, -0.01, np.nan], difference_low=[0.001, -0.02, np.nan],
                  difference_high=[0.008, -0.006, np.nan], clear=[True, True, False])  # fmt: skip
    said = written(plots.share_differences(shown, "gender"))
    assert "clear: up under 1 point (<1–1)" in said
    assert "clear: down 1 point (1–2)" in said


@pytest.mark.parametrize("attribute", list(attributes.ATTRIBUTE_CLASSES))
def test_texts_neither_overlap_nor_leave_the_figure_at_half_a_page(attribute):
    ends = {f"{side}{end}": 1.0 for side in ("first", "second") for end in ("", "_low", "_high")}
    wide = {"difference": -0.994, "difference_low": -1.0, "difference_high": -0.001, "clear": True}
    shown = table(attribute, **ends, **wide, n_first=99_999, n_second=99_999)
    with matplotlib.rc_context(dict(figures._FIGURE_STYLE)):
        ax = plots.share_differences(
            shown, attribute, first="INTERVIEWS, MAINZ", second="a long name " * 9, n_missing=(1, 99_999)
        )
        ax.figure.set_figwidth(figures.HALF)
        ax.figure.draw_without_rendering()
        boxes = [text.get_window_extent() for text in [*ax.texts, *ax.get_yticklabels()] if text.get_text()]
    for number, box in enumerate(boxes):
        assert box.x0 >= 0
        assert box.x1 <= ax.figure.bbox.x1
        for other in boxes[:number]:
            # Lines of text may touch, but not run into each other.
            apart = max(box.x0 - other.x1, other.x0 - box.x1, box.y0 - other.y1, other.y0 - box.y1)
            assert apart > -3, (box, other)


def test_dollars_in_names_are_no_mathematics():
    ax = plots.share_differences(genders(), "gender", first="$1$", second="a_b$")
    assert r"\$1\$" in written(ax)
    ax.figure.draw_without_rendering()


def test_an_attribute_that_was_not_compared_is_refused():
    with pytest.raises(UnknownNameError, match="no comparison of 'makeup'; there are those of gender"):
        plots.share_differences(genders(), "makeup")
