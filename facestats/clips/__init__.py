"""Annotated clips and stills: the stored tables drawn over the frames they speak of."""

from facestats.clips.render import Annotator, write_clip

__all__ = ["Annotator", "write_clip"]
