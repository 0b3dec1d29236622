"""The first screen of a video's page."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from pages import parse
from stores import PARTIAL, PEOPLE, make_store

from facestats.plots.palette import hex_color
from facestats.reports import glance, video
from facestats.reports.data import load_video
from facestats.tables.labels import face_color


def test_every_face_has_its_picture_its_time_and_its_colour(people):
    parsed = parse(glance.glance(people))
    cards = [a for tag, a in parsed.tags if tag == "a"]
    assert [card["href"] for card in cards] == ["#face-1", "#face-2", "#face-4", "#face-3"]
    assert [card["style"] for card in cards] == [f"--c:{hex_color(face_color(n))}" for n in (1, 2, 4, 3)]
    assert "face 1" in parsed.words
    assert "seconds" in parsed.words
    assert f"clips/{PEOPLE}.mp4" in [a["src"] for tag, a in parsed.tags if tag == "video"]
    rows = [a for tag, a in parse(video.faces(people)).tags if tag == "section"]
    assert [(row["id"], row["style"]) for row in rows] == [(card["href"][1:], card["style"]) for card in cards]


def test_the_sheet_says_what_is_unknown(people):
    unsure = people.tracks.assign(gender="unknown", age_group="unknown")
    assert parse(glance.glance(replace(people, tracks=unsure))).words.count("gender and age unknown") == 4
    old = parse(glance.glance(replace(people, tracks=unsure.assign(age_group="old")))).words
    assert "unknown" not in old


def test_of_many_faces_the_longest_are_on_the_sheet(people):
    many = pd.concat([people.tracks.iloc[:1]] * 40, ignore_index=True).assign(track_id=range(40))
    parsed = parse(glance.glance(replace(people, tracks=many)))
    assert sum(tag == "a" for tag, _ in parsed.tags) == glance.SHEET
    assert "The 12 longest of 40 faces." in parsed.words


def test_what_is_doubtful_is_told_first(people):
    said = parse(glance.doubts(people)).words
    assert "Not sure enough to say, of 4 faces:" in said
    assert "In 20 of 252 sightings the face was too small to classify." in said
    assert "2 of 252 sightings belong to no face" in said
    joined = people.tracks.assign(joined_prob=pd.Series([0.5, 1.0, 1.0, 1.0], dtype="float32"))
    first = f"Face {people.tracks['track_id'].iloc[0]}"
    assert f"{first} may be two people:" in parse(glance.doubts(replace(people, tracks=joined))).words


def test_a_video_of_which_everything_is_sure_has_no_doubts(store):
    data = load_video(str(store.path), PARTIAL)
    assert glance.doubts(data) is None or "Not sure" not in parse(glance.doubts(data)).words
    assert glance.doubts(replace(data, tracks=data.tracks.iloc[:0])) is None


def test_where_people_are_known_the_sheet_shows_people(store_of_people):
    parsed = parse(glance.glance(load_video(str(store_of_people.path))))
    assert sum(tag == "a" for tag, _ in parsed.tags) == 3
    assert "person 1 two faces 10.8 seconds" in parsed.words
    assert "person 0 11.9 seconds" in parsed.words  # the name of whoever has one face says it
    assert "face 4" in parsed.words  # too small to be told
    assert len({a["style"] for tag, a in parsed.tags if tag == "a"}) == 3


def test_an_old_clip_is_promised_anew_only_where_the_video_is_there(tmp_path):
    store = make_store(tmp_path / "s", PEOPLE)
    assert glance.outdated_sentence(load_video(str(store.path))) == ""
    store.correct(PEOPLE, 4, reject=True)
    then = "The clip was drawn before faces were corrected by hand, and shows them as they were then. "
    anew = glance.outdated_sentence(load_video(str(store.path)))
    assert anew == f"{then}The next run of facestats over this video draws it anew."
    shown = glance.glance(load_video(str(store.path))).data
    assert f"<p>{anew}</p>" in shown  # plain: it is no key of a legend
    store.note(store.entries()[PEOPLE], missing_since="2026-01-02T03:04:05+00:00")
    gone = glance.outdated_sentence(load_video(str(store.path)))
    assert gone == f"{then}The video itself is not there any more, so that it cannot be drawn anew."
