import pandas as pd
import pytest
from pages import Tags, collection_sections, parse, video_sections
from stores import EMPTY, NASTY_NAME, PARTIAL

from facestats.reports import page, video
from facestats.reports.data import load_collection, load_video


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


@pytest.mark.parametrize("name", ["unknown", None, float("nan")])
def test_a_verdict_without_an_answer(name):
    said = Tags(page.verdict("gender", name, 0.41)).words
    assert said == ("unknown 41 %" if name == "unknown" else "not measured")


def test_strips_say_their_shares():
    parsed = Tags(page.expression_strip(pd.Series({"anger": 0.75, "neutral": 0.25})))
    (strip,) = [a for tag, a in parsed.tags if tag == "span"]
    assert " ".join(strip["aria-label"].split()) == "share of time: anger 75 %, neutral 25 %"
    assert [a["style"].split(";")[0] for tag, a in parsed.tags if tag == "i"] == ["width:75.00%", "width:25.00%"]
