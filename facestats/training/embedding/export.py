"""From the trained embedding to its ONNX file, whose weights take 16 bits each."""

from __future__ import annotations

import io
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from torch import nn

from facestats.errors import ModelError

_OPSET = 17
_FEW = 1_000  # numbers; shorter lists stay in 32 bits

# Between PyTorch in 32 bits and the file: the cosine of the angle between two embeddings is at least so much.
_LEAST_LIKENESS = 0.9999


def halved(content: bytes) -> bytes:
    """Return an ONNX file whose large constants are kept in 16 bits, and read as 32 bits when it is loaded.

    Examples
    --------
    >>> from facestats.training.embedding.network import EmbeddingNet
    >>> len(embedding_to_onnx(EmbeddingNet(3, 64).eval(), 64, "faces", "embeddings")) < 2_000_000
    True
    """
    model = onnx.load_from_string(content)
    casts = []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype == np.float32 and values.size >= _FEW:
            name = weight.name
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_16"))
            casts.append(helper.make_node("Cast", [f"{name}_16"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model.SerializeToString()


def embedding_to_onnx(network: nn.Module, size: int, input_name: str, output_name: str) -> bytes:
    """Return the embedding as an ONNX file for any number of faces.

    Raises
    ------
    ModelError
        If onnxruntime does not give what PyTorch gives.

    Examples
    --------
    >>> embedding_to_onnx(network, 64, "faces", "embeddings")  # doctest: +SKIP
    """
    network = network.eval().cpu()
    faces = torch.randn(4, 3, size, size, generator=torch.Generator().manual_seed(0))
    content = io.BytesIO()
    with warnings.catch_warnings():
        # The TorchScript exporter is marked as legacy; the newer one needs onnxscript, and does no better here.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network,
            (faces[:2],),
            content,
            input_names=[input_name],
            output_names=[output_name],
            dynamic_axes={name: {0: "faces"} for name in (input_name, output_name)},
            opset_version=_OPSET,
            dynamo=False,
        )
    small = halved(content.getvalue())
    session = onnxruntime.InferenceSession(small, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        expected = network(faces).numpy()
    if ((session.run([output_name], {input_name: faces.numpy()})[0] * expected).sum(axis=1) < _LEAST_LIKENESS).any():
        raise ModelError("the embedding differs between onnxruntime and PyTorch; nothing was written")
    return small
