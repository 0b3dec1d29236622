import numpy as np
import pytest
from faces import make_detections
from hypothesis import given, settings
from hypothesis import strategies as st

from facestats.track.linking import TrackedFaces, appearance, relink, relink_frames, split
from facestats.types import Detections

RNG = np.random.default_rng(0)
#: Six people, of noise: their pictures have nothing in common.
PEOPLE = RNG.integers(0, 256, (6, 48, 48, 3)).astype(np.uint8)


def faces(*rows, side=40.0, rate=10.0, noise=0.0):
    """Rows of (sampled frame, track, person, x): what a tracker said of faces in one shot."""
    rows = sorted(rows)
    look, track, person, x = (np.array(column) for column in zip(*rows, strict=True))
    pictures = PEOPLE[person] + noise * RNG.standard_normal((len(rows), 48, 48, 3))
    return TrackedFaces(
        look=look,
        time_s=look / rate,
        shot=np.zeros(len(rows), int),
        track=track,
        boxes=np.column_stack([x, np.zeros(len(x)), x + side, np.full(len(x), side)]).astype(float),
        looks=appearance(np.clip(pictures, 0, 255).astype(np.uint8)),
    )


def run(track, person, frames, x=100.0, step=0.0):
    return [(frame, track, person, x + step * frame) for frame in frames]


def tracks_of(rows, **options):
    """Return the tracks in the end, in the order of ``rows``, and the probabilities."""
    table = faces(*rows, **options)
    tracks, probabilities = relink(table)
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


def test_a_clock_that_starts_again_joins_nobody_who_was_long_gone():
    look, face = appearance(PEOPLE[:1]), make_detections((10, 10, 50, 50))
    nothing = Detections.empty(), np.zeros((0, 100), np.float16)
    times = [*np.arange(30) / 10, *np.arange(400) / 10]  # from the 31st frame on, it begins anew
    seen = [*range(20), *range(330, 360)]
    frames = [(time_s, 0, *((face, look) if i in seen else nothing)) for i, time_s in enumerate(times)]
    ids = [np.array([i > 100]).astype(int)[: int(i in seen)] for i in range(len(times))]
    tracks, _ = relink_frames(frames, ids)
    assert set(np.concatenate(tracks)) == {0, 1}


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
    rows = [(frame, frame // 2 % 2, 0, 100.0 + 60 * (frame // 2 % 2)) for frame in range(40)]
    tracks, _ = tracks_of(rows)
    assert len(set(tracks)) == 1


def test_faces_before_a_track_was_confirmed_belong_to_it():
    tracks, probabilities = tracks_of([*run(-1, 0, [0]), *run(4, 0, range(1, 9)), *run(-1, 1, [5], x=900)])
    assert tracks[:-1] == [4] * 9
    assert tracks[-1] == -1
    assert probabilities == {}  # that is no doubt


def test_faces_that_no_tracker_confirmed_become_a_track_of_their_own():
    tracks, _ = tracks_of([*run(3, 0, range(9)), *run(-1, 1, range(2, 8, 2), x=400)])
    assert tracks[:9] == [3] * 9
    assert set(tracks[9:]) == {4}


def test_a_change_of_face_cuts_a_track_and_noise_does_not():
    assert len(split(faces(*run(0, 0, range(20)), *run(0, 1, range(20, 40))))) == 2
    assert len(split(faces(*run(0, 0, range(40)), noise=40))) == 1


def test_no_track_crosses_a_cut():
    nothing = np.zeros((0, 100), np.float16)
    look = appearance(PEOPLE[:1])
    face = make_detections((10, 10, 50, 50))
    frames = [(i / 10, i // 5, face, look) for i in range(10)] + [(1.0, 1, Detections.empty(), nothing)]
    ids, _ = relink_frames(frames, [np.array([i // 5]) for i in range(10)] + [np.zeros(0, int)])
    assert [row.tolist() for row in ids] == [[0]] * 5 + [[1]] * 5 + [[]]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(-1, 5), st.integers(0, 5), st.integers(0, 30)),
        unique_by=lambda row: (row[0], row[1] if row[1] >= 0 else ("alone", row[3])),
        min_size=1,
        max_size=60,
    )
)
def test_nobody_is_in_two_places_at_once(rows):
    table = faces(*[(look, track, person, 40.0 * x) for look, track, person, x in rows])
    tracks, probabilities = relink(table)
    seen = [(int(look), int(track)) for look, track in zip(table.look, tracks, strict=True) if track >= 0]
    assert len(set(seen)) == len(seen)
    assert (tracks[table.track >= 0] >= 0).all()
    assert all(0 <= probability <= 1 for probability in probabilities.values())
    again, _ = relink(table)
    assert again.tolist() == tracks.tolist()
