"""What was chosen in an explorer, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from facestats.widgets.scene import Scene


@dataclass(frozen=True)
class Selection:
    """What was chosen in an explorer.

    Attributes
    ----------
    tracks : pandas.DataFrame
        The chosen rows of ``tracks``; if none was chosen, all that fit the filters, as far as they touch the span.
    observations : pandas.DataFrame
        Their observations within the span.
    span : tuple of float
        First and last second: the span, or the whole video if none was chosen.
    """

    tracks: pd.DataFrame
    observations: pd.DataFrame
    span: tuple[float, float]

    def __repr__(self) -> str:
        start_s, end_s = self.span
        return (
            f"Selection: {len(self.tracks):,} tracks, {len(self.observations):,} observations, "
            f"from {start_s:.2f} s to {end_s:.2f} s"
        )


def selected(scene: Scene, tracks: pd.DataFrame, span: Sequence[float]) -> Selection:
    """Return those of some tracks of a video that touch a span, with their observations within it.

    Parameters
    ----------
    scene : Scene
    tracks : pandas.DataFrame
        Rows of its ``tracks``.
    span : sequence of float
        First and last second.

    Examples
    --------
    >>> selected(scene, scene.tracks, (1.0, 4.0))  # doctest: +SKIP
    """
    start_s, end_s = float(span[0]), float(span[1])
    tracks = tracks[(tracks["end_s"] >= start_s) & (tracks["start_s"] <= end_s)]
    seen = scene.tables.observations
    within = seen["time_s"].between(start_s, end_s) & seen["track_id"].isin(tracks["track_id"])
    return Selection(tracks.reset_index(drop=True), seen[within].reset_index(drop=True), (start_s, end_s))
