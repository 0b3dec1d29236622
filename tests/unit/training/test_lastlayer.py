import copy

import numpy as np
import pytest
import torch

from facestats.classify.onnx import color_planes
from facestats.errors import ModelError
from facestats.training.examples import combine
from facestats.training.fitting import network_logits
from facestats.training.lastlayer import features_of, learn_last_layer
from facestats.training.networks import create_network
from facestats.training.recipes import Recipe


def network(name="residual"):
    torch.manual_seed(0)
    return create_network(name, 3, {"gender": 2})


def test_features_are_what_the_last_layer_multiplies(bright_and_dark):
    net = network()
    features = features_of(net, color_planes(bright_and_dark.crops, "rgb"))
    layer = net.heads["gender"]
    logits = features @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
    assert logits == pytest.approx(network_logits(net, bright_and_dark.crops, "rgb")["gender"], abs=1e-4)
    assert features_of(net, np.zeros((0, 3, 48, 48), np.uint8)).shape == (0, 256)


def test_the_last_layer_is_learned_and_nothing_before_it(bright_and_dark):
    net = network()
    with torch.no_grad():
        net.heads["gender"].weight.zero_()
    before = copy.deepcopy(net.state_dict())
    learn_last_layer(net, combine([[bright_and_dark]], Recipe(("gender",))), 1e-4)
    chosen = network_logits(net, bright_and_dark.crops, "rgb")["gender"].argmax(axis=1)
    assert (chosen == bright_and_dark.labels).mean() == 1
    changed = {name for name, weight in net.state_dict().items() if not torch.equal(weight, before[name])}
    assert changed == {"heads.gender.weight", "heads.gender.bias"}


def test_the_more_it_is_held_the_less_it_moves(bright_and_dark):
    moved = []
    for held in (0.01, 1.0, 1e6):
        net = network()
        first = net.heads["gender"].weight.detach().clone()
        learn_last_layer(net, combine([[bright_and_dark]], Recipe(("gender",))), held)
        moved.append(float((net.heads["gender"].weight.detach() - first).norm()))
    assert moved[0] > moved[1] > moved[2]
    assert moved[2] < 1e-4


def test_a_network_whose_last_layer_is_not_linear():
    with pytest.raises(ModelError, match="last layer of MiniXception cannot be learned alone: it is not linear"):
        features_of(network("mini_xception"), np.zeros((1, 3, 48, 48), np.uint8))
