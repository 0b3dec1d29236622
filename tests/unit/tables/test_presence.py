import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facestats.tables import schema
from facestats.tables.presence import Presence, Samples


def presence(seen, sampled):
    """Presence of faces seen at (time_s, track_id or None, x), in a video of 100 frames a second."""
    n = len(seen)
    observations = schema.conform(
        "observations",
        {
            "video_id": ["a"] * n, "frame": [round(100 * time) for time, _, _ in seen],
            "time_s": [time for time, _, _ in seen], "shot": [0] * n,
            "track_id": pd.array([track for _, track, _ in seen], dtype="Int64"),
            "x": [x for _, _, x in seen], "y": [0] * n, "w": [10] * n, "h": [20] * n,
            "score": [0.9] * n, "classified": [False] * n,
        },
    )  # fmt: skip
    frames = pd.DataFrame({"frame": [round(100 * time) for time in sampled], "time_s": sampled})
    return Presence.of(observations, Samples.of(frames))


TENTHS = tuple(np.round(np.arange(0, 4, 0.1), 1).tolist())


def at(found, time_s):
    return [(found.track_at(row), pytest.approx(found.box_at(row, time_s)[0])) for row in found.rows_at(time_s)]


def test_a_box_moves_from_one_observation_to_the_next():
    found = presence([(0.0, 3, 0.0), (0.1, 3, 10.0)], TENTHS)
    assert [at(found, time) for time in (0.0, 0.025, 0.1)] == [[(3, 0.0)], [(3, 2.5)], [(3, 10.0)]]
    assert found.box_at(0, 0.05) == pytest.approx((5, 0, 15, 20))


def test_a_face_that_is_not_found_again_is_gone_at_the_next_sample():
    found = presence([(0.0, 3, 0.0), (0.0, None, 50.0)], TENTHS)
    assert [at(found, time) for time in (0.09, 0.1)] == [[(3, 0.0), (None, 50.0)], []]


def test_a_short_gap_is_bridged_and_a_long_one_is_not():
    found = presence([(0.0, 1, 0.0), (0.5, 1, 50.0), (3.0, 1, 0.0)], TENTHS)
    assert [at(found, time) for time in (0.25, 0.55, 0.7, 2.0)] == [[(1, 25.0)], [(1, 50.0)], [], []]


def test_after_the_last_sample_what_was_there_stays():
    found = presence([(0.3, 3, 7.0)], (0.0, 0.1, 0.2, 0.3))
    assert [at(found, time) for time in (0.2, 0.35, 99.0)] == [[], [(3, 7.0)], [(3, 7.0)]]


@settings(max_examples=40)
@given(
    st.sets(st.tuples(st.integers(0, 39), st.sampled_from([1, 2])), max_size=30),
    st.integers(0, 399),
)
def test_frames_and_times_agree_where_the_clock_is_sound(seen, hundredths):
    found = presence([(tick / 10, track, 5.0 * tick) for tick, track in sorted(seen)], TENTHS)
    by_frame = np.flatnonzero((found.frames <= hundredths) & (found.until_frame > hundredths))
    assert by_frame.tolist() == found.rows_at(hundredths / 100).tolist()
    tracks = found.tracks[by_frame]
    assert len(set(tracks.tolist())) == len(tracks)  # nobody is in two places
