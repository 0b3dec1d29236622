"""What is known of the embedding that tells the people of one video apart: its card, and what a likeness means."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from facestats.errors import ModelError
from facestats.models.cards import ModelCard, file_of_kind
from facestats.types import Float32

#: What ``kind`` says in the card of an embedding.
EMBEDDING = "embedding"

#: No likeness of two faces says more than this, as log odds: pictures of twins, or of masks, are as alike.
MOST_LOG_ODDS = 6.0


@dataclass(frozen=True)
class SamePerson:
    """What a likeness of two faces says of whether they are of one person, when so many pixels show the lesser one.

    Attributes
    ----------
    pixels : float
        Across the crop, see :attr:`facestats.types.FaceCrops.pixels`.
    scale, shift : float
        ``scale * likeness + shift`` is the logarithm of how much more often such a likeness occurs between two pictures
        of one person than between pictures of two people. The scale is above 0.
    auc : float
        How often two pictures of one person are more alike than pictures of two people.
    """

    pixels: float
    scale: float
    shift: float
    auc: float

    def __post_init__(self) -> None:
        if not (
            np.isfinite([self.pixels, self.scale, self.shift, self.auc]).all() and min(self.pixels, self.scale) > 0
        ):
            raise ModelError(f"the meaning of likenesses at {self.pixels} pixels is not usable: {self}")


@dataclass(frozen=True)
class EmbeddingCard(ModelCard):
    """What a program needs to know of an embedding, besides what :class:`facestats.models.cards.ModelCard` has.

    Attributes
    ----------
    same_person : tuple of SamePerson
        Ascending by pixels; between two, scale and shift are linear in the logarithm of the pixels.
    least_pixels : float
        Faces that fewer pixels show cannot be told apart, and are not compared.
    input_size : int
        Side of the crop in pixels.
    framing : str
        The crops that it was trained on, see :data:`facestats.classify.crops.FRAMING`.
    kind : str
        ``"embedding"``, by which this card is told from others.

    Raises
    ------
    ModelError
        If the card is of another version, or does not say what a likeness means.
    """

    title: ClassVar[str] = "the card of an embedding"
    need: ClassVar[str] = "an embedding needs its card beside it, which tells what a likeness means"

    same_person: tuple[SamePerson, ...] = field(kw_only=True)
    least_pixels: float = field(kw_only=True)
    input_name: str = field(default="faces", kw_only=True)
    output_name: str = field(default="embeddings", kw_only=True)
    input_size: int = field(default=64, kw_only=True)
    framing: str = field(default="", kw_only=True)
    kind: str = field(default=EMBEDDING, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        pixels = [of.pixels for of in self.same_person]
        if not pixels or (np.diff(pixels) <= 0).any():
            raise ModelError(f"card {self.name!r} must say what likenesses mean, by pixels in ascending order")

    @classmethod
    def parse(cls, raw: dict[str, Any]) -> Self:
        """Return the card that a JSON object stands for."""
        return cls(**{**raw, "same_person": tuple(SamePerson(**of) for of in raw["same_person"])})

    @property
    def behaviour(self) -> str:
        """Hash of all in the card that changes what is made of embeddings, 64 hex digits."""
        told = {
            name: value
            for name, value in asdict(self).items()
            if name.startswith("input_") or name in ("framing", "least_pixels", "same_person")
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def log_odds(self, likeness: np.ndarray, pixels: np.ndarray) -> Float32:
        """Return how much likenesses say of whether two faces are of one person, as log odds without any prior.

        Parameters
        ----------
        likeness : numpy.ndarray
            float (...,), cosine of the angle between two embeddings.
        pixels : numpy.ndarray
            float (...,): how many pixels across the crop show the lesser of the two.

        Returns
        -------
        numpy.ndarray
            float32 (...,), within :data:`MOST_LOG_ODDS` of 0.

        Examples
        --------
        >>> meanings = (SamePerson(16, 4.0, -2.0, 0.8), SamePerson(64, 12.0, -6.0, 0.98))
        >>> card = EmbeddingCard("toy", same_person=meanings, least_pixels=16)
        >>> card.log_odds(np.array([0.75, 0.75]), np.array([16, 100])).tolist()
        [1.0, 3.0]
        """
        known = np.log([of.pixels for of in self.same_person])
        size = np.log(np.maximum(pixels, 1))
        scale = np.interp(size, known, [of.scale for of in self.same_person])
        shift = np.interp(size, known, [of.shift for of in self.same_person])
        return np.clip(scale * likeness + shift, -MOST_LOG_ODDS, MOST_LOG_ODDS).astype(np.float32)

    def figures(self) -> dict[str, pd.DataFrame]:
        """Return the figures of the card as tables: pairs of faces by size, and by data set."""
        return {name: pd.DataFrame(self.metrics[name]) for name in ("pairs", "unseen_pairs") if self.metrics.get(name)}


def find_embedding(models_path: Sequence[Path] = ()) -> tuple[Path, EmbeddingCard] | None:
    """Return ONNX file and card of the embedding: the user's, or else that which ships with facestats.

    See :func:`facestats.models.cards.file_of_kind`, as for errors.

    Examples
    --------
    >>> found = find_embedding()
    >>> found is None or found[1].kind == "embedding"
    True
    """
    return file_of_kind(EmbeddingCard, EMBEDDING, models_path)
