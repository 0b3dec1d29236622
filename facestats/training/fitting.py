"""The training loop: seeded, with a checkpoint after each epoch, from which it goes on after an interruption."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from facestats.classify.onnx import color_planes
from facestats.errors import DataError, DeviceError
from facestats.training.augmentation import augment
from facestats.training.datasets import NETWORK_CLASSES, FaceData
from facestats.training.networks import create_network
from facestats.training.targets import sample_weights, target_loss, training_targets
from facestats.training.torchfile import load_checkpoint, save_checkpoint
from facestats.types import Float32, UInt8

#: Pixels in [0, 255] are fed to the networks as ``(pixel - PIXEL_MEAN) / PIXEL_STD``.
PIXEL_MEAN = 127.5
PIXEL_STD = 127.5


@dataclass(frozen=True)
class Recipe:
    """Everything, besides the data, that decides what comes out of a training.

    Attributes
    ----------
    network : str
        A key of :data:`facestats.training.networks.NETWORKS`.
    input_color : str
        ``"gray"`` or ``"rgb"``.
    epochs : int
        Passes over the data.
    batch_size : int
        Faces per step.
    learning_rate : float
        Its peak; it rises over the first twentieth of the steps and falls along a cosine.
    weight_decay : float
        AdamW's.
    seed : int
        Of the weights, the order and the augmentation.
    """

    network: str = "mini_xception"
    input_color: str = "rgb"
    epochs: int = 20
    batch_size: int = 64
    learning_rate: float = 4e-3
    weight_decay: float = 1e-2
    seed: int = 0


#: What each attribute is trained with unless told otherwise.
DEFAULT_RECIPES: Mapping[str, Recipe] = {
    "expression": Recipe(input_color="gray", epochs=24),
    "gender": Recipe(epochs=14),
    "age": Recipe(epochs=7),
    "makeup": Recipe(epochs=14),
}


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


def new_network(attribute: str, recipe: Recipe) -> nn.Module:
    """Return the network of a recipe with fresh, seeded weights; the global random state stays as it was.

    Examples
    --------
    >>> sorted(new_network("gender", Recipe()).heads)
    ['gender']
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        channels = 1 if recipe.input_color == "gray" else 3
        return create_network(recipe.network, channels, {attribute: len(NETWORK_CLASSES[attribute])})


def fit(
    faces: FaceData,
    recipe: Recipe,
    *,
    validation: FaceData | None = None,
    checkpoint: Path | None = None,
    device: str = "cpu",
    progress: bool = False,
) -> nn.Module:
    """Train a network for the attribute of ``faces``.

    Parameters
    ----------
    faces : FaceData
        What to learn from.
    recipe : Recipe
        How.
    validation : FaceData, optional
        Faces whose loss the progress bar shows; nothing is chosen by it.
    checkpoint : pathlib.Path, optional
        A file written after each epoch, from which the same training goes on. It holds tensors and numbers only.
    device : str
        ``"cpu"`` or ``"cuda"``.
    progress : bool
        Whether to show a progress bar on stderr.

    Returns
    -------
    torch.nn.Module
        In evaluation mode, on the CPU.

    Raises
    ------
    DeviceError
        If the device is absent.
    DataError
        If fewer than two faces count.
    OutputError
        If the checkpoint cannot be written, or belongs to another training.

    Examples
    --------
    >>> network = fit(faces, Recipe(epochs=1))  # doctest: +SKIP
    """
    target = torch_device(device)
    weights = sample_weights(faces)
    used = np.flatnonzero(weights)
    if len(used) < 2:
        raise DataError(f"{len(used)} faces cannot train a network for {faces.attribute}")
    planes = torch.from_numpy(color_planes(faces.crops[used], recipe.input_color)).to(target)
    targets = torch.from_numpy(training_targets(faces)[used]).to(target)
    counts = torch.from_numpy(weights[used]).to(target)

    network = new_network(faces.attribute, recipe).to(target)
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    steps = math.ceil(len(used) / recipe.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.learning_rate, total_steps=max(2, recipe.epochs * steps), pct_start=0.05, cycle_momentum=False
    )
    data = zlib.crc32(targets.cpu().numpy(), zlib.crc32(planes.cpu().numpy()))
    identity = {**asdict(recipe), "attribute": faces.attribute, "data": data}
    parts = {"network": network, "optimizer": optimizer, "schedule": schedule}
    first = load_checkpoint(checkpoint, identity, parts) if checkpoint else 0
    for epoch in range(first, recipe.epochs):
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + epoch)
        order = torch.randperm(len(used), generator=generator)
        # A last batch of one row would break the batch normalisation.
        batches = [batch for batch in order.split(recipe.batch_size) if len(batch) > 1]
        network.train()
        total = 0.0
        bar = tqdm(batches, desc=f"epoch {epoch + 1}/{recipe.epochs}", unit="batch", disable=not progress)
        for step, batch in enumerate(bar, start=1):
            rows = batch.to(target)
            pixels = augment(planes[rows].float(), generator)
            logits = network((pixels - PIXEL_MEAN) / PIXEL_STD)[faces.attribute]
            loss = (target_loss(faces.attribute, logits, targets[rows]) * counts[rows]).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
            if step < len(batches):
                bar.set_postfix(loss=f"{total / step:.3f}", refresh=False)
            elif validation is not None:
                seen = network_logits(network, validation.crops, recipe.input_color)
                losses = target_loss(
                    faces.attribute, torch.from_numpy(seen), torch.from_numpy(training_targets(validation))
                )
                bar.set_postfix(loss=f"{total / step:.3f}", validation_loss=f"{float(losses.mean()):.3f}")
        if checkpoint:
            save_checkpoint(checkpoint, identity, epoch + 1, parts)
    return network.eval().cpu()


def network_logits(network: nn.Module, crops: UInt8, input_color: str, *, batch_size: int = 256) -> Float32:
    """Return the logits of a network's only output for crops, float32 (N, K); leaves it in evaluation mode.

    Parameters
    ----------
    network : torch.nn.Module
        With one output.
    crops : numpy.ndarray
        uint8 (N, S, S, 3), RGB.
    input_color : str
        ``"gray"`` or ``"rgb"``.
    batch_size : int
        Faces at a time.

    Examples
    --------
    >>> network = new_network("gender", Recipe())
    >>> network_logits(network, np.zeros((3, 48, 48, 3), np.uint8), "rgb").shape
    (3, 2)
    """
    network.eval()
    device = next(network.parameters()).device
    logits = []
    with torch.inference_mode():
        for start in range(0, len(crops), batch_size):
            planes = torch.from_numpy(color_planes(crops[start : start + batch_size], input_color)).to(device)
            (output,) = network((planes.float() - PIXEL_MEAN) / PIXEL_STD).values()
            logits.append(output.cpu().numpy())
    return np.concatenate(logits)
