"""What every classifier offers."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from facestats.models.registry import Model
from facestats.types import Float32, Predictions, UInt8


class Classifier(Protocol):
    """Gives class probabilities for aligned faces."""

    model: Model
    sha256: str
    """Of the file that it runs."""
    attributes: tuple[str, ...]
    input_size: int
    smallest_face: float
    """Pixels of the shorter side of the smallest face that it may judge."""

    def classify(self, images: UInt8, pixels: Float32 | None = None) -> dict[str, Predictions]:
        """Return the predictions of each attribute.

        Parameters
        ----------
        images : numpy.ndarray
            uint8 (N, S, S, 3), RGB, S = ``input_size``, see :func:`facestats.classify.crops.align`; N may be 0.
        pixels : numpy.ndarray, optional
            float32 (N,): how many pixels of the frame each crop spans, which the probabilities respect.

        Returns
        -------
        dict of str to Predictions
            One entry per attribute, N rows each, in the order of the input.
        """
        ...


def softmax(logits: np.ndarray) -> Float32:
    """Return the softmax along the last axis, float32.

    Examples
    --------
    >>> softmax(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return (shifted / shifted.sum(axis=-1, keepdims=True)).astype(np.float32)
