"""Which of the decoded frames are looked at."""

from __future__ import annotations

import math

#: A frame this little before its tick still counts as on it: Matroska and FLV round their clock to milliseconds.
TICK_TOLERANCE_S = 0.001


class Sampler:
    """Choose frames at a steady rate of the video's own clock.

    Ticks lie at ``first + k / rate``, so that the long-run rate is exact and never drifts. The first frame is always
    chosen, then the first frame at or after each tick. A gap skips the ticks inside it: no burst follows. A clock
    that jumps back by more than a tick (a stream that starts again) gives new ticks from there.

    Parameters
    ----------
    rate : float
        Chosen frames a second; 0 chooses every frame.

    Raises
    ------
    ValueError
        If ``rate`` is negative or not finite.

    Examples
    --------
    >>> sampler = Sampler(rate=10)
    >>> [time_s for time_s in (0.0, 0.04, 0.08, 0.12, 0.16, 0.2, 0.9, 0.94, 1.0) if sampler.wants(time_s)]
    [0.0, 0.12, 0.2, 0.9, 1.0]
    """

    def __init__(self, rate: float = 0.0) -> None:
        if not (math.isfinite(rate) and rate >= 0):
            raise ValueError(f"the rate must be a number of frames a second, 0 or more; got {rate}")
        self.rate = rate
        self._tolerance = min(TICK_TOLERANCE_S * rate, 0.1)  # in ticks
        self._first_s = math.nan
        self._next_tick = 0

    def wants(self, time_s: float) -> bool:
        """Say whether the frame at ``time_s`` seconds is chosen; to be asked once for every frame, in order.

        Examples
        --------
        >>> Sampler(rate=1).wants(1234.5)
        True
        """
        if self.rate == 0:
            return True
        ticks = (time_s - self._first_s) * self.rate + self._tolerance
        if math.isnan(ticks) or ticks < self._next_tick - 2:
            self._first_s, self._next_tick = time_s, 1
            return True
        if ticks < self._next_tick:
            return False
        self._next_tick = math.floor(ticks) + 1
        return True
