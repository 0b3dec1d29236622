from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats.track.linking import OPEN, relink, split
from facestats.track.sameness import LEAST_ODDS, TrackedFaces, log_odds, places_log_odds

#: One face, and another that is much like it, as aligned faces are.
ALIKE = np.array([[1.0, 0.0], [0.7, np.sqrt(1 - 0.7**2)]])


def track(sizes, xs, *, who=None, rate=10.0):
    """One track, found in every sampled frame, with faces of these sizes at these places."""
    n = len(sizes)
    sizes, xs = np.asarray(sizes, float), np.asarray(xs, float)
    order = np.arange(n)
    return TrackedFaces(
        look=order,
        time_s=order / rate,
        track=np.zeros(n, int),
        boxes=np.column_stack([xs - sizes / 2, -sizes / 2, xs + sizes / 2, sizes / 2]),
        looks=ALIKE[np.zeros(n, int) if who is None else np.asarray(who)],
        settled=np.full(n, OPEN),
    )


def lengths(faces):
    return sorted(len(rows) for rows in split(faces))


def in_the_end(faces):
    """How many observations each track has in the end, and how probable the joins are."""
    tracks, joins = relink(faces, step_s=0.1)
    return sorted(np.unique(tracks, return_counts=True)[1].tolist()), [probability for _, probability in joins]


def test_a_small_face_behind_a_large_one_that_leaves_is_another():
    # The tracker goes on with who comes into sight; the two look alike enough not to be told apart by looks alone.
    sizes, who = [60] * 10 + [36] * 10, [0] * 10 + [1] * 10
    assert lengths(track(sizes, [100.0] * 20, who=who)) == [10, 10]
    assert lengths(track([60] * 20, [100.0] * 20, who=who)) == [20]
    assert lengths(track([60] * 10 + [25] * 10, [100.0] * 20)) == [10, 10]  # no face shrinks like that, whoever it is
    # What was cut is not joined again.
    assert in_the_end(track(sizes, [100.0] * 20, who=who)) == ([10, 10], [])
    assert in_the_end(track([60] * 10 + [25] * 10, [100.0] * 20)) == ([10, 10], [])
    assert in_the_end(track([60] * 20, [100.0] * 20, who=who)) == ([20], [])


def test_a_face_that_leaps_is_another_and_one_that_runs_is_not():
    who = [0] * 10 + [1] * 10
    for faces in (
        track([40] * 20, [100] * 10 + [190] * 10, who=who),
        track([40] * 20, [100] * 10 + [340] * 10),  # six of its sizes, whoever it is
    ):
        assert lengths(faces) == [10, 10]
        assert in_the_end(faces) == ([10, 10], [])
    running = 100 + 60.0 * np.arange(20)  # 15 widths a second, always
    assert lengths(track([40] * 20, running)) == [20]
    assert in_the_end(track([40] * 20, running)) == ([20], [])


def test_one_who_looked_like_another_for_a_while_is_joined_again_but_not_without_doubt():
    # Cut by the looks on both sides of a place; then the pieces have one look in common.
    faces = track([40] * 20, [100.0] * 20)
    faces = replace(faces, looks=np.eye(2)[[0, 0, 1, *[0] * 7, *[1] * 10]])
    assert lengths(faces) == [10, 10]
    sizes, (probability,) = in_the_end(faces)
    assert sizes == [20]
    assert 0.5 < probability < 1


def test_a_join_across_somebody_who_was_cut_out_of_a_track_is_a_doubt():
    # The tracker took who came between for the same; afterwards it missed one sample.
    faces = track([40] * 9 + [16] * 5 + [40] * 9, [100.0] * 23, who=[0] * 9 + [1] * 5 + [0] * 9)
    look = np.array([*range(14), *range(15, 24)])
    tracks, joins = relink(replace(faces, look=look, time_s=look / 10), step_s=0.1)
    assert tracks.tolist() == [0] * 9 + [1] * 5 + [0] * 9
    assert [row for row, _ in joins] == [14]


def test_one_frame_with_a_box_too_large_cuts_nothing():
    sizes = [40] * 10 + [80] + [40] * 10
    assert lengths(track(sizes, [100.0] * 21)) == [21]


@pytest.mark.parametrize("rate", [2, 5, 10, 25])
def test_who_comes_nearer_is_one_however_often_one_looks(rate):
    # From 30 to 150 pixels within two seconds: quicker than anybody walks up to a camera.
    n = 2 * rate
    sizes = 30 * 5 ** (np.arange(n + 1) / n)
    assert lengths(track(sizes, 100 + 2 * sizes, rate=rate)) == [n + 1]


def test_half_a_face_after_it_was_hidden_speaks_little_against_it_and_a_third_much():
    half_a_second = np.array([0.5])
    half, third = (np.array([[0.0, 0.0, np.log(ratio) / 2, np.log(5), 0.0]]) for ratio in (2, 9))
    assert log_odds(half, half_a_second)[0] > 3
    assert log_odds(third, half_a_second)[0] < LEAST_ODDS


def passing(*, back):
    """Two tracks, one after the other and from the same place: the second goes on as the first went, or back."""
    gone = 100 + 40.0 * np.arange(8)  # ten widths a second
    comes = gone[-1] + 40.0 * np.arange(8) * (-1 if back else 1)
    order = np.array([*range(8), *range(10, 18)])
    faces = track([40] * 16, [*gone, *comes], who=[0] * 8 + [1] * 8)
    return replace(faces, look=order, time_s=order / 10, track=np.repeat([0, 1], 8))


def test_who_comes_from_the_other_side_is_another_and_who_goes_on_is_the_same():
    tracks, joins = relink(passing(back=False), step_s=0.1)
    assert set(tracks.tolist()) == {0}
    assert len(joins) == 1
    tracks, joins = relink(passing(back=True), step_s=0.1)
    assert tracks.tolist() == [0] * 8 + [1] * 8
    assert joins == []


@given(
    st.lists(st.tuples(st.floats(1, 300), st.floats(-1e4, 1e4), st.integers(0, 1)), max_size=30),
    st.floats(1, 60),
)
def test_a_track_is_cut_where_the_odds_are_low_and_nothing_gets_lost(rows, rate):
    sizes, xs, who = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    faces = track(sizes, xs, who=np.array(who, int), rate=rate)
    pieces = split(faces)
    assert sorted(np.concatenate([np.zeros(0, int), *pieces]).tolist()) == list(range(len(rows)))
    for piece in pieces:
        odds = places_log_odds(faces, piece)
        assert len(odds) == max(len(piece) - 1, 0)
        assert not len(odds) or odds.min() >= LEAST_ODDS
    # What is joined again is told of.
    tracks, joins = relink(faces, step_s=1 / rate)
    again = [piece[0] for piece in pieces if piece[0] and tracks[piece[0]] == tracks[piece[0] - 1]]
    assert set(again) <= {row for row, _ in joins}
