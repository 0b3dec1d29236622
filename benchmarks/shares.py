"""Whether intervals of shares hold the truth: ``python -m benchmarks.shares DATA [--attribute gender] [--source lfw]``.

Draws collections of 5, 20 and 200 people from labelled faces, in proportions that are drawn anew each time, and asks
how often the 90 % interval of :func:`facestats.demographics` holds the share that the people were drawn with. Give
faces of a source that the model was never trained on: that is what a collection is. Classes of fewer than 20 faces are
left out. The last line is one JSON object: for each size, the share of intervals that hold the truth, their mean width,
the mean error of the shares, and that of counting the likeliest classes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from facestats.classify.onnx import OnnxClassifier
from facestats.datasets.faces import load_faces
from facestats.datasets.labelled import read_labelled
from facestats.evaluation.accuracy import class_probabilities
from facestats.models import attributes
from facestats.models.registry import choose_models
from facestats.tables import schema
from facestats.tables.demographics import demographics

SIZES = (5, 20, 200)
_LEAST, _BATCH = 20, 256


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="a data file of labelled faces")
    parser.add_argument("--attribute", default="gender", choices=("gender", "age", "makeup"))
    parser.add_argument("--label", help="the column of the classes; by default that of the attribute's verdicts")
    parser.add_argument("--crops", default="gender", help="the attribute whose labelled rows are read")
    parser.add_argument("--source", help="only faces of this source")
    parser.add_argument("--split", help="only faces of this split")
    parser.add_argument("--collections", type=int, default=100, help="of each size (default 100)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    faces = _said(arguments.data, arguments.attribute, arguments.crops, arguments.split)
    labels = faces[arguments.label or attributes.VERDICT_COLUMNS[arguments.attribute]]
    chosen = labels.notna() & (faces["source"].eq(arguments.source) if arguments.source else True)
    result = measure(
        faces[chosen], labels[chosen], arguments.attribute, arguments.collections, np.random.default_rng(arguments.seed)
    )
    for n, figures in result.items():
        print(f"{n:>4} people  " + "  ".join(f"{name} {value:.3f}" for name, value in figures.items()))
    print(json.dumps({"attribute": arguments.attribute, "source": arguments.source, **result}))


def _said(data: Path, attribute: str, crops: str, split: str | None) -> pd.DataFrame:
    """Return what the shipped model says of each labelled face, beside all labels of the file."""
    model = choose_models({}, [])[attribute]
    classifier = OnnxClassifier(model, attributes=(attribute,))
    faces = load_faces(data, crops, split, size=model.card.input_size, progress=True)
    rows = [slice(start, start + _BATCH) for start in range(0, len(faces), _BATCH)]
    parts = [classifier.classify(np.array(faces.crops[some]), faces.pixels_at(some))[attribute] for some in rows]
    said = pd.DataFrame(
        np.concatenate([class_probabilities(part) for part in parts]),
        columns=list(schema.probability_columns(attribute)),
    )
    labelled = read_labelled(data, crops, split)[0].drop(columns="image").reset_index(drop=True)
    every = pd.read_parquet(data, columns=[name for name in ("name", "age_group") if name in _columns(data)])
    if "age_group" in every and "age_group" not in labelled:
        labelled = labelled.merge(every.drop_duplicates("name"), on="name", how="left")
    return pd.concat([labelled, said], axis=1)


def _columns(data: Path) -> list[str]:
    import pyarrow.parquet as pq

    return list(pq.read_schema(data).names)


def measure(
    faces: pd.DataFrame, labels: pd.Series, attribute: str, n_collections: int, rng: np.random.Generator
) -> dict[int, dict[str, float]]:
    """Return, by size of the collections, how often intervals held the truth, how wide they were, and the errors."""
    column = attributes.VERDICT_COLUMNS[attribute]
    probabilities = faces[list(schema.probability_columns(attribute))].to_numpy()
    head = next(head for head in choose_models({}, [])[attribute].card.heads if head.attribute == attribute)
    likeliest = np.array(attributes.ATTRIBUTE_CLASSES[attribute])[probabilities.argmax(axis=1)]
    verdicts = np.where(probabilities.max(axis=1) >= head.threshold, likeliest, schema.UNKNOWN)
    tracks = faces[list(schema.probability_columns(attribute))].assign(**{column: verdicts}, seen_s=1.0, duration_s=1.0)
    counts = labels.value_counts()
    classes = [name for name in attributes.ATTRIBUTE_CLASSES[attribute] if counts.get(name, 0) >= _LEAST]
    of_class = {name: np.flatnonzero(labels == name) for name in classes}
    result = {}
    for n in SIZES:
        rows = []
        for number in range(n_collections):
            truth = rng.dirichlet(np.ones(len(classes)))
            drawn = rng.multinomial(n, truth)
            people = np.concatenate([rng.choice(of_class[name], k) for name, k in zip(classes, drawn, strict=True)])
            found = demographics(tracks.iloc[people], attributes=[column], seed=number).set_index("class")
            raw = (likeliest[people][:, None] == np.array(classes)).mean(axis=0)
            truths = dict(zip(classes, truth, strict=True))
            counted = dict(zip(classes, raw, strict=True))
            for group, names in attributes.CLASS_GROUPS.get(attribute, {}).items():
                if set(names) <= set(classes):
                    truths[group], counted[group] = (sum(of[name] for name in names) for of in (truths, counted))
            for name, share in truths.items():
                of, low, high = found.loc[name, ["share", "share_low", "share_high"]]
                rows.append([low <= share <= high, high - low, abs(of - share), abs(counted[name] - share)])
        held, width, error, raw_error = np.mean(rows, axis=0)
        result[n] = {"held": held, "width": width, "error": error, "error of counting": raw_error}
    return result


if __name__ == "__main__":
    main()
