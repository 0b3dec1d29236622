"""What decides what comes out of a training, for each kind but models of attributes; and what the kinds share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from facestats.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class AnyRecipe:
    """What every recipe has: a kind, and numbers within ranges.

    Raises
    ------
    UsageError
        If a value does not make sense.
    """

    #: What ``kind`` says in the TOML file.
    kind: ClassVar[str]
    #: Smallest and largest value of each number.
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {}

    def __post_init__(self) -> None:
        for name, (least, most) in self.ranges.items():
            if not least <= getattr(self, name) <= most:
                raise UsageError(f"{name} must be in [{least:g}, {most:g}], not {getattr(self, name):g}")


@dataclass(frozen=True, kw_only=True)
class TrainingRecipe(AnyRecipe):
    """What every training of a network has to be told, see :mod:`facestats.training.loop`.

    Attributes
    ----------
    batch_size : int
        Pictures per step.
    learning_rate : float
        Its peak; it rises over the first thirtieth of the steps and falls along a cosine.
    weight_decay : float
        AdamW's.
    average : float
        Decay of the moving average of the weights, which is the result; 0 takes the last weights.
    bfloat16 : bool
        Whether the network may compute in 16 bits while it trains, where a trial finds that quicker; weights and loss
        stay in 32.
    compiled : bool
        Whether PyTorch compiles the network first, which takes two minutes and a C++ compiler.
    seed : int
        Of all that is random: weights, order, augmentation.
    """

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        "batch_size": (2, 65_536),
        "learning_rate": (1e-6, 1),
        "weight_decay": (0, 10),
        "average": (0, 0.99999),
        "seed": (0, 2**31),
    }

    batch_size: int
    learning_rate: float = 2e-3
    weight_decay: float
    average: float = 0.999
    bfloat16: bool = True
    compiled: bool = False
    seed: int = 0


@dataclass(frozen=True)
class DetectorRecipe(TrainingRecipe):
    """How the detector is trained, besides what :class:`TrainingRecipe` has.

    Attributes
    ----------
    steps : int
        Batches to learn from; no picture comes twice.
    side : int
        Width and height of the pictures in pixels, a multiple of 32.

    Examples
    --------
    >>> DetectorRecipe(steps=100).batch_size
    16
    """

    kind: ClassVar[str] = "detector"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **TrainingRecipe.ranges,
        "steps": (1, 10_000_000),
        "side": (64, 2048),
    }

    steps: int = 9_000
    side: int = 320
    batch_size: int = field(default=16, kw_only=True)
    learning_rate: float = field(default=1e-3, kw_only=True)
    weight_decay: float = field(default=0.01, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.side % 32:
            raise UsageError(f"side must be a multiple of 32, not {self.side}")


@dataclass(frozen=True)
class EmbeddingRecipe(TrainingRecipe):
    """How the embedding that tells people apart is trained, besides what :class:`TrainingRecipe` has.

    Attributes
    ----------
    input_size : int
        Side of the aligned face in pixels, a multiple of 16.
    epochs : int
        Passes over the faces.
    per_source : int
        Faces of a data set that are learned from at most; where a data set names people, every one.
    unseen : tuple of str
        Data sets that are never learned from; those that name people are scored on, for the card.
    neighbors : int
        How many nearest faces, as the teacher sees it, each face is compared with.
    neighbor_share : float
        How much the likeness to these counts beside the likeness to the teacher's own embedding, in [0, 1].
    likeness_temperature : float
        By which likenesses are divided before they become shares (Park et al., 2019, "Relational knowledge
        distillation", arXiv 1904.05068).
    held_blocks : int
        Blocks of the network that it starts from which stay as they are, with the layers before them.
    decay : float
        How many faces the assumption is worth that the last layer's weights are 0, where it is set at the start.

    Examples
    --------
    >>> EmbeddingRecipe(epochs=2).input_size
    64
    """

    kind: ClassVar[str] = "embedding"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **TrainingRecipe.ranges,
        "input_size": (32, 256),
        "epochs": (1, 10_000),
        "per_source": (1, 10_000_000),
        "neighbors": (1, 1_000),
        "neighbor_share": (0, 1),
        "likeness_temperature": (0.01, 10),
        "held_blocks": (0, 4),
        "decay": (1, 1e9),
    }

    input_size: int = 64
    epochs: int = 40
    per_source: int = 12_000
    unseen: tuple[str, ...] = ()
    neighbors: int = 16
    neighbor_share: float = 0.5
    likeness_temperature: float = 0.1
    held_blocks: int = 2
    decay: float = 1_000.0
    batch_size: int = field(default=128, kw_only=True)
    weight_decay: float = field(default=0.02, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.input_size % 16:
            raise UsageError(f"input_size must be a multiple of 16, not {self.input_size}")


@dataclass(frozen=True, kw_only=True)
class FacenessRecipe(AnyRecipe):
    """How the layer that judges detections is fitted: by logistic regression, in seconds once the photos were searched.

    Attributes
    ----------
    detectors : tuple of str
        Whose detections it learns to judge, by name or file; the first one sees most.
    layers : tuple of str
        What it reads, see :class:`facestats.models.faceness.FacenessCard`, as of ``wide`` and ``input_size``.
    wide : float
    input_size : int
    strength : float
        Inverse of the penalty on its weights, of features that vary by 1.
    left_out : tuple of str
        Names of photos that are not learned from, as what is said of them is wrong.

    Examples
    --------
    >>> FacenessRecipe().detectors
    ('centerface', 'fast')
    """

    kind: ClassVar[str] = "faceness"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        "wide": (1, 8),
        "input_size": (32, 256),
        "strength": (1e-6, 1e3),
    }

    detectors: tuple[str, ...] = ("centerface", "fast")
    layers: tuple[str, ...] = ("413", "474")
    wide: float = 2.67
    input_size: int = 96
    strength: float = 0.01
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.detectors or not self.layers:
            raise UsageError("detectors and layers must each name one or several")
        if self.input_size % 32:
            raise UsageError(f"input_size must be a multiple of 32, not {self.input_size}")
