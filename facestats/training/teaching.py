"""Distillation: what a larger network makes of the training faces is learned beside their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from facestats._util.progress import bar
from facestats.classify.crops import FRAMING
from facestats.datasets.labelled import NETWORK_CLASSES
from facestats.errors import MissingInputError, ModelError
from facestats.models.cards import CARD_FILE, WEIGHTS_FILE, Card
from facestats.models.registry import Model
from facestats.training.examples import Examples
from facestats.training.export import load_weights, network_of, read_safetensors

_BATCH_SIZE = 256

# How much of a face's side a closer view cuts off on each.
_CLOSER = 0.04


def read_teacher(folder: Path, attributes: Sequence[str]) -> Model:
    """Return the model in a folder, after a look at all that could keep it from teaching.

    Parameters
    ----------
    folder : pathlib.Path
    attributes : sequence of str
        What is to be taught; the teacher must know some of it.

    Raises
    ------
    MissingInputError
        If it is not the folder of a model with ``weights.safetensors``.
    ModelError
        If the weights are not those that the card vouches for or do not fit its network, or the model knows nothing of
        the attributes, tells other classes apart, or was trained on other crops.

    Examples
    --------
    >>> from facestats._util.resources import bundled
    >>> read_teacher(bundled("models") / "expression", ["expression"]).card.attributes
    ('expression',)
    """
    for name in (CARD_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            raise MissingInputError(f"no {name} in {folder}: --teacher needs the folder of a trained model")
    model = Model(folder, Card.read(folder / CARD_FILE))
    model.verify()
    if not set(model.card.attributes) & set(attributes):
        raise ModelError(f"the teacher {folder} knows nothing of {', '.join(attributes)}")
    for head in model.card.heads:
        if tuple(head.classes) != tuple(NETWORK_CLASSES[head.attribute]):
            raise ModelError(f"the teacher {folder} has other classes of {head.attribute} than facestats trains")
    if model.card.framing not in ("", FRAMING):
        raise ModelError(f"the teacher {folder} was trained on {model.card.framing!r} crops, not on {FRAMING!r}")
    _network(model)
    return model


def _network(model: Model) -> nn.Module:
    weights = read_safetensors(model.folder / WEIGHTS_FILE)
    return load_weights(network_of(model.card), weights, str(model.folder))


def taught_by(
    examples: Examples,
    teachers: Sequence[Model],
    *,
    device: str = "cpu",
    bfloat16: bool = True,
    progress: bool = False,
) -> Examples:
    """Return examples with what teachers make of each face.

    That is the mean of their logits on four views: a face, cut a little closer, and the mirror images of both. A
    teacher sees just what the network to be trained sees, enlarged or shrunk to its own size, and judges every face,
    whether it has a label or not.

    Parameters
    ----------
    examples : Examples
    teachers : sequence of Model
        Each teaches the attributes that it has of those of the examples.
    device : str
        ``"cpu"`` or ``"cuda"``.
    bfloat16 : bool
        Whether the teachers compute in 16 bits.
    progress : bool
        Whether to show a progress bar on stderr.

    Examples
    --------
    >>> taught_by(examples, [read_teacher(Path("facestats-models/teacher"), ["gender"])])  # doctest: +SKIP
    """
    sums = {name: np.zeros_like(targets) for name, targets in examples.targets.items()}
    counts = dict.fromkeys(sums, 0)
    for teacher in teachers:
        card = teacher.card
        names = [head.attribute for head in card.heads if head.attribute in sums]
        network = _network(teacher).to(device)
        outputs = {head.attribute: head.output for head in card.heads}
        starts = range(0, len(examples), _BATCH_SIZE)
        for start in bar(starts, progress=progress, desc=f"{card.name} teaches", unit="batch", leave=False):
            rows = slice(start, start + _BATCH_SIZE)
            pixels = _as_seen_by(card, torch.from_numpy(examples.planes[rows]).to(device))
            with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=bfloat16):
                views = [network(view) for view in _views(pixels)]
            for name in names:
                logits = torch.stack([view[outputs[name]].float() for view in views]).mean(dim=0)
                sums[name][rows] += logits.cpu().numpy()
        for name in names:
            counts[name] += 1
    return replace(examples, taught={name: sums[name] / n for name, n in counts.items() if n})


def _views(pixels: torch.Tensor) -> list[torch.Tensor]:
    """Return four views of faces (N, C, S, S), each of the same shape."""
    side = pixels.shape[-1]
    edge = max(1, round(_CLOSER * side))
    closer = functional.interpolate(
        pixels[..., edge:-edge, edge:-edge], size=(side, side), mode="bilinear", align_corners=False
    ).contiguous(memory_format=torch.channels_last)
    return [pixels, pixels.flip(3), closer, closer.flip(3)]


def _as_seen_by(card: Card, planes: torch.Tensor) -> torch.Tensor:
    """Return faces, uint8 (N, C, S, S), in a model's colours, size and scale."""
    faces = planes.float()
    if card.input_color == "gray" and faces.shape[1] == 3:
        faces = (faces * faces.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
    elif card.input_color == "rgb":
        faces = faces.expand(-1, 3, -1, -1)
    if faces.shape[-1] != card.input_size:
        faces = functional.interpolate(faces, size=(card.input_size,) * 2, mode="bilinear", antialias=True)
    return ((faces - card.input_mean) / card.input_std).contiguous(memory_format=torch.channels_last)
