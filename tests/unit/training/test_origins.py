import json
from dataclasses import replace

import pytest

from facestats.errors import ModelError
from facestats.models.cards import Card, Head
from facestats.training.origins import DLIB, Origin, all_commands, all_terms, check_origins, origin_lines, origin_of

HEADS = (Head("gender", "gender", ("female", "male")), Head("age", "age", ("0", "1")))


def card(name, **metrics):
    return Card(name, HEADS, network="residual", licence="non-commercial", metrics=metrics)


def test_a_card_tells_of_start_teachers_and_their_commands():
    teacher = card(
        "teacher",
        parameters=5_600_000,
        validation={"gender": {"accuracy": 0.91}, "age": {"accuracy": None}},
        start=DLIB.to_json(),
        commands=["make teacher"],
    )
    origin = origin_of(teacher)
    metrics = json.loads(json.dumps({"start": None, "teachers": [origin.to_json()]}))
    (said, empty) = origin_lines(metrics)
    assert empty == ""
    assert "teacher (residual, 5,600,000 weights), which went on from dlib's face recogniser (King, 2017)" in said
    assert "That one's accuracy on the validation data: gender 0.910." in said
    assert said.endswith("None of its weights are in this network.")
    assert all_commands([origin], "make student") == ["make teacher", "make student"]


def test_nothing_is_said_of_weights_when_some_were_taken_over():
    parent = origin_of(card("parent"))
    (start, _, taught, _) = origin_lines({"start": parent.to_json(), "teachers": [parent.to_json()]})
    assert start == "It went on from parent (residual)."
    assert "None of its weights" not in taught


def test_cards_of_old_and_of_other_tools():
    assert origin_of(card("flat", validation={"accuracy": 0.9, "n": 3})).accuracy == {}
    assert origin_of(card("none")).commands == ()
    assert origin_lines({}) == []


def test_each_of_several_terms_is_told_once():
    one, two = Origin("one", "one", "non-commercial"), Origin("two", "two", "non-commercial")
    assert all_terms([one, two], "Trained on a (CC BY 4.0).").count("non-commercial") == 1
    assert all_terms([one], "non-commercial") == "non-commercial"
    assert all_terms([Origin("free", "free")], "own") == "own"


def test_the_terms_of_origins_of_origins_are_told_once():
    teacher = all_terms([DLIB], "Trained on a (research).")
    parent = all_terms([Origin("teacher", "", teacher)], "Trained on b (research).")
    terms = all_terms([Origin("parent", "", parent), Origin("teacher", "", teacher)], "Trained on c (research).")
    assert terms == (
        "Trained on c (research). It learned from parent: Trained on b (research). "
        "It learned from teacher: Trained on a (research). It learned from dlib: public domain (CC0)."
    )


def test_an_origin_has_seen_what_its_own_origins_saw():
    grandparent = origin_of(card("first", sources={"lfw": 3}))
    parent = origin_of(card("second", sources={"fer2013": 9}, teachers=[grandparent.to_json()]))
    assert parent.sources == ("fer2013", "lfw")
    with pytest.raises(ModelError, match="second was trained on lfw"):
        check_origins([parent], ["ckplus", "lfw"])
    check_origins([parent], ["ckplus"])


def test_an_earlier_card_names_its_data_in_words():
    from facestats._util.resources import bundled

    people = Card.read(bundled("models") / "people" / "card.json")
    earlier = replace(people, metrics={})
    assert set(origin_of(earlier).sources) == {"fairface", "utkface", "celeba"}


def test_a_card_tells_all_that_its_network_and_its_teachers_saw():
    from facestats._util.resources import bundled

    seen = set(origin_of(Card.read(bundled("models") / "expression" / "card.json")).sources)
    assert {"fer2013", "genki", "expw", "imfdb", "celeba", "fairface", "utkface"} == seen
