"""Detection in threads, ahead of whoever uses it, and as fine as the faces in the picture need."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue

from facestats.detect.base import Detector, shrink_to
from facestats.threads import map_ahead, opencv_threads
from facestats.types import Detections, Frame

#: Faces are searched for in the finest picture at least so often, in seconds of video.
SEARCH_EVERY_S = 1.0

#: Between two searches a coarser picture will do if no face in it has a shorter side of fewer pixels than this.
LEAST_FOLLOWED_PX = 32.0


@dataclass(frozen=True)
class _Look:
    """A frame to be searched, or to be looked at as finely as the ``search`` before it asks for."""

    frame: Frame
    is_search: bool
    search: Future[bool]  # says whether a coarser picture will do


def detect_ahead(
    frames: Iterable[Frame],
    detectors: Sequence[Detector],
    pool: Executor | None = None,
    *,
    ahead: int | None = None,
    follow_side: int = 0,
    is_new: Callable[[Frame], bool] | None = None,
) -> Generator[tuple[Frame, Detections], None, None]:
    """Yield every frame with its faces, in order, while the detectors work on the frames to come.

    They see each frame's ``small``; the faces are in pixels of the full picture. Each detector works in a thread of
    its own, and OpenCV's own threads rest meanwhile: whole frames side by side need no waiting for each other, which on
    busy cores cost far more than it gained.

    With ``follow_side``, the whole ``small`` is searched once a second and after every cut. If that finds no face, or
    large ones alone, the frames up to the next search are shrunk to that side first, at less than half the cost; a face
    that comes in meanwhile and is too small to be seen there is found by the next search.

    Parameters
    ----------
    frames : iterable of Frame
        Read a few frames ahead.
    detectors : sequence of Detector
        Of one kind, one for each thread; none is used by two threads at a time.
    pool : concurrent.futures.Executor, optional
        Of as many threads as there are detectors, which starts its work in order; one of its own by default.
    ahead : int, optional
        How many frames to read before the first one is given out; by default two for each detector.
    follow_side : int
        Longer side, in pixels, of the coarser picture; 0 searches every frame.
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

    def detect(frame: Frame, side: int = 0) -> Detections:
        small = shrink_to(frame.small, side)[0] if side else frame.small
        detector = idle.get()
        try:
            found = detector.detect([small])[0]
        finally:
            idle.put(detector)
        height, width = small.shape[:2]
        return found.stretched(frame.size[0] / width, frame.size[1] / height)

    def take(look: _Look) -> Detections:
        if not look.is_search:
            # The search began earlier, so that waiting for it cannot last for ever.
            return detect(look.frame, follow_side if look.search.result() else 0)
        try:
            found = detect(look.frame)
        except BaseException as error:
            look.search.set_exception(error)
            raise
        followed_px = found.sizes * (follow_side / max(look.frame.size))
        look.search.set_result(bool((followed_px >= LEAST_FOLLOWED_PX).all()))
        return found

    own = ThreadPoolExecutor(len(detectors)) if pool is None else contextlib.nullcontext(pool)
    with opencv_threads(1 if len(detectors) > 1 else None), own as threads:
        looks = _plan(frames, follow_side, is_new or (lambda frame: False))
        for look, found in map_ahead(looks, take, threads, 2 * len(detectors) if ahead is None else ahead):
            yield look.frame, found


def _plan(frames: Iterable[Frame], follow_side: int, is_new: Callable[[Frame], bool]) -> Iterator[_Look]:
    """Decide which frames are searched."""
    search: Future[bool] = Future()
    searched_s = -math.inf
    for frame in frames:
        new = is_new(frame)
        coarser = 0 < follow_side < max(frame.small.shape[:2])
        due = not 0 <= frame.time_s - searched_s < SEARCH_EVERY_S
        if new or due or not coarser:
            search, searched_s = Future(), frame.time_s
            yield _Look(frame, True, search)
        else:
            yield _Look(frame, False, search)
