"""What eight-bit weights do to a model's answers: measured in both precisions on the faces of its card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from facestats.classify.onnx import OnnxClassifier
from facestats.datasets.faces import FaceData
from facestats.evaluation.accuracy import score
from facestats.models.cards import Card
from facestats.models.quick import RANGES_FILE
from facestats.models.registry import Model
from facestats.training.gathering import Faces
from facestats.types import Predictions

#: How faces of the model's own sources are called among the sources.
OWN = "its own sources, validation"

_AT_ONCE = 256


def in_both_precisions(model: Model, faces: Faces) -> dict[str, Any]:
    """Judge faces with all bits and with eight, as processors do.

    Parameters
    ----------
    model : Model
        With ranges, see :func:`facestats.models.quick.is_quick`.
    faces : Faces
        Their validation faces and those of unseen sources are judged.

    Returns
    -------
    dict
        By source (:data:`OWN` or an unseen one), attribute and precision (``all``, ``eight``): ``n``, ``accuracy`` and
        ``ece``, against the majority of taggers where there is one; ``familiar``: the share of faces that seem
        familiar, None for a model that does not say so.

    Raises
    ------
    ModelError
        See :class:`facestats.classify.onnx.OnnxClassifier`.

    Examples
    --------
    >>> in_both_precisions(model, faces)["lfw"]["expression"]["eight"]["accuracy"]  # doctest: +SKIP
    0.876
    """
    files = {name: value for name, value in model.card.files.items() if name != RANGES_FILE}
    full = Model(model.folder, replace(model.card, files=files))
    judges = {"all": OnnxClassifier(full), "eight": OnnxClassifier(model)}
    parts = {OWN: faces.validation, **faces.unseen}
    return {
        source: {
            attribute: {bits: _judged(judge, part) for bits, judge in judges.items()} for attribute, part in of.items()
        }
        for source, of in parts.items()
    }


def _judged(judge: OnnxClassifier, faces: FaceData) -> dict[str, Any]:
    answers, familiar = [], []
    for start in range(0, len(faces), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        answers.append(judge.classify(faces.crops[rows], faces.pixels_at(rows))[faces.attribute])
        familiar.append(judge.familiar(faces.crops[rows]))
    said = Predictions(faces.attribute, answers[0].classes, np.concatenate([part.probabilities for part in answers]))
    scores = score(said, faces)
    told = {"n": len(faces), **scores, **scores.get("majority", {})}
    seems = None if judge.model.card.familiarity is None else float(np.concatenate(familiar).mean())
    return {name: told[name] for name in ("n", "accuracy", "ece")} | {"familiar": seems}


def precision_lines(card: Card) -> list[str]:
    """Return what the text of a card says of eight-bit weights, no lines where the model has none.

    Examples
    --------
    >>> from facestats.models.registry import find_models
    >>> precision_lines(find_models()["people"].card)
    []
    """
    if RANGES_FILE not in card.files:
        return []
    measured: Mapping[str, Any] = card.metrics.get("eight_bit", {})
    if not measured:
        return [
            f"On processors it runs with eight-bit weights (`{RANGES_FILE}`). The figures of this card are of all "
            "bits: those of eight were not measured.",
            "",
        ]
    return [
        f"On processors it runs with eight-bit weights (`{RANGES_FILE}`). The other figures of this card are of all "
        "bits. Here are both, judged as above, all bits first:",
        "",
        "| | on faces of | faces | right | calibration error | seem familiar |",
        "|---|---|---|---|---|---|",
        *(
            f"| {attribute} | {source} | {of['all']['n']:,} | {_both(of, 'accuracy', '.2%')} "
            f"| {_both(of, 'ece', '.3f')} | {_both(of, 'familiar', '.1%')} |"
            for source, attributes in measured.items()
            for attribute, of in attributes.items()
        ),
        "",
    ]


def _both(of: Mapping[str, Mapping[str, float | None]], figure: str, form: str) -> str:
    values = [of[bits][figure] for bits in ("all", "eight")]
    return ", ".join("" if value is None else format(value, form) for value in values)
