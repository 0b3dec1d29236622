"""Which part of a video is analysed: a stretch of time, and regions of the picture."""

from __future__ import annotations

import math

import numpy as np

from facestats._util.spoken import read_regions
from facestats.errors import UnreadableInputError
from facestats.options import AnalyzeOptions
from facestats.types import Places, VideoInfo
from facestats.video import shown


def part_of(options: AnalyzeOptions) -> tuple[float, float]:
    """Return the first moment, and the moment before which it ends; see :class:`facestats.video.FrameSource`.

    Examples
    --------
    >>> part_of(AnalyzeOptions(from_s=1.5))
    (1.5, inf)
    """
    first_s = -math.inf if options.from_s is None else options.from_s
    return first_s, math.inf if options.to_s is None else options.to_s


def part_in_words(options: AnalyzeOptions) -> str:
    """Return the stretch of time that is analysed in words; empty for all of it.

    Examples
    --------
    >>> part_in_words(AnalyzeOptions(from_s=1.5, to_s=60.0))
    'from 1.5 s on and before 60 s'
    """
    begins = "" if options.from_s is None else f"from {options.from_s:g} s on"
    ends = "" if options.to_s is None else f"before {options.to_s:g} s"
    return " and ".join(filter(None, (begins, ends)))


def places_in(info: VideoInfo, options: AnalyzeOptions) -> Places | None:
    """Return where the regions of the options lie in a video; None if there are none.

    Raises
    ------
    UnreadableInputError
        If one lies outside the picture.

    Examples
    --------
    >>> info = VideoInfo("clip.mp4", 640, 360)
    >>> places_in(info, AnalyzeOptions(region=("left=0,0,50%,100%",))).boxes.tolist()
    [[0.0, 0.0, 320.0, 360.0]]
    """
    regions = read_regions(options.region)
    boxes = np.array([region.box(info.width, info.height) for region in regions], np.float64).reshape(-1, 4)
    for text, (left, top, right, bottom) in zip(options.region, boxes.tolist(), strict=True):
        if left >= right or top >= bottom:
            why = f"the region {text} lies outside its picture of {info.width}x{info.height}"
            raise UnreadableInputError(f"{shown(info.path)}: {why}", reason=why)
    return Places(tuple(region.name for region in regions), boxes) if regions else None
