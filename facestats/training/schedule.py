"""How the learning rate changes in the course of a training."""

from __future__ import annotations

import math


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
