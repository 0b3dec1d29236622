import pytest
import torch

from facestats.errors import ModelError
from facestats.training.networks import MiniXception, create_network


@pytest.mark.parametrize("side", [48, 64, 72])
@pytest.mark.parametrize("channels", [1, 3])
def test_logits_for_each_output_at_any_side(side, channels):
    network = MiniXception(channels, {"gender": 2, "age": 101}).eval()
    logits = network(torch.rand(3, channels, side, side))
    assert {name: tuple(values.shape) for name, values in logits.items()} == {"gender": (3, 2), "age": (3, 101)}
    assert all(values.isfinite().all() for values in logits.values())


def test_about_sixty_thousand_weights_as_in_the_paper():
    for outputs in ({"expression": 7}, {"gender": 2}, {"age": 101}):
        assert 50_000 < sum(weight.numel() for weight in MiniXception(1, outputs).parameters()) < 66_000


def test_logits_are_not_probabilities():
    logits = MiniXception(1, {"expression": 7}).eval()(torch.rand(4, 1, 48, 48) * 10)["expression"]
    assert not torch.allclose(logits.sum(dim=1), torch.ones(4), atol=1e-3)


def test_every_weight_gets_a_gradient():
    network = MiniXception(3, {"makeup": 3})
    network(torch.rand(4, 3, 48, 48))["makeup"].square().sum().backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in network.parameters())


def test_unknown_network():
    with pytest.raises(ModelError, match="unknown network 'resnet'; there is mini_xception"):
        create_network("resnet", 1, {"gender": 2})
