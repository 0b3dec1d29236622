"""The tables of one video, as plain DataFrames, and what is said of the video as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from facestats._util import hooks
from facestats._util.locations import is_remote
from facestats.tables import schema
from facestats.tables.cuts import shot_cuts
from facestats.tables.movement import boxes_dataset
from facestats.tables.verdicts import threshold_of

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True)
class VideoTables:
    """The tables of one video; their columns stand in :mod:`facestats.tables.schema`.

    Attributes
    ----------
    videos, frames, observations, tracks, thumbnails, people : pandas.DataFrame
        ``videos`` has one row; the others may be empty but always have all columns. Where nobody asked who is who,
        ``people`` is empty though there are tracks, see :func:`facestats.tables.people.people_are_missing`.
    doubtful : pandas.DataFrame
        What may be no face, and is in none of the others.
    clip : pathlib.Path or None
        The annotated clip or still on this machine, if there is one.
    blurred : bool
        Whether faces were to be made unrecognisable: the clip is then shown in place of the video.
    thresholds : mapping of str to float
        By attribute, the probability below which the models of the analysis say "unknown"; see :meth:`threshold`.

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
    doubtful: pd.DataFrame = field(default_factory=lambda: schema.conform("doubtful"))
    clip: Path | None = None
    blurred: bool = False
    thresholds: Mapping[str, float] = field(default_factory=dict)
    people: pd.DataFrame = field(default_factory=lambda: schema.conform("people"))

    def __post_init__(self) -> None:
        hooks.call("register_accessor")

    @property
    def video_id(self) -> str:
        """The id of the video in every table."""
        return str(self.videos["video_id"].iloc[0])

    @property
    def path(self) -> str:
        """The input as it was given."""
        return str(self.videos["path"].iloc[0])

    @property
    def name(self) -> str:
        """The file name of the video; the whole address of one that lies elsewhere."""
        return self.path if is_remote(self.path) else Path(self.path.rstrip("/")).name

    @property
    def frame_size(self) -> tuple[int, int] | None:
        """Width and height of the largest frame, in pixels; None where nothing of it could be read."""
        return frame_size(self.videos)

    @property
    def status(self) -> str:
        """``"ok"``, ``"partial"`` or ``"failed"``."""
        return str(self.videos["status"].iloc[0])

    @property
    def error(self) -> str | None:
        """Why the status is not ``"ok"``; None if it is."""
        error = self.videos["error"].iloc[0]
        return None if pd.isna(error) else str(error)

    @property
    def is_still(self) -> bool:
        """Whether it is a single picture."""
        return bool(self.videos["n_frames"].fillna(0).iloc[0] == 1)

    @cached_property
    def cuts(self) -> list[float]:
        """Times of the shot cuts in seconds, ascending."""
        return shot_cuts(self.frames)

    @cached_property
    def time_range(self) -> tuple[float, float]:
        """First and last second; ``(0.0, 0.0)`` if nothing of the video could be read."""
        times = self.frames["time_s"].to_numpy(np.float64)
        length = float(self.videos["duration_s"].iloc[0])
        first = float(times.min()) if len(times) else 0.0
        return first, max(float(times.max(initial=first)), first + length if np.isfinite(length) else first)

    def threshold(self, attribute: str) -> float:
        """Return the probability below which the attribute is "unknown", see :func:`threshold_of`."""
        return threshold_of(self.thresholds, attribute)

    def to_movement(self) -> xarray.Dataset:
        """Return the tracks as an xarray dataset for movement, see :func:`facestats.tables.movement.boxes_dataset`."""
        return boxes_dataset(self.videos, self.frames, self.observations, self.tracks)

    @property
    def batches(self) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        """``frames`` and ``observations``, all at once: see :class:`facestats.analysis.pipeline.AnalyzedVideo`."""
        yield self.frames, self.observations

    def __repr__(self) -> str:
        people = f"{len(self.people):,} people, " if len(self.people) else ""
        return (
            f"VideoTables of {self.video_id}: {self.status}, {people}{len(self.tracks):,} tracks, "
            f"{len(self.observations):,} observations, {len(self.frames):,} frames\n"
            "next: result.tracks, fs.timeline(result), fs.demographics(result), fs.explore(result)"
        )

    def _repr_html_(self) -> str:
        return hooks.call("result_html", self)


def frame_size(videos: pd.DataFrame) -> tuple[int, int] | None:
    """Return width and height of the largest frame of a video, given its row of ``videos``, in pixels.

    Returns
    -------
    tuple of int or None
        None where nothing of it could be read.

    Examples
    --------
    >>> frame_size(pd.DataFrame({"width": [640], "height": [360]}))
    (640, 360)
    """
    sides = videos[["width", "height"]].iloc[0]
    return None if sides.isna().any() else (int(sides["width"]), int(sides["height"]))
