"""What the layers of attribute models answer on faces: by that a copy with eight-bit weights is made for processors.

``python -m facestats.training.ranges models/expression fer2013.parquet`` writes ``ranges.json`` into a model's folder,
by training faces of the files, a third of them as small as in crowds. The card then vouches for it, and says what is
right in both precisions on the validation faces of these files, and on unseen ones that ``--judge`` adds.
"""

from __future__ import annotations

import argparse
import contextlib
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
from facestats.options import DEFAULT_DETECTOR
from facestats.training.cards import card_markdown
from facestats.training.export import write_folder
from facestats.training.gathering import Faces, check_labels, gather, has_labels
from facestats.training.origins import recipe_of
from facestats.training.precision import in_both_precisions
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
    """Return at most 600 training faces of each file, uint8 (N, S, S, 3), RGB, a third of them as if they were small.

    Examples
    --------
    >>> training_faces(card, [Path("fer2013.parquet")]).shape  # doctest: +SKIP
    (600, 48, 48, 3)
    """
    random, parts = np.random.default_rng(0), []
    for path in data:
        attribute = next(name for name in card.attributes if has_labels(path, [name]))
        faces = load_faces(path, attribute, "train", size=card.input_size, progress=True)
        found = np.flatnonzero(faces.found)
        chosen = random.choice(found, min(_PER_FILE, len(found)), replace=False)
        crops = np.array(faces.crops[np.sort(chosen)])
        crops[::3] = seen_small(crops[::3], _SMALL_PX)
        parts.append(crops)
    return np.concatenate(parts)


def with_ranges(model: Model, ranges: bytes, faces: Faces, *, command: str = "") -> Model:
    """Write ranges into a model's folder, and into its card what faces are judged with eight bits and with all.

    Parameters
    ----------
    model : Model
        That facestats trained.
    ranges : bytes
        What :meth:`facestats.models.eight_bit.Ranges.write` writes.
    faces : Faces
        See :func:`facestats.training.precision.in_both_precisions`.
    command : str
        What the card says makes them, once.

    Raises
    ------
    ModelError
        If the ranges are of another network.
    OutputError
        If the folder cannot be written.

    Examples
    --------
    >>> with_ranges(model, Path("ranges.json").read_bytes(), faces)  # doctest: +SKIP
    """
    parts = {name: (model.folder / name).read_bytes() for name in model.card.files} | {RANGES_FILE: ranges}
    made = Model(model.folder, write_folder(model.folder, parts, model.card, card_markdown(model.card)))
    commands = [line for line in model.card.metrics.get("commands", ()) if line not in ("", command)]
    measured = {"eight_bit": in_both_precisions(made, faces), "commands": [*commands, *([command] if command else [])]}
    card = replace(made.card, metrics={**made.card.metrics, **measured})
    return Model(model.folder, write_folder(model.folder, parts, card, card_markdown(card)))


def main(given: Sequence[str] | None = None) -> None:
    """Write the ranges into a model's folder, and its card anew."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="folder of the model")
    parser.add_argument("data", type=Path, nargs="+", help="Parquet files that it learned from")
    parser.add_argument("--judge", type=Path, action="append", default=[], help="with the unseen faces of its card")
    arguments = parser.parse_args(given)
    card = Card.read(arguments.model / CARD_FILE)
    recipe = replace(recipe_of(card, str(arguments.model)), unseen=tuple(card.metrics.get("unseen", ())))
    served = check_labels([*arguments.data, *arguments.judge], replace(recipe, sources=()))
    faces = gather(served, recipe, detector=DEFAULT_DETECTOR, to_train=False, progress=True)
    planes = network_input(training_faces(card, arguments.data), card)
    model = Model(arguments.model, card)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / RANGES_FILE
        layer_ranges(model.onnx_file().read_bytes(), planes, fed=card.input_name).write(path)
        ranges = path.read_bytes()
    judged = "".join(f" --judge {path.name}" for path in arguments.judge)
    files = " ".join(path.name for path in arguments.data)
    command = f"python -m facestats.training.ranges {arguments.model.resolve().name} {files}{judged}"
    with_ranges(model, ranges, faces, command=command)


if __name__ == "__main__":
    main()
