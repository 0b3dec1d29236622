"""Praat's files (``.TextGrid``), by praatio."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from facestats.errors import UnreadableInputError, UsageError
from facestats.store.annotation.intervals import INTERVAL_DTYPES
from facestats.tables.video_tables import VideoTables


def write_textgrid(tables: VideoTables, intervals: pd.DataFrame, out: Path) -> None:
    """Write intervals as a TextGrid of the length of the video; see :func:`.elan.write_eaf`.

    Examples
    --------
    >>> write_textgrid(tables, intervals_of(tables), Path("clip.TextGrid"))  # doctest: +SKIP
    """
    praatio = _praatio()
    end_s = max(round(tables.time_range[1], 3), intervals["end_s"].max() if len(intervals) else 0.0, 0.001)
    grid = praatio.Textgrid(0.0, end_s)
    for tier, rows in intervals.groupby("tier", sort=False):
        entries = list(rows[["start_s", "end_s", "label"]].itertuples(index=False, name=None))
        grid.addTier(praatio.IntervalTier(str(tier), entries, 0.0, end_s))
    if not len(intervals):  # a TextGrid without tiers is not opened
        grid.addTier(praatio.IntervalTier("no face", [(0.0, end_s, "no face")], 0.0, end_s))
    grid.save(str(out), format="long_textgrid", includeBlankSpaces=True)


def read_textgrid(path: Path) -> pd.DataFrame:
    """Return the intervals of a TextGrid, without track numbers; see :func:`.elan.read_eaf`.

    Examples
    --------
    >>> read_textgrid(Path("clip.TextGrid"))  # doctest: +SKIP
    """
    from_file = _praatio().openTextgrid
    try:
        grid = from_file(str(path), includeEmptyIntervals=False)
        rows = [
            (name, pd.NA, *entry)
            for name in grid.tierNames
            for entry in grid.getTier(name).entries
            if len(entry) == 3  # points have no length
        ]
    except (OSError, ValueError, IndexError, KeyError, _failure()) as error:
        raise UnreadableInputError(f"{path} is no TextGrid: {error}") from None
    return pd.DataFrame(rows, columns=list(INTERVAL_DTYPES)).astype(INTERVAL_DTYPES)


def _praatio() -> Any:
    try:
        from praatio import textgrid
    except ImportError:
        raise UsageError("TextGrids need praatio: pip install 'facestats[annotation]'") from None
    return textgrid


def _failure() -> type[Exception]:
    from praatio.utilities.errors import PraatioException

    return PraatioException
