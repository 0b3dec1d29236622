"""WebVTT: subtitles that say of each face what its expression is, for players and browsers."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pandas as pd

from facestats.store.annotation.intervals import milliseconds
from facestats.tables.labels import face_name
from facestats.tables.video_tables import VideoTables


def write_vtt(tables: VideoTables, intervals: pd.DataFrame, out: Path) -> None:
    """Write the expressions as cues, in the order of time; see :func:`.elan.write_eaf`.

    Where an expression was not measured, the cue says that the face is there.

    Examples
    --------
    >>> write_vtt(tables, intervals_of(tables), Path("clip.vtt"))  # doctest: +SKIP
    """
    ordered = intervals.sort_values(["start_s", "track_id"], kind="stable")
    expressive = set(ordered.loc[ordered["tier"].str.endswith(" expression"), "track_id"])
    cues = ["WEBVTT", ""]
    for row in ordered.to_dict("records"):
        is_seen = row["tier"] == face_name(row["track_id"])
        if is_seen and row["track_id"] in expressive:
            continue
        name = face_name(row["track_id"])
        text = name if is_seen else f"{name}: {row['label']}"
        cues += [f"{_clock(row['start_s'])} --> {_clock(row['end_s'])}", escape(text, quote=False), ""]
    out.write_text("\n".join(cues), encoding="utf-8")


def _clock(seconds: float) -> str:
    minutes, ms = divmod(milliseconds(seconds), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{ms // 1000:02d}.{ms % 1000:03d}"
