import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from facestats.plots._axes import time_axis


def ticks(low, high, inches=8.0):
    """Places and labels of the ticks inside the limits."""
    figure = Figure(figsize=(inches, 2))
    ax = figure.subplots()
    time_axis(ax, (low, high))
    figure.canvas.draw()
    low, high = ax.get_xlim()
    pairs = zip(ax.get_xticks(), [text.get_text() for text in ax.get_xticklabels()], strict=True)
    return [(place, label) for place, label in pairs if low <= place <= high]


def seconds(label):
    if label.endswith(" s"):
        return float(label.removesuffix(" s").replace("\N{MINUS SIGN}", "-"))
    total = 0.0
    for part in label.split(":"):
        total = 60 * total + float(part)
    return total


@given(low=st.floats(0, 5000), length=st.floats(0.05, 8000), inches=st.sampled_from([2.0, 5.0, 9.0]))
def test_a_tick_says_the_time_at_which_it_stands(low, length, inches):
    for place, label in ticks(low, low + length, inches):
        assert seconds(label) == pytest.approx(place, abs=1e-3)


def test_twelve_seconds_read_well():
    assert [label for _, label in ticks(0, 12)][:3] == ["0.0 s", "1.5 s", "3.0 s"]
    assert "1:40" in [label for _, label in ticks(0, 300)]
