"""Advanced SubStation Alpha: subtitles in the colours of the faces, for players such as VLC and mpv."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from facestats.store.annotation.webvtt import cues, made_by
from facestats.tables.labels import colors_of, names_of
from facestats.tables.video_tables import VideoTables, frame_size

_STYLE = (
    "Name,Fontname,Fontsize,PrimaryColour,OutlineColour,BorderStyle,Outline,Shadow,Alignment,MarginL,MarginR,MarginV"
)
_EVENT = "Layer,Start,End,Style,Text"


def write_ass(tables: VideoTables, intervals: pd.DataFrame, out: Path) -> None:
    """Write the expressions as subtitles, each in its face's, or person's, colour; see :func:`.webvtt.write_vtt`."""
    width, height = frame_size(tables.videos) or (1280, 720)
    names, colors = names_of(tables.tracks), colors_of(tables.tracks)
    found = list(cues(intervals, names))
    lines = ["[Script Info]", f"; {made_by(intervals)}", "ScriptType: v4.00+"]
    lines += [f"PlayResX: {width}", f"PlayResY: {height}", "", "[V4+ Styles]", f"Format: {_STYLE}"]
    styles = {names[track_id]: colors[track_id] for track_id in sorted({track_id for _, _, track_id, _ in found})}
    for name, (red, green, blue) in styles.items():
        color = f"&H00{blue:02X}{green:02X}{red:02X}"
        lines.append(f"Style: {name},Sans,{max(12, height // 20)},{color},&H00000000,1,2,0,2")
    lines += ["", "[Events]", f"Format: {_EVENT}"]
    lines += [
        f"Dialogue: 0,{_clock(start_s)},{_clock(end_s)},{names[track_id]},{text}"
        for start_s, end_s, track_id, text in found
    ]
    out.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _clock(seconds: float) -> str:
    minutes, hundredths = divmod(round(100 * seconds), 6000)
    return f"{minutes // 60}:{minutes % 60:02d}:{hundredths // 100:02d}.{hundredths % 100:02d}"
