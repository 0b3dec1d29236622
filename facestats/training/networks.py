"""The networks that facestats trains, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import nn
from torch.nn import functional

from facestats.errors import ModelError
from facestats.training.mobilenet import MobileNet

#: Pixels in [0, 255] are fed to the networks as ``(pixel - PIXEL_MEAN) / PIXEL_STD``.
PIXEL_MEAN = 127.5
PIXEL_STD = 127.5

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


class _Convolution(nn.Sequential):
    """A 3x3 convolution and batch normalisation, which the exported file folds into one."""

    def __init__(self, in_channels: int, out_channels: int, *, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(out_channels)
        )


class Residual(nn.Module):
    """Two convolutions beside a shortcut, which is averaged, not skipped, where the sides are halved.

    Parameters
    ----------
    in_channels, out_channels : int
    stride : int
        2 where the sides are halved, else 1.

    Examples
    --------
    >>> Residual(8, 16, stride=2)(torch.zeros(1, 8, 6, 6)).shape
    torch.Size([1, 16, 3, 3])
    """

    def __init__(self, in_channels: int, out_channels: int, *, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _Convolution(in_channels, out_channels, stride=stride), nn.ReLU(), _Convolution(out_channels, out_channels)
        )
        # Each block begins as its shortcut, so that training begins with a shallow network.
        nn.init.zeros_(self.body[-1][-1].weight)
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False) if stride > 1 else nn.Identity(),
                nn.Conv2d(in_channels, out_channels, 1, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        """Return features of ``out_channels``, for those of ``in_channels``."""
        return torch.relu(self.body(faces) + self.shortcut(faces))


class ResidualNet(nn.Module):
    """A small residual network (He et al., 2016, arXiv 1512.03385), about 1.5 million weights.

    Dense convolutions: per multiplication it runs more than twice as fast as :class:`MiniXception`. The shortcuts are
    those of "ResNet-D" (He et al., 2019, arXiv 1812.01187). Several outputs share all but the last layer.

    Parameters
    ----------
    in_channels : int
        1 for grey faces, 3 for RGB.
    outputs : mapping of str to int
        Name and number of classes of each output.

    Examples
    --------
    >>> network = ResidualNet(3, {"gender": 2, "age": 101})
    >>> {name: tuple(logits.shape) for name, logits in network(torch.zeros(2, 3, 64, 64)).items()}
    {'gender': (2, 2), 'age': (2, 101)}
    >>> sum(weight.numel() for weight in ResidualNet(1, {"expression": 7}).parameters())
    1523559
    """

    def __init__(self, in_channels: int, outputs: Mapping[str, int]) -> None:
        super().__init__()
        first = 32
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, first, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(first), nn.ReLU()
        )
        blocks = [Residual(first, first, stride=1)]
        for channels, n_blocks in ((64, 1), (128, 2), (256, 1)):
            blocks.append(Residual(channels // 2, channels, stride=2))
            blocks += [Residual(channels, channels, stride=1) for _ in range(n_blocks - 1)]
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(0.2)
        self.heads = nn.ModuleDict({name: nn.Linear(256, classes) for name, classes in outputs.items()})

    def forward(self, faces: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the logits of each output, float32 (N, K), for faces float32 (N, C, S, S)."""
        features = self.dropout(self.blocks(self.stem(faces)).mean(dim=(2, 3)))
        return {name: head(features) for name, head in self.heads.items()}


class _PlainResidual(nn.Module):
    """Two convolutions without normalisation, added to their input, which is averaged where the sides are halved."""

    def __init__(self, in_channels: int, out_channels: int, *, halves: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(in_channels, out_channels, 3, stride=2 if halves else 1, padding=0 if halves else 1)
        self.second = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.halves = halves

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        body = self.second(torch.relu(self.first(faces)))
        if not self.halves:
            return torch.relu(body + faces)
        shortcut = functional.avg_pool2d(faces, 2)
        # What one of the two lacks in channels, columns or rows counts as 0.
        gaps = [max(a - b, 0) for a, b in zip(shortcut.shape[:0:-1], body.shape[:0:-1], strict=True)]
        body = functional.pad(body, [0, gaps[0], 0, gaps[1], 0, gaps[2]])
        gaps = [a - b for a, b in zip(body.shape[:0:-1], shortcut.shape[:0:-1], strict=True)]
        return torch.relu(body + functional.pad(shortcut, [0, gaps[0], 0, gaps[1], 0, gaps[2]]))


class RecognitionNet(nn.Module):
    """The network of dlib's face recogniser (King, 2017, public domain), about 5.6 million weights: for teachers.

    A residual network of 29 layers (He et al., 2016, arXiv 1512.03385) with half the filters, whose affine layers are
    folded into the convolutions before them. Faces are enlarged to a fixed size and cut about as dlib cuts them, at
    seven tenths of its scale. Its weights for a start come from dlib's own file, see
    :func:`facestats.training.dlibfile.read_dlib_recognizer`.

    Parameters
    ----------
    in_channels : int
        1 for grey faces, 3 for RGB; the first layer takes three either way.
    outputs : mapping of str to int
        Name and number of classes of each output.

    Examples
    --------
    >>> network = RecognitionNet(3, {"gender": 2})
    >>> network(torch.zeros(2, 3, 64, 64))["gender"].shape
    torch.Size([2, 2])
    """

    def __init__(self, in_channels: int, outputs: Mapping[str, int]) -> None:
        super().__init__()
        if in_channels not in (1, 3):
            raise ModelError(f"the network recognition takes grey or rgb faces, not {in_channels} channels")
        self.stem = nn.Conv2d(3, 32, 7, stride=2)
        blocks = [_PlainResidual(32, 32, halves=False) for _ in range(3)]
        for channels, n_blocks in ((64, 4), (128, 3), (256, 3)):
            blocks.append(_PlainResidual(channels // 2, channels, halves=True))
            blocks += [_PlainResidual(channels, channels, halves=False) for _ in range(n_blocks - 1)]
        blocks.append(_PlainResidual(256, 256, halves=True))
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(0.2)
        self.heads = nn.ModuleDict({name: nn.Linear(256, classes) for name, classes in outputs.items()})

    def forward(self, faces: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the logits of each output, float32 (N, K), for faces float32 (N, C, S, S)."""
        faces = functional.interpolate(
            faces.expand(-1, 3, -1, -1), size=(128, 128), mode="bilinear", align_corners=False
        )
        features = functional.max_pool2d(torch.relu(self.stem(faces[..., 23:, 10:118])), 3, stride=2)
        features = self.dropout(self.blocks(features).mean(dim=(2, 3)))
        return {name: head(features) for name, head in self.heads.items()}


#: Every network that can be trained, converted, or run from its safetensors weights.
NETWORKS: Mapping[str, Callable[[int, Mapping[str, int]], nn.Module]] = {
    "mini_xception": MiniXception,
    "residual": ResidualNet,
    "recognition": RecognitionNet,
    "mobile": MobileNet,
}


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
