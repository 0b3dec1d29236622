"""What may be no face, taken for one by hand: a correction like others, of a row of the table ``doubtful``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from facestats._util import words
from facestats._util.naming import named
from facestats._util.spoken import moment_of
from facestats.errors import UnknownNameError, UsageError
from facestats.store.allowed import check_verdicts
from facestats.store.corrections import read_corrections, replayed, write_corrections
from facestats.store.locking import locked
from facestats.store.manifest import Entry, now, read_entry
from facestats.tables.correction import FACE, Correction, new_number

_SLACK_S = 0.05  # a page tells tenths of a second


def take_for_face(
    store: Path, entry: Entry, time_s: float | str, *, verdicts: Mapping[str, str] | None = None, reason: str = ""
) -> tuple[Correction, ...]:
    """Add the correction that what may be no face at a moment is one, and those that set its verdicts.

    Parameters
    ----------
    store : pathlib.Path
    entry : Entry
        Of the video.
    time_s : float or str
        A moment between its first and its last detection.
    verdicts : mapping of str to str
        By column of ``tracks``, a class or ``"unknown"``.
    reason : str

    Raises
    ------
    UnknownNameError
        If nothing is doubtful then, or there is no such class; nothing is corrected then.
    UsageError
        If several things are doubtful, and none of them just then.
    BusyError
        If a run is writing to the store.
    OutputError
        If the store cannot be written.

    Examples
    --------
    >>> take_for_face(store.path, entry, 12.4)  # doctest: +SKIP
    """
    time_s, verdicts = moment_of(time_s, named("time_s", "--face-at")), dict(verdicts or {})
    check_verdicts(verdicts)
    with locked(store):
        present = read_entry(store, entry.video_id) or entry
        before = read_corrections(store, entry.video_id)
        found = replayed(store, present, before)
        taken = [
            found.track_ids[each.number] for each in before if each.what == FACE and each.number in found.track_ids
        ]
        row = _row_at(found.tables, time_s, entry.video_id, taken)
        number = new_number(found.tables["observations"]["track_id"].dropna(), before)
        first = max((each.number for each in before), default=0) + 1
        at_s, x, y, w, h = (float(row[name]) for name in ("time_s", "x", "y", "w", "h"))
        place, reason = ((at_s, x, y, w, h),), str(reason).strip()
        made = tuple(
            Correction(first + k, number, what, value, at_s, reason, now(), present.run, place)
            for k, (what, value) in enumerate([(FACE, None), *verdicts.items()])
        )
        write_corrections(store, entry.video_id, (*before, *made))
    return made


def _row_at(tables: Mapping[str, pd.DataFrame], time_s: float, video_id: str, taken: list[int]) -> pd.Series:
    """Return the row of ``doubtful`` at a moment, or refuse; ``taken`` are faces that stood there before."""
    doubtful = tables["doubtful"]
    there = doubtful[_covers(doubtful, time_s)]
    if there.empty:
        tracks = tables["tracks"]
        face = tracks[tracks["track_id"].isin(taken) & _covers(tracks, time_s)]["track_id"]
        if len(face):
            raise UsageError(
                f"what was doubtful in {video_id} at {words.moment(time_s)} is face {face.iloc[0]} already"
            )
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


def _covers(table: pd.DataFrame, time_s: float) -> pd.Series:
    return (table["start_s"] - _SLACK_S <= time_s) & (time_s <= table["end_s"] + _SLACK_S)
