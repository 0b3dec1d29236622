"""Hints beside verdicts whose kind of face a model judges less well."""

from __future__ import annotations

from dataclasses import replace

from pages import parse

from facestats.models.cards import Card
from facestats.models.registry import find_models
from facestats.reports import video
from facestats.reports.hints import hint

TRACK = {"gender": "female", "age_group": "middle", "expression": "neutral", "makeup": "none", "face_px": 90.0}
OFTEN_WRONG = {"classes": ["female", "male", "unknown"], "matrix": [[150, 10, 5], [50, 190, 5]]}


def card(**changed) -> Card:
    groups = {"age_group": {"groups": {"child": {"n": 500, "covered_accuracy": 0.87}, "old": {"n": 9}}}}
    scores = {
        "covered_accuracy": 0.96,
        "groups": groups,
        "verdicts": {"classes": ["female", "male", "unknown"], "matrix": [[290, 10, 5], [10, 190, 5]]},
    }
    small = [{"pixels": 12, "covered_accuracy": 0.80}, {"pixels": 48, "covered_accuracy": 0.95}]
    metrics = {"validation": {"gender": scores | changed}, "when_small": {"gender": small}}
    return replace(find_models()["people"].card, metrics=metrics)


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_a_strong_kind_of_face_has_no_hint():
    assert hint(card(), "gender", TRACK) == ""


def test_the_weakest_kind_is_told():
    assert (
        plain(hint(card(), "gender", TRACK | {"age_group": "child"}))
        == "in tests right for 87 % of children, of all for 96 %"
    )
    both = TRACK | {"age_group": "child", "face_px": 8.0}
    for track in (both, TRACK | {"face_px": 8.0}):  # its crop has 11.4, of which 12 is the next that was scored
        assert plain(hint(card(), "gender", track)) == "in tests right for 80 % of faces of 8 pixels, of all for 96 %"
    assert hint(card(), "gender", TRACK | {"face_px": 11.0}) == ""


def test_how_often_a_verdict_is_right_is_what_its_probability_says_and_no_hint():
    assert hint(card(verdicts=OFTEN_WRONG), "gender", TRACK) == ""


def test_expressions_are_judged_by_the_majority_of_the_taggers():
    classes = ["anger", "happiness", "unknown"]
    majority = {"covered_accuracy": 0.9, "verdicts": {"classes": classes, "matrix": [[120, 10, 0], [80, 400, 0]]}}
    of_labels = {"covered_accuracy": 0.7, "verdicts": {"classes": classes, "matrix": [[100, 200, 0], [100, 100, 0]]}}
    small = [{"pixels": 12, "covered_accuracy": 0.4, "majority_covered_accuracy": 0.7}]
    told = {"validation": {"expression": of_labels | {"majority": majority}}, "when_small": {"expression": small}}
    model = replace(find_models()["expression"].card, metrics=told)
    said = plain(hint(model, "expression", TRACK | {"expression": "anger"}))
    assert said == "in tests right for 60 % of faces called anger, of all for 90 %"
    assert hint(model, "expression", TRACK | {"expression": "happiness"}) == ""
    tiny = TRACK | {"expression": "happiness", "face_px": 8.0}
    assert plain(hint(model, "expression", tiny)) == "in tests right for 70 % of faces of 8 pixels, of all for 90 %"
    # A card that lacks the majority has no figures that could be trusted.
    model = replace(model, metrics={"validation": {"expression": of_labels}, "when_small": {"expression": small}})
    for track in (TRACK | {"expression": "anger"}, tiny):
        assert hint(model, "expression", track) == ""


def test_what_is_unknown_not_measured_or_of_a_card_without_figures_has_no_hint():
    for verdict in ("unknown", None):
        assert hint(card(), "gender", TRACK | {"gender": verdict, "age_group": "child"}) == ""
    assert hint(replace(card(), metrics={}), "gender", TRACK) == ""
    assert hint(card(), "gender", TRACK | {"age_group": "old"}) == ""  # nine faces say nothing


def test_the_hint_stands_on_the_page(people, monkeypatch):
    weak = {"age_group": {"groups": {"young": {"n": 500, "covered_accuracy": 0.75}}}}
    monkeypatch.setattr(video, "used_cards", lambda data: [("gender", card(groups=weak))])
    said = plain(parse(video.faces(people)).words)
    assert said.count("female in tests right for 75 % of young people, of all for 96 %") == 1
