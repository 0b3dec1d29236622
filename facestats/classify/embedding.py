"""The embedding of faces: what tells the people of one video apart, in memory alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facestats.classify import crops
from facestats.errors import ModelError
from facestats.models.devices import batch_size, check_device
from facestats.models.embedding import EmbeddingCard
from facestats.models.runtime import RUNTIME_ERRORS, open_session
from facestats.types import Float32, UInt8

#: Faces that a card takes at once at most, and the memory of one on its way through a network, in bytes.
_MOST_FACES, _BYTES_EACH = 512, 4_000_000


class Embedder:
    """An embedding run by onnxruntime.

    Parameters
    ----------
    path : pathlib.Path
        The ONNX file.
    card : EmbeddingCard
        Its card.
    threads : int
        See :func:`facestats.models.runtime.open_session`.
    device : str
        ``"cpu"`` or ``"cuda"``.

    Raises
    ------
    ModelError
        If the file cannot be run, is not what the card says, or was trained on other crops.
    DeviceError
        If the device is not here.

    Examples
    --------
    >>> from facestats.models.embedding import find_embedding
    >>> found = find_embedding()
    >>> found is None or Embedder(*found).embed(np.zeros((2, 64, 64, 3), np.uint8)).shape == (2, 128)
    True
    """

    def __init__(self, path: Path, card: EmbeddingCard, *, threads: int = 1, device: str = "cpu") -> None:
        check_device(device)
        if card.framing not in ("", crops.FRAMING):
            raise ModelError(
                f"the embedding {card.name!r} was trained on {card.framing!r} crops, not {crops.FRAMING!r}"
            )
        self.card = card
        self._most = None if device == "cpu" else batch_size(device, _BYTES_EACH, _MOST_FACES)
        try:
            self._session = open_session(path, threads=threads, device=device)
            made = self.embed(np.zeros((1, card.input_size, card.input_size, 3), np.uint8))
        except RUNTIME_ERRORS as error:
            raise ModelError(f"{path} cannot be run: {str(error).splitlines()[0]}") from None
        if made.ndim != 2 or not np.isfinite(made).all():
            raise ModelError(f"{path} does not give one embedding a face")

    def embed(self, images: UInt8) -> Float32:
        """Return embeddings of unit length, float32 (N, D), of aligned faces uint8 (N, S, S, 3), RGB; N may be 0."""
        pixels = np.ascontiguousarray(images.transpose(0, 3, 1, 2)).astype(np.float32)
        scaled = (pixels - np.float32(self.card.input_mean)) / np.float32(self.card.input_std)
        step = self._most or max(1, len(scaled))
        parts = [
            self._session.run([self.card.output_name], {self.card.input_name: scaled[start : start + step]})[0]
            for start in range(0, max(1, len(scaled)), step)
        ]
        return np.concatenate(parts)
