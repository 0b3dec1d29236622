import re
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from stores import EMPTY, FAILED, MODELS, NASTY_NAME, PARTIAL, PEOPLE, Face, make_result, make_store

from facestats.errors import StoreError, UnknownNameError, UsageError
from facestats.models.registry import find_models
from facestats.options import AnalyzeOptions
from facestats.reports import collection, demographics, page, provenance, video
from facestats.reports.data import load_collection, load_video
from facestats.store.store import create_store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("store") / "syn")


@pytest.fixture
def people(store):
    return load_video(str(store.path), "people", page_folder=str(store.path.parent), linked=True)


class _Tags(HTMLParser):
    """Collects tags with their attributes, and the text between."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.open = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("img", "source", "br", "rect", "circle", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.text.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def parse(*outputs):
    parsed = _Tags("".join(output.data for output in outputs if output is not None))
    assert parsed.open == []
    return parsed


def video_sections(data):
    return [
        video.headline(data),
        video.clip(data),
        video.coverage(data),
        demographics.make_up(data),
        video.overview(data),
        video.faces(data),
        video.timelines(data),
        provenance.limits(data),
        provenance.provenance(data),
    ]


def collection_sections(data):
    return [
        collection.headline(data),
        collection.coverage(data),
        collection.verdicts(data),
        collection.expressions(data),
        collection.videos(data),
        provenance.limits(data),
        provenance.provenance(data),
    ]


def test_the_headline_says_what_was_seen(people):
    said = parse(video.headline(people)).words
    assert "Four faces were followed in this video of 12 seconds." in said
    assert "Perceived gender: 2 female and 1 male; 1 not measured." in said
    assert re.search(r"The most common expression is happiness \(\d\d % of the time\)", said)


def test_coverage_says_what_was_not_looked_at_and_why(people):
    said = parse(video.coverage(people)).words
    assert "Faces were looked for in 120 of its 240 frames, 10 a second." in said
    assert "A face was found 252 times" in said
    assert "232 classified" in said
    assert "20 too small to classify" in said
    assert "2 of these sightings were too brief or too doubtful to be followed" in said


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
    assert sum(tag == "picture" for tag, _ in parsed.tags) == 3
    assert all(a["media"] == "(max-width: 600px)" for tag, a in parsed.tags if tag == "source")
    assert all(a["alt"] for tag, a in parsed.tags if tag == "img")
    assert plt.get_fignums() == []


def test_the_end_names_models_hashes_options_and_versions(people):
    said = parse(provenance.provenance(people, {"smooth_s": 0.5})).words
    for model in MODELS.values():
        assert f"{model['name']}, sha256 {model['sha256']}" in said
    assert 'tracker "bytetrack"' in said
    assert "smooth_s 0.5" in said
    assert "analysed 2025-05-04 03:02 UTC in 3.2 s, status ok" in said
    assert "schema version 3" in said


def test_the_caveats_stand_on_the_page(people):
    said = parse(provenance.limits(people)).words
    assert "Perceived gender is what the people who labelled the training pictures would have called a face" in said
    assert "A face is not a person" in said


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
    _, clip, coverage, *rest, provenance_ = sections
    assert rest == [None] * 5
    assert clip is None
    assert provenance_ is not None
    assert (coverage is None) == (video_id == FAILED)


def test_a_partial_video_says_how_far_it_was_read(store):
    data = load_video(str(store.path), PARTIAL)
    parsed = parse(video.headline(data))
    assert "Only the first 2 seconds could be read: cut off after 2.0 s & <b>more</b>" in parsed.words
    assert "One face was followed in the first 2 seconds of this video. It is perceived as male." in parsed.words


def test_without_thumbnails_there_is_a_silhouette(store):
    parsed = parse(video.faces(load_video(str(store.path), PARTIAL)))
    (picture,) = [a for tag, a in parsed.tags if tag == "img"]
    assert picture["src"].startswith("data:image/svg+xml;base64,")


def test_names_and_errors_are_escaped_everywhere(store):
    for parsed in (
        parse(*video_sections(load_video(str(store.path), PARTIAL))),
        parse(*collection_sections(load_collection(str(store.path), linked=True))),
    ):
        assert NASTY_NAME in parsed.words
        assert all(a == {"type": "application/json"} for tag, a in parsed.tags if tag == "script")
        assert not any("onerror" in attributes for _, attributes in parsed.tags)
    title = '<script>alert("t")</script>'
    assert title in parse(video.headline(load_video(str(store.path), EMPTY), title=title)).words


def test_the_collection_lists_every_video_with_its_report_and_reason(store):
    parsed = parse(*collection_sections(load_collection(str(store.path), linked=True)))
    assert "In three videos, 17 seconds in all, five faces were followed." in parsed.words
    assert "One more video could not be read." in parsed.words
    assert "broken.mp4 : No readable frame: moov atom not found." in parsed.words
    assert "In one video nobody was followed." in parsed.words
    assert "2 read to the end" in parsed.words
    links = [a["href"] for tag, a in parsed.tags if tag == "a"]
    assert links == [f"{video_id}.html" for video_id in (FAILED, EMPTY, PEOPLE, PARTIAL)]


def test_without_the_other_pages_there_are_no_links(store):
    parsed = parse(collection.videos(load_collection(str(store.path))))
    assert not [tag for tag, _ in parsed.tags if tag == "a"]
    assert "All videos" not in parse(video.headline(load_video(str(store.path), EMPTY))).words


def test_an_empty_store_has_a_page_too(tmp_path):
    create_store(tmp_path / "none")
    sections = collection_sections(load_collection(str(tmp_path / "none")))
    assert "This store holds no videos yet." in parse(*sections).words
    assert sections[1:6] == [None] * 5


def test_options_that_differ_between_videos_are_counted(tmp_path):
    store = create_store(tmp_path / "store")
    for number, rate in enumerate((10, 10, 5)):
        result = make_result(f"v-{number}", (), path=f"{number}.mp4", duration_s=1.0)
        store.write(result, paths=(f"{number}.mp4",), options=AnalyzeOptions(rate=rate).to_dict())
    said = parse(provenance.provenance(load_collection(str(store.path)))).words
    assert "analysis options (2 videos) rate 10" in said
    assert "analysis options (1 video) rate 5" in said


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
    (store.path / "clips" / "p-1.png").write_bytes(b"")
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


def test_loading_refuses_what_it_cannot_know(store, tmp_path):
    with pytest.raises(UsageError, match="nothing to report on"):
        load_video()
    with pytest.raises(UsageError, match="holds 4 videos: name one"):
        load_video(str(store.path))
    with pytest.raises(UnknownNameError, match="absent"):
        load_video(str(store.path), "absent")
    with pytest.raises(StoreError):
        load_collection(str(tmp_path))


def test_the_models_are_told_with_what_was_measured_of_them(tmp_path):
    model = next(iter(find_models().values()), None)
    if model is None:
        pytest.skip("no model ships yet")
    attribute = model.card.attributes[0]
    used = {attribute: {"name": model.name, "sha256": model.verify()}}
    store = create_store(tmp_path / "store")
    result = make_result("v-1", [Face(1, 0.0, 1.0)], path="v.mp4", duration_s=1.0)
    store.write(result, paths=("v.mp4",), options=AnalyzeOptions().to_dict(), models=used)
    said = parse(provenance.limits(load_video(str(store.path)))).words
    assert model.name in said
    assert re.search(r"right for \d\d % of [\d,]+ validation faces", said)
    other = {attribute: {"name": model.name, "sha256": "0" * 64}}
    store.write(result, paths=("v.mp4",), options=AnalyzeOptions().to_dict(), models=other)
    assert model.name not in parse(provenance.limits(load_video(str(store.path)))).words


@pytest.mark.parametrize("name", ["unknown", None, float("nan")])
def test_a_verdict_without_an_answer(name):
    said = _Tags(page.verdict("gender", name, 0.41)).words
    assert said == ("unknown 41 %" if name == "unknown" else "not measured")


def test_strips_say_their_shares():
    parsed = _Tags(page.expression_strip(pd.Series({"anger": 0.75, "neutral": 0.25})))
    (strip,) = [a for tag, a in parsed.tags if tag == "span"]
    assert " ".join(strip["aria-label"].split()) == "share of time: anger 75 %, neutral 25 %"
    assert [a["style"].split(";")[0] for tag, a in parsed.tags if tag == "i"] == ["width:75.00%", "width:25.00%"]


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
    assert "joined from parts: one person with 87 %" in faces
    assert "One video counted here though its file is gone by now." in parse(collection.coverage(odd)).words


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A store of 60 videos, of which some failed for reasons that differ only in their numbers."""
    store = create_store(tmp_path_factory.mktemp("many") / "store")
    for number in range(60):
        expression = ("happiness", "neutral", "anger")[number % 3]
        faces = [Face(k, 0.0, 7.0, ((1e9, expression),)) for k in range(number % 4)]
        failed = number % 4 == 0
        result = make_result(
            f"v-{number:08x}",
            () if failed else faces,
            path=f"{number}.mp4",
            duration_s=8.0,
            rate=1.0,
            status="failed" if failed else "ok",
            error=f"damaged after {number}.5 s" if failed else None,
        )
        store.write(result, paths=(f"{number}.mp4",), options=AnalyzeOptions().to_dict(), models=MODELS)
    return load_collection(str(store.path), linked=True)


def test_many_videos_are_told_by_what_stands_out(many):
    parsed = parse(*collection_sections(many))
    assert "0.mp4 and 14 more videos: Damaged after 0.5 s." in parsed.words
    assert sum(tag == "tr" for tag, _ in parsed.tags) < 60
    assert "index.html" in [a.get("href") for tag, a in parsed.tags if tag == "a"]
    out = collection.standing_out(many)
    assert out["Most faces"]["n_tracks"].tolist() == [3] * 5
    assert {int(video_id[2:], 16) % 3 for video_id in out["Most anger"]["video_id"]} == {2}
    assert "Longest" not in out  # all are alike


def test_few_faces_have_counts_and_no_shares(people):
    said = parse(demographics.make_up(people)).words
    assert "Four faces are too few to speak of shares." in said
    assert "perceived gender 2 female 1 male 1 not measured" in " ".join(said.split())
    assert "interval" not in said
