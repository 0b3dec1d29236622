"""What each detector finds in real clips, at the defaults: ``python -m benchmarks.video_faces FOLDER [--truth FILE]``.

For every clip and detector: observations, tracks, tracks that are counted (not marked as doubtful), how fast. With a
truth file, a table of TOML for each clip by its file name, also what is wrong::

    ["radio_cat.mp4"]
    nobody = true            # every track is a false one

    ["half_figure.mp4"]
    faces = 1                # so many people are there: tracks beyond are too many

    ["talking.mp4"]
    every_frame = true       # there is one face in every frame: the share of frames in which one is found

The last lines are the sums for each detector: false tracks, and how many that makes in an hour of clips without people.
"""

from __future__ import annotations

import argparse
import json
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import facestats as fs

CLIPS = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".gif", ".m4v")

_KNOWN = {"nobody": bool, "faces": int, "every_frame": bool}


def read_truth(path: Path, clips: list[Path]) -> dict[str, dict[str, Any]]:
    """Read what is known of the clips, by file name; say in one line what is wrong with the file."""
    try:
        truth = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SystemExit(f"no truth file at {path}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SystemExit(f"{path} is not TOML: {error}") from None
    names = {clip.name for clip in clips}
    for name, known in truth.items():
        if name not in names:
            raise SystemExit(f"{path} speaks of {name!r}, which is not in the folder")
        wrong = [key for key, value in known.items() if type(value) is not _KNOWN.get(key)]
        if wrong:
            raise SystemExit(
                f"{path}, {name!r}: {wrong[0]} is not one of nobody, faces and every_frame, or no such value"
            )
    return truth


def faces_in(clip: Path, detector: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """Analyse a clip with a detector and return what it found, beside what is known."""
    started = time.perf_counter()
    found = fs.analyze(clip, detector=detector, progress=False)
    seconds = time.perf_counter() - started
    tracks, frames = found.tracks, found.frames
    # A store of an earlier version marks no track as doubtful: there all count.
    counted = tracks[~tracks["doubtful"].fillna(False)] if "doubtful" in tracks else tracks
    duration = float(found.videos["duration_s"].iloc[0])
    row: dict[str, Any] = {
        "clip": clip.name,
        "detector": Path(detector).stem,
        "observations": len(found.observations),
        "tracks": len(tracks),
        "counted": len(counted),
        "video_s": round(duration, 1),
        "times_real_time": round(duration / seconds, 2),
    }
    if known.get("nobody"):
        row["false_tracks"] = len(counted)
    elif "faces" in known:
        row["false_tracks"] = max(0, len(counted) - known["faces"])
    if known.get("every_frame"):
        seen = found.observations["frame"].isin(frames["frame"])
        row["frames_hit"] = round(found.observations.loc[seen, "frame"].nunique() / max(len(frames), 1), 3)
    return row


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--truth", type=Path, help="TOML file: what is known of the clips")
    parser.add_argument(
        "--detector", action="append", help="name or ONNX file; repeatable; fast and centerface by default"
    )
    arguments = parser.parse_args()
    clips = sorted(path for path in arguments.folder.glob("*") if path.suffix.lower() in CLIPS)
    if not clips:
        raise SystemExit(f"no video in {arguments.folder}")
    truth = read_truth(arguments.truth, clips) if arguments.truth else {}
    titles = ("observations", "tracks", "counted", "false_tracks", "frames_hit", "video_s", "times_real_time")
    print(f"{'clip':<40}{'detector':<14}" + "".join(f"{title:>16}" for title in titles))
    rows = []
    for clip in clips:
        for detector in arguments.detector or ("fast", "centerface"):
            row = faces_in(clip, detector, truth.get(clip.name, {}))
            rows.append(row)
            cells = "".join(f"{row.get(title, '-'):>16}" for title in titles)
            print(f"{clip.name[:39]:<40}{row['detector'][:13]:<14}{cells}", flush=True)
    sums = {}
    for detector in dict.fromkeys(row["detector"] for row in rows):
        own = [row for row in rows if row["detector"] == detector]
        empty = [row for row in own if truth.get(row["clip"], {}).get("nobody")]
        hours = sum(row["video_s"] for row in empty) / 3600
        sums[detector] = {
            "observations": sum(row["observations"] for row in own),
            "tracks": sum(row["tracks"] for row in own),
            "false_tracks": sum(row.get("false_tracks", 0) for row in own),
            "false_tracks_an_hour_without_people": (
                round(sum(row["false_tracks"] for row in empty) / hours, 1) if hours else None
            ),
        }
        print(f"{detector}: {sums[detector]}")
    print(json.dumps({"clips": rows, "sums": sums}))


if __name__ == "__main__":
    main()
