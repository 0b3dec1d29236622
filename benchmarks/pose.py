"""The error of head pose: portraits laid over heads, drawn in known poses, and given to a detector.

``python -m benchmarks.pose --data my.parquet [--people 40] [--poses 12] [--detector centerface]``

The data file has a column ``image``. Only pictures of people who look straight are taken (yaw below 8 degrees by the
very landmarks). Poses are drawn evenly: yaw up to 60 degrees to either side, pitch and roll up to 30. The last line is
one JSON object: for yaw in three ranges, and for pitch and roll, the median and the 90 % quantile of the error in
degrees, the slope of the line through measured against true angles, and how many heads the detector did not find.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from facestats.classify.pose import head_pose
from facestats.detect import create_detector
from facestats.synth.faces import pictures_of_table
from facestats.synth.heads import make_head, render_head

_STRAIGHT = 8.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="data file with a column `image`")
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--poses", type=int, default=12, help="of each person (default 12)")
    parser.add_argument("--detector", default="centerface")
    arguments = parser.parse_args()
    detector, random = create_detector(arguments.detector, detect_size=0), np.random.default_rng(0)
    true, found, n_missed, n_people = [], [], 0, 0
    for _, rgb, _ in pictures_of_table(arguments.data, None, 0):
        faces = detector.detect([rgb])[0]
        if not len(faces) or abs(head_pose(faces.landmarks[[np.argmax(faces.sizes)]])[0, 0]) > _STRAIGHT:
            continue
        head = make_head(rgb, faces.landmarks[int(np.argmax(faces.sizes))], seed=n_people)
        for pose in random.uniform([-60, -30, -30], [60, 30, 30], (arguments.poses, 3)):
            seen = detector.detect([render_head(head, *pose, side=192, eyes_px=32)])[0]
            if len(seen):
                true.append(pose)
                found.append(head_pose(seen.landmarks[[np.argmax(seen.scores)]])[0])
            else:
                n_missed += 1
        n_people += 1
        if n_people == arguments.people:
            break
    print(
        json.dumps(
            {"people": n_people, "heads": len(true), "missed": n_missed} | errors(np.array(true), np.array(found))
        )
    )


def errors(true: np.ndarray, found: np.ndarray) -> dict[str, dict[str, float]]:
    """Return the errors by angle, from true and measured poses, float (N, 3), degrees."""
    size = np.abs(true[:, 0])
    groups = {
        "yaw below 20": (0, size < 20),
        "yaw 20 to 40": (0, (size >= 20) & (size < 40)),
        "yaw 40 to 60": (0, size >= 40),
        "yaw": (0, size >= 0),
        "pitch": (1, size < 40),
        "roll": (2, size < 40),
    }
    told = {}
    for name, (column, chosen) in groups.items():
        off = np.abs(found[chosen, column] - true[chosen, column])
        slope = np.polyfit(true[chosen, column], found[chosen, column], 1)[0]
        told[name] = {
            "median": round(float(np.median(off)), 1),
            "q90": round(float(np.quantile(off, 0.9)), 1),
            "slope": round(float(slope), 2),
            "n": int(chosen.sum()),
        }
    return told


if __name__ == "__main__":
    main()
