import hashlib

import numpy as np
import pytest
import torch
from torch.nn import functional

from facestats.errors import ModelError
from facestats.training import dlibfile
from facestats.training.dlibfile import read_dlib_recognizer
from facestats.training.networks import PIXEL_MEAN, PIXEL_STD, RecognitionNet
from facestats.training.origins import DLIB
from facestats.training.transfer import read_start, take_over


def _tensor(values):
    """A tensor as dlib writes it: version, four sizes, each with its number of bytes, and the numbers."""
    sizes = [2, len(values), 1, 1, 1]
    digits = [size.to_bytes((size.bit_length() + 7) // 8, "little") for size in sizes]
    return b"".join(bytes([len(d)]) + d for d in digits) + np.asarray(values, "<f4").tobytes()


@pytest.fixture
def dlib_file(tmp_path, monkeypatch):
    """A file laid out like dlib's with random weights, and its layers: (kernel, bias, scale, offset) each."""
    rng = np.random.default_rng(0)
    layers, content = [], b"\x01\x02some names of layers"
    for name, weight in RecognitionNet(3, {}).state_dict().items():
        if name.endswith(".weight"):
            kernel = rng.normal(0, 0.05, tuple(weight.shape)).astype(np.float32)
            bias, scale, offset = (rng.normal(size=len(kernel)).astype(np.float32) for _ in range(3))
            layers.append((kernel, bias, scale, offset))
            content += _tensor(np.concatenate([kernel.ravel(), bias])) + b"\x00\x01 between "
            content += _tensor(np.concatenate([scale, offset])) + b"8\x01\x01"
    path = tmp_path / "dlib_face_recognition_resnet_model_v1.dat"
    path.write_bytes(content)
    monkeypatch.setattr(dlibfile, "DLIB_SHA256", hashlib.sha256(content).hexdigest())
    return path, layers


def test_first_layer_computes_what_dlib_computes(dlib_file):
    path, layers = dlib_file
    weights = read_dlib_recognizer(path)
    pixels = torch.randint(0, 256, (1, 3, 20, 20), generator=torch.Generator().manual_seed(0)).float()
    kernel, bias, scale, offset = (torch.from_numpy(part) for part in layers[0])
    dlib_pixels = (pixels - torch.tensor([122.782, 117.001, 104.298]).view(1, 3, 1, 1)) / 256
    expected = functional.conv2d(dlib_pixels, kernel, bias, stride=2) * scale.view(-1, 1, 1) + offset.view(-1, 1, 1)
    ours = functional.conv2d((pixels - PIXEL_MEAN) / PIXEL_STD, weights["stem.weight"], weights["stem.bias"], stride=2)
    assert torch.allclose(ours, expected, atol=1e-4)


def test_every_layer_is_read_in_order_and_fits_the_network(dlib_file):
    path, layers = dlib_file
    network = RecognitionNet(3, {"gender": 2})
    start = read_start(path)
    assert start.origin == DLIB
    take_over(network, start.weights)
    convolutions = [name for name in network.state_dict() if name.endswith(".weight") and "heads" not in name]
    assert len(convolutions) == len(layers) == 29
    for name, (kernel, bias, scale, offset) in zip(convolutions[1:], layers[1:], strict=True):
        weights = network.state_dict()
        assert np.allclose(weights[name], kernel * scale[:, None, None, None])
        assert np.allclose(weights[name.replace("weight", "bias")], bias * scale + offset, atol=1e-6)


def test_another_file_is_refused(tmp_path):
    (tmp_path / "other.dat.bz2").write_bytes(b"something else")
    with pytest.raises(ModelError, match=r"other\.dat\.bz2 is not dlib_face_recognition_resnet_model_v1\.dat as dlib"):
        read_start(tmp_path / "other.dat.bz2")
