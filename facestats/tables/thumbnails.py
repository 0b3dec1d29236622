"""Small pictures of each track, kept while its video is analysed: what reports show without the video."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from facestats.classify.quality import quality_weight
from facestats.types import Detections, Frame, Int64, UInt8

#: Longer side of a thumbnail in pixels.
LONGER_SIDE = 96

#: Thumbnails kept of each track, and how far apart they must be, in seconds.
PER_TRACK = 3
APART_S = 2.0

_MARGIN = 0.3  # of the box, on each side

# What a picture has that counts fully: a deviation of its brightness, and a sharpness (variance of the Laplacian).
_FULL_CONTRAST, _FULL_SHARPNESS = 35.0, 100.0
_BRIGHTEST = 245.0  # what is brighter shows nothing any more, as in a flash
_LEAST_LIT, _LEAST_SHARP = 0.1, 0.3
_TRY_EVERY_S = 0.25  # a track's pictures are judged no more often, but behind a bad one, or where a face is much better
_BAD, _BAD_IN_A_ROW = 0.5, 3  # so many are passing light or blur; more are the light of the scene
_MUCH_BETTER = 1.5
_WEBP_QUALITY = 80


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
    import cv2  # not before: tables are read without it

    return np.asarray(cv2.resize(piece, size, interpolation=cv2.INTER_AREA), np.uint8)


def picture_weight(rgb: UInt8) -> float:
    """Return how much a picture of a face shows, above 0 to 1: less if it is pale, dark, washed out or blurred.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8 (h, w, 3), RGB.

    Examples
    --------
    >>> clear = np.random.default_rng(0).integers(20, 220, (64, 64, 3)).astype(np.uint8)
    >>> picture_weight(clear) > 5 * picture_weight((0.1 * clear + 225).astype(np.uint8))
    True
    """
    import cv2

    light = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    lit = min(1.0, float(light.std()) / _FULL_CONTRAST) * (1 - float((light >= _BRIGHTEST).mean()))
    sharp = float(cv2.Laplacian(light, cv2.CV_32F).var()) / _FULL_SHARPNESS
    return max(lit, _LEAST_LIT) * min(max(sharp, _LEAST_SHARP), 1.0)


@dataclass(frozen=True)
class _Tried:
    """When a picture of a track was last judged, how good its face was, and how many were bad in a row."""

    time_s: float = -math.inf
    quality: float = 0.0
    n_bad: int = 0

    def waits(self, time_s: float, quality: float) -> bool:
        """Say whether it is too early for another one."""
        is_soon = 0 <= time_s - self.time_s < _TRY_EVERY_S
        return is_soon and not 0 < self.n_bad < _BAD_IN_A_ROW and quality < _MUCH_BETTER * self.quality


class PictureChooser:
    """Says which faces are worth a picture while frames pass by; one instance per stretch of video.

    Parameters
    ----------
    per_track : int
        Pictures of a track at most.
    apart_s : float
        How far apart they are, in seconds.

    Examples
    --------
    >>> chooser = PictureChooser()
    >>> chooser.choose(Frame(0, 0.0, np.zeros((9, 9, 3), np.uint8)), Detections.empty(), np.zeros(0, np.int64))
    {}
    """

    def __init__(self, per_track: int = PER_TRACK, apart_s: float = APART_S) -> None:
        self._per_track, self._apart_s = per_track, apart_s
        self._kept: dict[int, list[tuple[float, float]]] = {}  # of each track, quality and time of the best
        self._tried: dict[int, _Tried] = {}

    def choose(self, frame: Frame, detections: Detections, track_ids: Int64) -> dict[int, UInt8]:
        """Return the pictures of those faces of a frame that are better than what their tracks have.

        A picture is as good as its face is large and surely detected, and it itself well lit and sharp.

        Parameters
        ----------
        frame : Frame
        detections : Detections
            N faces.
        track_ids : numpy.ndarray
            int64 (N,); those below 0 are passed over.

        Returns
        -------
        dict of int to numpy.ndarray
            By the number of the face in the frame, uint8 (h, w, 3) RGB.
        """
        qualities = quality_weight(detections.scores, detections.sizes)
        chosen: dict[int, UInt8] = {}
        for i in np.flatnonzero(track_ids >= 0).tolist():
            track, quality = int(track_ids[i]), float(qualities[i])
            tried = self._tried.get(track, _Tried())
            if tried.waits(frame.time_s, quality) or self._worse(track, quality, frame.time_s) is None:
                continue
            picture = cut_face(frame.rgb, detections.boxes[i])
            weight = picture_weight(picture)
            self._tried[track] = _Tried(frame.time_s, quality, tried.n_bad + 1 if weight < _BAD else 0)
            if self._take(track, quality * weight, frame.time_s):
                chosen[i] = picture
        return chosen

    def wanted(self, qualities: np.ndarray, track_ids: Int64, time_s: float) -> list[int]:
        """Return which faces of a frame are better than the pictures that their tracks have.

        Parameters
        ----------
        qualities : numpy.ndarray
            float (N,): see :func:`facestats.classify.quality.quality_weight`.
        track_ids : numpy.ndarray
            int64 (N,); those below 0 are passed over.
        time_s : float
        """
        tracked = np.flatnonzero(track_ids >= 0).tolist()
        return [i for i in tracked if self._take(int(track_ids[i]), float(qualities[i]), time_s)]

    def _take(self, track: int, quality: float, time_s: float) -> bool:
        """Keep a picture if it is better than those that it would replace, and say so."""
        worse = self._worse(track, quality, time_s)
        if worse is None:
            return False
        self._kept[track] = [item for item in self._kept.get(track, []) if item not in worse]
        self._kept[track].append((quality, time_s))
        return True

    def _worse(self, track: int, quality: float, time_s: float) -> list[tuple[float, float]] | None:
        """Return which pictures a better one would replace, perhaps none; None if it is no better."""
        kept = self._kept.get(track, [])
        replaced = [item for item in kept if abs(item[1] - time_s) < self._apart_s]
        if not replaced and len(kept) >= self._per_track:
            replaced = [min(kept)]
        # A little better is not worth another copy of the face.
        return None if replaced and quality <= 1.02 * max(replaced)[0] else replaced


@dataclass(frozen=True, eq=False)  # compared by identity: it holds an array
class Picture:
    """A picture of a face that may become a thumbnail.

    Attributes
    ----------
    quality : float
        See :func:`facestats.tables.quality_weight`.
    time_s : float
    rgb : numpy.ndarray
        uint8 (h, w, 3).
    """

    quality: float
    time_s: float
    rgb: UInt8


_AnyPicture = TypeVar("_AnyPicture", bound=Picture)


def best_pictures(
    pictures: Iterable[_AnyPicture], per_track: int = PER_TRACK, apart_s: float = APART_S
) -> list[_AnyPicture]:
    """Return the best few pictures that are far enough apart in time, the best first.

    Examples
    --------
    >>> rgb = np.zeros((1, 1, 3), np.uint8)
    >>> [picture.time_s for picture in best_pictures([Picture(0.2, 0.0, rgb), Picture(0.9, 1.0, rgb)])]
    [1.0]
    """
    chosen: list[_AnyPicture] = []
    for picture in sorted(pictures, key=lambda picture: -picture.quality):
        if len(chosen) < per_track and all(abs(picture.time_s - other.time_s) >= apart_s for other in chosen):
            chosen.append(picture)
    return chosen


def encode_webp(rgb: UInt8, quality: int = _WEBP_QUALITY) -> bytes:
    """Return an RGB picture, uint8 (H, W, 3), as a WebP file.

    Examples
    --------
    >>> encode_webp(np.zeros((4, 4, 3), np.uint8))[:4]
    b'RIFF'
    """
    import cv2

    _, data = cv2.imencode(".webp", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, quality])
    return data.tobytes()


def best_first(
    thumbnails: pd.DataFrame, observations: pd.DataFrame, tracks: pd.DataFrame, merged: Collection[int]
) -> tuple[pd.DataFrame, dict[tuple[str, int], float]]:
    """Return the pictures of one video by track, of each that was merged the best one first.

    Of other tracks the order stays, which has the best one first already.

    Parameters
    ----------
    thumbnails, observations, tracks : pandas.DataFrame
        ``tracks`` with ``person_id``.
    merged : collection of int
        Tracks whose pictures are those of several.

    Returns
    -------
    thumbnails : pandas.DataFrame
    qualities : dict of (str, int) to float
        By video and track, how good the best picture is, of the tracks of people who have several.

    Examples
    --------
    >>> from facestats.tables import schema
    >>> best_first(*(schema.conform(name) for name in ("thumbnails", "observations", "tracks")), merged=[])[1]
    {}
    """
    persons = tracks["person_id"]
    shared = set(tracks.loc[persons.notna() & persons.duplicated(keep=False), "track_id"])
    of_merged, of_shared = (thumbnails["track_id"].isin(list(ids)).to_numpy(bool) for ids in (merged, shared))
    quality = np.zeros(len(thumbnails))
    if (judged := of_merged | of_shared).any():  # no others are: it takes a while
        quality[judged] = picture_qualities(thumbnails[judged], observations)
    ordered = thumbnails.assign(quality=quality, place=np.where(of_merged, -quality, 0.0))
    ordered = ordered.sort_values(["video_id", "track_id", "place"], kind="stable").reset_index(drop=True)
    first = ordered[ordered["track_id"].isin(list(shared))].drop_duplicates("track_id")
    keys = zip(first["video_id"], first["track_id"].astype(int), strict=True)
    return ordered.drop(columns=["quality", "place"]), dict(zip(keys, first["quality"].tolist(), strict=True))


def picture_qualities(thumbnails: pd.DataFrame, observations: pd.DataFrame) -> np.ndarray:
    """Return how good kept pictures are, float64 (N,), by the rule of :class:`PictureChooser`.

    Parameters
    ----------
    thumbnails : pandas.DataFrame
        N rows of one video.
    observations : pandas.DataFrame
        Of the same tracks. A picture without one, or whose face was found by hand, is as good as it is lit and sharp,
        and less than others.

    Examples
    --------
    >>> from facestats.tables import schema
    >>> picture_qualities(schema.conform("thumbnails"), schema.conform("observations"))
    array([], dtype=float64)
    """
    seen = observations.drop_duplicates(["track_id", "time_s"])[["track_id", "time_s", "score", "face_px"]]
    found = thumbnails[["track_id", "time_s"]].merge(seen, on=["track_id", "time_s"], how="left")
    faces = quality_weight(*(found[name].fillna(0.0).to_numpy(np.float64) for name in ("score", "face_px")))
    return faces * np.array([picture_weight(_decoded(image)) for image in thumbnails["image"]], np.float64)


def _decoded(image: bytes) -> UInt8:
    import cv2

    bgr = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    return np.zeros((1, 1, 3), np.uint8) if bgr is None else np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
