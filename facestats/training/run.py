"""A whole training: data, fit, calibration, model folder."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np

from facestats.classify.base import softmax
from facestats.crops import DEFAULT_SIZE, FRAMING
from facestats.errors import DataError
from facestats.evaluation.accuracy import class_probabilities, score
from facestats.evaluation.calibration import COVERAGE, coverage_threshold, fit_temperature
from facestats.models import Card, Head, Model
from facestats.training.cards import LIMITS, card_markdown, describe_data, describe_terms, sources_of
from facestats.training.datasets import NETWORK_CLASSES, FaceData, load_faces, read_table
from facestats.training.export import check_out, write_model
from facestats.training.fitting import DEFAULT_RECIPES, PIXEL_MEAN, PIXEL_STD, Recipe, fit, network_logits, torch_device
from facestats.training.targets import training_targets
from facestats.types import Predictions

#: The checkpoint in the folder of a training that has not finished.
CHECKPOINT_FILE = "training.pt"


def train_model(
    attribute: str,
    data: Path,
    out: Path,
    *,
    recipe: Recipe | None = None,
    size: int = DEFAULT_SIZE,
    device: str = "cpu",
    resume: bool = True,
    overwrite: bool = False,
    progress: bool = False,
) -> Model:
    """Train a network on a data file and write its model folder.

    The temperature and the threshold below which a verdict is "unknown" are fitted on one half of the validation rows
    (chosen by a second digit of their names' hash), and checked on the other. An exact age is taken to be a year or two
    off, as in training: held to the very year, a network that is right about the groups would be flattened.

    Parameters
    ----------
    attribute : str
        ``"expression"``, ``"gender"``, ``"age"`` or ``"makeup"``.
    data : pathlib.Path
        See :mod:`facestats.training.datasets`.
    out : pathlib.Path
        The model's folder; its name becomes the model's. While it trains, the folder holds a checkpoint.
    recipe : Recipe, optional
        By default the attribute's own in :data:`facestats.training.fitting.DEFAULT_RECIPES`.
    size : int
        Side of the crops in pixels.
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
    >>> train_model("gender", Path("age_gender.parquet"), Path("mine"))  # doctest: +SKIP
    """
    torch_device(device)
    read_table(data, attribute, "validation")  # what is wrong with the file shows before anything is made
    check_out(out, overwrite=overwrite)
    validation = load_faces(data, attribute, "validation", size=size, progress=progress)
    if len(set(validation.first_half)) < 2:
        raise DataError(f"{data}: {len(validation)} validation rows are too few to calibrate on one half of them")
    faces = load_faces(data, attribute, "train", size=size, progress=progress)
    recipe = recipe or DEFAULT_RECIPES[attribute]
    checkpoint = out / CHECKPOINT_FILE
    if not resume:
        checkpoint.unlink(missing_ok=True)
    network = fit(faces, recipe, validation=validation, checkpoint=checkpoint, device=device, progress=progress)

    logits = network_logits(network, validation.crops, recipe.input_color)
    fitting = validation.first_half
    classes = NETWORK_CLASSES[attribute]
    temperature = round(fit_temperature(logits[fitting], training_targets(validation)[fitting]), 4)
    predictions = Predictions(attribute, classes, softmax(logits / temperature))
    confidence = class_probabilities(predictions).max(axis=1)
    head = Head(attribute, attribute, classes, temperature, coverage_threshold(confidence[fitting]))
    sources = sources_of(faces)
    card = Card(
        name=out.resolve().name,
        heads=(head,),
        network=recipe.network,
        input_size=size,
        input_color=recipe.input_color,
        input_mean=PIXEL_MEAN,
        input_std=PIXEL_STD,
        framing=FRAMING,
        data=describe_data(sources),
        licence=describe_terms(sources),
        limits=LIMITS[attribute],
        metrics={
            "validation": score(predictions, validation),
            "held_out_half": _held_out(predictions, validation, head),
            "faces_found": {**_shares_found(faces, "training"), **_shares_found(validation, "validation")},
            "coverage": COVERAGE,
            "parameters": sum(weight.numel() for weight in network.parameters()),
        },
    )
    text = card_markdown(card, training_command(attribute, data, recipe, size))
    model = write_model(out, network, card, card_markdown=text, overwrite=overwrite)
    checkpoint.unlink(missing_ok=True)
    return model


def training_command(attribute: str, data: Path, recipe: Recipe, size: int = DEFAULT_SIZE) -> str:
    """Return the command line that repeats a training.

    Examples
    --------
    >>> training_command("gender", Path("data/faces.parquet"), Recipe(epochs=3))
    'facestats train gender --data faces.parquet --epochs 3 --color rgb --batch-size 64 --learning-rate 0.004 --seed 0'
    """
    words = ["facestats", "train", attribute, "--data", data.name, "--epochs", recipe.epochs]
    words += ["--color", recipe.input_color, "--batch-size", recipe.batch_size]
    words += ["--learning-rate", recipe.learning_rate, "--seed", recipe.seed]
    if size != DEFAULT_SIZE:
        words += ["--size", size]
    return shlex.join(str(word) for word in words)


def _held_out(predictions: Predictions, validation: FaceData, head: Head) -> dict[str, Any]:
    rows = ~validation.first_half
    half = Predictions(head.attribute, predictions.classes, predictions.probabilities[rows])
    faces = validation[rows]
    scores = score(half, faces)
    probabilities = class_probabilities(half)
    kept = probabilities.max(axis=1) >= head.threshold
    # Only rows whose class is known for sure can tell whether a verdict is right.
    kept_scores = score(Predictions(head.attribute, half.classes, half.probabilities[kept]), faces[kept])
    return {**scores, "kept_share": float(np.mean(kept)), "kept_accuracy": kept_scores["accuracy"]}


def _shares_found(faces: FaceData, split: str) -> dict[str, float]:
    sources = list(sources_of(faces))
    if "source" not in faces.table:
        return {f"{sources[0]} ({split})": float(faces.found.mean())}
    return {
        f"{source} ({split})": float(faces.found[(faces.table["source"] == source).to_numpy()].mean())
        for source in sources
    }
