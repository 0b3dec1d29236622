"""What annotation tools work with: tiers, each with labelled spans of time that do not overlap."""

from __future__ import annotations

import numpy as np
import pandas as pd

from facestats.tables import expressions
from facestats.tables.labels import face_name, verdict_lines
from facestats.tables.video_tables import VideoTables
from facestats.track.gaps import bridged_gap_s

#: Dtypes of a table of intervals.
INTERVAL_DTYPES = {"tier": "str", "track_id": "Int64", "start_s": "float64", "end_s": "float64", "label": "str"}

#: Width of the moving average of expressions, in seconds, as in the explorer.
SMOOTH_S = 0.5

_SHORTEST_S = 0.001  # the tools count milliseconds


def intervals_of(tables: VideoTables, *, smooth_s: float = SMOOTH_S) -> pd.DataFrame:
    """Return the tracks of a video, and their expressions, as intervals.

    Parameters
    ----------
    tables : VideoTables
    smooth_s : float
        Width in seconds of the moving average of expressions; 0 takes them as they are.

    Returns
    -------
    pandas.DataFrame
        ``tier`` (``"face 1"``: when it is seen, with its verdicts; ``"face 1 expression"``), ``track_id``, ``start_s``,
        ``end_s`` and ``label``, ordered by track, tier and time. Times are whole milliseconds. A face that was out of
        sight, or whose expression was not measured, has no interval then. ``attrs`` has ``smooth_s``.

    Examples
    --------
    >>> intervals_of(result)["tier"].unique()  # doctest: +SKIP
    ['face 1', 'face 1 expression']
    """
    rows: list[tuple[str, int, float, float, str]] = []
    threshold = tables.threshold("expression")
    length = tables.time_range[1]
    samples = np.unique(tables.frames["time_s"].to_numpy(np.float64))
    for track in tables.tracks.sort_values("track_id").to_dict("records"):
        number = int(track["track_id"])
        seen = tables.observations[tables.observations["track_id"] == number].sort_values("time_s", kind="stable")
        times = seen["time_s"].to_numpy(np.float64)
        step, name = expressions.typical_step(times), face_name(number)
        verdicts = ", ".join(verdict_lines({str(column): value for column, value in track.items()})) or name
        ends: dict[float, float] = {}  # of what is drawn to half a step beyond, where it meets what comes next
        for run in expressions.runs(times):
            bounds = expressions.edges(times[run], step)
            begin_s, end_s = _between_samples(samples, times[run][0], times[run][-1], bounds)
            ends |= {bounds[0]: begin_s, bounds[-1]: end_s}
            rows.append((name, number, begin_s, end_s, verdicts))
        for span in expressions.spans(seen, threshold, smooth_s):
            if span.state is not None:
                begin_s, end_s = ends.get(span.start_s, span.start_s), ends.get(span.end_s, span.end_s)
                rows.append((f"{name} expression", number, begin_s, end_s, span.state))
    found = pd.DataFrame(rows, columns=list(INTERVAL_DTYPES)).astype(INTERVAL_DTYPES)
    found["start_s"], found["end_s"] = (found[each].clip(0.0, length).round(3) for each in ("start_s", "end_s"))
    found = found[found["end_s"] - found["start_s"] >= _SHORTEST_S].reset_index(drop=True)
    found.attrs["smooth_s"] = smooth_s
    return found


def _between_samples(samples_s: np.ndarray, first_s: float, last_s: float, bounds: np.ndarray) -> tuple[float, float]:
    """Return where a face that was seen from one sample to another begins and ends: half-way to the samples around.

    So whoever is seen in the next sample, as another face behind a split, begins just there. Where the neighbour is
    further than a face is bridged, or there is none, the bounds stay.
    """
    bridged_s = bridged_gap_s(samples_s)
    before = samples_s[samples_s < first_s]
    after = samples_s[samples_s > last_s]
    begin_s, end_s = float(bounds[0]), float(bounds[-1])
    if len(before) and first_s - before[-1] <= bridged_s:
        begin_s = float(before[-1] + first_s) / 2
    if len(after) and after[0] - last_s <= bridged_s:
        end_s = float(last_s + after[0]) / 2
    return begin_s, end_s


def milliseconds(seconds: float) -> int:
    """Return seconds as whole milliseconds.

    Examples
    --------
    >>> milliseconds(1.2345)
    1234
    """
    return round(seconds * 1000)
