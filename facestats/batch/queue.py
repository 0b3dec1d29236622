"""Who does what next: inputs, videos and stretches of them are handed to a crew, to whom any of them may be lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from facestats.batch.jobs import Answer, Join, Look, Lost, Outcome, Split, Unit, Work
from facestats.batch.plan import Content
from facestats.batch.progress import Bars
from facestats.video.discovery import Input


class Progress(NamedTuple):
    """How far a piece of work is: what is done, frames done, and how many there may be."""

    doing: str
    n_done: int
    n_expected: int | None


class Crew(Protocol):
    """Those who work side by side."""

    def free(self) -> int:
        """Return how many more pieces of work can be given."""

    def give(self, work: Work) -> None:
        """Give a piece of work to whoever is free."""

    def next(self) -> tuple[Work, Answer | Progress]:
        """Wait for the next thing that anyone has to say of the work given: how far it is, or its end.

        Raises
        ------
        FacestatsError
            If no work can go on, for a reason that holds for all of it: a full disk, a model that is damaged.
        """


class Desk(Protocol):
    """Where it is known what is to be done, and where it is noted what became of it."""

    def take(self) -> Input | Unit | None:
        """Return an input that is to be read, or analysed; None if there is none now."""

    def read(self, item: Input, answer: Content | Lost) -> None:
        """Note what an input holds, after which there may be more to take."""

    def done(self, unit: Unit, outcome: Outcome) -> None:
        """Note what became of a video."""

    def give_up(self, unit: Unit, why: str) -> None:
        """Note that a video cannot be analysed."""


@dataclass
class _Pieces:
    """A video that is done in pieces."""

    split: Split
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    n_done: dict[int, int] = field(default_factory=dict)  # frames, by stretch
    finished: set[int] = field(default_factory=set)


def dispatch(crew: Crew, desk: Desk, bars: Bars) -> None:
    """Let a crew do all that is to be done.

    Parameters
    ----------
    crew : Crew
    desk : Desk
    bars : Bars
        Show how far each video is.

    Raises
    ------
    FacestatsError
        See :meth:`Crew.next`.
    """
    ready: deque[Work] = deque()
    pieces: dict[str, _Pieces] = {}  # by video
    n_given = 0
    while True:
        while crew.free() and (work := ready.popleft() if ready else desk.take()) is not None:
            crew.give(work)
            n_given += 1
        if not n_given:
            return
        work, answer = crew.next()
        if isinstance(answer, Progress):
            _show(bars, work, answer, pieces)
            continue
        n_given -= 1
        ready.extendleft(reversed(list(_further(work, answer, desk, pieces))))
        if isinstance(work, Look) and isinstance(answer, Lost):  # the rest of the video is of no use
            ready = deque(each for each in ready if not (isinstance(each, Look) and each.unit == work.unit))


def _further(work: Work, answer: Answer, desk: Desk, pieces: dict[str, _Pieces]) -> Iterator[Work]:
    """Note an answer, and yield what is to be done next of the same video."""
    if isinstance(work, Input):
        desk.read(work, answer)
        return
    unit = work if isinstance(work, Unit) else work.unit
    video = unit.task.video_id
    if isinstance(work, Look) and video not in pieces:  # it was given up meanwhile
        return
    if isinstance(answer, Lost):
        pieces.pop(video, None)
        desk.give_up(unit, answer.why)
    elif isinstance(answer, Split):
        pieces[video] = _Pieces(answer)
        yield from (Look(unit, number, span) for number, span in enumerate(answer.spans))
    elif isinstance(work, Look):
        known = pieces[video]
        known.finished.add(work.number)
        known.n_done[work.number] = answer
        if len(known.finished) == len(known.split.spans):
            del pieces[video]
            yield Join(unit, len(known.split.spans), known.started_at)
    else:
        desk.done(unit, answer)


def _show(bars: Bars, work: Work, told: Progress, pieces: dict[str, _Pieces]) -> None:
    if isinstance(work, Look):
        known = pieces.get(work.unit.task.video_id)
        if known is None:
            return
        known.n_done[work.number] = told.n_done
        told = Progress(told.doing, sum(known.n_done.values()), known.split.n_frames)
    item = work if isinstance(work, Input) else (work if isinstance(work, Unit) else work.unit).task.item
    bars.report(item.shown, *told)
