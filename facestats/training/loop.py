"""The training loop of every network: seeded, averaged, with checkpoints from which it goes on when interrupted.

What is learned comes as :class:`Lessons`: batches, and the losses of a batch. Everything else is here, once: the
optimizer, the course of the learning rate, the moving average of the weights, the number format, checkpoints.
"""

from __future__ import annotations

import copy
import math
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Generic, TypedDict, TypeVar, Unpack

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from facestats._util.progress import bar
from facestats.errors import DeviceError, ModelError
from facestats.training.checkpoints import load_checkpoint, save_checkpoint
from facestats.training.recipes import TrainingRecipe, recipe_values

Batch = TypeVar("Batch")

#: Gives the network's outputs for pictures, wherever and in whatever number format it computes.
Forward = Callable[[torch.Tensor], Any]

#: Trainings of fewer steps compute in 32 bits without a trial, which would take a tenth of them.
LEAST_FOR_TRIAL = 100

_TRIAL_STEPS = 10


@dataclass(frozen=True)
class BatchLoss:
    """What a batch was worth.

    Attributes
    ----------
    total : torch.Tensor
        What the step makes smaller.
    parts : mapping of str to tuple
        Figures for people: by name, a sum (float) and what number of things it is of.
    """

    total: torch.Tensor
    parts: Mapping[str, tuple[float, int]]


@dataclass(frozen=True)
class Lessons(Generic[Batch]):
    """What a network learns from.

    Attributes
    ----------
    batches : callable
        Gives the batches from a step on, which depend on nothing but the recipe and the step.
    losses : callable
        Gives the loss of a batch; asks the network by the :data:`Forward` that it gets.
    steps : int
        Of the whole training.
    round_steps : int
        Steps from one checkpoint to the next.
    round_name : str
        What to call these.
    largest_gradient : float
        A longer one is shortened to this.
    channels_last : bool
        Whether weights and pictures lie in memory with their channels last, which is quicker for most networks.
    """

    batches: Callable[[int], Iterator[Batch]]
    losses: Callable[[Forward, Batch], BatchLoss]
    steps: int
    round_steps: int
    round_name: str = "epoch"
    largest_gradient: float = math.inf
    channels_last: bool = True


#: Called after each round with its number, from 1, the averaged network in evaluation mode, and the mean of each part
#: of the loss.
OnRound = Callable[[int, nn.Module, Mapping[str, float]], None]


class Running(TypedDict, total=False):
    """How a training runs, which changes nothing in what comes out.

    Attributes
    ----------
    on_round : callable
        See :data:`OnRound`.
    checkpoint : pathlib.Path or None
        A file written after each round, from which the same training goes on. It holds tensors, numbers and texts.
    device : str
        ``"cpu"``, the default, or ``"cuda"``.
    progress : bool
        Whether to show a progress bar on stderr; not by default.
    """

    on_round: OnRound | None
    checkpoint: Path | None
    device: str
    progress: bool


def torch_device(name: str) -> torch.device:
    """Return a device by name.

    Raises
    ------
    DeviceError
        If ``name`` is neither ``"cpu"`` nor ``"cuda"``, or PyTorch finds no GPU.

    Examples
    --------
    >>> torch_device("cpu")
    device(type='cpu')
    """
    if name not in ("cpu", "cuda"):
        raise DeviceError(f"unknown device {name!r}: use cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise DeviceError("--device cuda needs an NVIDIA GPU and a CUDA build of PyTorch: use --device cpu")
    return torch.device(name)


def rate_share(step: int, steps: int) -> float:
    """Return the learning rate of a step as a share of its peak.

    It rises over the first thirtieth of the steps and falls along half a cosine to a hundredth (Loshchilov and Hutter,
    2017, "SGDR", arXiv 1608.03983, without restarts).

    Parameters
    ----------
    step : int
        From 0.
    steps : int
        Of the whole training.

    Examples
    --------
    >>> [round(rate_share(step, 90), 2) for step in (0, 2, 46, 90)]
    [0.33, 1.0, 0.51, 0.01]
    """
    warm = max(1, steps // 30)
    if step < warm:
        return (step + 1) / warm
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def weights_checksum(weights: Mapping[str, torch.Tensor]) -> int:
    """Return a number by which the weights that a training starts from are told from others.

    Examples
    --------
    >>> weights_checksum({"bias": torch.zeros(2)}) == weights_checksum({"bias": torch.ones(2)})
    False
    """
    return zlib.crc32(b"".join(weights[name].contiguous().numpy().tobytes() for name in sorted(weights)))


def train(
    network: nn.Module,
    lessons: Lessons[Any],
    recipe: TrainingRecipe,
    *,
    identity: Mapping[str, Any],
    **running: Unpack[Running],
) -> nn.Module:
    """Train a network.

    Parameters
    ----------
    network : torch.nn.Module
        With the weights to begin with; changed.
    lessons : Lessons
        What it learns from.
    recipe : TrainingRecipe
        How.
    identity : mapping
        What tells this training from others besides the recipe: numbers and texts, by what they are of.
    **running
        See :class:`Running`.

    Returns
    -------
    torch.nn.Module
        The averaged network in evaluation mode, on the CPU.

    Raises
    ------
    DeviceError
        If the device is absent.
    ModelError
        If the loss is no longer finite.
    OutputError
        If the checkpoint cannot be written, or belongs to another training.

    Examples
    --------
    >>> train(network, lessons, recipe, identity={"faces": 7}, checkpoint=Path("training.pt"))  # doctest: +SKIP
    """
    checkpoint, on_round = running.get("checkpoint"), running.get("on_round")
    target = torch_device(running.get("device", "cpu"))
    identity = {**recipe_values(recipe), **identity}
    layout = torch.channels_last if lessons.channels_last else torch.preserve_format
    network = network.to(target, memory_format=layout)
    averaged = AveragedModel(network, multi_avg_fn=_moving_average(recipe.average), use_buffers=True)
    optimizer = torch.optim.AdamW(_decayed_apart(network, recipe.weight_decay), lr=recipe.learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_share(step, lessons.steps))
    number_format = _NumberFormat()
    parts = {
        "network": network,
        "averaged": averaged,
        "optimizer": optimizer,
        "schedule": schedule,
        "number_format": number_format,
    }
    first = load_checkpoint(checkpoint, identity, parts) if checkpoint else 0

    def forward_of(network: nn.Module, bfloat16: bool) -> Forward:
        def forward(pictures: torch.Tensor) -> Any:
            with torch.autocast(target.type, torch.bfloat16, enabled=bfloat16):
                return network(pictures.to(target, memory_format=layout))

        return forward

    n_rounds = math.ceil(lessons.steps / lessons.round_steps)
    shown = bar(total=lessons.steps, progress=running.get("progress", False), initial=first, unit="batch")
    # Dropout and the like draw from the global state, which stays as it was.
    with shown, torch.random.fork_rng(devices=[]):
        batches = lessons.batches(first)
        if number_format.bfloat16 is None:
            is_tried = recipe.bfloat16 and first == 0 and lessons.steps >= LEAST_FOR_TRIAL
            if is_tried:
                batch = next(batches)
                batches = chain([batch], batches)
                tried = copy.deepcopy(network).train()
                number_format.bfloat16 = _is_bfloat16_quicker(tried, lessons, batch, forward_of, target)
            else:
                number_format.bfloat16 = False
        network.train()
        if recipe.compiled:
            network.compile()
        forward = forward_of(network, number_format.bfloat16)
        sums: dict[str, float] = {}
        counts: dict[str, int] = {}
        for step, batch in enumerate(batches, start=first):
            n_round, place = divmod(step, lessons.round_steps)
            if place == 0:
                sums, counts = {}, {}
                torch.manual_seed(recipe.seed * 1_000_003 + n_round)
                shown.set_description(f"{lessons.round_name} {n_round + 1}/{n_rounds}", refresh=False)
            loss = lessons.losses(forward, batch)
            optimizer.zero_grad()
            loss.total.backward()
            if lessons.largest_gradient < math.inf:
                nn.utils.clip_grad_norm_(network.parameters(), lessons.largest_gradient)
            optimizer.step()
            schedule.step()
            averaged.update_parameters(network)
            for name, (value, n) in loss.parts.items():
                sums[name], counts[name] = sums.get(name, 0.0) + value, counts.get(name, 0) + n
            means = {name: sums[name] / max(counts[name], 1e-9) for name in sums}
            shown.update()
            shown.set_postfix({name: f"{mean:.3f}" for name, mean in means.items()}, refresh=False)
            done = step + 1
            if place + 1 < lessons.round_steps and done < lessons.steps:
                continue
            if not all(math.isfinite(mean) for mean in means.values()):
                raise ModelError(
                    f"the loss of {lessons.round_name} {n_round + 1} is not finite: train with a lower learning rate"
                )
            if checkpoint:
                save_checkpoint(checkpoint, identity, done, parts)
            if on_round is not None:
                on_round(n_round + 1, averaged.module.eval(), means)
    return averaged.module.eval().cpu()


@dataclass
class _NumberFormat:
    """In which numbers a training computes, once it has been tried out: a part of its checkpoint."""

    bfloat16: bool | None = None

    def state_dict(self) -> dict[str, Any]:
        return {"bfloat16": self.bfloat16}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.bfloat16 = state_dict["bfloat16"]


def _is_bfloat16_quicker(
    network: nn.Module,
    lessons: Lessons[Any],
    batch: Any,
    forward_of: Callable[[nn.Module, bool], Forward],
    target: torch.device,
) -> bool:
    """Say which number format computes a step in less time, by a trial of ten steps at most, five of each."""
    best = {False: math.inf, True: math.inf}
    for _ in range(_TRIAL_STEPS // 2):
        for bfloat16 in best:
            started = time.perf_counter()
            lessons.losses(forward_of(network, bfloat16), batch).total.backward()
            if target.type == "cuda":
                torch.cuda.synchronize()
            best[bfloat16] = min(best[bfloat16], time.perf_counter() - started)
        if best[True] > 3 * best[False]:  # processors without such numbers take ten times as long
            break
    return best[True] < best[False]


def _moving_average(decay: float) -> Callable[[Any, Any, torch.Tensor], None]:
    """Return what averages weights; it forgets faster at first, so that short trainings keep little of their start."""

    def update(averaged: Any, current: Any, n: torch.Tensor) -> None:
        get_ema_multi_avg_fn(min(decay, (1 + int(n)) / (10 + int(n))))(averaged, current, n)

    return update


def _decayed_apart(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return the weights in two groups: biases and those of batch normalisation do not decay."""
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    return [
        {"params": [weight for weight in weights if weight.ndim > 1], "weight_decay": weight_decay},
        {"params": [weight for weight in weights if weight.ndim <= 1], "weight_decay": 0.0},
    ]
