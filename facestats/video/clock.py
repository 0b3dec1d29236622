"""From the timestamps of a container to seconds that begin at 0 or later and go on across joins."""

from __future__ import annotations

import math
from fractions import Fraction

import av

#: A clock that runs back by more than this, in seconds, has begun again: files joined end to end, a clock that wraps.
RESTART_S = 1.0


class Continued:
    """Moves times so that none lies before 0, and a clock that begins again goes on where it was.

    Parameters
    ----------
    shift_s : float
        Added to the times up to the first join.

    Attributes
    ----------
    n_joins : int
        How often the clock began again so far.

    Examples
    --------
    >>> clock = Continued()
    >>> [clock.at(time_s, time_s + 1) for time_s in (0.0, 1.0, 2.0, 0.5, 1.5)]
    [0.0, 1.0, 2.0, 3.0, 4.0]
    """

    def __init__(self, shift_s: float = 0.0) -> None:
        self.shift_s, self.n_joins = shift_s, 0
        self._last_s, self._end_s = -math.inf, 0.0

    def at(self, time_s: float, end_s: float) -> float:
        """Return when something begins, given when its container says that it begins and ends, in seconds."""
        if time_s < self._last_s - RESTART_S:
            self.n_joins += 1
            self.shift_s = self._end_s - time_s
            self._end_s = -math.inf
        self._last_s = time_s
        self._end_s = max(self._end_s, end_s + self.shift_s)
        return time_s + self.shift_s


def start_shift(first_s: float) -> float:
    """Return what is added to all times of a video, in seconds: one that begins below 0 begins at 0.

    Examples
    --------
    >>> start_shift(-3.5), start_shift(12.0)
    (3.5, 0.0)
    """
    return max(0.0, -first_s)


class Clock:
    """Turn a frame's timestamps into seconds: ffmpeg's best-effort timestamp, which ffprobe prints, made to go on.

    Presentation timestamps are believed unless they went backwards more often than the decoding timestamps did. A video
    that begins below 0 is moved to begin at 0, and after a join the clock goes on, see :class:`Continued`.

    Parameters
    ----------
    time_base : fractions.Fraction
        Seconds of a tick.
    fps : float
        Nominal frames a second, for frames that have no timestamp; NaN if nobody knows.
    shift_s : float
        See :func:`start_shift`.
    """

    def __init__(self, time_base: Fraction, fps: float, shift_s: float = 0.0) -> None:
        self._tick_s = float(time_base)
        self._numerator, self._denominator = time_base.numerator, time_base.denominator
        self._usual_s = 1 / fps if fps > 0 else 0.0
        self._last: dict[str, float] = {"pts": -math.inf, "dts": -math.inf}
        self._faults = {"pts": 0, "dts": 0}
        self._end_s = 0.0
        self._continued = Continued(shift_s)

    @property
    def n_joins(self) -> int:
        """How often the clock began again so far."""
        return self._continued.n_joins

    def read(self, frame: av.VideoFrame) -> tuple[float, float]:
        """Return when a frame is shown and for how long, in seconds; frames come in the order of decoding."""
        pts, dts = frame.pts, frame.dts
        for name, value, other in (("dts", dts, pts), ("pts", pts, dts)):
            if value is not None:
                # A clock that begins again is no fault of its timestamps.
                began_again = value * self._tick_s < self._last[name] * self._tick_s - RESTART_S
                self._faults[name] += value <= self._last[name] and not began_again
                self._last[name] = value
            elif other is not None:
                self._last[name] = other
        trust_pts = pts is not None and (dts is None or self._faults["pts"] <= self._faults["dts"])
        ticks = pts if trust_pts else dts
        duration_s = frame.duration * self._tick_s or self._usual_s
        if ticks is None:
            time_s = self._end_s
        else:
            own_s = ticks * self._numerator / self._denominator
            time_s = self._continued.at(own_s, own_s + duration_s)
        self._end_s = time_s + duration_s
        return time_s, duration_s
