import re

import pandas as pd
import pytest
from jinja2 import UndefinedError
from markupsafe import Markup, escape
from pages import Tags, collection_sections, parse, video_sections
from stores import EMPTY, NASTY_NAME, PARTIAL

from facestats.reports import html, video
from facestats.reports.data import load_collection, load_video
from facestats.reports.html import block, class_legend, expression_parts, render

NASTY = """<b>&"'</b>.mp4"""


def test_what_is_given_is_escaped_and_what_is_html_is_not():
    assert render("pieces.paragraphs", [NASTY]) == f"<p>{escape(NASTY)}</p>"
    assert render("pieces.paragraphs", [Markup("<b>bold</b>")]) == "<p><b>bold</b></p>"
    assert NASTY not in class_legend("gender", [("male", NASTY)])
    assert block(render("pieces.paragraphs", [NASTY])).data == f'<div class="fs"><p>{escape(NASTY)}</p></div>'


LISTED = {"link": (NASTY, NASTY), "status": NASTY, "made_at": NASTY, "text": NASTY, "picture": NASTY}
MONTH = {"name": NASTY, "videos": (1, 1.0), "faces": (0, 0.0), "shares": [(NASTY, 1.0, "red")]}


@pytest.mark.parametrize(
    "made",
    [
        render("pieces.headline", NASTY, NASTY, [(NASTY, NASTY)], linked=True),
        render("pieces.keyed_strip", [(NASTY, 1.0, "red")], NASTY),
        render("pieces.verdict", "gender", "male", 0.5, NASTY),
        render("pieces.details", [(NASTY, NASTY)]),
        render("pieces.picture", "half", NASTY, NASTY),
        render("video.clip", NASTY, NASTY, NASTY),
        render("glance.card", NASTY, NASTY, NASTY, NASTY, "", NASTY, NASTY),
        render("glance.doubts", [NASTY]),
        render(
            "video.coverage", NASTY, NASTY, NASTY, [(NASTY, 1.0, "red")], [NASTY], [(NASTY, NASTY, NASTY, NASTY)], NASTY
        ),
        render("collection.coverage", [(NASTY, 1.0, "red")], NASTY, (NASTY, [(NASTY, 2, NASTY)], 1), NASTY),
        render("comparison.coverage", [NASTY, NASTY], [(NASTY, NASTY, NASTY)]),
        render("comparison.composition", NASTY, [], [NASTY], NASTY, render("pieces.doubts", [NASTY])),
        render("collection.glance", [(NASTY, 1.0, "red")], NASTY, NASTY, True),
        render("demographics.shares", NASTY, [], [NASTY], NASTY, NASTY),
        render("provenance.limits", [(NASTY, NASTY, NASTY, NASTY)], True, True),
        render("display.store", NASTY, NASTY, [NASTY], 1),
        render("list.page", NASTY, [LISTED], NASTY, [MONTH], NASTY, NASTY),
        render("timeline.live", {"x": NASTY}, "", NASTY),
    ],
)
def test_a_nasty_name_is_escaped_in_every_section(made):
    without_style = re.sub(r"<style>.*?</style>", "", made, flags=re.DOTALL)
    assert '&"' not in without_style
    assert "</b>.mp4" not in without_style
    assert "mp4" in without_style


def test_every_template_is_read_without_a_mistake():
    environment = html._environment()
    for name in environment.list_templates(extensions=["j2"]):
        if name != "index.html.j2":  # which nbconvert runs
            assert environment.get_template(name).module


def test_a_value_that_is_absent_is_no_empty_text():
    with pytest.raises(UndefinedError):
        render("pieces.callout")


def test_names_and_errors_are_escaped_on_whole_pages(store):
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
    text = Tags(render("pieces.verdict", "gender", name, 0.41)).words
    assert text == ("unknown 41 %" if name == "unknown" else "not measured")


def test_strips_say_their_shares():
    parsed = Tags(render("pieces.expression_strip", expression_parts(pd.Series({"anger": 0.75, "neutral": 0.25}))))
    (strip,) = [a for tag, a in parsed.tags if tag == "span"]
    assert " ".join(strip["aria-label"].split()) == "expected share of the time: anger 75 %, neutral 25 %"
    assert [a["style"].split(";")[0] for tag, a in parsed.tags if tag == "i"] == ["width:75.00%", "width:25.00%"]
