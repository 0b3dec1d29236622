"""A short piece of a video, as a clip of its own."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np

from facestats.errors import UsageError
from facestats.video.file import ContainerSource
from facestats.video.picture import fitted
from facestats.video.writer import ClipWriter


def cut_clip(source: Path, out: Path, *, start_s: float, end_s: float, longer_side: int = 0) -> Path:
    """Write what a video shows between two moments as a clip (H.264, MP4), with its sound.

    Only the piece is decoded, from the keyframe before it on, so that it takes no longer in a long video.

    Parameters
    ----------
    source : pathlib.Path
        A video file: one that was annotated, or any other.
    out : pathlib.Path
        The clip; its time 0 is ``start_s``.
    start_s, end_s : float
        On the clock of ``source``, in seconds.
    longer_side : int
        In pixels; a larger picture is made smaller. 0 keeps its size.

    Returns
    -------
    pathlib.Path
        ``out``; it appears whole or not at all.

    Raises
    ------
    UsageError
        If nothing lies between the two moments, or ``out`` is the video itself.
    UnreadableInputError
        If the file cannot be read.
    OutputError
        If the clip cannot be written.

    Examples
    --------
    >>> cut_clip(Path("clips/a.mp4"), Path("smile.mp4"), start_s=11.0, end_s=14.0)  # doctest: +SKIP
    """
    if not (math.isfinite(start_s) and end_s > start_s):
        raise UsageError(f"nothing lies between {start_s:g} and {end_s:g} seconds: the end must come after the start")
    if out.resolve() == source.resolve():
        raise UsageError(f"the clip would overwrite {source} itself: name another file")
    with ContainerSource(str(source)) as video:
        width, height = video.info.width, video.info.height
        scale = min(1.0, longer_side / max(width, height)) if longer_side else 1.0
        size = max(2, round(width * scale)), max(2, round(height * scale))
        n_written = 0
        with ClipWriter(
            out,
            width=size[0],
            height=size[1],
            audio_from=source,
            audio_span=(start_s, end_s),
            audio_shift_s=video.shift_s,
        ) as clip:
            for shown_s, until_s, rgb in video.frames_from(start_s):
                if shown_s >= end_s:
                    break
                rgb = fitted(rgb, width, height)
                if scale < 1:
                    rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
                if until_s <= start_s:  # the video is over by then
                    break
                clip.write(rgb, max(shown_s - start_s, 0.0), end_s=min(until_s, end_s) - start_s)
                n_written += 1
    if not n_written:
        raise UsageError(f"{source} shows nothing between {start_s:g} and {end_s:g} seconds")
    return out
