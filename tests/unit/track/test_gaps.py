import numpy as np
import pytest

from facestats.tables.building import observation_durations
from facestats.tables.expressions import runs
from facestats.tables.presence import Samples
from facestats.track import create_tracker
from facestats.track.gaps import bridged_gap_s


@pytest.mark.parametrize(("step_s", "expected"), [(0.04, 1.0), (0.1, 1.0), (0.4, 1.0), (1.0, 2.5), (5.0, 12.5)])
def test_one_gap_for_trackers_tables_plots_and_pictures(step_s, expected):
    times = np.arange(20) * step_s
    assert bridged_gap_s(times) == pytest.approx(expected)
    assert create_tracker("centroid", rate=1 / step_s).lost_for_s == pytest.approx(expected)
    with_a_hole = np.concatenate([times, times + times[-1] + 2 * expected])
    assert len(runs(with_a_hole)) == 2
    assert observation_durations(with_a_hole).sum() == pytest.approx(2 * times[-1] + expected)


def test_samples_bridge_what_their_times_say():
    import pandas as pd

    frames = pd.DataFrame({"frame": [0, 10, 20], "time_s": [0.0, 4.0, 8.0]})
    assert Samples.of(frames).gap_s == 10.0


def test_a_single_moment_has_the_shortest_gap():
    assert bridged_gap_s(np.zeros(0)) == bridged_gap_s(np.zeros(3)) == 1.0
