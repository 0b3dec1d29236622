import pytest

from facestats.plots.clock import clock, time_limits, time_ticks


@pytest.mark.parametrize(("seconds", "text"), [(59.4, "59 s"), (60, "1:00"), (3599.7, "1:00:00"), (0, "0 s")])
def test_clock(seconds, text):
    assert clock(seconds) == text


@pytest.mark.parametrize("limits", [(0, 1.5), (3, 65), (0, 7200), (5, 5), (float("nan"), 1)])
def test_ticks_are_inside_and_as_many_as_have_room(limits):
    low, high = time_limits(limits)
    for inches, most in ((7.8, 9), (2.6, 4)):
        ticks = time_ticks(limits, inches)
        assert 1 <= len(ticks) <= most
        assert all(low - 1e-6 <= at <= high + 1e-6 for at, _ in ticks)
        assert len({label for _, label in ticks}) == len(ticks)
