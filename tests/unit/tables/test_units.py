import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from facestats.tables.units import BY, possible_people, units_of


def tracks(*rows, **columns):
    """Tracks of (verdict, probability of female, person or None, seconds)."""
    verdict, female, person, seconds = zip(*rows, strict=True)
    made = {
        "video_id": "a",
        "track_id": range(len(rows)),
        "person_id": pd.array(person, "Int64"),
        "gender": pd.array(verdict, "str"),
        "gender_female": female,
        "gender_male": 1 - np.array(female, float),
        "seen_s": seconds,
        "duration_s": seconds,
        **columns,
    }
    return pd.DataFrame(made)


def test_unknown_tracks_have_a_likeliest_class():
    found = units_of(tracks(("female", 0.9, None, 1.0), ("unknown", 0.4, None, 1.0)), "gender", threshold=0.7)
    assert found.votes.choice.tolist() == [0, 1]
    assert found.votes.is_sure.tolist() == [True, False]
    assert found.verdicts.tolist() == ["female", "unknown"]


def test_without_probabilities_verdicts_are_all_that_is_known():
    table = tracks(("female", 0.9, None, 1.0), ("unknown", 0.4, None, 1.0))
    for less in (
        table.drop(columns=["gender_female", "gender_male"]),
        table.assign(gender_female=np.nan, gender_male=np.nan),
    ):
        found = units_of(less, "gender")
        assert found.votes.choice.tolist() == [0, -1]
        assert found.votes.is_sure.tolist() == [True, False]


def test_a_verdict_from_elsewhere_stands():
    found = units_of(tracks(("male", 0.9, None, 1.0)), "gender")
    assert found.votes.choice.tolist() == [1]
    assert found.votes.is_sure.tolist() == [True]


def test_tracks_of_one_person_are_one():
    table = tracks(
        ("female", 0.95, 7, 9.0), ("unknown", 0.45, 7, 1.0), ("male", 0.1, None, 2.0), ("male", 0.1, None, 3.0)
    )
    people = units_of(table, "gender", threshold=0.7)
    assert len(people) == 3
    assert sorted(people.seconds.tolist()) == [2, 3, 10]
    assert people.verdicts.tolist().count("female") == 1
    assert len(units_of(table, "gender", by="track")) == 4
    # The same number in another video is somebody else.
    assert len(units_of(table.assign(video_id=list("abab")), "gender")) == 4


def test_a_person_without_probabilities_is_what_their_longest_track_is():
    table = tracks(("male", 0.5, 7, 1.0), ("female", 0.5, 7, 2.0)).drop(columns=["gender_female", "gender_male"])
    assert units_of(table, "gender").verdicts.tolist() == ["female"]


def test_what_was_said_by_hand_of_one_track_is_all_that_is_said_of_the_person():
    table = tracks(("unknown", np.nan, 7, 1.0), ("male", 0.1, 7, 9.0), corrected=["gender", None])
    found = units_of(table, "gender")
    assert found.verdicts.tolist() == ["unknown"]
    assert (found.votes.choice.tolist(), found.votes.is_certain.tolist()) == ([-1], [False])
    found = units_of(table.assign(gender=["female", "male"], gender_female=[1.0, 0.1]), "gender")
    assert found.verdicts.tolist() == ["female"]
    assert found.votes.is_certain.tolist() == [True]


def test_a_table_of_people_counts_each_once():
    people = tracks(("male", 0.1, 1, 1.0), ("female", 0.9, 2, 2.0)).drop(columns="track_id")
    for by in BY:
        assert units_of(people, "gender", by=by).verdicts.tolist() == ["male", "female"]


def test_what_the_table_of_people_says_of_a_person_stands():
    table = tracks(("unknown", 0.55, 7, 9.0), ("unknown", 0.55, 7, 1.0), ("male", 0.1, None, 1.0))
    people = tracks(("female", 0.65, 7, 10.0)).assign(n_tracks=2).drop(columns="track_id")
    assert units_of(table, "gender", threshold=0.6).verdicts.tolist() == ["unknown", "male"]
    for by in ("people", "time"):
        found = units_of(table, "gender", threshold=0.6, by=by, people=people)
        assert found.verdicts.tolist() == ["female", "male"]
        assert found.votes.is_sure.tolist() == [True, True]
    # Whoever has other tracks there than here was judged by something else.
    for other in (people.assign(n_tracks=3), people.assign(video_id="b"), people.assign(gender=None)):
        assert units_of(table, "gender", threshold=0.6, people=other).verdicts.tolist() == ["unknown", "male"]
    old = people.drop(columns=["gender_female", "gender_male"]).assign(gender="unknown")
    assert units_of(table, "gender", people=old).votes.choice.tolist() == [0, 1]


def test_what_was_not_measured_does_not_count():
    table = tracks(("male", 0.1, 1, 1.0), (None, np.nan, 1, 2.0))
    assert units_of(table, "gender").seconds.tolist() == [1.0]
    assert len(units_of(table.iloc[1:], "gender")) == 0


ROWS = st.tuples(
    st.sampled_from(["female", "male", "unknown"]),
    st.floats(0.01, 0.99),
    st.sampled_from([None, 1, 2]),
    st.floats(0.5, 9),
)


@given(st.lists(ROWS, min_size=1, max_size=8), st.randoms())
def test_the_order_of_the_rows_does_not_matter(rows, random):
    table = tracks(*rows)
    order = list(range(len(rows)))
    random.shuffle(order)
    one, other = (units_of(part, "gender") for part in (table, table.iloc[order]))
    assert one.verdicts.tolist() == other.verdicts.tolist()
    assert np.allclose(one.seconds, other.seconds)
    assert np.isclose(one.seconds.sum(), sum(row[3] for row in rows))


def test_who_is_who_is_drawn_anew_as_often_as_it_may_be_wrong():
    table = tracks(*[("male", 0.1, 7, 1.0)] * 3, ("male", 0.1, None, 1.0), ("male", 0.1, 8, 1.0))
    table["person_prob"] = [1.0, 0.5, 1.0, np.nan, 0.2]
    drawn = possible_people(table, 200, np.random.default_rng(0))
    counts = [len(units_of(part, "gender")) for part in drawn]
    assert set(counts) == {3, 4}  # the second leaves its person now and then; the last has no other to leave
    assert 0.4 < np.mean(np.array(counts) == 4) < 0.6
    for clear, by in (
        (table.assign(person_prob=1.0), "time"),
        (table, "track"),
        (table.drop(columns="person_prob"), "people"),
    ):
        (only,) = possible_people(clear, 9, np.random.default_rng(0), by=by)
        assert only is clear
