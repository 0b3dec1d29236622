import pytest

from facestats._util.resources import bundled
from facestats.models.cards import Card
from facestats.models.figures import attribute_figures, detector_figures
from facestats.models.registry import card


@pytest.mark.parametrize("name", ["expression", "people"])
def test_the_figures_of_shipped_cards(name):
    shipped = Card.read(bundled("models") / name / "card.json")
    tables = shipped.figures()
    assert set(tables) == {"scores", "coverage", "small", "tracks", "groups", "verdicts"}
    for table in tables.values():
        assert set(table["attribute"]) == set(shipped.attributes)
    scores = tables["scores"].set_index(["attribute", "faces"])
    for attribute in shipped.attributes:
        of = shipped.metrics["validation"][attribute]
        assert scores.loc[(attribute, "validation"), "accuracy"] == of["accuracy"]
        assert len(tables["verdicts"].query("attribute == @attribute")) == sum(map(len, of["verdicts"]["matrix"]))
    assert set(tables["groups"].query("by == 'source'")["group"]) <= {"fer2013", "fairface", "utkface", "celeba"}


@pytest.mark.parametrize("name", ["expression", "people", "embedding", "faceness", "centerface", "fast", "yunet"])
def test_every_card_that_ships_gives_tables(name):
    tables = card(name).figures()
    assert tables
    assert not any(table.empty for table in tables.values())


def test_sources_that_training_never_saw_have_rows_of_their_own():
    scores = {"n": 100, "accuracy": 0.8, "ece": 0.05, "majority": {"accuracy": 0.9}, "confusion": {}}
    table = attribute_figures({"unseen": {"lfw": {"expression": scores}}})["scores"]
    assert table.loc[0, ["faces", "ece", "majority_accuracy"]].tolist() == ["unseen source lfw", 0.05, 0.9]


@pytest.mark.parametrize(
    "metrics", [{}, {"validation": {"n": 3}}, {"validation": 0.9, "coverage_curve": None}, {"unseen": ["lfw"]}]
)
def test_cards_of_other_tools_may_have_no_figures_or_others(metrics):
    assert attribute_figures(metrics) == {}


def test_the_figures_of_a_detector():
    metrics = {
        "validation": {"ap": 0.86, "ap_by_size": {"under_16": 0.4, "over_96": None}, "landmark_error": None},
        "reliability": {"table": [{"said": 0.3, "right": 0.2, "n": 50}]},
    }
    tables = detector_figures(metrics)
    assert tables["scores"].to_dict("records") == [{"photos": "validation", "ap": 0.86}]
    assert tables["sizes"]["size"].tolist() == ["under_16", "over_96"]
    assert tables["reliability"]["right"].tolist() == [0.2]
    assert detector_figures({}) == {}
