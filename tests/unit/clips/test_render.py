import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats.clips.render import Annotator
from facestats.tables import schema


def tables(rows, sampled=(0.0, 0.1, 0.2, 0.3), tracks=()):
    """Tables of one video of 100 frames a second from (time_s, track_id or None, x) rows."""
    observations = schema.conform(
        "observations",
        {
            "video_id": ["a"] * len(rows), "frame": [round(100 * row[0]) for row in rows],
            "time_s": [row[0] for row in rows], "shot": [0] * len(rows),
            "track_id": pd.array([row[1] for row in rows], dtype="Int64"),
            "x": [row[2] for row in rows], "y": [0] * len(rows), "w": [10] * len(rows), "h": [20] * len(rows),
            "score": [0.9] * len(rows), "classified": [False] * len(rows),
        },
    )  # fmt: skip
    n = len(sampled)
    frames = schema.conform(
        "frames",
        {
            "video_id": ["a"] * n, "frame": [round(100 * time) for time in sampled], "time_s": sampled,
            "shot": [0] * n, "n_faces": [1] * n,
        },
    )  # fmt: skip
    return {
        "observations": [observations],
        "frames": frames,
        "tracks": schema.conform("tracks", pd.DataFrame(tracks) if tracks else None),
    }


def at(annotator, *times):
    return [[(face.track_id, face.box[0]) for face in annotator.faces_at(round(100 * time), time)] for time in times]


def test_boxes_between_sampled_frames_are_interpolated():
    annotator = Annotator(**tables([(0.0, 3, 0.0), (0.1, 3, 10.0)]))
    seen = at(annotator, 0.0, 0.025, 0.05, 0.1, 0.15)
    assert [[(track, pytest.approx(x)) for track, x in row] for row in seen] == [
        [(3, 0.0)], [(3, 2.5)], [(3, 5.0)], [(3, 10.0)], [(3, 10.0)],
    ]  # fmt: skip


def test_a_face_that_is_gone_at_the_next_sampled_frame_is_no_longer_drawn():
    annotator = Annotator(**tables([(0.0, 3, 0.0)]))
    assert at(annotator, 0.05, 0.1, 0.15) == [[(3, 0.0)], [], []]


def test_the_last_sampled_frame_holds_to_the_end():
    annotator = Annotator(**tables([(0.3, 3, 7.0)]))
    assert at(annotator, 0.2, 0.35, 99.0) == [[], [(3, 7.0)], [(3, 7.0)]]


def test_a_short_gap_is_bridged_and_a_long_one_is_not():
    sampled = tuple(np.round(np.arange(0, 4, 0.1), 1))
    annotator = Annotator(**tables([(0.0, 1, 0.0), (0.5, 1, 50.0), (3.0, 1, 0.0)], sampled))
    assert at(annotator, 0.25)[0] == [(1, 25.0)]
    assert at(annotator, 0.55, 0.7, 2.0) == [[(1, 50.0)], [], []]
    assert at(annotator, 3.05) == [[(1, 0.0)]]


def test_unconfirmed_faces_are_drawn_too_until_the_next_look():
    annotator = Annotator(**tables([(0.1, None, 5.0), (0.1, 2, 80.0)]))
    assert sorted(at(annotator, 0.15)[0], key=str) == [(2, 80.0), (None, 5.0)]


def test_a_clock_that_runs_back_does_not_move_faces_to_other_frames():
    both = tables([(0.0, 1, 0.0), (0.1, 1, 10.0)], sampled=(0.0, 0.1))
    observations = pd.concat(both["observations"] * 2, ignore_index=True)
    observations["frame"] = pd.array([0, 1, 2, 3], dtype="Int64")
    observations["track_id"] = pd.array([1, 1, 2, 2], dtype="Int64")
    frames = pd.concat([both["frames"]] * 2, ignore_index=True)
    frames["frame"] = pd.array([0, 1, 2, 3], dtype="Int64")
    annotator = Annotator(observations=[observations], frames=frames, tracks=both["tracks"])
    seen = [annotator.faces_at(i, time_s) for i, time_s in enumerate((0.0, 0.1, 0.0, 0.1))]
    assert [[(face.track_id, face.box[0]) for face in row] for row in seen] == [
        [(1, 0)],
        [(1, 10)],
        [(2, 0)],
        [(2, 10)],
    ]


def test_looking_rarely_still_bridges_from_look_to_look():
    annotator = Annotator(**tables([(0.0, 1, 0.0), (4.0, 1, 40.0), (8.0, 1, 80.0)], sampled=(0.0, 4.0, 8.0)))
    assert at(annotator, 2.0, 6.0) == [[(1, 20.0)], [(1, 60.0)]]


@given(
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from([1, 2, None]), st.integers(0, 99)), max_size=40),
    st.lists(st.integers(1, 9), min_size=1, max_size=5),
)
def test_in_pieces_of_any_size_faces_are_the_same(seen, sizes):
    rows = sorted({(tick / 10, track, x) for tick, track, x in seen}, key=lambda row: row[0])
    one = {(time_s, track): (time_s, track, x) for time_s, track, x in rows}  # nobody twice in a frame
    whole = tables(list(one.values()), sampled=tuple(tick / 10 for tick in range(61)))
    (observations,), pieces, start = whole["observations"], [], 0
    for size in itertools.cycle(sizes):
        if start >= len(observations):
            break
        pieces.append(observations.iloc[start : start + size])
        start += size
    moments = np.arange(0, 7, 0.05)
    assert at(Annotator(**{**whole, "observations": iter(pieces)}), *moments) == at(Annotator(**whole), *moments)
