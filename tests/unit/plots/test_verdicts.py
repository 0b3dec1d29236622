import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from stores import FACES, results

from facestats.errors import UnknownNameError
from facestats.models import attributes
from facestats.plots import _axes, expression_shares, verdict_counts
from facestats.plots.palette import EXPRESSION_COLORS, hex_color
from facestats.tables import schema
from facestats.tables.expressions import mean_shares


@pytest.fixture(scope="module")
def tracks():
    import pandas as pd

    return pd.concat([result.tracks for result in results().values()], ignore_index=True)


def _counts(ax):
    """The number written beside each row, and the length of its bar."""
    labels = [label.get_text() for label in ax.get_yticklabels()]
    written = dict(zip(labels, (int(text.get_text().replace(",", "")) for text in ax.texts), strict=True))
    drawn = {labels[round(bar.get_y() + bar.get_height() / 2)]: bar.get_width() for bar in ax.patches}
    return written, drawn


def test_unknown_and_not_measured_have_rows_of_their_own(tracks):
    written, drawn = _counts(verdict_counts(tracks, "age"))
    assert written == {
        "child (0–12)": 1,
        "young (13–30)": 1,
        "middle (31–50)": 1,
        "old (51+)": 0,
        "unknown": 1,
        "not measured": 1,
    }
    assert drawn == {name: count for name, count in written.items() if count}


@pytest.mark.parametrize("attribute", attributes.VERDICT_COLUMNS)
def test_every_track_is_counted_once(tracks, attribute):
    ax = verdict_counts(tracks, attribute)
    written, _ = _counts(ax)
    assert sum(written.values()) == len(tracks) == len(FACES)
    assert ax.get_xlabel() == "of 5 tracked faces"


def test_unknown_is_hatched_and_not_measured_is_outlined(tracks):
    bars = {round(bar.get_y() + bar.get_height() / 2): bar for bar in verdict_counts(tracks, "makeup").patches}
    assert bars[3].get_hatch() == _axes.UNKNOWN_HATCH
    assert to_hex(bars[4].get_facecolor()) == "#ffffff"
    assert bars[4].get_linewidth() > 0


def test_an_empty_table_counts_nothing_and_an_unknown_attribute_is_refused():
    written, drawn = _counts(verdict_counts(schema.conform("tracks"), "gender"))
    assert written == {"female": 0, "male": 0, "unknown": 0, "not measured": 0}
    assert drawn == {}
    with pytest.raises(UnknownNameError, match="'mood'; there are gender, age"):
        verdict_counts(schema.conform("tracks"), "mood")


def test_shares_are_weighted_by_the_time_seen(tracks):
    shares = mean_shares(tracks)
    measured = tracks[tracks["n_classified"] > 0]
    for name in attributes.EXPRESSIONS:
        expected = np.average(measured[f"expression_share_{name}"], weights=measured["duration_s"])
        assert shares[name] == pytest.approx(expected, abs=1e-6)
    assert shares.sum() == pytest.approx(1, abs=1e-5)


def test_share_bars_fill_each_row_in_the_palettes_colours(tracks):
    ax = expression_shares(tracks, labels={"people-00000001": "a $x$ b"})
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["all", r"a \$x\$ b", "script-00000004"]
    for row in range(3):
        bars = [bar for bar in ax.patches if round(bar.get_y() + bar.get_height() / 2) == row]
        assert sum(bar.get_width() for bar in bars) == pytest.approx(1, abs=1e-5)
        assert [to_hex(bar.get_facecolor()) for bar in bars] == [hex_color(c) for c in EXPRESSION_COLORS.values()]


def test_of_many_groups_the_longest_are_drawn_and_it_says_so(tracks):
    ax = expression_shares(tracks, by="track_id", max_rows=2)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["all", "1", "3"]
    assert ax.get_xlabel().endswith("(the 2 longest of 3)")


def test_shares_of_nothing_say_so():
    ax = expression_shares(schema.conform("tracks"))
    assert [text.get_text() for text in ax.texts] == ["expression not measured"]
    assert plt.get_fignums() == []


def test_in_a_notebook_the_figure_is_pyplots_so_that_it_is_shown(monkeypatch, tracks):
    monkeypatch.setattr(_axes.matplotlib, "get_backend", lambda **_: "inline")
    ax = verdict_counts(tracks, "gender")
    assert plt.get_fignums() == [ax.figure.number]
    plt.close(ax.figure)
