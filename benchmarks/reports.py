"""How long reports take, and how large they get: ``python -m benchmarks.reports [--videos 1000]``.

Writes a store of made-up rows, and makes the report on the whole of it; then the reports on some of its videos, by one
kernel and by as many as there are cores; then asks for those that are touched, of which there are none. Seconds are of
the clock and, for pages, of the processor too, with all that starts and ends kernels. The last line is one JSON object,
in seconds and megabytes.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd

from facestats.models import attributes
from facestats.models.registry import find_models
from facestats.options import AnalyzeOptions
from facestats.reports import report, run
from facestats.store.store import create_store
from facestats.tables import schema
from facestats.tables.video_tables import VideoTables


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, default=1000)
    parser.add_argument("--tracks", type=int, default=5, help="of each video (default 5)")
    parser.add_argument("--frames", type=int, default=600, help="sampled frames of each video (default 600)")
    parser.add_argument("--reports", type=int, default=40, help="reports on single videos (default 40)")
    arguments = parser.parse_args()
    rng, models = np.random.default_rng(0), find_models().values()
    used = {attribute: {"name": m.name, "sha256": m.verify()} for m in models for attribute in m.card.attributes}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole, few = create_store(folder / "whole"), create_store(folder / "few")
        for number in range(arguments.videos):
            made = made_up(number, arguments.tracks, arguments.frames, rng)
            for store in [whole, few] if number < arguments.reports else [whole]:
                store.write(made, paths=(f"/videos/{number}.mp4",), options=AnalyzeOptions().to_dict(), models=used)
            if number % 200 == 0:
                print(f"{number} written", file=sys.stderr)
        began = time.perf_counter()
        (page,) = report(whole, out=folder / "reports", template="collection_report", progress=False).reports
        result = {
            "videos": arguments.videos,
            "collection_report_s": round(time.perf_counter() - began, 1),
            "collection_report_mb": round(page.html.stat().st_size / 1e6, 2),
        }
        for title, at_once in (("one_kernel", 1), ("side_by_side", run.at_once())):
            with mock.patch.object(run, "at_once", lambda n=at_once: n):
                began, used = time.perf_counter(), _used()
                made = report(few, out=folder / title, progress=False).reports
                if bad := [page.error for page in made if page.error]:
                    raise SystemExit(f"a page stopped: {bad[0]}")
                result[f"page_{title}_s"] = round((time.perf_counter() - began) / len(made), 2)
                result[f"page_{title}_processor_s"] = round((_used() - used) / len(made), 2)
        began = time.perf_counter()
        report(few, out=folder / "side_by_side", only_changed=True, progress=False)
        result["none_touched_s"] = round(time.perf_counter() - began, 2)
        result["page_mb"] = round(made[0].html.stat().st_size / 1e6, 2)
        peaks = [resource.getrusage(of).ru_maxrss / 1024 for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        result |= dict(zip(("peak_mb", "peak_of_a_kernel_mb"), (round(peak) for peak in peaks), strict=True))
    for key, value in result.items():
        print(f"{key:<32}{value}")
    print(json.dumps(result))


def _used() -> float:
    """Return the processor time of this process and of those that it started and that have ended, in seconds."""
    each = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in each)


def made_up(number: int, n_tracks: int, n_frames: int, rng: np.random.Generator) -> VideoTables:
    """Return the tables of one made-up video, ten frames a second, all of its faces in each."""
    video_id, times = f"v{number}-{number:08x}", np.arange(n_frames) / 10
    frames = pd.DataFrame({"frame": range(n_frames), "time_s": times, "shot": 0, "n_faces": n_tracks})
    shares = rng.dirichlet(np.ones(len(attributes.EXPRESSIONS)), n_tracks)
    best = shares.argmax(axis=1)
    tracks = pd.DataFrame(
        {
            "track_id": range(n_tracks),
            "shot": 0,
            "start_s": 0.0,
            "end_s": times[-1],
            "duration_s": times[-1],
            "seen_s": times[-1],
            "joined_prob": 1.0,
            "n_observations": n_frames,
            "n_classified": n_frames,
            "face_px": 40.0,
            "expression": np.array(attributes.EXPRESSIONS, object)[best],
            "expression_share": shares[np.arange(n_tracks), best],
            **{f"expression_share_{name}": shares[:, i] for i, name in enumerate(attributes.EXPRESSIONS)},
            **{
                column: rng.choice([*attributes.ATTRIBUTE_CLASSES[attribute], "unknown"], n_tracks)
                for attribute, column in attributes.VERDICT_COLUMNS.items()
                if attribute != "expression"
            },
            **{f"{column}_prob": 0.8 for column in ("gender", "age_group", "makeup")},
        }
    )
    rows = pd.DataFrame(
        {"frame": np.repeat(np.arange(n_frames), n_tracks), "track_id": np.tile(np.arange(n_tracks), n_frames)}
    )
    moments = rng.dirichlet(np.ones(len(attributes.EXPRESSIONS)), len(rows))
    rows = rows.assign(
        time_s=rows["frame"] / 10,
        shot=0,
        **dict.fromkeys(("x", "y"), 10.0),
        **dict.fromkeys(("w", "h", "face_px"), 40.0),
        score=0.9,
        classified=True,
        **{f"expression_{name}": moments[:, i] for i, name in enumerate(attributes.EXPRESSIONS)},
    )
    videos = {
        "path": f"/videos/{number}.mp4",
        "status": "ok",
        "started_at": pd.Timestamp("2026-01-01", tz="UTC"),
        "duration_s": n_frames / 10,
        "width": 640,
        "height": 360,
        "rotation": 0,
        "n_frames": n_frames * 3,
        "n_sampled": n_frames,
        "n_tracks": n_tracks,
    }
    tables = {"videos": pd.DataFrame([videos]), "frames": frames, "observations": rows, "tracks": tracks}
    made = [schema.conform(table, rows.assign(video_id=video_id)) for table, rows in tables.items()]
    return VideoTables(*made, schema.conform("thumbnails"))


if __name__ == "__main__":
    main()
