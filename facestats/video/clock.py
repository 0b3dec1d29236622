"""From the timestamps of a container to seconds."""

from __future__ import annotations

import math
from fractions import Fraction

import av


class Clock:
    """Turn a frame's timestamps into seconds: ffmpeg's best-effort timestamp, which ffprobe prints.

    Presentation timestamps are believed unless they went backwards more often than the decoding timestamps did.

    Parameters
    ----------
    time_base : fractions.Fraction
        Seconds of a tick.
    fps : float
        Nominal frames a second, for frames that have no timestamp; NaN if nobody knows.
    """

    def __init__(self, time_base: Fraction, fps: float) -> None:
        self._tick_s = float(time_base)
        self._numerator, self._denominator = time_base.numerator, time_base.denominator
        self._usual_s = 1 / fps if fps > 0 else 0.0
        self._last: dict[str, float] = {"pts": -math.inf, "dts": -math.inf}
        self._faults = {"pts": 0, "dts": 0}
        self._end_s = 0.0

    def read(self, frame: av.VideoFrame) -> tuple[float, float]:
        """Return when a frame is shown and for how long, in seconds; frames come in the order of decoding."""
        pts, dts = frame.pts, frame.dts
        for name, value, other in (("dts", dts, pts), ("pts", pts, dts)):
            if value is not None:
                self._faults[name] += value <= self._last[name]
                self._last[name] = value
            elif other is not None:
                self._last[name] = other
        trust_pts = pts is not None and (dts is None or self._faults["pts"] <= self._faults["dts"])
        ticks = pts if trust_pts else dts
        time_s = self._end_s if ticks is None else ticks * self._numerator / self._denominator
        duration_s = frame.duration * self._tick_s or self._usual_s
        self._end_s = time_s + duration_s
        return time_s, duration_s
