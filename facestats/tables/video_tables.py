"""What an analysis of one video gives back: the five tables, as plain DataFrames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from facestats._util import hooks


@dataclass(frozen=True)
class VideoResult:
    """The tables of one video; their columns stand in :mod:`facestats.tables.schema`.

    Attributes
    ----------
    videos, frames, observations, tracks, thumbnails : pandas.DataFrame
        ``videos`` has one row; the others may be empty but always have all columns.
    clip : pathlib.Path or None
        The annotated clip or still, if one was written.
    blurred : bool
        Whether faces were to be made unrecognisable: whoever shows the video shows the clip instead.

    Examples
    --------
    >>> import facestats as fs
    >>> fs.analyze("clip.mp4").tracks  # doctest: +SKIP
    """

    videos: pd.DataFrame
    frames: pd.DataFrame
    observations: pd.DataFrame
    tracks: pd.DataFrame
    thumbnails: pd.DataFrame
    clip: Path | None = None
    blurred: bool = False

    def __post_init__(self) -> None:
        hooks.call("register_accessor")

    @property
    def batches(self) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        """``frames`` and ``observations``, all at once: see :class:`facestats.analysis.pipeline.AnalyzedVideo`."""
        yield self.frames, self.observations

    @property
    def video_id(self) -> str:
        """The id of the video in every table."""
        return str(self.videos["video_id"].iloc[0])

    @property
    def status(self) -> str:
        """``"ok"``, ``"partial"`` or ``"failed"``."""
        return str(self.videos["status"].iloc[0])

    @property
    def error(self) -> str | None:
        """Why the status is not ``"ok"``; None if it is."""
        error = self.videos["error"].iloc[0]
        return None if pd.isna(error) else str(error)

    def __repr__(self) -> str:
        return (
            f"VideoResult of {self.video_id}: {self.status}, {len(self.tracks):,} tracks, "
            f"{len(self.observations):,} observations, {len(self.frames):,} frames"
        )

    def _repr_html_(self) -> str:
        return hooks.call("result_html", self)
