"""Where the time of ``analyze`` goes: ``python -m benchmarks.stages CLIP``.

Every stage's processor time in its own thread, per sampled frame, in one run after a warm one. Stages that run in
different threads overlap, so that the sum is not the time that passes. The last line is one JSON object, milliseconds
by stage.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from facestats.analysis import assembly, sampling
from facestats.analysis.pipeline import analyze_source
from facestats.analysis.stages import load_stages
from facestats.classify import crops
from facestats.options import AnalyzeOptions
from facestats.tables.thumbnails import PictureChooser
from facestats.track.online import OnlineTracker
from facestats.video import open_source
from facestats.video.identity import Identity
from facestats.video.picture import Pictures
from facestats.video.shots import CueReader, ShotCounter


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip")
    parser.add_argument("--detector", default=AnalyzeOptions().detector)
    parser.add_argument("--detect-size", type=int, default=AnalyzeOptions().detect_size)
    arguments = parser.parse_args()
    options = AnalyzeOptions(detector=arguments.detector, detect_size=arguments.detect_size, clips=False)
    stages = load_stages(options)
    spent: dict[str, list[float]] = defaultdict(list)

    def timed(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*args: Any, **keywords: Any) -> Any:
            started = time.thread_time()
            try:
                return work(*args, **keywords)
            finally:
                spent[name].append(time.thread_time() - started)

        return measured

    places = [
        (Pictures, "small", "decode: convert to the detector's size"),
        (Pictures, "full", "decode: convert in full, where needed"),
        (CueReader, "read", "shots: cues"),
        (ShotCounter, "update", "shots: count"),
        (OnlineTracker, "update", "track"),
        (assembly, "relink", "put tracks right"),
        (assembly.Assembler, "add", "assemble, with counting, tracking and putting right"),
        (assembly.Assembler, "finish", "assemble: the end"),
        (crops, "align", "align"),
        (sampling, "_classify", "align, classify and the full picture"),
        (PictureChooser, "choose", "thumbnails"),
    ]
    for place, attribute, name in places:
        setattr(place, attribute, timed(name, getattr(place, attribute)))
    for detector in stages.detectors:
        detector.detect = timed("detect", detector.detect)
    for classifier in stages.classifiers:
        classifier.classify = timed("classify", classifier.classify)

    for _ in range(2):
        spent.clear()
        started, processor = time.perf_counter(), time.process_time()
        with open_source(arguments.clip) as source:
            result = analyze_source(source, Identity("a"), stages)
        passed, processor = time.perf_counter() - started, time.process_time() - processor
    sampled = int(result.videos["n_sampled"].iloc[0])
    table = {name: round(1000 * sum(values) / sampled, 3) for name, values in sorted(spent.items())}
    table |= {"all, processor": round(1000 * processor / sampled, 3), "all, passed": round(1000 * passed / sampled, 3)}
    for name, value in table.items():
        print(f"{name:55}{value:8.3f} ms")
    print(json.dumps(table))


if __name__ == "__main__":
    main()
