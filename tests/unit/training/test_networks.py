import pytest
import torch
from torch import nn

from facestats.errors import ModelError
from facestats.training.networks import NETWORKS, MiniXception, ResidualNet, create_network


@pytest.mark.parametrize("side", [48, 64, 72])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", list(NETWORKS))
def test_logits_for_each_output_at_any_side(side, channels, name):
    network = create_network(name, channels, {"gender": 2, "age": 101}).eval()
    logits = network(torch.rand(3, channels, side, side))
    assert {name: tuple(values.shape) for name, values in logits.items()} == {"gender": (3, 2), "age": (3, 101)}
    assert all(values.isfinite().all() for values in logits.values())


def test_about_sixty_thousand_weights_as_in_the_paper():
    for outputs in ({"expression": 7}, {"gender": 2}, {"age": 101}):
        assert 50_000 < sum(weight.numel() for weight in MiniXception(1, outputs).parameters()) < 66_000


def test_logits_are_not_probabilities():
    logits = MiniXception(1, {"expression": 7}).eval()(torch.rand(4, 1, 48, 48) * 10)["expression"]
    assert not torch.allclose(logits.sum(dim=1), torch.ones(4), atol=1e-3)


def test_a_residual_network_begins_shallow():
    network = ResidualNet(1, {"expression": 7})
    for name, weight in network.named_parameters():
        if ".body.2.1.weight" in name:
            assert not weight.any()
    assert sum(".body.2.1.weight" in name for name, _ in network.named_parameters()) == 5


@pytest.mark.parametrize("name", list(NETWORKS))
def test_every_weight_gets_a_gradient(name):
    network = create_network(name, 3, {"makeup": 3})
    for weight in network.parameters():
        nn.init.normal_(weight, std=0.1)  # what begins as zero would hide the weights before it
    network(torch.rand(4, 3, 48, 48))["makeup"].square().sum().backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in network.parameters())


def test_unknown_network():
    with pytest.raises(ModelError, match="unknown network 'resnet'; there is mini_xception, residual"):
        create_network("resnet", 1, {"gender": 2})
