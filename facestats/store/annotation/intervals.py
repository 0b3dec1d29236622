"""What annotation tools work with: tiers, each with labelled spans of time that do not overlap."""

from __future__ import annotations

import numpy as np
import pandas as pd

from facestats.tables import expressions
from facestats.tables.labels import face_name, verdict_lines
from facestats.tables.video_tables import VideoTables

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
    for track in tables.tracks.sort_values("track_id").to_dict("records"):
        number = int(track["track_id"])
        seen = tables.observations[tables.observations["track_id"] == number].sort_values("time_s", kind="stable")
        times = seen["time_s"].to_numpy(np.float64)
        step, name = expressions.typical_step(times), face_name(number)
        verdicts = ", ".join(verdict_lines({str(column): value for column, value in track.items()})) or name
        for run in expressions.runs(times):
            bounds = expressions.edges(times[run], step)
            rows.append((name, number, bounds[0], bounds[-1], verdicts))
        for span in expressions.spans(seen, threshold, smooth_s):
            if span.state is not None:
                rows.append((f"{name} expression", number, span.start_s, span.end_s, span.state))
    found = pd.DataFrame(rows, columns=list(INTERVAL_DTYPES)).astype(INTERVAL_DTYPES)
    found["start_s"], found["end_s"] = (found[each].clip(0.0, length).round(3) for each in ("start_s", "end_s"))
    found = found[found["end_s"] - found["start_s"] >= _SHORTEST_S].reset_index(drop=True)
    found.attrs["smooth_s"] = smooth_s
    return found


def milliseconds(seconds: float) -> int:
    """Return seconds as whole milliseconds.

    Examples
    --------
    >>> milliseconds(1.2345)
    1234
    """
    return round(seconds * 1000)
