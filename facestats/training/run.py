"""A whole training: data, fit, calibration, model folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from facestats._util.naming import named
from facestats.classify.base import softmax
from facestats.classify.crops import FRAMING
from facestats.datasets.faces import FaceData
from facestats.datasets.labelled import NETWORK_CLASSES
from facestats.datasets.sources import describe_data, describe_terms, sources_of
from facestats.detect import detector_identity
from facestats.errors import UsageError
from facestats.evaluation.accuracy import score
from facestats.evaluation.calibration import COVERAGE
from facestats.models.cards import WEIGHTS_FILE, Card
from facestats.models.familiarity import FAMILIARITY_OUTPUT
from facestats.models.registry import Model
from facestats.options import DEFAULT_DETECTOR
from facestats.training.cards import card_markdown
from facestats.training.checkpoints import CHECKPOINT_FILE, check_checkpoint, identity_of_files
from facestats.training.curves import CURVES_FILE, add_epoch
from facestats.training.examples import Examples, combine, harden, with_unlabelled
from facestats.training.export import check_out, load_weights, round_weights, write_model
from facestats.training.finishing import finish
from facestats.training.fitting import fit, flatten, network_logits, new_network
from facestats.training.gathering import check_labels, gather, read_properties
from facestats.training.lastlayer import learn_last_layer
from facestats.training.loop import torch_device
from facestats.training.networks import PIXEL_MEAN, PIXEL_STD
from facestats.training.origins import all_commands, all_terms, check_origins, origin_of
from facestats.training.recipes import Recipe, recipe_values
from facestats.training.targets import target_loss, training_targets
from facestats.training.teaching import read_teacher, taught_by
from facestats.training.transfer import read_start, take_over
from facestats.types import Predictions


def train_model(
    recipe: Recipe,
    data: Sequence[Path],
    out: Path,
    *,
    start: Path | None = None,
    teachers: Sequence[Path] = (),
    further: Path | None = None,
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
        See :mod:`facestats.datasets.labelled`; each serves the attributes whose columns it has.
    out : pathlib.Path
        The model's folder; its name becomes the model's. While it trains, the folder holds a checkpoint and the curves
        so far.
    start : pathlib.Path, optional
        Folder of a trained model of the same network, for whatever attributes, or a file of another tool, see
        :func:`facestats.training.transfer.read_start`: all but the last layer is gone on from.
    teachers : sequence of pathlib.Path
        Folders of trained models whose verdicts on the training faces are learned beside the labels, see
        :func:`facestats.training.teaching.taught_by`.
    further : pathlib.Path, optional
        Further properties of some of the faces, see :func:`facestats.training.gathering.read_properties`: the network
        learns them beside its attributes, and its outputs for them are dropped at the end.
    command : str
        What the card says makes the model again, after what makes its start and its teachers.
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
    UsageError
        If faces are to be learned from teachers alone, or groups to count by the teachers' errors, and there is none.
    UnknownNameError, MissingInputError, DataError
        See :func:`facestats.training.gathering.check_labels` and :func:`facestats.training.gathering.gather`.
    DeviceError, OutputError
        See :func:`facestats.training.loop.train` and :func:`facestats.training.export.check_out`.
    ModelError
        See :func:`facestats.training.transfer.read_start`, :func:`facestats.training.teaching.read_teacher` and
        :func:`facestats.training.origins.check_origins`.

    Examples
    --------
    >>> train_model(Recipe(("gender",)), [Path("age_gender.parquet")], Path("mine"))  # doctest: +SKIP
    """
    torch_device(device)
    identity = detector_identity(detector)
    # What is wrong with a file shows before anything is made.
    begun = read_start(start) if start else None
    if begun is not None:
        _begun_network(recipe, begun.weights, str(start))
    elif recipe.last_layer:
        raise UsageError("last_layer learns the last layer of a trained model anew: name one with --start")
    teaching = [read_teacher(folder, recipe.attributes) for folder in teachers]
    origins = [origin_of(teacher.card) for teacher in teaching]
    if recipe.unlabelled and not teaching:
        raise UsageError(f"{', '.join(recipe.unlabelled)} is learned from teachers alone: name one with --teacher")
    if recipe.last_layer and (teaching or further):
        raise UsageError("last_layer learns from labels alone: leave out --teacher and --further")
    for name in recipe.robust:
        if not any(name in teacher.card.attributes for teacher in teaching):
            raise UsageError(
                f"the recipe's [robust] counts groups by how often a trained model of {name} is wrong about them: "
                f"name its folder, with card.json and weights.safetensors, by {named('teachers', '--teacher')}, "
                "or take [robust] out of the recipe"
            )
    served = check_labels(data, recipe)
    properties = read_properties(further) if further else None
    check_origins([*([begun.origin] if begun else []), *origins], recipe.unseen)
    check_out(out, overwrite=overwrite)
    checkpoint, curves = out / CHECKPOINT_FILE, out / CURVES_FILE
    if not resume:
        checkpoint.unlink(missing_ok=True)
    about = {
        "detector": identity,
        **identity_of_files("data", data),
        **identity_of_files("further", [further] if further else []),
        **identity_of_files("teacher", [teacher.folder / WEIGHTS_FILE for teacher in teaching]),
    }
    check_checkpoint(checkpoint, {**recipe_values(recipe), **about})

    faces = gather(served, recipe, detector=detector, data=data, progress=progress)
    examples, sources = combine(faces.training, recipe, properties), sources_of(faces.training)
    examples = with_unlabelled(examples, list(faces.unlabelled.values()), recipe.input_color)
    unlabelled = {name: len(crops) for name, crops in faces.unlabelled.items()}
    faces = replace(faces, training=(), unlabelled={})  # what trains holds a copy of the crops
    if teaching:
        examples = taught_by(examples, teaching, device=device, bfloat16=recipe.bfloat16, progress=progress)
    examples = harden(examples, recipe.robust)
    if begun is not None and recipe.last_layer:
        network = _begun_network(recipe, begun.weights, str(start))
        learn_last_layer(network, examples, recipe.last_layer, progress=progress)
    else:
        network = fit(
            examples,
            recipe,
            start=begun.weights if begun else None,
            about=about,
            on_round=lambda epoch, network, losses: add_epoch(
                curves,
                epoch,
                {name: (losses[name], *_measured(network, of, recipe)) for name, of in faces.validation.items()},
            ),
            checkpoint=checkpoint,
            device=device,
            progress=progress,
        )
    flatten(network, examples, recipe.flattened)
    round_weights(network)

    learned_from = [*([begun.origin] if begun else []), *origins]
    heads, familiarity, metrics = finish(network, recipe.input_color, faces.validation, faces.unseen)
    card = Card(
        name=out.resolve().name,
        heads=heads,
        network=recipe.network,
        input_size=recipe.input_size,
        input_color=recipe.input_color,
        input_mean=PIXEL_MEAN,
        input_std=PIXEL_STD,
        framing=FRAMING,
        familiarity=familiarity,
        data=describe_data(sources, unlabelled) + _further_words(examples, further),
        licence=all_terms(learned_from, describe_terms({**sources, **unlabelled})),
        limits="\n\n".join(head.limits for head in heads),
        metrics={
            **metrics,
            "sources": sources,
            "unlabelled": unlabelled,
            "faces_found": faces.found,
            "detector": identity,
            "recipe": recipe_values(recipe),
            "commands": all_commands(learned_from, command),
            "start": begun.origin.to_json() if begun else None,
            "teachers": [origin.to_json() for origin in origins],
            "coverage": COVERAGE,
            "parameters": sum(weight.numel() for weight in network.parameters()),
        },
    )
    model = write_model(out, network, card, card_markdown=card_markdown(card), overwrite=overwrite)
    checkpoint.unlink(missing_ok=True)
    return model


def _begun_network(recipe: Recipe, weights: Mapping[str, torch.Tensor], where: str) -> nn.Module:
    """Return a new network with the weights of another: all of them where the last layer is learned anew."""
    network = new_network(recipe)
    if recipe.last_layer:
        own = f"heads.{FAMILIARITY_OUTPUT}."  # fitted to what it was, as temperatures are
        return load_weights(network, {k: v for k, v in weights.items() if not k.startswith(own)}, where)
    take_over(network, weights)
    return network


def _further_words(examples: Examples, further: Path | None) -> str:
    """Say, for the card, what was learned beside the attributes."""
    if further is None or examples.further is None:
        return ""
    known = np.isfinite(examples.further)
    return (
        f" While it trained, it also learned {known.shape[1]} further properties of {known.any(axis=1).sum():,} of "
        f"these images ({further.name}); it does not tell them."
    )


def _measured(network: nn.Module, faces: FaceData, recipe: Recipe) -> tuple[float, float | None]:
    """Return loss and accuracy on validation faces; nothing is chosen by them."""
    logits = network_logits(network, faces.crops, recipe.input_color)[faces.attribute]
    targets = torch.from_numpy(training_targets(faces))
    loss = float(target_loss(faces.attribute, torch.from_numpy(logits), targets).mean())
    predictions = Predictions(faces.attribute, NETWORK_CLASSES[faces.attribute], softmax(logits))
    return loss, score(predictions, faces)["accuracy"]
