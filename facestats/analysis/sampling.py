"""From the frames of a span of video to what is found in each: detect, follow, align, classify.

Faces are followed here in the simplest way, only to know which of them have lasting attributes to be measured; the
tracks are made in :mod:`facestats.analysis.assembly`, over all of a video.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from facestats._util.threads import grouped, map_ahead, opencv_threads, read_ahead, usable_cores
from facestats.analysis.faces import FoundFaces, classify_faces, is_lasting
from facestats.analysis.places import places_in
from facestats.analysis.portraits import PortraitChooser, cut_portraits
from facestats.analysis.stages import Stages
from facestats.classify.selection import GLANCES, CloseLooks
from facestats.detect import detect_ahead
from facestats.options import AnalyzeOptions
from facestats.tables.building import SampledFrame
from facestats.tables.thumbnails import PictureChooser
from facestats.track.base import UNCONFIRMED
from facestats.track.centroid import Centroid
from facestats.types import Detections, Float32, Frame, Int64, Places, UInt8
from facestats.video import FrameSource
from facestats.video.shots import CueReader, ShotCounter, ShotCue
from facestats.video.spans import Span

#: Called for every sampled frame with what was found in it, the provisional track numbers of its faces, and the number
#: of frames decoded so far: for progress bars and live views.
FrameCallback = Callable[[Frame, SampledFrame, Int64, int], None]

_CuedFrame = tuple[Frame, ShotCue]


def sampled(
    source: FrameSource,
    stages: Stages,
    *,
    spans: Sequence[Span] | None = None,
    cues: CueReader | None = None,
    on_frame: FrameCallback | None = None,
) -> Generator[SampledFrame, None, None]:
    """Yield what is found in each sampled frame of a source, in order.

    One thread decodes, several detect and classify, the caller's thread follows the faces. A long video is sampled span
    by span, each as if nothing were known of what was before: so the result is the same wherever a span is read.

    Parameters
    ----------
    source : FrameSource
        Open; read once.
    stages : Stages
    spans : sequence of Span, optional
        Which spans of it; by default all that there are.
    cues : CueReader, optional
        A new one, which keeps the first and the last picture.
    on_frame : callable, optional
        See :data:`FrameCallback`.

    Yields
    ------
    SampledFrame
        With all faces of at least ``min_face`` pixels; those that are not sure, nor go on from a sure one, were not
        classified.

    Raises
    ------
    KeyboardInterrupt
        From a live source once everything that was read has been yielded.

    Examples
    --------
    >>> list(sampled(source, stages))  # doctest: +SKIP
    """
    n_threads, is_live, options = max(1, len(stages.detectors)), source.info.is_live, stages.options
    if source.info.kind == "image":  # of one detection the second look says nothing
        stages = replace(stages, judge=None)
    alone = usable_cores() == 1  # then threads would only take turns
    reader, places = cues or CueReader(), places_in(source.info, options)
    with (
        opencv_threads(1 if n_threads > 1 or alone else None),
        ThreadPoolExecutor(n_threads) as pool,
    ):
        for span in spans or source.spans():
            # Closed one by one, so that an error anywhere leaves no stage half way. What is live must not lag behind.
            frames = _cued(source.frames(options.rate, small_side=options.detect_size, span=span), reader)
            frames = frames if is_live or alone else read_ahead(frames, 2 * n_threads)
            with contextlib.closing(frames):
                yield from _sample_span(frames, stages, pool, is_live=is_live, places=places, on_frame=on_frame)


def _cued(frames: Generator[Frame, None, None], reader: CueReader) -> Generator[_CuedFrame, None, None]:
    with contextlib.closing(frames):
        for frame in frames:
            yield frame, reader.read(frame.small, after_join=frame.after_join)


def _sample_span(
    frames: Iterator[_CuedFrame],
    stages: Stages,
    pool: Executor,
    *,
    is_live: bool,
    places: Places | None,
    on_frame: FrameCallback | None,
) -> Generator[SampledFrame, None, None]:
    """Sample one span of video, knowing nothing of what was before."""
    n_threads = max(1, len(stages.detectors))
    ahead = 0 if is_live or usable_cores() == 1 else n_threads
    shots = _Shots(looks_ahead=not is_live)
    with contextlib.ExitStack() as stack:
        detected = stack.enter_context(
            contextlib.closing(
                detect_ahead(
                    shots.watched(frames),
                    stages.detectors,
                    pool,
                    ahead=1 if is_live else 2 * ahead,
                    follow_px=stages.options.follow_face,
                    holds_back=not is_live,
                    is_new=shots.begins,
                )
            )
        )
        followed = stack.enter_context(contextlib.closing(_follow(detected, shots, stages, places)))
        batches = stack.enter_context(contextlib.closing(grouped(followed, 1 if is_live else stages.batch)))
        classified = stack.enter_context(
            contextlib.closing(map_ahead(batches, lambda items: _classify(items, stages), pool, ahead))
        )
        for item, found in (pair for items, known in classified for pair in zip(items, known, strict=True)):
            if on_frame is not None:
                on_frame(item.frame, found.only(item.counts), item.ids[item.counts], item.frame.index + 1)
            yield found


class _Shots:
    """Cues, and the shots that they tell of, of frames that are on their way from decoding to tracking."""

    def __init__(self, *, looks_ahead: bool) -> None:
        self._counter = ShotCounter(looks_ahead=looks_ahead, gradual=False)
        self._is_first = True
        self._new: deque[bool] = deque()
        self.waiting: deque[tuple[int, ShotCue]] = deque()

    def watched(self, frames: Iterable[_CuedFrame]) -> Generator[Frame, None, None]:
        """Yield frames, noting which shot each belongs to; with look-ahead, one frame late."""
        held: deque[_CuedFrame] = deque()
        last = 0
        for cued in itertools.chain(frames, [None]):
            if cued is None:
                decided = self._counter.finish()
            else:
                frame, cue = cued
                # What was before the first frame is not known here.
                own, self._is_first = replace(cue, change=0.0) if self._is_first else cue, False
                decided = self._counter.update(own, frame.time_s)
                held.append(cued)
            for shot in decided:
                frame, cue = held.popleft()
                self.waiting.append((shot, cue))
                self._new.append(shot != last)
                last = shot
                yield frame

    def begins(self, frame: Frame) -> bool:
        """Say whether the next frame, in order, begins a shot."""
        return self._new.popleft()


@dataclass(frozen=True)
class _Followed:
    """A frame whose faces have provisional ids."""

    frame: Frame
    cue: ShotCue
    detections: Detections
    ids: Int64
    counts: np.ndarray  # bool: what is taken for a face now
    close: np.ndarray  # bool: whose lasting attributes are wanted too
    judged: np.ndarray  # bool: which a network is asked about whether they are faces
    pictures: dict[int, UInt8]
    portraits: list[int]  # the faces that may be compared with those of other tracks


def keeps_thumbnails(options: AnalyzeOptions) -> bool:
    """Say whether pictures of faces are kept.

    Examples
    --------
    >>> keeps_thumbnails(AnalyzeOptions()), keeps_thumbnails(AnalyzeOptions(blur=True))
    (True, False)
    """
    return options.thumbnails and not options.blur


def _follow(
    detected: Iterator[tuple[Frame, Detections]], shots: _Shots, stages: Stages, places: Places | None
) -> Generator[_Followed, None, None]:
    """Follow the faces, and choose those whose lasting attributes are measured."""
    options = stages.options
    follower, close_ups, chooser, glances = Centroid(), CloseLooks(), PictureChooser(), CloseLooks(*GLANCES)
    portraits = PortraitChooser(stages.embedder)
    sure: set[int] = set()  # ids of what was surely a face once
    keeps_pictures = keeps_thumbnails(options)
    is_tracked = options.tracker != "none"
    measures_all = options.every_sample or not is_tracked
    # Measuring a face too small to be judged would be wasted, and the next measurement wait.
    smallest = min((one.smallest_face for one in stages.classifiers if is_lasting(one)), default=0.0)
    last, is_first = 0, True
    for frame, found in detected:
        shot, cue = shots.waiting.popleft()
        if shot != last:
            follower.cut()
        last = shot
        detections = found[found.sizes >= options.min_face]
        if places is not None:
            detections = detections[places.numbers_of(detections.boxes) >= 0]
        ids = follower.update(detections, frame.time_s)
        counts = detections.scores >= options.sure_score
        if is_tracked:
            sure.update(ids[counts].tolist())
            counts |= np.array([number in sure for number in ids.tolist()], bool)
        ids[~counts] = UNCONFIRMED
        close = counts & (detections.sizes >= smallest)
        close[close] = close_ups.choose(detections[close], ids[close], frame.time_s) | measures_all
        judged = counts & (stages.judge is not None)
        judged[judged] = glances.choose(detections[judged], ids[judged], frame.time_s)
        # It may be the only frame, and then every face in it counts.
        numbers = np.where(counts, np.arange(len(ids)), -1) if is_first else ids
        pictures: dict[int, UInt8] = {}
        if keeps_pictures:
            pictures = (PictureChooser() if is_first else chooser).choose(frame, detections, numbers)
        chosen = PortraitChooser(stages.embedder) if is_first else portraits
        of_people = chosen.choose(detections, numbers, frame.time_s)
        is_first = False
        yield _Followed(frame, cue, detections, ids, counts, close, judged, pictures, of_people)


def _classify(items: list[_Followed], stages: Stages) -> list[SampledFrame]:
    """Classify the faces of some frames."""
    smallest = min((classifier.smallest_face for classifier in stages.classifiers), default=math.inf)
    found = [FoundFaces(item.frame, item.detections, item.counts, item.close) for item in items]
    return [
        SampledFrame(
            frame=item.frame.index,
            time_s=item.frame.time_s,
            detections=item.detections,
            sharpness=known.sharpness,
            classified=np.flatnonzero(item.counts & (item.detections.sizes >= smallest)),
            predictions=known.predictions,
            measured=known.rows,
            looks=known.appearances,
            pictures=item.pictures,
            cue=item.cue,
            portraits=_portraits(item, stages),
            faceness=_faceness(item, stages),
        )
        for item, known in zip(items, classify_faces(found, stages.classifiers), strict=True)
    ]


def _portraits(item: _Followed, stages: Stages) -> dict[int, UInt8]:
    if stages.embedder is None or not item.portraits:
        return {}
    return cut_portraits(item.frame.rgb, item.detections, item.portraits, stages.embedder)


def _faceness(item: _Followed, stages: Stages) -> Float32:
    faceness: Float32 = np.full(len(item.detections), np.nan, np.float32)
    if stages.judge is not None and item.judged.any():
        faceness[item.judged] = stages.judge.judge(item.frame.rgb, item.detections.boxes[item.judged])
    return faceness
