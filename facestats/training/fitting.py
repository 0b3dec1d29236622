"""Training a network for attributes: batches of augmented faces, and what they are worth."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from typing import Unpack

import numpy as np
import torch
from torch import nn

from facestats.classify.onnx import color_planes
from facestats.datasets.labelled import NETWORK_CLASSES
from facestats.errors import DataError
from facestats.training.augmentation import augment, blend
from facestats.training.examples import Examples
from facestats.training.loop import BatchLoss, Forward, Lessons, Running, train, weights_checksum
from facestats.training.networks import PIXEL_MEAN, PIXEL_STD, create_network
from facestats.training.recipes import Recipe
from facestats.training.targets import further_loss, target_loss, teacher_loss
from facestats.training.transfer import measure_statistics, take_over
from facestats.types import Float32, Int64, UInt8

#: The output for further properties of faces, which only trains.
FURTHER = "further"


def new_network(recipe: Recipe, n_further: int = 0) -> nn.Module:
    """Return the network of a recipe with fresh, seeded weights; the global random state stays as it was.

    Parameters
    ----------
    recipe : Recipe
    n_further : int
        How many further properties it learns: an output more, :data:`FURTHER`.

    Examples
    --------
    >>> sorted(new_network(Recipe(("gender",))).heads)
    ['gender']
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        channels = 1 if recipe.input_color == "gray" else 3
        outputs = {name: len(NETWORK_CLASSES[name]) for name in recipe.attributes}
        return create_network(recipe.network, channels, outputs | ({FURTHER: n_further} if n_further else {}))


def fit(
    examples: Examples,
    recipe: Recipe,
    *,
    start: Mapping[str, torch.Tensor] | None = None,
    about: Mapping[str, str] | None = None,
    **running: Unpack[Running],
) -> nn.Module:
    """Train a network.

    Parameters
    ----------
    examples : Examples
        What to learn from. Where they hold what teachers said, that counts ``recipe.teacher_share`` of each
        attribute's loss.
    recipe : Recipe
        How.
    start : mapping of str to torch.Tensor, optional
        Weights to go on from, see :func:`facestats.training.transfer.take_over`.
    about : mapping of str to str, optional
        What else tells this training from others; hashes of its teachers, whose logits are not compared.
    **running
        See :class:`facestats.training.loop.Running`.

    Returns
    -------
    torch.nn.Module
        See :func:`facestats.training.loop.train`, as for further errors.

    Raises
    ------
    DataError
        If an attribute has fewer than two faces with a label.
    ModelError
        If ``start`` does not fit the network.

    Examples
    --------
    >>> network = fit(examples, Recipe(("gender",), epochs=1))  # doctest: +SKIP
    """
    for name in recipe.attributes:
        if np.count_nonzero(examples.weights[name]) < 2:
            n = np.count_nonzero(examples.weights[name])
            raise DataError(f"{n} faces with a label cannot train a network for {name}")
    n_further = 0 if examples.further is None else examples.further.shape[1]
    network = new_network(recipe, n_further)
    identity = {"faces": _checksum(examples), **(about or {})}
    if start is not None:
        take_over(network, start)
        measure_statistics(network, _scaled(torch.from_numpy(examples.planes[:_FOR_STATISTICS]).float()))
        identity["start"] = weights_checksum(start)
    trained = train(network, lessons_of(examples, recipe), recipe, identity=identity, **running)
    if n_further:
        del trained.heads[FURTHER]
    return trained


def _scaled(faces: torch.Tensor) -> torch.Tensor:
    return (faces - PIXEL_MEAN) / PIXEL_STD


# Faces by which batch normalisation without statistics is measured.
_FOR_STATISTICS = 256

Batch = tuple[Int64, torch.Tensor, torch.Tensor, float]


def lessons_of(examples: Examples, recipe: Recipe) -> Lessons[Batch]:
    """Return batches of faces and what they are worth, a round an epoch.

    Parameters
    ----------
    examples : Examples
    recipe : Recipe

    Examples
    --------
    >>> lessons_of(examples, Recipe(("gender",), epochs=3)).steps  # doctest: +SKIP
    1500
    """
    n, size = len(examples), recipe.batch_size
    # A last batch of one row would break the batch normalisation.
    a_round = math.ceil(n / size) - (n % size == 1)
    labelled = {name: np.count_nonzero(examples.weights[name]) / n for name in recipe.attributes}

    def batches(first: int) -> Iterator[Batch]:
        for epoch in range(first // a_round, recipe.epochs):
            generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + epoch)
            order = torch.randperm(n, generator=generator)
            for rows in order.split(size)[:a_round]:
                faces = augment(
                    torch.from_numpy(examples.planes[rows.numpy()]).float(), generator, kind=recipe.augmentation
                )
                faces, others, share = blend(faces, generator, recipe.mixup)
                yield rows.numpy(), _scaled(faces), others, share

    def losses(forward: Forward, batch: Batch) -> BatchLoss:
        return _batch_loss(forward, batch, examples, recipe, labelled)

    # PyTorch 2.13 crashes on some processors in the backward pass of depthwise convolutions with channels last.
    channels_last = recipe.network != "mini_xception"
    return Lessons(batches, losses, recipe.epochs * a_round, a_round, channels_last=channels_last)


def _batch_loss(
    forward: Forward, batch: Batch, examples: Examples, recipe: Recipe, labelled: Mapping[str, float]
) -> BatchLoss:
    rows, pictures, others, share = batch
    outputs = forward(pictures)
    total, parts = 0.0, {}
    for name in recipe.attributes:
        logits = outputs[name].float()
        device = logits.device
        targets = torch.from_numpy(examples.targets[name][rows]).to(device)
        counts = torch.from_numpy(examples.weights[name][rows]).to(device)
        other = others.to(device)
        summed = share * counts * target_loss(name, logits, targets)
        if share < 1:
            # The loss of a blend is the blend of the losses, which also holds where a target is no distribution.
            summed = summed + (1 - share) * counts[other] * target_loss(name, logits, targets[other])
        parts[name] = float(summed.detach().sum()), int(counts.count_nonzero())
        # By the labels to be expected in a batch, so that every label counts alike, however few there are.
        loss = summed.sum() / (labelled[name] * len(rows))
        if name in examples.taught:
            taught = torch.from_numpy(examples.taught[name][rows]).to(device)
            lesson = share * teacher_loss(logits, taught, recipe.teacher_temperature)
            if share < 1:
                lesson = lesson + (1 - share) * teacher_loss(logits, taught[other], recipe.teacher_temperature)
            loss = (1 - recipe.teacher_share) * loss + recipe.teacher_share * lesson.mean()
        total = total + recipe.emphasis.get(name, 1.0) * loss
    if examples.further is not None:
        logits = outputs[FURTHER].float()
        truth = torch.from_numpy(examples.further[rows]).to(logits.device)
        other = others.to(logits.device)
        summed = share * further_loss(logits, truth)
        if share < 1:
            summed = summed + (1 - share) * further_loss(logits, truth[other])
        n_known = float(np.isfinite(examples.further).any(axis=1).mean()) * len(rows)
        total = total + recipe.further * summed.sum() / max(n_known, 1e-9)
    return BatchLoss(total, parts)


def flatten(network: nn.Module, examples: Examples, share: float) -> None:
    """Take out of a network's last layer, in place, how often the training faces have each class; not for age.

    Parameters
    ----------
    network : torch.nn.Module
    examples : Examples
        What it learned from.
    share : float
        See ``flattened`` of :class:`facestats.training.recipes.Recipe`.

    Examples
    --------
    >>> flatten(network, examples, 0.5)  # doctest: +SKIP
    """
    for name, targets in examples.targets.items():
        if name == "age" or share == 0:
            continue
        often = np.average(targets, axis=0, weights=examples.weights[name]).clip(1e-4)
        with torch.no_grad():
            network.heads[name].bias -= torch.from_numpy(share * np.log(often)).float()


def _checksum(examples: Examples) -> int:
    checksum = zlib.crc32(examples.planes)
    if examples.further is not None:
        checksum = zlib.crc32(examples.further, checksum)
    for name in sorted(examples.targets):
        checksum = zlib.crc32(examples.targets[name], zlib.crc32(examples.weights[name], checksum))
    return checksum


def network_logits(network: nn.Module, crops: UInt8, input_color: str, *, batch_size: int = 256) -> dict[str, Float32]:
    """Return the logits of a network's outputs for crops, float32 (N, K) each; the network is in evaluation mode.

    Parameters
    ----------
    network : torch.nn.Module
    crops : numpy.ndarray
        uint8 (N, S, S, 3), RGB.
    input_color : str
        ``"gray"`` or ``"rgb"``.
    batch_size : int
        Faces at a time.

    Examples
    --------
    >>> network = new_network(Recipe(("gender",)))
    >>> network_logits(network, np.zeros((3, 48, 48, 3), np.uint8), "rgb")["gender"].shape
    (3, 2)
    """
    network.eval()
    device = next(network.parameters()).device
    logits: dict[str, list[Float32]] = {}
    with torch.inference_mode():
        for start in range(0, len(crops), batch_size):
            planes = torch.from_numpy(color_planes(crops[start : start + batch_size], input_color)).to(device)
            for name, output in network((planes.float() - PIXEL_MEAN) / PIXEL_STD).items():
                logits.setdefault(name, []).append(output.cpu().numpy())
    return {name: np.concatenate(parts) for name, parts in logits.items()}
