import re

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from pages import parse, video_sections
from stores import EMPTY, FAILED, MODELS, PARTIAL, PEOPLE, Face, make_result, make_store, results, with_doubtful

from facestats._util.resources import bundled
from facestats.options import AnalyzeOptions
from facestats.reports import collection, video
from facestats.reports.data import load_collection, load_video
from facestats.reports.parameters import read_notebook
from facestats.store.store import create_store


def test_the_headline_says_what_was_seen(people):
    said = parse(video.headline(people)).words
    assert "Four faces were followed in this video of 12 seconds." in said
    assert "Perceived gender: 2 female and 1 male; 1 not measured." in said
    assert re.search(r"The most common expression is happiness \(expected share of the time: \d\d %\)", said)


def test_the_headline_names_no_expression_where_every_verdict_is_unknown(tmp_path):
    store = create_store(tmp_path / "store")
    faces = [Face(number, 0.0, 11.9, sureness=0.35) for number in range(2)]
    store.write(make_result("v-1", faces, path="v.mp4"), paths=("v.mp4",))
    one, every = load_video(str(store.path)), load_collection(str(store.path))
    for said in (parse(video.headline(one)).words, parse(collection.headline(every)).words):
        assert "No face shows one expression clearly throughout." in said
        assert "most common expression" not in said


def test_the_headline_of_a_part_does_not_speak_of_the_whole(tmp_path):
    store = create_store(tmp_path / "store")
    result = make_result("b-1", [Face(None, 0.0, 0.4)], path="b.mp4", duration_s=1.0)
    result.videos["from_s"], result.videos["to_s"] = 61.0, 62.0
    store.write(result, paths=("b.mp4",))
    said = parse(video.headline(load_video(str(store.path)))).words
    assert "in this part of a video, 1:01.0 to 1:02.0, none long enough" in said


def test_coverage_says_what_was_not_looked_at_and_why(people):
    said = parse(video.coverage(people)).words
    assert "Faces were looked for in 120 of its 240 frames, 10 a second." in said
    assert "A face was found 252 times" in said
    assert "232 classified" in said
    assert "20 too small to classify" in said
    assert "2 of these sightings were too brief or too doubtful to be followed" in said


def test_what_has_no_clip_does_not_speak_of_one(people, store, tmp_path):
    def told(data):
        return parse(video.faces(data)).words + str(video.overview(data).data)

    assert "number in the clip above" in told(people)
    assert "move the clip" in told(people)
    without = make_store(tmp_path / "s", PEOPLE)
    without.drop_clip(PEOPLE)
    said = told(load_video(str(without.path), "people"))
    assert "clip above" not in said
    assert "move the clip" not in said
    notebook = read_notebook(bundled("notebooks") / "video_report.ipynb")
    sections = [
        cell.source for cell in notebook.cells if cell.cell_type == "markdown" and "notebook-only" not in str(cell)
    ]
    assert not [text for text in sections if "clip" in text]  # the sections say it themselves, where there is one


def test_every_face_has_a_row_with_verdicts_bars_and_a_link_to_its_moment(people):
    parsed = parse(video.faces(people))
    assert [a["id"] for tag, a in parsed.tags if tag == "section"] == ["face-1", "face-2", "face-4", "face-3"]
    pictures = [a for tag, a in parsed.tags if tag == "img"]
    assert all(a["src"].startswith("data:image/webp;base64,") for a in pictures)
    links = [a["href"] for tag, a in parsed.tags if tag == "a"]
    assert links == [f"clips/{PEOPLE}.mp4#t={at}" for at in ("0.00", "1.00", "2.00", "6.00")]
    one, two, four, three = parsed.words.split("Face ")[1:]
    assert "female 92 %" in one
    assert "young , about 27 (19 to 36) 92 %" in one
    assert "anger" in two
    assert four.count("not measured") == 4
    assert three.count("unknown") == 3
    widths = [a["style"] for tag, a in parsed.tags if tag == "i" and a.get("class") == "fs-known"]
    assert any(style.startswith("width:92%") for style in widths)


def test_the_timelines_are_those_of_the_longest_faces(people):
    alts = [a["alt"] for tag, a in parse(video.timelines(people)).tags if tag == "img"]
    assert [alt.split(" over")[0] for alt in alts] == [f"Expression probabilities of face {n}" for n in (1, 2, 3)]
    limited = parse(video.timelines(people, limit=1))
    assert "The 1 longest of 3 faces." in limited.words
    assert sum(tag == "img" for tag, _ in limited.tags) == 1


def test_figures_have_alternative_texts_two_widths_and_leave_nothing_open(people):
    parsed = parse(video.overview(people))
    assert sum(tag == "picture" for tag, _ in parsed.tags) == 2
    media = [a["media"] for tag, a in parsed.tags if tag == "source"]
    dark = "screen and (prefers-color-scheme: dark)"
    assert media == 2 * [f"{dark} and (max-width: 600px)", dark, "(max-width: 600px)"]
    assert all(a["alt"] for tag, a in parsed.tags if tag == "img")
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("video_id", "sentence"),
    [
        (EMPTY, "No face was found in this video of 3 seconds."),
        (FAILED, "This video could not be analysed: no readable frame: moov atom not found."),
    ],
)
def test_a_video_without_faces_and_a_failed_one_say_so(store, video_id, sentence):
    sections = video_sections(load_video(str(store.path), video_id))
    assert sentence in parse(*sections).words
    _, *rest, coverage, limits, provenance_ = sections
    assert rest == [None] * 6
    assert limits is None
    assert provenance_ is not None
    assert (coverage is None) == (video_id == FAILED)


def test_a_partial_video_says_how_far_it_was_read(store):
    data = load_video(str(store.path), PARTIAL)
    parsed = parse(video.headline(data))
    assert "Only the first 2 seconds could be read: cut off after 2.0 s & <b>more</b>" in parsed.words
    assert "One face was followed in the first 2 seconds of this video. Perceived gender: male." in parsed.words


def test_without_thumbnails_there_is_a_silhouette(store):
    parsed = parse(video.faces(load_video(str(store.path), PARTIAL)))
    (picture,) = [a for tag, a in parsed.tags if tag == "img"]
    assert picture["src"].startswith("data:image/svg+xml;base64,")


def test_a_still_is_a_picture(tmp_path):
    result = make_result("p-1", [Face(0, 0.0, 0.0), Face(1, 0.0, 0.0, gender="male")], path="p.png", duration_s=0.05)
    result = type(result)(
        result.videos.assign(duration_s=0.0, fps=float("nan")),
        result.frames,
        result.observations,
        result.tracks,
        result.thumbnails,
    )
    store = create_store(tmp_path / "store")
    store.write(result, paths=("p.png",), options=AnalyzeOptions().to_dict(), models=MODELS)
    (store.path / "clips").mkdir()
    (store.path / "clips" / "p-1.png").write_bytes(b"picture")
    data = load_video(str(store.path), page_folder=str(store.path.parent))
    parsed = parse(*video_sections(data))
    assert "Two faces were found in this picture." in parsed.words
    assert "Faces were looked for in this one picture." in parsed.words
    assert "clips/p-1.png" in [a["src"] for tag, a in parsed.tags if tag == "img"]
    assert video.overview(data) is None
    assert video.timelines(data) is None
    assert "picture" in parse(collection.videos(load_collection(str(store.path)))).words


def test_faces_too_brief_to_follow(tmp_path):
    store = create_store(tmp_path / "store")
    store.write(make_result("b-1", [Face(None, 0.0, 0.4)], path="b.mp4", duration_s=1.0), paths=("b.mp4",))
    data = load_video(str(store.path))
    assert "Five glimpses of a face in this video of 1 second, none long enough" in parse(video.headline(data)).words


def test_a_run_without_tracking_says_so(people):
    from dataclasses import replace

    entry = people.entries[people.video_id]
    untracked = replace(
        people,
        entries={people.video_id: replace(entry, options={**entry.options, "tracker": "none"})},
        tracks=people.tracks.iloc[:0],
        observations=people.observations.assign(
            track_id=people.observations["track_id"].where(people.observations["x"] < 0)
        ),
    )
    assert "none was followed, as asked" in parse(video.headline(untracked)).words
    assert "not followed, as asked" in parse(video.coverage(untracked)).words
    assert "too brief" not in parse(video.coverage(untracked)).words


def test_what_is_odd_about_a_video_stands_on_its_page(people):
    from dataclasses import replace

    videos = people.videos.assign(
        clock_note="12 timestamps go backwards", missing_since=pd.Timestamp("2026-03-04", tz="UTC")
    )
    tracks = people.tracks.assign(joined_prob=pd.Series([0.87, 1.0, 1.0, 1.0], dtype="float32"))
    odd = replace(people, videos=videos, tracks=tracks)
    assert "The times of this video are odd: 12 timestamps go backwards." in parse(video.coverage(odd)).words
    assert "The file has been gone since 2026-03-04" in parse(video.headline(odd)).words
    faces = " ".join(parse(video.faces(odd)).words.split())
    assert faces.count("joined from parts") == 1
    assert "joined from parts of the same person: 87 %" in faces
    assert "One video counted here though its file is gone by now." in parse(collection.coverage(odd)).words


def test_a_verdict_set_by_hand_is_told_from_what_was_measured(tmp_path):
    store = create_store(tmp_path / "store")
    store.write(make_result("v-1", [Face(0, 0.0, 11.9)], path="v.mp4"), paths=("v.mp4",))
    store.correct("v-1", 0, expression="anger", age_group="old")
    data = load_video(str(store.path))
    headline = parse(video.headline(data)).words
    assert "Expression, set by hand: anger." in headline
    assert "most common" not in headline
    said = parse(video.faces(data)).words
    assert "anger , set by hand" in said
    assert "old , set by hand; measured about 27 (19 to 36)" in said
    overview = parse(video.overview(data))
    assert "shares and timelines show what was measured" in overview.words
    assert not any(a.get("class") == "fs-callout" for _, a in overview.tags)  # a notice, and no alarm
    bars = [a for tag, a in parse(video.faces(data)).tags if a.get("class") == "fs-bar"]
    assert len(bars) == 2  # of gender and makeup


def test_with_several_faces_the_headline_says_that_one_expression_was_set_by_hand(tmp_path):
    store = create_store(tmp_path / "store")
    store.write(make_result("v-1", [Face(0, 0.0, 11.9), Face(1, 0.0, 11.9)], path="v.mp4"), paths=("v.mp4",))
    store.correct("v-1", 0, expression="anger")
    said = parse(video.headline(load_video(str(store.path)))).words
    assert re.search(r"neutral \(expected share of the time: \d+\s%, as measured; one verdict was set by hand\)", said)


def test_what_is_nearly_certain_is_not_called_certain(tmp_path):
    store = create_store(tmp_path / "s")
    made = with_doubtful(results()[PEOPLE], face_prob=0.9966)
    store.write(made, paths=("people.mp4",), options=AnalyzeOptions().to_dict())
    assert re.search(r"a face: probability 99\.7\s%", parse(video.coverage(load_video(str(store.path)))).words)


def test_what_may_be_no_face_is_told_apart(tmp_path):
    store = create_store(tmp_path / "s")
    store.write(with_doubtful(results()[PEOPLE]), paths=("people.mp4",), options=AnalyzeOptions().to_dict())
    data = load_video(str(store.path), page_folder=str(tmp_path), linked=True)
    said = parse(video.coverage(data))
    assert "One more thing may be no face, and is counted nowhere." in said.words
    assert "a face: probability 30 %" in said.words
    assert "Four faces were followed" in parse(video.headline(data)).words
    together = parse(collection.coverage(load_collection(str(store.path)))).words
    assert "One more thing may be no face" in together
