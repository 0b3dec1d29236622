"""From stored tables and the original video to an annotated clip.

Boxes between sampled frames are interpolated, so that every frame of the clip shows them. Verdicts are the track's;
the expression is the moment's.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from facestats._util.files import written_aside
from facestats.clips.blur import Box, blur_video
from facestats.clips.draw import FaceLabel, draw_faces
from facestats.detect import Detector
from facestats.errors import OutputError
from facestats.models import attributes
from facestats.tables import schema
from facestats.track.gaps import bridged_gap_s
from facestats.types import Predictions, UInt8
from facestats.video import FrameSource
from facestats.video.writer import ClipWriter

#: With more faces than this in a frame, labels shrink to the id and the expression.
FULL_LABELS = 4

#: Columns of ``observations`` that a clip needs.
DRAWN_COLUMNS = ("frame", "time_s", "track_id", "x", "y", "w", "h", *schema.probability_columns("expression"))

_ROWS = 5000  # of a table at once: their segments take ten times as much memory


@dataclass(frozen=True)
class _Segment:
    """A face's way from one observation to the next; both boxes are ``x1, y1, x2, y2``.

    It is drawn from frame ``first`` up to, not including, frame ``end``: frames are counted, since a broken clock may
    stand still or run back, and a recording rounds it.
    """

    first: int
    end: float
    start_s: float
    end_s: float
    start_box: np.ndarray
    end_box: np.ndarray
    track_id: int | None
    moment: str | None

    def box_at(self, time_s: float) -> Box:
        span = self.end_s - self.start_s
        share = float(np.clip((time_s - self.start_s) / span, 0, 1)) if span > 0 else 0.0
        x1, y1, x2, y2 = (1 - share) * self.start_box + share * self.end_box
        return float(x1), float(y1), float(x2), float(y2)


def _percent(value: float) -> str:
    return f"{100 * value:.0f}%"


def track_lines(track: Mapping[str, object]) -> tuple[str, ...]:
    """Return the label of a track's lasting verdicts, at most three lines; what was not measured is left out.

    Parameters
    ----------
    track : mapping
        A row of the ``tracks`` table.

    Examples
    --------
    >>> track_lines({"gender": "female", "gender_prob": 0.93, "age_group": "unknown", "age_group_prob": 0.4})
    ('female 93%', 'age unknown')
    """
    lines = []
    for column, prefix in (("gender", "gender "), ("age_group", "age "), ("makeup", "makeup ")):
        verdict = track.get(column)
        if verdict is None or pd.isna(verdict):
            continue
        if verdict == schema.UNKNOWN:
            lines.append(f"{prefix}unknown")
            continue
        said = f"{'' if column == 'gender' else prefix}{verdict} {_percent(track[f'{column}_prob'])}"
        low, high = track.get("age_years_low"), track.get("age_years_high")
        if column == "age_group" and low is not None and not pd.isna(low):
            # The interval, not the mean: a mean may lie outside the most probable group.
            said += f", {low:.0f}-{high:.0f}"
        lines.append(said)
    return tuple(lines)


def best_class(predictions: Predictions, row: int) -> str:
    """Return one face's most likely class with its probability; an age distribution gives the expected year.

    Examples
    --------
    >>> best_class(Predictions("gender", ("female", "male"), np.array([[0.9, 0.1]], np.float32)), 0)
    'female 90%'
    """
    probabilities = predictions.probabilities[row]
    if predictions.years is not None:
        return f"age {float(probabilities @ predictions.years):.0f}"
    best = int(probabilities.argmax())
    prefix = "makeup " if predictions.attribute == "makeup" else ""
    return f"{prefix}{predictions.classes[best]} {_percent(probabilities[best])}"


def moment_expressions(observations: pd.DataFrame, threshold: float) -> list[str | None]:
    """Return the expression of each observation with its probability, "unknown", or None where not measured.

    Examples
    --------
    >>> moment_expressions(schema.conform("observations"), 0.5)
    []
    """
    values = observations[list(schema.probability_columns("expression"))].to_numpy(np.float64)
    said: list[str | None] = []
    for row in values:
        if np.isnan(row).all():
            said.append(None)
            continue
        best = int(np.nanargmax(row))
        name = attributes.EXPRESSIONS[best]
        said.append(f"{name} {_percent(row[best])}" if row[best] >= threshold else "expression unknown")
    return said


def _segments(batches: Iterable[pd.DataFrame], frames: pd.DataFrame, threshold: float) -> Iterator[_Segment]:
    """Yield the segments in order of their frames; a face's last one lasts until the next sampled frame."""
    sampled = frames["frame"].to_numpy(np.int64)
    longest_s = bridged_gap_s(frames["time_s"].to_numpy(np.float64))
    rest: pd.DataFrame | None = None
    for batch in itertools.chain(batches, [None]):
        known = [table for table in (rest, batch) if table is not None and len(table)]
        if not known:
            continue
        rows = pd.concat(known, ignore_index=True) if len(known) > 1 else known[0]
        times = rows["time_s"].to_numpy(np.float64)
        # How a face goes on is known once nothing that comes can still be near enough.
        undecided = times > times[-1] - longest_s - 1e-6
        n = len(rows) if batch is None else len(rows) - int(np.append(undecided[::-1], False).argmin())
        yield from _decided(rows, n, sampled, longest_s, threshold)
        rest = rows.iloc[n:]


def _decided(rows: pd.DataFrame, n: int, sampled: np.ndarray, longest_s: float, threshold: float) -> Iterator[_Segment]:
    """Yield the segments of the first ``n`` rows."""
    boxes = rows[["x", "y", "w", "h"]].to_numpy(np.float64, copy=True)
    boxes[:, 2:] += boxes[:, :2]
    numbers, times = rows["frame"].to_numpy(np.int64), rows["time_s"].to_numpy(np.float64)
    tracks = rows["track_id"].fillna(-1).to_numpy(np.int64)
    later = pd.Series(np.arange(len(rows))).groupby(tracks).shift(-1).fillna(-1).to_numpy(np.int64, copy=True)
    later[tracks < 0] = -1
    later[times[later] - times > longest_s + 1e-6] = -1
    after = np.searchsorted(sampled, numbers, side="right")
    moments = moment_expressions(rows.iloc[:n], threshold)
    for i in range(n):
        end, end_s, end_box = np.inf, times[i], boxes[i]
        if later[i] >= 0:
            end, end_s, end_box = float(numbers[later[i]]), times[later[i]], boxes[later[i]]
        elif after[i] < len(sampled):
            # After the last sampled frame nothing more is known: the box stays until the video ends.
            end = float(sampled[after[i]])
        yield _Segment(
            first=int(numbers[i]),
            end=end,
            start_s=times[i],
            end_s=end_s,
            start_box=boxes[i],
            end_box=end_box,
            track_id=None if tracks[i] < 0 else int(tracks[i]),
            moment=moments[i],
        )


def _pieces(table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for start in range(0, len(table), _ROWS):
        yield table.iloc[start : start + _ROWS]


class Annotator:
    """Says which faces to draw in any frame of a video; frames must come in ascending order.

    Parameters
    ----------
    observations : pandas.DataFrame or iterable of pandas.DataFrame
        Of one video, ordered by frame if they come in pieces, which are read as they are needed.
    tracks, frames : pandas.DataFrame
    threshold : float
        Probability below which the expression of a moment is "unknown".

    Examples
    --------
    >>> empty = {name: schema.conform(name) for name in ("observations", "tracks", "frames")}
    >>> Annotator(**empty).faces_at(0, 0.0)
    []
    """

    def __init__(
        self,
        *,
        observations: pd.DataFrame | Iterable[pd.DataFrame],
        tracks: pd.DataFrame,
        frames: pd.DataFrame,
        threshold: float = 0.5,
    ) -> None:
        if isinstance(observations, pd.DataFrame):
            observations = _pieces(observations.sort_values("frame", kind="stable"))
        self._coming = _segments(observations, frames, threshold)
        self._next = next(self._coming, None)
        self._active: list[_Segment] = []
        self._lines = {int(row["track_id"]): track_lines(row) for row in tracks.to_dict("records")}

    def faces_at(self, frame: int, time_s: float) -> list[FaceLabel]:
        """Return the faces to draw in a frame: its 0-based index, and its time in seconds."""
        while self._next is not None and self._next.first <= frame:
            self._active.append(self._next)
            self._next = next(self._coming, None)
        self._active = [segment for segment in self._active if segment.end > frame]
        brief = len(self._active) > FULL_LABELS
        return [
            FaceLabel(segment.box_at(time_s), segment.track_id, self._label(segment, brief=brief))
            for segment in self._active
        ]

    def boxes_at(self, frame: int, time_s: float) -> list[Box]:
        """Return the boxes of :meth:`faces_at`."""
        return [face.box for face in self.faces_at(frame, time_s)]

    def _label(self, segment: _Segment, *, brief: bool) -> tuple[str, ...]:
        if segment.track_id is None:
            return ()
        expression = (segment.moment,) if segment.moment else ()
        if brief:
            return (" ".join((f"#{segment.track_id}", *expression)),)
        return (f"#{segment.track_id}", *expression, *self._lines.get(segment.track_id, ()))


def write_clip(
    source: FrameSource,
    out: Path,
    *,
    observations: pd.DataFrame | Iterable[pd.DataFrame],
    tracks: pd.DataFrame,
    frames: pd.DataFrame,
    audio_from: Path | None = None,
    threshold: float = 0.5,
    blur_with: Sequence[Detector] = (),
    on_frame: Callable[[], object] | None = None,
) -> Path:
    """Write the annotated clip of a video (H.264, MP4), or the annotated still of an image (PNG).

    Parameters
    ----------
    source : FrameSource
        The same video again, open and not yet read.
    out : pathlib.Path
        Path without suffix; ``.mp4`` or ``.png`` is added.
    observations, tracks, frames
        Its tables, see :class:`Annotator`.
    audio_from : pathlib.Path, optional
        File whose sound the clip keeps.
    threshold : float
        Probability below which the expression of a moment is "unknown".
    blur_with : sequence of Detector
        If any, make faces unrecognisable: those of the tables and those that these detectors, one for each thread, find
        in each frame.
    on_frame : callable, optional
        Called after every frame, for progress bars.

    Returns
    -------
    pathlib.Path
        The file written; it appears whole or not at all.

    Raises
    ------
    OutputError
        If it cannot be written.

    Examples
    --------
    >>> tables = {name: getattr(result, name) for name in ("observations", "tracks", "frames")}  # doctest: +SKIP
    >>> write_clip(source, Path("clips/a"), **tables)  # doctest: +SKIP
    """
    annotator = Annotator(observations=observations, tracks=tracks, frames=frames, threshold=threshold)
    pictures = source.frames()
    if blur_with:
        pictures = blur_video(pictures, blur_with, annotator.boxes_at)
    if source.info.kind == "image":
        still = next(pictures)
        image = draw_faces(still.rgb, annotator.faces_at(still.index, still.time_s))
        return _write_png(image, out.with_name(out.name + ".png"))
    path = out.with_name(out.name + ".mp4")
    with ClipWriter(path, width=source.info.width, height=source.info.height, audio_from=audio_from) as writer:
        for frame in pictures:
            writer.write(
                draw_faces(frame.rgb, annotator.faces_at(frame.index, frame.time_s)), frame.time_s, source.end_s
            )
            if on_frame is not None:
                on_frame()
    return path


def _write_png(rgb: UInt8, path: Path) -> Path:
    try:
        with written_aside(path) as part:
            part.write_bytes(cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes())
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from None
    return path
