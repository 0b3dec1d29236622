"""Accuracy, confusion and calibration of a model on labelled faces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, f1_score, recall_score, roc_auc_score

from facestats.classify.age import age_quantiles, expected_age, group_of_years, group_probabilities
from facestats.classify.onnx import OnnxClassifier
from facestats.datasets.faces import FaceData
from facestats.evaluation.calibration import expected_calibration_error
from facestats.evaluation.groups import accuracy_by_group
from facestats.models.attributes import ATTRIBUTE_CLASSES
from facestats.models.registry import Model
from facestats.tables.schema import UNKNOWN
from facestats.types import Float32, Int64, Predictions

_BATCH = 256

_ENOUGH_AT_90 = 20


def evaluate(model: Model, faces: FaceData, *, device: str = "cpu") -> dict[str, Any]:
    """Run a model over labelled faces and score it.

    Parameters
    ----------
    model : Model
        From :func:`facestats.models.registry.find_models`; it must predict the attribute of ``faces``.
    faces : FaceData
        From :func:`facestats.datasets.faces.load_faces`, cut at the model's input size.
    device : str
        ``"cpu"`` or ``"cuda"``.

    Returns
    -------
    dict
        The scores of :func:`score`, and ``faces_found``: the share of rows in which the detector found the face.

    Raises
    ------
    ModelError, DeviceError
        See :class:`facestats.classify.onnx.OnnxClassifier`.

    Examples
    --------
    >>> evaluate(find_models()["people"], faces)["accuracy"]  # doctest: +SKIP
    """
    classifier = OnnxClassifier(model, attributes=(faces.attribute,), device=device)
    rows = [slice(start, start + _BATCH) for start in range(0, len(faces), _BATCH)]
    parts = [classifier.classify(faces.crops[some], faces.pixels_at(some))[faces.attribute] for some in rows]
    predictions = Predictions(faces.attribute, parts[0].classes, np.concatenate([part.probabilities for part in parts]))
    (head,) = classifier.heads
    return {**score(predictions, faces, threshold=head.threshold), "faces_found": float(faces.found.mean())}


#: What is told of a comparison with the taggers' majority.
_OF_MAJORITY = (
    "accuracy", "balanced_accuracy", "ece", "right_at_90", "coverage", "covered_accuracy", "verdicts",
)  # fmt: skip


def score(predictions: Predictions, faces: FaceData, *, threshold: float = 0.0) -> dict[str, Any]:
    """Compare predictions with labels.

    Parameters
    ----------
    predictions : Predictions
        N rows.
    faces : FaceData
        The same N rows, labelled.
    threshold : float
        Probability below which the verdict is "unknown"; see ``coverage``.

    Returns
    -------
    dict
        ``n``: rows; ``accuracy``; ``balanced_accuracy``: the mean recall over the classes that occur; ``macro_f1``: the
        mean F1 over the same; ``nll``: the mean of minus the log of the label's probability; ``ece``: the expected
        calibration error over 15 bins; ``right_at_90``: how many of those are right whose probability is 0.85 to 0.95
        (None for fewer than 20); ``coverage``: the share of rows whose verdict is not "unknown", and
        ``covered_accuracy`` among these; ``confusion``: ``classes`` and ``matrix``, rows the labels, columns the
        predictions; ``verdicts``: the same with a last column for "unknown"; ``groups``: see
        :func:`facestats.evaluation.groups.accuracy_by_group`. What cannot be computed is None.

        For age all of these are of age groups, over the ``n_exact`` rows whose age is exact (bins straddle the
        groups; but see :func:`known_age_groups`); ``group_accuracy`` repeats the accuracy. For a model that gives years
        there are also ``mae``, the mean absolute error in years over the same rows, ``interval_90``, the share of them
        inside the distribution's 90 % interval, and ``bin_distance``, the mean distance in years between the expected
        age and the bin, over the rows that have one.

        For expression, where the file has the votes of FER+'s taggers, ``majority``: ``n``, ``accuracy``,
        ``balanced_accuracy``, ``ece``, ``right_at_90``, ``coverage``, ``covered_accuracy`` and ``verdicts`` against
        their majority, over the rows where it is one of the seven expressions and not tied.

        For makeup, where the file has a ``gender`` column, among female faces alone, since a network can seem to see
        makeup by seeing gender: ``female_balanced_accuracy``, ``female_none_balanced_accuracy`` (none against the other
        two) and ``female_over_auc`` (the area under the ROC curve of over against the other two).

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"gender": ["female", "male"]})
    >>> faces = FaceData("gender", np.zeros((2, 48, 48, 3), np.uint8), np.ones(2, bool), table, (1, 2))
    >>> predictions = Predictions("gender", ("female", "male"), np.array([[0.9, 0.1], [0.6, 0.4]], np.float32))
    >>> score(predictions, faces)["confusion"]["matrix"]
    [[1, 0], [1, 0]]
    """
    probabilities = class_probabilities(predictions)
    if faces.attribute == "age":
        return _score_age(predictions, probabilities, faces, threshold)
    scores = _score_classes(probabilities, faces.labels, faces.table, faces.attribute, threshold)
    if faces.attribute == "makeup" and "gender" in faces.table:
        scores |= _score_female(probabilities, faces)
    if faces.attribute == "expression" and "votes_neutral" in faces.table:
        majority = majority_labels(faces.table)
        counts = majority >= 0
        voted = faces.table[counts].reset_index(drop=True)
        against = _score_classes(probabilities[counts], majority[counts], voted, "expression", threshold)
        scores["majority"] = {"n": int(counts.sum()), **{name: against[name] for name in _OF_MAJORITY}}
    return {"n": len(faces), **scores}


def known_age_groups(table: pd.DataFrame) -> tuple[NDArray[np.bool_], Int64]:
    """Return which rows' age groups verdicts are compared with, bool (N,), and the index of these groups.

    Those with an exact age. Of faces none of which has one, such as those labelled with groups, those whose years all
    lie in one group.

    Parameters
    ----------
    table : pandas.DataFrame
        With ``age_min`` and ``age_max``.

    Examples
    --------
    >>> rows, groups = known_age_groups(pd.DataFrame({"age_min": [0, 30], "age_max": [12, 39]}))
    >>> rows.tolist(), groups.tolist()
    ([True, False], [0])
    """
    low, high = (table[name].to_numpy(np.float64) for name in ("age_min", "age_max"))
    counted = low == high
    if not counted.any():
        counted = group_of_years(low) == group_of_years(high)
    return counted, group_of_years(low[counted])


def majority_labels(table: pd.DataFrame) -> Int64:
    """Return the index of the expression that most FER+ taggers chose, int64 (N,), or -1.

    That is for rows without votes, and for those where another answer (contempt, unknown, not a face) has as many votes
    or more, or two expressions have alike many, which Barsoum et al. (2016, arXiv 1608.01041) leave out as well.

    Parameters
    ----------
    table : pandas.DataFrame
        With ``votes_*`` columns.

    Examples
    --------
    >>> votes = pd.DataFrame({f"votes_{name}": [0, 0, 0] for name in ATTRIBUTE_CLASSES["expression"]})
    >>> votes["votes_fear"], votes["votes_anger"], votes["votes_unknown"] = [6, 5, 3], [4, 5, 2], [0, 0, 4]
    >>> majority_labels(votes).tolist()
    [2, -1, -1]
    """
    classes = ATTRIBUTE_CLASSES["expression"]
    named = [f"votes_{name}" for name in classes]
    others = [name for name in table if name.startswith("votes_") and name not in named]
    votes = table[[*named, *others]].to_numpy(np.float64, na_value=0.0)
    best = votes.argmax(axis=1)
    alone = (votes == votes.max(axis=1, keepdims=True)).sum(axis=1) == 1
    return np.where(alone & (best < len(classes)), best, -1).astype(np.int64)


def _score_female(probabilities: Float32, faces: FaceData) -> dict[str, Any]:
    female = (faces.table["gender"] == "female").to_numpy()
    labels, chosen = faces.labels[female], probabilities[female].argmax(axis=1)
    none, over = (ATTRIBUTE_CLASSES["makeup"].index(name) for name in ("none", "over"))
    both = len(set(labels == over)) == 2
    return {
        "female_balanced_accuracy": _mean_recall(labels, chosen),
        "female_none_balanced_accuracy": _mean_recall(labels == none, chosen == none),
        "female_over_auc": float(roc_auc_score(labels == over, probabilities[female, over])) if both else None,
    }


def _score_age(predictions: Predictions, probabilities: Float32, faces: FaceData, threshold: float) -> dict[str, Any]:
    low, high = (faces.table[name].to_numpy(np.float64) for name in ("age_min", "age_max"))
    exact = low == high
    counted, labels = known_age_groups(faces.table)
    table = faces.table[counted].reset_index(drop=True)
    scores = _score_classes(probabilities[counted], labels, table, "age", threshold)
    mae = interval = distance = None
    if (years := predictions.years) is not None:
        expected = expected_age(predictions.probabilities, years)
        if exact.any():
            mae = float(np.abs(expected[exact] - low[exact]).mean())
            first, last = age_quantiles(predictions.probabilities[exact], years).T
            truth = low[exact].clip(years[0], years[-1])  # who is older than the oldest year counts as that
            interval = float(((first <= truth) & (truth <= last)).mean())
        if not exact.all():
            off = np.maximum(low - expected, expected - high).clip(0)
            distance = float(off[~exact].mean())
    of_years = {"mae": mae, "interval_90": interval, "bin_distance": distance}
    return {
        "n": len(faces),
        "n_exact": int(exact.sum()),
        **scores,
        "group_accuracy": scores["accuracy"],
        **of_years,
    }


def class_probabilities(predictions: Predictions) -> Float32:
    """Return the probabilities of the attribute's own classes, float32 (N, K), in the order of the schema.

    Years of age are summed into groups; a class that the model does not know gets 0.

    Examples
    --------
    >>> class_probabilities(Predictions("makeup", ("over", "none"), np.array([[0.25, 0.75]], np.float32))).tolist()
    [[0.75, 0.0, 0.25]]
    """
    years = predictions.years
    if years is not None:
        return group_probabilities(predictions.probabilities, years)
    classes = ATTRIBUTE_CLASSES[predictions.attribute]
    full = np.zeros((len(predictions), len(classes)), np.float32)
    full[:, [classes.index(name) for name in predictions.classes]] = predictions.probabilities
    return full


def _score_classes(
    probabilities: Float32, labels: Int64, table: pd.DataFrame, attribute: str, threshold: float
) -> dict[str, Any]:
    classes = ATTRIBUTE_CLASSES[attribute]
    if len(labels) == 0:
        figures = (
            "accuracy", "balanced_accuracy", "macro_f1", "nll", "ece", "right_at_90", "coverage", "covered_accuracy",
        )  # fmt: skip
        matrix = np.zeros((len(classes), len(classes)), np.int64)
        verdicts = _confusion((*classes, UNKNOWN), np.zeros((len(classes), len(classes) + 1), np.int64))
        return {**dict.fromkeys(figures), "confusion": _confusion(classes, matrix), "verdicts": verdicts, "groups": {}}
    chosen, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    correct, covered = chosen == labels, confidence >= threshold
    every = np.arange(len(classes) + 1)
    verdicts = confusion_matrix(labels, np.where(covered, chosen, len(classes)), labels=every)[:-1]
    said = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    present = np.unique(labels)
    return {
        "accuracy": float(correct.mean()),
        "balanced_accuracy": _mean_recall(labels, chosen),
        "macro_f1": float(f1_score(labels, chosen, labels=present, average="macro", zero_division=0)),
        "nll": float(-np.log(said.clip(1e-12)).mean()),
        "ece": expected_calibration_error(confidence, correct),
        "right_at_90": _right_at_90(confidence, correct),
        "coverage": float(covered.mean()),
        "covered_accuracy": float(correct[covered].mean()) if covered.any() else None,
        "confusion": _confusion(classes, confusion_matrix(labels, chosen, labels=np.arange(len(classes)))),
        "verdicts": _confusion((*classes, UNKNOWN), verdicts),
        "groups": accuracy_by_group(correct, covered, table),
    }


def _right_at_90(confidence: np.ndarray, correct: np.ndarray) -> float | None:
    about = np.abs(confidence - 0.9) <= 0.05
    return float(correct[about].mean()) if np.count_nonzero(about) >= _ENOUGH_AT_90 else None


def _confusion(classes: tuple[str, ...], matrix: Int64) -> dict[str, Any]:
    return {"classes": list(classes), "matrix": matrix.tolist()}


def _mean_recall(labels: np.ndarray, chosen: np.ndarray) -> float | None:
    if len(labels) == 0:
        return None
    # Not sklearn's balanced_accuracy_score, which warns where a class is predicted that no row has.
    return float(recall_score(labels, chosen, labels=np.unique(labels), average="macro", zero_division=0))
