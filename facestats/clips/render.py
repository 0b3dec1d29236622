"""From stored tables and the original video to an annotated clip.

Boxes between sampled frames are interpolated, so that every frame of the clip has them. Verdicts are the track's; the
expression is the moment's. Labels are placed for a stretch of a shot at once, see :mod:`facestats.clips.placing`.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
import pandas as pd

from facestats._util.files import written_aside
from facestats.clips.blur import blur_video
from facestats.clips.canvas import PlaneCanvas
from facestats.clips.draw import FaceLabel, draw_faces, draw_on
from facestats.clips.stretches import SeenFace, StretchLabels, stretches, unnamed
from facestats.detect import Detector
from facestats.errors import OutputError
from facestats.tables.labels import expression_lines
from facestats.tables.presence import Box, Samples, presence_in_pieces
from facestats.tables.verdicts import FALLBACK_THRESHOLD
from facestats.tables.video_tables import VideoTables, frame_size
from facestats.types import Frame, UInt8
from facestats.video import FrameSource
from facestats.video.base import EVER
from facestats.video.picture import fitted
from facestats.video.planes import BT709, PlanarFrame, Planes
from facestats.video.writer import ClipWriter

_ROWS = 5000  # of a table at once: what is derived from them takes ten times as much memory


class Annotator:
    """Says which faces to draw in any frame of a video; frames must come in ascending order.

    Parameters
    ----------
    observations : iterable of pandas.DataFrame
        Of one video, ordered by frame, in pieces that are read as they are needed; at least the columns
        :data:`facestats.tables.presence.DRAWN_COLUMNS`.
    tracks : pandas.DataFrame
    frames : pandas.DataFrame
        With ``shot``, so that labels are placed anew behind a cut.
    threshold : float
        Probability below which the expression of a moment is "unknown".
    size : tuple of int, optional
        Width and height of the clip: smaller frames of a video whose size changes are filled up. By default the size
        that the source announces; until that is known, each frame's labels are placed by themselves.

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
        self._ahead: deque[SeenFace] = deque()  # of this stretch, not yet in the picture
        self._active: list[SeenFace] = []
        self._tracks: dict[int, dict[Hashable, Any]] = {int(row["track_id"]): row for row in tracks.to_dict("records")}
        self._stretches = stretches(frames)
        self._end_frame = -np.inf
        self._labels: StretchLabels | None = None

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
        self._go_to(frame)
        if self._labels is None:
            return [unnamed(face, time_s, self._tracks) for face in self._active]
        return [self._labels.drawn(face, frame, time_s) for face in self._active]

    def _go_to(self, frame: int) -> None:
        while frame >= self._end_frame and (moments := next(self._stretches, None)) is not None:
            self._read_until(moments.end_frame)
            self._end_frame = moments.end_frame
            if self.size is not None:
                known = [face for face in (*self._active, *self._ahead) if face.lasts_beyond(moments.frames[0])]
                before = self._labels.last if self._labels is not None and moments.goes_on else None
                self._labels = StretchLabels(moments, known, self._tracks, self.size, before)
        self._read_until(frame)
        while self._ahead and self._ahead[0].first_frame <= frame:
            self._active.append(self._ahead.popleft())
        self._active = [face for face in self._active if face.lasts_beyond(frame)]

    def _read_until(self, frame: float) -> None:
        while self._next is not None and self._next.first_frame <= frame:
            self._ahead.append(self._next)
            self._next = next(self._coming, None)

    def boxes_at(self, frame: int, time_s: float) -> list[Box]:
        """Return the boxes of :meth:`faces_at`."""
        return [face.box for face in self.faces_at(frame, time_s)]


def _faces(observations: Iterable[pd.DataFrame], frames: pd.DataFrame, threshold: float) -> Iterator[SeenFace]:
    """Yield the faces in the order of their frames."""
    for rows, presence in presence_in_pieces(observations, Samples.of(frames)):
        for row, expression in enumerate(expression_lines(rows, threshold, unknown=False)):
            yield SeenFace(presence, row, expression)


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

    The file appears whole or not at all. The clip of a part of a video keeps the video's clock: it begins late.

    Parameters
    ----------
    source : FrameSource
        The same video again, open and not yet read, of which the same part is to be shown.
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
    annotator.size = annotator.size or (source.info.width, source.info.height)
    pictures: Iterator[Frame] = source.frames(planar=True)
    if blur_with:
        pictures = blur_video(pictures, blur_with, annotator.boxes_at)
    if source.info.kind == "image":
        still = next(pictures)
        image = draw_faces(still.rgb, annotator.faces_at(still.index, still.time_s))
        return _write_png(image, out.with_name(out.name + ".png"))
    path = out.with_name(out.name + ".mp4")
    width, height = annotator.size
    first_s, until_s = source.part
    first = next(pictures, None)
    with ClipWriter(
        path,
        width=width,
        height=height,
        audio_from=audio_from,
        audio_span=None if source.part == EVER else (max(first_s, 0.0), until_s),
        audio_shift_s=source.shift_s,
        audio_keeps_clock=True,
        colours=first.planes.colours if isinstance(first, PlanarFrame) else BT709,
    ) as writer:
        for frame in itertools.chain([] if first is None else [first], pictures):
            faces = annotator.faces_at(frame.index, frame.time_s)
            writer.write(_drawn(frame, faces, annotator.size), frame.time_s, source.end_s)
            if on_frame is not None:
                on_frame()
    return path


def _drawn(frame: Frame, faces: Sequence[FaceLabel], size: tuple[int, int]) -> UInt8 | Planes:
    """Return a frame of this size with its faces; the planes of one that has some are drawn on as they are."""
    if isinstance(frame, PlanarFrame) and frame.size == size:
        draw_on(PlaneCanvas(frame.planes), faces)
        return frame.planes
    return draw_faces(fitted(frame.rgb, *size), faces)


def _write_png(rgb: UInt8, path: Path) -> Path:
    try:
        with written_aside(path) as part:
            part.write_bytes(cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes())
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from None
    return path
