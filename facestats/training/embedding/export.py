"""From the trained embedding to its ONNX file, whose weights take 16 bits each."""

from __future__ import annotations

import io
import warnings

import onnxruntime
import torch
from torch import nn
from torch.nn import functional

from facestats.errors import ModelError
from facestats.training.onnxfile import halve_weights

_OPSET = 17

# Between PyTorch in 32 bits and the file: the cosine of the angle between two embeddings is at least so much.
_LEAST_LIKENESS = 0.9999


class _Mirrored(nn.Module):
    """Gives the mean of what a network makes of a face and of its mirror image, of unit length."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        return functional.normalize(self.network(faces) + self.network(faces.flip(3)), dim=1)


def embedding_to_onnx(network: nn.Module, size: int, input_name: str, output_name: str) -> bytes:
    """Return the embedding as an ONNX file for any number of faces: of each and its mirror image, the mean.

    Raises
    ------
    ModelError
        If onnxruntime does not give what PyTorch gives.

    Examples
    --------
    >>> embedding_to_onnx(network, 64, "faces", "embeddings")  # doctest: +SKIP
    """
    network = _Mirrored(network).eval().cpu()
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
            # As in facestats.training.export: folded filters would not fit into 16 bits.
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            dynamo=False,
        )
    small = halve_weights(content.getvalue())
    session = onnxruntime.InferenceSession(small, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        expected = network(faces).numpy()
    if ((session.run([output_name], {input_name: faces.numpy()})[0] * expected).sum(axis=1) < _LEAST_LIKENESS).any():
        raise ModelError("the embedding differs between onnxruntime and PyTorch; nothing was written")
    return small
