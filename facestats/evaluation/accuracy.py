"""Accuracy, confusion and calibration of a model on labelled faces."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, recall_score

from facestats.classify.age import expected_age, group_of_years, group_probabilities
from facestats.classify.onnx import OnnxClassifier
from facestats.evaluation.calibration import expected_calibration_error
from facestats.models import Model
from facestats.schema import ATTRIBUTE_CLASSES
from facestats.training.datasets import FaceData
from facestats.types import Float32, Int64, Predictions

_BATCH = 256


def evaluate(model: Model, faces: FaceData, *, device: str = "cpu") -> dict[str, Any]:
    """Run a model over labelled faces and score it.

    Parameters
    ----------
    model : Model
        From :func:`facestats.models.find_models`; it must predict the attribute of ``faces``.
    faces : FaceData
        From :func:`facestats.training.datasets.load_faces`, cut at the model's input size.
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
    >>> evaluate(find_models()["gender-mini-xception"], faces)["accuracy"]  # doctest: +SKIP
    """
    classifier = OnnxClassifier(model, attributes=(faces.attribute,), device=device)
    parts = [
        classifier.classify(faces.crops[start : start + _BATCH])[faces.attribute]
        for start in range(0, len(faces), _BATCH)
    ]
    predictions = Predictions(faces.attribute, parts[0].classes, np.concatenate([part.probabilities for part in parts]))
    return {**score(predictions, faces), "faces_found": float(faces.found.mean())}


def score(predictions: Predictions, faces: FaceData) -> dict[str, Any]:
    """Compare predictions with labels.

    Parameters
    ----------
    predictions : Predictions
        N rows.
    faces : FaceData
        The same N rows, labelled.

    Returns
    -------
    dict
        ``accuracy``; ``balanced_accuracy``: the mean recall over the classes that occur; ``ece``: the expected
        calibration error over 15 bins; ``confusion``: ``classes`` and ``matrix``, rows the labels, columns the
        predictions; ``n``: rows.

        For age all of these are of age groups, over the ``n_exact`` rows whose age is exact (bins straddle the
        groups), and None where there is no such row; ``group_accuracy`` repeats the accuracy and ``mae`` is the mean
        absolute error in years, None for a model that gives groups and no years.

        For makeup, where the file has a ``gender`` column, also ``female_balanced_accuracy`` and
        ``female_none_balanced_accuracy`` (none against the other two): the same among female faces, since a network
        can seem to see makeup by seeing gender.

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
        return _score_age(predictions, probabilities, faces)
    scores = _score_classes(probabilities, faces.labels, faces.attribute)
    if faces.attribute == "makeup" and "gender" in faces.table:
        female = (faces.table["gender"] == "female").to_numpy()
        labels, chosen = faces.labels[female], probabilities[female].argmax(axis=1)
        none = ATTRIBUTE_CLASSES["makeup"].index("none")
        scores["female_balanced_accuracy"] = _mean_recall(labels, chosen)
        scores["female_none_balanced_accuracy"] = _mean_recall(labels == none, chosen == none)
    return {**scores, "n": len(faces)}


def _score_age(predictions: Predictions, probabilities: Float32, faces: FaceData) -> dict[str, Any]:
    low, high = (faces.table[name].to_numpy(np.float64) for name in ("age_min", "age_max"))
    exact = low == high
    years = predictions.years
    mae = None
    if years is not None and exact.any():
        mae = float(np.abs(expected_age(predictions.probabilities[exact], years) - low[exact]).mean())
    scores = _score_classes(probabilities[exact], group_of_years(low[exact]), "age")
    counts = {"n": len(faces), "n_exact": int(exact.sum())}
    return {**scores, "group_accuracy": scores["accuracy"], "mae": mae, **counts}


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


def _score_classes(probabilities: Float32, labels: Int64, attribute: str) -> dict[str, Any]:
    classes = ATTRIBUTE_CLASSES[attribute]
    chosen = probabilities.argmax(axis=1)
    any_rows = len(labels) > 0
    matrix = np.zeros((len(classes), len(classes)), np.int64)
    if any_rows:
        matrix = confusion_matrix(labels, chosen, labels=np.arange(len(classes)))
    return {
        "accuracy": float(accuracy_score(labels, chosen)) if any_rows else None,
        "balanced_accuracy": _mean_recall(labels, chosen),
        "ece": expected_calibration_error(probabilities.max(axis=1), chosen == labels) if any_rows else None,
        "confusion": {"classes": list(classes), "matrix": matrix.tolist()},
    }


def _mean_recall(labels: np.ndarray, chosen: np.ndarray) -> float | None:
    if len(labels) == 0:
        return None
    # Not sklearn's balanced_accuracy_score, which warns where a class is predicted that no row has.
    return float(recall_score(labels, chosen, labels=np.unique(labels), average="macro", zero_division=0))
