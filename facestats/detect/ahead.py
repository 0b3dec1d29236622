"""Detection in threads, ahead of whoever uses it; it is most of the work, and it releases the interpreter lock."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue

import cv2

from facestats.detect.base import Detector
from facestats.types import Detections, Frame

#: More threads than this found nothing to do: decoding and classification then take as long.
MOST_WORKERS = 8


def usable_cores() -> int:
    """Return how many processor cores this process may use.

    Examples
    --------
    >>> usable_cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def detect_ahead(frames: Iterable[Frame], detectors: Sequence[Detector]) -> Iterator[tuple[Frame, Detections]]:
    """Yield every frame with its faces, in order, while the detectors work on the frames to come.

    Each detector works in a thread of its own, and OpenCV's own threads rest meanwhile: whole frames side by side need
    no waiting for each other, which on busy cores cost far more than it gained.

    Parameters
    ----------
    frames : iterable of Frame
        Read a few frames ahead.
    detectors : sequence of Detector
        Of one kind, one for each thread; none is used by two threads at a time.

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

    def detect(frame: Frame) -> Detections:
        detector = idle.get()
        try:
            return detector.detect([frame.rgb])[0]
        finally:
            idle.put(detector)

    pending: deque[tuple[Frame, Future[Detections]]] = deque()
    interrupt: KeyboardInterrupt | None = None
    with _opencv_threads(1 if len(detectors) > 1 else None), ThreadPoolExecutor(len(detectors)) as pool:
        try:
            for frame in frames:
                pending.append((frame, pool.submit(detect, frame)))
                if len(pending) > 2 * len(detectors):
                    done, found = pending.popleft()
                    yield done, found.result()
        except KeyboardInterrupt as stopped:  # frames that were read are still worth their faces
            interrupt = stopped
        while pending:
            done, found = pending.popleft()
            yield done, found.result()
    if interrupt is not None:
        raise interrupt


@contextlib.contextmanager
def _opencv_threads(number: int | None) -> Iterator[None]:
    before = cv2.getNumThreads()
    if number is not None:
        cv2.setNumThreads(number)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
