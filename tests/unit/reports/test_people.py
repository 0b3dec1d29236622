"""A page says who was seen, where people are known, and speaks of faces where they are not."""

import math
from dataclasses import replace

import pytest
from pages import parse
from stores import EMPTY, FACES, MODELS, PEOPLE, make_result, with_doubtful, with_persons

from facestats.reports import collection, demographics, people, provenance, video
from facestats.reports.data import load_collection, load_video
from facestats.reports.sides import Choice, load_comparison
from facestats.reports.timeline import timeline_item
from facestats.store.store import create_store


@pytest.fixture
def known(store_of_people):
    return load_video(str(store_of_people.path))


def test_every_person_has_a_row_with_all_its_appearances(known):
    parsed = parse(people.who(known))
    rows = [a["id"] for tag, a in parsed.tags if tag == "section"]
    assert rows == ["person-0", "person-1"]  # the longest on screen first
    assert "10.8 seconds on screen, 90 % of the video" in parsed.words
    assert "face 2, face 3; the same person: 79 %" in parsed.words.replace(" ,", ",").replace(" ;", ";")
    assert "perhaps one of the others: 20 %" in parsed.words
    spans = [a for tag, a in parsed.tags if tag == "a" and "title" in a]
    assert [a["title"] for a in spans] == [
        "face 1, 0:00.0 to 0:11.9",
        "face 2, 0:01.0 to 0:05.9",
        "face 3, 0:06.0 to 0:11.9",
    ]
    assert spans[2]["href"].endswith("#t=6.00")
    assert "left:50." in spans[2]["style"]
    assert "Face 4 cannot be told from others: it may be of these people or not." in parsed.words


def test_the_line_of_a_person_has_a_gap_where_the_face_was_out_of_sight(known):
    hidden = known.observations["time_s"].between(2.95, 6.05) & (known.observations["track_id"] == 1)
    parsed = parse(people.who(replace(known, observations=known.observations[~hidden])))
    spans = [a["title"] for tag, a in parsed.tags if tag == "a" and "title" in a]
    assert spans[:2] == ["face 1, 0:00.0 to 0:02.9", "face 1, 0:06.1 to 0:11.9"]


def test_verdicts_are_those_of_all_faces_of_a_person(known):
    said = parse(people.who(known)).words
    assert known.tracks.set_index("track_id").loc[3, "age_group"] == "unknown"
    second = known.people.iloc[1]
    assert second["age_group"] == "middle"  # as face 2 says, of which that is sure
    assert said.count("age group middle") == 1


def test_nobody_is_listed_where_nobody_asked(store):
    for name in ("people", EMPTY):
        assert people.who(load_video(str(store.path), name)) is None


def test_the_headline_counts_people_with_their_interval(known):
    said = parse(video.headline(known)).words
    assert "Two people (2 to 4), and one face too small to tell, were seen in this video of 12 seconds." in said
    assert "Four faces were followed. Perceived gender: 1 female and 1 male; 1 not measured." in said
    assert "2 to 4 people 4 faces followed" in said


def test_the_headline_and_the_chart_below_count_the_same(known):
    counted = people.units(known)["gender"]
    assert len(counted) == 3
    said = parse(demographics.composition(known)).words
    for name, number in counted.fillna("not measured").value_counts().items():
        assert f"{number} {name}" in parse(video.headline(known)).words
        assert f"{number} {name}" in said


def written(tmp_path, faces, persons):
    store = create_store(tmp_path / "one")
    result = with_persons(make_result(PEOPLE, faces, path="videos/one.mp4"), persons)
    store.write(result, paths=("videos/one.mp4",), models=MODELS)
    return load_video(str(store.path))


def test_one_person(tmp_path):
    data = written(tmp_path, FACES[:1], {1: (0, 1.0)})
    said = parse(video.headline(data)).words
    assert "One person was seen in this video of 12 seconds. Perceived gender: female." in said
    assert "1 person 1 face followed" in said
    assert parse(people.who(data)).words.count("Person 0") == 1
    assert video.timelines(data) is None


def test_nobody(tmp_path):
    data = written(tmp_path, (), {})
    assert "No face was found in this video of 12 seconds." in parse(video.headline(data)).words
    assert people.who(data) is None
    assert people.totals(data) is None


def test_only_faces_too_small_to_tell_are_no_people(tmp_path):
    data = written(tmp_path, FACES[1:3], {2: (0, math.nan), 3: (1, math.nan)})
    said = parse(video.headline(data)).words
    assert "Two faces were followed in this video of 12 seconds. They are too small to tell how many people" in said
    assert "0 people" not in said
    assert parse(people.who(data)).words == "Face 2 and face 3 cannot be told from others."
    assert people.counting_sentence(data) == "Each followed face counts once."


def test_a_face_taken_by_hand_is_not_called_too_small(tmp_path):
    store = create_store(tmp_path / "taken")
    result = with_doubtful(with_persons(make_result(PEOPLE, FACES[:1], path="one.mp4"), {1: (0, 1.0)}))
    store.write(result, paths=("one.mp4",), models=MODELS)
    store.take_for_face(PEOPLE, 3.5)
    said = parse(video.headline(load_video(str(store.path)))).words
    assert "One person, and one face found by hand and not measured, were seen in this video of 12 seconds." in said
    assert "too small" not in said


def test_the_page_of_a_collection_counts_faces_found_by_hand(tmp_path):
    store = create_store(tmp_path / "taken")
    result = with_doubtful(with_persons(make_result(PEOPLE, FACES[:1], path="one.mp4"), {1: (0, 1.0)}))
    store.write(result, paths=("one.mp4",), models=MODELS)
    store.take_for_face(PEOPLE, 3.5)
    data = load_collection(str(store.path))
    said = parse(collection.headline(data)).words
    assert "In one video of 12 seconds, one person, and one face found by hand and not measured, were seen; two" in said
    assert "too small" not in parse(collection.glance(data)).words
    covered = parse(collection.coverage(data)).words
    assert "a face was found 121 times: all of these sightings belong to a followed face, and 120 of those" in covered


def test_a_video_whose_only_face_was_found_by_hand(tmp_path):
    store = create_store(tmp_path / "taken")
    store.write(with_doubtful(make_result(PEOPLE, (), path="one.mp4")), paths=("one.mp4",), models=MODELS)
    store.take_for_face(PEOPLE, 3.5)
    said = parse(video.headline(load_video(str(store.path)))).words
    assert "One face was found by hand, and not measured, in this video of 12 seconds." in said


def test_a_row_of_the_timeline_is_a_person(known):
    item = timeline_item(known.one)
    assert str(item).count("person 1") >= 2
    assert "['face 4', 'person 1', 'person 0']" in str(item)
    assert ", face 3" in str(item)
    said = parse(video.timelines(known))
    assert any("of person 1 over time" in a.get("alt", "") for _, a in said.tags)


def test_single_faces_are_folded_and_say_whose_they_are(known, store):
    parsed = parse(video.faces(known))
    assert "Four faces, one by one" in parsed.words
    assert any(tag == "details" for tag, _ in parsed.tags)
    assert "one by one" not in parse(video.faces(replace(known, tracks=known.tracks[:1]))).words
    assert "Face 3 , person 1" in parsed.words
    assert not any(tag == "details" for tag, _ in parse(video.faces(load_video(str(store.path), "people"))).tags)


def test_what_counts_once_is_said(known, store):
    assert "Each person counts once" in parse(demographics.composition(known)).words
    assert "; so does each face that cannot be told from others." in parse(demographics.composition(known)).words
    assert "Two people and one face are too few" in parse(demographics.composition(known)).words
    unknown = load_video(str(store.path), "people")
    assert "Each followed face counts once." in parse(demographics.composition(unknown)).words


def test_a_face_is_called_no_person_only_where_people_are_not_known(known, store):
    assert "A person is a guess" in parse(provenance.limits(known)).words
    assert "A face is not a person" not in parse(provenance.limits(known)).words
    loose = known.tracks.assign(person_id=known.tracks["person_id"].mask(known.tracks["track_id"] == 2))
    both = parse(provenance.limits(replace(known, tracks=loose))).words
    assert "A person is a guess" in both
    assert "counts again in videos in which people were not looked for." in both
    unasked = parse(provenance.limits(load_video(str(store.path), "people"))).words
    assert "A person is a guess" not in unasked
    assert "People are counted where a video is analysed without --no-people" in unasked


@pytest.fixture(scope="module")
def mixed(store_of_people):
    """Besides, a video of which the people are known, and one that was analysed without them."""
    other = make_result("other-00000007", FACES[:2], path="videos/other.mp4")
    store_of_people.write(with_persons(other, {1: (0, 1.0), 2: (1, 1.0)}), paths=("videos/other.mp4",), models=MODELS)
    plain = make_result("plain-00000008", FACES[:3], path="videos/plain.mp4")
    store_of_people.write(plain, paths=("videos/plain.mp4",), models=MODELS)
    return store_of_people


def test_a_collection_is_counted_in_people(mixed):
    data = load_collection(str(mixed.path))
    assert people.totals(data) == (4, 4, 6)
    said = parse(collection.headline(data)).words
    assert "four people (4 to 6), and one face too small to tell, were seen, in the two videos" in said
    assert "where people were looked for; nine faces were followed." in said
    assert "4 to 6 people, in 2 of 3 videos 9 faces followed" in said
    counted = people.units(data)
    listed = parse(collection.videos(data)).words
    assert "4 (2 people)" in listed
    assert "(0 people)" not in listed
    assert len(counted) == 3 + 2 + 3  # with whoever is too small to tell, and the faces of the third video
    assert "where people were not looked for, each followed face does" in people.counting_sentence(data)


def test_sides_are_counted_in_people(mixed):
    data = load_comparison(str(mixed.path), first=Choice(files="people.mp4"), second=Choice(files="plain.mp4"))
    from facestats.reports import comparison

    said = parse(comparison.headline(data)).words
    assert "two people (2 to 4)" in said
    assert "2–4 and ? people" in said
    assert "people 2 to 4 –" in parse(comparison.coverage(data)).words
    both = load_comparison(str(mixed.path), first=Choice(), second=Choice(files="other.mp4"))
    assert "4–6 and 2 people, where they were looked for" in parse(comparison.headline(both)).words
    assert "people 4 to 6, in 2 of 3 videos 2" in parse(comparison.coverage(both)).words
