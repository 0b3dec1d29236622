"""One video in, its tables out: decode, find shots, detect, track, align, classify, summarize."""

from __future__ import annotations

import contextlib
import itertools
import math
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from facestats import crops, schema, tables
from facestats.classify import Classifier, create_classifiers
from facestats.classify.onnx import check_device
from facestats.close_looks import LASTING_ATTRIBUTES, CloseLooks
from facestats.detect import Detector, create_detector, detect_ahead
from facestats.detect.base import detector_file
from facestats.errors import UnreadableInputError
from facestats.files import sha256_of
from facestats.models import choose_models, thresholds
from facestats.options import AnalyzeOptions
from facestats.results import VideoResult
from facestats.shots import ShotCounter
from facestats.tables import SampledFrame
from facestats.threads import MOST_WORKERS, map_ahead, opencv_threads, read_ahead, usable_cores
from facestats.thumbnails import ThumbnailKeeper
from facestats.track import Tracker, create_tracker, relink_frames
from facestats.track.linking import appearance
from facestats.types import Detections, Float32, Frame, Int64, Predictions, VideoInfo
from facestats.video import FrameSource, shown

#: Called for every sampled frame with its findings and their track ids (-1 where unconfirmed), and with the number of
#: frames decoded so far: for progress bars and live views.
FrameCallback = Callable[[Frame, SampledFrame, Int64, int], None]


@dataclass(frozen=True)
class Stages:
    """What is loaded once and used for every video.

    Attributes
    ----------
    detectors : tuple of Detector
        Of one kind, one for each thread that detects.
    classifiers : tuple of Classifier
    thresholds : mapping of str to float
        Probability below which an attribute's verdict is "unknown".
    models : mapping of str to mapping
        By attribute, the ``name`` and ``sha256`` of its model; those of the detector as ``"detector"``.
    """

    detectors: tuple[Detector, ...]
    classifiers: tuple[Classifier, ...]
    thresholds: Mapping[str, float]
    models: Mapping[str, Mapping[str, str]]


def load_stages(options: AnalyzeOptions) -> Stages:
    """Load the detector and the attribute models that ``options`` name.

    Raises
    ------
    UsageError
        If a name or a device is unknown or absent.
    ModelError
        If a model is damaged or does not fit its card.

    Examples
    --------
    >>> load_stages(AnalyzeOptions()).detectors[0].name
    'fast'
    """
    check_device(options.device)
    create_tracker(options.tracker, rate=1.0)  # refuses an unknown name before anything is read
    chosen = choose_models(options.models, [Path(folder) for folder in options.models_path])
    classifiers = create_classifiers(chosen, device=options.device)
    hashes = {classifier.model.name: classifier.sha256 for classifier in classifiers}
    detectors = tuple(
        create_detector(options.detector, detect_size=options.detect_size, min_score=options.min_score)
        for _ in range(min(usable_cores(), MOST_WORKERS))
    )
    detector = {"name": detectors[0].name, "sha256": sha256_of(detector_file(options.detector))}
    attributes = {name: {"name": model.name, "sha256": hashes[model.name]} for name, model in chosen.items()}
    return Stages(
        detectors=detectors,
        classifiers=tuple(classifiers),
        thresholds=thresholds(chosen),
        models={"detector": detector, **attributes},
    )


def classify_faces(
    rgb: np.ndarray, detections: Detections, classifiers: tuple[Classifier, ...], close: np.ndarray
) -> tuple[Float32, np.ndarray, dict[str, Predictions], dict[str, Int64]]:
    """Align and classify faces of one frame.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8 (H, W, 3), RGB.
    detections : Detections
        N faces.
    classifiers : tuple of Classifier
    close : numpy.ndarray
        bool (N,): the faces whose lasting attributes are wanted too.

    Returns
    -------
    sharpness : numpy.ndarray
        float32 (N,), of the crop at the default size.
    looks : numpy.ndarray
        float16 (N, D), see :func:`facestats.track.linking.appearance`.
    predictions : dict of str to Predictions
        By attribute.
    rows : dict of str to numpy.ndarray
        int64, by attribute: which of the N faces the predictions speak of.

    Examples
    --------
    >>> classify_faces(np.zeros((8, 8, 3), np.uint8), Detections.empty(), (), np.zeros(0, bool))[2]
    {}
    """
    aligned = crops.align(rgb, detections)
    predictions: dict[str, Predictions] = {}
    rows: dict[str, Int64] = {}
    for classifier in classifiers:
        is_due = close if _is_lasting(classifier) else np.ones(len(detections), bool)
        wanted = np.flatnonzero(is_due & (detections.sizes >= classifier.smallest_face))
        if len(wanted):
            if classifier.input_size == crops.DEFAULT_SIZE:
                images = aligned.images[wanted]
            else:
                images = crops.align(rgb, detections[wanted], classifier.input_size).images
            found = classifier.classify(images, aligned.pixels[wanted])
            predictions |= found
            rows |= dict.fromkeys(found, wanted)
    return aligned.sharpness, appearance(aligned.images), predictions, rows


def _is_lasting(classifier: Classifier) -> bool:
    return LASTING_ATTRIBUTES.issuperset(classifier.attributes)


def analyze_source(
    source: FrameSource,
    *,
    video_id: str,
    sha256: str | None,
    stages: Stages,
    options: AnalyzeOptions,
    on_frame: FrameCallback | None = None,
) -> VideoResult:
    """Analyse one open source to its end.

    What could be read before a source broke off is kept, with status ``partial``.

    Parameters
    ----------
    source : FrameSource
        Open; read once.
    video_id : str
    sha256 : str or None
        Hash of the input's content; None for a camera or a stream.
    stages : Stages
    options : AnalyzeOptions
    on_frame : callable, optional
        See :data:`FrameCallback`.

    Returns
    -------
    VideoResult

    Raises
    ------
    UnreadableInputError
        If not a single frame could be read.

    Examples
    --------
    >>> analyze_source(source, video_id="clip", sha256=None, stages=stages, options=options)  # doctest: +SKIP
    """
    started_at, started = datetime.now(UTC), time.perf_counter()
    sampled, track_ids, keeper = _look(source, stages, options, on_frame)
    if not sampled:
        raise UnreadableInputError(f"{shown(source.info.path)} has no readable frame: {source.damage or 'it is empty'}")

    online_ids, joined = track_ids, {}
    if len(sampled) > 1 and options.tracker != "none":
        seen = [(item.time_s, item.shot, item.detections, item.looks) for item in sampled]
        track_ids, joined = relink_frames(seen, online_ids)
    observations = tables.observations_table(video_id, sampled, track_ids)
    if len(sampled) > 1 and options.tracker != "none":
        observations = tables.drop_short_tracks(observations)
        observations = tables.drop_doubtful_faces(observations, [item.frame for item in sampled])
    probabilities = {(video_id, track): probability for track, probability in joined.items()}
    tracks = tables.summarize_tracks(observations, stages.thresholds, joined=probabilities)
    videos = video_row(
        source.info,
        video_id=video_id,
        sha256=sha256,
        status="partial" if source.damage else "ok",
        error=source.damage,
        clock_note=source.clock_note,
        # A still has no length; a video lasts until its last frame has been shown.
        duration_s=0.0 if source.info.kind == "image" else source.end_s - sampled[0].time_s,
        n_frames=source.n_decoded,
        n_sampled=len(sampled),
        n_tracks=len(tracks),
        started_at=started_at,
        elapsed_s=time.perf_counter() - started,
    )
    return VideoResult(
        videos=videos,
        frames=tables.frames_table(video_id, sampled, observations),
        observations=observations,
        tracks=tracks,
        thumbnails=keeper.table(video_id, tracks["track_id"].tolist(), _renamed(sampled, online_ids, track_ids)),
    )


def _renamed(
    sampled: list[SampledFrame], online_ids: list[Int64], track_ids: list[Int64]
) -> dict[tuple[int, int], int]:
    """Return, by frame and the tracker's number of a face, the number of its track in the end."""
    return {
        (item.frame, int(old)): int(new)
        for item, before, after in zip(sampled, online_ids, track_ids, strict=True)
        for old, new in zip(before, after, strict=True)
        if old >= 0
    }


@dataclass(frozen=True)
class _Tracked:
    """A frame whose faces have their ids."""

    frame: Frame
    detections: Detections
    shot: int
    ids: Int64
    close: np.ndarray  # bool: whose lasting attributes are wanted too


def _look(
    source: FrameSource, stages: Stages, options: AnalyzeOptions, on_frame: FrameCallback | None
) -> tuple[list[SampledFrame], list[Int64], ThumbnailKeeper]:
    """Run the stages over the sampled frames: one thread decodes, several detect and classify, this one tracks."""
    keeper = ThumbnailKeeper()
    keeps_pictures = options.thumbnails and not options.blur
    looked: list[tuple[SampledFrame, Int64]] = []
    shots = _Shots()
    n_threads, is_live = max(1, len(stages.detectors)), source.info.is_live
    with contextlib.ExitStack() as stack:
        if is_live:  # Ctrl-C is how one stops a camera: what it has seen is a result, not an accident
            stack.enter_context(contextlib.suppress(KeyboardInterrupt))
        stack.enter_context(opencv_threads(1 if n_threads > 1 else None))
        pool = stack.enter_context(ThreadPoolExecutor(n_threads))
        # Closed one by one, so that an error anywhere leaves no stage half way. What is live must not lag behind.
        frames = source.frames(options.rate, small_side=options.detect_size)
        frames = shots.watched(frames, looks_ahead=not is_live)
        frames = stack.enter_context(contextlib.closing(frames if is_live else read_ahead(frames, 2 * n_threads)))
        detected = stack.enter_context(
            contextlib.closing(
                detect_ahead(
                    frames,
                    stages.detectors,
                    pool,
                    ahead=1 if is_live else 2 * n_threads,
                    follow_px=options.follow_face,
                    holds_back=not is_live,
                    is_new=shots.begins,
                )
            )
        )
        tracked = stack.enter_context(contextlib.closing(_track(detected, shots, source.info, stages, options)))
        looked_at = stack.enter_context(
            contextlib.closing(
                map_ahead(tracked, lambda item: _look_at(item, stages.classifiers), pool, 0 if is_live else n_threads)
            )
        )
        for item, found in looked_at:
            looked.append((found, item.ids))  # at once: a Ctrl-C may come at any time
            if keeps_pictures:
                keeper.update(item.frame, item.detections, item.ids)
            if on_frame is not None:
                on_frame(item.frame, found, item.ids, item.frame.index + 1)
    sampled, track_ids = [found for found, _ in looked], [ids for _, ids in looked]
    if len(sampled) == 1:  # a still, or a video of one frame: every face is its own track
        track_ids = [np.arange(len(sampled[0].detections), dtype=np.int64)]
        if keeps_pictures:
            keeper.update(item.frame, sampled[0].detections, track_ids[0])
    return sampled, track_ids, keeper


class _Shots:
    """The shots of frames that are on their way from decoding to tracking."""

    def __init__(self) -> None:
        self._new: deque[bool] = deque()
        self.waiting: deque[int] = deque()

    def watched(self, frames: Iterator[Frame], *, looks_ahead: bool = True) -> Generator[Frame, None, None]:
        """Yield frames, noting which shot each belongs to; with look-ahead, one frame late."""
        counter = ShotCounter(looks_ahead=looks_ahead)
        held: deque[Frame] = deque()
        last = 0
        with contextlib.closing(frames):
            for frame in itertools.chain(frames, [None]):
                if frame is not None:
                    held.append(frame)
                for shot in counter.finish() if frame is None else counter.update(frame.small, frame.time_s):
                    self.waiting.append(shot)
                    self._new.append(shot != last)
                    last = shot
                    yield held.popleft()

    def begins(self, frame: Frame) -> bool:
        """Say whether the next frame, in order, begins a shot."""
        return self._new.popleft()


def _track(
    detected: Iterator[tuple[Frame, Detections]],
    shots: _Shots,
    info: VideoInfo,
    stages: Stages,
    options: AnalyzeOptions,
) -> Generator[_Tracked, None, None]:
    """Give the faces of each frame their ids, and choose those to be looked at closely."""
    tracker, looks = _tracker_for(info, options), CloseLooks()
    measures_all = options.every_sample or options.tracker == "none"
    # A look at a face too small to be judged would be wasted, and the next one wait.
    smallest = min((one.smallest_face for one in stages.classifiers if _is_lasting(one)), default=0.0)
    shot = 0
    for frame, found in detected:
        if shots.waiting[0] != shot:
            tracker.cut()
        shot = shots.waiting.popleft()
        detections = found[found.sizes >= options.min_face]
        ids = tracker.update(detections, frame.time_s)
        counts = (ids >= 0) | (detections.scores >= options.sure_score)
        detections, ids = detections[counts], ids[counts]
        close = detections.sizes >= smallest
        close[close] = looks.choose(detections[close], ids[close], frame.time_s) | measures_all
        yield _Tracked(frame, detections, shot, ids, close)


def _look_at(item: _Tracked, classifiers: tuple[Classifier, ...]) -> SampledFrame:
    """Classify the faces of one frame."""
    frame, detections = item.frame, item.detections
    sharpness: Float32 = np.zeros(0, np.float32)
    looks = appearance(np.zeros((0, 1, 1, 3), np.uint8))
    predictions: dict[str, Predictions] = {}
    measured: dict[str, Int64] = {}
    if len(detections):  # the picture in full is made only when it is asked for
        sharpness, looks, predictions, measured = classify_faces(frame.rgb, detections, classifiers, item.close)
    smallest = min((classifier.smallest_face for classifier in classifiers), default=math.inf)
    classified = np.flatnonzero(detections.sizes >= smallest)
    return SampledFrame(
        frame.index, frame.time_s, item.shot, detections, sharpness, classified, predictions, measured, looks
    )


def _tracker_for(info: VideoInfo, options: AnalyzeOptions) -> Tracker:
    known = math.isfinite(info.fps) and info.fps > 0
    if options.rate == 0:
        rate = info.fps if known else 25.0
    else:
        rate = min(options.rate, info.fps) if known else options.rate
    return create_tracker(options.tracker, rate=rate, sure_score=options.sure_score)


def video_row(
    info: VideoInfo | None, *, video_id: str, path: str | None = None, sha256: str | None, status: str, **values: Any
) -> pd.DataFrame:
    """Return the one-row ``videos`` table of a video, readable or not.

    Examples
    --------
    >>> video_row(None, video_id="a", path="a.mp4", sha256=None, status="failed", error="x",
    ...           started_at=datetime.now(UTC))["status"].item()
    'failed'
    """
    known: dict[str, Any] = {"video_id": video_id, "path": path, "sha256": sha256, "status": status, **values}
    if info is not None:
        known |= {"path": shown(info.path), "fps": info.fps, "width": info.width, "height": info.height}
        known |= {"rotation": info.rotation}
    known["started_at"] = pd.Timestamp(known["started_at"])
    return schema.conform("videos", {name: [value] for name, value in known.items()})


def failed_result(video_id: str, path: str, sha256: str | None, error: str, started_at: datetime) -> VideoResult:
    """Return the tables of a video of which nothing could be read: empty, with the reason in ``videos``.

    Examples
    --------
    >>> failed_result("a", "a.mp4", None, "no video stream", datetime.now(UTC)).error
    'no video stream'
    """
    row = video_row(
        None, video_id=video_id, path=path, sha256=sha256, status="failed", error=error, started_at=started_at
    )
    row = row.assign(**{name: pd.array([0], dtype="Int64") for name in ("n_frames", "n_sampled", "n_tracks")})
    return VideoResult(row, *(schema.conform(table) for table in ("frames", "observations", "tracks", "thumbnails")))
