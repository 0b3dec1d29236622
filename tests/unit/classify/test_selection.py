import numpy as np
from faces import make_detections
from hypothesis import given
from hypothesis import strategies as st

from facestats.classify.selection import LONGEST_WAIT_S, CloseLooks


def looks(times, sizes=None, track=4):
    chooser = CloseLooks()
    sizes = sizes or [50] * len(times)
    return [
        chooser.choose(make_detections((0, 0, size, size)), np.array([track]), time_s).item()
        for time_s, size in zip(times, sizes, strict=True)
    ]


@given(rate=st.sampled_from([5, 10, 30]), seconds=st.integers(3, 60))
def test_waits_grow_to_the_longest_and_no_further(rate, seconds):
    times = np.arange(seconds * rate) / rate
    chosen = times[looks(times)]
    waits = np.diff(chosen)
    assert chosen[0] == 0
    assert waits.max() <= LONGEST_WAIT_S + 1 / rate
    assert (np.diff(waits) >= -1.01 / rate).all()
    assert 4 <= len(chosen) <= 12 + seconds / LONGEST_WAIT_S


def test_a_much_better_picture_is_not_passed_over():
    assert looks([0, 0.01, 0.02, 0.03], [20, 21, 40, 41]) == [True, False, True, False]


def test_faces_without_a_track_are_always_chosen():
    chooser = CloseLooks()
    found = make_detections((0, 0, 50, 50), (60, 0, 99, 40))
    for index in range(4):
        assert chooser.choose(found, np.array([-1, 8]), index / 100).tolist() == [True, index == 0]


def test_each_track_waits_on_its_own():
    chooser = CloseLooks()
    found = make_detections((0, 0, 50, 50), (60, 0, 99, 40))
    assert chooser.choose(found[:1], np.array([1]), 0.0).tolist() == [True]
    assert chooser.choose(found, np.array([1, 2]), 0.01).tolist() == [False, True]
