"""One video to look at: its tables, where its pictures come from, and what of it is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from facestats._util.locations import is_remote
from facestats.clips.render import FULL_LABELS, track_lines
from facestats.errors import UsageError
from facestats.models import attributes
from facestats.models.attributes import VERDICT_COLUMNS
from facestats.plots.cuts import shot_cuts
from facestats.store.store import Store
from facestats.tables import schema
from facestats.tables.video_tables import VideoResult
from facestats.track.gaps import bridged_gap_s

#: What a person may choose to see: everything, or one attribute.
ATTRIBUTES = ("all", *VERDICT_COLUMNS)


@dataclass(frozen=True)
class Wanted:
    """Which tracks a person wants to see.

    Attributes
    ----------
    attribute : str
        One of :data:`ATTRIBUTES`.
    min_face_px : float
        Smaller tracks are left out, by the median of their boxes' shorter sides.
    min_probability : float
        Tracks whose verdict on the attribute is less probable are left out; nothing is, where that is "all".
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
        >>> Wanted(min_face_px=20).of(schema.conform("tracks")).empty
        True
        """
        kept = ~(tracks["face_px"] < self.min_face_px)
        if self.attribute != "all" and self.min_probability > 0:
            kept &= tracks[f"{VERDICT_COLUMNS[self.attribute]}_prob"] >= self.min_probability
        for column, verdict in self.verdicts.items():
            kept &= tracks[column].isna() if verdict == "not measured" else tracks[column] == verdict
        return tracks[kept.fillna(False)]


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
    """One video to look at.

    Attributes
    ----------
    videos, frames, observations, tracks, thumbnails : pandas.DataFrame
        Its tables.
    pictures : pathlib.Path or None
        The file whose frames are shown.
    is_drawn : bool
        Whether boxes are drawn in that file already: it is the annotated clip.
    note : str
        Why it is not the video itself, or that there is nothing to show; empty if it is.
    clip : pathlib.Path or None
        The annotated clip or still, if there is one on this machine.
    sequence_fps : float
        Images a second, where ``pictures`` is a folder of images.
    threshold : float
        Probability below which the expression of a moment is "unknown".

    Examples
    --------
    >>> scene = scene_of(result)  # doctest: +SKIP
    >>> scene.faces_at(12.5)  # doctest: +SKIP
    """

    videos: pd.DataFrame
    frames: pd.DataFrame
    observations: pd.DataFrame
    tracks: pd.DataFrame
    thumbnails: pd.DataFrame
    pictures: Path | None
    is_drawn: bool = False
    note: str = ""
    clip: Path | None = None
    sequence_fps: float = 25.0
    threshold: float = 0.5

    @property
    def name(self) -> str:
        """The video's file name."""
        path = str(self.videos["path"].iloc[0])
        return path if is_remote(path) else Path(path.rstrip("/")).name

    @property
    def is_still(self) -> bool:
        """Whether it is a single picture."""
        return self.videos["n_frames"].iloc[0] == 1

    @cached_property
    def cuts(self) -> list[float]:
        """Times of its shot cuts, in seconds."""
        return shot_cuts(self.frames)

    @cached_property
    def time_range(self) -> tuple[float, float]:
        """First and last second."""
        times = self.frames["time_s"]
        first = float(times.min()) if len(times) else 0.0
        length = float(self.videos["duration_s"].iloc[0])
        last = max(float(times.max()) if len(times) else 0.0, first + length if np.isfinite(length) else 0.0)
        return first, max(last, first)

    def observations_of(self, track_id: int) -> pd.DataFrame:
        """Return the observations of one track, by number; none if there is no such track."""
        if track_id not in self._by_track.groups:
            return self._rows.iloc[:0]
        return self._by_track.get_group(track_id)

    def pictures_of(self, track_ids: Iterable[int]) -> dict[int, bytes]:
        """Return the first picture (WebP) of each of these tracks, where one was kept."""
        kept = self.thumbnails[self.thumbnails["track_id"].isin(list(track_ids))].drop_duplicates("track_id")
        return {int(number): bytes(webp) for number, webp in zip(kept["track_id"], kept["image"], strict=True)}

    @cached_property
    def _by_track(self) -> Any:
        return self._rows.groupby(self._tracks_of_rows)

    @cached_property
    def _rows(self) -> pd.DataFrame:
        return self.observations.sort_values("time_s", kind="stable").reset_index(drop=True)

    @cached_property
    def _times(self) -> np.ndarray:
        return self._rows["time_s"].to_numpy(np.float64)

    @cached_property
    def _tracks_of_rows(self) -> np.ndarray:
        return self._rows["track_id"].fillna(-1).to_numpy(np.int64)

    @cached_property
    def _boxes(self) -> np.ndarray:
        return self._rows[["x", "y", "w", "h"]].to_numpy(np.float64)

    @cached_property
    def _next(self) -> np.ndarray:
        """For each row, that in which its track is seen again soon; -1 where it is not."""
        rows = pd.Series(np.arange(len(self._times)))
        later = rows.groupby(self._tracks_of_rows).shift(-1).fillna(-1).to_numpy(np.int64, copy=True)
        later[self._tracks_of_rows < 0] = -1
        later[self._times[later] - self._times > self._longest_s + 1e-6] = -1
        return later

    @cached_property
    def _sampled(self) -> np.ndarray:
        return np.sort(self.frames["time_s"].to_numpy(np.float64))

    @cached_property
    def _longest_s(self) -> float:
        return bridged_gap_s(self._sampled)

    @cached_property
    def _said(self) -> dict[int, dict[str, object]]:
        return {int(row["track_id"]): row for row in self.tracks.to_dict("records")}

    def faces_at(self, time_s: float, wanted: Wanted | None = None) -> list[Face]:
        """Return the faces at a moment; between two observations of a track its box is on the way.

        Parameters
        ----------
        time_s : float
        wanted : Wanted, optional
            Tracks that are not wanted are left out, and so are faces without a track if anything is.
        """
        if not len(self._times):
            return []
        time_s += 1e-6
        window = np.arange(
            np.searchsorted(self._times, time_s - self._longest_s), np.searchsorted(self._times, time_s, "right")
        )
        after = np.searchsorted(self._sampled, self._times[window] + 1e-6)
        until = np.append(self._sampled, np.inf)[after]
        later = self._next[window]
        until = np.where(later >= 0, self._times[later], until)
        seen = window[until > time_s]
        if wanted is not None and wanted != Wanted():
            ids = wanted.of(self.tracks)["track_id"].to_numpy(np.int64)
            seen = seen[np.isin(self._tracks_of_rows[seen], ids)]
        brief = len(seen) > FULL_LABELS
        attribute = wanted.attribute if wanted else "all"
        return [self._face(row, time_s, attribute, brief=brief) for row in seen]

    def _face(self, row: int, time_s: float, attribute: str, *, brief: bool) -> Face:
        box, later = self._boxes[row], self._next[row]
        if later >= 0:
            share = np.clip((time_s - self._times[row]) / max(self._times[later] - self._times[row], 1e-9), 0, 1)
            box = (1 - share) * box + share * self._boxes[later]
        width, height = (float(self.videos[side].iloc[0]) for side in ("width", "height"))
        shares = box / [width, height, width, height]
        track_id = int(self._tracks_of_rows[row])
        lines = [] if track_id < 0 else [f"face {track_id}"]
        if track_id >= 0:
            lines += self._lines(row, track_id, attribute)
        if brief:
            lines = [" ".join(lines[:2])] if lines else []
        return Face(None if track_id < 0 else track_id, tuple(float(v) for v in shares), tuple(lines))

    def _lines(self, row: int, track_id: int, attribute: str) -> list[str]:
        track = self._said.get(track_id, {})
        lines = []
        if attribute in ("all", "expression"):
            values = self._rows.loc[row, list(schema.probability_columns("expression"))].to_numpy(np.float64)
            if not np.isnan(values).all():
                best = int(np.nanargmax(values))
                known = values[best] >= self.threshold
                lines.append(f"{attributes.EXPRESSIONS[best]} {values[best]:.0%}" if known else "expression unknown")
        if attribute != "expression":
            wanted = {VERDICT_COLUMNS[name] for name in VERDICT_COLUMNS if attribute in ("all", name)}
            lines += track_lines({k: v for k, v in track.items() if not _is_other(k, wanted)})
        return lines


def _is_other(column: str, wanted: set[str]) -> bool:
    return column in set(VERDICT_COLUMNS.values()) - wanted


def scene_of(found: VideoResult | Store, *, threshold: float | None = None) -> Scene:
    """Return a video to look at.

    Faces that were to be made unrecognisable stay so: of a video that was analysed with ``--blur`` only the blurred
    clip is shown.

    Parameters
    ----------
    found : VideoResult or Store
        A result, or a store restricted to one video (``fs.open_store(store, video=...)``).
    threshold : float, optional
        Probability below which the expression of a moment is "unknown"; by default that of the shipped model.

    Raises
    ------
    UsageError
        If the store is not restricted to one video.
    StoreError
        If its tables are damaged.
    """
    from facestats.tables.timelines import default_threshold

    least = default_threshold() if threshold is None else threshold
    if isinstance(found, VideoResult):
        result, clip, fps = found, found.clip, 25.0
        paths = [str(result.videos["path"].iloc[0])]
    else:
        entry = found.entries().get(str(found.video_id))
        if entry is None:
            raise UsageError("name one video of the store: scene_of(fs.open_store(store, video=...))")
        result, clip = found.result(entry.video_id), found.clip_path(entry.video_id)
        fps, paths = float(entry.options.get("sequence_fps", 25.0)), list(entry.paths)
    blurred = result.blurred
    shared = {name: getattr(result, name) for name in schema.TABLES} | {"threshold": least, "sequence_fps": fps}
    there = [] if blurred else [Path(path) for path in paths if not is_remote(path) and Path(path).exists()]
    clip = clip if isinstance(clip, Path) and clip.is_file() else None
    if there:
        return Scene(**shared, pictures=there[0], clip=clip)
    gone = f"the video is not there any more ({paths[0]})" if paths else "nobody knows where the video is"
    why = "faces were to be unrecognisable" if blurred else gone
    if clip is not None:
        note = f"The annotated clip is shown: {why}."
        return Scene(**shared, pictures=clip, is_drawn=True, note=note, clip=clip)
    return Scene(**shared, pictures=None, note=f"There is no picture to show: {why}.")
