"""One video in the explorer: its tables, where its pictures come from, and which of its tracks are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from facestats._util.locations import is_remote
from facestats.errors import UsageError
from facestats.models.attributes import VERDICT_COLUMNS, lasting_attributes, measure_column
from facestats.store.store import Store
from facestats.tables.labels import (
    FULL_LABELS,
    color_of_track,
    expression_lines,
    face_color,
    label_lines,
    name_of,
    pose_lines,
    verdict_lines,
)
from facestats.tables.presence import Presence, Samples
from facestats.tables.video_tables import VideoTables


def attribute_choices() -> tuple[str, ...]:
    """Return what labels and colours may tell: one attribute, or ``"all"``.

    Examples
    --------
    >>> attribute_choices()
    ('all', 'gender', 'age', 'expression', 'makeup')
    """
    return ("all", *VERDICT_COLUMNS)


@dataclass(frozen=True)
class Wanted:
    """Which tracks a person wants to see.

    Attributes
    ----------
    attribute : str
        One of :func:`attribute_choices`.
    min_face_px : float
        Smaller tracks are left out, by the median of their boxes' shorter sides.
    min_probability : float
        Tracks whose verdict on the attribute is less probable are left out, or, of the expression, has a smaller
        share of their time; nothing is, where the attribute is "all".
    verdicts : mapping of str to str
        By column of ``tracks``: the only verdict wanted; "unknown" and "not measured" are among those that may be.
    """

    attribute: str = "all"
    min_face_px: float = 0.0
    min_probability: float = 0.0
    verdicts: Mapping[str, str] = field(default_factory=dict)

    def of(self, tracks: pd.DataFrame) -> pd.DataFrame:
        """Return the tracks that are wanted.

        Examples
        --------
        >>> from facestats.tables import schema
        >>> Wanted(min_face_px=20).of(schema.conform("tracks")).empty
        True
        """
        fits = ~(tracks["face_px"] < self.min_face_px)
        if self.attribute != "all" and self.min_probability > 0:
            fits &= tracks[measure_column(self.attribute)] >= self.min_probability
        for column, verdict in self.verdicts.items():
            fits &= tracks[column].isna() if verdict == "not measured" else tracks[column] == verdict
        return tracks[fits.fillna(False)]


@dataclass(frozen=True)
class Face:
    """A face at a moment.

    Attributes
    ----------
    track_id : int or None
    box : tuple of float
        x, y, width, height, as shares of the picture's width and height.
    lines : tuple of str
        What is said of it.
    """

    track_id: int | None
    box: tuple[float, float, float, float]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Scene:
    """One video in the explorer.

    Attributes
    ----------
    tables : VideoTables
        ``tables.clip`` is the annotated clip or still, if there is one on this machine.
    pictures : pathlib.Path or None
        The file whose frames are shown.
    is_drawn : bool
        Whether boxes are drawn in that file already: it is the annotated clip.
    note : str
        Why it is not the video itself, or that there is nothing to show; empty if it is.
    sequence_fps : float
        Images a second, where ``pictures`` is a folder of images.

    Examples
    --------
    >>> scene = scene_of(result)  # doctest: +SKIP
    >>> scene.faces_at(12.5)  # doctest: +SKIP
    """

    tables: VideoTables
    pictures: Path | None
    is_drawn: bool = False
    note: str = ""
    sequence_fps: float = 25.0

    @property
    def tracks(self) -> pd.DataFrame:
        """Its ``tracks`` table."""
        return self.tables.tracks

    def observations_of(self, track_id: int) -> pd.DataFrame:
        """Return the observations of one track, by number; none if there is no such track."""
        return self._by_track.get(track_id, self._rows.iloc[:0])

    def pictures_of(self, track_ids: Iterable[int]) -> dict[int, bytes]:
        """Return the first picture (WebP) of each of these tracks that has one."""
        thumbnails = self.tables.thumbnails
        first = thumbnails[thumbnails["track_id"].isin(list(track_ids))].drop_duplicates("track_id")
        return {int(number): bytes(webp) for number, webp in zip(first["track_id"], first["image"], strict=True)}

    @cached_property
    def _by_track(self) -> dict[int, pd.DataFrame]:
        # Not get_group(): pandas 3.1 does not find the only group of a table of one row.
        return {int(track): rows for track, rows in self._rows.groupby(self._presence.tracks)}

    @cached_property
    def _rows(self) -> pd.DataFrame:
        return self.tables.observations.sort_values("time_s", kind="stable").reset_index(drop=True)

    @cached_property
    def _presence(self) -> Presence:
        return Presence.of(self._rows, Samples.of(self.tables.frames))

    @cached_property
    def _tracks_by_id(self) -> dict[int | None, dict[Any, Any]]:
        return {int(row["track_id"]): row for row in self.tracks.to_dict("records")}

    def faces_at(self, time_s: float, wanted: Wanted | None = None) -> list[Face]:
        """Return the faces at a moment, see :mod:`facestats.tables.presence`.

        Parameters
        ----------
        time_s : float
        wanted : Wanted, optional
            Tracks that are not wanted are left out, and so are faces without a track if anything is.
        """
        wanted = wanted or Wanted()
        rows = self._presence.rows_at(time_s)
        if wanted != Wanted():
            ids = wanted.of(self.tracks)["track_id"].to_numpy(np.int64)
            rows = rows[np.isin(self._presence.tracks[rows], ids)]
        brief = len(rows) > FULL_LABELS
        return [self._face(row, time_s, wanted.attribute, brief=brief) for row in rows]

    def _face(self, row: int, time_s: float, attribute: str, *, brief: bool) -> Face:
        x1, y1, x2, y2 = self._presence.box_at(row, time_s)
        width, height = (float(self.tables.videos[side].iloc[0]) for side in ("width", "height"))
        track_id = self._presence.track_at(row)
        name = None if track_id is None else name_of(self._tracks_by_id.get(track_id, {"track_id": track_id}))
        lines = label_lines(name, self._lines(row, track_id, attribute), brief=brief)
        return Face(track_id, (x1 / width, y1 / height, (x2 - x1) / width, (y2 - y1) / height), lines)

    def color_at(self, face: Face) -> tuple[int, int, int]:
        """Return the colour of a face, see :func:`facestats.tables.labels.color_of_track`."""
        if face.track_id is None:
            return face_color(None)
        return color_of_track(self._tracks_by_id.get(face.track_id, {"track_id": face.track_id}))

    def _lines(self, row: int, track_id: int | None, attribute: str) -> list[str]:
        chosen = [name for name in lasting_attributes() if attribute in ("all", name)]
        lines = list(verdict_lines(self._tracks_by_id.get(track_id, {}), chosen))
        if attribute == "all":
            lines += pose_lines(self._rows.iloc[row])
        if attribute in ("all", "expression"):
            (expression,) = expression_lines(self._rows.iloc[[row]], self.tables.threshold("expression"))
            lines = [expression, *lines] if expression else lines
        return lines


def scene_of(found: VideoTables | Store, *, threshold: float | None = None) -> Scene:
    """Return a video for the widgets.

    Faces that were to be made unrecognisable stay so: of a video that was analysed with ``--blur`` only the blurred
    clip is shown.

    Parameters
    ----------
    found : VideoTables or Store
        A result, or a store restricted to one video (``fs.open_store(store, video=...)``).
    threshold : float, optional
        Probability below which the expression of a moment is "unknown"; by default that stored with the results.

    Raises
    ------
    UsageError
        If the store is not restricted to one video.
    StoreError
        If its tables are damaged.
    """
    if isinstance(found, VideoTables):
        tables, fps, paths = found, 25.0, [found.path]
    else:
        entry = found.entries().get(str(found.video_id))
        if entry is None:
            raise UsageError("name one video of the store: scene_of(fs.open_store(store, video=...))")
        tables = found.result(entry.video_id)
        fps, paths = float(entry.options.get("sequence_fps", 25.0)), list(entry.paths)
    if threshold is not None:
        tables = replace(tables, thresholds={**tables.thresholds, "expression": threshold})
    if tables.clip is not None and not tables.clip.is_file():
        tables = replace(tables, clip=None)
    there = [] if tables.blurred else [Path(path) for path in paths if not is_remote(path) and Path(path).exists()]
    if there:
        return Scene(tables, there[0], sequence_fps=fps)
    gone = f"the video is not there any more ({paths[0]})" if paths else "nobody knows where the video is"
    why = "faces were to be unrecognisable" if tables.blurred else gone
    if tables.clip is not None:
        note = f"The annotated clip is shown: {why}."
        return Scene(tables, tables.clip, is_drawn=True, note=note, sequence_fps=fps)
    return Scene(tables, None, note=f"There is no picture to show: {why}.", sequence_fps=fps)
