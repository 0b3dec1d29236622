"""How well and how fast detectors find faces: ``python -m benchmarks.detectors [--data FILE] [--yunet FILE.onnx]``.

With ``--data``, a Parquet file of boxed photos, a table of all detectors is printed for each source, for the sources
named by ``--apart`` together and for the others, and for all.

The networks alone are timed in onnxruntime, on one picture of noise; in turn, many times each, so that a noisy machine
hits all alike: milliseconds by network and number of threads (least and median), and the ratio of the least to YuNet's,
if there is one. The last line is one JSON object with everything.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from facestats.datasets.boxes import read_boxes
from facestats.detect import create_detector
from facestats.evaluation.detection import MIN_SCORE, SIZES, evaluate_detector, groups_of, scorable
from facestats.models.centerface import free_network
from facestats.models.detectors import shipped_detector
from facestats.models.runtime import open_session

_COLUMNS = {
    "AP": "ap",
    **{f"AP {name}": name for name in SIZES},
    "recall": "recall_at_01_fp",
    "false": "false_per_image",
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--yunet", type=Path, help="a YuNet ONNX file of any size, for comparison")
    parser.add_argument("--detector", action="append", default=[], help="another detector's ONNX file; repeatable")
    parser.add_argument("--data", type=Path, help="Parquet file of boxed photos")
    parser.add_argument("--split", help="train or validation; every row by default")
    parser.add_argument("--apart", help="sources, with commas between, that are also scored together")
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=352)
    parser.add_argument("--repeat", type=int, default=20, help="measured turns of five runs each (default 20; 0: none)")
    arguments = parser.parse_args()
    named = {"fast": "fast", "centerface": "centerface"} | {file: file for file in arguments.detector}
    if arguments.yunet is not None:
        named["yunet"] = str(arguments.yunet)
    result: dict[str, object] = {}
    if arguments.data is not None:
        result["accuracy"] = accuracy(named, arguments.data, arguments.split, arguments.apart)
    if arguments.repeat:
        files = {"fast": shipped_detector()[0], "centerface": free_network()}
        files |= {name: Path(file) for name, file in named.items() if name not in files}
        result["speed"] = speed(files, (arguments.height, arguments.width), arguments.repeat)
    print(json.dumps(result))


def accuracy(named: Mapping[str, str], data: Path, split: str | None, apart: str | None) -> dict[str, Any]:
    """Score all detectors on boxed photos, print the table, and return the figures by detector."""
    images = scorable(read_boxes(data, split), data)
    groups = groups_of(images, "source", data) | (groups_of(images, apart, data) if apart else {})
    scores = {}
    for name, detector in named.items():
        made = create_detector(detector, detect_size=0, min_score=MIN_SCORE)
        scores[name] = evaluate_detector(made, images, groups=groups)
    print(f"{'source':<28}{'images':>7}{'faces':>7}  {'detector':<14}" + "".join(f"{title:>12}" for title in _COLUMNS))
    for row in [*groups, "all"]:
        for name, whole in scores.items():
            one = whole if row == "all" else whole["groups"][row]
            values = {**one, **one["ap_by_size"]}
            cells = ("-" if values[key] is None else f"{values[key]:.3f}" for key in _COLUMNS.values())
            head = f"{row[:27]:<28}{one['n']:>7}{one['n_boxes']:>7}  {Path(name).stem[:13]:<14}"
            print(head + "".join(f"{cell:>12}" for cell in cells))
    print(
        "AP: average precision; recall: at 0.1 false faces an image; false: faces of 0.5 or more an image without one"
    )
    return scores


def speed(files: Mapping[str, Path | bytes], size: tuple[int, int], repeat: int) -> dict[str, Any]:
    """Time the networks on a picture of a size (height, width), print and return the figures."""
    picture = np.random.default_rng(0).random((1, 3, *size), np.float32)
    times: dict[tuple[str, int], list[float]] = {}
    for threads in (1, 2):
        # One number of threads at a time: the idle ones of other sessions spin, and would take the cores.
        sessions = {name: open_session(file, threads=threads) for name, file in files.items()}
        for turn in range(repeat + 1):
            for name, session in sessions.items():
                time.sleep(0.02)  # until the threads of the one before rest
                for _ in range(5):
                    started = time.perf_counter()
                    session.run(None, {session.get_inputs()[0].name: picture})
                    if turn:
                        times.setdefault((name, threads), []).append(1000 * (time.perf_counter() - started))
    result: dict[str, Any] = {"width": size[1], "height": size[0]}
    for (name, threads), values in times.items():
        found = {"least_ms": round(min(values), 2), "median_ms": round(statistics.median(values), 2)}
        if ("yunet", threads) in times:
            found["of_yunet"] = round(min(values) / min(times["yunet", threads]), 2)
        result[f"{name}, {threads} thread{'s' if threads > 1 else ''}"] = found
        print(f"{Path(name).stem:12}{threads} thread(s)  {found}")
    return result


if __name__ == "__main__":
    main()
