"""The networks that facestats trains, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import nn

from facestats.errors import ModelError

# Above this many classes (the years of age) a 3x3 classification layer would hold two thirds of all weights.
_MANY_CLASSES = 16


class _SeparableConv(nn.Sequential):
    """A depthwise 3x3 convolution followed by a pointwise one, and batch normalisation."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(
            nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )


class _Block(nn.Module):
    """Two separable convolutions and pooling, beside a strided shortcut; halves the sides."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.shortcut = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 1, stride=2, bias=False), nn.BatchNorm2d(out_channels)
        )
        self.body = nn.Sequential(
            _SeparableConv(in_channels, out_channels),
            nn.ReLU(),
            _SeparableConv(out_channels, out_channels),
            nn.MaxPool2d(3, stride=2, padding=1),
        )

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        return self.body(faces) + self.shortcut(faces)


class MiniXception(nn.Module):
    """Mini-XCEPTION (Arriaga, Plöger and Valdenegro, 2017, arXiv 1710.07557), about 60,000 weights.

    Residual depthwise-separable blocks and global average pooling instead of dense layers, as in the paper. Several
    outputs share everything but the classification layer.

    Parameters
    ----------
    in_channels : int
        1 for grey faces, 3 for RGB.
    outputs : mapping of str to int
        Name and number of classes of each output. Up to 16 classes are classified by the paper's 3x3 convolution,
        more by a pointwise one.

    Examples
    --------
    >>> network = MiniXception(1, {"expression": 7})
    >>> {name: tuple(logits.shape) for name, logits in network(torch.zeros(2, 1, 48, 48)).items()}
    {'expression': (2, 7)}
    >>> sum(weight.numel() for weight in network.parameters())
    56951
    """

    def __init__(self, in_channels: int, outputs: Mapping[str, int]) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, 8, 3, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
        )
        self.blocks = nn.Sequential(_Block(8, 16), _Block(16, 32), _Block(32, 64), _Block(64, 128))
        self.heads = nn.ModuleDict(
            {
                name: nn.Conv2d(128, classes, 3, padding=1) if classes <= _MANY_CLASSES else nn.Conv2d(128, classes, 1)
                for name, classes in outputs.items()
            }
        )

    def forward(self, faces: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the logits of each output, float32 (N, K), for faces float32 (N, C, S, S)."""
        features = self.blocks(self.stem(faces))
        return {name: head(features).mean(dim=(2, 3)) for name, head in self.heads.items()}


#: Every network that can be trained, converted, or run from its safetensors weights.
NETWORKS: Mapping[str, Callable[[int, Mapping[str, int]], nn.Module]] = {"mini_xception": MiniXception}


def create_network(name: str, in_channels: int, outputs: Mapping[str, int]) -> nn.Module:
    """Return a fresh network by name.

    Parameters
    ----------
    name : str
        A key of :data:`NETWORKS`.
    in_channels : int
        1 for grey faces, 3 for RGB.
    outputs : mapping of str to int
        Name and number of classes of each output.

    Raises
    ------
    ModelError
        If there is no such network.

    Examples
    --------
    >>> type(create_network("mini_xception", 3, {"gender": 2})).__name__
    'MiniXception'
    """
    if name not in NETWORKS:
        raise ModelError(f"unknown network {name!r}; there is {', '.join(NETWORKS)}")
    return NETWORKS[name](in_channels, outputs)
