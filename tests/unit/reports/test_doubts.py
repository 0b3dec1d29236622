from dataclasses import replace

import pandas as pd
from pages import parse
from stores import PARTIAL, PEOPLE, Face, make_result, make_store

from facestats.reports import collection, video
from facestats.reports.data import load_collection, load_video
from facestats.reports.doubts import collection_doubts, video_doubts
from facestats.store.store import create_store
from facestats.tables.doubts import are_accepted


def test_what_was_not_read_and_what_is_not_sure_of_many_videos(store):
    lines = collection_doubts(load_collection(str(store.path)))
    assert lines[:2] == ["One video could not be read.", "One video could be read in part only."]
    assert lines[2].startswith("Not sure enough to say, of 5 faces: ")
    assert lines[3:] == [
        "20 of 266 sightings of a followed face show it too small to classify.",
        "2 of 268 sightings belong to no face: too brief or too doubtful.",
    ]


def test_tracks_that_may_be_two_people_are_counted_in_many_videos_and_named_in_one(store, people):
    data = load_collection(str(store.path))
    joined = data.tracks.assign(joined_prob=pd.Series([0.5, 0.6, 1.0, 1.0, None], dtype="float32"))
    said = collection_doubts(replace(data, tracks=joined))
    assert "Two faces may be two people each: parts of a track were joined." in said
    one = people.tracks.assign(joined_prob=pd.Series([0.5, 1.0, 1.0, 1.0], dtype="float32"))
    said = video_doubts(replace(people, tracks=one))
    assert f"Face {one['track_id'].iloc[0]} may be two people: parts of the track were joined." in said


def test_what_was_accepted_is_no_doubt_and_what_was_rejected_is_told(tmp_path):
    store = make_store(tmp_path / "store")
    before = video_doubts(load_video(str(store.path), PEOPLE))
    assert before[0] == "Not sure enough to say, of 4 faces: age group of 1, expression of 2 and makeup of 1."
    for track in (1, 3):
        store.correct(PEOPLE, track, accept=True)
    assert video_doubts(load_video(str(store.path), PEOPLE)) == before[1:]
    assert are_accepted(store.tracks()).sum() == 2
    store.correct(PEOPLE, 2, reject=True)
    said = "One face was rejected by hand as no face, and is counted nowhere."
    for data in (load_video(str(store.path), PEOPLE), load_collection(str(store.path))):
        assert (video_doubts(data) if len(data.videos) == 1 else collection_doubts(data))[-1] == said
    assert said in parse(video.coverage(load_video(str(store.path), PEOPLE))).words
    assert said in parse(collection.coverage(load_collection(str(store.path)))).words


def test_where_nobody_was_followed_only_what_was_not_read_is_doubtful(store):
    data = load_collection(str(store.path))
    assert len(collection_doubts(replace(data, tracks=data.tracks.iloc[:0]))) == 2
    one = load_video(str(store.path), PARTIAL)
    assert video_doubts(replace(one, tracks=one.tracks.iloc[:0])) == []


def test_of_one_face_nothing_is_counted(tmp_path):
    store = create_store(tmp_path / "store")
    store.write(make_result("v-1", [Face(0, 0.0, 11.9, sureness=0.35)], path="v.mp4"), paths=("v.mp4",))
    data = load_video(str(store.path))
    assert video_doubts(data) == ["Not sure enough to say: age group, expression and makeup."]
