"""Copies of networks with eight-bit weights: made where they are first needed, and kept in the cache folder."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable

import onnx
import onnxruntime

from facestats._util.files import cache_dir, sha256_of, written_aside
from facestats.models.registry import Model

#: What tells the ranges of an attribute model's layers, beside its card, which vouches for it.
RANGES_FILE = "ranges.json"

#: Counts the ways in which the copy of an attribute model was made: what another gives is another network.
_MADE_HOW = 1


def kept_network(folder: str, name: str, made_of: str, make: Callable[[], bytes]) -> bytes:
    """Return a network that is made within a second and kept in the cache folder, if that can be written.

    It is made again where what it is made of, onnx or onnxruntime have changed, or what was kept is damaged.

    Parameters
    ----------
    folder, name : str
        Of the file in the cache folder; the name gets hashes of what it is made of and of its content.
    made_of : str
        Tells all that it depends on.
    make : callable
        Returns it, an ONNX file's content.

    Examples
    --------
    >>> kept_network("examples", "example", "itself", lambda: b"network")
    b'network'
    """
    begins = f"{name}-{_short(f'{made_of} {onnx.__version__} {onnxruntime.__version__}'.encode())}"
    place = cache_dir() / folder
    with contextlib.suppress(OSError):  # never made here, or the folder is out of reach
        for kept in place.glob(f"{begins}-*.onnx"):
            content = kept.read_bytes()
            if kept.stem.endswith(_short(content)):
                return content
    content = make()
    with contextlib.suppress(OSError), written_aside(place / f"{begins}-{_short(content)}.onnx") as aside:
        aside.write_bytes(content)  # else it is made again the next time
    return content


def is_quick(model: Model) -> bool:
    """Say whether an attribute model runs with eight-bit weights on a processor: its card vouches for their ranges.

    Examples
    --------
    >>> from facestats.models.registry import find_models
    >>> is_quick(find_models()["expression"])
    True
    """
    return RANGES_FILE in model.card.files


def behaviour_of(model: Model) -> str:
    """Return the hash of all beside the weights that changes what a model says, 64 hex digits.

    Examples
    --------
    >>> from facestats.models.registry import find_models
    >>> len(behaviour_of(find_models()["expression"]))
    64
    """
    if not is_quick(model):
        return model.card.behaviour
    return hashlib.sha256(f"{model.card.behaviour} {model.card.files[RANGES_FILE]} {_MADE_HOW}".encode()).hexdigest()


def quick_network(model: Model) -> bytes:
    """Return a copy of an attribute model with eight-bit weights, an ONNX file's content.

    Raises
    ------
    ModelError
        If its ranges cannot be read, or are those of another network.

    Examples
    --------
    >>> from facestats.models.registry import find_models
    >>> len(quick_network(find_models()["expression"])) > 1_000_000
    True
    """
    path = model.onnx_file()

    def make() -> bytes:
        from facestats.models.eight_bit import Ranges, eight_bit_layers  # takes half a second to import, once

        ranges = Ranges.read(model.folder / RANGES_FILE)
        card = model.card
        return eight_bit_layers(path.read_bytes(), ranges, fed=card.input_name, shape=picture_shape(model))

    return kept_network("onnx", "eight-bit", f"{sha256_of(path)} {behaviour_of(model)}", make)


def picture_shape(model: Model) -> tuple[int, int, int]:
    """Return channels, height and width of what a model takes.

    Examples
    --------
    >>> from facestats.models.registry import find_models
    >>> picture_shape(find_models()["expression"])
    (1, 48, 48)
    """
    return (1 if model.card.input_color == "gray" else 3), model.card.input_size, model.card.input_size


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
