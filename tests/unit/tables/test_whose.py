import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from facestats.tables.whose import Whose, met_s

TRACKS = pd.DataFrame(
    {
        "track_id": [1, 2, 3, 4, 5],
        "person_id": pd.array([0, 0, 1, 2, None], dtype="Int64"),
        "person_prob": [0.9, 0.8, 0.7, np.nan, np.nan],
    }
)

ACTS = st.tuples(st.sampled_from(["join", "set_apart", "take_in"]), st.integers(1, 5), st.integers(1, 5))


@given(st.lists(ACTS, max_size=8))
def test_whatever_is_said_every_track_has_one_person_and_unknown_ones_have_none(acts):
    whose = Whose(TRACKS)
    for act, track, other in acts:
        before = dict(whose.people)
        if act == "set_apart":
            whose.set_apart(track)
            assert track not in before or whose.tracks_of(track) == [track]
        elif track != other and act == "join":
            known = whose.join(track, other)
            assert known == (track in before and other in before)
            assert not known or whose.people[track][0] == whose.people[other][0]
        elif track != other:
            whose.take_in(track, other)
            assert other not in whose.people
            if track in before:  # nobody else is another's for that
                assert whose.people == {each: known for each, known in before.items() if each != other}
    assert set(whose.people) <= {1, 2, 3, 4, 5}


def test_a_face_too_small_to_tell_can_be_told_by_hand():
    whose = Whose(TRACKS)
    assert whose.join(1, 4)
    assert whose.people[4] == (0, 1.0)
    assert whose.tracks_of(4) == [1, 2, 4]
    assert whose.tracks_of(5) == []
    assert not whose.set_apart(5)


def test_people_who_are_seen_together_are_two():
    times, ids = np.array([0.0, 1.0, 1.0, 2.0]), np.array([1, 2, 3, 4])
    assert met_s(times, ids, [1, 2], [3]) == 1.0
    assert met_s(times, ids, [1, 2], [4]) is None
    assert met_s(times, ids, [], [4]) is None
