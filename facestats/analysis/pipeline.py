"""One video in, its tables out: sample its frames, then put together what was found."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import pandas as pd

from facestats._util.threads import uninterrupted
from facestats.analysis.assembly import Assembler
from facestats.analysis.places import part_in_words, places_in
from facestats.analysis.sampling import FrameCallback, sampled
from facestats.analysis.stages import Stages
from facestats.errors import UnreadableInputError
from facestats.options import AnalyzeOptions
from facestats.tables import schema
from facestats.tables.building import SampledFrame
from facestats.tables.clustering import Clusters
from facestats.tables.video_tables import VideoTables
from facestats.track import Tracker, create_tracker
from facestats.types import VideoInfo
from facestats.video import FrameSource, shown
from facestats.video.identity import Identity
from facestats.video.spans import Span
from facestats.video.tally import Tally


@dataclass(frozen=True)
class AnalyzedVideo:
    """The tables of one video, of which the long ones can be read once, a part of the video at a time.

    Attributes
    ----------
    videos, tracks, people, doubtful, thumbnails : pandas.DataFrame
    batches : iterator
        Of ``frames`` and ``observations``.
    thresholds : mapping of str to float
        By attribute, the probability below which a verdict is "unknown".
    is_stopped : bool
        Whether Ctrl-C ended a file before its end.
    """

    videos: pd.DataFrame
    tracks: pd.DataFrame
    people: pd.DataFrame
    doubtful: pd.DataFrame
    thumbnails: pd.DataFrame
    batches: Iterator[tuple[pd.DataFrame, pd.DataFrame]]
    thresholds: Mapping[str, float]
    is_stopped: bool = False

    def collected(self) -> VideoTables:
        """Return the tables in full."""
        parts = list(self.batches)
        frames, observations = (
            pd.concat(tables, ignore_index=True) if tables else schema.conform(name)
            for name, tables in (("frames", [part[0] for part in parts]), ("observations", [part[1] for part in parts]))
        )
        tables = self.videos, frames, observations, self.tracks, self.thumbnails
        return VideoTables(*tables, people=self.people, doubtful=self.doubtful, thresholds=self.thresholds)


class Read(Protocol):
    """What is known of an input, once it has been read."""

    @property
    def info(self) -> VideoInfo:
        """What was known before."""

    @property
    def tally(self) -> Tally:
        """What was read."""


@contextlib.contextmanager
def analyzed(
    source: FrameSource,
    video: Identity,
    stages: Stages,
    *,
    spans: Sequence[Span] | None = None,
    on_frame: FrameCallback | None = None,
    stoppable: bool = False,
) -> Iterator[AnalyzedVideo]:
    """Analyse one open source to its end, and give its tables for the time of a ``with`` block.

    What could be read before a source broke off is kept, with status ``partial``. Ctrl-C ends a live source.

    Parameters
    ----------
    source : FrameSource
        Open; read once.
    video : Identity
    stages : Stages
    spans : sequence of Span, optional
        Its spans, where these are known already.
    on_frame : callable, optional
        See :data:`facestats.analysis.sampling.FrameCallback`.
    stoppable : bool
        See :func:`assembled`.

    Yields
    ------
    AnalyzedVideo

    Raises
    ------
    UnreadableInputError
        If not a single frame could be read.

    Examples
    --------
    >>> with analyzed(source, Identity("clip"), stages) as found:  # doctest: +SKIP
    ...     print(found.tracks)
    """
    # Closed whatever happens, or the thread that decodes would wait for ever for somebody to take its frames.
    with (
        contextlib.closing(sampled(source, stages, spans=spans, on_frame=on_frame)) as items,
        assembled(items, source, video, stages, stoppable=stoppable) as found,
    ):
        yield found


@contextlib.contextmanager
def assembled(
    items: Iterator[SampledFrame],
    source: Read,
    video: Identity,
    stages: Stages,
    *,
    started_at: datetime | None = None,
    stoppable: bool = False,
) -> Iterator[AnalyzedVideo]:
    """Put together what was found in the frames of a video, and give its tables for the time of a ``with`` block.

    Parameters
    ----------
    items : iterator of SampledFrame
    source : Read
        What they come from; its tally is complete once they have been taken.
    video : Identity
    stages : Stages
        Their options and thresholds are used.
    started_at : datetime.datetime, optional
        When sampling began, UTC; now by default.
    stoppable : bool
        Whether Ctrl-C ends a file as it ends a live source: with what was found so far, as ``"partial"``.

    Raises
    ------
    UnreadableInputError
        If there are none.
    """
    started_at = started_at or datetime.now(UTC)
    info, options = source.info, stages.options
    with Assembler(
        video.video_id,
        tracker=None if options.tracker == "none" else tracker_for(info, options),
        thresholds=stages.thresholds,
        sure_score=options.sure_score,
        embedder=stages.embedder,
        min_face_prob=options.min_face_prob,
        looks_ahead=not info.is_live,
        places=places_in(info, options),
    ) as assembler:
        # Ctrl-C is how one stops a camera: what it has seen is a result, not an accident.
        interrupted = _add_all(items, assembler, may_stop=info.is_live or stoppable)
        is_stopped = interrupted and not info.is_live
        tally = source.tally
        # A still has no length; a video lasts until its last frame has been shown.
        found = assembler.finish(None if info.kind == "image" else tally.end_s)
        if is_stopped and not found.n_sampled:
            raise KeyboardInterrupt
        damage = f"stopped by hand after {tally.end_s:.1f} s" if is_stopped else tally.damage
        if not found.n_sampled:
            why = f"has no readable frame: {damage or 'it is empty'}"
            if tally.n_decoded and (part := part_in_words(options)):
                why = f"shows nothing {part}: it lasts {tally.end_s:.1f} s"
            raise UnreadableInputError(f"{shown(info.path)} {why}", reason=f"it {why}")
        row = video_row(
            info,
            video_id=video.video_id,
            sha256=video.sha256,
            status="partial" if damage else "ok",
            error=damage,
            clock_note=tally.clock_note(info.fps),
            picture_note=tally.picture_note,
            width=max(info.width, tally.width),
            height=max(info.height, tally.height),
            duration_s=0.0 if info.kind == "image" else tally.end_s - found.first_s,
            n_frames=tally.n_decoded,
            n_sampled=found.n_sampled,
            n_tracks=len(found.tracks),
            from_s=options.from_s,
            to_s=options.to_s,
            **_people_counted(found.clusters),
            started_at=started_at,
            elapsed_s=(datetime.now(UTC) - started_at).total_seconds(),
        )
        yield AnalyzedVideo(
            row,
            found.tracks,
            found.people,
            found.doubtful,
            found.thumbnails,
            found.batches(),
            stages.thresholds,
            is_stopped,
        )


def _people_counted(clusters: Clusters | None) -> dict[str, int]:
    if clusters is None:
        return {}
    return {"n_people": clusters.n_people, "n_people_low": clusters.low, "n_people_high": clusters.high}


def _add_all(items: Iterator[SampledFrame], assembler: Assembler, *, may_stop: bool) -> bool:
    """Give all items to an assembler, and say whether Ctrl-C ended it, which only ``may_stop`` allows."""
    try:
        for item in items:
            with uninterrupted() if may_stop else contextlib.nullcontext():
                assembler.add(item)
    except KeyboardInterrupt:
        if not may_stop:
            raise
        return True
    return False


def tracker_for(info: VideoInfo, options: AnalyzeOptions) -> Tracker:
    """Return a new tracker for a video.

    Examples
    --------
    >>> tracker_for(VideoInfo("clip.mp4", 64, 48, fps=25.0), AnalyzeOptions()).name
    'bytetrack'
    """
    known = math.isfinite(info.fps) and info.fps > 0
    if options.rate == 0:
        rate = info.fps if known else 25.0
    else:
        rate = min(options.rate, info.fps) if known else options.rate
    return create_tracker(options.tracker, rate=rate, sure_score=options.sure_score)


def analyze_source(
    source: FrameSource, video: Identity, stages: Stages, *, on_frame: FrameCallback | None = None
) -> VideoTables:
    """Analyse one open source to its end and return its tables in full; see :func:`analyzed`.

    Examples
    --------
    >>> analyze_source(source, Identity("clip"), stages)  # doctest: +SKIP
    """
    with analyzed(source, video, stages, on_frame=on_frame) as found:
        return found.collected()


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
        known |= {"path": shown(info.path), "fps": info.fps, "rotation": info.rotation}
        known = {"width": info.width, "height": info.height} | known
        known["recorded_source"] = info.recorded_source
        if info.recorded_at is not None:
            known["recorded_at"] = pd.Timestamp(info.recorded_at)
    known["started_at"] = pd.Timestamp(known["started_at"])
    return schema.conform("videos", {name: [value] for name, value in known.items()})


def failed_result(video: Identity, path: str, error: str, started_at: datetime) -> VideoTables:
    """Return the tables of a video of which nothing could be read: empty, with the reason in ``videos``.

    Examples
    --------
    >>> failed_result(Identity("a"), "a.mp4", "no video stream", datetime.now(UTC)).error
    'no video stream'
    """
    known = {"video_id": video.video_id, "path": path, "sha256": video.sha256}
    row = video_row(None, **known, status="failed", error=error, started_at=started_at)
    row = row.assign(**{name: pd.array([0], dtype="Int64") for name in ("n_frames", "n_sampled", "n_tracks")})
    return VideoTables(row, *(schema.conform(table) for table in ("frames", "observations", "tracks", "thumbnails")))
