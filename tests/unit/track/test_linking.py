from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats.track.linking import OPEN, relink, split
from facestats.track.sameness import TrackedFaces, appearance

RNG = np.random.default_rng(0)
#: Six people, of noise: their pictures have nothing in common.
PEOPLE = RNG.integers(0, 256, (6, 48, 48, 3)).astype(np.uint8)


def faces(*rows, side=40.0, rate=10.0, noise=0.0, settled=None):
    """Rows of (sampled frame, track, person, x): what a tracker said of faces in one shot; sorted by these."""
    rows = sorted(rows)
    look, track, person, x = (np.array(column) for column in zip(*rows, strict=True))
    pictures = PEOPLE[person] + noise * RNG.standard_normal((len(rows), 48, 48, 3))
    return TrackedFaces(
        look=look,
        time_s=look / rate,
        track=track,
        boxes=np.column_stack([x, np.zeros(len(x)), x + side, np.full(len(x), side)]).astype(float),
        looks=appearance(np.clip(pictures, 0, 255).astype(np.uint8)),
        settled=np.full(len(rows), OPEN) if settled is None else np.array(settled),
    )


def run(track, person, frames, x=100.0, step=0.0):
    return [(frame, track, person, x + step * frame) for frame in frames]


def tracks_of(rows, **options):
    """Return the tracks in the end, in the order of ``rows``, and the probabilities of those that were joined."""
    table = faces(*rows, **options)
    tracks, joins = relink(table, step_s=0.1)
    probabilities = {}
    for row, probability in joins:
        probabilities[int(tracks[row])] = probabilities.get(int(tracks[row]), 1.0) * probability
    order = {row: i for i, row in enumerate(sorted(rows))}
    return [int(tracks[order[row]]) for row in rows], probabilities


def test_looks_tell_people_apart_whatever_the_light():
    lit = np.clip(PEOPLE.astype(float) * 0.6 + 20, 0, 255).astype(np.uint8)
    alike = appearance(PEOPLE).astype(float) @ appearance(lit).astype(float).T
    assert (np.diag(alike) > 0.98).all()
    assert (alike - np.eye(6) * alike).max() < 0.5
    plain = appearance(np.stack([np.full((48, 48, 3), level, np.uint8) for level in (0, 200)])).astype(float)
    assert plain[0] @ plain[1] == pytest.approx(1, abs=1e-2)
    assert np.abs(plain @ appearance(PEOPLE).astype(float).T).max() < 0.01


def test_one_who_was_hidden_comes_back():
    tracks, probabilities = tracks_of([*run(0, 0, range(20)), *run(1, 0, range(45, 60), x=140)], noise=5)
    assert set(tracks) == {0}
    assert 0.8 < probabilities[0] < 1


@pytest.mark.parametrize("glance", [[], [35]])
def test_a_first_face_that_was_not_confirmed_hides_no_doubt(glance):
    rows = [*run(0, 0, range(20)), *run(-1, 0, [*glance, 45]), *run(1, 0, range(46, 60))]
    tracks, probabilities = tracks_of(rows, noise=5)
    assert set(tracks) == {0}
    assert 0.8 < probabilities[0] < 1


def test_glances_far_apart_make_no_track():
    tracks, _ = tracks_of(run(-1, 0, range(0, 1800, 300)))
    assert set(tracks) == {-1}


@pytest.mark.parametrize(
    ("person", "frames", "x"), [(1, range(30, 40), 100.0), (0, range(90, 99), 100.0), (0, range(22, 40), 5000.0)]
)
def test_others_those_long_gone_and_those_far_away_are_somebody_new(person, frames, x):
    tracks, probabilities = tracks_of([*run(0, 0, range(20)), *run(1, person, frames, x=x)])
    assert set(tracks) == {0, 1}
    assert probabilities == {}


def test_two_who_were_confused_are_put_right():
    # From frame 10 on the tracker has them the wrong way round.
    one = [*run(0, 0, range(10), step=10), *run(1, 0, range(10, 20), step=10)]
    other = [*run(1, 1, range(10), x=300, step=-10), *run(0, 1, range(10, 20), x=300, step=-10)]
    tracks, _ = tracks_of(one + other, noise=5)
    assert set(tracks[:20]) == {0}
    assert set(tracks[20:]) == {1}


def test_tracks_that_take_turns_are_one():
    rows = [(frame, frame // 2 % 2, 0, 100.0 + 40 * (frame // 2 % 2)) for frame in range(40)]
    tracks, _ = tracks_of(rows)
    assert len(set(tracks)) == 1


def test_faces_before_a_track_was_confirmed_belong_to_it():
    tracks, probabilities = tracks_of([*run(-1, 0, [0]), *run(4, 0, range(1, 9)), *run(-1, 1, [5], x=900)])
    assert tracks[:-1] == [0] * 9
    assert tracks[-1] == -1
    assert probabilities == {}  # that is no doubt


def test_faces_that_no_tracker_confirmed_become_a_track_of_their_own():
    tracks, _ = tracks_of([*run(3, 0, range(9)), *run(-1, 1, range(2, 8, 2), x=400)])
    assert tracks[:9] == [0] * 9
    assert set(tracks[9:]) == {1}


def test_a_change_of_face_cuts_a_track_and_noise_does_not():
    assert len(split(faces(*run(0, 0, range(20)), *run(0, 1, range(20, 40))))) == 2
    assert len(split(faces(*run(0, 0, range(40)), noise=40))) == 1


def test_what_is_settled_stays_and_goes_on():
    # The first two seconds were settled as tracks 5 and 7; then the tracker lost both, and found them again.
    before = sorted([*run(0, 0, range(20)), *run(1, 1, range(20), x=600)])
    after = sorted([*run(2, 0, range(25, 40)), *run(3, 1, range(25, 40), x=600), *run(4, 2, range(30, 40), x=900)])
    settled = [5 if track == 0 else 7 for _, track, _, _ in before]
    table = faces(*before, *after, settled=[*settled, *[OPEN] * len(after)])
    tracks, joins = relink(table, step_s=0.1, next_free=8)
    assert tracks[: len(before)].tolist() == settled
    told = {track: int(number) for (_, track, _, _), number in zip(after, tracks[len(before) :], strict=True)}
    assert told == {2: 5, 3: 7, 4: 8}
    assert sorted(int(tracks[row]) for row, _ in joins) == [5, 7]


def test_a_join_is_told_of_once():
    rows = sorted([*run(0, 0, range(20)), *run(1, 0, range(25, 60))])
    table = faces(*rows, settled=[*[3] * 40, *[OPEN] * (len(rows) - 40)])
    tracks, joins = relink(table, step_s=0.1, next_free=4)
    assert set(tracks) == {3}
    assert joins == []


def test_two_cannot_go_on_with_one_track():
    # What was settled as one person turns out to have been two, who are both still there.
    rows = sorted([*run(0, 0, range(10)), *run(1, 1, range(10, 20), x=600)])
    later = sorted([*run(0, 0, range(20, 40)), *run(1, 1, range(20, 40), x=600)])
    table = faces(*rows, *later, settled=[*[3] * 20, *[OPEN] * 40])
    tracks, _ = relink(table, step_s=0.1, next_free=4)
    of_track = {track: {int(tracks[20 + i]) for i, row in enumerate(later) if row[1] == track} for track in (0, 1)}
    assert of_track == {0: {4}, 1: {3}}


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(-1, 5), st.integers(0, 5), st.integers(0, 30)),
        unique_by=lambda row: (row[0], row[1] if row[1] >= 0 else ("alone", row[3])),
        min_size=1,
        max_size=60,
    ),
    st.integers(0, 40),
)
def test_nobody_is_in_two_places_at_once(rows, until):
    table = faces(*[(look, track, person, 40.0 * x) for look, track, person, x in rows])
    tracks, joins = relink(table, step_s=0.1)

    def check(tracks, joins):
        seen = [(int(look), int(track)) for look, track in zip(table.look, tracks, strict=True) if track >= 0]
        assert len(set(seen)) == len(seen)
        assert (tracks[table.track >= 0] >= 0).all()
        assert all(0 <= probability <= 1 for _, probability in joins)

    check(tracks, joins)
    again, _ = relink(table, step_s=0.1)
    assert again.tolist() == tracks.tolist()
    # Part of it settled, the rest to come: the same holds, and nothing changes that was said.
    settled = np.where(table.look < until, tracks, OPEN)
    later, joins = relink(replace(table, settled=settled), step_s=0.1, next_free=int(tracks.max()) + 1)
    check(later, joins)
    assert later[table.look < until].tolist() == tracks[table.look < until].tolist()
