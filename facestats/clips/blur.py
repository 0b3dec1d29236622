"""Faces made unrecognisable, in every frame and not only in the sampled ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np

from facestats.detect import Detector, detect_ahead
from facestats.tables.presence import Box
from facestats.types import Frame, UInt8
from facestats.video.planes import PlanarFrame, Planes

#: What is a face with so little probability is hidden too: hiding what is no face costs nothing.
MIN_SCORE = 0.03

#: A face found in one frame is hidden for this long before and after it, in seconds: detectors miss a frame now and
#: then, and one frame is enough to recognise somebody.
HOLD_S = 0.3


def blur_faces(rgb: UInt8, boxes: Sequence[Box], *, margin: float = 0.25) -> UInt8:
    """Return a copy of a frame with faces that nobody can recognise.

    Each face, with a margin, is reduced to at most eight by eight pixels and smoothly enlarged again: too coarse to
    be undone, whatever the size of the face.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8 (H, W, 3), RGB.
    boxes : sequence of tuple
        ``x1, y1, x2, y2`` in pixels.
    margin : float
        Share of the box's sides that is added on each side.

    Examples
    --------
    >>> noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    >>> bool(blur_faces(noise, [(8, 8, 56, 56)])[32, 20:44].std() < noise[32, 20:44].std() / 3)
    True
    """
    image = rgb.copy()
    height, width = image.shape[:2]
    for left, top, right, bottom in _hidden(boxes, width, height, margin):
        _coarsen(image[top:bottom, left:right])
    return image


def blur_planes(planes: Planes, boxes: Sequence[Box], *, margin: float = 0.25) -> None:
    """Do what :func:`blur_faces` does, in place and in each of the planes.

    Examples
    --------
    >>> import av
    >>> from facestats.video.planes import BT709
    >>> blur_planes(Planes(av.VideoFrame(64, 64, "yuv420p"), BT709), [(8, 8, 56, 56)])
    """
    width, height = planes.size
    for left, top, right, bottom in _hidden(boxes, width, height, margin):
        # Whole pairs of pixels: a difference of colour belongs to four.
        left, top, right, bottom = left // 2, top // 2, (right + 1) // 2, (bottom + 1) // 2
        _coarsen(planes.y[2 * top : 2 * bottom, 2 * left : 2 * right])
        _coarsen(planes.u[top:bottom, left:right])
        _coarsen(planes.v[top:bottom, left:right])


def _hidden(boxes: Sequence[Box], width: int, height: int, margin: float) -> Iterator[tuple[int, int, int, int]]:
    """Yield the rectangles to hide, those of them that lie in the picture."""
    for x1, y1, x2, y2 in boxes:
        dx, dy = margin * (x2 - x1), margin * (y2 - y1)
        left, top = max(0, int(x1 - dx)), max(0, int(y1 - dy))
        right, bottom = min(width, int(np.ceil(x2 + dx))), min(height, int(np.ceil(y2 + dy)))
        if right > left and bottom > top:
            yield left, top, right, bottom


def _coarsen(part: UInt8) -> None:
    h, w = part.shape[:2]
    tiny = cv2.resize(part, (min(8, w), min(8, h)), interpolation=cv2.INTER_AREA)
    part[:] = cv2.resize(tiny, (w, h), interpolation=cv2.INTER_LINEAR)


def blur_video(
    frames: Iterator[Frame],
    detectors: Sequence[Detector],
    known: Callable[[int, float], Sequence[Box]],
    *,
    hold_s: float = HOLD_S,
) -> Iterator[Frame]:
    """Blur the faces of every frame of a video.

    Hidden is whatever the analysis saw at that moment, and whatever the detector finds in the frame itself or in the
    frames shortly before and after it.

    Parameters
    ----------
    frames : iterator of Frame
        All frames, in order; of those in planes, the planes are changed.
    detectors : sequence of Detector
        One for each thread; they should report weak detections too, see :data:`MIN_SCORE`.
    known : callable
        Gives the boxes that the analysis knows of, by frame index and time in seconds; asked in ascending order.
    hold_s : float
        See :data:`HOLD_S`.

    Yields
    ------
    Frame
        The same frames, blurred.

    Examples
    --------
    >>> from facestats.detect import create_detector
    >>> frame = Frame(0, 0.0, np.zeros((48, 64, 3), np.uint8))
    >>> len(list(blur_video(iter([frame]), [create_detector("centerface")], lambda index, time_s: [])))
    1
    """
    found: deque[tuple[float, list[Box]]] = deque()  # of the frames before, at and after the next one to go out
    waiting: deque[Frame] = deque()

    def blurred(frame: Frame) -> Frame:
        while abs(found[0][0] - frame.time_s) > hold_s:
            found.popleft()
        around = [box for time_s, boxes in found if abs(time_s - frame.time_s) <= hold_s for box in boxes]
        boxes = [*known(frame.index, frame.time_s), *dict.fromkeys(around)]
        if isinstance(frame, PlanarFrame):
            blur_planes(frame.planes, boxes)
            return frame
        return Frame(frame.index, frame.time_s, blur_faces(frame.rgb, boxes))

    for frame, detections in detect_ahead(frames, detectors):
        boxes = [(float(x0), float(y0), float(x1), float(y1)) for x0, y0, x1, y1 in detections.boxes]
        found.append((frame.time_s, boxes))
        waiting.append(frame)
        while abs(waiting[0].time_s - frame.time_s) > hold_s:
            yield blurred(waiting.popleft())
    while waiting:
        yield blurred(waiting.popleft())
