"""Where the shots of a video change."""

from __future__ import annotations

import pandas as pd


def shot_cuts(frames: pd.DataFrame) -> list[float]:
    """Return the times of the shot cuts: half-way between the last sampled frame of a shot and the first of the next.

    Parameters
    ----------
    frames : pandas.DataFrame
        The ``frames`` table of one video.

    Returns
    -------
    list of float
        Seconds, ascending.

    Examples
    --------
    >>> shot_cuts(pd.DataFrame({"time_s": [0.0, 1.0, 2.0], "shot": [0, 0, 1]}))
    [1.5]
    """
    ordered = frames.sort_values("time_s", kind="stable")
    changes = ordered["shot"].diff().fillna(0) != 0
    middles = (ordered["time_s"] + ordered["time_s"].shift()) / 2
    return [float(time) for time in middles[changes]]
