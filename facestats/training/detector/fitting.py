"""Training the detector: batches of scenes that workers make, and what they are worth."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Unpack

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from facestats._util.threads import opencv_threads, usable_cores
from facestats.errors import DataError
from facestats.training.detector.network import FastDetector, normalized
from facestats.training.detector.scenes import Material, make_scene
from facestats.training.detector.targets import Assignment, Scene, assign, cell_grid, detection_loss
from facestats.training.loop import BatchLoss, Forward, Lessons, Running, train, weights_checksum
from facestats.training.recipes import DetectorRecipe
from facestats.types import UInt8

_LARGEST_GRADIENT = 10.0

# Pixels from which pictures lie in memory with their channels together: 1.7 times as fast on an EPYC of 2021.
# PyTorch 2.13 crashed going backward through pictures of 64 and 72 pixels that do.
_CHANNELS_LAST_FROM = 128

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
    about: Mapping[str, str] | None = None,
    **running: Unpack[Running],
) -> nn.Module:
    """Train the detector and return the averaged network, see :func:`facestats.training.loop.train`.

    Parameters
    ----------
    material : Material
        What training pictures are made of.
    recipe : DetectorRecipe
        How.
    start : FastDetector, optional
        Network whose weights the training goes on from, by default fresh ones; changed.
    about : mapping of str to str, optional
        What else tells this training from others, by what it is of.
    **running
        See :class:`facestats.training.loop.Running`.

    Raises
    ------
    DataError
        If there is nothing to learn from.

    Examples
    --------
    >>> network = fit_detector(material, DetectorRecipe(steps=10))  # doctest: +SKIP
    """
    if not material.photos and not (material.faces and material.rooms):
        raise DataError("there is no face to learn from: give photos with faces, or faces to paste and photos of rooms")
    network = start or new_detector(recipe.seed)
    identity = {"material": _describe(material), **(about or {})}
    if start is not None:
        identity["start"] = weights_checksum(start.state_dict())
    return train(
        network,
        lessons_of(material, recipe),
        recipe,
        identity=identity,
        **running,
    )


def lessons_of(material: Material, recipe: DetectorRecipe) -> Lessons[tuple[UInt8, Assignment]]:
    """Return batches of scenes and what they are worth.

    Examples
    --------
    >>> lessons_of(material, DetectorRecipe(steps=10)).steps  # doctest: +SKIP
    10
    """
    centres, strides = (torch.from_numpy(part) for part in cell_grid(recipe.side, recipe.side))

    def losses(forward: Forward, batch: tuple[UInt8, Assignment]) -> BatchLoss:
        pixels, assignment = batch
        scores, geometry = flatten(forward(normalized(torch.from_numpy(pixels))))
        device = scores.device
        of = detection_loss(scores, geometry, assignment, centres.to(device), strides.to(device))
        return BatchLoss(sum(of.values()), {name: (float(loss.detach()), 1) for name, loss in of.items()})

    return Lessons(
        lambda first: _batches(material, recipe, first),
        losses,
        recipe.steps,
        CHECKPOINT_STEPS,
        round_name="round",
        largest_gradient=_LARGEST_GRADIENT,
        channels_last=recipe.side >= _CHANNELS_LAST_FROM,
    )


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
