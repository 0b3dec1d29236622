"""What may be no face, taken for one by hand: a correction like others, of a row of the table ``doubtful``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from facestats._util import words
from facestats.errors import UnknownNameError, UsageError
from facestats.store.corrections import read_corrections, replayed, write_corrections
from facestats.store.locking import locked
from facestats.store.manifest import Entry, now, read_entry
from facestats.tables.corrections import FACE, Correction, new_number

_SLACK_S = 0.05  # a page tells tenths of a second


def take_for_face(store: Path, entry: Entry, time_s: float, *, reason: str = "") -> Correction:
    """Add the correction that what may be no face at a moment is one; it counts as a face from now on.

    Parameters
    ----------
    store : pathlib.Path
    entry : Entry
        Of the video.
    time_s : float
        A moment between its first and its last detection.
    reason : str

    Raises
    ------
    UnknownNameError
        If nothing is doubtful then.
    UsageError
        If several things are, and none of them just then.
    BusyError
        If a run is writing to the store.
    OutputError
        If the store cannot be written.

    Examples
    --------
    >>> take_for_face(store.path, entry, 12.4)  # doctest: +SKIP
    """
    with locked(store):
        present = read_entry(store, entry.video_id) or entry
        before = read_corrections(store, entry.video_id)
        tables = replayed(store, present, before).tables
        row = _row_at(tables["doubtful"], time_s, entry.video_id)
        number = new_number(tables["observations"]["track_id"].dropna(), before)
        first = max((each.number for each in before), default=0) + 1
        at_s, x, y, w, h = (float(row[name]) for name in ("time_s", "x", "y", "w", "h"))
        made = Correction(first, number, FACE, None, at_s, reason.strip(), now(), present.run, ((at_s, x, y, w, h),))
        write_corrections(store, entry.video_id, (*before, made))
    return made


def _row_at(doubtful: pd.DataFrame, time_s: float, video_id: str) -> pd.Series:
    starts, ends = doubtful["start_s"] - _SLACK_S, doubtful["end_s"] + _SLACK_S
    there = doubtful[(starts <= time_s) & (time_s <= ends)]
    if there.empty:
        spans = doubtful[["start_s", "end_s"]].head(10).to_numpy(np.float64)
        known = [words.span(start, end) for start, end in spans.tolist()]
        said = f"what is doubtful is there from {', '.join(known)}" if known else "nothing in this video is"
        raise UnknownNameError(f"nothing is doubtful in {video_id} at {words.moment(time_s)}: {said}")
    apart = np.sort((there["time_s"] - time_s).abs().to_numpy(np.float64))
    if len(there) > 1 and (apart[0] > _SLACK_S or apart[1] <= _SLACK_S):
        surest = ", ".join(f"{each:.2f}" for each in there["time_s"])
        raise UsageError(
            f"{len(there)} things are doubtful at {words.moment(time_s)}: give the moment of one, {surest} s"
        )
    return there.iloc[int((there["time_s"] - time_s).abs().to_numpy(np.float64).argmin())]
