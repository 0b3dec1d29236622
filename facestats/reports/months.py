"""How a collection went from month to month: videos, faces and expressions, of what the list of reports knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from facestats._util import words
from facestats.models.attributes import EXPRESSIONS
from facestats.reports.summary import Summary


@dataclass(frozen=True)
class Month:
    """The videos of one month.

    Attributes
    ----------
    name : str
        ``"2026-11"``.
    n_videos, n_faces : int
    shares : mapping of str to float
        Of the time in which faces were seen in each expression; empty where it was not measured.
    """

    name: str
    n_videos: int
    n_faces: int
    shares: Mapping[str, float]


def months_of(summaries: Iterable[Summary]) -> tuple[list[Month], str]:
    """Return the months of some videos, the newest first, and which day of a video counts; nothing if it is one month.

    A video counts in the month of its recording if most files tell when that was, and is left out if its own does not;
    else in the month of its analysis. A month without a video is not there.

    Examples
    --------
    >>> months, note = months_of([Summary(analysed_on="2026-10-31"), Summary(analysed_on="2026-11-02", n_faces=3)])
    >>> [(month.name, month.n_faces) for month in months], note
    ([('2026-11', 3), ('2026-10', 0)], 'By the month of analysis.')
    """
    known = list(summaries)
    recorded = [each for each in known if each.recorded_on]
    by_recording = len(recorded) > len(known) / 2
    found: dict[str, list[Summary]] = {}
    for each in recorded if by_recording else known:
        if day := each.recorded_on if by_recording else each.analysed_on:
            found.setdefault(day[:7], []).append(each)
    if len(found) < 2:
        return [], ""
    note = f"By the month of {'recording' if by_recording else 'analysis'}."
    if by_recording and (n := len(known) - len(recorded)):
        telling = f"{words.count(n, 'video')} {'does' if n == 1 else 'do'} not tell when that was"
        note += f" {words.sentence(telling)}"
    return [_month(name, found[name]) for name in sorted(found, reverse=True)], note


def _month(name: str, videos: list[Summary]) -> Month:
    measured = [each for each in videos if each.shares]
    seen_s = sum(each.seen_s for each in measured)
    shares = {
        expression: sum(each.seen_s * each.shares.get(expression, 0.0) for each in measured) / seen_s
        for expression in (EXPRESSIONS if measured else ())
    }
    return Month(name, len(videos), sum(each.n_faces for each in videos), shares)
