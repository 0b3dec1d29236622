"""BORIS's projects (``.boris``): JSON, with the faces as subjects and their expressions as state events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from facestats.models.attributes import EXPRESSIONS
from facestats.store.annotation.intervals import SMOOTH_S
from facestats.tables.labels import face_name
from facestats.tables.schema import UNKNOWN
from facestats.tables.video_tables import VideoTables

_SEEN = "in sight"


def write_boris(tables: VideoTables, intervals: pd.DataFrame, out: Path) -> None:
    """Write intervals as a BORIS project with one observation; see :func:`.elan.write_eaf`.

    Examples
    --------
    >>> write_boris(tables, intervals_of(tables), Path("clip.boris"))  # doctest: +SKIP
    """
    path = str(Path(tables.path).resolve()) if "://" not in tables.path else tables.path
    # Of a part of a video, how long all of it is is not known: to the end of the part at least.
    fps, length = float(tables.videos["fps"].iloc[0]), tables.time_range[1]
    behaviours = (_SEEN, *EXPRESSIONS, UNKNOWN)
    meanings = {_SEEN: "the face is in sight", UNKNOWN: "no expression is probable enough"}
    events: list[list[Any]] = []
    for row in intervals.to_dict("records"):
        is_expression = row["tier"] != face_name(row["track_id"])
        code, comment = (row["label"], "") if is_expression else (_SEEN, row["label"])
        for time_s in (row["start_s"], row["end_s"]):  # a state begins with one event and ends with the next
            events.append([time_s, face_name(row["track_id"]), code, "", comment])
    events.sort(key=lambda event: event[0])
    started = tables.videos["started_at"].iloc[0].strftime("%Y-%m-%dT%H:%M:%S")
    observation = {
        "file": {"1": [path]},
        "type": "MEDIA",
        "date": started,
        "description": f"expressions by facestats, smoothed over {intervals.attrs.get('smooth_s', SMOOTH_S):g} s",
        "time offset": 0.0,
        "events": events,
        "independent_variables": {},
        "visualize_spectrogram": False,
        "close_behaviors_between_videos": False,
        "media_info": {
            "length": {path: length},
            "fps": {path: fps if np.isfinite(fps) else 0.0},
            "hasVideo": {path: True},
            "hasAudio": {path: False},
            "offset": {"1": 0.0},
        },
    }
    project = {
        "time_format": "hh:mm:ss",
        "project_name": f"facestats: {tables.name}",
        "project_date": started,
        "project_description": "",
        "project_format_version": "7.0",
        "subjects_conf": {
            str(place): {"key": "", "name": face_name(int(track)), "description": ""}
            for place, track in enumerate(tables.tracks["track_id"])
        },
        "behaviors_conf": {
            str(place): {
                "type": "State event",
                "key": "",
                "code": code,
                "description": meanings.get(code, f"expression: {code}"),
                "category": "",
                "modifiers": {},
                "excluded": "",
                "coding map": "",
            }
            for place, code in enumerate(behaviours)
        },
        "behavioral_categories": [],
        "coding_map": {},
        "independent_variables": {},
        "observations": {tables.video_id: observation},
        "converters": {},
    }
    out.write_text(json.dumps(project, indent=1, ensure_ascii=False), encoding="utf-8")
