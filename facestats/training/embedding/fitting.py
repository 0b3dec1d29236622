"""Training the embedding: what the teacher makes of each face, and how near its neighbours are, as targets."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Unpack

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from facestats._util.threads import read_ahead
from facestats.classify.onnx import color_planes
from facestats.errors import DataError
from facestats.training.augmentation import augment
from facestats.training.embedding.gathering import TaughtFaces
from facestats.training.embedding.network import EmbeddingNet
from facestats.training.loop import BatchLoss, Forward, Lessons, Running, train, weights_checksum
from facestats.training.networks import PIXEL_MEAN, PIXEL_STD
from facestats.training.recipes import EmbeddingRecipe
from facestats.types import Float32, Int64, UInt8

# A face is pulled so far towards the mean of its person's faces.
_PERSON_SHARE = 0.4

_AHEAD = 4  # batches that are made while the network learns

_OTHERS = 2_048  # faces drawn at random that each batch is compared with, beside its neighbours


Batch = tuple[Int64, torch.Tensor, Int64]


@dataclass(frozen=True)
class Targets:
    """What is to be learned of each face.

    Attributes
    ----------
    embeddings : numpy.ndarray
        float32 (N, 128), unit length.
    neighbors : numpy.ndarray
        int64 (N, K): the nearest other faces by these embeddings.
    """

    embeddings: Float32 = field(repr=False)
    neighbors: Int64 = field(repr=False)


def targets_of(faces: TaughtFaces, recipe: EmbeddingRecipe) -> Targets:
    """Return the teacher's embeddings around their mean, each pulled towards the mean of its person's faces.

    What all faces share says nothing, and takes nine tenths of the length of dlib's embeddings.

    Raises
    ------
    DataError
        If there are fewer faces than neighbours to be compared with.

    Examples
    --------
    >>> import pandas as pd
    >>> taught = np.random.default_rng(0).normal(size=(9, 128)).astype(np.float32)
    >>> faces = TaughtFaces(np.zeros((9, 64, 64, 3), np.uint8), taught, pd.DataFrame({"person": [None] * 9}))
    >>> targets_of(faces, EmbeddingRecipe(neighbors=2)).neighbors.shape
    (9, 2)
    """
    if len(faces) <= recipe.neighbors:
        raise DataError(f"{len(faces)} faces cannot train an embedding that compares each with {recipe.neighbors}")
    embeddings = _unit(faces.taught - faces.taught.mean(axis=0))
    for rows in faces.table.groupby("person").indices.values():
        mean = _unit(embeddings[rows].mean(axis=0, keepdims=True))
        embeddings[rows] = _unit((1 - _PERSON_SHARE) * embeddings[rows] + _PERSON_SHARE * mean)
    everyone = torch.from_numpy(embeddings)
    nearest = []
    for start in range(0, len(embeddings), 1_024):
        likeness = everyone[start : start + 1_024] @ everyone.T
        own = torch.arange(len(likeness))
        likeness[own, start + own] = -1
        nearest.append(likeness.topk(recipe.neighbors, dim=1).indices)
    return Targets(embeddings, torch.cat(nearest).numpy())


def _unit(vectors: Float32) -> Float32:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def new_network(recipe: EmbeddingRecipe, start: Mapping[str, torch.Tensor]) -> EmbeddingNet:
    """Return the network of a recipe, with the lower half of another and a fresh, seeded last layer.

    Raises
    ------
    ModelError
        If ``start`` is of another kind of network.

    Examples
    --------
    >>> from facestats.training.networks import ResidualNet
    >>> network = new_network(EmbeddingRecipe(), ResidualNet(3, {"gender": 2}).state_dict())
    >>> network.stem[0].weight.requires_grad
    False
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        network = EmbeddingNet(3, recipe.input_size)
    network.take_trunk(start)
    network.hold(recipe.held_blocks)
    return network


def fit_embedding(
    faces: TaughtFaces,
    recipe: EmbeddingRecipe,
    *,
    start: Mapping[str, torch.Tensor],
    about: Mapping[str, str] | None = None,
    **running: Unpack[Running],
) -> nn.Module:
    """Train the embedding: the last layer at once, by least squares, then all that is not held.

    Parameters
    ----------
    faces : TaughtFaces
        What to learn from.
    recipe : EmbeddingRecipe
        How.
    start : mapping of str to torch.Tensor
        Weights of the residual network whose lower half is gone on from.
    about : mapping of str to str, optional
        What else tells this training from others.
    **running
        See :class:`facestats.training.loop.Running`.

    Returns
    -------
    torch.nn.Module
        See :func:`facestats.training.loop.train`, as for further errors.

    Raises
    ------
    DataError
        See :func:`targets_of`.

    Examples
    --------
    >>> fit_embedding(faces, EmbeddingRecipe(epochs=1), start=weights)  # doctest: +SKIP
    """
    network = new_network(recipe, start)
    targets = targets_of(faces, recipe)
    lessons = lessons_of(faces.crops, targets, recipe)
    checkpoint = running.get("checkpoint")
    if checkpoint is None or not checkpoint.is_file():
        fit_last_layer(network, lessons, targets, recipe)
    faces_sum = zlib.crc32(faces.taught, zlib.crc32(faces.crops))
    identity = {"faces": faces_sum, "start": weights_checksum(start), **(about or {})}
    return train(network, lessons, recipe, identity=identity, **running)


def fit_last_layer(network: EmbeddingNet, lessons: Lessons[Batch], targets: Targets, recipe: EmbeddingRecipe) -> None:
    """Set the last layer, in place, to what comes nearest to the targets of the first round's changed faces.

    Examples
    --------
    >>> fit_last_layer(network, lessons, targets, EmbeddingRecipe())  # doctest: +SKIP
    """
    network.eval()
    features, wanted = [], []
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=recipe.bfloat16):
        for rows, pictures, _ in islice(lessons.batches(0), lessons.round_steps):
            features.append(network.features(pictures.contiguous(memory_format=torch.channels_last)).float())
            wanted.append(torch.from_numpy(targets.embeddings[rows]))
    network.fit_projection(torch.cat(features), torch.cat(wanted), decay=recipe.decay)


def lessons_of(crops: UInt8, targets: Targets, recipe: EmbeddingRecipe) -> Lessons[Batch]:
    """Return batches of faces and what they are worth, a round an epoch.

    Examples
    --------
    >>> lessons_of(crops, targets, EmbeddingRecipe(epochs=3)).round_name  # doctest: +SKIP
    'epoch'
    """
    n, size = len(crops), recipe.batch_size
    a_round = math.ceil(n / size) - (n % size == 1)  # a last batch of one would break the batch normalisation
    taught = torch.from_numpy(targets.embeddings)

    def batches(first: int) -> Iterator[Batch]:
        for epoch in range(first // a_round, recipe.epochs):
            generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + epoch)
            order = torch.randperm(n, generator=generator)
            for rows in order.split(size)[:a_round]:
                faces = torch.from_numpy(color_planes(crops[rows.numpy()], "rgb")).float()
                faces = augment(faces, generator, kind="identity")
                others = torch.randint(n, (min(_OTHERS, n),), generator=generator)
                compared = torch.cat([torch.from_numpy(targets.neighbors[rows.numpy()].ravel()), others]).unique()
                yield rows.numpy(), (faces - PIXEL_MEAN) / PIXEL_STD, compared.numpy()

    def prepared(first: int) -> Iterator[Batch]:
        return read_ahead(batches(first), _AHEAD)

    def losses(forward: Forward, batch: Batch) -> BatchLoss:
        rows, pictures, compared = batch
        made = forward(pictures).float()
        wanted, around = taught[rows].to(made.device), taught[compared].to(made.device)
        itself = torch.from_numpy(rows[:, None] == compared[None, :]).to(made.device)
        away = (1 - (made * wanted).sum(dim=1)).mean()
        apart = _neighbor_loss(made @ around.T, wanted @ around.T, itself, recipe.likeness_temperature)
        total = (1 - recipe.neighbor_share) * away + recipe.neighbor_share * apart
        parts = {"distance": away, "neighbors": apart}
        return BatchLoss(total, {name: (float(of.detach()) * len(rows), len(rows)) for name, of in parts.items()})

    return Lessons(prepared, losses, recipe.epochs * a_round, a_round)


def _neighbor_loss(made: torch.Tensor, wanted: torch.Tensor, itself: torch.Tensor, temperature: float) -> torch.Tensor:
    """Return how far the shares of likeness to other faces are from those of the teacher (their divergence)."""
    made, wanted = (likeness.masked_fill(itself, -1.0) / temperature for likeness in (made, wanted))
    return functional.kl_div(
        functional.log_softmax(made, dim=1),
        functional.log_softmax(wanted, dim=1),
        reduction="batchmean",
        log_target=True,
    )


def network_embeddings(network: nn.Module, crops: UInt8, *, batch_size: int = 256) -> Float32:
    """Return a network's embeddings of crops, float32 (N, 128); the network is in evaluation mode.

    Parameters
    ----------
    network : torch.nn.Module
    crops : numpy.ndarray
        uint8 (N, S, S, 3), RGB.
    batch_size : int
        Faces at a time.

    Examples
    --------
    >>> network_embeddings(EmbeddingNet(3, 64), np.zeros((3, 64, 64, 3), np.uint8)).shape
    (3, 128)
    """
    network.eval()
    device = next(network.parameters()).device
    parts = []
    with torch.inference_mode():
        for start in range(0, len(crops), batch_size):
            planes = torch.from_numpy(color_planes(crops[start : start + batch_size], "rgb")).to(device)
            parts.append(network((planes.float() - PIXEL_MEAN) / PIXEL_STD).cpu().numpy())
    return np.concatenate(parts)
