"""MobileNet, for teachers: its weights for a start know faces already."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from facestats.errors import ModelError

#: Side to which faces are enlarged, in pixels. The weights for a start learned from faces of 224; of smaller ones they
#: make less: trained alike on faces of 96 pixels, enlarged to 112 and to 144, they were right about 0.888 and 0.911.
SIDE = 144

# Channels after each of the 13 separable convolutions, and their strides.
_CHANNELS = (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)


class _Convolution(nn.Sequential):
    """A convolution, batch normalisation and ReLU6."""

    def __init__(self, in_channels: int, out_channels: int, size: int, *, stride: int = 1, groups: int = 1) -> None:
        super().__init__(
            nn.Conv2d(in_channels, out_channels, size, stride=stride, groups=groups, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU6(),
        )
        self.reach = size - stride if size > 1 else 0

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        # TensorFlow pads a picture of an even side on the right and at the bottom alone where the sides are halved.
        if self.reach == 1:
            uneven = faces.shape[-1] % 2
            faces = functional.pad(faces, (uneven, 1, uneven, 1))
        elif self.reach:
            faces = functional.pad(faces, (1, 1, 1, 1))
        return super().forward(faces)


class MobileNet(nn.Module):
    """MobileNet (Howard et al., 2017, arXiv 1704.04861), about 3.5 million weights: for teachers.

    Depthwise and pointwise convolutions in turn, the mean over the picture, and a layer of 256 features that the
    outputs share. Faces are enlarged to :data:`SIDE` pixels. Its weights for a start come from the file of the network
    "faceres", see :func:`facestats.training.faceresfile.read_faceres`.

    Parameters
    ----------
    in_channels : int
        1 for grey faces, 3 for RGB; the first layer takes three either way.
    outputs : mapping of str to int
        Name and number of classes of each output.

    Raises
    ------
    ModelError
        If the faces are neither grey nor RGB.

    Examples
    --------
    >>> network = MobileNet(3, {"gender": 2})
    >>> network(torch.zeros(2, 3, 64, 64))["gender"].shape
    torch.Size([2, 2])
    >>> sum(weight.numel() for weight in network.parameters())
    3469890
    """

    def __init__(self, in_channels: int, outputs: Mapping[str, int]) -> None:
        super().__init__()
        if in_channels not in (1, 3):
            raise ModelError(f"the network mobile takes grey or rgb faces, not {in_channels} channels")
        self.stem = _Convolution(3, _CHANNELS[0], 3, stride=2)
        self.blocks = nn.Sequential(
            *(
                nn.Sequential(_Convolution(n, n, 3, stride=stride, groups=n), _Convolution(n, n_next, 1))
                for (n, n_next), stride in zip(pairwise(_CHANNELS), _STRIDES, strict=True)
            )
        )
        self.features = nn.Linear(_CHANNELS[-1], 256)
        self.dropout = nn.Dropout(0.2)
        self.heads = nn.ModuleDict({name: nn.Linear(256, classes) for name, classes in outputs.items()})

    def forward(self, faces: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the logits of each output, float32 (N, K), for faces float32 (N, C, S, S)."""
        faces = functional.interpolate(
            faces.expand(-1, 3, -1, -1), size=(SIDE, SIDE), mode="bilinear", align_corners=False
        )
        features = self.blocks(self.stem(faces)).mean(dim=(2, 3))
        features = self.dropout(torch.relu(self.features(features)))
        return {name: head(features) for name, head in self.heads.items()}
