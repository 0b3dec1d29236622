import numpy as np
import pandas as pd
import pytest
from stores import Face, make_result

from facestats.models.embedding import EmbeddingCard, SamePerson
from facestats.tables import schema
from facestats.tables.correction import MERGE, Correction
from facestats.tables.corrections import applied
from facestats.tables.people import Appearance, count_people, find_people, people_are_missing, summarize_people
from facestats.tables.whose import OWN_PERSON, SAME_PERSON

CARD = EmbeddingCard("toy", same_person=(SamePerson(64.0, 12.0, -6.0, 0.98),), least_pixels=20)
BOX = np.array([0.0, 0.0, 50.0, 50.0])
A, B = np.eye(2, dtype=np.float32)


def appearance(embedding, samples, *, shot=0, pixels=60.0, box=BOX):
    samples = np.array(samples)
    return Appearance(shot, samples[0] / 10, samples[-1] / 10, samples, box, box, embedding=embedding, pixels=pixels)


def test_a_person_is_known_again_after_a_cut():
    seen = [appearance(A, [0, 1, 2]), appearance(B, [5, 6], shot=1), appearance(A, [9, 10], shot=2)]
    found = find_people(seen, CARD)
    assert found.person.tolist() == [0, 1, 0]


def test_twins_in_one_picture_are_two_people():
    assert find_people([appearance(A, [0, 1]), appearance(A, [1, 2])], CARD).person.tolist() == [0, 1]


def test_what_is_too_small_is_not_told():
    seen = [appearance(A, [0, 1]), appearance(A, [5, 6], shot=1, pixels=12), appearance(None, [9], shot=2, pixels=0)]
    found = find_people(seen, CARD)
    assert found.person.tolist() == [0, 1, 2]
    assert found.n_people == 1
    assert np.isnan(found.probability).tolist() == [False, True, True]


@pytest.fixture
def tables():
    faces = (
        Face(1, 0.0, 3.9, gender="male", sureness=0.7),
        Face(2, 5.0, 9.9, gender="male", sureness=0.8, face_px=60),
        Face(3, 1.0, 2.9, gender="female"),
    )
    return make_result("clip-1", faces, path="clip.mp4", cut_s=5.0)


def test_a_person_has_the_time_and_the_verdicts_of_all_its_tracks(tables):
    tracks = tables.tracks.assign(
        person_id=pd.array([0, 0, 1], dtype="Int64"), person_prob=np.array([0.8, 0.9, np.nan], np.float32)
    )
    people = summarize_people(tracks, tables.observations, {"gender": 0.6}, {"clip-1": 12.0})
    schema.validate("people", people)
    first, second = people.itertuples()
    assert (first.person_id, first.n_tracks, first.n_shots, first.best_track) == (0, 2, 2, 2)
    pictured = summarize_people(
        tracks, tables.observations, {}, {"clip-1": 12.0}, {("clip-1", 1): 0.9, ("clip-1", 2): 0.4}
    )
    assert pictured["best_track"].tolist() == [1, 3]  # its picture is the best, and not its face the largest
    assert (first.first_s, first.last_s) == pytest.approx((0.0, 9.9))
    assert first.seen_s == pytest.approx(tracks["seen_s"][:2].sum())
    assert first.share == pytest.approx(first.seen_s / 12.0)
    assert first.comparable
    assert 0.8 < first.person_prob < 0.9
    assert first.gender == "male"
    assert not second.comparable
    assert np.isnan(second.person_prob)


def test_where_nobody_asked_people_are_missing_not_zero(tables):
    assert people_are_missing(tables.tracks)
    assert summarize_people(tables.tracks, tables.observations, {}, {}).empty
    assert not people_are_missing(tables.tracks.assign(person_id=pd.array([0, 0, 1], dtype="Int64")))


def corrected(tables, *corrections):
    every = {
        **{name: getattr(tables, name, schema.conform(name)) for name in schema.TABLES},
        **with_known_people(tables),
    }
    return applied(every, corrections, run="7f", thresholds={})


def by_hand(number, track, what, value=None):
    return Correction(number, track, what, value, 0.0, "", "now", "7f", place=())


def test_a_face_that_is_merged_joins_its_person_alone(tables):
    found = corrected(tables, by_hand(1, 2, MERGE, "1")).tables
    assert found["tracks"]["track_id"].tolist() == [2, 3]
    assert found["tracks"]["person_id"].tolist() == [1, 0]  # the other face of person 0 stays what it was
    assert found["people"]["n_tracks"].tolist() == [1, 1]
    assert found["videos"]["n_people"].tolist() == [2]


def test_nobody_is_seen_twice_at_once_after_a_merge():
    faces = [Face(1, 0.0, 1.0), Face(2, 2.0, 4.0), Face(3, 3.0, 5.0)]  # 1 and 3 were put together, 2 is seen beside 3
    tables = make_result("a-1", faces, path="a.mp4", duration_s=6.0)
    found = corrected(tables, by_hand(1, 1, MERGE, "2")).tables["tracks"]
    assert found["track_id"].tolist() == [1, 3]
    assert found["person_id"].nunique() == 2


def test_people_who_are_one_are_joined_with_all_their_faces(tables):
    found = corrected(tables, by_hand(1, 2, SAME_PERSON, "1"))
    assert found.track_ids == {1: 2}
    tracks = found.tables["tracks"]
    assert tracks["person_id"].tolist() == [1, 1, 1]
    np.testing.assert_allclose(tracks["person_prob"], [1.0, 1.0, 0.9])  # of the third nobody said anything
    assert tracks["corrected"].dropna().tolist() == ["same_person"]
    assert found.tables["people"]["n_tracks"].tolist() == [3]
    assert found.tables["videos"]["n_people"].tolist() == [1]


def test_a_face_is_taken_from_its_person(tables):
    tracks = corrected(tables, by_hand(1, 3, OWN_PERSON)).tables["tracks"]
    assert tracks["person_id"].tolist() == [0, 1, 2]
    assert tracks["person_prob"].tolist()[2] == 1


def test_where_nobody_asked_who_is_who_nothing_can_be_said_of_people(tables):
    every = {name: getattr(tables, name, schema.conform(name)) for name in schema.TABLES}
    made = [by_hand(1, 2, SAME_PERSON, "1"), by_hand(2, 3, OWN_PERSON)]
    assert applied(every, made, run="7f", thresholds={}).track_ids == {}


def with_known_people(tables):
    """Face 1 is person 0, face 2 person 1, and face 3 person 0 again."""
    tracks = tables.tracks.assign(
        person_id=pd.array([0, 1, 0], dtype="Int64"), person_prob=np.array([0.8, 0.9, 0.9], np.float32)
    )
    counted = dict.fromkeys(("n_people", "n_people_low", "n_people_high"), pd.array([2], dtype="Int64"))
    return {"tracks": tracks, "videos": tables.videos.assign(**counted)}


def test_no_more_people_are_possible_than_faces_are_left():
    videos = schema.conform("videos", pd.DataFrame({"n_people": [2], "n_people_low": [1], "n_people_high": [3]}))
    people = schema.conform("people", pd.DataFrame({"person_id": [0], "n_tracks": [2], "comparable": [True]}))
    counted = count_people(videos, people)
    assert counted[["n_people", "n_people_low", "n_people_high"]].to_numpy().tolist() == [[1, 1, 2]]
    assert count_people(videos, people[:0])["n_people_high"].tolist() == [0]
