"""The network of the embedding: 128 numbers of unit length for a face of 64 pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import torch
from torch import nn
from torch.nn import functional

from facestats.errors import ModelError
from facestats.training.embedding.teacher import DIMENSIONS
from facestats.training.networks import ResidualNet

_BLOCKS = 4  # of the trunk: what comes after knows of attributes more than of people
_CHANNELS = 128


class EmbeddingNet(nn.Module):
    """The lower half of a :class:`facestats.training.networks.ResidualNet`, and one linear layer; 860,000 weights.

    The last features are not averaged over the face before they are weighted: where an eye lies in an aligned face says
    whose it is (Chen et al., 2018, "MobileFaceNets", arXiv 1804.07573).

    Parameters
    ----------
    in_channels : int
        1 for grey faces, 3 for RGB.
    size : int
        Side of the faces in pixels, a multiple of 16.

    Examples
    --------
    >>> network = EmbeddingNet(3, 64).eval()
    >>> network(torch.zeros(2, 3, 64, 64)).shape
    torch.Size([2, 128])
    >>> sum(weight.numel() for weight in network.parameters()) < 900_000
    True
    """

    def __init__(self, in_channels: int, size: int) -> None:
        super().__init__()
        trunk = ResidualNet(in_channels, {})
        self.stem, self.blocks = trunk.stem, trunk.blocks[:_BLOCKS]
        self.projection = nn.Linear(_CHANNELS * (size // 16) ** 2, DIMENSIONS)
        self._held: list[nn.Module] = []

    def hold(self, n_blocks: int) -> None:
        """Keep the weights of the stem and of so many blocks as they are, whatever is learned."""
        self._held = [self.stem, *self.blocks[:n_blocks]] if n_blocks else []
        for part in self._held:
            part.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> Self:
        """Enter or leave training mode, but for what is held."""
        super().train(mode)
        for part in self._held:
            part.eval()
        return self

    def features(self, faces: torch.Tensor) -> torch.Tensor:
        """Return what the last layer sees, float32 (N, 2048) for faces float32 (N, C, 64, 64)."""
        return functional.avg_pool2d(self.blocks(self.stem(faces)), 2).flatten(1)

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        """Return embeddings, float32 (N, 128), for faces float32 (N, C, S, S)."""
        return functional.normalize(self.projection(self.features(faces)), dim=1)

    def take_trunk(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Take over the lower half of a residual network, in place; the last layer stays.

        Parameters
        ----------
        weights : mapping of str to torch.Tensor
            A state dict.

        Raises
        ------
        ModelError
            If it is of another kind of network.
        """
        own = self.state_dict()
        trunk = {name: weights.get(name) for name in own if not name.startswith("projection.")}
        if any(weight is None or weight.shape != own[name].shape for name, weight in trunk.items()):
            raise ModelError("the model to start from is no residual network for rgb faces: choose such a one")
        self.load_state_dict({**own, **trunk})

    def fit_projection(self, features: torch.Tensor, targets: torch.Tensor, *, decay: float) -> None:
        """Set the last layer to what comes nearest to targets, by ridge regression, in place.

        Parameters
        ----------
        features : torch.Tensor
            float32 (N, F), see :meth:`features`.
        targets : torch.Tensor
            float32 (N, 128).
        decay : float
            Of the weights, of features that vary by 1: how many faces the assumption that they are 0 is worth.
        """
        mean, spread = features.mean(dim=0), features.std(dim=0) + 1e-3
        scaled = (features - mean) / spread
        gram = scaled.T @ scaled + decay * torch.eye(features.shape[1])
        weight = torch.linalg.solve(gram, scaled.T @ (targets - targets.mean(dim=0))) / spread[:, None]
        self.projection.weight.data.copy_(weight.T)
        self.projection.bias.data.copy_(targets.mean(dim=0) - mean @ weight)
