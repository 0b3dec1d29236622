"""How well labels stay clear of faces in clips: ``python -m benchmarks.labels [STORE...]``.

For each video of the stores, or of made-up crowds of 2 to 12 that walk at random, in all frames and without drawing
any: the share of frames in which a label touches the face of another track, or another label; how often a label changes
its side in a minute; and for which share of the time a face's label is left out, as there is no room for it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from facestats.clips import Annotator, stretches
from facestats.clips.draw import FaceLabel
from facestats.clips.placing import Faces, Places
from facestats.store.store import open_store

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from crowds import FRAME, crowd, tables_of

_SEEN = 0.5  # opacity from which on a label counts as drawn


@dataclass
class _Count:
    """What was counted in a video."""

    n_frames: int = 0
    on_faces: int = 0
    on_labels: int = 0
    n_labels: int = 0
    left_out: int = 0
    changes: int = 0
    label_s: float = 0.0
    examples: list[str] = field(default_factory=list)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", nargs="*")
    places = parser.parse_args().store
    rows = [_row(*each) for each in (_of_stores(places) if places else _of_crowds())]
    print(pd.DataFrame(rows).to_string(index=False))


def _of_stores(places: Sequence[str]) -> Iterator[tuple[str, Annotator, pd.DataFrame, int]]:
    for store in map(open_store, places):
        for video_id in store.entries():
            tables = store.result(video_id)
            if len(tables.tracks):
                yield video_id[:32], Annotator.of(tables), tables.frames, len(tables.tracks)


def _of_crowds() -> Iterator[tuple[str, Annotator, pd.DataFrame, int]]:
    for n in (2, 3, 4, 6, 8, 12):
        tables = tables_of(crowd(n))
        yield f"a crowd of {n}", Annotator(**tables, size=FRAME), tables["frames"], n


def _row(name: str, annotator: Annotator, frames: pd.DataFrame, n_tracks: int) -> dict[str, object]:
    found = count(annotator, frames)
    minutes = found.label_s / 60
    return {
        "video": name,
        "tracks": n_tracks,
        "frames": found.n_frames,
        "on faces %": round(100 * found.on_faces / max(found.n_frames, 1), 2),
        "on labels %": round(100 * found.on_labels / max(found.n_frames, 1), 2),
        "left out %": round(100 * found.left_out / max(found.n_labels, 1), 2),
        "changes a minute": round(found.changes / minutes, 2) if minutes else 0.0,
        "first": "; ".join(found.examples[:3]),
    }


def count(annotator: Annotator, frames: pd.DataFrame) -> _Count:
    """Return what labels do in one video, given its table of frames."""
    found, choose = _Count(), stretches.place_labels

    def noted(faces: Faces, before: np.ndarray | None = None) -> Places:
        places = choose(faces, before)
        both = (places.sides[1:] >= 0) & (places.sides[:-1] >= 0)
        found.changes += int(((np.diff(places.sides, axis=0) != 0) & both).sum())
        steps = np.diff(faces.times_s, prepend=faces.times_s[:1])
        found.label_s += float((steps[:, None] * (places.sides >= 0)).sum())
        return places

    stretches.place_labels = noted
    try:
        _walk(annotator, frames, found)
    finally:
        stretches.place_labels = choose
    return found


def _walk(annotator: Annotator, frames: pd.DataFrame, found: _Count) -> None:
    samples = frames.sort_values("frame")
    numbers, times = samples["frame"].to_numpy(np.float64), samples["time_s"].to_numpy(np.float64)
    for frame in range(int(numbers[-1]) + 1):
        time_s = float(np.interp(frame, numbers, times))
        faces = annotator.faces_at(frame, time_s)
        found.n_frames += 1
        named = [face for face in faces if face.lines]
        drawn = [face for face in named if face.opacity >= _SEEN and face.corner is not None]
        found.n_labels += len(named)
        found.left_out += len(named) - len(drawn)
        hit = [(one, other) for one in drawn for other in faces if other is not one and _touch(_plate(one), other.box)]
        found.on_faces += bool(hit)
        if hit:
            found.examples.append(f"{time_s:.1f} s: {hit[0][0].track_id} on {hit[0][1].track_id}")
        found.on_labels += any(
            _touch(_plate(one), _plate(other)) for i, one in enumerate(drawn) for other in drawn[i + 1 :]
        )


def _plate(face: FaceLabel) -> tuple[float, float, float, float]:
    (x, y), (wide, high) = face.corner or (0.0, 0.0), face.plate or (0, 0)
    return x, y, x + wide, y + high


def _touch(one: Sequence[float], other: Sequence[float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


if __name__ == "__main__":
    main()
