"""The network of the ``fast`` detector: anchor-free, single stage, with five landmarks a face."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from facestats.detect.fast import GEOMETRY, PIXEL_MEAN, PIXEL_STD

# How sure of a face a cell is before training, as in RetinaNet (Lin et al., 2017): cells with a face are rare.
_PRIOR_LOGIT = -4.6


def _convolution(in_channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(out_channels),
    )


def _dense(in_channels: int, out_channels: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(_convolution(in_channels, out_channels, kernel, stride), nn.ReLU())


def _separable(in_channels: int, out_channels: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        _convolution(in_channels, in_channels, kernel, stride, groups=in_channels),
        _convolution(in_channels, out_channels, 1),
        nn.ReLU(),
    )


class _Residual(nn.Module):
    """Adds what a separable convolution finds; at first nothing, so that a trained network may get more of them."""

    def __init__(self, channels: int, kernel: int = 3) -> None:
        super().__init__()
        self.change = nn.Sequential(
            _convolution(channels, channels, kernel, groups=channels), _convolution(channels, channels, 1)
        )
        nn.init.zeros_(self.change[1][1].weight)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.relu(features + self.change(features))


class _Head(nn.Module):
    """Score and geometry of every cell of one level."""

    def __init__(self, channels: int, *, deep: bool) -> None:
        super().__init__()
        first = _separable(channels, channels) if deep else nn.Sequential()
        self.body = first.append(_Residual(channels))
        self.score = nn.Conv2d(channels, 1, 1)
        self.geometry = nn.Conv2d(channels, GEOMETRY, 1)
        nn.init.constant_(self.score.bias, _PRIOR_LOGIT)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.body(features)
        return self.score(features), self.geometry(features)


def normalized(pixels: torch.Tensor) -> torch.Tensor:
    """Bring pixels in 0 to 255 to what the network takes, float32.

    Examples
    --------
    >>> normalized(torch.tensor([0, 128, 255], dtype=torch.uint8)).tolist()
    [-2.0, 0.0, 1.984375]
    """
    return (pixels.float() - PIXEL_MEAN) / PIXEL_STD


class FastDetector(nn.Module):
    """A feature pyramid (Lin et al., 2017, arXiv 1612.03144) on a small trunk, about 264,000 weights.

    The first convolution goes to stride 4 at once, which is cheaper than two steps of 2, and the one at stride 8 is
    dense: processors do dense convolutions of few channels faster than depthwise ones. Most weights are at strides 16
    and 32, where they cost least time. Stride 4 has a head of its own, for faces of 8 to 16 pixels.

    Examples
    --------
    >>> outputs = FastDetector()(torch.zeros(1, 3, 64, 96))
    >>> [(tuple(score.shape), tuple(geometry.shape)) for score, geometry in outputs][-1]
    ((1, 1, 2, 3), (1, 14, 2, 3))
    """

    def __init__(self) -> None:
        super().__init__()
        self.stride4 = nn.Sequential(_dense(3, 32, kernel=7, stride=4), _separable(32, 32))
        self.stride8 = nn.Sequential(_dense(32, 48, stride=2), _dense(48, 48), _Residual(48))
        self.stride16 = nn.Sequential(
            _separable(48, 96, stride=2),
            _separable(96, 96),
            _separable(96, 96),
            *(_Residual(96, kernel=5) for _ in range(4)),
        )
        self.stride32 = nn.Sequential(
            _separable(96, 128, stride=2),
            _separable(128, 128, kernel=5),
            _separable(128, 128, kernel=5),
            *(_Residual(128, kernel=5) for _ in range(3)),
        )
        self.lateral = nn.ModuleList([nn.Conv2d(channels, out, 1) for channels, out in _LATERALS])
        self.narrow = nn.Conv2d(32, 24, 1)
        self.merge = nn.ModuleList([_separable(out, out).append(_Residual(out)) for _, out in _LATERALS])
        self.heads = nn.ModuleList([_Head(24, deep=False), *(_Head(32, deep=True) for _ in range(3))])

    def forward(self, pixels: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return score logits (N, 1, h, w) and geometry (N, 14, h, w) of each level in :data:`STRIDES`.

        Parameters
        ----------
        pixels : torch.Tensor
            float32 (N, 3, H, W), RGB, as :func:`normalized` gives them; H and W multiples of 32.
        """
        return [head(level) for head, level in zip(self.heads, self.features(pixels), strict=True)]

    def features(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        """Return the features (N, C, h, w) of each level, finest first, that the heads see."""
        features = [pixels]
        for stage in (self.stride4, self.stride8, self.stride16, self.stride32):
            features.append(stage(features[-1]))
        levels: list[torch.Tensor] = []
        for level in (3, 2, 1, 0):
            merged = self.lateral[level](features[level + 1])
            if levels:
                coarser = self.narrow(levels[0]) if level == 0 else levels[0]
                merged = merged + functional.interpolate(coarser, scale_factor=2.0, mode="nearest")
            levels.insert(0, self.merge[level](merged))
        return levels


_LATERALS = ((32, 24), (48, 32), (96, 32), (128, 32))  # in and out channels of each level
