"""What may be no face, and is taken for one by hand: the rows that it has in the tables of faces then."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from facestats.tables import schema

#: Of two boxes that show the same thing.
LEAST_OVERLAP = 0.4

#: Of a place, and of what a later analysis has there, in seconds.
AT_MOST_APART_S = 0.5

#: ``time_s, x, y, w, h`` of what was seen.
Place = tuple[float, float, float, float, float]


def doubtful_at(doubtful: pd.DataFrame, place: Sequence[Place]) -> int | None:
    """Return the place of the row that is where something was seen, ``time_s, x, y, w, h``; None if none is.

    It need not be the surest moment of the row, which may be another in a later analysis, but one from its first to its
    last detection, or just beside them. Of several rows it is the one with the largest overlap, then the nearest one.

    Examples
    --------
    >>> doubtful_at(schema.conform("doubtful"), [(1.0, 0.0, 0.0, 20.0, 20.0)]) is None
    True
    """
    if doubtful.empty or not place:
        return None
    time_s, *box = place[0]
    overlaps = overlaps_of(doubtful[["x", "y", "w", "h"]].to_numpy(np.float64), np.array(box))
    surest, start, end = (doubtful[name].to_numpy(np.float64) for name in ("time_s", "start_s", "end_s"))
    is_then = (start - AT_MOST_APART_S <= time_s) & (time_s <= end + AT_MOST_APART_S)
    fits = np.flatnonzero((overlaps >= LEAST_OVERLAP) & is_then)
    order = np.lexsort((np.abs(surest[fits] - time_s), -overlaps[fits]))
    return int(fits[order[0]]) if len(fits) else None


def rows_of_face(row: pd.Series, track_id: int, frames: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return what a row of ``doubtful`` is in ``tracks``, ``observations`` and ``thumbnails``, if it is a face.

    Of its detections the surest alone is known, and no model judged it: verdicts are missing. So is ``face_prob``, as
    what the detections said was overruled by hand, and would leave it out where only probable faces are chosen.

    Parameters
    ----------
    row : pandas.Series
    track_id : int
        The number that it gets.
    frames : pandas.DataFrame
        Of its video.

    Examples
    --------
    >>> rows_of_face(store.doubtful().iloc[0], 7, store.frames())["tracks"]["track_id"]  # doctest: +SKIP
    """
    where = {name: row[name] for name in ("video_id", "shot")}
    moment = frames.iloc[(frames["time_s"] - row["time_s"]).abs().argmin()]
    box = {name: row[name] for name in ("x", "y", "w", "h")}
    observation = {
        **where,
        **box,
        "track_id": track_id,
        "frame": moment["frame"],
        "time_s": moment["time_s"],
        "face_px": min(row["w"], row["h"]),
        "classified": False,
    }
    length_s = row["end_s"] - row["start_s"]
    kept = {name: row[name] for name in ("start_s", "end_s", "face_px")}
    counts = {"n_observations": 1, "n_classified": 0}  # of the rows that there are
    track = {**where, **kept, **counts, "track_id": track_id, "duration_s": length_s, "seen_s": length_s}
    picture = {"video_id": row["video_id"], "track_id": track_id, "time_s": row["time_s"], "image": row["image"]}
    return {
        "tracks": schema.conform("tracks", pd.DataFrame([{**track, "joined_prob": 1.0}])),
        "observations": schema.conform("observations", pd.DataFrame([observation])),
        "thumbnails": schema.conform(
            "thumbnails", pd.DataFrame([picture] if isinstance(row["image"], bytes) else None)
        ),
    }


def overlaps_of(boxes: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Return the intersection over union of boxes (N, 4) with one, all as x, y, w, h.

    Examples
    --------
    >>> overlaps_of(np.array([[0.0, 0.0, 2.0, 1.0]]), np.array([1.0, 0.0, 1.0, 1.0])).tolist()
    [0.5]
    """
    low = np.maximum(boxes[:, :2], box[:2])
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], box[:2] + box[2:])
    shared = (high - low).clip(0).prod(axis=1)
    return shared / (boxes[:, 2:].prod(axis=1) + box[2:].prod() - shared).clip(1e-9)
