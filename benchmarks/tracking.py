"""Trackers on synthetic videos whose truth is exact: ``python -m benchmarks.tracking [--faces FILE]``.

Renders :data:`facestats.synth.scenario.SUITE`, follows the faces in each video with each tracker, without attribute
models, and scores them; once as ``analyze`` does it, and once as the tracker left them, without hindsight. The last
line is one JSON object: by tracker and hindsight, the mean IDF1, HOTA and share of a person's true boxes in one track,
and the switches of identity, of videos without and with occluders.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np

from facestats.analysis import assembly
from facestats.analysis.single import analyze
from facestats.evaluation.tracking import score_tracking
from facestats.models.attributes import ATTRIBUTE_CLASSES
from facestats.options import AnalyzeOptions
from facestats.synth.faces import people
from facestats.synth.scenario import SUITE
from facestats.synth.video import SynthVideo, write_video
from facestats.track import TRACKERS


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=Path, help="folder of images or data file; by default two portraits")
    parser.add_argument("--split", help="of a data file")
    parser.add_argument("--rate", type=float, default=AnalyzeOptions().rate, help="looks a second (default 10)")
    parser.add_argument("--tracker", action="append", help="default: all of them")
    arguments = parser.parse_args()
    result: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        videos = []
        for scenario in SUITE:
            n = scenario.people * (1 if scenario.shots == 1 or arguments.faces is None else 2)
            cast = people(arguments.faces, n, split=arguments.split, seed=scenario.seed)
            videos.append(write_video(scenario, cast, Path(folder)))
            print(f"{scenario.name} rendered", file=sys.stderr)
        for tracker in arguments.tracker or [name for name in TRACKERS if name != "none"]:
            for hindsight in (False, True):
                name = tracker if hindsight else f"{tracker}, without hindsight"
                result[name] = _measured(videos, tracker, arguments.rate, hindsight=hindsight)
                print(f"{name:<34}" + "  ".join(f"{key} {value:.3f}" for key, value in result[name].items()))
    print(json.dumps({"rate": arguments.rate, **result}))


def _measured(videos: list[SynthVideo], tracker: str, rate: float, *, hindsight: bool) -> dict[str, float]:
    none = dict.fromkeys(ATTRIBUTE_CLASSES, "none")
    parts: dict[str, list[dict[str, float]]] = {"without": [], "with": []}
    with contextlib.nullcontext() if hindsight else _no_hindsight():
        for scenario, video in zip(SUITE, videos, strict=True):
            found = analyze(video.path, progress=False, tracker=tracker, rate=rate, models=none, thumbnails=False)
            row = found.videos.iloc[0]
            scores = score_tracking(
                video.truth,
                found.observations,
                found.frames,
                n_frames=int(row["n_frames"]),
                min_face=AnalyzeOptions().min_face,
                frame_size=(int(row["width"]), int(row["height"])),
            )
            parts["with" if scenario.occluders else "without"].append(scores)
            print(f"  {scenario.name:<32}idf1 {scores['idf1']:.3f} switches {scores['id_switches']}", file=sys.stderr)
    return {
        f"{measure}_{part}": float((np.sum if measure == "id_switches" else np.mean)([row[measure] for row in rows]))
        for part, rows in parts.items()
        for measure in ("idf1", "hota", "covered_by_one_id", "id_switches")
    }


@contextlib.contextmanager
def _no_hindsight() -> Iterator[None]:
    with mock.patch.object(assembly, "relink", lambda faces, **_: (faces.track, [])):
        yield


if __name__ == "__main__":
    main()
