"""The faces of a video that is shown itself: what the page's script draws over it, as clips have it drawn in.

The same solver places the labels, for each sample; between samples the script moves boxes and labels as clips do. Data
and script are one file beside the video, as a page opened from a disk may load a script and nothing else.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from facestats._util.files import written_aside
from facestats.clips import Annotator
from facestats.clips.draw import GROUND, OPACITY, FaceLabel, box_reach, font_size, label_metrics, label_size
from facestats.errors import OutputError
from facestats.plots.palette import hex_color
from facestats.reports.data import ReportData
from facestats.reports.folder import CLIPS
from facestats.reports.originals import FACES_SUFFIX
from facestats.tables.labels import names_of, verdict_lines
from facestats.tables.video_tables import VideoTables

_SCRIPT = Path(__file__).with_name("template") / "overlay.js"


def overlay_href(data: ReportData) -> str | None:
    """Write the faces of a video that is shown itself beside it, and return their address; None for any other.

    Raises
    ------
    OutputError
        If they cannot be written.

    Examples
    --------
    >>> overlay_href(load_video("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    if data.original_path(data.video_id) is None or data.one.frame_size is None:
        return None
    path = Path(data.page_folder, CLIPS, f"{data.video_id}{FACES_SUFFIX}")
    try:
        with written_aside(path) as part:
            part.write_text(script_of(data.one), "utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from None
    return data.relative(path)


def script_of(tables: VideoTables) -> str:
    """Return the script that draws the faces of a video over it.

    Examples
    --------
    >>> script_of(fs.analyze("clip.mp4"))  # doctest: +SKIP
    """
    told = json.dumps(faces_of(tables), separators=(",", ":"), allow_nan=False)
    return f"{_SCRIPT.read_text('utf-8').rstrip()}({told});\n"


def faces_of(tables: VideoTables) -> dict[str, Any]:
    """Return what is drawn at each sample, as plain data.

    Returns
    -------
    dict
        ``size`` (width, height), ``font`` and ``reach`` (of boxes) in pixels; ``ground`` and ``opacity`` of labels;
        ``tracks``, by number: the lines that pointing at a face shows; ``labels``: ``lines``, and in pixels ``pad``,
        ``step``, ``edge`` and ``letters``; ``times`` in seconds; ``faces``, for each of these: track or None, colour,
        box xyxy, and, where there is a label, its number, left, top, width, height and opacity.

    Examples
    --------
    >>> faces_of(fs.analyze("clip.mp4"))["size"]  # doctest: +SKIP
    [1280, 720]
    """
    size = tables.frame_size or (1, 1)
    annotator, labels = Annotator.of(tables), dict[tuple[tuple[str, ...], bool], int]()
    rows = tables.frames.sort_values("frame", kind="stable")
    times = [round(float(time_s), 4) for time_s in rows["time_s"]]
    faces = [
        [_face(face, size, labels) for face in annotator.faces_at(int(frame), time_s)]
        for frame, time_s in zip(rows["frame"], rows["time_s"].astype(float), strict=True)
    ]
    names = names_of(tables.tracks)
    return {
        "size": list(size),
        "font": font_size(*size),
        "reach": box_reach(size),
        "ground": list(GROUND),
        "opacity": OPACITY,
        "tracks": {
            str(row["track_id"]): [names[int(row["track_id"])], *verdict_lines(row)]
            for row in tables.tracks.to_dict("records")
        },
        "labels": [_label(lines, small, size) for lines, small in labels],
        "times": times,
        "faces": faces,
    }


def _label(lines: tuple[str, ...], small: bool, size: tuple[int, int]) -> dict[str, Any]:
    pad, step, edge, letters = label_metrics(size, small)
    return {"lines": lines, "pad": pad, "step": step, "edge": edge, "letters": letters}


def _face(face: FaceLabel, size: tuple[int, int], labels: dict[tuple[tuple[str, ...], bool], int]) -> list[Any]:
    drawn = [face.track_id, hex_color(face.color), *(round(value, 1) for value in face.box)]
    if not face.lines or face.corner is None:
        return drawn
    number = labels.setdefault((tuple(face.lines), face.small), len(labels))
    width, height = face.plate or label_size(face.lines, size, small=face.small)
    corner = (
        round(min(max(at, 0), max(0, whole - side)), 1)
        for at, whole, side in zip(face.corner, size, (width, height), strict=True)
    )
    return [*drawn, number, *corner, width, height, round(face.opacity, 2)]
