"""The training loop of the detector: seeded, with checkpoints from which it goes on after an interruption."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from facestats.errors import DataError
from facestats.threads import opencv_threads, usable_cores
from facestats.training.detector.network import FastDetector, normalized
from facestats.training.detector.scenes import Material, make_scene
from facestats.training.detector.targets import Assignment, Scene, assign, cell_grid, detection_loss
from facestats.training.fitting import torch_device
from facestats.training.schedule import rate_share
from facestats.training.torchfile import load_checkpoint, save_checkpoint
from facestats.types import UInt8

_LARGEST_GRADIENT = 10.0

# Pixels from which pictures lie in memory with their channels together: 1.7 times as fast on an EPYC of 2021.
# PyTorch 2.13 crashed going backward through pictures of 64 and 72 pixels that do.
_CHANNELS_LAST_FROM = 128


@dataclass(frozen=True)
class DetectorRecipe:
    """Everything, besides the data, that decides what comes out of a training.

    Attributes
    ----------
    steps : int
        Batches that are learned from; no picture comes twice.
    batch_size : int
        Pictures per step.
    side : int
        Their width and height in pixels, a multiple of 32.
    learning_rate : float
        Its peak; it rises over the first thirtieth of the steps and falls along a cosine.
    weight_decay : float
        AdamW's.
    average : float
        Decay of the moving average of the weights, which is what is kept.
    bfloat16 : bool
        Whether the network computes in 16 bits while it trains; weights and loss stay in 32. Only quick on processors
        that have it.
    seed : int
        Of the weights and the pictures.
    """

    steps: int = 24_000
    batch_size: int = 16
    side: int = 320
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    average: float = 0.999
    bfloat16: bool = False
    seed: int = 0


#: Steps between two checkpoints.
CHECKPOINT_STEPS = 250


class _Batches(Dataset):
    """Batch number ``i`` of a training, made from nothing but the recipe's seed and ``i``."""

    def __init__(self, material: Material, recipe: DetectorRecipe) -> None:
        self.material = material
        self.recipe = recipe

    def __getitem__(self, index: int) -> tuple[UInt8, Assignment]:
        pictures: list[tuple[UInt8, Scene]] = []
        for row in range(self.recipe.batch_size):
            rng = np.random.default_rng((self.recipe.seed, index, row))
            pictures.append(make_scene(self.material, self.recipe.side, rng))
        pixels = np.stack([image for image, _ in pictures]).transpose(0, 3, 1, 2)
        assignment = assign([scene for _, scene in pictures], self.recipe.side, self.recipe.side)
        return np.ascontiguousarray(pixels), assignment


def _batches(material: Material, recipe: DetectorRecipe, first: int) -> Iterator[tuple[UInt8, Assignment]]:
    # A process forked from one whose OpenCV has threads waits for them for ever: here it has none.
    with opencv_threads(1):
        yield from DataLoader(
            _Batches(material, recipe),
            batch_size=None,
            sampler=range(first, recipe.steps),
            num_workers=usable_cores(),
            collate_fn=_as_it_is,  # the default would turn arrays into tensors one by one
        )


def _as_it_is(batch: tuple[UInt8, Assignment]) -> tuple[UInt8, Assignment]:
    return batch


def new_detector(seed: int) -> FastDetector:
    """Return the network with fresh, seeded weights; the global random state stays as it was.

    Examples
    --------
    >>> torch.equal(new_detector(1).narrow.weight, new_detector(1).narrow.weight)
    True
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return FastDetector()


def fit_detector(
    material: Material,
    recipe: DetectorRecipe,
    *,
    start: FastDetector | None = None,
    checkpoint: Path | None = None,
    device: str = "cpu",
    progress: bool = False,
) -> nn.Module:
    """Train the detector.

    Parameters
    ----------
    material : Material
        What training pictures are made of.
    recipe : DetectorRecipe
        How.
    start : FastDetector, optional
        Network whose weights the training goes on from, by default fresh ones; changed.
    checkpoint : pathlib.Path, optional
        A file written every :data:`CHECKPOINT_STEPS` steps, from which the same training goes on. It holds tensors and
        numbers only.
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
        If there is nothing to learn from.
    OutputError
        If the checkpoint cannot be written, or belongs to another training.

    Examples
    --------
    >>> network = fit_detector(material, DetectorRecipe(steps=10))  # doctest: +SKIP
    """
    target = torch_device(device)
    if not material.photos and not (material.faces and material.rooms):
        raise DataError("there is no face to learn from: give photos with faces, or faces to paste and photos of rooms")
    network = start or new_detector(recipe.seed)
    identity = {**asdict(recipe), "material": _describe(material)}
    if start is not None:
        identity["start"] = zlib.crc32(b"".join(weight.numpy().tobytes() for weight in network.state_dict().values()))
    network = network.to(target)
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(recipe.average), use_buffers=True)
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_share(step, recipe.steps))
    parts = {"network": network, "averaged": averaged, "optimizer": optimizer, "schedule": schedule}
    first = load_checkpoint(checkpoint, identity, parts) if checkpoint else 0
    centres, strides = (torch.from_numpy(part).to(target) for part in cell_grid(recipe.side, recipe.side))
    network.train()
    layout = torch.channels_last if recipe.side >= _CHANNELS_LAST_FROM else torch.contiguous_format
    network.to(memory_format=layout)
    bar = tqdm(total=recipe.steps, initial=first, desc="training", unit="step", disable=not progress)
    smoothed: dict[str, float] = {}
    for step, (pixels, assignment) in enumerate(_batches(material, recipe, first), start=first + 1):
        images = normalized(torch.from_numpy(pixels).to(target)).contiguous(memory_format=layout)
        with torch.autocast(target.type, torch.bfloat16, enabled=recipe.bfloat16):
            outputs = network(images)
        losses = detection_loss(*flatten(outputs), assignment, centres, strides)
        optimizer.zero_grad()
        sum(losses.values()).backward()
        nn.utils.clip_grad_norm_(network.parameters(), _LARGEST_GRADIENT)
        optimizer.step()
        schedule.step()
        averaged.update_parameters(network)
        for name, loss in losses.items():
            smoothed[name] = 0.99 * smoothed.get(name, float(loss.detach())) + 0.01 * float(loss.detach())
        bar.update()
        if step % 50 == 0:
            bar.set_postfix({name: f"{value:.3f}" for name, value in smoothed.items()}, refresh=False)
        if checkpoint and (step % CHECKPOINT_STEPS == 0 or step == recipe.steps):
            save_checkpoint(checkpoint, identity, step, parts)
    bar.close()
    return averaged.module.eval().cpu()


def flatten(outputs: list[tuple[torch.Tensor, torch.Tensor]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the score logits (B, C) and geometry (B, C, 14) of all levels' cells, finest level first, in float32.

    Examples
    --------
    >>> scores, geometry = flatten([(torch.zeros(2, 1, 4, 6), torch.zeros(2, 14, 4, 6))])
    >>> scores.shape, geometry.shape
    (torch.Size([2, 24]), torch.Size([2, 24, 14]))
    """
    scores = torch.cat([score.flatten(1) for score, _ in outputs], dim=1)
    geometry = torch.cat([part.flatten(2) for _, part in outputs], dim=2).transpose(1, 2)
    return scores.float(), geometry.float()


def _describe(material: Material) -> list[int]:
    """Return numbers that differ when the material does."""
    sums = []
    for pictures in (material.photos, material.rooms, material.faces):
        checksum = 0
        for picture in pictures:
            for part in (picture.boxes, picture.landmarks, picture.ignored, picture.image[::8, ::8]):
                checksum = zlib.crc32(np.ascontiguousarray(part), checksum)
        sums += [len(pictures), checksum]
    if material.hard:
        sums += [len(material.hard), zlib.crc32(np.concatenate([spot.box for spot in material.hard]))]
    return sums
