"""Going on from a model that was trained for something else: what it learned of faces is not learned again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from facestats.errors import MissingInputError, ModelError
from facestats.models.cards import CARD_FILE, WEIGHTS_FILE, Card
from facestats.models.registry import Model
from facestats.training.dlibfile import read_dlib_recognizer
from facestats.training.export import read_safetensors
from facestats.training.faceresfile import read_faceres
from facestats.training.origins import DLIB, FACERES, Origin, origin_of


@dataclass(frozen=True)
class Start:
    """What a training goes on from.

    Attributes
    ----------
    weights : mapping of str to torch.Tensor
        A state dict.
    origin : Origin
        Whose weights they are.
    """

    weights: Mapping[str, torch.Tensor]
    origin: Origin


def read_start(path: Path) -> Start:
    """Return the weights of a model's folder, after a look at their hash, or those of a file of another tool.

    Parameters
    ----------
    path : pathlib.Path
        The folder; or the file ``dlib_face_recognition_resnet_model_v1.dat``, see
        :func:`facestats.training.dlibfile.read_dlib_recognizer`; or ``faceres-deep.json``, see
        :func:`facestats.training.faceresfile.read_faceres`.

    Raises
    ------
    MissingInputError
        If it is neither a file nor the folder of a model with ``weights.safetensors``.
    ModelError
        If the weights are not those that the card vouches for, or the file is none of these.

    Examples
    --------
    >>> from facestats._util.resources import bundled
    >>> len(read_start(bundled("models") / "expression").weights) > 50
    True
    """
    if path.is_file():
        if path.suffix == ".json":
            return Start(read_faceres(path), FACERES)
        return Start(read_dlib_recognizer(path), DLIB)
    for name in (CARD_FILE, WEIGHTS_FILE):
        if not (path / name).is_file():
            raise MissingInputError(
                f"no {name} in {path}: --start needs the folder of a trained model, or a file to start from"
            )
    card = Card.read(path / CARD_FILE)
    Model(path, card).verify()
    return Start(read_safetensors(path / WEIGHTS_FILE), origin_of(card))


def take_over(network: nn.Module, weights: Mapping[str, torch.Tensor]) -> None:
    """Give a network the weights of another of its kind, but for its heads, in place.

    The first layer of a network for grey faces gets the sum of the weights for red, green and blue; one for colours a
    third of the grey ones for each.

    Parameters
    ----------
    network : torch.nn.Module
        One of :data:`facestats.training.networks.NETWORKS`.
    weights : mapping of str to torch.Tensor
        A state dict.

    Raises
    ------
    ModelError
        If the weights are of another kind of network.

    Examples
    --------
    >>> from facestats.training.networks import create_network
    >>> colour = create_network("residual", 3, {"gender": 2})
    >>> grey = create_network("residual", 1, {"expression": 7})
    >>> take_over(grey, colour.state_dict())
    >>> torch.allclose(grey.stem[0].weight[:, 0], colour.stem[0].weight.sum(dim=1))
    True
    """
    own = network.state_dict()
    trunk = {name: weight for name, weight in weights.items() if not name.startswith("heads.")}
    if {name for name in own if not name.startswith("heads.")} != set(trunk):
        raise ModelError(f"the model to start from is no {type(network).__name__}: choose one of the same network")
    for name, weight in trunk.items():
        if weight.ndim == 4 and (weight.shape[1], own[name].shape[1]) == (3, 1):
            weight = weight.sum(dim=1, keepdim=True)
        elif weight.ndim == 4 and (weight.shape[1], own[name].shape[1]) == (1, 3):
            weight = weight.expand(-1, 3, -1, -1) / 3
        if weight.shape != own[name].shape:
            raise ModelError(
                f"the model to start from has {name} of shape {tuple(weight.shape)}, not {own[name].shape}"
            )
        trunk[name] = weight
    network.load_state_dict({**own, **trunk})


def measure_statistics(network: nn.Module, faces: torch.Tensor) -> None:
    """Give batch normalisation that came without statistics those of faces, in place; what is computed stays the same.

    A file may hold batch normalisation as the factor and the summand that it comes to. Trained on like that, each layer
    would be normalised by what a batch has, and compute something else at once.

    Parameters
    ----------
    network : torch.nn.Module
    faces : torch.Tensor
        float32 (N, C, S, S), scaled as in training; some hundred.

    Examples
    --------
    >>> from facestats.training.networks import create_network
    >>> network, faces = create_network("mobile", 3, {"gender": 2}).eval(), torch.rand(2, 3, 48, 48)
    >>> before = network(faces)["gender"]
    >>> measure_statistics(network, faces)
    >>> torch.allclose(network(faces)["gender"], before, atol=1e-4)
    True
    """

    def measure(layer: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        assert isinstance(layer, nn.BatchNorm2d)
        deviation = torch.sqrt(layer.running_var + layer.eps)
        scale, centre = layer.weight / deviation, layer.running_mean
        mean, variance = inputs[0].mean(dim=(0, 2, 3)), inputs[0].var(dim=(0, 2, 3))
        layer.bias.copy_(layer.bias + (mean - centre) * scale)
        layer.weight.copy_(scale * torch.sqrt(variance + layer.eps))
        layer.running_mean.copy_(mean)
        layer.running_var.copy_(variance)
        layer.num_batches_tracked += 1

    fresh = [
        layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d) and not layer.num_batches_tracked
    ]
    if not fresh:
        return
    hooks = [layer.register_forward_pre_hook(measure) for layer in fresh]
    was_training = network.training
    with torch.no_grad():
        network.eval()(faces)
    for hook in hooks:
        hook.remove()
    network.train(was_training)
