"""How long it takes to read a large store: ``python -m benchmarks.queries [--videos 10000]``.

Makes a store of made-up rows, some tracks a video, and reads it as it is and compacted: all tracks, two columns of some
of them, one video's, a question in SQL, its videos, its status. One video is written in the usual way; the files of the
others are made from its files. The last line is one JSON object, in seconds of clock and processor.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from facestats.batch.status import status
from facestats.store.layout import run_folder, table_path
from facestats.store.manifest import write_entry
from facestats.store.store import Store, create_store, open_store
from facestats.tables import schema
from facestats.tables.arrow import to_arrow
from facestats.tables.video_tables import VideoTables

_QUERY = "select gender, count(*) as n from tracks join videos using (video_id) where status = 'ok' group by all"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, default=10_000)
    parser.add_argument("--tracks", type=int, default=5, help="of each video (default 5)")
    parser.add_argument("--repeat", type=int, default=3, help="of each reading; the least counts (default 3)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = made_up(create_store(Path(folder) / "store"), arguments.videos, arguments.tracks)
        result: dict[str, float] = {"videos": arguments.videos} | _measured(store, "", arguments.repeat)
        rows = store.tracks()
        result["compacting_s"], result["compacting_processor_s"] = _took(store.compact)
        result |= _measured(store, "compacted_", arguments.repeat)
        pd.testing.assert_frame_equal(store.tracks(), rows)
        result["compacted_forgetting_one_s"] = _took(lambda: store.forget("v5-"))[0]
    for name, value in result.items():
        print(f"{name:<32}{value:.4g}")
    print(json.dumps(result))


def _measured(store: Store, prefix: str, repeat: int) -> dict[str, float]:
    ways: dict[str, Callable[[], object]] = {
        "all_tracks": lambda: open_store(store.path).tracks(),
        "some_tracks": lambda: open_store(store.path).tracks(
            columns=["video_id", "age_years"], where=[("gender", "==", "female"), ("duration_s", ">", 5)]
        ),
        "one_video": lambda: open_store(store.path, video="v5-").tracks(),
        "sql": lambda: open_store(store.path).sql(_QUERY),
        "videos": lambda: open_store(store.path).videos(),
        "status": lambda: status(store.path),
    }
    found: dict[str, float] = {}
    for name, read in ways.items():
        seconds, processor = (min(each) for each in zip(*(_took(read) for _ in range(repeat)), strict=True))
        found |= {f"{prefix}{name}_s": seconds, f"{prefix}{name}_processor_s": processor}
        print(f"{prefix}{name}: {seconds:.2f} s, {processor:.2f} s of the processor", file=sys.stderr)
    return found


def _took(do: Callable[[], object]) -> tuple[float, float]:
    began, used = time.perf_counter(), time.process_time()
    do()
    return time.perf_counter() - began, time.process_time() - used


def made_up(store: Store, n_videos: int, n_tracks: int) -> Store:
    """Fill a store with made-up videos."""
    numbers = np.arange(n_videos)
    ids = [f"v{number}-{number:08x}" for number in numbers]
    paths = [f"/videos/{number}.mp4" for number in numbers]
    hashes = [f"{number:064x}" for number in numbers]
    videos = schema.conform(
        "videos",
        {
            "video_id": ids,
            "path": paths,
            "sha256": hashes,
            "status": ["ok"] * n_videos,
            "started_at": [pd.Timestamp("2026-01-01", tz="UTC")] * n_videos,
        },
    )
    tracks = _tracks(ids, n_tracks)
    empty = {table: schema.conform(table) for table in ("frames", "observations", "thumbnails")}
    one = VideoTables(videos=videos.iloc[:1], tracks=tracks.iloc[:n_tracks], **empty)
    first = store.write(one, paths=(paths[0],), options={"clips": False})
    rows: dict[str, pa.Table] = {
        table: to_arrow(table, frame).replace_schema_metadata(None)
        for table, frame in (("videos", videos), ("tracks", tracks))
    }
    for number in range(1, n_videos):
        entry = dataclasses.replace(
            first, video_id=ids[number], sha256=hashes[number], paths=(paths[number],), run=f"{number:012x}"
        )
        run_folder(store.path, entry).mkdir(parents=True)
        for table in schema.stored_tables():
            path = table_path(store.path, entry, table)
            if table in rows:
                n = 1 if table == "videos" else n_tracks
                pq.write_table(rows[table].slice(number * n, n), path)
            else:  # of these none has rows
                shutil.copyfile(table_path(store.path, first, table), path)
        write_entry(store.path, entry)
        if number % 1000 == 0:
            print(f"{number} written", file=sys.stderr)
    return store


def _tracks(ids: Sequence[str], n_each: int) -> pd.DataFrame:
    rng, n = np.random.default_rng(0), len(ids) * n_each
    known = {
        "video_id": np.repeat(np.array(ids, object), n_each),
        "track_id": np.tile(np.arange(n_each), len(ids)),
        "shot": np.zeros(n, int),
        "start_s": rng.random(n) * 9,
        "end_s": 9 + rng.random(n) * 9,
        "duration_s": rng.random(n) * 9,
        "n_observations": np.full(n, 90),
        "n_classified": np.full(n, 90),
        "gender": rng.choice(["female", "male", "unknown"], n),
        "age_years": rng.random(n) * 80,
    }
    return schema.conform("tracks", known)


if __name__ == "__main__":
    main()
