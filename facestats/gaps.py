"""How long nothing may be seen of a face before it counts as out of sight: one rule for all who ask."""

from __future__ import annotations

import numpy as np

#: How long, in seconds, an online tracker waits for a face. Who comes back later may be known again in hindsight (see
#: :mod:`facestats.track.linking`), but was out of sight meanwhile.
LOST_FOR_S = 1.0


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
