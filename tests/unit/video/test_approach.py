from hypothesis import given
from hypothesis import strategies as st

from facestats.video.approach import Approach

TIMES = st.lists(st.integers(0, 40), min_size=1, max_size=40, unique=True)


@given(TIMES, st.integers(0, 40))
def test_the_frame_of_the_moment_and_all_behind_it_are_never_passed_over(times, until):
    approach = Approach(until)
    left = [time for time in times if not approach.passes_over(time)]
    shown = max((time for time in times if time <= until), default=None)
    assert shown is None or shown in left
    assert [time for time in times if time > until] == [time for time in left if time > until]


@given(TIMES, st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_an_earlier_moment_is_agreed_to_only_if_its_frame_comes(times, until, after, earlier):
    approach, left, agreed = Approach(until), [], True
    for place, time in enumerate(times):
        if place == after and earlier < until:
            agreed = approach.turn_to(earlier)
        if not approach.passes_over(time):
            left.append(time)
    shown = max((time for time in times if time <= min(earlier, until)), default=None)
    if agreed and after < len(times) and earlier < until and shown is not None:
        assert shown in left


def test_a_frame_that_begins_at_the_moment_is_its_frame():
    approach = Approach(0.5)
    assert not approach.passes_over(0.5)
    assert approach.passes_over(0.4)
    assert not approach.turn_to(0.4)
    assert approach.turn_to(0.5)
    assert not approach.passes_over(0.6)
