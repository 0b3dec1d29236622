"""How long a face was seen, and how long it may be missed before it is out of sight: one rule for every package."""

from __future__ import annotations

import numpy as np
import pandas as pd

#: The shortest time, in seconds, after which a face that is not found is out of sight. A face that comes back later may
#: be known again in hindsight (see :mod:`facestats.track.linking`), but was out of sight meanwhile.
LOST_FOR_S = 1.0

# A still, and a track of one observation, was seen for a moment too.
_SHORTEST_S = 0.1


def bridged_gap_s(times_s: np.ndarray) -> float:
    """Return the longest gap, in seconds, in which a face that was not found counts as still there.

    A second; where samples are further apart, two and a half times their usual distance, so that two missed samples in
    a row are always bridged.

    Parameters
    ----------
    times_s : numpy.ndarray
        float (N,), ascending: of the samples of a video, or of the observations of a track. The first quartile of their
        distances counts as usual, so that a few long absences do not make themselves bridgeable.

    Examples
    --------
    >>> bridged_gap_s(np.array([0.0, 0.1, 0.2, 9.0])), bridged_gap_s(np.array([0.0, 4.0, 8.0]))
    (1.0, 10.0)
    """
    steps = np.diff(times_s)
    steps = steps[steps > 0]
    return max(LOST_FOR_S, 2.5 * float(np.quantile(steps, 0.25)) if len(steps) else 0.0)


def seconds_seen(tracks: pd.DataFrame) -> np.ndarray:
    """Return for how long each track was seen: what it counts for where time counts.

    Parameters
    ----------
    tracks : pandas.DataFrame
        With the columns ``seen_s`` and ``duration_s``.

    Returns
    -------
    numpy.ndarray
        float64 (N,), in seconds, above 0.

    Examples
    --------
    >>> seconds_seen(pd.DataFrame({"seen_s": [2.0, np.nan, 0.0], "duration_s": [3.0, 4.0, 0.0]})).tolist()
    [2.0, 4.0, 0.1]
    """
    return tracks["seen_s"].fillna(tracks["duration_s"]).to_numpy(np.float64).clip(min=_SHORTEST_S)
