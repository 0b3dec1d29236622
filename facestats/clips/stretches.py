"""The labels of a clip over a stretch of a shot: what each says, and where it stands meanwhile."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from facestats.clips.draw import FaceLabel, label_size
from facestats.clips.placing import Faces, place_labels
from facestats.tables.expressions import Float64
from facestats.tables.labels import FULL_LABELS, label_lines, name_of, verdict_lines
from facestats.tables.presence import Box, Presence

_LONGEST_S = 20.0  # of a stretch: labels are placed so far ahead, and so much is kept in memory
_STEP_S = 0.1  # between the moments for which labels are placed
_MOST_BETWEEN = 4  # moments between two samples
_CLOSE = 0.25  # share of the picture's height from which on a face is close, and all is said of it in a crowd too


@dataclass(frozen=True)
class SeenFace:
    """One observation, until its face is out of the picture or found again."""

    presence: Presence
    row: int
    expression: str | None

    @property
    def track_id(self) -> int | None:
        """The track of the face; None for a face of no track."""
        return self.presence.track_at(self.row)

    def box_at(self, time_s: float) -> Box:
        """Return the box at a moment."""
        return self.presence.box_at(self.row, time_s)

    @property
    def first_frame(self) -> int:
        """The frame of the observation."""
        return int(self.presence.frames[self.row])

    def lasts_beyond(self, frame: float) -> bool:
        """Say whether the face is in the picture in a frame, if it was observed by then."""
        return bool(self.presence.until_frame[self.row] > frame)


@dataclass(frozen=True, eq=False)
class Moments:
    """A stretch of a shot, as the moments for which labels are placed.

    Attributes
    ----------
    frames, times_s : numpy.ndarray
        float64 (T,), ascending; between samples also parts of a frame.
    end_frame : float
        The first frame of the next stretch; infinite for the last one.
    goes_on : bool
        Whether the stretch before is of the same shot.
    """

    frames: Float64
    times_s: Float64
    end_frame: float
    goes_on: bool


def stretches(frames: pd.DataFrame) -> Iterator[Moments]:
    """Yield the stretches of a video, given its ``frames``, of which each is of one shot.

    Examples
    --------
    >>> table = pd.DataFrame({"frame": [0, 5, 10], "time_s": [0.0, 0.2, 0.4], "shot": [0, 0, 1]})
    >>> [(each.end_frame, each.goes_on) for each in stretches(table)]
    [(10.0, False), (inf, False)]
    """
    rows = frames.sort_values("frame", kind="stable")
    numbers, times = rows["frame"].to_numpy(np.float64), rows["time_s"].to_numpy(np.float64)
    shots = rows["shot"].fillna(-1).to_numpy(np.int64) if "shot" in rows else np.zeros(len(rows), np.int64)
    # A broken clock may stand still or run back.
    since = np.cumsum(np.clip(np.diff(times, prepend=times[:1]), 1e-3, None))
    start = 0
    while start < len(numbers):
        same = np.flatnonzero((shots[start:] != shots[start]) | (since[start:] >= since[start] + _LONGEST_S))
        end = start + int(same[0]) if len(same) else len(numbers)
        # A stretch of the same shot is reached on the way to its first sample.
        until = end + 1 if end < len(numbers) and shots[end] == shots[start] else end
        frame, moment = _filled(numbers[start:until], since[start:until], times[start:until])
        end_frame = float(numbers[end]) if end < len(numbers) else np.inf
        yield Moments(frame, moment, end_frame, bool(start and shots[start] == shots[start - 1]))
        start = end


def _filled(numbers: Float64, since: Float64, times: Float64) -> tuple[Float64, Float64]:
    """Leave out moments that are too near to each other, and add some where samples are far apart."""
    kept = [0]
    for i in range(1, len(since)):
        if since[i] - since[kept[-1]] >= _STEP_S - 1e-3:
            kept.append(i)
    frames, moments = [numbers[:1]], [times[:1]]
    for a, b in itertools.pairwise(kept):
        n = int(min(_MOST_BETWEEN, max(1, round((since[b] - since[a]) / _STEP_S))))
        frames.append(np.linspace(numbers[a], numbers[b], n + 1)[1:])
        moments.append(np.linspace(times[a], times[b], n + 1)[1:])
    return np.concatenate(frames), np.concatenate(moments)


@dataclass(frozen=True, eq=False)
class _TrackLabel:
    brief: bool
    verdicts: tuple[str, ...]
    says_expression: bool
    plate: tuple[int, int]
    corners: Float64
    opacity: Float64


def unnamed(face: SeenFace, time_s: float, tracks: Mapping[int, Mapping[Any, Any]]) -> FaceLabel:
    """Return what to draw for a face that has no label.

    Parameters
    ----------
    face : SeenFace
    time_s : float
    tracks : mapping
        The rows of the ``tracks`` table by number.

    Examples
    --------
    >>> unnamed(face, 0.0, {})  # doctest: +SKIP
    """
    person = None if face.track_id is None else tracks.get(face.track_id, {}).get("person_id")
    return FaceLabel(face.box_at(time_s), face.track_id, person_id=None if pd.isna(person) else int(person))


class StretchLabels:
    """What is written beside the faces of a stretch, and where.

    Parameters
    ----------
    moments : Moments
    faces : sequence of SeenFace
        All that are in the picture at one of the moments.
    tracks : mapping
        The rows of the ``tracks`` table by number.
    size : tuple of int
        Width and height of the clip.
    before : mapping, optional
        The choices at the end of the stretch before, by track.

    Examples
    --------
    >>> moments = Moments(np.zeros(1), np.zeros(1), np.inf, False)
    >>> StretchLabels(moments, [], {}, (640, 360)).last
    {}
    """

    def __init__(
        self,
        moments: Moments,
        faces: Sequence[SeenFace],
        tracks: Mapping[int, Mapping[str, Any]],
        size: tuple[int, int],
        before: Mapping[int, int] | None = None,
    ) -> None:
        self._moments, self._tracks, self._size = moments, tracks, size
        boxes, others = self._boxes(faces)
        ids = list(boxes)
        said: dict[int, list[str | None]] = {track_id: [] for track_id in ids}
        for face in faces:
            if face.track_id in said:
                said[face.track_id].append(face.expression)
        counts = np.sum([~np.isnan(box[:, 0]) for box in boxes.values()], axis=0) if ids else np.zeros(0)
        self._labels: dict[int, _TrackLabel] = {}
        for track_id, box in boxes.items():
            there = ~np.isnan(box[:, 0])
            close = np.median(box[there, 3] - box[there, 1]) >= _CLOSE * size[1]
            self._labels[track_id] = self._label(
                track_id, said[track_id], brief=bool(np.median(counts[there]) > FULL_LABELS and not close)
            )
        sizes = np.array([self._labels[track_id].plate for track_id in ids], np.float64).reshape(-1, 2)
        stacked = np.stack([boxes[i] for i in ids], axis=1) if ids else np.zeros((len(moments.frames), 0, 4))
        since = np.cumsum(np.clip(np.diff(moments.times_s, prepend=moments.times_s[:1]), 1e-3, None))
        known = {} if before is None else before
        start = np.array([known.get(track_id, -1) for track_id in ids], np.int64)
        places = place_labels(Faces(since, stacked, others, sizes, size), start)
        for column, track_id in enumerate(ids):
            self._labels[track_id].corners[:] = places.corners[:, column]
            self._labels[track_id].opacity[:] = places.opacity[:, column]
        #: The choice at the end, by track.
        self.last: dict[int, int] = dict(zip(ids, places.last.tolist(), strict=True))

    def _boxes(self, faces: Sequence[SeenFace]) -> tuple[dict[int, Float64], Float64]:
        """Return the boxes of each track at the moments, (T, 4), and those of the faces without a track, (T, M, 4)."""
        frames, times = self._moments.frames, self._moments.times_s
        boxes: dict[int, Float64] = {}
        loose: list[list[Box]] = [[] for _ in frames]
        for face in faces:
            first = np.searchsorted(frames, face.presence.frames[face.row])
            last = np.searchsorted(frames, face.presence.until_frame[face.row])
            for moment in range(int(first), int(last)):
                if face.track_id is None:
                    loose[moment].append(face.box_at(times[moment]))
                else:
                    own = boxes.setdefault(face.track_id, np.full((len(frames), 4), np.nan))
                    own[moment] = face.box_at(times[moment])
        others = np.full((len(frames), max(map(len, loose), default=0), 4), np.nan)
        for moment, found in enumerate(loose):
            others[moment, : len(found)] = np.array(found).reshape(-1, 4)
        return boxes, others

    def _label(self, track_id: int, said: Sequence[str | None], *, brief: bool) -> _TrackLabel:
        verdicts = verdict_lines(self._tracks.get(track_id, {}), unknown=False)
        spoken = {line for line in said if line is not None}
        # In a crowd one thing is said of a face, the same all the time.
        says_expression = bool(spoken) and (not brief or 2 * sum(line is not None for line in said) > len(said))
        verdicts = () if brief and says_expression else verdicts[: 1 if brief else None]
        wordings = [[*verdicts], *([*verdicts, line] for line in spoken if says_expression)]
        texts = [label_lines(self._name(track_id), lines, brief=brief) for lines in wordings]
        sizes = np.array([label_size(lines, self._size, small=brief) for lines in texts])
        n = len(self._moments.frames)
        plate = (int(sizes[:, 0].max()), int(sizes[:, 1].max()))
        return _TrackLabel(brief, verdicts, says_expression, plate, np.full((n, 2), np.nan), np.zeros(n))

    def _name(self, track_id: int) -> str:
        return name_of({"track_id": track_id, **self._tracks.get(track_id, {})})

    def drawn(self, face: SeenFace, frame: int, time_s: float) -> FaceLabel:
        """Return what to draw for a face of the stretch in one of its frames."""
        label = None if face.track_id is None else self._labels.get(face.track_id)
        drawn = unnamed(face, time_s, self._tracks)
        if label is None or face.track_id is None:  # between two moments only
            return drawn
        expression = [face.expression] if face.expression and label.says_expression else []
        lines = label_lines(self._name(face.track_id), [*label.verdicts, *expression], brief=label.brief)
        corner, opacity = self._at(label, frame)
        return replace(drawn, lines=lines, corner=corner, plate=label.plate, opacity=opacity, small=label.brief)

    def _at(self, label: _TrackLabel, frame: int) -> tuple[tuple[float, float] | None, float]:
        frames = self._moments.frames
        after = int(np.searchsorted(frames, frame, side="right"))
        a, b = max(after - 1, 0), min(after, len(frames) - 1)
        known = [moment for moment in (a, b) if not np.isnan(label.corners[moment, 0])]
        if not known:
            return None, 0.0
        share = (frame - frames[a]) / (frames[b] - frames[a]) if len(known) == 2 and b > a else 0.0
        one, other = known[0], known[-1]
        x, y = (1 - share) * label.corners[one] + share * label.corners[other]
        return (float(x), float(y)), float((1 - share) * label.opacity[one] + share * label.opacity[other])
