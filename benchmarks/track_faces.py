"""Fit, and count, how surely a track is a face: ``python -m benchmarks.track_faces --data FILE [--data FILE ...]``.

Photos are panned and zoomed as a camera would, with hard cuts and captions: those with faces, and those without. A
track is then a face (its surest box fits one that people or both teachers saw), none (it fits nothing that anybody
saw), or left out. Logistic regression on its evidence gives the constants of :mod:`facestats.tables.faceness`; they are
counted on photos that the fit did not see, five parts in turn.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

import facestats as fs
from benchmarks.empty_video import HEIGHT, RATE, WIDTH, shot_views
from facestats.datasets.labelled import decode_image
from facestats.tables.faceness import face_evidence

_COLUMNS = ["surest", "median", "longer"]


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
            rows.append({**{name: row[name] for name in ("name", "image")}, "faces": faces, "maybe": maybe})
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


def tracks_of(path: Path, photos: pd.DataFrame, views: list[tuple[int, np.ndarray]], detector: str) -> pd.DataFrame:
    """Return the evidence and the truth of each track: 1 a face, 0 none, NaN left out."""
    found = fs.analyze(path, detector=detector, min_face_prob=0, progress=False, thumbnails=False)
    rows = []
    for _, group in found.observations.dropna(subset="track_id").groupby("track_id"):
        surest = group.loc[group["score"].idxmax()]
        photo, (x, y, width) = views[int(surest["frame"])]
        box = surest[["x", "y", "w", "h"]].to_numpy(np.float64) * width / WIDTH + np.array([x, y, 0, 0])
        known = photos.iloc[photo]
        fits, perhaps = _overlap(box, known["faces"]), _overlap(box, known["maybe"])
        evidence = face_evidence(group["score"].to_numpy())
        truth = 1.0 if fits >= 0.35 else 0.0 if perhaps < 0.05 else np.nan
        rows.append(
            {"photo": known["name"], "truth": truth, "n": len(group), **dict(zip(_COLUMNS, evidence, strict=True))}
        )
    return pd.DataFrame(rows)


def _overlap(box: np.ndarray, others: np.ndarray) -> float:
    if not len(others):
        return 0.0
    ends = box[:2] + box[2:], others[:, :2] + others[:, 2:]
    shared = (np.minimum(*ends) - np.maximum(box[:2], others[:, :2])).clip(0).prod(axis=1)
    return float((shared / (box[2:].prod() + others[:, 2:].prod(axis=1) - shared)).max())


def counted(rows: pd.DataFrame, hours_empty: float) -> dict[str, object]:
    """Fit on four fifths of the photos, count on the fifth, in turn; and fit on all."""
    part = pd.factorize(rows["photo"])[0] % 5
    evidence, truth = rows[_COLUMNS].to_numpy(), rows["truth"].to_numpy()
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
        "weights": dict(zip(_COLUMNS, model.coef_[0].round(3).tolist(), strict=True)),
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
    parts, seconds_empty = [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        for name, chosen in (("empty", photos[is_empty]), ("faces", photos[photos["faces"].map(len) > 0])):
            some, path = chosen.head(arguments.photos), Path(folder, f"{name}.mp4")
            views = write_video(path, some, rng)
            seconds_empty += len(views) / RATE if name == "empty" else 0.0
            parts.append(tracks_of(path, some, views, arguments.detector).assign(empty=name == "empty"))
    rows = pd.concat(parts, ignore_index=True).dropna(subset="truth")
    if arguments.rows:
        rows.to_parquet(arguments.rows)
    print(json.dumps({"detector": arguments.detector, **counted(rows, seconds_empty / 3600)}))


if __name__ == "__main__":
    main()
