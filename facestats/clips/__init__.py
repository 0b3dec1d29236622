"""Annotated clips and stills: the stored tables drawn over the frames they speak of."""

from facestats.clips.render import annotate_image, annotate_video, write_clip

__all__ = ["annotate_image", "annotate_video", "write_clip"]
