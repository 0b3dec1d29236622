from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from facestats.datasets.faces import FaceData
from facestats.models.attributes import EXPRESSIONS
from facestats.training.examples import combine, harden, with_unlabelled
from facestats.training.recipes import Recipe


def faces(attribute, rows, level, **columns):
    crops = np.stack([np.full((32, 32, 3), (level + row) % 256, np.uint8) for row in rows])
    table = pd.DataFrame({"row": rows, **columns})
    return FaceData(attribute, crops, np.ones(len(rows), bool), table, tuple(rows))


def test_a_row_with_two_labels_is_one_face():
    gender = faces("gender", [0, 2, 5], 10, gender=["male", "female", "male"])
    makeup = faces("makeup", [2, 3], 10, makeup=["over", "none"])
    other_file = faces("gender", [2], 100, gender=["male"])
    examples = combine([[gender, makeup], [other_file]], Recipe(("gender", "makeup"), input_size=32))
    assert len(examples) == 5
    # rows 0, 2, 3, 5 of the first file, then row 2 of the second
    assert (examples.weights["gender"] > 0).tolist() == [True, True, False, True, True]
    assert (examples.weights["makeup"] > 0).tolist() == [False, True, True, False, False]
    assert examples.targets["gender"].argmax(axis=1)[[0, 1, 3, 4]].tolist() == [1, 0, 1, 1]
    assert examples.targets["makeup"][2].tolist() == [1, 0, 0]


def test_planes_follow_their_rows():
    gender = FaceData(
        "gender",
        np.stack([np.full((32, 32, 3), value, np.uint8) for value in (50, 70)]),
        np.ones(2, bool),
        pd.DataFrame({"row": [9, 4], "gender": ["male", "female"]}),
        (1, 2),
    )
    examples = combine([[gender]], Recipe(("gender",), input_size=32))
    assert examples.planes.shape == (2, 3, 32, 32)
    assert examples.planes[:, 0, 0, 0].tolist() == [70, 50]
    assert examples.targets["gender"].argmax(axis=1).tolist() == [0, 1]
    gray = combine([[gender]], Recipe(("gender",), input_size=32, input_color="gray"))
    assert gray.planes.shape == (2, 1, 32, 32)


def test_taggers_share_the_target():
    votes = {f"votes_{name}": [0] for name in EXPRESSIONS} | {
        "votes_fear": [6],
        "votes_anger": [3],
        "votes_sadness": [1],
    }
    crops = np.zeros((1, 32, 32, 3), np.uint8)
    table = pd.DataFrame({"row": [0], "fer2013_label": ["surprise"], **votes})
    data = FaceData("expression", crops, np.ones(1, bool), table, (1,))
    target = combine([[data]], Recipe(("expression",), input_size=32, tagger_share=0.6)).targets["expression"][0]
    expected = {"surprise": 0.4, "fear": 0.4, "anger": 0.2, "sadness": 0}  # one of ten alone is a slip
    for name, share in expected.items():
        assert abs(target[EXPRESSIONS.index(name)] - share) < 1e-6
    alone = combine([[data]], Recipe(("expression",), input_size=32, tagger_share=0)).targets["expression"][0]
    assert alone[EXPRESSIONS.index("surprise")] == 1


def test_women_without_makeup_count_as_much_as_men_without():
    columns = {"makeup": ["none"] * 4 + ["over"], "gender": ["male"] * 3 + ["female"] * 2}
    recipe = Recipe(("makeup",), input_size=32, balance={"makeup": "gender"})
    weights = combine([[faces("makeup", range(5), 0, **columns)]], recipe).weights["makeup"]
    assert weights[:3].sum() == pytest.approx(weights[3]) == pytest.approx(weights[4])


def test_groups_that_the_teacher_gets_wrong_count_more():
    columns = {"gender": ["male"] * 400, "race": ["a", "b"] * 200}
    recipe = Recipe(("gender",), input_size=32, robust={"gender": "race"})
    examples = combine([[faces("gender", range(400), -200, **columns)]], recipe)
    logits = np.tile([0.0, 1.0], (400, 1)).astype(np.float32)
    logits[:200:2] = [1, 0]  # half of a is taken for female
    weights = harden(replace(examples, taught={"gender": logits}), recipe.robust).weights["gender"]
    assert weights[0] > 2 * weights[1]
    assert harden(examples, {}).weights["gender"].tolist() == [1] * 400


def test_further_properties_belong_to_faces_by_name():
    recipe = Recipe(("gender",), input_size=32)
    data = faces("gender", [0, 1], 10, gender=["male", "female"], name=["a", "b"])
    further = pd.DataFrame({"hat": [True], "smiling": [False]}, index=pd.Index(["b"], name="name"))
    examples = combine([[data]], recipe, further)
    assert np.isnan(examples.further[0]).all()
    assert examples.further[1].tolist() == [1, 0]
    more = with_unlabelled(examples, [np.zeros((1, 32, 32, 3), np.uint8)], "rgb")
    assert np.isnan(more.further[2]).all()
