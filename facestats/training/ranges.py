"""What the layers of attribute models answer on faces: by that a copy with eight-bit weights is made for processors.

``python -m facestats.training.ranges models/expression fer2013.parquet`` writes ``ranges.json`` into a model's folder,
by training faces of the files, a third of them as small as in crowds; the card then vouches for it.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx

from facestats.classify.onnx import network_input
from facestats.datasets.faces import load_faces
from facestats.evaluation.smallness import seen_small
from facestats.models.cards import CARD_FILE, Card
from facestats.models.eight_bit import Ranges, between_of, folded, quantize
from facestats.models.quick import RANGES_FILE
from facestats.models.registry import Model
from facestats.training.gathering import has_labels
from facestats.types import Float32, UInt8

#: Faces of each file, every third of them shown with so many pixels, and how many the network sees at once.
_PER_FILE, _SMALL_PX, _AT_ONCE = 600, 16, 20


def layer_ranges(network: bytes, planes: Float32, *, fed: str) -> Ranges:
    """Return the ranges of a network's layers, see :func:`facestats.models.eight_bit.eight_bit_layers`.

    Parameters
    ----------
    network : bytes
        An ONNX file.
    planes : numpy.ndarray
        float32 (N, C, H, W): what it meets in use.
    fed : str
        Name of its input.

    Examples
    --------
    >>> layer_ranges(network, planes, fed="faces").between  # doctest: +SKIP
    {"faces": (-1.0, 1.0), "conv1": (0.0, 7.1)}
    """
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):  # it prints as it goes
        out = Path(folder) / "eight_bit.onnx"
        batches = np.array_split(planes, -(-len(planes) // _AT_ONCE))
        quantize(folded(network, Path(folder) / "folded.onnx"), out, batches, fed=fed, whole=False)
        return Ranges({}, between_of(onnx.load(out)))


def training_faces(card: Card, data: Sequence[Path]) -> UInt8:
    """Return some training faces of each file, uint8 (N, S, S, 3), RGB, a third of them as if they were small.

    Examples
    --------
    >>> training_faces(card, [Path("fer2013.parquet")]).shape  # doctest: +SKIP
    (600, 48, 48, 3)
    """
    random, parts = np.random.default_rng(0), []
    for path in data:
        attribute = next(name for name in card.attributes if has_labels(path, [name]))
        faces = load_faces(path, attribute, "train", size=card.input_size, progress=True)
        chosen = random.choice(np.flatnonzero(faces.found), _PER_FILE, replace=False)
        crops = np.array(faces.crops[np.sort(chosen)])
        crops[::3] = seen_small(crops[::3], _SMALL_PX)
        parts.append(crops)
    return np.concatenate(parts)


def main() -> None:
    """Write the ranges into a model's folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="folder of the model")
    parser.add_argument("data", type=Path, nargs="+", help="Parquet files that it learned from")
    arguments = parser.parse_args()
    card = Card.read(arguments.model / CARD_FILE)
    planes = network_input(training_faces(card, arguments.data), card)
    network = Model(arguments.model, card).onnx_file().read_bytes()
    path = arguments.model / RANGES_FILE
    layer_ranges(network, planes, fed=card.input_name).write(path)
    files = {**card.files, RANGES_FILE: hashlib.sha256(path.read_bytes()).hexdigest()}
    (arguments.model / CARD_FILE).write_text(replace(card, files=files).to_json(), encoding="utf-8")


if __name__ == "__main__":
    main()
