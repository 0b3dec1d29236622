"""Detection in threads, ahead of whoever uses it, and as fine as the faces in the picture need."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue

import numpy as np

from facestats._util.threads import grouped, map_ahead, opencv_threads
from facestats.detect.base import Detector, follows_with
from facestats.detect.regions import look_at, regions_for, somebody_moves
from facestats.types import Detections, Float32, Frame, UInt8

#: Faces are searched for in the finest picture at least so often, in seconds of video.
SEARCH_EVERY_S = 1.0

#: And after so many frames, which are held back until the search at their end is planned; and no more than have so many
#: pixels together: a frame of 24 megapixels takes 72 MB.
MOST_BETWEEN, MOST_PIXELS_BETWEEN = 12, 64_000_000


@dataclass(frozen=True)
class _Look:
    """A frame to be looked at: searched, or as finely as the faces of the ``searches`` around it ask for."""

    frame: Frame
    searches: tuple[Future[Float32], ...] = ()  # each gives the boxes of its faces, in shares of the picture
    found: Future[Float32] = field(default_factory=Future)  # of a search: the same of its own
    n_before: int = 0  # so many frames come before this one, but are looked at after it


def detect_ahead(
    frames: Iterable[Frame],
    detectors: Sequence[Detector],
    pool: Executor | None = None,
    *,
    ahead: int | None = None,
    follow_px: float = 0,
    holds_back: bool = True,
    is_new: Callable[[Frame], bool] | None = None,
) -> Generator[tuple[Frame, Detections], None, None]:
    """Yield every frame with its faces, in order, while the detectors work on the frames to come.

    They see each frame's ``small``; the faces are in pixels of the full picture. Each detector works in a thread of
    its own, and OpenCV's own threads rest meanwhile: whole frames side by side need no waiting for each other, which on
    busy cores cost far more than it gained.

    With ``follow_px``, the whole ``small`` is searched once a second, and in the first and the last frame of every
    shot. The frames between two searches are searched too if somebody comes, goes or moves on. Else they are looked at
    so that the faces of both have so many pixels, see :mod:`facestats.detect.regions`. Missed is who comes and goes
    between the two and is too small for the coarser picture.

    Parameters
    ----------
    frames : iterable of Frame
        Read a few frames ahead.
    detectors : sequence of Detector
        Of one kind, one for each thread; none is used by two threads at a time. One that takes several pictures at once
        has a number ``batch``, and gets so many frames of one size that are between the same searches. One that likes
        pieces of large pictures there has a number ``call_px``, see :func:`facestats.detect.regions.regions_for`.
    pool : concurrent.futures.Executor, optional
        Of as many threads as there are detectors, which starts its work in order; one of its own by default.
    ahead : int, optional
        How many frames to read before the first one is given out; by default two for each detector.
    follow_px : float
        Least pixels, of a face's shorter side, in the coarser pictures; 0 searches every frame.
    holds_back : bool
        Whether frames may wait for the search at their end, up to :data:`MOST_BETWEEN` of them, fewer of large ones;
        what is live may not, and goes by the search before, so that a small face may be missed until the next.
    is_new : callable, optional
        Says of each frame, in order, whether it begins a shot.

    Yields
    ------
    frame : Frame
    detections : Detections

    Examples
    --------
    >>> list(detect_ahead([], []))
    []
    """
    if not detectors:
        return
    idle: SimpleQueue[Detector] = SimpleQueue()
    for detector in detectors:
        idle.put(detector)

    call_px = getattr(detectors[0], "call_px", None)

    def detect(frames: list[Frame], how: Callable[[Detector, list[UInt8]], list[Detections]]) -> list[Detections]:
        smalls = [frame.small for frame in frames]
        detector = idle.get()
        try:
            return how(detector, smalls)
        finally:
            idle.put(detector)

    def take(looks: list[_Look]) -> list[Detections]:
        frames, searches = [look.frame for look in looks], looks[0].searches
        if searches:
            # They began earlier, so that waiting for them cannot last for ever.
            size = frames[0].small_size
            boxes = [search.result() * _corners(size) for search in searches]
            if somebody_moves(boxes):
                found = detect(frames, lambda detector, smalls: detector.detect(smalls))
            else:
                regions = regions_for(boxes, size, follow_px, call_px=call_px)
                found = detect(frames, lambda detector, smalls: look_at(regions, smalls, follows_with(detector)))
        else:
            try:
                found = detect(frames, lambda detector, smalls: detector.detect(smalls))
            except BaseException as error:
                for look in looks:
                    look.found.set_exception(error)
                raise
            for look, faces in zip(looks, found, strict=True):
                look.found.set_result(faces.boxes / _corners(look.frame.small_size))
        return [
            faces.stretched(frame.size[0] / frame.small_size[0], frame.size[1] / frame.small_size[1])
            for frame, faces in zip(frames, found, strict=True)
        ]

    own = ThreadPoolExecutor(len(detectors)) if pool is None else contextlib.nullcontext(pool)
    with opencv_threads(1 if len(detectors) > 1 else None), own as threads:
        new = is_new or (lambda frame: False)
        looks = _plan(frames, new, holds_back) if follow_px else map(_Look, frames)
        # What is live comes one by one.
        batches = grouped(looks, getattr(detectors[0], "batch", 1) if holds_back else 1, _alike)
        taken = map_ahead(batches, take, threads, 2 * len(detectors) if ahead is None else ahead)
        yield from _in_order(pair for looks, found in taken for pair in zip(looks, found, strict=True))


def _corners(size: tuple[int, int]) -> Float32:
    return np.array([*size, *size], np.float32)


def _alike(look: _Look) -> object:
    """Return the same for frames that one batch may hold: of one size, and between the same searches."""
    return look.frame.small_size, look.frame.size, tuple(map(id, look.searches))


def _plan(frames: Iterable[Frame], is_new: Callable[[Frame], bool], holds_back: bool) -> Iterator[_Look]:
    """Decide which frames are searched, and yield every search before the frames that depend on it."""
    before: _Look | None = None  # the last search of this shot
    between: list[Frame] = []

    def searched(frame: Frame) -> Iterator[_Look]:
        nonlocal before
        search = _Look(frame, n_before=len(between))
        yield search
        futures = tuple(each.found for each in (before, search) if each is not None)
        yield from (_Look(each, futures) for each in between)
        between.clear()
        before = search

    for frame in frames:
        if is_new(frame):
            if between:
                yield from searched(between.pop())
            before = None
        if (
            before is None
            or not 0 <= frame.time_s - before.frame.time_s < SEARCH_EVERY_S
            or len(between) >= min(MOST_BETWEEN, MOST_PIXELS_BETWEEN // math.prod(frame.size))
        ):
            yield from searched(frame)
        elif holds_back:
            between.append(frame)
        else:
            yield _Look(frame, (before.found,))
    if between:
        yield from searched(between.pop())


def _in_order(taken: Iterable[tuple[_Look, Detections]]) -> Iterator[tuple[Frame, Detections]]:
    """Put every search behind the frames that come before it."""
    waiting: tuple[Frame, Detections] | None = None
    n_missing = 0
    for look, found in taken:
        if look.n_before:
            waiting, n_missing = (look.frame, found), look.n_before
            continue
        yield look.frame, found
        if waiting is not None:
            n_missing -= 1
            if not n_missing:
                yield waiting
                waiting = None
