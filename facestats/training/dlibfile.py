"""The weights of dlib's face recogniser, as a start for teachers.

The file is in the public domain (CC0) and comes with the package ``face_recognition_models`` from PyPI, as
``models/dlib_face_recognition_resnet_model_v1.dat``. The network was trained to tell three million pictures of people
apart (King, 2017): what it learned of faces saves a teacher weeks. No weight of it is in any network that facestats
ships, and nothing that facestats writes recognises anybody.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch

from facestats.errors import ModelError
from facestats.training.networks import PIXEL_MEAN, PIXEL_STD, RecognitionNet
from facestats.types import Float32

#: The one file that is read: dlib published no other.
DLIB_SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"

# dlib feeds (pixel - mean) / 256.
_DLIB_MEAN = np.array([122.782, 117.001, 104.298], np.float32)
_DLIB_STD = 256.0


def read_dlib_recognizer(path: Path) -> dict[str, torch.Tensor]:
    """Return the weights of dlib's face recogniser as those of a :class:`RecognitionNet` without heads.

    Each affine layer is folded into the convolution before it, and dlib's scaling of pixels into the first.

    Raises
    ------
    ModelError
        If it is not the file that dlib published.
    FileNotFoundError
        If there is none.

    Examples
    --------
    >>> read_dlib_recognizer(Path("dlib_face_recognition_resnet_model_v1.dat"))  # doctest: +SKIP
    """
    content = _content(path)
    shapes = {name: tuple(weight.shape) for name, weight in RecognitionNet(3, {}).state_dict().items()}
    weights, place = {}, 0
    # The layers lie in the order in which pictures pass them, among much else.
    for name, shape in shapes.items():
        if not name.endswith(".weight"):
            continue
        n, size = shape[0], int(np.prod(shape))
        convolution, place = _next_tensor(content, size + n, place)
        affine, place = _next_tensor(content, 2 * n, place)
        scale, offset = affine[:n], affine[n:]
        kernel = convolution[:size].reshape(shape) * scale[:, None, None, None]
        bias = convolution[size:] * scale + offset
        if name == "stem.weight":
            bias = bias + (kernel * ((PIXEL_MEAN - _DLIB_MEAN) / _DLIB_STD)[None, :, None, None]).sum(axis=(1, 2, 3))
            kernel = kernel * (PIXEL_STD / _DLIB_STD)
        weights[name] = torch.from_numpy(kernel)
        weights[name.replace(".weight", ".bias")] = torch.from_numpy(bias)
    return weights


def read_dlib_projection(path: Path) -> torch.Tensor:
    """Return the last layer of dlib's face recogniser, which makes an embedding of 256 features: float32 (128, 256).

    Raises
    ------
    ModelError, FileNotFoundError
        See :func:`read_dlib_recognizer`.

    Examples
    --------
    >>> read_dlib_projection(Path("dlib_face_recognition_resnet_model_v1.dat"))  # doctest: +SKIP
    """
    weight, _ = _next_tensor(_content(path), 256 * 128, 0, shape=(256, 128, 1, 1))
    return torch.from_numpy(weight.reshape(256, 128).T.copy())


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != DLIB_SHA256:
        raise ModelError(
            f"{path} is not dlib_face_recognition_resnet_model_v1.dat as dlib published it: unpack it if it is packed"
        )
    return content


def _next_tensor(content: bytes, size: int, place: int, shape: tuple[int, ...] | None = None) -> tuple[Float32, int]:
    """Return the next tensor of so many numbers (in a column, unless it has another shape), and where it ends.

    dlib writes a tensor as the version 2 and four sizes, each integer led by its number of bytes, then the numbers.
    """

    def integer(value: int) -> bytes:
        digits = value.to_bytes((value.bit_length() + 7) // 8, "little")
        return bytes([len(digits)]) + digits

    header = b"".join(integer(value) for value in (2, *(shape or (size, 1, 1, 1))))
    start = content.index(header, place) + len(header)
    end = start + 4 * size
    return np.frombuffer(content[start:end], "<f4"), end
