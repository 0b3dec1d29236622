import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats.video.sampling import TICK_TOLERANCE_S, Sampler


def chosen(times, rate):
    sampler = Sampler(rate)
    return [time for time in times if sampler.wants(time)]


steps_ms = st.lists(st.integers(min_value=1, max_value=3000), max_size=80)
rates = st.sampled_from([0.5, 1, 3, 5, 10, 12.5, 24, 30])


def increasing(start_ms, steps):
    return [(start_ms + ms) / 1000 for ms in np.cumsum([0, *steps]).tolist()]


@given(start=st.integers(-5000, 5_000_000), steps=steps_ms, rate=rates)
def test_each_sample_is_the_first_frame_at_or_after_a_tick(start, steps, rate):
    times = increasing(start, steps)
    # How many ticks lie at or before each frame, the first frame's own tick included.
    ticks = [math.floor((time - times[0] + TICK_TOLERANCE_S + 1e-9) * rate) + 1 for time in times]
    near = [abs((time - times[0] + TICK_TOLERANCE_S) * rate % 1 - 0.5) > 0.499 for time in times]
    expected, passed = [], 0
    for time, tick in zip(times, ticks, strict=True):
        if tick > passed:
            expected.append(time)
            passed = tick
    if not any(near):  # a frame on the very edge of the tolerance may fall either way
        assert chosen(times, rate) == expected


@given(start=st.integers(-5000, 5_000_000), steps=steps_ms, rate=rates)
def test_no_burst_follows_a_gap(start, steps, rate):
    times = increasing(start, steps)
    picked = chosen(times, rate)
    assert picked[0] == times[0]
    assert len(picked) <= (times[-1] - times[0] + 2 * TICK_TOLERANCE_S) * rate + 1
    # Any two samples in a row may be close, but three span at least one whole interval.
    for first, third in zip(picked, picked[2:], strict=False):
        assert third - first >= 1 / rate - 2 * TICK_TOLERANCE_S


@given(times=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), rate=st.floats(0.01, 1000))
def test_any_clock_is_survived(times, rate):
    picked = chosen(times, rate)
    assert picked[0] == times[0]
    assert len(picked) <= len(times)


@given(times=st.lists(st.floats(-1e6, 1e6), max_size=20))
def test_rate_zero_takes_every_frame(times):
    assert chosen(times, 0) == times


@pytest.mark.parametrize("fps", [24000 / 1001, 25, 30000 / 1001, 59.94])
def test_the_long_run_rate_does_not_drift(fps):
    picked = chosen([i / fps for i in range(round(fps * 600))], 10)
    assert len(picked) == 6000
    assert np.abs(np.array(picked) - np.arange(6000) / 10).max() < 1 / fps + TICK_TOLERANCE_S


def test_a_clock_rounded_to_milliseconds_gives_every_frame_at_its_own_rate():
    times = [round(i / 30, 3) for i in range(900)]
    assert chosen(times, 30) == times


def test_a_clock_that_starts_again_is_followed():
    times = [i / 25 for i in range(100)]
    picked = chosen([*times, *times], 5)
    assert len(picked) == 40


def test_repeated_timestamps_are_sampled_once():
    assert chosen([0.0] * 10 + [0.5] * 10, 10) == [0.0, 0.5]


@pytest.mark.parametrize("rate", [-1, math.nan, math.inf])
def test_impossible_rates_are_refused(rate):
    with pytest.raises(ValueError, match="rate"):
        Sampler(rate)
