"""Sources of frames with their true times, and the writer of clips."""

from facestats.video.base import DecodedFrame, FrameSource
from facestats.video.images import IMAGE_SUFFIXES, natural_key, read_image
from facestats.video.names import shown
from facestats.video.opening import VIDEO_SUFFIXES, is_image, is_live, open_source
from facestats.video.sampling import Sampler
from facestats.video.writer import ClipWriter

__all__ = [
    "IMAGE_SUFFIXES",
    "VIDEO_SUFFIXES",
    "ClipWriter",
    "DecodedFrame",
    "FrameSource",
    "Sampler",
    "is_image",
    "is_live",
    "natural_key",
    "open_source",
    "read_image",
    "shown",
]
