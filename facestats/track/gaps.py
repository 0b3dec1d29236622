"""How long a face counts as seen, and how long it may be unseen before it is out of sight: one rule for all who ask."""

from __future__ import annotations

import numpy as np
import pandas as pd

#: How long, in seconds, an online tracker waits for a face. Who comes back later may be known again in hindsight (see
#: :mod:`facestats.track.linking`), but was out of sight meanwhile.
LOST_FOR_S = 1.0

# A still, and a track of one observation, was seen for a moment too.
_SHORTEST_S = 0.1


def longest_gap_s(step_s: float) -> float:
    """Return the longest gap, in seconds, that a track bridges when frames are looked at every ``step_s`` seconds.

    Whoever looks only every few seconds cannot ask for a face within one: two missed looks are always borne.

    Examples
    --------
    >>> longest_gap_s(0.1), longest_gap_s(5.0)
    (1.0, 12.5)
    """
    return max(LOST_FOR_S, 2.5 * step_s)


def bridged_gap_s(times_s: np.ndarray) -> float:
    """Return :func:`longest_gap_s` for the usual distance between these moments.

    Parameters
    ----------
    times_s : numpy.ndarray
        float (N,), ascending, in seconds; the first quartile of their distances counts as usual, so that a few long
        absences do not make themselves bridgeable.

    Examples
    --------
    >>> bridged_gap_s(np.array([0.0, 0.1, 0.2, 9.0])), bridged_gap_s(np.array([0.0, 4.0, 8.0]))
    (1.0, 10.0)
    """
    steps = np.diff(times_s)
    steps = steps[steps > 0]
    return longest_gap_s(float(np.quantile(steps, 0.25)) if len(steps) else 0.0)


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
