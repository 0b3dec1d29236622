"""Advanced SubStation Alpha: subtitles in the colours of the faces, for players such as VLC and mpv."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from facestats.store.annotation.webvtt import cues
from facestats.tables.labels import face_color, face_name
from facestats.tables.video_tables import VideoTables, frame_size

_STYLE = (
    "Name,Fontname,Fontsize,PrimaryColour,OutlineColour,BorderStyle,Outline,Shadow,Alignment,MarginL,MarginR,MarginV"
)
_EVENT = "Layer,Start,End,Style,Text"


def write_ass(tables: VideoTables, intervals: pd.DataFrame, out: Path) -> None:
    """Write the expressions as subtitles, each in its face's colour; see :func:`.webvtt.write_vtt`."""
    width, height = frame_size(tables.videos) or (1280, 720)
    found = list(cues(intervals))
    lines = ["[Script Info]", "ScriptType: v4.00+", f"PlayResX: {width}", f"PlayResY: {height}", "", "[V4+ Styles]"]
    lines.append(f"Format: {_STYLE}")
    for track_id in sorted({track_id for _, _, track_id, _ in found}):
        red, green, blue = face_color(track_id)
        color = f"&H00{blue:02X}{green:02X}{red:02X}"
        lines.append(f"Style: {face_name(track_id)},Sans,{max(12, height // 20)},{color},&H00000000,1,2,0,2")
    lines += ["", "[Events]", f"Format: {_EVENT}"]
    lines += [
        f"Dialogue: 0,{_clock(start_s)},{_clock(end_s)},{face_name(track_id)},{text}"
        for start_s, end_s, track_id, text in found
    ]
    out.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _clock(seconds: float) -> str:
    minutes, hundredths = divmod(round(100 * seconds), 6000)
    return f"{minutes // 60}:{minutes % 60:02d}:{hundredths // 100:02d}.{hundredths % 100:02d}"
