"""Small pictures of each track, kept while its video is analysed: what reports show without the video."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd

from facestats import schema
from facestats.types import Detections, Frame, Int64, UInt8
from facestats.verdicts import quality_weight

#: Longer side of a thumbnail in pixels.
LONGER_SIDE = 96

#: Thumbnails kept of each track, and how far apart they must be, in seconds.
PER_TRACK = 3
APART_S = 2.0

_MARGIN = 0.3  # of the box, on each side
_WEBP_QUALITY = 80


@dataclass(frozen=True, eq=False)  # compared by identity: they hold arrays
class _Candidate:
    frame: int
    quality: float
    time_s: float
    rgb: UInt8


def cut_face(rgb: UInt8, box: np.ndarray, *, margin: float = _MARGIN, longer_side: int = LONGER_SIDE) -> UInt8:
    """Cut a face with some surroundings out of a frame and shrink it.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8 (H, W, 3), RGB.
    box : numpy.ndarray
        float (4,): ``x1, y1, x2, y2`` in pixels.
    margin : float
        Share of the box's sides to add on each side.
    longer_side : int
        Upper bound in pixels.

    Returns
    -------
    numpy.ndarray
        uint8 (h, w, 3), RGB, a copy.

    Examples
    --------
    >>> cut_face(np.zeros((400, 400, 3), np.uint8), np.array([100, 100, 300, 300])).shape
    (96, 96, 3)
    """
    x1, y1, x2, y2 = (float(value) for value in box)
    dx, dy = margin * (x2 - x1), margin * (y2 - y1)
    height, width = rgb.shape[:2]
    left, top = int(np.clip(x1 - dx, 0, width - 1)), int(np.clip(y1 - dy, 0, height - 1))
    right, bottom = int(np.clip(x2 + dx, left + 1, width)), int(np.clip(y2 + dy, top + 1, height))
    piece = rgb[top:bottom, left:right]
    scale = longer_side / max(piece.shape[:2])
    if scale >= 1:
        return piece.copy()
    size = max(1, round(piece.shape[1] * scale)), max(1, round(piece.shape[0] * scale))
    return cv2.resize(piece, size, interpolation=cv2.INTER_AREA)


class ThumbnailKeeper:
    """Keeps the best few pictures of each track while frames pass by; one instance per video.

    Examples
    --------
    >>> keeper = ThumbnailKeeper()
    >>> keeper.update(Frame(0, 0.0, np.zeros((9, 9, 3), np.uint8)), Detections.empty(), np.zeros(0, np.int64))
    >>> keeper.table("clip", [1]).empty
    True
    """

    def __init__(self) -> None:
        self._kept: dict[int, list[_Candidate]] = {}

    def update(self, frame: Frame, detections: Detections, track_ids: Int64) -> None:
        """Consider the faces of one frame; ids below 0 are passed over."""
        time_s, rgb = frame.time_s, None
        qualities = quality_weight(detections.scores, detections.sizes)
        for box, quality, track_id in zip(detections.boxes, qualities, track_ids, strict=True):
            if track_id < 0:
                continue
            kept = self._kept.setdefault(int(track_id), [])
            near = [item for item in kept if abs(item.time_s - time_s) < APART_S]
            replaced = near or (sorted(kept, key=lambda item: item.quality)[:1] if len(kept) >= PER_TRACK else [])
            # A little better is not worth another copy of the face.
            if replaced and quality <= 1.02 * max(item.quality for item in replaced):
                continue
            kept[:] = [item for item in kept if item not in replaced]
            rgb = frame.rgb if rgb is None else rgb  # converted once, and only if anybody asks
            kept.append(_Candidate(frame.index, float(quality), time_s, cut_face(rgb, box)))

    def table(
        self, video_id: str, track_ids: list[int], renamed: Mapping[tuple[int, int], int] | None = None
    ) -> pd.DataFrame:
        """Return the ``thumbnails`` table of the tracks named, best picture of each first.

        Parameters
        ----------
        video_id : str
        track_ids : list of int
        renamed : mapping of (int, int) to int, optional
            By frame and the number that a face had there, the number of its track in the end; by default the same.
        """
        of_track: dict[int, list[_Candidate]] = {}
        for track, kept in self._kept.items():
            for item in kept:
                named = track if renamed is None else renamed.get((item.frame, track), -1)
                of_track.setdefault(named, []).append(item)
        rows = []
        for track_id in track_ids:
            chosen: list[_Candidate] = []
            for item in sorted(of_track.get(track_id, []), key=lambda item: -item.quality):
                if len(chosen) < PER_TRACK and all(abs(item.time_s - other.time_s) >= APART_S for other in chosen):
                    chosen.append(item)
            rows += [
                {"video_id": video_id, "track_id": track_id, "time_s": item.time_s, "image": encode_webp(item.rgb)}
                for item in chosen
            ]
        return schema.conform("thumbnails", pd.DataFrame(rows) if rows else None)


def encode_webp(rgb: UInt8, quality: int = _WEBP_QUALITY) -> bytes:
    """Return an RGB picture, uint8 (H, W, 3), as a WebP file.

    Examples
    --------
    >>> encode_webp(np.zeros((4, 4, 3), np.uint8))[:4]
    b'RIFF'
    """
    _, data = cv2.imencode(".webp", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, quality])
    return data.tobytes()
