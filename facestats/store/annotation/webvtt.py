"""WebVTT: subtitles that say of each face what its expression is, for players and browsers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from facestats.store.annotation.intervals import SMOOTH_S, milliseconds
from facestats.tables.labels import face_name, names_of
from facestats.tables.video_tables import VideoTables

_MADE_BY = "made by facestats, expressions smoothed over {:g} s"
_IS_MADE_BY = re.compile(re.escape(_MADE_BY).replace(re.escape("{:g}"), r"(\d[\d.e+-]*)"))
_HEAD = 400  # characters that it is looked for in


def write_vtt(tables: VideoTables, intervals: pd.DataFrame, out: Path) -> None:
    """Write the expressions as cues, in the order of time; see :func:`.elan.write_eaf`.

    Where people are known, a cue names the person, as the clip does.
    """
    lines = ["WEBVTT", "", f"NOTE {made_by(intervals)}", ""]
    for start_s, end_s, _, text in cues(intervals, names_of(tables.tracks)):
        lines += [f"{_clock(start_s)} --> {_clock(end_s)}", escape(text, quote=False), ""]
    out.write_text("\n".join(lines), encoding="utf-8")


def made_by(intervals: pd.DataFrame) -> str:
    """Return what subtitles say in a comment of how they were made, so that they can be made again.

    Examples
    --------
    >>> made_by(pd.DataFrame())
    'made by facestats, expressions smoothed over 0.5 s'
    """
    return _MADE_BY.format(float(intervals.attrs.get("smooth_s", SMOOTH_S)))


def smoothed_s(subtitles: str) -> float | None:
    """Return over how many seconds expressions are smoothed in subtitles; None of those that facestats did not make.

    Examples
    --------
    >>> smoothed_s("NOTE made by facestats, expressions smoothed over 0.5 s"), smoothed_s("WEBVTT")
    (0.5, None)
    """
    found = _IS_MADE_BY.search(subtitles[:_HEAD])
    return None if found is None else float(found[1])


def cues(
    intervals: pd.DataFrame, names: Mapping[int, str] = MappingProxyType({})
) -> Iterator[tuple[float, float, int, str]]:
    """Yield begin and end in seconds, the track and the text of each subtitle, in the order of time.

    Where no expression of a face was measured, its cue says that the face is there.

    Parameters
    ----------
    intervals : pandas.DataFrame
        See :func:`.intervals.intervals_of`.
    names : mapping of int to str
        What the faces are called, where not by their number.

    Examples
    --------
    >>> rows = {"tier": ["face 1", "face 2"], "track_id": [1, 2], "start_s": 0.0, "end_s": 1.0, "label": "female"}
    >>> [text for *_, text in cues(pd.DataFrame(rows))]
    ['face 1', 'face 2']
    """
    ordered = intervals.sort_values(["start_s", "track_id"], kind="stable")
    columns = (ordered[name].tolist() for name in ("tier", "track_id", "start_s", "end_s", "label"))
    rows = list(zip(*columns, strict=True))
    expressive = {track_id for tier, track_id, *_ in rows if tier != face_name(track_id)}
    for tier, track_id, start_s, end_s, label in rows:
        name = names.get(track_id, face_name(track_id))
        if tier != face_name(track_id):
            yield start_s, end_s, track_id, f"{name}: {label}"
        elif track_id not in expressive:
            yield start_s, end_s, track_id, name


def _clock(seconds: float) -> str:
    minutes, ms = divmod(milliseconds(seconds), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{ms // 1000:02d}.{ms % 1000:03d}"
