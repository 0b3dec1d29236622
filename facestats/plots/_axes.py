"""What the plots share: an Axes to draw in, a calm frame, a time axis, cuts, a legend."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from facestats._util import words
from facestats.errors import UnknownNameError, UsageError
from facestats.models.attributes import ATTRIBUTE_CLASSES, VERDICT_COLUMNS
from facestats.plots.clock import STEPS, ClockFormatter, TimeLocator, time_limits
from facestats.plots.palette import (
    FAINT,
    INK,
    MUTED,
    NOT_MEASURED,
    NOT_MEASURED_COLOR,
    UNKNOWN_COLOR,
    Color,
    color_of,
    hex_color,
)
from facestats.tables.schema import UNKNOWN

#: Hatching that tells "unknown" from any colour, also without colour vision and in print.
UNKNOWN_HATCH = "////"

_NOTEBOOK_BACKENDS = ("inline", "ipympl", "widget", "nbagg")


def axes_or_new(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """Return ``ax``, or the Axes of a new figure of ``size`` inches.

    In a notebook the figure is pyplot's, which shows it and closes it; elsewhere it belongs to nobody but the caller,
    so that nothing piles up.
    """
    if ax is not None:
        return ax
    backend = str(matplotlib.get_backend(auto_select=False))
    if any(name in backend for name in _NOTEBOOK_BACKENDS):
        from matplotlib import pyplot as plt

        return plt.subplots(figsize=size, layout="constrained")[1]
    return Figure(figsize=size, layout="constrained").add_subplot()


def rows_of(table: pd.DataFrame, attribute: str, what: str) -> pd.DataFrame:
    """Return the rows of one attribute by class; UnknownNameError, saying ``what`` there is, if there are none."""
    rows = table[table["attribute"] == VERDICT_COLUMNS.get(attribute)].set_index("class")
    if rows.empty:
        known = ", ".join(table["attribute"].unique()) or "nothing"
        raise UnknownNameError(f"no {what} of {attribute!r}; there are those of {known}")
    return rows


def one_track(observations: pd.DataFrame, track_id: int | None) -> pd.DataFrame:
    """Return the observations of one track in the order of time; UsageError if it is not clear of which."""
    tracked = observations[observations["track_id"].notna()]
    if track_id is not None:
        tracked = tracked[tracked["track_id"] == track_id]
    found = tracked[["video_id", "track_id"]].drop_duplicates()
    if len(found) > 1:
        raise UsageError(f"the observations hold {len(found)} tracks: select one video, and a track with track_id=")
    return tracked.sort_values("time_s", kind="stable")


def calm(ax: Axes, *, grid: str | None = None) -> None:
    """Take away what is not data: the upper and right frame, tick marks, a loud grid."""
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(hex_color(FAINT))
    ax.tick_params(length=0, labelcolor=hex_color(INK))
    ax.tick_params(axis="x", pad=7)  # clear of the lowest label beside it
    ax.xaxis.label.set_color(hex_color(MUTED))
    ax.yaxis.label.set_color(hex_color(MUTED))
    ax.set_axisbelow(True)
    if grid:
        ax.grid(axis=grid, color=hex_color(FAINT), linewidth=0.6)


def time_axis(ax: Axes, limits: tuple[float, float]) -> None:
    """Make x the video's clock."""
    ax.set_xlim(*time_limits(limits))
    ax.xaxis.set_major_locator(TimeLocator(steps=STEPS))
    ax.xaxis.set_major_formatter(ClockFormatter())
    ax.set_xlabel("time in the video")


def mark_cuts(ax: Axes, cuts: Iterable[float]) -> None:
    """Draw a dashed line, labelled once, at each shot cut inside the time axis."""
    low, high = ax.get_xlim()
    inside = [cut for cut in cuts if low < cut < high]
    for cut in inside:
        ax.axvline(cut, color=hex_color(INK), linewidth=1, linestyle=(0, (4, 3)), gid="cut")
    if inside:
        ax.annotate(
            "cut" if len(inside) == 1 else f"{len(inside)} cuts",
            (inside[0], 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize="small",
            color=hex_color(MUTED),
        )


def note(ax: Axes, text: str) -> None:
    """Write why there is nothing to see in the middle of an empty plot."""
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=hex_color(MUTED))


def draw_interval(ax: Axes, ends: tuple[float, float], place: float, *, size: float = 7.0) -> None:
    """Draw an interval along x at ``place``, its ends ``size`` points high; it is seen on dark bars too."""
    for color, more in (("white", 1.6), (hex_color(INK), 0.0)):
        ax.plot(ends, [place, place], color=color, linewidth=1.4 + more)
        ax.plot(ends, [place, place], "|", color=color, markersize=size + more, markeredgewidth=1.2 + more)


def say_untold(ax: Axes, ends: tuple[float, float], place: float) -> None:
    """Write an interval that is too wide for a bar in words, where the bar would be."""
    low, high = ends
    ax.text(0, place, words.share(np.nan, low, high), va="center_baseline", color=hex_color(MUTED)).set_in_layout(False)


def name_classes(ax: Axes, places: Sequence[float], labels: Sequence[str]) -> None:
    """Write the classes' names at the left, and leave the frame and the ticks of x away."""
    ax.set_yticks(places, labels)
    ax.set_xticks([])
    calm(ax)
    ax.spines["bottom"].set_visible(False)


def shortened(label: str, longest: int) -> str:
    r"""Return the beginning and end of a long name, which is where names differ; it is never read as mathematics.

    Examples
    --------
    >>> shortened("a-long-name-of-a-file.mp4", 11), shortened("cost$", 11)
    ('a-lon….mp4', 'cost\\$')
    """
    half = longest // 2
    label = label if len(label) <= longest else f"{label[:half]}…{label[-half + 1 :]}"
    return label.replace("$", r"\$")


def face_style(color: Color) -> dict[str, object]:
    """Return how an area of this colour is filled: hatched for "unknown", outlined for "not measured"."""
    style: dict[str, object] = {"facecolor": hex_color(color), "edgecolor": "none", "linewidth": 0}
    if color == UNKNOWN_COLOR:
        style |= {"hatch": UNKNOWN_HATCH, "edgecolor": "#bbbbbb"}
    elif color == NOT_MEASURED_COLOR:
        style |= {"edgecolor": hex_color(MUTED), "linewidth": 0.8}
    return style


def class_legend(ax: Axes, attribute: str, *, present: Sequence[str | None], columns: int | None = None) -> None:
    """Name the colours of an attribute above the plot, with "unknown" and "not measured" where they occur.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    attribute : str
    present : sequence of str or None
        What was drawn; None means "not measured". The attribute's classes are named in any case.
    columns : int, optional
        Entries in a row; as many as fit the figure's width where absent.
    """
    names: list[str | None] = [*ATTRIBUTE_CLASSES[attribute]]
    names += [name for name in (UNKNOWN, None) if name in present]
    handles = [Patch(label=name or NOT_MEASURED, **face_style(color_of(attribute, name))) for name in names]
    figure = ax.get_figure(root=True)
    fitting = max(2, int(figure.get_figwidth() / 1.05)) if figure is not None else 4
    ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0, 1.04),
        ncols=min(columns or fitting, len(handles)),
        frameon=False,
        handlelength=1.0,
        handleheight=1.0,
        columnspacing=1.2,
        borderaxespad=0.2,
    )
