"""What CenterFace's layers answer on photos: by that facestats makes its copy with eight-bit weights.

``python -m facestats.training.detector.ranges detection_wild.parquet ranges.json`` makes the file that ships.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import onnx
from onnx import ModelProto, helper

from facestats.datasets.boxes import read_boxes
from facestats.datasets.labelled import decode_image
from facestats.detect.base import network_planes
from facestats.detect.centerface import INPUT, free_network
from facestats.models.eight_bit import Ranges, between_of, equalized, folded, quantize, rectified
from facestats.models.runtime import open_session
from facestats.types import Float32, UInt8

#: Photos of each source, and the sizes in which they are shown to the network, in turn.
_PER_SOURCE, _SIZES = 4, (1.0, 0.75, 0.5, 0.35)


def measure_ranges(network: bytes, pictures: Sequence[UInt8]) -> Ranges:
    """Return the ranges of a network's layers.

    Parameters
    ----------
    network : bytes
        See :func:`facestats.models.eight_bit.eight_bit`; its input has the name of CenterFace's.
    pictures : sequence of numpy.ndarray
        uint8 (H, W, 3), RGB: what it meets in use.

    Raises
    ------
    ValueError
        If the pictures do not hold pixels from 0 to 255.

    Examples
    --------
    >>> measure_ranges(free_network(), pictures).between["365"]  # doctest: +SKIP
    (0.0, 18.56)
    """
    planes = [network_planes([picture]) for picture in pictures]
    if min(each.min() for each in planes) != 0 or max(each.max() for each in planes) != 255:
        raise ValueError("the pictures must hold pixels from 0 to 255")
    with tempfile.TemporaryDirectory() as folder:
        model, out = folded(network, Path(folder) / "folded.onnx"), Path(folder) / "eight_bit.onnx"
        names = [rectifier.output[0] for _, rectifier, _ in rectified(model.graph.node)]
        tops = dict(zip(names, _tops(model, names, planes), strict=True))
        quantize(equalized(model, tops), out, planes, fed=INPUT)
        between = between_of(onnx.load(out))
    return Ranges(tops, {name: ends for name, ends in between.items() if name != INPUT})


def _tops(model: ModelProto, names: list[str], planes: Iterable[Float32]) -> list[np.ndarray]:
    """Return the largest answer of every channel of some tensors."""
    told = ModelProto()
    told.CopyFrom(model)
    told.graph.output.extend(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names)
    session = open_session(told.SerializeToString())
    tops: list[np.ndarray] | None = None
    for each in planes:
        own = [answer.max(axis=(0, 2, 3)) for answer in session.run(names, {INPUT: each})]
        tops = own if tops is None else [np.maximum(*both) for both in zip(tops, own, strict=True)]
    return tops or []


def main() -> None:
    """Write the file that ships: the ranges on four photos of each source, in four sizes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="Parquet file of photos, with their source")
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    taken: dict[str, list[UInt8]] = {}
    for photo in read_boxes(arguments.data):
        own = taken.setdefault(photo.source, [])
        if len(own) < _PER_SOURCE:
            own.append(decode_image(photo.encoded, f"{arguments.data}, {photo.name}: image"))
    pictures = []
    for number, picture in enumerate(picture for own in taken.values() for picture in own):
        size = _SIZES[number % len(_SIZES)]
        pictures.append(cv2.resize(picture, None, fx=size, fy=size, interpolation=cv2.INTER_AREA))
    measure_ranges(free_network(), pictures).write(arguments.out)


if __name__ == "__main__":
    main()
