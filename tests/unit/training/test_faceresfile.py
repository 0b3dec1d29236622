import hashlib
import json

import numpy as np
import pytest
import torch
from torch.nn import functional

from facestats.errors import MissingInputError, ModelError
from facestats.training import faceresfile
from facestats.training.mobilenet import MobileNet
from facestats.training.networks import PIXEL_MEAN, PIXEL_STD
from facestats.training.origins import FACERES
from facestats.training.transfer import read_start, take_over


@pytest.fixture
def faceres_file(tmp_path, monkeypatch):
    """A file laid out like that of faceres with random weights, and its tensors."""
    rng = np.random.default_rng(0)
    tensors = {"gender_pred/kernel": rng.normal(size=(256, 1)), "steps": np.zeros(())}
    for name, weight in MobileNet(3, {}).state_dict().items():
        if weight.ndim != 4:
            continue
        block, part = (int(name.split(".")[1]) + 1, name.split(".")[2]) if name.startswith("blocks") else (0, "")
        theirs = "conv1" if not block else f"conv_dw_{block}" if part == "0" else f"conv_pw_{block}"
        if part == "0":
            tensors[f"{theirs}/depthwise_kernel"] = rng.normal(size=(3, 3, weight.shape[0], 1))
            tensors[f"{theirs}_bn/batchnorm_1/mul"] = rng.normal(size=weight.shape[0])
        else:
            tensors[f"{theirs}/convolution/merged_input"] = rng.normal(size=tuple(weight.permute(2, 3, 1, 0).shape))
        tensors[f"{theirs}_bn/batchnorm_1/sub"] = rng.normal(size=weight.shape[0])
    tensors["feats/kernel"], tensors["feats/bias"] = rng.normal(size=(1024, 256)), rng.normal(size=256)
    tensors = {name: values.astype("<f4") for name, values in tensors.items()}
    content = b"".join(values.tobytes() for values in tensors.values())
    path = tmp_path / "faceres-deep.json"
    entries = [{"name": name, "shape": list(values.shape)} for name, values in tensors.items()]
    path.write_text(json.dumps({"weightsManifest": [{"weights": entries}]}))
    path.with_suffix(".bin").write_bytes(content)
    monkeypatch.setattr(faceresfile, "FACERES_SHA256", hashlib.sha256(content).hexdigest())
    return path, {name: torch.from_numpy(values) for name, values in tensors.items()}


def test_a_block_computes_what_the_file_says(faceres_file):
    path, tensors = faceres_file
    start = read_start(path)
    assert start.origin == FACERES
    network = MobileNet(3, {"gender": 2}).eval()
    take_over(network, start.weights)
    features = torch.rand(2, 128, 9, 9, generator=torch.Generator().manual_seed(0)) * 6
    kernel = tensors["conv_dw_4/depthwise_kernel"].permute(2, 3, 0, 1)
    # The fourth block halves the sides; TensorFlow pads 9 on both sides.
    expected = functional.conv2d(features, kernel, stride=2, padding=1, groups=128)
    expected = expected * tensors["conv_dw_4_bn/batchnorm_1/mul"].view(-1, 1, 1)
    expected = functional.relu6(expected + tensors["conv_dw_4_bn/batchnorm_1/sub"].view(-1, 1, 1))
    expected = functional.conv2d(expected, tensors["conv_pw_4/convolution/merged_input"].permute(3, 2, 0, 1))
    expected = functional.relu6(expected + tensors["conv_pw_4_bn/batchnorm_1/sub"].view(-1, 1, 1))
    assert torch.allclose(network.blocks[3](features), expected, atol=1e-3)
    assert torch.equal(network.features.weight, tensors["feats/kernel"].T)


def test_the_first_layer_takes_pixels_as_facestats_scales_them(faceres_file):
    path, tensors = faceres_file
    network = MobileNet(3, {}).eval()
    take_over(network, read_start(path).weights)
    pixels = torch.randint(0, 256, (1, 3, 20, 20), generator=torch.Generator().manual_seed(0)).float()
    theirs = pixels - torch.tensor([123.68, 116.779, 103.939]).view(1, 3, 1, 1)
    # Even sides are padded on the right and at the bottom alone; padding means another grey to each.
    kernel = tensors["conv1/convolution/merged_input"].permute(3, 2, 0, 1)
    expected = functional.conv2d(theirs, kernel, stride=2) + tensors["conv1_bn/batchnorm_1/sub"].view(-1, 1, 1)
    ours = network.stem((pixels - PIXEL_MEAN) / PIXEL_STD)
    assert torch.allclose(ours[..., :9, :9], functional.relu6(expected), atol=1e-3)


def test_what_is_refused_in_one_line(faceres_file):
    path, _ = faceres_file
    for text in ("{}", "no JSON", path.read_text().replace("conv_dw_4", "other")):
        path.write_text(text)
        with pytest.raises(ModelError, match=r"faceres-deep\.json is not faceres-deep\.json of"):
            read_start(path)
    path.with_suffix(".bin").write_bytes(b"other")
    with pytest.raises(ModelError, match=r"faceres-deep\.bin is not faceres-deep\.bin of"):
        read_start(path)
    path.with_suffix(".bin").unlink()
    with pytest.raises(MissingInputError, match=r"no faceres-deep\.bin in .*: the weights of faceres-deep\.json lie"):
        read_start(path)
