"""A stand-in for the trained embedding: what a face looks like in 8x8 grey pixels, without its brightness."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from facestats.classify.embedding import Embedder
from facestats.models.embedding import EmbeddingCard, SamePerson

MEANINGS = (SamePerson(16.0, 10.0, -7.0, 0.9), SamePerson(64.0, 20.0, -15.0, 0.99))


def stand_in(folder: Path, *, least_pixels: float = 16.0) -> Embedder:
    """An embedder of 64 numbers."""
    nodes = [
        helper.make_node("ReduceMean", ["faces"], ["grey"], axes=[1], keepdims=1),
        helper.make_node("AveragePool", ["grey"], ["small"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Flatten", ["small"], ["flat"]),
        helper.make_node("ReduceMean", ["flat"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["flat", "mean"], ["centred"]),
        helper.make_node("Add", ["centred", "little"], ["raised"]),
        helper.make_node("LpNormalization", ["raised"], ["embeddings"], axis=1, p=2),
    ]
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["n", 3, 64, 64])],
        [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["n", 64])],
        [numpy_helper.from_array(np.full(1, 1e-6, np.float32), "little")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = folder / "stand-in.onnx"
    onnx.save(model, path)
    return Embedder(path, EmbeddingCard("stand-in", same_person=MEANINGS, least_pixels=least_pixels))
