"""A hint beside a verdict whose kind of face the model is known to judge less well, by the figures of its card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from facestats._util import words
from facestats.classify.crops import FACE_SHARE
from facestats.models.attributes import VERDICT_COLUMNS
from facestats.models.cards import Card
from facestats.tables.schema import UNKNOWN

#: A kind of face is weak if so much less of the verdicts on it are right than of all; and of so many faces at least.
WEAKER, ENOUGH = 0.05, 100

_PLURALS = {
    "child": "children",
    "young": "young people",
    "middle": "middle-aged people",
    "old": "old people",
    "female": "faces labelled female",
    "male": "faces labelled male",
}


def hint(card: Card, attribute: str, track: Mapping[Any, Any]) -> str:
    """Return how often the model is right where it is weak, if this verdict is of such a kind; else an empty text.

    Kinds are the age group and the gender that the face seems to have, and its size; of expressions, which have shares
    of time beside them, the verdict itself too, as elsewhere its probability says how often it is right. The share is
    of validation faces with a verdict, "unknown" left out; that of all stands beside it, as probabilities hold for
    these. An expression is right if most of FER+'s taggers chose it: FER2013's own labels are wrong too often to judge
    by.

    Parameters
    ----------
    card : Card
        Of the model that gave the verdict.
    attribute : str
    track : mapping
        A row of ``tracks``.

    Examples
    --------
    >>> hint(card, "gender", track)  # doctest: +SKIP
    'in tests right for 87 % of children, of all for 96 %'
    """
    of_taggers = attribute == "expression"
    scores = card.metrics.get("validation", {}).get(attribute, {})
    scores = scores.get("majority", {}) if of_taggers else scores
    verdict = track[VERDICT_COLUMNS[attribute]]
    usual = scores.get("covered_accuracy")
    if not isinstance(verdict, str) or verdict == UNKNOWN or not isinstance(usual, float):
        return ""
    kinds = [
        *(_of_verdict(scores, verdict) if of_taggers else ()),
        *_of_groups(scores, attribute, track),
        *_of_size(card.metrics.get("when_small", {}).get(attribute, ()), track, "majority_" if of_taggers else ""),
    ]
    right, kind = min(kinds, default=(1.0, ""))
    if right > usual - WEAKER:
        return ""
    return f"in tests right for {words.percent(right)} of {kind}, of all for {words.percent(usual)}"


def _of_verdict(scores: Mapping[str, Any], verdict: str) -> Iterator[tuple[float, str]]:
    """Yield how many of the faces that got this verdict have this label."""
    known = scores.get("verdicts", {})
    if verdict not in known.get("classes", ()):
        return
    column = known["classes"].index(verdict)
    given = [row[column] for row in known["matrix"]]
    if column < len(given) and sum(given) >= ENOUGH:
        yield given[column] / sum(given), f"faces called {verdict}"


def _of_groups(scores: Mapping[str, Any], attribute: str, track: Mapping[Any, Any]) -> Iterator[tuple[float, str]]:
    for by in ("age_group", "gender"):
        if VERDICT_COLUMNS[attribute] == by:
            continue
        row = scores.get("groups", {}).get(by, {}).get("groups", {}).get(track[by], {})
        if row.get("n", 0) >= ENOUGH and isinstance(row.get("covered_accuracy"), float):
            yield row["covered_accuracy"], _PLURALS.get(track[by], str(track[by]))


def _of_size(rows: Any, track: Mapping[Any, Any], by: str) -> Iterator[tuple[float, str]]:
    name = f"{by}covered_accuracy"
    scored = [row for row in rows if isinstance(row.get(name), float)]
    larger = [row for row in scored if row["pixels"] * FACE_SHARE >= track["face_px"]]  # scored by the crop's pixels
    if larger:  # the nearest size that was scored and is not smaller: it flatters rather than blackens
        row = min(larger, key=lambda row: row["pixels"])
        yield row[name], f"faces of {row['pixels'] * FACE_SHARE:.0f} pixels"
