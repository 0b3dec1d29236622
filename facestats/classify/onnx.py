"""Attribute models run by onnxruntime: 4 to 10 times faster on these small networks than eager PyTorch on CPU."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from facestats.classify import crops
from facestats.classify.base import softmax
from facestats.errors import ModelError
from facestats.models.cards import Card
from facestats.models.devices import batch_size, check_device
from facestats.models.quick import is_quick, quick_network
from facestats.models.registry import Model
from facestats.models.runtime import RUNTIME_ERRORS, open_session
from facestats.options import MIN_CLASSIFIED_PX
from facestats.types import Float32, Predictions, UInt8

#: Faces that a card takes at once at most, and the memory of one on its way through a network, in bytes.
_MOST_FACES, _BYTES_EACH = 512, 4_000_000


def network_input(images: UInt8, card: Card) -> Float32:
    """Turn crops into what a network takes.

    Parameters
    ----------
    images : numpy.ndarray
        uint8 (N, S, S, 3), RGB.
    card : Card
        Names the colours and the scale.

    Returns
    -------
    numpy.ndarray
        float32 (N, C, S, S), C = 1 (gray, ITU-R BT.601 luma) or 3.

    Examples
    --------
    >>> from facestats.models.cards import Head
    >>> card = Card("toy", (Head("gender", "gender", ("female", "male")),), input_color="gray")
    >>> network_input(np.full((2, 48, 48, 3), 255, np.uint8), card).max()
    np.float32(1.0)
    """
    pixels = color_planes(images, card.input_color)
    return (pixels.astype(np.float32) - np.float32(card.input_mean)) / np.float32(card.input_std)


def color_planes(images: UInt8, color: str) -> UInt8:
    """Turn crops into the planes that a network sees: uint8 (N, 1, S, S) for ``"gray"``, (N, 3, S, S) for ``"rgb"``.

    Examples
    --------
    >>> color_planes(np.zeros((2, 48, 48, 3), np.uint8), "gray").shape
    (2, 1, 48, 48)
    """
    if color == "rgb":
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    planes = np.empty((len(images), 1, *images.shape[1:3]), np.uint8)
    for plane, image in zip(planes, images, strict=True):
        plane[0] = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return planes


class OnnxClassifier:
    """A model folder run by onnxruntime; see :class:`facestats.classify.base.Classifier`.

    Parameters
    ----------
    model : Model
        From :func:`facestats.models.registry.find_models`.
    attributes : tuple of str, optional
        Which of its attributes to report; all by default.
    device : str
        ``"cpu"`` or ``"cuda"``.
    threads : int
        Threads of the session; 0 leaves the choice to onnxruntime. These networks are too small to share: with two
        threads each, four of them took four times as long on two busy cores as with one.

    Raises
    ------
    DeviceError
        If the device is absent.
    ModelError
        If the files differ from the card's hashes, the ONNX file does not load, or its inputs and outputs do not fit
        the card.

    Examples
    --------
    >>> from facestats.models.registry import find_models
    >>> model = find_models()["expression"]
    >>> OnnxClassifier(model).classify(np.zeros((1, 48, 48, 3), np.uint8))["expression"].probabilities.shape
    (1, 7)
    """

    def __init__(
        self, model: Model, *, attributes: tuple[str, ...] | None = None, device: str = "cpu", threads: int = 1
    ) -> None:
        check_device(device)
        self.model = model
        self.sha256 = model.verify()
        self.heads = tuple(head for head in model.card.heads if attributes is None or head.attribute in attributes)
        self.attributes = tuple(head.attribute for head in self.heads)
        self.input_size = model.card.input_size
        self.smallest_face = 0.0 if all(head.temperatures for head in self.heads) else float(MIN_CLASSIFIED_PX)
        if model.card.framing not in ("", crops.FRAMING):
            raise ModelError(
                f"model {model.name!r} was trained on {model.card.framing!r} crops, this facestats cuts "
                f"{crops.FRAMING!r}: train it again"
            )
        self._path = model.onnx_file()
        self._most = None if device == "cpu" else batch_size(device, _BYTES_EACH, _MOST_FACES)
        try:
            # A card computes with floats quicker than with bytes.
            file = quick_network(model) if device == "cpu" and is_quick(model) else self._path
            self._session = open_session(file, threads=threads, device=device)
            self.classify(np.zeros((2, self.input_size, self.input_size, 3), np.uint8))
        except RUNTIME_ERRORS as error:
            reason = " ".join(str(error).split())[:300]
            raise ModelError(f"{self._path} does not fit its card or cannot be run: {reason}") from None

    def classify(self, images: UInt8, pixels: Float32 | None = None) -> dict[str, Predictions]:
        """Return the calibrated probabilities of each attribute; see :class:`facestats.classify.base.Classifier`."""
        outputs, familiarity = self._outputs(images), self.model.card.familiarity
        divisors = 1.0 if familiarity is None else familiarity.divisors(outputs[familiarity.output])
        return {
            head.attribute: Predictions(
                head.attribute, head.classes, softmax(outputs[head.output] / divisors / head.temperatures_at(pixels))
            )
            for head in self.heads
        }

    def logits(self, images: UInt8) -> dict[str, Float32]:
        """Return the raw network outputs, float32 (N, K) per attribute, before temperature and softmax.

        Raises
        ------
        ModelError
            If an output does not have the shape that the card promises.
        """
        outputs = self._outputs(images)
        return {head.attribute: outputs[head.output] for head in self.heads}

    def familiar(self, images: UInt8) -> NDArray[np.bool_]:
        """Say which faces are like those of the training, bool (N,); all of them where the card does not tell."""
        familiarity = self.model.card.familiarity
        if familiarity is None:
            return np.ones(len(images), bool)
        divisors: Float32 = familiarity.divisors(self._outputs(images)[familiarity.output])
        return divisors[:, 0] <= 1

    def _outputs(self, images: UInt8) -> dict[str, Float32]:
        """Return the logits by output: those of the heads, and those that say how familiar a face is."""
        card = self.model.card
        wanted = {head.output for head in self.heads}
        if card.familiarity is not None:
            wanted.add(card.familiarity.output)
        sizes = {name: size for name, size in card.outputs.items() if name in wanted}
        if len(images) == 0:
            return {name: np.zeros((0, size), np.float32) for name, size in sizes.items()}
        names, step = list(sizes), self._most or len(images)
        parts = [
            self._session.run(names, {card.input_name: network_input(images[start : start + step], card)})
            for start in range(0, len(images), step)
        ]
        outputs = dict(zip(names, (np.concatenate(answers) for answers in zip(*parts, strict=True)), strict=True))
        for name, output in outputs.items():
            if not np.isfinite(output).all():
                raise ModelError(f"{self._path}: output {name!r} is not finite: train it again")
            if output.shape != (len(images), sizes[name]):
                raise ModelError(
                    f"{self._path}: output {name!r} has shape {output.shape}, the card promises (N, {sizes[name]})"
                )
        return outputs


def runs(model: Model) -> bool:
    """Return True: every model has an ONNX file, or one can be made of its weights."""
    return True


def create(model: Model, *, attributes: tuple[str, ...], device: str) -> OnnxClassifier:
    """Return the classifier of a model; see :class:`OnnxClassifier`."""
    return OnnxClassifier(model, attributes=attributes, device=device)
