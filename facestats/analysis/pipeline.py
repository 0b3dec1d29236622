"""One video in, its tables out: look at its frames, then put together what was found."""

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
from facestats.analysis.sampling import FrameCallback, look
from facestats.analysis.stages import Stages
from facestats.errors import UnreadableInputError
from facestats.options import AnalyzeOptions
from facestats.tables import schema
from facestats.tables.building import SampledFrame
from facestats.tables.video_tables import VideoResult
from facestats.track import Tracker, create_tracker
from facestats.types import VideoInfo
from facestats.video import FrameSource, shown
from facestats.video.spans import Span
from facestats.video.tally import Tally


@dataclass(frozen=True)
class AnalyzedVideo:
    """The tables of one video, of which the long ones can be read once, a stretch of video at a time.

    Attributes
    ----------
    videos, tracks, thumbnails : pandas.DataFrame
    batches : iterator
        Of ``frames`` and ``observations``.
    """

    videos: pd.DataFrame
    tracks: pd.DataFrame
    thumbnails: pd.DataFrame
    batches: Iterator[tuple[pd.DataFrame, pd.DataFrame]]

    def collected(self) -> VideoResult:
        """Return the tables in full."""
        parts = list(self.batches)
        frames, observations = (
            pd.concat(tables, ignore_index=True) if tables else schema.conform(name)
            for name, tables in (("frames", [part[0] for part in parts]), ("observations", [part[1] for part in parts]))
        )
        return VideoResult(self.videos, frames, observations, self.tracks, self.thumbnails)


class Read(Protocol):
    """What is known of an input, once it has been read."""

    @property
    def info(self) -> VideoInfo:
        """What was known before."""

    @property
    def tally(self) -> Tally:
        """What was read."""


#: How the reason begins why a file that somebody stopped is partial.
STOPPED = "stopped by hand after"


@contextlib.contextmanager
def analyzed(
    source: FrameSource,
    *,
    video_id: str,
    sha256: str | None,
    stages: Stages,
    options: AnalyzeOptions,
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
    video_id : str
    sha256 : str or None
        Hash of the input's content; None for a camera or a stream.
    stages : Stages
    options : AnalyzeOptions
    spans : sequence of Span, optional
        Its stretches, where these are known already.
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
    >>> with analyzed(source, video_id="clip", sha256=None, stages=stages, options=options) as found:  # doctest: +SKIP
    ...     print(found.tracks)
    """
    # Closed whatever happens, or the thread that decodes would wait for ever for somebody to take its frames.
    with (
        contextlib.closing(look(source, stages, options, spans=spans, on_frame=on_frame)) as items,
        assembled(
            items,
            source,
            video_id=video_id,
            sha256=sha256,
            thresholds=stages.thresholds,
            options=options,
            stoppable=stoppable,
        ) as found,
    ):
        yield found


@contextlib.contextmanager
def assembled(
    items: Iterator[SampledFrame],
    source: Read,
    *,
    video_id: str,
    sha256: str | None,
    thresholds: Mapping[str, float],
    options: AnalyzeOptions,
    started_at: datetime | None = None,
    stoppable: bool = False,
) -> Iterator[AnalyzedVideo]:
    """Put together what was found in the frames of a video, and give its tables for the time of a ``with`` block.

    Parameters
    ----------
    items : iterator of SampledFrame
    source : Read
        What they come from; its tally is complete once they have been taken.
    video_id : str
    sha256 : str or None
    thresholds : mapping of str to float
        Probability below which an attribute's verdict is "unknown".
    options : AnalyzeOptions
    started_at : datetime.datetime, optional
        When looking at them began, UTC; now by default.
    stoppable : bool
        Whether Ctrl-C ends a file as it ends a live source: with what was seen so far, as ``"partial"``.

    Raises
    ------
    UnreadableInputError
        If there are none.
    """
    started_at = started_at or datetime.now(UTC)
    info = source.info
    is_live = info.is_live
    with Assembler(
        video_id,
        tracker=None if options.tracker == "none" else tracker_for(info, options),
        thresholds=thresholds,
        sure_score=options.sure_score,
        looks_ahead=not is_live,
    ) as assembler:
        # Ctrl-C is how one stops a camera: what it has seen is a result, not an accident.
        stopped = False
        try:
            for item in items:
                with uninterrupted() if is_live or stoppable else contextlib.nullcontext():
                    assembler.add(item)
        except KeyboardInterrupt:
            if not (is_live or stoppable):
                raise
            stopped = not is_live
        found, tally = assembler.finish(), source.tally
        if stopped and not found.n_sampled:
            raise KeyboardInterrupt
        damage = f"{STOPPED} {tally.end_s:.1f} s" if stopped else tally.damage
        if not found.n_sampled:
            raise UnreadableInputError(f"{shown(info.path)} has no readable frame: {damage or 'it is empty'}")
        videos = video_row(
            info,
            video_id=video_id,
            sha256=sha256,
            status="partial" if damage else "ok",
            error=damage,
            clock_note=tally.clock_note(info.fps),
            # A still has no length; a video lasts until its last frame has been shown.
            duration_s=0.0 if info.kind == "image" else tally.end_s - found.first_s,
            n_frames=tally.n_decoded,
            n_sampled=found.n_sampled,
            n_tracks=len(found.tracks),
            started_at=started_at,
            elapsed_s=(datetime.now(UTC) - started_at).total_seconds(),
        )
        yield AnalyzedVideo(videos, found.tracks, found.thumbnails, found.batches())


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
    source: FrameSource,
    *,
    video_id: str,
    sha256: str | None,
    stages: Stages,
    options: AnalyzeOptions,
    on_frame: FrameCallback | None = None,
) -> VideoResult:
    """Analyse one open source to its end and return its tables in full; see :func:`analyzed`.

    Examples
    --------
    >>> analyze_source(source, video_id="clip", sha256=None, stages=stages, options=options)  # doctest: +SKIP
    """
    with analyzed(source, video_id=video_id, sha256=sha256, stages=stages, options=options, on_frame=on_frame) as found:
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
