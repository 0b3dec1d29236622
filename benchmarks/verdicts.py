"""Whether verdicts of tracks can be believed: ``python -m benchmarks.verdicts DATA... [--split validation]``.

Renders synthetic videos of the labelled faces in each data file (14 to 44 pixels, noisy, swaying, half of them blurred
by their movement), analyses them as ``analyze`` does by default, but with every sampled face measured, and compares
the verdict of each track with the label of the person in it; beside it, what single frames say of the same faces. Give
rows that no model was trained on. The last line is one JSON object: by attribute, for tracks and for single frames, how
many, share right, mean confidence, expected calibration error (15 bins) and what it would be on average were so many
verdicts calibrated perfectly, how many were said with 0.85 to 0.95 and what share of these was right; for age also the
mean absolute error and the share inside the 90 % interval.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from facestats.analysis.single import analyze
from facestats.classify.age import group_of_years
from facestats.detect.base import box_overlaps
from facestats.evaluation.calibration import expected_calibration_error
from facestats.models import attributes
from facestats.synth.faces import people
from facestats.synth.scenario import Scenario
from facestats.synth.video import SynthVideo, write_video
from facestats.tables import building as tables
from facestats.tables import schema

_PEOPLE = 8  # in each video
_SAME = 0.4  # least overlap of a face that was found with a true one
_LABELS = {"gender": "gender", "expression": "fer2013_label", "makeup": "makeup"}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="+", help="data files with labelled faces")
    parser.add_argument("--split", default="validation")
    parser.add_argument("--videos", type=int, default=130, help="of 8 people, for each data file (default 130)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    observations = pd.concat(
        [_followed(path, arguments.split, arguments.videos, arguments.seed) for path in arguments.data],
        ignore_index=True,
    )
    result = measure(observations)
    for attribute, rows in result.items():
        for of, figures in rows.items():
            print(f"{attribute:<12}{of:<8}" + "  ".join(f"{name} {value:.4g}" for name, value in figures.items()))
    print(json.dumps({"split": arguments.split, **result}))


def _followed(path: Path, split: str, n_videos: int, seed: int) -> pd.DataFrame:
    """Return the tracked faces of synthetic videos, with the labels of the people whom they show."""
    cast = people(path, _PEOPLE * n_videos, split=split, seed=seed)
    parts = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(n_videos):
            scenario = Scenario(
                f"{path.stem}-{number:03d}",
                people=_PEOPLE,
                seconds=4.0,
                face_px=((14, 30), (24, 44), (30, 44))[number % 3],
                noise=(2.0, 5.0, 8.0)[number % 3],
                shake=0.02,
                speed=(1.0, 2.0)[number % 2],
                exposure=(0.0, 0.4)[number % 2],
                seed=900 + number + 1000 * seed,
            )
            video = write_video(scenario, cast[_PEOPLE * number : _PEOPLE * (number + 1)], Path(folder))
            parts.append(_labelled(video))
            video.path.unlink()
            print(f"{scenario.name}: {parts[-1]['track_id'].nunique()} tracks", file=sys.stderr)
    return pd.concat(parts, ignore_index=True)


def _labelled(video: SynthVideo) -> pd.DataFrame:
    """Return the observations of a video's tracks, each with the labels of the person whom most of its track shows."""
    found = analyze(video.path, progress=False, every_sample=True, thumbnails=False).observations
    found = found[found["track_id"].notna()].reset_index(drop=True)
    boxes, person = _corners(found), np.full(len(found), -1)
    truth = dict(tuple(video.truth.groupby("frame")))
    for frame, rows in found.groupby("frame").indices.items():
        if frame in truth:
            overlaps = box_overlaps(boxes[rows], _corners(truth[frame]))
            best = overlaps.argmax(axis=1)
            person[rows] = np.where(overlaps.max(axis=1) >= _SAME, truth[frame]["person"].to_numpy()[best], -1)
    found["person"] = person
    whom = found[person >= 0].groupby("track_id")["person"].agg(lambda people: people.mode()[0])
    found["person"] = found["track_id"].map(whom)
    found = found[found["person"].notna()]
    labels = video.people.set_index("person")
    for name in ("gender", "age_min", "age_max", "fer2013_label", "makeup"):
        found[f"true_{name}"] = found["person"].map(labels[name]) if name in labels else None
    return found


def _corners(table: pd.DataFrame) -> np.ndarray:
    boxes = table[["x", "y", "w", "h"]].to_numpy(np.float32)
    return np.column_stack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])


def measure(observations: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """Return the figures by attribute, for ``tracks`` and for ``frames``.

    Parameters
    ----------
    observations : pandas.DataFrame
        Of tracks, see :mod:`facestats.tables.schema`, with ``true_gender``, ``true_age_min``, ``true_age_max``,
        ``true_fer2013_label`` and ``true_makeup``, missing where the label is not known.
    """
    plain = schema.conform("observations", observations[[column.name for column in schema.columns("observations")]])
    tracks = tables.summarize_tracks(plain, dict.fromkeys(attributes.ATTRIBUTE_CLASSES, 0.0))
    true = observations.groupby(["video_id", "track_id"])[
        [f"true_{name}" for name in (*_LABELS.values(), "age_min", "age_max")]
    ]
    tracks = tracks.merge(true.first().reset_index(), on=["video_id", "track_id"])
    result: dict[str, dict[str, dict[str, float]]] = {}
    for attribute, column in attributes.VERDICT_COLUMNS.items():
        names = list(schema.probability_columns(attribute))
        rows = {}
        for of, table in (("tracks", tracks), ("frames", plain.join(observations.filter(like="true_")))):
            label = _label(table, attribute)
            if of == "tracks":
                known = label.notna() & table[column].notna()
                said, confidence = table[column], table[attributes.measure_column(attribute)].to_numpy(np.float64)
            else:
                known = label.notna() & table[names].notna().all(axis=1)
                probabilities = table[names].fillna(0).to_numpy(np.float64)
                said = pd.Series(
                    np.array(attributes.ATTRIBUTE_CLASSES[attribute])[probabilities.argmax(axis=1)], table.index
                )
                confidence = probabilities.max(axis=1)
            if known.any():
                rows[of] = _figures(confidence[known], (said == label)[known].to_numpy())
        if attribute == "age" and rows:
            for of, table in (("tracks", tracks), ("frames", plain.join(observations.filter(like="true_")))):
                exact = table["true_age_min"].notna() & (table["true_age_min"] == table["true_age_max"])
                table = table[exact & table["age_years"].notna()]
                years = table["true_age_min"].astype("float64")
                inside = table["age_years_low"].le(years) & years.le(table["age_years_high"])
                rows[of] |= {
                    "n_exact": len(table),
                    "mae": float((table["age_years"] - years).abs().mean()),
                    "in_90": float(inside.mean()),
                }
        if rows:
            result[attribute] = rows
    return result


def _label(table: pd.DataFrame, attribute: str) -> pd.Series:
    if attribute != "age":
        return table[f"true_{_LABELS[attribute]}"]
    low, high = (pd.to_numeric(table[f"true_age_{end}"]) for end in ("min", "max"))
    groups = np.array(attributes.AGE_GROUPS, object)
    first, last = (groups[group_of_years(years.fillna(0).to_numpy())] for years in (low, high))
    # A bin that lies in two groups says neither.
    return pd.Series(np.where(low.notna() & (first == last), first, None), table.index)


def _figures(confidence: np.ndarray, right: np.ndarray) -> dict[str, float]:
    about_09 = (confidence >= 0.85) & (confidence < 0.95)
    return {
        "n": len(right),
        "right": float(right.mean()),
        "confidence": float(confidence.mean()),
        "ece": expected_calibration_error(confidence, right),
        "ece_by_chance": _ece_by_chance(confidence),
        "n_said_09": int(about_09.sum()),
        "right_said_09": float(right[about_09].mean()) if about_09.any() else float("nan"),
    }


def _ece_by_chance(confidence: np.ndarray) -> float:
    """Return what so many verdicts would show, on average, were they calibrated perfectly."""
    rng = np.random.default_rng(0)
    draws = [expected_calibration_error(confidence, rng.random(len(confidence)) < confidence) for _ in range(100)]
    return float(np.mean(draws))


if __name__ == "__main__":
    main()
