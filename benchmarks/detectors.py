"""How fast the detectors' networks are, beside each other: ``python -m benchmarks.detectors [--yunet FILE.onnx]``.

Networks alone, in onnxruntime, on one picture of noise; in turn, many times each, so that a noisy machine hits all
alike. The last line is one JSON object: milliseconds by network and number of threads (least and median), and the
ratio of the least to YuNet's, if there is one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np

from facestats.detect.centerface import free_network
from facestats.models.detectors import shipped_detector
from facestats.models.runtime import open_session


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--yunet", type=Path, help="a YuNet ONNX file of any size, for comparison")
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=352)
    parser.add_argument("--repeat", type=int, default=20, help="measured turns of five runs each (default 20)")
    arguments = parser.parse_args()
    files = {"fast": shipped_detector()[0], "centerface": free_network()}
    if arguments.yunet is not None:
        files["yunet"] = arguments.yunet
    picture = np.random.default_rng(0).random((1, 3, arguments.height, arguments.width), np.float32)
    times: dict[tuple[str, int], list[float]] = {}
    for threads in (1, 2):
        # One number of threads at a time: the idle ones of other sessions spin, and would take the cores.
        sessions = {name: open_session(file, threads=threads) for name, file in files.items()}
        for turn in range(arguments.repeat + 1):
            for name, session in sessions.items():
                time.sleep(0.02)  # until the threads of the one before rest
                for _ in range(5):
                    started = time.perf_counter()
                    session.run(None, {session.get_inputs()[0].name: picture})
                    if turn:
                        times.setdefault((name, threads), []).append(1000 * (time.perf_counter() - started))
    result: dict[str, object] = {"width": arguments.width, "height": arguments.height}
    for (name, threads), values in times.items():
        found = {"least_ms": round(min(values), 2), "median_ms": round(statistics.median(values), 2)}
        if ("yunet", threads) in times:
            found["of_yunet"] = round(min(values) / min(times["yunet", threads]), 2)
        result[f"{name}, {threads} thread{'s' if threads > 1 else ''}"] = found
        print(f"{name:12}{threads} thread(s)  {found}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
