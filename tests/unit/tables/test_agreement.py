import numpy as np
import pandas as pd
import pytest
from stores import FACES, make_result

from facestats.errors import UsageError
from facestats.store.annotation.intervals import intervals_of
from facestats.tables.agreement import NOT_FOUND, agreement

COLUMNS = ["tier", "track_id", "start_s", "end_s", "label"]


def hand(*rows, tier="face 1"):
    return pd.DataFrame([(tier, pd.NA, *row) for row in rows], columns=COLUMNS)


@pytest.fixture(scope="module")
def found():
    return intervals_of(make_result("a", FACES, path="a.mp4", cut_s=6.0))


def test_the_same_annotations_agree_fully(found):
    same = found[found["tier"] == "face 1 expression"].assign(track_id=pd.NA)
    both = agreement(same, found)
    assert both.figures() == pytest.approx(
        {"seconds": 12.0, "intervals": 3, "answered": 1, "unknown": 0, "not_found": 0, "agree": 1, "kappa": 1}, abs=0.11
    )
    assert np.diag(both.confusion().iloc[:7, :7]).sum() == pytest.approx(both.figures()["seconds"])


def test_figures_are_those_counted_by_hand(found):
    # Face 1 is neutral until 4, happy until 8, then surprised; of six seconds by hand four agree.
    both = agreement(hand((1.0, 3.0, "Neutral "), (5.0, 7.0, "happiness"), (9.0, 11.0, "fear")), found)
    figures = both.figures()
    assert figures["seconds"] == pytest.approx(6)
    assert figures["agree"] == pytest.approx(2 / 3)
    # By hand and found a third each of three classes; by chance 2 / 9 agree.
    assert figures["kappa"] == pytest.approx((2 / 3 - 2 / 9) / (1 - 2 / 9))
    assert both.confusion().loc["fear", "surprise"] == pytest.approx(2)


def test_what_is_unsure_or_not_there_is_told_apart(found):
    unsure = agreement(hand((7.0, 9.0, "fear"), tier="face 3"), found).figures()
    assert (unsure["unknown"], unsure["answered"]) == (1, 0)
    assert np.isnan(unsure["agree"])
    assert np.isnan(unsure["kappa"])
    gone = agreement(hand((7.0, 9.0, "anger"), tier="face 2"), found)
    assert gone.figures()["not_found"] == 1
    assert set(gone.moments["found"]) == {NOT_FOUND}


def test_labels_have_other_names_and_strange_ones_stay(found):
    smiles = hand((5.0, 7.0, "Smile"), (9.0, 10.0, "contempt"))
    assert agreement(smiles, found, labels={"smile": "happiness"}).figures()["agree"] == pytest.approx(2 / 3)
    confusion = agreement(smiles, found).confusion()
    assert list(confusion.index[-2:]) == ["contempt", "smile"]


@pytest.mark.parametrize(
    ("options", "tier", "told"),
    [
        ({}, "expression", "which face is tier 'expression' of"),
        ({"track_id": 9}, "expression", "face 9, which the video has not"),
        ({}, "face 77", "face 77, which the video has not"),
        ({"tier": "x"}, "face 1", "there is no tier 'x'"),
        ({"every": 0}, "face 1", "every must be above 0"),
    ],
)
def test_what_is_not_clear_is_asked(found, options, tier, told):
    with pytest.raises(UsageError, match=told):
        agreement(hand((1.0, 2.0, "fear"), tier=tier), found, **options)


def test_nothing_annotated_is_refused(found):
    with pytest.raises(UsageError, match="nothing is annotated"):
        agreement(hand(), found)


def test_of_a_video_with_one_face_no_name_is_needed():
    one = intervals_of(make_result("a", FACES[:1], path="a.mp4"))
    assert agreement(hand((1.0, 2.0, "neutral"), tier="mine"), one).figures()["agree"] == 1


def test_what_was_annotated_outside_the_part_that_was_analysed_does_not_count(found):
    rows = hand((5.0, 7.0, "happiness"), (20.0, 30.0, "fear"))
    assert agreement(rows, found).figures()["not_found"] > 0.5
    part = agreement(rows, found, analyzed=(6.0, 12.0))
    assert part.figures()["seconds"] == pytest.approx(1)
    assert (part.n_intervals, part.figures()["not_found"], part.figures()["agree"]) == (1, 0, 1)
    with pytest.raises(UsageError, match="nothing is annotated of what was analysed"):
        agreement(rows, found, analyzed=(0.0, 4.0))
