import re

import numpy as np
import pandas as pd
import pytest

import facestats as fs
from facestats import plots
from facestats.errors import UnknownNameError
from facestats.models import attributes
from facestats.tables import schema


def tracks(*genders):
    n = len(genders)
    fixed = {"video_id": ["a"] * n, "track_id": range(n), "shot": [0] * n, "start_s": [0.0] * n, "end_s": [1.0] * n}
    times = {"duration_s": [1.0] * n, "seen_s": [1.0] * n, "n_observations": [9] * n, "n_classified": [9] * n}
    return schema.conform("tracks", {**fixed, **times, "gender": list(genders)})


def written(ax):
    return [text.get_text().replace("\N{NO-BREAK SPACE}", " ") for text in ax.texts]


def test_shares_intervals_and_counts_stand_beside_each_other():
    shares = fs.demographics(tracks(*["female"] * 20, *["male"] * 10, "unknown"), attributes=["gender"])
    ax = plots.corrected_shares(shares, "gender", n_missing=2)
    known = shares.set_index("class")
    bars = [patch.get_width() for patch in ax.patches]
    assert bars == pytest.approx(known.loc[["female", "male"], "share"].tolist())
    assert [label.get_text() for label in ax.get_yticklabels()] == ["female", "male", "unknown", "not measured"]
    said = written(ax)
    low, high = known.loc["female", ["share_low", "share_high"]]
    assert f"{100 * known.loc['female', 'share']:.0f} % ({100 * low:.0f}–{100 * high:.0f})" in said
    assert [text for text in said if text.isdecimal()] == ["20", "10", "1", "2"]
    lines = {tuple(np.round(line.get_xdata(), 6)) for line in ax.lines}
    assert (round(low, 6), round(high, 6)) in lines


def test_makeup_is_first_of_all_none_or_any():
    people = tracks(*["female"] * 60).assign(makeup=["none"] * 30 + ["partial"] * 10 + ["over"] * 20)
    ax = plots.corrected_shares(fs.demographics(people, attributes=["makeup"]), "makeup")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["none", "any", "– partial", "– over", "unknown"]
    assert [text for text in written(ax) if text.isdecimal()] == ["30", "30", "10", "20", "0"]
    heights = [patch.get_height() for patch in ax.patches]
    assert heights[0] == heights[1] > heights[2] == heights[3]


def test_where_an_interval_is_as_wide_as_can_be_words_stand_for_the_bar():
    shares = fs.demographics(tracks("female", "male"), attributes=["gender"])
    ax = plots.corrected_shares(shares, "gender")
    assert not ax.patches
    assert not ax.lines
    assert re.search(r"anything from \d+ to \d\d %", " ".join(written(ax)))


def test_nobody_could_be_told():
    ax = plots.corrected_shares(fs.demographics(tracks("unknown"), attributes=["gender"]), "gender")
    assert not ax.patches
    assert [text for text in written(ax) if text.isdecimal()] == ["0", "0", "1"]


def test_texts_do_not_overlap():
    shares = pd.DataFrame(
        {
            "attribute": ["age_group"] * 5,
            "class": [*attributes.AGE_GROUPS, "unknown"], "share": [1.0, 1, 1, 1, np.nan],
            "share_low": [1.0, 1, 1, 1, np.nan], "share_high": [1.0, 1, 1, 1, np.nan], "raw_share": [0.2] * 5,
            "counted": [99_999] * 5,
        }
    )  # fmt: skip
    ax = plots.corrected_shares(shares, "age")
    ax.figure.draw_without_rendering()
    rows = {}
    for text in ax.texts:
        rows.setdefault(text.get_position()[1], []).append(text.get_window_extent())
    for boxes in rows.values():
        assert not boxes[0].overlaps(boxes[1]), boxes


def test_an_attribute_without_shares_is_refused():
    with pytest.raises(UnknownNameError, match="no shares of 'makeup'"):
        plots.corrected_shares(fs.demographics(tracks("female"), attributes=["gender"]), "makeup")
