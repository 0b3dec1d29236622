"""What is missed between two searches: ``python -m benchmarks.between_searches FOLDER|CLIP ... [--follow-face 32]``.

Every clip is analysed twice: with a search of the whole picture in every sampled frame, and as by default, with coarser
pictures between two searches. A face of the first that no box of the second overlaps (IoU 0.3) in the same frame is
missed. The last line is one JSON object: by size of the shorter side, in pixels of the frame, how many faces a full
search finds, how many of them are missed, and how many faces only the other finds.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.video_faces import CLIPS
from facestats.analysis.pipeline import analyze_source
from facestats.analysis.stages import load_stages
from facestats.detect.base import box_overlaps
from facestats.options import AnalyzeOptions
from facestats.video import open_source
from facestats.video.identity import Identity

SIZES = {"below 24 px": (0, 24), "24 to 48 px": (24, 48), "from 48 px": (48, np.inf)}

_OVERLAP = 0.3

_ATTRIBUTES = ("expression", "gender", "age", "makeup")


def boxes_of(observations: pd.DataFrame) -> np.ndarray:
    """Return the boxes of observations, float32 (N, 4): x1, y1, x2, y2."""
    sides = observations[["x", "y", "w", "h"]].to_numpy(np.float32)
    return np.concatenate([sides[:, :2], sides[:, :2] + sides[:, 2:]], axis=1)


def missed(every: pd.DataFrame, followed: pd.DataFrame) -> np.ndarray:
    """Say of each face that a full search found whether it is missed, bool (N,)."""
    without = np.ones(len(every), bool)
    places = pd.Series(np.arange(len(every)), index=every.index)
    others = dict(list(followed.groupby("frame")))
    for frame, own in every.groupby("frame"):
        if frame in others:
            overlaps = box_overlaps(boxes_of(own), boxes_of(others[frame]))
            without[places[own.index]] = overlaps.max(axis=1) < _OVERLAP
    return without


def by_size(every: pd.DataFrame, followed: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Count what a full search finds, what is missed of it, and what only the other finds, by size."""
    lost, more = missed(every, followed), missed(followed, every)
    counts = {}
    for name, (least, below) in SIZES.items():
        sizes = every[["w", "h"]].min(axis=1).to_numpy(float)
        others = followed[["w", "h"]].min(axis=1).to_numpy(float)
        own = (sizes >= least) & (sizes < below)
        extra = more & (others >= least) & (others < below)
        counts[name] = {"found": int(own.sum()), "missed": int((own & lost).sum()), "more": int(extra.sum())}
    return counts


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="+", type=Path, help="videos, or folders of them")
    parser.add_argument("--follow-face", type=float, default=AnalyzeOptions().follow_face)
    parser.add_argument("--detector", default=AnalyzeOptions().detector)
    arguments = parser.parse_args()
    clips = [
        clip
        for path in arguments.clips
        for clip in (sorted(path.iterdir()) if path.is_dir() else [path])
        if clip.suffix.lower() in CLIPS
    ]
    if not clips:
        raise SystemExit("no video there")
    # Attributes change nothing of what is found.
    plain: dict[str, Any] = {"detector": arguments.detector, "models": dict.fromkeys(_ATTRIBUTES, "none")}
    stages = {
        name: load_stages(AnalyzeOptions(follow_face=follow, clips=False, thumbnails=False, **plain))
        for name, follow in (("every", 0.0), ("followed", arguments.follow_face))
    }
    sums = {name: {"found": 0, "missed": 0, "more": 0} for name in SIZES}
    spent = dict.fromkeys(stages, 0.0)
    print(f"{'clip':<42}" + "".join(f"{name + ': found, missed, more':>34}" for name in SIZES))
    for clip in clips:
        found = {}
        for name, loaded in stages.items():
            started = time.process_time()
            with open_source(str(clip)) as source:
                found[name] = analyze_source(source, Identity("a"), loaded).observations
            spent[name] += time.process_time() - started
        counts = by_size(found["every"], found["followed"])
        cells = "".join(f"{'{found}, {missed}, {more}'.format(**own):>34}" for own in counts.values())
        print(f"{clip.name[:41]:<42}{cells}", flush=True)
        for name, own in counts.items():
            sums[name] = {key: sums[name][key] + value for key, value in own.items()}
    shares = {
        name: {**own, "missed_share": round(own["missed"] / own["found"], 4) if own["found"] else None}
        for name, own in sums.items()
    }
    print(json.dumps({"by_size": shares, "processor_s": {name: round(value, 1) for name, value in spent.items()}}))


if __name__ == "__main__":
    main()
