from dataclasses import replace

import pandas as pd
from stores import PARTIAL

from facestats.reports.data import load_collection, load_video
from facestats.reports.doubts import collection_doubts, video_doubts


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


def test_where_nobody_was_followed_only_what_was_not_read_is_doubtful(store):
    data = load_collection(str(store.path))
    assert len(collection_doubts(replace(data, tracks=data.tracks.iloc[:0]))) == 2
    one = load_video(str(store.path), PARTIAL)
    assert video_doubts(replace(one, tracks=one.tracks.iloc[:0])) == []
