import numpy as np
import pandas as pd
import pytest
from stores import Face, make_result

from facestats.models.embedding import EmbeddingCard, SamePerson
from facestats.tables import schema
from facestats.tables.corrections import MERGE, Correction, applied
from facestats.tables.people import Appearance, find_people, people_are_missing, summarize_people

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


def test_who_is_merged_by_hand_is_one_person_with_all_tracks(tables):
    corrected = applied(
        {**{name: getattr(tables, name, schema.conform(name)) for name in schema.TABLES}, **with_known_people(tables)},
        [Correction(1, 2, MERGE, "1", 0.0, "the same", "now", "7f", place=())],
        run="7f",
        thresholds={},
    ).tables
    assert corrected["tracks"]["track_id"].tolist() == [2, 3]
    assert len(set(corrected["tracks"]["person_id"])) == 1
    assert corrected["people"]["n_tracks"].tolist() == [2]
    assert corrected["videos"]["n_people"].tolist() == [1]


def with_known_people(tables):
    """Face 1 is person 0, face 2 person 1, and face 3 person 0 again."""
    tracks = tables.tracks.assign(
        person_id=pd.array([0, 1, 0], dtype="Int64"), person_prob=np.array([0.8, 0.9, 0.9], np.float32)
    )
    counted = dict.fromkeys(("n_people", "n_people_low", "n_people_high"), pd.array([2], dtype="Int64"))
    return {"tracks": tracks, "videos": tables.videos.assign(**counted)}
