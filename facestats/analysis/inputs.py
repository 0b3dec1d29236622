"""The way of one input: fetched to this machine, opened, sampled, assembled into tables, drawn."""

from __future__ import annotations

import contextlib
import math
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from facestats._util.locations import fetched
from facestats._util.threads import MOST_WORKERS, usable_cores
from facestats.analysis.chunks import Chunk
from facestats.analysis.pictures import cut_thumbnails
from facestats.analysis.pipeline import AnalyzedVideo, analyzed
from facestats.analysis.places import part_of
from facestats.analysis.portraits import Portrayed, cut_portraits
from facestats.analysis.progress import Act, Progress, Report
from facestats.analysis.sampling import FrameCallback, sampled
from facestats.analysis.stages import Stages
from facestats.clips import Annotator, blur, write_clip
from facestats.detect import create_detector
from facestats.errors import MissingInputError, OtherFramesError, UnreadableInputError
from facestats.tables.building import SampledFrame
from facestats.types import Float32
from facestats.video import FrameSource, open_source
from facestats.video.arrays import ArraySource
from facestats.video.discovery import Input
from facestats.video.identity import Identity
from facestats.video.shots import CueReader
from facestats.video.spans import Span


class NearInput:
    """An input that is on this machine for the time of a ``with`` block, where it is analysed and drawn.

    Parameters
    ----------
    item : Input
    stages : Stages
    report : callable, optional
        See :data:`facestats.analysis.progress.Report`.
    keeps_live : bool
        Record what is live while it is read, so that it can be drawn afterwards.
    frames : iterable of numpy.ndarray, optional
        The pictures themselves, where the input is no path; see :class:`facestats.video.arrays.ArraySource`.
    fps : float
        Of these.

    Raises
    ------
    MissingInputError
        If it is not there.
    UnreadableInputError
        If it cannot be fetched.

    Examples
    --------
    >>> with NearInput(Input("clip.mp4"), stages) as near:  # doctest: +SKIP
    ...     with near.opened() as source, near.analyzed(source, Identity("clip")) as found:
    ...         result = found.collected()
    """

    def __init__(
        self,
        item: Input,
        stages: Stages,
        report: Report = lambda progress: None,
        *,
        keeps_live: bool = False,
        frames: Iterable[Any] | None = None,
        fps: float = math.nan,
    ) -> None:
        self._item, self._stages, self._report = item, stages, report
        self._frames, self._fps = frames, fps
        self._keeps_live = keeps_live and (item.is_live or isinstance(frames, Iterator))
        self._path, self._recording = item.path, None

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            if self._frames is None:
                self._path = stack.enter_context(_fetched(self._item))
            if self._keeps_live:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="facestats-"))
                self._recording = Path(folder) / "recording.mp4"
            self._open = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def opened(self) -> FrameSource:
        """Return the source of its frames, which is to be used in a ``with`` statement.

        Raises
        ------
        UnreadableInputError, MissingInputError, CameraError
            If nothing of it can be read.
        """
        options = self._stages.options
        if self._frames is not None:
            source: FrameSource = ArraySource(self._frames, self._fps, record_to=self._recording)
        else:
            source = open_source(
                self._path, sequence_fps=options.sequence_fps, limit_s=options.limit_s, record_to=self._recording
            )
        return self._in_part(source)

    def _in_part(self, source: FrameSource) -> FrameSource:
        source.part = part_of(self._stages.options)
        return source

    @contextlib.contextmanager
    def analyzed(
        self,
        source: FrameSource,
        video: Identity,
        *,
        spans: Sequence[Span] | None = None,
        on_frame: FrameCallback | None = None,
        stoppable: bool = False,
    ) -> Iterator[AnalyzedVideo]:
        """Analyse it, and give its tables for the time of a ``with`` block; see :func:`.pipeline.analyzed`."""
        expected = _expected(source)
        self._report(Progress(Act.ANALYZE, 0, expected))

        def notice(frame: Any, found: Any, ids: Any, n_decoded: int) -> None:
            self._report(Progress(Act.ANALYZE, n_decoded, expected))
            if on_frame is not None:
                on_frame(frame, found, ids, n_decoded)

        with analyzed(source, video, self._stages, spans=spans, on_frame=notice, stoppable=stoppable) as found:
            yield replace(found, videos=found.videos.assign(path=self._item.shown).astype({"path": "str"}))

    def chunk(self, span: Span) -> tuple[Chunk, Float32 | None]:
        """Return what is found in one span of it, and the embeddings of the faces that are chosen there.

        The embeddings, float32 (P, D), are not in the chunk, which is written; None where nobody asks for people.

        Raises
        ------
        UnreadableInputError, MissingInputError
            If nothing of it can be read.
        """

        def notice(frame: Any, found: Any, ids: Any, n_decoded: int) -> None:
            self._report(Progress(Act.ANALYZE, n_decoded))

        cues, items, portrayed = CueReader(), list[SampledFrame](), Portrayed(self._stages.embedder)
        with self.opened() as source:
            for item in sampled(source, self._stages, spans=(span,), cues=cues, on_frame=notice):
                portrayed.add(len(items), item.portraits)
                items.append(replace(item, portraits={}))
            chunk = Chunk(source.info, source.tally, tuple(items), cues.first, cues.last, portrayed.chosen)
        return chunk, portrayed.embeddings

    def embed_chosen(self, chunk: Chunk, span: Span) -> Float32:
        """Return the embeddings of the chosen faces of a chunk, float32 (P, D), from the span's frames read once more.

        Raises
        ------
        UnreadableInputError, MissingInputError
            If the video can no longer be read.
        OtherFramesError
            If its frames are not those of the chunk.
        """
        options, embedder = self._stages.options, self._stages.embedder
        numbers = {item.frame: number for number, item in enumerate(chunk.items)}
        wanted: dict[int, list[int]] = {}
        for number, face in chunk.chosen.tolist():
            wanted.setdefault(number, []).append(face)
        portrayed = Portrayed(embedder)
        with self.opened() as source:
            for frame in source.frames(options.rate, small_side=options.detect_size, span=span):
                self._report(Progress(Act.COMPARE, frame.index + 1))
                number = numbers.get(frame.index, -1)
                if faces := wanted.get(number):
                    portrayed.add(number, cut_portraits(frame.rgb, chunk.items[number].detections, faces, embedder))
        if portrayed.embeddings is None or not np.array_equal(portrayed.chosen, chunk.chosen):
            why = "its frames are not those of before: analyse it again"
            raise OtherFramesError(f"{self._item.shown}: {why}", reason=why)
        return portrayed.embeddings

    def draw(self, annotator: Annotator, out: Path) -> Path:
        """Write its annotated clip or still, and return the path, which is ``out`` with a suffix.

        Raises
        ------
        OutputError
            If it cannot be written.
        UnreadableInputError, MissingInputError
            If the video can no longer be read.
        """
        is_silent = self._item.is_live or self._item.is_sequence or self._frames is not None
        with self._opened_again() as source:
            n_drawn, expected = 0, source.info.n_frames_expected
            self._report(Progress(Act.DRAW, 0, expected))

            def notice() -> None:
                nonlocal n_drawn
                n_drawn += 1
                self._report(Progress(Act.DRAW, n_drawn, expected))

            return write_clip(
                source,
                out,
                annotator,
                audio_from=None if is_silent else Path(self._path),
                blur_with=self._blur_detectors(),
                on_frame=notice,
            )

    def cut_thumbnails(self, observations: pd.DataFrame) -> pd.DataFrame:
        """Return the thumbnails of its tracks, cut out of its frames; see :func:`.pictures.cut_thumbnails`.

        Raises
        ------
        UnreadableInputError, MissingInputError
            If the video can no longer be read.
        """
        with self._opened_again() as source:
            expected = source.info.n_frames_expected
            return cut_thumbnails(source, observations, lambda n: self._report(Progress(Act.CUT, n, expected)))

    def _opened_again(self) -> FrameSource:
        """Return a source to read it a second time; of what is live, what was recorded."""
        if self._recording is None:
            return self.opened()
        return self._in_part(open_source(self._recording))

    def _blur_detectors(self) -> list[Any]:
        options = self._stages.options
        return [
            create_detector(
                options.detector,
                detect_size=options.detect_size,
                min_score=blur.MIN_SCORE,
                device=options.device,
            )
            for _ in range(min(usable_cores(), MOST_WORKERS) if options.blur else 0)
        ]


def _expected(source: FrameSource) -> int | None:
    """Return how many frames will be decoded, as far as the container announces it."""
    announced, until_s = source.info.n_frames_expected, source.part[1]
    if announced is None or not source.info.fps > 0 or until_s == math.inf:
        return announced
    return min(announced, math.ceil(until_s * source.info.fps))


@contextlib.contextmanager
def _fetched(item: Input) -> Iterator[str]:
    with contextlib.ExitStack() as stack:
        try:
            path = stack.enter_context(fetched(item.path))
        except FileNotFoundError:
            why = "does not exist: check the address"
            raise MissingInputError(f"{item.shown} {why}", reason=f"it {why}") from None
        except OSError as error:
            why = error.strerror or str(error)
            raise UnreadableInputError(f"cannot read {item.shown}: {why}", reason=why) from None
        yield path
