"""A window that shows the analysis while it runs (``--show``).

The window lives in a process of its own, which imports nothing but OpenCV and gets its pictures through a pipe:
``cv2.imshow`` aborts the process when there is no display, and hangs in one that imported PyAV before OpenCV.
"""

from __future__ import annotations

import contextlib
import math
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from facestats.errors import DeviceError

if TYPE_CHECKING:
    from facestats.clips.placing import LivePlaces
    from facestats.tables.building import SampledFrame
    from facestats.types import Frame, Int64, UInt8

_TITLE = "facestats (q closes)"
_HEADER = struct.Struct("<II")  # height, width


def check_display() -> None:
    """Raise unless there is a screen to show a window on.

    Raises
    ------
    DeviceError
        If there is none.

    Examples
    --------
    >>> check_display()  # doctest: +SKIP
    """
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise DeviceError("--show needs a display and there is none: leave it out, the annotated clip shows the same")


def show_frames(frames: BinaryIO, delay_ms: int) -> None:
    """Show the frames that come through a pipe until it ends or q is pressed; what the child process runs.

    Parameters
    ----------
    frames : binary file
        For each frame its height and width, and uint8 (height, width, 3), BGR.
    delay_ms : int
        Each frame stays for at least so many milliseconds.

    Examples
    --------
    >>> show_frames(sys.stdin.buffer, 1)  # doctest: +SKIP
    """
    import cv2
    import numpy as np

    while len(header := frames.read(_HEADER.size)) == _HEADER.size:
        height, width = _HEADER.unpack(header)
        pixels = frames.read(height * width * 3)
        if len(pixels) < height * width * 3:
            break
        cv2.imshow(_TITLE, np.frombuffer(pixels, np.uint8).reshape(height, width, 3))
        if cv2.waitKey(max(1, delay_ms)) & 0xFF in (ord("q"), 27):
            break
    cv2.destroyAllWindows()


@contextlib.contextmanager
def open_window(*, delay_ms: int = 1, blur: bool = False) -> Iterator[Callable[..., None]]:
    """Open the window and give the callback that feeds it.

    Parameters
    ----------
    delay_ms : int
        Each frame stays for at least so many milliseconds; the analysis waits for it, as in the older program.
    blur : bool
        Make faces unrecognisable.

    Yields
    ------
    callable
        A :data:`facestats.analysis.sampling.FrameCallback`. Once the window was closed it does nothing.

    Raises
    ------
    DeviceError
        If there is no display, or the window could not be opened on it.

    Examples
    --------
    >>> with open_window() as on_frame:  # doctest: +SKIP
    ...     fs.analyze_collection(["clip.mp4"], on_frame=on_frame)
    """
    check_display()
    labels = LiveLabels()
    code = (
        f"import sys; from facestats.widgets.window import show_frames; show_frames(sys.stdin.buffer, {int(delay_ms)})"
    )
    # Qt tells of fonts that its wheel lacks on stderr; the exit code says what matters.
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def on_frame(frame: Frame, found: SampledFrame, track_ids: Int64, n_decoded: int) -> None:
        if child.poll() is None:
            with contextlib.suppress(BrokenPipeError):
                child.stdin.write(_message(annotate(frame, found, track_ids, labels, blur=blur)))
                child.stdin.flush()
                return
        if child.wait():
            display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
            raise DeviceError(f"--show could not open a window on display {display!r}: leave it out, or check DISPLAY")

    try:
        yield on_frame
    finally:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()


def _message(rgb: UInt8) -> bytes:
    return _HEADER.pack(*rgb.shape[:2]) + rgb[..., ::-1].tobytes()  # imshow takes BGR


@dataclass
class LiveLabels:
    """What was said of tracked faces so far, and where it stood; one instance for all frames of a run.

    Attributes
    ----------
    said : dict
        By track and attribute.
    places : LivePlaces or None
        None before the first frame.
    time_s : float
        Of the last frame; an earlier one is of another video.
    """

    said: dict[tuple[int, str], str] = field(default_factory=dict)
    places: LivePlaces | None = None
    time_s: float = math.inf


def annotate(
    frame: Frame,
    found: SampledFrame,
    track_ids: Int64,
    live: LiveLabels | None = None,
    *,
    blur: bool = False,
) -> UInt8:
    """Return a frame, uint8 (H, W, 3) RGB, with the faces just found: boxes, names and most likely classes.

    Parameters
    ----------
    frame : Frame
    found : SampledFrame
    track_ids : numpy.ndarray
        int64 (N,).
    live : LiveLabels, optional
        What was last said of each track, which is shown where an attribute was not measured this time, and where it
        stood, so that labels stay for a second at least; brought up to date.
    blur : bool
        Make faces unrecognisable.

    Examples
    --------
    >>> annotate(frame, found, track_ids)  # doctest: +SKIP
    """
    from facestats.clips.blur import blur_faces
    from facestats.clips.draw import FaceLabel, draw_faces, placed
    from facestats.clips.placing import LivePlaces
    from facestats.models.attributes import ATTRIBUTE_CLASSES
    from facestats.tables.labels import face_name, label_lines, prediction_line

    live = LiveLabels() if live is None else live
    if live.places is None or frame.time_s < live.time_s:
        live.places, live.said = LivePlaces(), {}
    live.time_s = frame.time_s
    said = [
        {
            attribute: prediction_line(found.predictions[attribute], faces.tolist().index(i))
            for attribute, faces in found.measured.items()
            if i in faces
        }
        for i in range(len(found.detections))
    ]
    labels = []
    for i, (box, track_id) in enumerate(zip(found.detections.boxes, track_ids, strict=True)):
        known = int(track_id) if track_id >= 0 else None
        if known is not None:
            live.said.update({(known, attribute): text for attribute, text in said[i].items()})
            said[i] = {attribute: live.said.get((known, attribute)) for attribute in ATTRIBUTE_CLASSES}
        lines = [text for text in said[i].values() if text]
        # Without a tracker no face has a name, and what is said of it is all there is.
        label = tuple(lines) if known is None else label_lines(face_name(known), lines)
        labels.append(FaceLabel(tuple(float(value) for value in box), known, label))
    rgb = blur_faces(frame.rgb, [label.box for label in labels]) if blur else frame.rgb
    size = rgb.shape[1], rgb.shape[0]
    return draw_faces(rgb, placed(labels, size, live.places, frame.time_s))
