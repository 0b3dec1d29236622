"""From the trained detector to its ONNX file."""

from __future__ import annotations

import io
import warnings

import numpy as np
import onnxruntime
import torch
from torch import nn

from facestats.detect.fast import INPUT, OUTPUTS
from facestats.errors import ModelError
from facestats.training.detector.network import FastDetector
from facestats.training.export import TOLERANCE

_OPSET = 17


class _Joined(nn.Module):
    """Computes score and geometry of a cell in one convolution, which is quicker than two."""

    def __init__(self, network: FastDetector) -> None:
        super().__init__()
        self.network = network
        self.bodies = nn.ModuleList([head.body for head in network.heads])
        self.last = nn.ModuleList([_join(head.score, head.geometry) for head in network.heads])

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        features = self.network.features(pixels)
        return tuple(last(body(level)) for last, body, level in zip(self.last, self.bodies, features, strict=True))


def _join(first: nn.Conv2d, second: nn.Conv2d) -> nn.Conv2d:
    joined = nn.Conv2d(first.in_channels, first.out_channels + second.out_channels, 1)
    with torch.no_grad():
        joined.weight.copy_(torch.cat([first.weight, second.weight]))
        joined.bias.copy_(torch.cat([first.bias, second.bias]))
    return joined


def detector_to_onnx(network: FastDetector) -> bytes:
    """Return the detector as an ONNX file for any number of pictures of any size.

    Raises
    ------
    ModelError
        If onnxruntime does not give what PyTorch gives, to :data:`facestats.training.export.TOLERANCE`.

    Examples
    --------
    >>> from facestats.training.detector.fitting import new_detector
    >>> len(detector_to_onnx(new_detector(0))) > 500_000
    True
    """
    joined = _Joined(network.eval().cpu()).eval()
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randn(2, 3, 96, 160, generator=generator)
    free = {0: "pictures", 2: "height", 3: "width"}
    content = io.BytesIO()
    with warnings.catch_warnings():
        # The TorchScript exporter is marked as legacy; the newer one needs onnxscript, and does no better here.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            joined,
            (pictures[:1, :, :64, :64],),
            content,
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamic_axes={INPUT: free} | {name: {0: "pictures", 2: f"{name}_h", 3: f"{name}_w"} for name in OUTPUTS},
            opset_version=_OPSET,
            dynamo=False,
        )
    session = onnxruntime.InferenceSession(content.getvalue(), providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        expected = [torch.cat(parts, dim=1) for parts in network(pictures)]
    for name, ours, theirs in zip(OUTPUTS, expected, session.run(OUTPUTS, {INPUT: pictures.numpy()}), strict=True):
        if not np.allclose(ours.numpy(), theirs, rtol=TOLERANCE, atol=TOLERANCE):
            raise ModelError(f"the detector's {name} differs between onnxruntime and PyTorch; nothing was written")
    return content.getvalue()
