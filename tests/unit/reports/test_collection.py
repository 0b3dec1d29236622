import re

import pytest
from pages import collection_sections, parse
from stores import EMPTY, FAILED, MODELS, PARTIAL, PEOPLE, Face, make_result, make_store

from facestats.options import AnalyzeOptions
from facestats.reports import collection, video
from facestats.reports.data import load_collection, load_video
from facestats.store.store import create_store


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
    assert "This store holds no videos." in parse(*sections).words
    assert sections[1:6] == [None] * 5


def test_the_first_screen_has_expressions_people_and_doubts_and_no_chart_twice(store):
    data = load_collection(str(store.path))
    parsed = parse(collection.glance(data))
    assert [picture.split(":")[0] for picture in parsed.pictures] == ["gender", "makeup", "age"]
    assert parsed.words.index("Expressions: expected shares of the time") < parsed.words.index("Who was seen")
    assert "Counted by faces instead of time: " in parsed.words
    assert "Doubts One video could not be read. One video could be read in part only." in parsed.words
    assert re.search(r"happiness \d+\s%", parsed.words)  # in the legend of the bar
    assert collection.spread(data) is None  # the list of videos shows it
    every = [alt for section in collection_sections(data) if section for alt in parse(section).pictures]
    assert len(every) == len(set(every)) == 3


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
    assert len(parse(collection.spread(many)).pictures) == 1


def test_one_video_that_failed(tmp_path):
    store = make_store(tmp_path / "store", FAILED)
    data = load_collection(str(store.path))
    assert "The one video could not be analysed." in parse(collection.headline(data)).words
    assert "frames were looked at" not in parse(collection.coverage(data)).words
