"""From stored tables and the original video to an annotated clip.

Boxes between sampled frames are interpolated, so that every frame of the clip has them. Verdicts are the track's; the
expression is the moment's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import cv2
import pandas as pd

from facestats._util.files import written_aside
from facestats.clips.blur import blur_video
from facestats.clips.draw import FaceLabel, draw_faces
from facestats.detect import Detector
from facestats.errors import OutputError
from facestats.tables.labels import FULL_LABELS, expression_lines, label_lines, verdict_lines
from facestats.tables.presence import Box, Presence, Samples, presence_in_pieces
from facestats.tables.verdicts import FALLBACK_THRESHOLD
from facestats.tables.video_tables import VideoTables, frame_size
from facestats.types import Frame, UInt8
from facestats.video import FrameSource
from facestats.video.picture import fitted
from facestats.video.writer import ClipWriter

_ROWS = 5000  # of a table at once: what is derived from them takes ten times as much memory


@dataclass(frozen=True)
class _Face:
    """One observation, until its face is out of the picture or found again."""

    presence: Presence
    row: int
    expression: str | None


class Annotator:
    """Says which faces to draw in any frame of a video; frames must come in ascending order.

    Parameters
    ----------
    observations : iterable of pandas.DataFrame
        Of one video, ordered by frame, in pieces that are read as they are needed; at least the columns
        :data:`facestats.tables.presence.DRAWN_COLUMNS`.
    tracks, frames : pandas.DataFrame
    threshold : float
        Probability below which the expression of a moment is "unknown".
    size : tuple of int, optional
        Width and height of the clip: smaller frames of a video whose size changes are filled up. By default the size
        that the source announces.

    Examples
    --------
    >>> from facestats.tables import schema
    >>> empty = {name: schema.conform(name) for name in ("tracks", "frames")}
    >>> Annotator(observations=[], **empty).faces_at(0, 0.0)
    []
    """

    def __init__(
        self,
        *,
        observations: Iterable[pd.DataFrame],
        tracks: pd.DataFrame,
        frames: pd.DataFrame,
        threshold: float = FALLBACK_THRESHOLD,
        size: tuple[int, int] | None = None,
    ) -> None:
        self.size = size
        self._coming = _faces(observations, frames, threshold)
        self._next = next(self._coming, None)
        self._active: list[_Face] = []
        rows = tracks.to_dict("records")
        self._verdicts: dict[int | None, tuple[str, ...]] = {int(row["track_id"]): verdict_lines(row) for row in rows}

    @classmethod
    def of(cls, tables: VideoTables) -> Self:
        """Return the annotator of a video whose tables are in memory."""
        rows = tables.observations.sort_values("frame", kind="stable")
        pieces = (rows.iloc[start : start + _ROWS] for start in range(0, len(rows), _ROWS))
        return cls(
            observations=pieces,
            tracks=tables.tracks,
            frames=tables.frames,
            threshold=tables.threshold("expression"),
            size=frame_size(tables.videos),
        )

    def faces_at(self, frame: int, time_s: float) -> list[FaceLabel]:
        """Return the faces to draw in a frame: its 0-based index, and its time in seconds."""
        while self._next is not None and self._next.presence.frames[self._next.row] <= frame:
            self._active.append(self._next)
            self._next = next(self._coming, None)
        self._active = [face for face in self._active if face.presence.until_frame[face.row] > frame]
        brief = len(self._active) > FULL_LABELS
        return [self._label(face, time_s, brief=brief) for face in self._active]

    def boxes_at(self, frame: int, time_s: float) -> list[Box]:
        """Return the boxes of :meth:`faces_at`."""
        return [face.box for face in self.faces_at(frame, time_s)]

    def _label(self, face: _Face, time_s: float, *, brief: bool) -> FaceLabel:
        track_id = face.presence.track_at(face.row)
        lines = [face.expression] if face.expression else []
        lines += self._verdicts.get(track_id, ())
        return FaceLabel(face.presence.box_at(face.row, time_s), track_id, label_lines(track_id, lines, brief=brief))


def _faces(observations: Iterable[pd.DataFrame], frames: pd.DataFrame, threshold: float) -> Iterator[_Face]:
    """Yield the faces in the order of their frames."""
    for rows, presence in presence_in_pieces(observations, Samples.of(frames)):
        for row, expression in enumerate(expression_lines(rows, threshold)):
            yield _Face(presence, row, expression)


def write_clip(
    source: FrameSource,
    out: Path,
    annotator: Annotator,
    *,
    audio_from: Path | None = None,
    blur_with: Sequence[Detector] = (),
    on_frame: Callable[[], object] | None = None,
) -> Path:
    """Write the annotated clip of a video (H.264, MP4), or the annotated still of an image (PNG), and return its path.

    The file appears whole or not at all.

    Parameters
    ----------
    source : FrameSource
        The same video again, open and not yet read.
    out : pathlib.Path
        Path without suffix; ``.mp4`` or ``.png`` is added.
    annotator : Annotator
        Of the video's tables; not yet asked.
    audio_from : pathlib.Path, optional
        File whose sound the clip gets.
    blur_with : sequence of Detector
        If any, make faces unrecognisable: those of the tables and those that these detectors, one for each thread, find
        in each frame.
    on_frame : callable, optional
        Called after every frame, for progress bars.

    Raises
    ------
    OutputError
        If it cannot be written.

    Examples
    --------
    >>> write_clip(source, Path("clips/a"), Annotator.of(result))  # doctest: +SKIP
    """
    pictures: Iterator[Frame] = source.frames()
    if blur_with:
        pictures = blur_video(pictures, blur_with, annotator.boxes_at)
    if source.info.kind == "image":
        still = next(pictures)
        image = draw_faces(still.rgb, annotator.faces_at(still.index, still.time_s))
        return _write_png(image, out.with_name(out.name + ".png"))
    path = out.with_name(out.name + ".mp4")
    width, height = annotator.size or (source.info.width, source.info.height)
    with ClipWriter(path, width=width, height=height, audio_from=audio_from, audio_shift_s=source.shift_s) as writer:
        for frame in pictures:
            drawn = draw_faces(fitted(frame.rgb, width, height), annotator.faces_at(frame.index, frame.time_s))
            writer.write(drawn, frame.time_s, source.end_s)
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
