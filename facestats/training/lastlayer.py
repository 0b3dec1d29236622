"""Learning the last layer of a trained network anew: a convex problem, solved in seconds once features are there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from facestats._util.progress import bar
from facestats.errors import ModelError
from facestats.training.examples import Examples
from facestats.training.networks import PIXEL_MEAN, PIXEL_STD
from facestats.training.targets import target_loss
from facestats.types import Float32, UInt8

_BATCH = 256
_STEPS = 60


def features_of(network: nn.Module, planes: UInt8, *, progress: bool = False) -> Float32:
    """Return what the last layer of a network sees of faces, float32 (N, F).

    Parameters
    ----------
    network : torch.nn.Module
        In evaluation mode from here on.
    planes : numpy.ndarray
        uint8 (N, C, S, S), see :func:`facestats.classify.onnx.color_planes`.
    progress : bool
        Whether to show a progress bar on stderr.

    Raises
    ------
    ModelError
        If the network has no linear last layer.

    Examples
    --------
    >>> from facestats.training.networks import create_network
    >>> network = create_network("residual", 1, {"expression": 7})
    >>> features_of(network, np.zeros((2, 1, 48, 48), np.uint8)).shape
    (2, 256)
    """
    network.eval()
    layer = next(iter(_last_layers(network).values()))
    seen: list[Float32] = []
    hook = layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].float().cpu().numpy()))
    device = next(network.parameters()).device
    shown = bar(total=len(planes), progress=None if progress else False, desc="features", unit="face", leave=False)
    try:
        with torch.inference_mode(), shown:
            for start in range(0, len(planes), _BATCH):
                some = torch.from_numpy(np.ascontiguousarray(planes[start : start + _BATCH])).to(device)
                network((some.float() - PIXEL_MEAN) / PIXEL_STD)
                shown.update(len(some))
    finally:
        hook.remove()
    return np.concatenate(seen) if seen else np.zeros((0, layer.in_features), np.float32)


def learn_last_layer(network: nn.Module, examples: Examples, held: float, *, progress: bool = False) -> None:
    """Learn a network's last layer anew, in place, from faces as they are; all before it stays as it is.

    What is made small is the mean loss of the faces, by their weights, and ``held`` times the squared distance to the
    weights that the layer began with.

    Parameters
    ----------
    network : torch.nn.Module
        Trained, with a linear layer for each attribute.
    examples : Examples
    held : float
        Above 0.
    progress : bool
        Whether to show a progress bar on stderr.

    Raises
    ------
    ModelError
        If the network has no linear last layer.

    Examples
    --------
    >>> learn_last_layer(network, examples, 0.15)  # doctest: +SKIP
    """
    layers = _last_layers(network)
    features = torch.from_numpy(features_of(network, examples.planes, progress=progress))
    for name, targets in examples.targets.items():
        labelled = examples.weights[name] > 0
        _learn(
            layers[name],
            name,
            features[torch.from_numpy(labelled)],
            torch.from_numpy(targets[labelled]),
            torch.from_numpy(examples.weights[name][labelled]),
            held,
        )


def _learn(
    layer: nn.Linear, attribute: str, features: torch.Tensor, targets: torch.Tensor, counts: torch.Tensor, held: float
) -> None:
    layer.cpu()
    first = [weight.detach().clone() for weight in layer.parameters()]
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=_STEPS, history_size=10, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        missed = (counts * target_loss(attribute, layer(features), targets)).sum() / counts.sum()
        off = sum(((now - then) ** 2).sum() for now, then in zip(layer.parameters(), first, strict=True))
        total: torch.Tensor = missed + held * off
        total.backward()
        return total

    optimizer.step(loss)


def _last_layers(network: nn.Module) -> Mapping[str, nn.Linear]:
    layers = dict(network.heads.named_children()) if isinstance(network.heads, nn.ModuleDict) else {}
    if not layers or not all(isinstance(layer, nn.Linear) for layer in layers.values()):
        raise ModelError(f"the last layer of {type(network).__name__} cannot be learned alone: it is not linear")
    return layers
