"""How fast ``analyze`` is, beside decoding alone: ``python -m benchmarks.throughput CLIP``.

Both run in this process and in turn, several times each, so that a noisy machine hits both alike; medians are
reported. The last line is one JSON object: ``analyze_fps`` and ``decode_fps`` (frames of video a second),
``ratio`` (their quotient), ``peak_mb`` (largest resident memory of the process) and ``detect_size``.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from pathlib import Path

import av

from facestats.analysis.pipeline import analyze_source
from facestats.analysis.stages import load_stages
from facestats.options import AnalyzeOptions
from facestats.video import open_source
from facestats.video.discovery import Input
from facestats.video.identity import Identity, content_hash


def decode(path: str) -> int:
    """Decode every frame with PyAV, threads as it likes, and return how many there are."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        return sum(1 for _ in container.decode(stream))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip")
    parser.add_argument("--repeat", type=int, default=5, help="measured runs of each (default 5)")
    parser.add_argument("--rate", type=float, default=AnalyzeOptions().rate, help="sampled frames a second")
    parser.add_argument("--detect-size", type=int, default=AnalyzeOptions().detect_size)
    parser.add_argument("--detector", default=AnalyzeOptions().detector)
    arguments = parser.parse_args()
    options = AnalyzeOptions(
        rate=arguments.rate, detect_size=arguments.detect_size, detector=arguments.detector, clips=False
    )
    stages = load_stages(options)  # once for a collection, so not part of a video's time
    item = Input(arguments.clip)

    def analyze() -> int:
        with open_source(item.path) as source:
            result = analyze_source(source, Identity(Path(item.path).stem, content_hash(item)), stages)
        return int(result.videos["n_frames"].iloc[0])

    jobs = {"decode": lambda: decode(item.path), "analyze": analyze}
    rates: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(arguments.repeat + 1):
        for name, job in jobs.items():
            started = time.perf_counter()
            n_frames = job()
            rate = n_frames / (time.perf_counter() - started)
            if turn:  # the first turn warms caches and is not counted
                rates[name].append(rate)
                print(f"{name:8} {rate:8.1f} frames/s")
    medians = {name: statistics.median(values) for name, values in rates.items()}
    print(
        json.dumps(
            {
                "analyze_fps": round(medians["analyze"], 1),
                "decode_fps": round(medians["decode"], 1),
                "ratio": round(medians["analyze"] / medians["decode"], 4),
                "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
                "detect_size": arguments.detect_size,
            }
        )
    )


if __name__ == "__main__":
    main()
