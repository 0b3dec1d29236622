"""How well faces were tracked: HOTA, IDF1, MOTA and their kin, as ``trackers`` computes them, against true boxes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from trackers.eval import compute_clear_metrics, compute_hota_metrics, compute_identity_metrics

from facestats.detect.base import box_overlaps
from facestats.errors import DataError
from facestats.types import Float32, Int64

#: Overlap (intersection over union) from which a face counts as found; HOTA averages over 0.05 to 0.95.
MIN_IOU = 0.5

#: A face that lies in an ignored box by this share of its own area counts neither as right nor as false.
MIN_INSIDE = 0.5


def score_tracking(
    truth: pd.DataFrame,
    observations: pd.DataFrame,
    frames: pd.DataFrame,
    *,
    n_frames: int | None = None,
    min_face: float = 0.0,
    frame_size: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """Score the tracks of one video; only sampled frames count, and faces without a track do not.

    Truth whose shorter side is below ``min_face``, or that is marked as not to be considered, is neither missed nor
    does it make a face that lies there false. Every other face without a true box is false.

    Parameters
    ----------
    truth : pandas.DataFrame
        See :func:`facestats.datasets.truth.read_truth`.
    observations, frames : pandas.DataFrame
        Of one video, see :mod:`facestats.tables.schema`.
    n_frames : int, optional
        How many frames the video has, to refuse the truth of another one.
    min_face : float
        Pixels.
    frame_size : (int, int), optional
        Width and height in pixels; boxes are cut off there, as a face outside the picture cannot be seen.

    Returns
    -------
    dict
        ``hota``, ``deta``, ``assa`` (Luiten et al., 2021, arXiv 2009.07736), ``idf1``, ``idp``, ``idr`` (Ristani et
        al., 2016, arXiv 1609.01775), ``mota``, ``id_switches``, ``fragmentations``, ``recall``, ``precision``
        (Bernardin and Stiefelhagen, 2008); ``n_frames``, ``n_true`` and ``n_found`` (boxes), ``n_people``,
        ``n_tracks``; ``covered_by_one_id``, the share of true boxes that the one track which covers most of its
        person found; and ``people``, the same for each: ``person``, ``n_true``, ``covered``, ``covered_by_one_id``,
        ``n_tracks``. A share of nothing is None.

    Raises
    ------
    DataError
        If the truth speaks of frames that the video does not have, or of none that was sampled; or if none was.

    Examples
    --------
    >>> score_tracking(truth, result.observations, result.frames)["idf1"]  # doctest: +SKIP
    0.97
    """
    if n_frames is not None and len(truth) and (last := int(truth["frame"].max())) >= n_frames:
        raise DataError(f"the truth speaks of frame {last + 1}, but the video has {n_frames}: is it of this video?")
    sampled = frames["frame"].to_numpy(np.int64)
    if len(sampled) == 0:
        raise DataError("no frame of the video was looked at: there is nothing to score")
    true, ignored = _split(truth[truth["frame"].isin(sampled)], min_face, frame_size)
    if true.empty and ignored.empty and len(truth):
        raise DataError("the truth speaks of none of the frames that were looked at")
    found = observations[observations["track_id"].notna()]
    found = found.assign(person=found["track_id"].astype("int64"))[["frame", "person", *"xywh"]]
    found, _ = _split(found.astype(dict.fromkeys("xywh", "float64")).assign(ignored=False), 0.0, frame_size)

    people = np.unique(true["person"])
    by_frame = [_by_frame(table) for table in (true, found, ignored)]
    true_ids, found_ids, overlaps = [], [], []
    for frame in sampled.tolist():
        (persons, boxes), (tracks, seen), (_, hidden) = (rows.get(frame, _NOTHING) for rows in by_frame)
        overlap = box_overlaps(boxes, seen)
        kept = ~_lies_in(seen, hidden) | (overlap.max(axis=0, initial=0) >= MIN_IOU)
        true_ids.append(np.searchsorted(people, persons))
        found_ids.append(tracks[kept])
        overlaps.append(overlap[:, kept].astype(np.float64))
    # The metrics take ids that count from 0 without a gap.
    n_tracks, found_ids = _renumbered(found_ids)
    hota = compute_hota_metrics(true_ids, found_ids, overlaps)
    clear = compute_clear_metrics(true_ids, found_ids, overlaps, threshold=MIN_IOU)
    identity = compute_identity_metrics(true_ids, found_ids, overlaps, threshold=MIN_IOU)
    rows = _people(people, true_ids, found_ids, overlaps)
    n_true, n_found = len(true), sum(map(len, found_ids))
    covered = sum(row["covered_by_one_id"] * row["n_true"] for row in rows)

    def share(value: float, of: int) -> float | None:
        return float(value) if of else None

    return {
        **{name.lower(): share(hota[name], n_true) for name in ("HOTA", "DetA", "AssA")},
        **{name.lower(): share(identity[name], n_true) for name in ("IDF1", "IDP", "IDR")},
        "mota": share(clear["MOTA"], n_true),
        "id_switches": int(clear["IDSW"]),
        "fragmentations": int(clear["Frag"]),
        "recall": share(clear["CLR_Re"], n_true),
        "precision": share(clear["CLR_Pr"], n_found),
        "n_frames": len(sampled),
        "n_true": n_true,
        "n_found": n_found,
        "n_people": len(people),
        "n_tracks": n_tracks,
        "covered_by_one_id": share(covered / max(n_true, 1), n_true),
        "people": rows,
    }


def _split(
    boxes: pd.DataFrame, min_face: float, frame_size: tuple[int, int] | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return boxes, cut off at the picture's edges, and those that are ignored; drop what lies outside."""
    if frame_size is not None:
        left, top = boxes["x"].clip(0, frame_size[0]), boxes["y"].clip(0, frame_size[1])
        right = (boxes["x"] + boxes["w"]).clip(0, frame_size[0])
        bottom = (boxes["y"] + boxes["h"]).clip(0, frame_size[1])
        boxes = boxes.assign(x=left, y=top, w=right - left, h=bottom - top)
        boxes = boxes[(boxes["w"] > 0) & (boxes["h"] > 0)]
    is_ignored = boxes["ignored"] | (boxes[["w", "h"]].min(axis=1) < min_face)
    return boxes[~is_ignored], boxes[is_ignored]


_NOTHING = np.zeros(0, np.int64), np.zeros((0, 4), np.float32)


def _by_frame(table: pd.DataFrame) -> dict[int, tuple[Int64, Float32]]:
    """Return, by frame, who is there and the corners of their boxes."""
    x, y, w, h = (table[side].to_numpy(np.float32) for side in "xywh")
    persons, corners = table["person"].to_numpy(np.int64), np.column_stack([x, y, x + w, y + h])
    return {int(frame): (persons[rows], corners[rows]) for frame, rows in table.groupby("frame").indices.items()}


def _lies_in(boxes: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Say for each box whether a region holds most of it, bool (N,)."""
    low = np.maximum(boxes[:, None, :2], regions[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], regions[None, :, 2:])
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    inside = np.prod(np.clip(high - low, 0, None), axis=2).max(axis=1, initial=0)
    return inside >= MIN_INSIDE * areas


def _renumbered(ids: list[Int64]) -> tuple[int, list[Int64]]:
    """Return how many different ids there are, and the ids as numbers from 0 without a gap."""
    known, numbers = np.unique(np.concatenate([*ids, np.zeros(0, np.int64)]), return_inverse=True)
    return len(known), np.split(numbers.astype(np.int64), np.cumsum([len(row) for row in ids])[:-1])


def _people(
    people: Int64, true_ids: list[Int64], found_ids: list[Int64], overlaps: list[np.ndarray]
) -> list[dict[str, Any]]:
    """Count for each person in how many of its frames which track found it."""
    n_true: Counter[int] = Counter()
    by_track: dict[int, Counter[int]] = {index: Counter() for index in range(len(people))}
    for true, found, overlap in zip(true_ids, found_ids, overlaps, strict=True):
        n_true.update(true.tolist())
        pairs = linear_sum_assignment(np.where(overlap >= MIN_IOU, overlap, 0), maximize=True)
        for row, column in zip(*pairs, strict=True):
            if overlap[row, column] >= MIN_IOU:
                by_track[int(true[row])][int(found[column])] += 1
    return [
        {
            "person": int(person),
            "n_true": n_true[index],
            "covered": sum(by_track[index].values()) / n_true[index],
            "covered_by_one_id": max(by_track[index].values(), default=0) / n_true[index],
            "n_tracks": len(by_track[index]),
        }
        for index, person in enumerate(people)
    ]
