"""A whole training: data, fit, calibration, model folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from facestats.classify.base import softmax
from facestats.crops import FRAMING
from facestats.detect.base import detector_identity
from facestats.errors import DataError
from facestats.evaluation.accuracy import class_probabilities, score
from facestats.evaluation.calibration import COVERAGE, coverage_threshold, fit_temperature
from facestats.evaluation.smallness import scores_when_small, small_temperatures
from facestats.models import Card, Head, Model
from facestats.options import DEFAULT_DETECTOR
from facestats.training.cards import LIMITS, card_markdown, describe_data, describe_terms, sources_of
from facestats.training.curves import CURVES_FILE, add_epoch
from facestats.training.datasets import (
    LABEL_COLUMNS,
    NETWORK_CLASSES,
    FaceData,
    attributes_in,
    concatenate,
    load_faces,
    read_table,
)
from facestats.training.examples import combine
from facestats.training.export import check_out, write_model
from facestats.training.fitting import PIXEL_MEAN, PIXEL_STD, fit, network_logits, torch_device
from facestats.training.recipes import Recipe
from facestats.training.targets import target_loss, training_targets
from facestats.types import Float32, Predictions, UInt8

#: The checkpoint in the folder of a training that has not finished.
CHECKPOINT_FILE = "training.pt"

#: Shares of the fitting half with a verdict at which the card says how many of them are right.
CURVE_COVERAGES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)


def train_model(
    recipe: Recipe,
    data: Sequence[Path],
    out: Path,
    *,
    command: str = "",
    detector: str = DEFAULT_DETECTOR,
    device: str = "cpu",
    resume: bool = True,
    overwrite: bool = False,
    progress: bool = False,
) -> Model:
    """Train a network on data files and write its model folder.

    The temperatures and the threshold below which a verdict is "unknown" are fitted on one half of the validation rows
    (chosen by a second digit of their names' hash), and checked on the other. An exact age is taken to be a year or two
    off, as in training: held to the very year, a network that is right about the groups would be flattened.

    Parameters
    ----------
    recipe : Recipe
        What is trained, and how.
    data : sequence of pathlib.Path
        See :mod:`facestats.training.datasets`; each serves the attributes whose columns it has.
    out : pathlib.Path
        The model's folder; its name becomes the model's. While it trains, the folder holds a checkpoint and the curves
        so far.
    command : str
        What the card says makes the model again.
    detector : str
        Whose landmarks the crops follow.
    device : str
        ``"cpu"`` or ``"cuda"``.
    resume : bool
        Whether to go on from the folder's checkpoint.
    overwrite : bool
        Whether a model that the folder already holds may be replaced, at the very end.
    progress : bool
        Whether to show progress bars on stderr.

    Raises
    ------
    UnknownNameError, MissingInputError, DataError
        See :func:`facestats.training.datasets.load_faces`.
    DeviceError, OutputError
        See :func:`facestats.training.fitting.fit` and :func:`facestats.training.export.check_out`.

    Examples
    --------
    >>> train_model(Recipe(("gender",)), [Path("age_gender.parquet")], Path("mine"))  # doctest: +SKIP
    """
    torch_device(device)
    # What is wrong with a file shows before anything is made.
    served = {path: attributes_in(path, recipe.attributes) for path in data}
    for name in recipe.attributes:
        if not any(name in names for names in served.values()):
            raise DataError(f"{', '.join(map(str, data))}: no column {LABEL_COLUMNS[name][0]!r}, which {name} needs")
    for path, names in served.items():
        for name in names:
            read_table(path, name, "validation")
    check_out(out, overwrite=overwrite)

    def load(path: Path, name: str, split: str) -> FaceData:
        return load_faces(path, name, split, size=recipe.input_size, detector=detector, progress=progress)

    validation = {
        name: concatenate([load(path, name, "validation") for path, names in served.items() if name in names])
        for name in recipe.attributes
    }
    for name, faces in validation.items():
        if len(set(faces.first_half)) < 2:
            raise DataError(f"{len(faces)} validation rows for {name} are too few to calibrate on one half of them")
    files = [[load(path, name, "train") for name in names] for path, names in served.items()]
    examples = combine(files, recipe)
    checkpoint, curves = out / CHECKPOINT_FILE, out / CURVES_FILE
    if not resume:
        checkpoint.unlink(missing_ok=True)
    network = fit(
        examples,
        recipe,
        on_epoch=lambda epoch, network, losses: add_epoch(
            curves, epoch, {name: (losses[name], *_look(network, faces, recipe)) for name, faces in validation.items()}
        ),
        checkpoint=checkpoint,
        device=device,
        progress=progress,
    )

    heads, metrics = [], {}
    for name, faces in validation.items():
        head, metrics[name] = _calibrated(_logits_of(network, name, recipe.input_color), faces)
        heads.append(head)
    sources = sources_of([faces for parts in files for faces in parts])
    card = Card(
        name=out.resolve().name,
        heads=tuple(heads),
        network=recipe.network,
        input_size=recipe.input_size,
        input_color=recipe.input_color,
        input_mean=PIXEL_MEAN,
        input_std=PIXEL_STD,
        framing=FRAMING,
        data=describe_data(sources),
        licence=describe_terms(sources),
        limits="\n\n".join(LIMITS[name] for name in recipe.attributes),
        metrics={
            **{kind: {name: figures[kind] for name, figures in metrics.items()} for kind in _KINDS},
            "faces_found": {
                **_shares_found([faces for parts in files for faces in parts], "training"),
                **_shares_found(list(validation.values()), "validation"),
            },
            "detector": detector_identity(detector),
            "coverage": COVERAGE,
            "parameters": sum(weight.numel() for weight in network.parameters()),
        },
    )
    model = write_model(out, network, card, card_markdown=card_markdown(card, command), overwrite=overwrite)
    checkpoint.unlink(missing_ok=True)
    return model


def _logits_of(network: nn.Module, attribute: str, input_color: str) -> Callable[[UInt8], Float32]:
    return lambda crops: network_logits(network, crops, input_color)[attribute]


def _look(network: nn.Module, faces: FaceData, recipe: Recipe) -> tuple[float, float | None]:
    """Return loss and accuracy on validation faces; nothing is chosen by them."""
    logits = network_logits(network, faces.crops, recipe.input_color)[faces.attribute]
    targets = torch.from_numpy(training_targets(faces))
    loss = float(target_loss(faces.attribute, torch.from_numpy(logits), targets).mean())
    predictions = Predictions(faces.attribute, NETWORK_CLASSES[faces.attribute], softmax(logits))
    return loss, score(predictions, faces)["accuracy"]


# What the card holds of each attribute.
_KINDS = ("validation", "held_out_half", "coverage_curve", "when_small")


def _calibrated(logits_of: Callable[[UInt8], Float32], faces: FaceData) -> tuple[Head, Mapping[str, Any]]:
    """Fit temperatures and threshold of an attribute on one half of its validation faces, and score them."""
    attribute, classes = faces.attribute, NETWORK_CLASSES[faces.attribute]
    logits, fitting = logits_of(faces.crops), faces.first_half
    likelihood = training_targets(faces)[fitting]
    temperature = round(fit_temperature(logits[fitting], likelihood), 4)
    small = small_temperatures(logits_of, faces.crops[fitting], likelihood, temperature)
    trial = Head(attribute, attribute, classes, temperature, temperatures=small)
    predictions = Predictions(attribute, classes, softmax(logits / trial.temperatures_at(faces.pixels)))
    confidence = class_probabilities(predictions).max(axis=1)
    threshold = coverage_threshold(confidence[fitting])
    head = Head(attribute, attribute, classes, temperature, threshold, small)

    held_out, half = faces[~fitting], Predictions(attribute, classes, predictions.probabilities[~fitting])
    curve = []
    for coverage in CURVE_COVERAGES:
        at = coverage_threshold(confidence[fitting], coverage)
        scores = score(half, held_out, threshold=at)
        curve.append({"threshold": at, "coverage": scores["coverage"], "accuracy": scores["covered_accuracy"]})
    return head, {
        "validation": score(predictions, faces, threshold=threshold),
        "held_out_half": score(half, held_out, threshold=threshold),
        "coverage_curve": curve,
        "when_small": scores_when_small(logits_of, held_out, head),
    }


def _shares_found(parts: Sequence[FaceData], split: str) -> dict[str, float]:
    """Return, by source, the share of rows whose face the detector found."""
    found: dict[str, list[bool]] = {}
    for faces in parts:
        names = faces.table["source"].astype(str) if "source" in faces.table else list(sources_of([faces])) * len(faces)
        for name, is_found in zip(names, faces.found, strict=True):
            found.setdefault(f"{name} ({split})", []).append(bool(is_found))
    return {name: float(np.mean(values)) for name, values in found.items()}
