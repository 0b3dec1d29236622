"""Which faces may be compared with those of other tracks: the best few of each, chosen while frames pass by."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from facestats.classify import crops
from facestats.classify.embedding import Embedder
from facestats.classify.quality import quality_weight
from facestats.tables.people import PORTRAITS_APART_S, PORTRAITS_PER_TRACK
from facestats.tables.thumbnails import PictureChooser
from facestats.types import Detections, Float32, Int64, UInt8


class PortraitChooser:
    """Says which faces are worth a portrait; one instance per stretch of video.

    Parameters
    ----------
    embedder : Embedder or None
        Whose card says how many pixels a face needs; None, and no face is chosen.

    Examples
    --------
    >>> PortraitChooser(None).choose(Detections.empty(), np.zeros(0, np.int64), 0.0)
    []
    """

    def __init__(self, embedder: Embedder | None) -> None:
        self._least_pixels = math.inf if embedder is None else embedder.card.least_pixels
        self._chooser = PictureChooser(PORTRAITS_PER_TRACK, PORTRAITS_APART_S)

    def choose(self, detections: Detections, track_ids: Int64, time_s: float) -> list[int]:
        """Return the faces of a frame that are better than the portraits that their tracks have.

        Parameters
        ----------
        detections : Detections
            N faces.
        track_ids : numpy.ndarray
            int64 (N,); those below 0 are passed over.
        time_s : float
        """
        if len(detections) == 0 or not math.isfinite(self._least_pixels):
            return []
        is_large = crops.pixels_across(detections.landmarks) >= self._least_pixels
        # Pose is not looked at yet: it would cost as much as the comparison.
        qualities = quality_weight(detections.scores, detections.sizes)
        return self._chooser.wanted(qualities, np.where(is_large, track_ids, -1), time_s)


def portrait_quality(detections: Detections, yaw: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Return how much faces tell of who they are, float64 (N,): large, sure and frontal ones more.

    Parameters
    ----------
    detections : Detections
        N faces.
    yaw, pitch : numpy.ndarray
        float (N,), degrees, see :func:`facestats.classify.pose.head_pose`.

    Examples
    --------
    >>> portrait_quality(Detections.empty(), np.zeros(0), np.zeros(0))
    array([], dtype=float64)
    """
    return quality_weight(detections.scores, detections.sizes, None, yaw, pitch)


def cut_portraits(rgb: UInt8, detections: Detections, chosen: list[int], embedder: Embedder) -> dict[int, UInt8]:
    """Return the aligned faces that were chosen, by their number in the frame, uint8 (S, S, 3).

    Examples
    --------
    >>> cut_portraits(frame.rgb, detections, [0], embedder)  # doctest: +SKIP
    """
    return {face: crops.align_one(rgb, detections.landmarks[face], embedder.card.input_size) for face in chosen}


class Portrayed:
    """Takes the chosen faces of one frame after the other, and makes embeddings of them at once, in memory alone.

    Parameters
    ----------
    embedder : Embedder or None
        None, and there are none.

    Examples
    --------
    >>> Portrayed(None).chosen.shape
    (0, 2)
    """

    def __init__(self, embedder: Embedder | None) -> None:
        self._embedder, self._made, self._chosen = embedder, list[Float32](), list[tuple[int, int]]()

    def add(self, number: int, portraits: Mapping[int, UInt8]) -> None:
        """Take the aligned faces of the frame of that number, uint8 (S, S, 3), by their number in it."""
        if self._embedder is not None and portraits:
            self._chosen += [(number, face) for face in portraits]
            self._made.append(self._embedder.embed(np.stack(list(portraits.values()))))

    @property
    def chosen(self) -> Int64:
        """Numbers of frame and face, int64 (P, 2), in the order in which they came."""
        return np.array(self._chosen, np.int64).reshape(-1, 2)

    @property
    def embeddings(self) -> Float32 | None:
        """The embeddings of these faces, float32 (P, D); None without an embedder."""
        if self._embedder is None:
            return None
        return np.concatenate([np.zeros((0, self._made[0].shape[1] if self._made else 1), np.float32), *self._made])
