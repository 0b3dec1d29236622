"""A window that shows the analysis while it runs (``--show``).

The window lives in a process of its own: ``cv2.imshow`` aborts the process when there is no display, and hangs in one
that imported PyAV before OpenCV.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from facestats.errors import DeviceError

if TYPE_CHECKING:
    from facestats.tables import SampledFrame
    from facestats.types import Frame, Int64

_TITLE = "facestats (q closes)"


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


def _show(frames: Any, delay_ms: int) -> None:
    """Show what comes through the queue until None comes or q is pressed; runs in the child process."""
    import cv2

    while (bgr := frames.get()) is not None:
        cv2.imshow(_TITLE, bgr)
        if cv2.waitKey(max(1, delay_ms)) & 0xFF in (ord("q"), 27):
            break
    cv2.destroyAllWindows()


@contextlib.contextmanager
def open_window(*, delay_ms: int = 1, blur: bool = False) -> Iterator[Callable[..., None]]:
    """Open the window and give the callback that feeds it.

    Parameters
    ----------
    delay_ms : int
        Each frame stays for at least so many milliseconds.
    blur : bool
        Make faces unrecognisable.

    Yields
    ------
    callable
        A :data:`facestats.pipeline.FrameCallback`.

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
    spawn = multiprocessing.get_context("spawn")
    frames = spawn.Queue(maxsize=2)
    child = spawn.Process(target=_show, args=(frames, delay_ms), daemon=True)
    child.start()

    def on_frame(frame: Frame, found: SampledFrame, track_ids: Int64, n_decoded: int) -> None:
        import cv2

        # Waits while the window is busy (so that --delay slows the run down as it did in the older program), but not
        # for a window that is gone.
        picture = cv2.cvtColor(_annotate(frame, found, track_ids, blur=blur), cv2.COLOR_RGB2BGR)
        while child.is_alive():
            try:
                frames.put(picture, timeout=0.2)
            except queue.Full:
                continue
            return
        if child.exitcode:
            raise DeviceError(
                f"the window could not be opened on display {os.environ.get('DISPLAY', '')}: leave --show out"
            )

    try:
        yield on_frame
    finally:
        with contextlib.suppress(queue.Full):
            frames.put(None, timeout=1)
        child.join(timeout=5)
        if child.is_alive():
            child.terminate()
        frames.cancel_join_thread()


def _annotate(frame: Frame, found: SampledFrame, track_ids: Int64, *, blur: bool) -> Any:
    from facestats.clips.draw import FaceLabel
    from facestats.clips.render import annotate_image, best_class

    row_of = {int(face): row for row, face in enumerate(found.classified)}
    labels = []
    for i, (box, track_id) in enumerate(zip(found.detections.boxes, track_ids, strict=True)):
        known = int(track_id) if track_id >= 0 else None
        lines = [] if known is None else [f"#{known}"]
        if i in row_of:
            lines += [best_class(predictions, row_of[i]) for predictions in found.predictions.values()]
        labels.append(FaceLabel(tuple(float(value) for value in box), known, tuple(lines)))
    return annotate_image(frame.rgb, labels, blur=blur)
