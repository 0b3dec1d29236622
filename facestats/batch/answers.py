"""What a job is, what it may answer, and what is done with the answer: each kind is one method of the desk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from facestats.analysis.progress import Progress, Report
from facestats.analysis.sampling import FrameCallback
from facestats.analysis.stages import Stages
from facestats.batch.plan import Task
from facestats.errors import CameraError, MissingInputError, UnreadableInputError
from facestats.store.manifest import Entry
from facestats.types import Float32
from facestats.video.discovery import Input
from facestats.video.identity import Content
from facestats.video.spans import Span

#: What goes wrong with an input, and not with the program or the store.
INPUT_ERRORS = (UnreadableInputError, MissingInputError, CameraError)


@dataclass(frozen=True)
class Bench:
    """What a job is run with.

    Attributes
    ----------
    stages : Stages
    report : callable
        See :data:`facestats.analysis.progress.Report`.
    on_frame : callable, optional
        See :data:`facestats.analysis.sampling.FrameCallback`.
    splits : bool
        Whether a long video comes back as chunks, for several workers to analyse.
    answers_stay_in_memory : bool
        Whether nothing between this process and the run may put an answer on a disk.
    """

    stages: Stages
    report: Report
    on_frame: FrameCallback | None = None
    splits: bool = False
    answers_stay_in_memory: bool = True


class Desk(Protocol):
    """Takes the answers of jobs; see :class:`facestats.batch.queue.Queue`."""

    def identified(self, item: Input, content: Content) -> None:
        """Note what an input holds."""

    def unread(self, item: Input, why: str) -> None:
        """Note that an input could not be read so far as to know what it holds."""

    def split(self, task: Task, chunks: Chunks) -> None:
        """Have a video analysed in chunks."""

    def sampled(self, task: Task, number: int, done: Sampled) -> None:
        """Note that a chunk is done."""

    def lost_chunk(self, task: Task, why: str) -> None:
        """Note that a chunk cannot be analysed, and so its video."""

    def finished(self, task: Task, outcome: Outcome) -> None:
        """Note what became of a video."""

    def give_up(self, task: Task, why: str) -> None:
        """Note that a video cannot be analysed, or drawn."""

    def progressed(self, item: Input, progress: Progress) -> None:
        """Note how far an input is."""

    def progressed_chunk(self, task: Task, number: int, n_frames: int) -> None:
        """Note how far a chunk is."""


class Job(Protocol):
    """Something to be done with an input; plain data that can be pickled."""

    @property
    def item(self) -> Input:
        """The input."""

    def run(self, bench: Bench) -> Answer:
        """Do it, wherever this process is."""

    def give_up(self, why: str, desk: Desk) -> None:
        """Tell the desk that it could not be done."""

    def progressed(self, progress: Progress, desk: Desk) -> None:
        """Tell the desk how far it is."""


class OfVideo(Job, Protocol):
    """A job of a video whose task is known."""

    @property
    def task(self) -> Task:
        """What is to be done with the video."""


class OfChunk(OfVideo, Protocol):
    """A job of one chunk of a video."""

    @property
    def number(self) -> int:
        """Which chunk, from 0."""


class Answer(Protocol):
    """What a job returns."""

    def settle(self, job: Job, desk: Desk) -> None:
        """Give it to the desk."""


def perform(job: Job, bench: Bench) -> Answer:
    """Run a job; what is wrong with its input is an answer too.

    Raises
    ------
    OutputError
        If the store cannot be written.

    Examples
    --------
    >>> perform(HashJob(Input("camera:0")), bench)  # doctest: +SKIP
    Identified(content=Content(sha256=None, mark=''))
    """
    try:
        return job.run(bench)
    except INPUT_ERRORS as error:
        return Lost(error.reason)


@dataclass(frozen=True)
class Lost:
    """The job could not be done, and ``why``: its worker hung or crashed, or the input cannot be read."""

    why: str

    def settle(self, job: Job, desk: Desk) -> None:
        """See :class:`Answer`."""
        job.give_up(self.why, desk)


@dataclass(frozen=True)
class Identified:
    """The content of an input is known."""

    content: Content

    def settle(self, job: Job, desk: Desk) -> None:
        """See :class:`Answer`."""
        desk.identified(job.item, self.content)


@dataclass(frozen=True)
class Chunks:
    """The video is long, and can be analysed in chunks.

    Attributes
    ----------
    spans : tuple of Span
        Of the chunks.
    n_frames : int or None
        How many frames the container announces.
    """

    spans: tuple[Span, ...]
    n_frames: int | None

    def settle(self, job: OfVideo, desk: Desk) -> None:
        """See :class:`Answer`."""
        desk.split(job.task, self)


@dataclass(frozen=True)
class Sampled:
    """The faces in a chunk were found.

    Attributes
    ----------
    n_frames : int
        How many were decoded for that.
    embeddings : numpy.ndarray or None
        float32 (P, D), of the chunk's chosen faces. They go from process to process, and are never written: None where
        they would be, or where the chunk was found by a run that has ended, or nobody asks for people.
    """

    n_frames: int
    embeddings: Float32 | None = field(default=None, repr=False, compare=False)

    def settle(self, job: OfChunk, desk: Desk) -> None:
        """See :class:`Answer`."""
        desk.sampled(job.task, job.number, self)


@dataclass(frozen=True)
class Outcome:
    """The video is done: its entry, and what went wrong, a line each."""

    entry: Entry
    trouble: tuple[str, ...] = ()

    def settle(self, job: OfVideo, desk: Desk) -> None:
        """See :class:`Answer`."""
        desk.finished(job.task, self)
