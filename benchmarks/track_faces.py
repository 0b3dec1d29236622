"""Fit, and count, how surely a track is a face: ``python -m benchmarks.track_faces --data FILE [--data FILE ...]``.

Photos are panned and zoomed as a camera would, with hard cuts and captions: those with faces, and those without. A
track is then a face (its surest box fits one that people or both teachers saw), none (it fits nothing that anybody
saw), or left out. Logistic regression on its evidence gives the constants of :mod:`facestats.tables.faceness`, with
second looks and without; they are counted on photos that the fit did not see, five parts in turn.

What gives the second looks must not have learned from the photos either: data sets are shared out in ``--groups``, and
each group is analysed with a layer (``facestats train faceness``) that was fitted to the others.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

import facestats as fs
from benchmarks.empty_video import HEIGHT, RATE, WIDTH, shot_views
from facestats.datasets.labelled import decode_image
from facestats.models.attributes import BUILT_IN as ATTRIBUTES
from facestats.tables.faceness import face_evidence
from facestats.training.faceness.gathering import gather_detections
from facestats.training.faceness.run import write_faceness
from facestats.training.recipes import FacenessRecipe, find_recipe

_COLUMNS = ["surest", "median", "longer", "looked"]

#: What the fit takes of them, without second looks and with.
_BY_SCORE, _WITH_LOOKS = ["surest", "median", "longer"], ["median", "looked"]


def photos_of(files: Sequence[Path]) -> pd.DataFrame:
    """Return the photos with what is known of faces in them: boxes of a face, and boxes of what may be one."""
    rows = []
    for file in files:
        for row in pd.read_parquet(file).to_dict("records"):
            known = np.asarray([*row["boxes"]], np.float64).reshape(-1, 4)
            taught = row.get("teacher")
            taught = np.asarray([*taught] if taught is not None else [], np.float64).reshape(-1, 6)
            both = (taught[:, 4:].max(axis=1, initial=0) >= 0.8) & (taught[:, 4:].min(axis=1, initial=1) >= 0.3)
            empty = row["boxed"] == "empty"
            faces = np.concatenate([known, taught[both, :4]]) if not empty else np.zeros((0, 4))
            maybe = np.concatenate([known, taught[:, :4]]) if not empty else np.zeros((0, 4))
            told = {name: row.get(name, "") for name in ("name", "source", "image")}
            rows.append({**told, "faces": faces, "maybe": maybe})
    return pd.DataFrame(rows)


def write_video(path: Path, photos: pd.DataFrame, rng: np.random.Generator) -> list[tuple[int, np.ndarray]]:
    """Write a shot of each photo; return, for each frame, the photo's number and left, top and width of the view."""
    views: list[tuple[int, np.ndarray]] = []
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(RATE), options={"crf": "26", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number, photo in enumerate(photos.itertuples()):
            rgb = decode_image(photo.image, photo.name)
            for view, frame in shot_views(rgb, int(rng.uniform(2, 5) * RATE), rng, captioned=rng.random() < 0.3):
                views.append((number, view))
                container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        container.mux(stream.encode())
    return views


def tracks_of(path: Path, photos: pd.DataFrame, views: list[tuple[int, np.ndarray]], **options: Any) -> pd.DataFrame:
    """Return the evidence and the truth of each track: 1 a face, 0 none, NaN left out."""
    nothing = dict.fromkeys(ATTRIBUTES, "none")
    found = fs.analyze(path, min_face_prob=0, progress=False, thumbnails=False, models=nothing, **options)
    rows = []
    for _, group in found.observations.dropna(subset="track_id").groupby("track_id"):
        surest = group.loc[group["score"].idxmax()]
        photo, (x, y, width) = views[int(surest["frame"])]
        box = surest[["x", "y", "w", "h"]].to_numpy(np.float64) * width / WIDTH + np.array([x, y, 0, 0])
        known = photos.iloc[photo]
        fits, perhaps = _overlap(box, known["faces"]), _overlap(box, known["maybe"])
        evidence = face_evidence(group["score"].to_numpy(), group["faceness"].to_numpy(np.float64))
        truth = 1.0 if fits >= 0.35 else 0.0 if perhaps < 0.05 else np.nan
        # What was cut off from another track may have no second look of its own.
        told = dict(itertools.zip_longest(_COLUMNS, evidence, fillvalue=np.nan))
        rows.append({"photo": known["name"], "truth": truth, "n": len(group), **told})
    return pd.DataFrame(rows)


def _overlap(box: np.ndarray, others: np.ndarray) -> float:
    if not len(others):
        return 0.0
    ends = box[:2] + box[2:], others[:, :2] + others[:, 2:]
    shared = (np.minimum(*ends) - np.maximum(box[:2], others[:, :2])).clip(0).prod(axis=1)
    return float((shared / (box[2:].prod() + others[:, 2:].prod(axis=1) - shared)).max())


def layers_of(groups: list[list[str]], data: Sequence[Path], folder: Path) -> list[Path]:
    """Return the folder of a layer for each group of data sets, which did not learn from it."""
    recipe = cast(FacenessRecipe, find_recipe("faceness"))
    found = gather_detections(data, recipe, progress=True)
    made = []
    for number, group in enumerate(groups):
        made.append(folder / f"without-{number}")
        made[-1].mkdir()
        write_faceness(found[~found.table["source"].isin(group).to_numpy()], recipe, made[-1])
    return made


def counted(rows: pd.DataFrame, hours_empty: float, columns: Sequence[str]) -> dict[str, object]:
    """Fit on four fifths of the photos, count on the fifth, in turn; and fit on all; leave out what lacks evidence."""
    rows = rows.dropna(subset=[*columns])
    part = pd.factorize(rows["photo"])[0] % 5
    evidence, truth = rows[[*columns]].to_numpy(), rows["truth"].to_numpy()
    said = np.zeros(len(rows))
    for one in range(5):
        model = LogisticRegression(C=1.0).fit(evidence[part != one], truth[part != one])
        said[part == one] = model.predict_proba(evidence[part == one])[:, 1]
    model = LogisticRegression(C=1.0).fit(evidence, truth)
    bins = np.clip((said * 5).astype(int), 0, 4)
    reliability = {
        f"{low / 5:g} to {(low + 1) / 5:g}": [
            int((bins == low).sum()),
            round(float(said[bins == low].mean()), 3),
            round(float(truth[bins == low].mean()), 3),
        ]
        for low in sorted(set(bins.tolist()))
    }
    curve = {
        f"{limit:g}": {
            "faces_lost": round(float((said[truth == 1] < limit).mean()), 4),
            "false_left": int(((said >= limit) & (truth == 0)).sum()),
            "false_per_hour": round(float(((said >= limit) & (truth == 0) & rows["empty"]).sum() / hours_empty), 1),
        }
        for limit in (0.0, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9)
    }
    ece = float(sum((bins == b).mean() * abs(said[bins == b].mean() - truth[bins == b].mean()) for b in set(bins)))
    return {
        "shift": round(float(model.intercept_[0]), 3),
        "weights": dict(zip(columns, model.coef_[0].round(3).tolist(), strict=True)),
        "n": {"faces": int(truth.sum()), "none": int((1 - truth).sum())},
        "ece": round(ece, 3),
        "reliability": reliability,
        "by_threshold": curve,
    }


def main() -> None:
    """Print the fit and its count as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, action="append", required=True, help="Parquet file of boxed photos")
    parser.add_argument("--detector", default="centerface")
    parser.add_argument("--photos", type=int, default=700, help="at most so many of each kind")
    parser.add_argument("--groups", type=int, default=4, help="of data sets")
    parser.add_argument(
        "--without", action="append", default=[], metavar="NAME", help="a photo said to be without faces"
    )
    parser.add_argument("--rows", type=Path, help="keep the tracks in this Parquet file")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    photos = photos_of(arguments.data)
    photos = photos[~photos["name"].isin(arguments.without)]
    photos = photos.iloc[rng.permutation(len(photos))]
    is_empty = photos["maybe"].map(len).eq(0)
    chosen = {"empty": photos[is_empty], "faces": photos[photos["faces"].map(len) > 0]}
    # The largest data sets come into different groups.
    sources = photos["source"].value_counts().index.tolist()
    groups = [sources[number :: arguments.groups] for number in range(arguments.groups)]
    parts, seconds_empty = [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        layers = layers_of(groups, arguments.data, Path(folder))
        for (name, of_kind), number in itertools.product(chosen.items(), range(len(groups))):
            some = of_kind.head(arguments.photos)
            some, path = some[some["source"].isin(groups[number])], Path(folder, f"{name}-{number}.mp4")
            if some.empty:
                continue
            views = write_video(path, some, rng)
            seconds_empty += len(views) / RATE if name == "empty" else 0.0
            found = tracks_of(path, some, views, detector=arguments.detector, models_path=(str(layers[number]),))
            parts.append(found.assign(empty=name == "empty"))
    rows = pd.concat(parts, ignore_index=True).dropna(subset="truth")
    if arguments.rows:
        rows.to_parquet(arguments.rows)
    hours = seconds_empty / 3600
    told = {"by_score": counted(rows, hours, _BY_SCORE), "with_looks": counted(rows, hours, _WITH_LOOKS)}
    print(json.dumps({"detector": arguments.detector, "hours_empty": round(hours, 2), **told}))


if __name__ == "__main__":
    main()
