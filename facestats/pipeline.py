"""One video in, its tables out: decode, find shots, detect, track, align, classify, summarize."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from facestats import crops, schema, tables
from facestats.classify import Classifier, create_classifiers
from facestats.classify.onnx import check_device
from facestats.detect import MOST_WORKERS, Detector, create_detector, detect_ahead, usable_cores
from facestats.errors import UnreadableInputError
from facestats.models import choose_models, thresholds
from facestats.options import MIN_CLASSIFIED_PX, AnalyzeOptions
from facestats.results import VideoResult
from facestats.shots import ShotCounter
from facestats.tables import SampledFrame
from facestats.thumbnails import ThumbnailKeeper
from facestats.track import Tracker, create_tracker, fill_back
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
        By attribute, the ``name`` and ``sha256`` of its model.
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
    'centerface'
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
    return Stages(
        detectors=detectors,
        classifiers=tuple(classifiers),
        thresholds=thresholds(chosen),
        models={name: {"name": model.name, "sha256": hashes[model.name]} for name, model in chosen.items()},
    )


def classify_faces(
    rgb: np.ndarray, detections: Detections, classifiers: tuple[Classifier, ...]
) -> tuple[Float32, dict[str, Predictions]]:
    """Align and classify faces of one frame.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8 (H, W, 3), RGB.
    detections : Detections
        N faces.
    classifiers : tuple of Classifier

    Returns
    -------
    sharpness : numpy.ndarray
        float32 (N,), of the crop at the default size.
    predictions : dict of str to Predictions
        By attribute, N rows each.

    Examples
    --------
    >>> classify_faces(np.zeros((8, 8, 3), np.uint8), Detections.empty(), ())[1]
    {}
    """
    aligned = {
        size: crops.align(rgb, detections, size)
        for size in {crops.DEFAULT_SIZE, *(classifier.input_size for classifier in classifiers)}
    }
    predictions: dict[str, Predictions] = {}
    for classifier in classifiers:
        predictions |= classifier.classify(aligned[classifier.input_size].images)
    return aligned[crops.DEFAULT_SIZE].sharpness, predictions


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

    track_ids = fill_back([item.detections.boxes for item in sampled], track_ids, [item.shot for item in sampled])
    observations = tables.observations_table(video_id, sampled, track_ids)
    if len(sampled) > 1:
        observations = tables.drop_short_tracks(observations)
    tracks = tables.summarize_tracks(observations, stages.thresholds)
    videos = video_row(
        source.info,
        video_id=video_id,
        sha256=sha256,
        status="partial" if source.damage else "ok",
        error=source.damage,
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
        frames=tables.frames_table(video_id, sampled),
        observations=observations,
        tracks=tracks,
        thumbnails=keeper.table(video_id, tracks["track_id"].tolist()),
    )


def _look(
    source: FrameSource, stages: Stages, options: AnalyzeOptions, on_frame: FrameCallback | None
) -> tuple[list[SampledFrame], list[Int64], ThumbnailKeeper]:
    """Run the stages over the sampled frames."""
    tracker = _tracker_for(source.info, options)
    shots, keeper = ShotCounter(), ThumbnailKeeper()
    keeps_pictures = options.thumbnails and not options.blur
    sampled: list[SampledFrame] = []
    track_ids: list[Int64] = []
    shot = 0
    # Ctrl-C is how one stops a camera: what it has seen is a result, not an accident.
    with contextlib.suppress(KeyboardInterrupt) if source.info.is_live else contextlib.nullcontext():
        for frame, detections in detect_ahead(source.frames(options.rate), stages.detectors):
            if shots.update(frame.rgb) != shot:
                shot = shots.shot
                tracker.cut()
            found = look_at(frame, detections, shot, stages, options)
            ids = tracker.update(found.detections, frame.time_s)
            if keeps_pictures:
                keeper.update(frame.rgb, frame.time_s, found.detections, ids)
            sampled.append(found)
            track_ids.append(ids)
            if on_frame is not None:
                on_frame(frame, found, ids, frame.index + 1)
    if len(sampled) == 1:  # a still, or a video of one frame: every face is its own track
        track_ids = [np.arange(len(found.detections), dtype=np.int64)]
        if keeps_pictures:
            keeper.update(frame.rgb, frame.time_s, found.detections, track_ids[0])
    return sampled, track_ids, keeper


def look_at(frame: Frame, detections: Detections, shot: int, stages: Stages, options: AnalyzeOptions) -> SampledFrame:
    """Classify the faces that were detected in one frame; those that are too small are left out.

    Examples
    --------
    >>> frame = Frame(0, 0.0, np.zeros((64, 64, 3), np.uint8))
    >>> len(look_at(frame, Detections.empty(), 0, Stages((), (), {}, {}), AnalyzeOptions()).detections)
    0
    """
    detections = detections[detections.sizes >= options.min_face]
    large = np.flatnonzero(detections.sizes >= MIN_CLASSIFIED_PX)
    sharpness = np.full(len(detections), np.nan, np.float32)
    sharpness[large], predictions = classify_faces(frame.rgb, detections[large], stages.classifiers)
    classified = large if predictions else large[:0]
    return SampledFrame(frame.index, frame.time_s, shot, detections, sharpness, predictions, classified)


def _tracker_for(info: VideoInfo, options: AnalyzeOptions) -> Tracker:
    known = math.isfinite(info.fps) and info.fps > 0
    if options.rate == 0:
        return create_tracker(options.tracker, rate=info.fps if known else 25.0)
    return create_tracker(options.tracker, rate=min(options.rate, info.fps) if known else options.rate)


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
