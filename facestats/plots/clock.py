"""The ticks of an axis that is a video's clock, and how they are written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import Formatter, MaxNLocator

#: What times are counted in.
STEPS = (1, 1.5, 2, 3, 5, 6, 10)


def clock(seconds: float, *, decimals: int = 0) -> str:
    """Return a time as people read it: ``12 s``, ``1:05``, ``1:02:03``.

    Examples
    --------
    >>> clock(65), clock(12.34, decimals=1), clock(3723)
    ('1:05', '12.3 s', '1:02:03')
    """
    if abs(seconds) < 60:
        return f"{seconds:.{decimals}f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _most_ticks(inches: float) -> int:
    """Return how many labels of times have room side by side."""
    return int(np.clip(inches / 0.75, 2, 8))


class TimeLocator(MaxNLocator):
    """Places as many ticks as have room for their labels, also when the figure's width changes later."""

    def tick_values(self, vmin: float, vmax: float) -> np.ndarray:
        """Return the places between two times."""
        inches = self.axis.axes.bbox.width / self.axis.get_figure(root=True).dpi
        self.set_params(nbins=_most_ticks(inches))
        return super().tick_values(vmin, vmax)


class ClockFormatter(Formatter):
    """Writes ticks as people read times, with as many decimals as tell them apart: never 2 s for 1.5 s."""

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return the labels of some times."""
        decimals = next((n for n in range(4) if np.allclose(np.round(values, n), values, rtol=0, atol=1e-6)), 4)
        return [f"{v:.{decimals}f} s" if decimals and v >= 60 else clock(v, decimals=decimals) for v in values]

    def __call__(self, value: float, position: int | None = None) -> str:
        """Return the label of one time."""
        return clock(value, decimals=1)  # under the mouse, in an interactive figure


def time_ticks(limits: tuple[float, float], inches: float) -> list[tuple[float, str]]:
    """Return the ticks of a time axis that is so long, with their labels, as charts of a video have them.

    Examples
    --------
    >>> time_ticks((0, 65), 2.5)
    [(0.0, '0 s'), (30.0, '30 s'), (60.0, '1:00')]
    """
    low, high = time_limits(limits)
    places = MaxNLocator(nbins=_most_ticks(inches), steps=STEPS).tick_values(low, high)
    inside = places[(places >= low - 1e-9) & (places <= high + 1e-9)]
    return list(zip(inside.tolist(), ClockFormatter().format_ticks(inside), strict=True))


def time_limits(limits: tuple[float, float]) -> tuple[float, float]:
    """Return limits of an axis of time that are finite and differ.

    Parameters
    ----------
    limits : tuple of float
        Begin and end in seconds; without both, 0 to 1, and around a single moment a second.

    Examples
    --------
    >>> time_limits((2.0, 2.0)), time_limits((float("nan"), 3.0))
    ((1.5, 2.5), (0.0, 1.0))
    """
    low, high = limits
    if not (np.isfinite(low) and np.isfinite(high)):
        low, high = 0.0, 1.0
    if high - low < 1e-3:  # a still, or a single sighting
        low, high = low - 0.5, high + 0.5
    return low, high
