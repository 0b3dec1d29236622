"""Boxes for tools of computer vision: COCO's JSON, and the lines of the MOT challenge."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from facestats.tables.video_tables import VideoTables


def write_coco(tables: VideoTables, intervals: pd.DataFrame, out: Path) -> None:
    """Write every sampled frame as an image and every face as a box with score and track; see :func:`.elan.write_eaf`.

    An image's ``file_name`` is the video's, its ``frame`` and ``time_s`` say which frame of it. ``intervals`` is not
    used.

    Examples
    --------
    >>> write_coco(tables, intervals_of(tables), Path("clip.json"))  # doctest: +SKIP
    """
    width, height = tables.frame_size or (0, 0)
    frames = tables.frames.drop_duplicates("frame")
    images = [
        {
            "id": number,
            "file_name": f"{tables.name}#frame={frame}",
            "width": width,
            "height": height,
            "frame": int(frame),
            "time_s": round(float(time_s), 6),
        }
        for number, (frame, time_s) in enumerate(zip(frames["frame"], frames["time_s"], strict=True), start=1)
    ]
    ids = {image["frame"]: image["id"] for image in images}
    boxes = []
    for number, row in enumerate(tables.observations.to_dict("records"), start=1):
        box = [round(float(side), 2) for side in (row["x"], row["y"], row["w"], row["h"])]
        boxes.append(
            {
                "id": number,
                "image_id": ids[int(row["frame"])],
                "category_id": 1,
                "bbox": box,
                "area": round(box[2] * box[3], 2),
                "iscrowd": 0,
                "score": None if pd.isna(row["score"]) else round(float(row["score"]), 4),  # taken for a face by hand
                "track_id": None if pd.isna(row["track_id"]) else int(row["track_id"]),
            }
        )
    coco = {
        "info": {"description": f"faces in {tables.name}, found by facestats", "video": tables.path},
        "licenses": [],
        "categories": [{"id": 1, "name": "face", "supercategory": "person"}],
        "images": images,
        "annotations": boxes,
    }
    out.write_text(json.dumps(coco, ensure_ascii=False), encoding="utf-8")


def write_mot(tables: VideoTables, intervals: pd.DataFrame, out: Path) -> None:
    """Write the tracked boxes as lines ``frame,id,x,y,w,h,score,-1,-1,-1``; see :func:`.elan.write_eaf`.

    As in the MOT challenge, frames and tracks count from 1: 1 is the first decoded frame, and face 0 is 1.
    ``intervals`` is not used.

    Examples
    --------
    >>> write_mot(tables, intervals_of(tables), Path("clip.json"))  # doctest: +SKIP
    """
    tracked = tables.observations[tables.observations["track_id"].notna()]
    ordered = tracked.sort_values(["frame", "track_id"]).to_dict("records")
    lines = []
    for row in ordered:
        box = ",".join(f"{row[side]:.2f}" for side in ("x", "y", "w", "h"))
        score = -1.0 if pd.isna(row["score"]) else row["score"]
        lines.append(f"{row['frame'] + 1},{row['track_id'] + 1},{box},{score:.4f},-1,-1,-1\n")
    out.write_text("".join(lines), encoding="utf-8")
