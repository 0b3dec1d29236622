"""How long it takes to read a large store: ``python -m benchmarks.queries [--videos 10000]``.

Writes a store of made-up rows, some tracks a video, in the usual way, and reads it: all tracks, two columns of some of
them, one video's, a question in SQL. The last line is one JSON object, in seconds; the least of three.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from facestats.store.store import create_store, open_store
from facestats.tables import schema
from facestats.tables.video_tables import VideoTables


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, default=10_000)
    parser.add_argument("--tracks", type=int, default=5, help="of each video (default 5)")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        store, began = create_store(Path(folder) / "store"), time.perf_counter()
        for number in range(arguments.videos):
            store.write(_made_up(number, arguments.tracks, rng), paths=(f"/videos/{number}.mp4",))
            if number % 1000 == 0:
                print(f"{number} written", file=sys.stderr)
        result = {"videos": arguments.videos, "write_each_s": (time.perf_counter() - began) / arguments.videos}
        query = "select gender, count(*) as n from tracks join videos using (video_id) where status = 'ok' group by all"
        ways: dict[str, Callable[[], object]] = {
            "all_tracks_s": lambda: open_store(store.path).tracks(),
            "some_tracks_s": lambda: open_store(store.path).tracks(
                columns=["video_id", "age_years"], where=[("gender", "==", "female"), ("duration_s", ">", 5)]
            ),
            "one_video_s": lambda: open_store(store.path, video="v5-").tracks(),
            "sql_s": lambda: open_store(store.path).sql(query),
            "videos_s": lambda: open_store(store.path).videos(),
        }
        for name, read in ways.items():
            result[name] = min(_seconds(read) for _ in range(3))
    for name, value in result.items():
        print(f"{name:<16}{value:.4g}")
    print(json.dumps(result))


def _seconds(read: Callable[[], object]) -> float:
    began = time.perf_counter()
    read()
    return time.perf_counter() - began


def _made_up(number: int, n: int, rng: np.random.Generator) -> VideoTables:
    video_id = f"v{number}-{number:08x}"
    start = pd.Timestamp("2026-01-01", tz="UTC")
    fixed = {"path": [f"/videos/{number}.mp4"], "sha256": [f"{number:064x}"], "status": ["ok"], "started_at": [start]}
    tracks = {
        "video_id": [video_id] * n,
        "track_id": range(n),
        "shot": [0] * n,
        "start_s": rng.random(n) * 9,
        "end_s": 9 + rng.random(n) * 9,
        "duration_s": rng.random(n) * 9,
        "n_observations": [90] * n,
        "n_classified": [90] * n,
        "gender": rng.choice(["female", "male", "unknown"], n),
        "age_years": rng.random(n) * 80,
    }
    empty = (schema.conform(name) for name in ("frames", "observations"))
    return VideoTables(
        schema.conform("videos", {"video_id": [video_id], **fixed}),
        *empty,
        schema.conform("tracks", tracks),
        schema.conform("thumbnails"),
    )


if __name__ == "__main__":
    main()
