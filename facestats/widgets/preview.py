"""The analysis while it runs, in a notebook: the frame that is being worked on, and the counts so far."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import cv2
import ipywidgets
from IPython.display import display

from facestats._util.notebook import is_notebook
from facestats.analysis.sampling import FrameCallback
from facestats.widgets.window import LiveLabels, annotate

if TYPE_CHECKING:
    from facestats.tables.building import SampledFrame
    from facestats.types import Frame, Int64

_EVERY_S = 0.4  # a picture more often than this costs more than it tells
_WIDTH = 480


@contextlib.contextmanager
def live_preview(*, blur: bool = False) -> Iterator[FrameCallback | None]:
    """Show a picture and a line of counts below the cell, and give the callback that feeds them.

    Both go when the block ends, so that no picture stays in the notebook. Outside a notebook nothing is shown.

    Parameters
    ----------
    blur : bool
        Make the faces that are found unrecognisable; one that is missed in a frame is seen in it.

    Yields
    ------
    callable or None
        A :data:`facestats.analysis.sampling.FrameCallback`.

    Examples
    --------
    >>> with live_preview() as on_frame:
    ...     on_frame is None  # this is no notebook
    True
    """
    if not is_notebook():
        yield None
        return
    picture = ipywidgets.Image(format="jpeg", width=_WIDTH)
    counts = ipywidgets.HTML()
    box = ipywidgets.VBox([picture, counts])
    handle = display(box, display_id=True)
    labels = LiveLabels()
    seen: set[int] = set()
    n_frames = n_faces = 0
    last = 0.0

    def on_frame(frame: Frame, found: SampledFrame, track_ids: Int64, n_decoded: int) -> None:
        nonlocal n_frames, n_faces, last
        n_frames += 1
        n_faces += len(track_ids)
        seen.update(int(number) for number in track_ids if number >= 0)
        if time.monotonic() - last < _EVERY_S:
            return
        last = time.monotonic()
        rgb = annotate(frame, found, track_ids, labels, blur=blur)
        size = _WIDTH, max(1, round(rgb.shape[0] * _WIDTH / rgb.shape[1]))
        small = cv2.cvtColor(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR)
        picture.value = cv2.imencode(".jpg", small)[1].tobytes()
        counts.value = (
            f"{frame.time_s:.1f} s: {n_frames:,} frames sampled, {n_faces:,} faces found, {len(seen):,} followed so far"
        )

    try:
        yield on_frame
    finally:
        for widget in (box, picture, counts):
            widget.close()
        handle.update({"text/plain": ""}, raw=True)
