import json
from dataclasses import replace

import numpy as np
import pytest

from facestats.errors import ModelError
from facestats.models.cards import Card, Head
from facestats.models.familiarity import FAMILIARITY_OUTPUT, Familiarity

GENDER = Head("gender", "gender", ("female", "male"))


class TestHead:
    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"attribute": "Mood"}, "attribute: 'Mood' must be a name"),
            ({"attribute": "face"}, "attribute: 'face' would be taken for another column"),
            ({"classes": ("female", "robot")}, r"unknown classes \['robot'\]; known are"),
            ({"classes": ("female",)}, "must be at least two and differ"),
            ({"classes": ("female", "female")}, "must be at least two and differ"),
            ({"temperature": 0}, "temperature must be positive"),
            ({"threshold": 1.5}, r"threshold must be in \[0, 1\]"),
        ],
    )
    def test_values_that_make_no_sense(self, fields, message):
        with pytest.raises(ModelError, match=message):
            Head(**{"attribute": "gender", "output": "x", "classes": ("female", "male"), **fields})

    def test_years_are_classes_of_age_alone(self):
        assert Head("age", "age", ("0", "1", "2")).is_years
        assert not Head("age", "age", ("child", "old")).is_years
        with pytest.raises(ModelError, match="unknown classes"):
            Head("gender", "gender", ("0", "1"))


class TestCard:
    def test_round_trip(self, tmp_path):
        card = Card("mine", (GENDER, Head("age", "years", ("0", "1"), 1.5, 0.4)), metrics={"validation": {"n": 3}})
        (tmp_path / "card.json").write_text(card.to_json())
        assert Card.read(tmp_path / "card.json") == card
        assert card.attributes == ("gender", "age")

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"heads": ()}, "heads must be one or several"),
            ({"heads": (GENDER, GENDER)}, "of different attributes"),
            ({"input_color": "bgr"}, "input_color must be gray or rgb"),
            ({"input_std": 0}, "input_std must be above 0"),
            ({"card_version": 99}, "has version 99; this facestats reads 1"),
        ],
    )
    def test_values_that_make_no_sense(self, fields, message):
        with pytest.raises(ModelError, match=message):
            Card(**{"name": "mine", "heads": (GENDER,), **fields})

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("{", "is not JSON"),
            ("[]", "is not a model card: it must be an object"),
            ('{"name": "x"}', "is not a model card: heads is missing"),
            ('{"name": "x", "heads": [{"attribute": "gender"}]}', r"is not a model card: heads\[0\].output is missing"),
            (json.dumps({"name": "x", "heads": [], "surprise": 1}), "is not a model card: surprise is no field"),
            (
                json.dumps({"name": "x", "heads": [], "input_sise": 1}),
                "input_sise is no field: did you mean input_size",
            ),
            (json.dumps({"name": "x", "heads": {}}), "heads must be a list, not {}"),
            (json.dumps({"name": "x", "heads": [7]}), r"heads\[0\] must be an object with fields, not 7"),
            (json.dumps({"name": "x", "heads": [], "input_size": "48"}), "input_size must be a whole number, not '48'"),
            (
                json.dumps({"name": "x", "heads": [{"attribute": "gender", "output": "x", "classes": ["male", 1]}]}),
                r"heads\[0\].classes\[1\] must be text, not 1",
            ),
            (
                json.dumps(
                    {
                        "name": "x",
                        "heads": [
                            {"attribute": "gender", "output": "x", "classes": ["male", "female"], "threshold": True}
                        ],
                    }
                ),
                r"heads\[0\].threshold must be a number, not True",
            ),
        ],
    )
    def test_files_that_are_no_card(self, tmp_path, text, message):
        (tmp_path / "card.json").write_text(text)
        with pytest.raises(ModelError, match=message) as caught:
            Card.read(tmp_path / "card.json")
        assert "\n" not in str(caught.value)

    def test_no_card(self, tmp_path):
        with pytest.raises(ModelError, match=r"no card\.json in"):
            Card.read(tmp_path / "card.json")


class TestTrackTemperature:
    def test_it_counts_as_behaviour_where_it_is_not_1(self):
        head = Head("gender", "gender", ("female", "male"))
        plain, warm = (Card("mine", (replace(head, track_temperature=of),)) for of in (1.0, 1.5))
        assert plain.behaviour != warm.behaviour
        assert Card.parse(json.loads(warm.to_json())) == warm
        before = json.loads(plain.to_json())
        del before["heads"][0]["track_temperature"]
        assert Card.parse(before).behaviour == plain.behaviour

    def test_one_that_makes_no_sense(self):
        with pytest.raises(ModelError, match="track_temperature must be positive, not 0"):
            Head("gender", "gender", ("female", "male"), track_temperature=0)


class TestFamiliarity:
    def test_a_face_with_little_energy_is_divided_by_more(self):
        familiarity = Familiarity("age", 2.2)
        logits = np.array([[5.0, 0.0], [2.0, 0.0], [-9.0, -9.0]], np.float32)
        divisors = familiarity.divisors(logits).ravel()
        assert divisors[0] == 1
        assert divisors[1] == pytest.approx(np.exp(4 * (2.2 - np.log(np.exp(2) + 1))), rel=1e-4)
        assert divisors[2] == pytest.approx(np.exp(3), rel=1e-4)  # the most

    def test_it_is_written_read_and_counts_as_behaviour(self, tmp_path):
        heads = (Head("gender", "gender", ("female", "male")),)
        plain, wary = Card("mine", heads), Card("mine", heads, familiarity=Familiarity("gender", 1.5))
        path = tmp_path / "card.json"
        path.write_text(wary.to_json())
        assert Card.read(path) == wary
        assert plain.behaviour != wary.behaviour

    def test_it_may_have_an_output_of_its_own(self):
        heads = (Head("gender", "gender", ("female", "male")),)
        card = Card("mine", heads, familiarity=Familiarity(FAMILIARITY_OUTPUT, 1.5))
        assert card.outputs == {"gender": 2, FAMILIARITY_OUTPUT: 1}
        assert Card("mine", heads).outputs == {"gender": 2}
        divisors = card.familiarity.divisors(np.array([[1.6], [1.25]], np.float32))
        assert divisors.ravel().tolist() == pytest.approx([1, np.e])
        with pytest.raises(ModelError, match="output of a head cannot be called 'familiarity'"):
            Card("mine", (Head("gender", FAMILIARITY_OUTPUT, ("female", "male")),))

    def test_an_output_that_no_head_has(self):
        with pytest.raises(ModelError, match="familiarity must name the output of a head"):
            Card("mine", (Head("gender", "gender", ("female", "male")),), familiarity=Familiarity("age", 1.0))
