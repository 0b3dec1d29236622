import itertools
import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from facestats.errors import ModelError
from facestats.training import loop
from facestats.training.loop import BatchLoss, Lessons, rate_share, train
from facestats.training.recipes import DetectorRecipe

RECIPE = DetectorRecipe(batch_size=2, learning_rate=0.05, weight_decay=0.0, average=0.0)


def lessons(steps=6, round_steps=2, loss=lambda output: (output**2).mean(), **options):
    """Teach a layer to give zeros."""

    def batches(first):
        for step in range(first, steps):
            yield 1 + 0.1 * torch.randn(4, 3, 1, 1, generator=torch.Generator().manual_seed(step))

    def losses(forward, batch):
        value = loss(forward(batch).float())
        return BatchLoss(value, {"square": (float(value.detach()) * 4, 4)})

    return Lessons(batches, losses, steps, round_steps, **options)


def layer():
    torch.manual_seed(0)
    return nn.Conv2d(3, 2, 1)


def test_rounds_are_told_with_their_means_and_their_checkpoints(tmp_path):
    told = []
    trained = train(
        layer(),
        lessons(steps=5),
        RECIPE,
        identity={},
        checkpoint=tmp_path / "c.pt",
        on_round=lambda n, network, means: told.append((n, network.training, means["square"])),
    )
    assert [(n, training) for n, training, _ in told] == [(1, False), (2, False), (3, False)]
    assert told[0][2] > told[2][2]
    assert not trained.training
    assert (tmp_path / "c.pt").is_file()


def test_long_gradients_are_shortened():
    def moved(largest):
        start = layer().weight.detach()
        steep = lessons(steps=1, loss=lambda output: 1e6 * output.sum(), largest_gradient=largest)
        return float((train(layer(), steep, RECIPE, identity={}).weight.detach() - start).abs().max())

    assert moved(1e-9) < 0.2 * moved(math.inf)  # so short that AdamW takes it for noise


def test_a_loss_that_is_not_finite_is_told_by_round():
    broken = lessons(loss=lambda output: output.sum() * math.nan, round_name="round")
    with pytest.raises(ModelError, match="the loss of round 1 is not finite"):
        train(layer(), broken, RECIPE, identity={})


@pytest.mark.parametrize(("slow", "chosen"), [(True, False), (False, True)])
def test_the_quicker_number_format_is_chosen_by_a_trial_and_kept(tmp_path, monkeypatch, slow, chosen):
    clock = itertools.count()
    steps = []

    def timed():
        """A clock by which each step in the slow format takes ten ticks, in the other one."""
        return next(clock) * 1.0

    formats = []
    autocast = torch.autocast

    def watched(*arguments, enabled):
        formats.append(enabled)
        if enabled == slow:
            for _ in range(10):
                next(clock)
        return autocast(*arguments, enabled=enabled)

    monkeypatch.setattr(loop.time, "perf_counter", timed)
    monkeypatch.setattr(loop.torch, "autocast", watched)
    long = lessons(steps=loop.LEAST_FOR_TRIAL, round_steps=50)
    path = tmp_path / "c.pt"
    train(layer(), long, RECIPE, identity={}, checkpoint=path, on_round=lambda *_: steps.append(len(formats)))
    assert set(formats[-50:]) == {chosen}
    assert len(formats) - loop.LEAST_FOR_TRIAL in (2, 10)
    assert torch.load(path, weights_only=True)["parts"]["number_format"] == {"bfloat16": chosen}


def test_no_trial_where_it_would_not_pay_or_is_not_wanted(monkeypatch):
    monkeypatch.setattr(loop, "_is_bfloat16_quicker", lambda *_: pytest.fail("a trial was made"))
    train(layer(), lessons(steps=loop.LEAST_FOR_TRIAL - 1), RECIPE, identity={})
    train(layer(), lessons(steps=loop.LEAST_FOR_TRIAL), replace(RECIPE, bfloat16=False), identity={})


def test_a_trial_changes_nothing_in_what_comes_out(monkeypatch):
    def weights(recipe):
        return train(layer(), lessons(steps=loop.LEAST_FOR_TRIAL), recipe, identity={}).weight

    monkeypatch.setattr(loop.time, "perf_counter", iter(range(0, -100, -1)).__next__)  # 16 bits are never quicker
    assert torch.equal(weights(RECIPE), weights(replace(RECIPE, bfloat16=False)))


@pytest.mark.parametrize("steps", [1, 2, 20, 29, 30, 31, 1000])
def test_the_learning_rate_rises_and_falls(steps):
    shares = [rate_share(step, steps) for step in range(steps)]
    assert all(0 < share <= 1 for share in shares)
    assert max(shares) == pytest.approx(1)
    assert shares.index(max(shares)) <= max(1, steps // 30)
