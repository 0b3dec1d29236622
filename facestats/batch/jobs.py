"""What is handed to whoever works, here or elsewhere, and what comes back: plain data that can be pickled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from facestats.batch.plan import Content, Task
from facestats.options import AnalyzeOptions
from facestats.store.manifest import Entry
from facestats.video.discovery import Input
from facestats.video.spans import Span


@dataclass(frozen=True)
class Unit:
    """A task with all that is needed to do it anywhere.

    Attributes
    ----------
    task : Task
    options : AnalyzeOptions
    store : str
        The folder or address of the store.
    may_split : bool
        Whether a long video is to be given back, to be done in pieces.
    """

    task: Task
    options: AnalyzeOptions
    store: str
    may_split: bool = False


@dataclass(frozen=True)
class Split:
    """What a unit gives back whose video is long: the stretches that it can be done in.

    Attributes
    ----------
    spans : tuple of Span
    n_frames : int or None
        How many frames the container announces.
    """

    spans: tuple[Span, ...]
    n_frames: int | None


@dataclass(frozen=True)
class Look:
    """One stretch of a unit's video, to be looked at.

    Attributes
    ----------
    unit : Unit
    number : int
    span : Span
    """

    unit: Unit
    number: int
    span: Span


@dataclass(frozen=True)
class Join:
    """A unit whose video has been looked at, in so many stretches.

    Attributes
    ----------
    unit : Unit
    n : int
    started_at : datetime.datetime
        UTC.
    """

    unit: Unit
    n: int
    started_at: datetime


@dataclass(frozen=True)
class Outcome:
    """What became of a unit.

    Attributes
    ----------
    entry : Entry
    trouble : tuple of str
        What went wrong, a line each.
    """

    entry: Entry
    trouble: tuple[str, ...]


@dataclass(frozen=True)
class Lost:
    """What is known of a piece of work that could not be done: its worker hung or crashed, or the video has gone.

    Attributes
    ----------
    why : str
        In a few words.
    """

    why: str


#: What may be asked of a worker.
Work = Input | Unit | Look | Join

#: What it may answer: the content of an input; what became of a unit; how many frames of a stretch were looked at.
Answer = Content | Outcome | Split | int | Lost
