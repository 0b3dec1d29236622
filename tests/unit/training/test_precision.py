import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from facestats.datasets.faces import FaceData
from facestats.models.familiarity import Familiarity
from facestats.models.registry import Model, find_models
from facestats.training.cards import card_markdown
from facestats.training.gathering import Faces
from facestats.training.precision import OWN, in_both_precisions, precision_lines


@pytest.fixture
def model():
    return find_models()["expression"]


@pytest.fixture
def faces():
    crops = np.random.default_rng(0).integers(0, 256, (6, 48, 48, 3)).astype(np.uint8)
    table = pd.DataFrame({"fer2013_label": ["fear", "anger"] * 3})
    part = FaceData("expression", crops, np.ones(6, bool), table, tuple(range(6)))
    return Faces([], {"expression": part}, {"lfw": {"expression": part}}, {})


@pytest.mark.parametrize(("least", "share"), [(-math.inf, 1.0), (math.inf, 0.0)])
def test_the_share_that_seems_familiar_is_of_the_threshold(model, faces, least, share):
    own = Model(model.folder, replace(model.card, familiarity=Familiarity("familiarity", least)))
    told = in_both_precisions(own, faces)
    assert set(told) == {OWN, "lfw"}
    for bits in ("all", "eight"):
        assert told[OWN]["expression"][bits]["familiar"] == share
        assert told[OWN]["expression"][bits]["n"] == 6
    assert told[OWN]["expression"]["all"]["ece"] != told[OWN]["expression"]["eight"]["ece"]  # another network has run


def test_figures_that_were_not_measured_are_not_told(model):
    metrics = {name: value for name, value in model.card.metrics.items() if name != "eight_bit"}
    (said, _) = precision_lines(replace(model.card, metrics=metrics))
    assert "were not measured" in said
    assert precision_lines(replace(model.card, files={})) == []


def test_the_card_that_ships_is_what_is_made_of_its_figures(model):
    assert (model.folder / "card.md").read_text(encoding="utf-8") == card_markdown(model.card)
