"""Which faces are in the picture at a moment, and where: one rule for clips, the explorer, the window and reports.

A face is in the picture from its observation up to the next sample. If its track was found again soon enough (see
:func:`facestats.track.gaps.bridged_gap_s`), it is there until then, and its box moves evenly from one to the other.
After the last sample nothing more is known: what was there stays until the video ends.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from facestats.tables import schema
from facestats.track.gaps import bridged_gap_s
from facestats.types import Int64

#: ``x1, y1, x2, y2`` in pixels of the upright frame.
Box = tuple[float, float, float, float]

#: Columns of ``observations`` from which faces are drawn and labelled.
DRAWN_COLUMNS = ("frame", "time_s", "track_id", "x", "y", "w", "h", *schema.probability_columns("expression"))

_SLACK_S = 1e-6  # times of frames and of tables may differ by rounding


@dataclass(frozen=True)
class Samples:
    """The samples of a video.

    Attributes
    ----------
    frames : numpy.ndarray
        int64 (M,), ascending: numbers of the frames.
    times_s : numpy.ndarray
        float64 (M,), ascending.
    gap_s : float
        The longest gap between two observations of a track in which its face stays in the picture.
    """

    frames: Int64
    times_s: np.ndarray
    gap_s: float

    @classmethod
    def of(cls, frames: pd.DataFrame) -> Samples:
        """Return the samples of a ``frames`` table.

        Examples
        --------
        >>> Samples.of(schema.conform("frames")).gap_s
        1.0
        """
        times = np.sort(frames["time_s"].to_numpy(np.float64))
        return cls(np.sort(frames["frame"].to_numpy(np.int64)), times, bridged_gap_s(times))


@dataclass(frozen=True, eq=False)
class Presence:
    """For each of N observations, until when its face is in the picture and where it goes meanwhile.

    Both ends are given as a frame and as a time: frames count where every frame is at hand, since a broken clock may
    stand still or run back.

    Attributes
    ----------
    frames, until_frame : numpy.ndarray
        int64 and float64 (N,): first frame, and the first one after it in which the face is not there any more, or is
        there by a later observation; infinite if nothing more is known.
    times_s, until_s : numpy.ndarray
        float64 (N,): the same in seconds.
    tracks : numpy.ndarray
        int64 (N,), -1 for a face of no track.
    boxes, next_boxes : numpy.ndarray
        float64 (N, 4): ``x1, y1, x2, y2`` at ``times_s`` and at ``next_s``.
    next_s : numpy.ndarray
        float64 (N,): time of the track's next observation; ``times_s`` if there is none soon enough.
    """

    frames: Int64
    until_frame: np.ndarray
    times_s: np.ndarray
    until_s: np.ndarray
    tracks: Int64
    boxes: np.ndarray
    next_boxes: np.ndarray
    next_s: np.ndarray

    @classmethod
    def of(cls, observations: pd.DataFrame, samples: Samples) -> Presence:
        """Return the presence of the faces of one video.

        Parameters
        ----------
        observations : pandas.DataFrame
            In the order of frames or of times.
        samples : Samples
            All of the video.

        Examples
        --------
        >>> samples = Samples.of(schema.conform("frames"))
        >>> len(Presence.of(schema.conform("observations"), samples).frames)
        0
        """
        boxes = observations[["x", "y", "w", "h"]].to_numpy(np.float64, copy=True)
        boxes[:, 2:] += boxes[:, :2]
        frames, times = observations["frame"].to_numpy(np.int64), observations["time_s"].to_numpy(np.float64)
        tracks = observations["track_id"].fillna(-1).to_numpy(np.int64)
        rows = np.arange(len(frames))
        later = pd.Series(rows).groupby(tracks).shift(-1).fillna(-1).to_numpy(np.int64, copy=True)
        later[tracks < 0] = -1
        later[times[later] - times > samples.gap_s + _SLACK_S] = -1
        goes_on = later >= 0
        after = np.searchsorted(samples.frames, frames, side="right")
        after_s = np.searchsorted(samples.times_s, times + _SLACK_S)
        following = np.where(goes_on, later, rows)
        return cls(
            frames=frames,
            until_frame=np.where(goes_on, frames[following], np.append(samples.frames, np.inf)[after]),
            times_s=times,
            until_s=np.where(goes_on, times[following], np.append(samples.times_s, np.inf)[after_s]),
            tracks=tracks,
            boxes=boxes,
            next_boxes=boxes[following],
            next_s=times[following],
        )

    def first(self, n: int) -> Presence:
        """Return the presence of the first ``n`` observations."""
        return Presence(**{field.name: getattr(self, field.name)[:n] for field in fields(self)})

    def rows_at(self, time_s: float) -> Int64:
        """Return the rows of the faces in the picture at a moment, int64 (K,), ascending."""
        moment = time_s + _SLACK_S
        return np.flatnonzero((self.times_s <= moment) & (self.until_s > moment))

    def track_at(self, row: int) -> int | None:
        """Return the track of a row's face; None for a face of no track."""
        return None if self.tracks[row] < 0 else int(self.tracks[row])

    def box_at(self, row: int, time_s: float) -> Box:
        """Return the box of a row's face at a moment."""
        span = self.next_s[row] - self.times_s[row]
        share = float(np.clip((time_s - self.times_s[row]) / span, 0, 1)) if span > 0 else 0.0
        x1, y1, x2, y2 = ((1 - share) * self.boxes[row] + share * self.next_boxes[row]).tolist()
        return x1, y1, x2, y2


def presence_in_pieces(pieces: Iterable[pd.DataFrame], samples: Samples) -> Iterator[tuple[pd.DataFrame, Presence]]:
    """Yield the observations of a video again, piece by piece, with their presence.

    Parameters
    ----------
    pieces : iterable of pandas.DataFrame
        The ``observations`` in the order of frames, in pieces of any size.
    samples : Samples
        All of the video.

    Examples
    --------
    >>> samples = Samples.of(schema.conform("frames"))
    >>> list(presence_in_pieces([schema.conform("observations")], samples))
    []
    """
    rest: pd.DataFrame | None = None
    for piece in itertools.chain(pieces, [None]):
        known = [table for table in (rest, piece) if table is not None and len(table)]
        if not known:
            continue
        rows = pd.concat(known, ignore_index=True) if len(known) > 1 else known[0]
        times = rows["time_s"].to_numpy(np.float64)
        # How a face goes on is known once nothing that comes can still be near enough.
        undecided = times > times[-1] - samples.gap_s - _SLACK_S
        n = len(rows) if piece is None else len(rows) - int(np.append(undecided[::-1], False).argmin())
        if n:
            yield rows.iloc[:n], Presence.of(rows, samples).first(n)
        rest = rows.iloc[n:]
