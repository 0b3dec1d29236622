import numpy as np
import pytest
from faces import make_detections
from hypothesis import given
from hypothesis import strategies as st

from facestats.errors import UnknownNameError
from facestats.track import TRACKERS, create_tracker
from facestats.types import Detections

NAMES = tuple(name for name in TRACKERS if name != "none")


def walk(tracker, positions, *, rate=10.0, side=40.0):
    """Feed faces at the given x positions (one list a frame) and return the ids of each frame."""
    ids = []
    for i, row in enumerate(positions):
        found = make_detections(*[(x, 50, x + side, 50 + side) for x in row]) if row else Detections.empty()
        ids.append(tracker.update(found, i / rate))
    return ids


@pytest.mark.parametrize("name", NAMES)
def test_two_faces_keep_their_ids(name):
    ids = walk(create_tracker(name, rate=10), [[10 + 5 * i, 400 - 5 * i] for i in range(20)])
    settled = np.array(ids[1:])
    assert len(np.unique(settled[:, 0])) == len(np.unique(settled[:, 1])) == 1
    assert settled[0, 0] != settled[0, 1]


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_the_detections_does_not_matter(name):
    ids = walk(create_tracker(name, rate=10), [[10, 400] if i % 2 else [400, 10] for i in range(10)])
    upright = np.array([row if i % 2 else row[::-1] for i, row in enumerate(ids)])[1:]
    assert (upright == upright[0]).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_short_absence_keeps_the_id_and_a_long_one_does_not(name):
    seen = [[100.0]] * 5
    short = walk(create_tracker(name, rate=10), [*seen, *[[]] * 6, *seen])
    assert short[4][0] == short[-1][0]
    long = walk(create_tracker(name, rate=10), [*seen, *[[]] * 40, *seen])
    assert long[4][0] != long[-1][0]


@pytest.mark.parametrize("name", NAMES)
def test_no_track_crosses_a_cut_and_no_id_comes_back(name):
    tracker = create_tracker(name, rate=10)
    seen = set()
    for _ in range(4):
        ids = {int(row[0]) for row in walk(tracker, [[100.0]] * 4) if row[0] >= 0}
        assert len(ids) == 1
        assert not ids & seen
        seen |= ids
        tracker.cut()


def test_bytetrack_follows_a_small_face_that_moves_by_more_than_its_width():
    ids = walk(create_tracker("bytetrack", rate=10), [[20.0 * i] for i in range(15)], side=16)
    assert len({int(row[0]) for row in ids[2:]}) == 1


def test_bytetrack_bears_clocks_that_stand_still_or_run_back():
    tracker = create_tracker("bytetrack", rate=10)
    face = make_detections((10, 10, 60, 60))
    ids = [int(tracker.update(face, time_s)[0]) for time_s in (0.0, 0.1, 0.1, 0.05, 0.2, 0.2)]
    assert ids[1:] == [0] * 5


def test_weak_detections_continue_a_track_but_start_none():
    tracker = create_tracker("bytetrack", rate=10)
    weak, strong = (make_detections((10, 10, 60, 60), score=score) for score in (0.4, 0.9))
    ids = [
        int(tracker.update(face, i / 10)[0]) for i, face in enumerate((weak, weak, weak, strong, strong, weak, weak))
    ]
    assert ids[:3] == [-1, -1, -1]
    assert ids[4:] == [0, 0, 0]


def test_none_confirms_nobody_and_unknown_trackers_are_refused():
    assert walk(create_tracker("none", rate=10), [[1.0, 90.0]])[0].tolist() == [-1, -1]
    with pytest.raises(UnknownNameError, match="bytetrack"):
        create_tracker("sort", rate=10)


@given(
    name=st.sampled_from(NAMES),
    frames=st.lists(st.lists(st.integers(0, 9), max_size=5, unique=True), max_size=12),
    cuts=st.sets(st.integers(0, 11)),
)
def test_ids_are_unique_within_a_frame_and_across_cuts(name, frames, cuts):
    tracker = create_tracker(name, rate=10)
    shot_of = {}
    shot = 0
    for i, row in enumerate(frames):
        if i in cuts:
            tracker.cut()
            shot += 1
        found = make_detections(*[(60.0 * x, 0, 60.0 * x + 40, 40) for x in row]) if row else Detections.empty()
        ids = tracker.update(found, i / 10)
        assert len(ids) == len(row)
        known = ids[ids >= 0].tolist()
        assert len(set(known)) == len(known)
        for track in known:
            assert shot_of.setdefault(track, shot) == shot


def test_a_face_of_quite_another_size_is_another_one_behind_a_cut_that_nobody_knows_of():
    tracker = create_tracker("centroid", rate=10)
    first = tracker.update(make_detections((320, 95, 343, 120)), 0.0)
    assert tracker.update(make_detections((318, 90, 348, 124)), 0.1) == first
    assert tracker.update(make_detections((290, 40, 380, 160)), 0.2) != first
