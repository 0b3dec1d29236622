"""The training loop: seeded, with a checkpoint after each epoch, from which it goes on after an interruption."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from facestats.classify.onnx import color_planes
from facestats.datasets.labelled import NETWORK_CLASSES
from facestats.errors import DataError, DeviceError, ModelError
from facestats.training.augmentation import augment, blend
from facestats.training.examples import Examples
from facestats.training.networks import PIXEL_MEAN, PIXEL_STD, create_network
from facestats.training.recipes import Recipe
from facestats.training.schedule import rate_share
from facestats.training.targets import target_loss, teacher_loss
from facestats.training.torchfile import load_checkpoint, save_checkpoint
from facestats.training.transfer import take_over
from facestats.types import Float32, UInt8


def torch_device(name: str) -> torch.device:
    """Return a device by name.

    Raises
    ------
    DeviceError
        If ``name`` is neither ``"cpu"`` nor ``"cuda"``, or PyTorch finds no GPU.

    Examples
    --------
    >>> torch_device("cpu")
    device(type='cpu')
    """
    if name not in ("cpu", "cuda"):
        raise DeviceError(f"unknown device {name!r}: use cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise DeviceError("--device cuda needs an NVIDIA GPU and a CUDA build of PyTorch: use --device cpu")
    return torch.device(name)


def new_network(recipe: Recipe) -> nn.Module:
    """Return the network of a recipe with fresh, seeded weights; the global random state stays as it was.

    Examples
    --------
    >>> sorted(new_network(Recipe(("gender",))).heads)
    ['gender']
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        channels = 1 if recipe.input_color == "gray" else 3
        return create_network(
            recipe.network, channels, {name: len(NETWORK_CLASSES[name]) for name in recipe.attributes}
        )


def fit(
    examples: Examples,
    recipe: Recipe,
    *,
    start: Mapping[str, torch.Tensor] | None = None,
    about: Mapping[str, str] | None = None,
    on_epoch: Callable[[int, nn.Module, Mapping[str, float]], None] | None = None,
    checkpoint: Path | None = None,
    device: str = "cpu",
    progress: bool = False,
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
    on_epoch : callable, optional
        Called after each epoch with its number, from 1, the averaged network in evaluation mode, and the mean loss of
        each attribute, held against the labels alone.
    checkpoint : pathlib.Path, optional
        A file written after each epoch, from which the same training goes on. It holds tensors and numbers only.
    device : str
        ``"cpu"`` or ``"cuda"``.
    progress : bool
        Whether to show a progress bar on stderr.

    Returns
    -------
    torch.nn.Module
        The averaged network in evaluation mode, on the CPU.

    Raises
    ------
    DeviceError
        If the device is absent.
    DataError
        If an attribute has fewer than two faces with a label.
    ModelError
        If ``start`` does not fit the network, or the loss is no longer finite.
    OutputError
        If the checkpoint cannot be written, or belongs to another training.

    Examples
    --------
    >>> network = fit(examples, Recipe(("gender",), epochs=1))  # doctest: +SKIP
    """
    target = torch_device(device)
    for name in recipe.attributes:
        if np.count_nonzero(examples.weights[name]) < 2:
            n = np.count_nonzero(examples.weights[name])
            raise DataError(f"{n} faces with a label cannot train a network for {name}")
    labelled = {name: np.count_nonzero(examples.weights[name]) / len(examples) for name in recipe.attributes}
    network = new_network(recipe)
    identity = {**asdict(recipe), "attributes": list(recipe.attributes), "data": _checksum(examples), **(about or {})}
    if start is not None:
        take_over(network, start)
        identity["start"] = zlib.crc32(b"".join(start[name].contiguous().numpy().tobytes() for name in sorted(start)))
    network = network.to(target, memory_format=torch.channels_last)
    averaged = AveragedModel(network, multi_avg_fn=_moving_average(recipe.average), use_buffers=True)
    optimizer = torch.optim.AdamW(_decayed_apart(network, recipe.weight_decay), lr=recipe.learning_rate)
    steps = recipe.epochs * math.ceil(len(examples) / recipe.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_share(step, steps))
    parts = {"network": network, "averaged": averaged, "optimizer": optimizer, "schedule": schedule}
    first = load_checkpoint(checkpoint, identity, parts) if checkpoint else 0
    for epoch in range(first, recipe.epochs):
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + epoch)
        order = torch.randperm(len(examples), generator=generator)
        # A last batch of one row would break the batch normalisation.
        batches = [batch for batch in order.split(recipe.batch_size) if len(batch) > 1]
        network.train()
        totals, counts = dict.fromkeys(recipe.attributes, 0.0), dict.fromkeys(recipe.attributes, 1e-9)
        bar = tqdm(batches, desc=f"epoch {epoch + 1}/{recipe.epochs}", unit="batch", disable=not progress)
        # Dropout draws from the global state, which stays as it was.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed * 1_000_003 + epoch)
            for batch in bar:
                losses, lessons = _summed_losses(network, examples, batch, recipe, generator, target)
                optimizer.zero_grad()
                total = torch.zeros((), device=target)
                for name, (loss, _) in losses.items():
                    # By the labels to be expected in a batch, so that every label counts alike, however few there are.
                    loss = loss / (labelled[name] * len(batch))
                    if name in lessons:
                        share = recipe.teacher_share
                        loss = (1 - share) * loss + share * lessons[name] / len(batch)
                    total = total + recipe.emphasis.get(name, 1.0) * loss
                total.backward()
                optimizer.step()
                schedule.step()
                averaged.update_parameters(network)
                for name, (loss, n) in losses.items():
                    totals[name] += float(loss.detach())
                    counts[name] += n
                means = {name: totals[name] / counts[name] for name in totals}
                bar.set_postfix({name: f"{mean:.3f}" for name, mean in means.items()}, refresh=False)
        if not all(math.isfinite(mean) for mean in means.values()):
            raise ModelError(f"the loss of epoch {epoch + 1} is not finite: train with a lower learning rate")
        if checkpoint:
            save_checkpoint(checkpoint, identity, epoch + 1, parts)
        if on_epoch is not None:
            on_epoch(epoch + 1, averaged.module.eval(), means)
    return averaged.module.eval().cpu()


def _summed_losses(
    network: nn.Module,
    examples: Examples,
    batch: torch.Tensor,
    recipe: Recipe,
    generator: torch.Generator,
    target: torch.device,
) -> tuple[dict[str, tuple[torch.Tensor, int]], dict[str, torch.Tensor]]:
    """Return two losses of each attribute, each summed over the faces of a batch.

    The first is held against the labels, and comes with their number; the second against what teachers said.
    """
    rows = batch.numpy()
    faces = augment(torch.from_numpy(examples.planes[rows]).float(), generator)
    faces, others, share = blend(faces, generator, recipe.mixup)
    pixels = ((faces - PIXEL_MEAN) / PIXEL_STD).to(target, memory_format=torch.channels_last)
    with torch.autocast(target.type, torch.bfloat16, enabled=recipe.bfloat16):
        outputs = network(pixels)
    losses, lessons = {}, {}
    for name in recipe.attributes:
        logits = outputs[name].float()
        targets = torch.from_numpy(examples.targets[name][rows]).to(target)
        counts = torch.from_numpy(examples.weights[name][rows]).to(target)
        summed = share * counts * target_loss(name, logits, targets)
        if share < 1:
            # The loss of a blend is the blend of the losses, which also holds where a target is no distribution.
            other = others.to(target)
            summed = summed + (1 - share) * counts[other] * target_loss(name, logits, targets[other])
        losses[name] = summed.sum(), int(counts.count_nonzero())
        if name in examples.taught:
            taught = torch.from_numpy(examples.taught[name][rows]).to(target)
            summed = share * teacher_loss(logits, taught, recipe.teacher_temperature)
            if share < 1:
                summed = summed + (1 - share) * teacher_loss(logits, taught[other], recipe.teacher_temperature)
            lessons[name] = summed.sum()
    return losses, lessons


def _moving_average(decay: float) -> Callable[[Any, Any, torch.Tensor], None]:
    """Return what averages weights; it forgets faster at first, so that short trainings keep little of their start."""

    def update(averaged: Any, current: Any, n: torch.Tensor) -> None:
        get_ema_multi_avg_fn(min(decay, (1 + int(n)) / (10 + int(n))))(averaged, current, n)

    return update


def _decayed_apart(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return the weights in two groups: biases and those of batch normalisation do not decay."""
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    return [
        {"params": [weight for weight in weights if weight.ndim > 1], "weight_decay": weight_decay},
        {"params": [weight for weight in weights if weight.ndim <= 1], "weight_decay": 0.0},
    ]


def _checksum(examples: Examples) -> int:
    checksum = zlib.crc32(examples.planes)
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
