"""Which job is next: inputs are hashed, videos analysed or drawn, long ones in chunks; copies are found in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from facestats.analysis.progress import Act, Progress
from facestats.batch.answers import Chunks, Job, Outcome, Sampled
from facestats.batch.jobs import AnalyzeJob, ChunkJob, DrawJob, HashJob, JoinJob, VideoJob
from facestats.batch.ledger import Ledger
from facestats.batch.plan import Action, Planner, Task
from facestats.batch.pool import Pool
from facestats.types import Float32
from facestats.video.discovery import Input
from facestats.video.identity import Content

#: The job of each action; the other actions need none.
_JOBS: dict[Action, type[VideoJob]] = {Action.ANALYZE: AnalyzeJob, Action.DRAW: DrawJob}


@dataclass
class _Chunked:
    """A video that is analysed in chunks."""

    chunks: Chunks
    waiting: deque[ChunkJob]
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    n_frames: dict[int, int] = field(default_factory=dict)  # decoded so far, by chunk
    finished: set[int] = field(default_factory=set)
    embeddings: dict[int, Float32] = field(default_factory=dict)  # in memory alone


@dataclass(frozen=True)
class _Known:
    """What came of reading an input: its content, or why it could not be read in time."""

    item: Input
    content: Content
    why: str | None = None


class Queue:
    """The jobs of a run in their order; takes their answers, after which there may be more jobs.

    Parameters
    ----------
    planner : Planner
    ledger : Ledger
    place : str
        The folder or address of the store.

    Examples
    --------
    >>> queue = Queue(planner, ledger, "store")  # doctest: +SKIP
    >>> queue.add([Input("a.mp4")])  # doctest: +SKIP
    >>> queue.take()  # doctest: +SKIP
    HashJob(item=Input(path='a.mp4', is_sequence=False))
    """

    def __init__(self, planner: Planner, ledger: Ledger, place: str) -> None:
        self._planner, self._ledger, self._place = planner, ledger, place
        # Inputs that nobody has read yet; those whose turn to be decided about has not come, and what is known of them.
        self._waiting: deque[Input] = deque()
        self._undecided: deque[Input] = deque()
        self._known: dict[str, _Known] = {}
        self._ready: deque[Job] = deque()
        self._chunked: dict[str, _Chunked] = {}  # by video
        self._joins: deque[Job] = deque()

    def add(self, items: Iterable[Input]) -> None:
        """Put inputs behind those that there are."""
        self._waiting.extend(items)

    def take(self) -> Job | None:
        """Return the next job; None if there is none now.

        What is begun is finished first.
        """
        if self._joins:
            return self._joins.popleft()
        for video in self._chunked.values():
            if video.waiting:
                return video.waiting.popleft()
        while not self._ready and self._waiting:
            item = self._waiting.popleft()
            self._undecided.append(item)
            content = self._planner.known_content(item)
            if content is None:
                return HashJob(item)
            self.identified(item, content)
        return self._ready.popleft() if self._ready else None

    # -- answers, see `facestats.batch.answers.Desk` ---------------------------------------------------------------

    def identified(self, item: Input, content: Content) -> None:
        """Note what an input holds, and decide about all inputs before the first that is not known yet."""
        self._decide(_Known(item, content))

    def unread(self, item: Input, why: str) -> None:
        """Note that an input could not be read so far as to know what it holds."""
        self._decide(_Known(item, Content(None), why))

    def _decide(self, known: _Known) -> None:
        # In the order of the inputs: the first of several copies gives its name, whichever is read first.
        self._known[known.item.path] = known
        while self._undecided and self._undecided[0].path in self._known:
            known = self._known.pop(self._undecided.popleft().path)
            task = self._planner.decide(known.item, known.content)
            self._ledger.decided(task)
            kind = _JOBS.get(task.action)
            if kind is not None and known.why is not None:
                self._ledger.give_up(task, known.why)
            elif kind is not None:
                self._ready.append(kind(task, self._place))

    def split(self, task: Task, chunks: Chunks) -> None:
        """Have a video analysed in chunks."""
        jobs = (ChunkJob(task, self._place, number, span) for number, span in enumerate(chunks.spans))
        self._chunked[task.video_id] = _Chunked(chunks, deque(jobs))

    def sampled(self, task: Task, number: int, done: Sampled) -> None:
        """Note that a chunk is done; after the last one the video is joined."""
        video = self._chunked.get(task.video_id)
        if video is None:  # it was given up meanwhile
            return
        video.finished.add(number)
        video.n_frames[number] = done.n_frames
        if done.embeddings is not None:
            video.embeddings[number] = done.embeddings
        spans = video.chunks.spans
        if len(video.finished) == len(spans):
            del self._chunked[task.video_id]
            self._joins.append(JoinJob(task, self._place, spans, video.started_at, video.embeddings))

    def lost_chunk(self, task: Task, why: str) -> None:
        """Give a video up of which a chunk was lost; its other chunks are of no use."""
        if self._chunked.pop(task.video_id, None) is not None:
            self._ledger.give_up(task, why)

    def finished(self, task: Task, outcome: Outcome) -> None:
        """Note what became of a video."""
        self._ledger.finished(task, outcome)

    def give_up(self, task: Task, why: str) -> None:
        """Note that a video cannot be analysed, or drawn."""
        self._ledger.give_up(task, why)

    def progressed(self, item: Input, progress: Progress) -> None:
        """Note how far an input is."""
        self._ledger.progressed(item, progress)

    def progressed_chunk(self, task: Task, number: int, n_frames: int) -> None:
        """Note how far a chunk is, and so its video."""
        video = self._chunked.get(task.video_id)
        if video is not None:
            video.n_frames[number] = n_frames
            done = Progress(Act.ANALYZE, sum(video.n_frames.values()), video.chunks.n_frames)
            self._ledger.progressed(task.item, done)


def run_jobs(queue: Queue, pool: Pool) -> None:
    """Run all jobs of a queue.

    Parameters
    ----------
    queue : Queue
    pool : Pool

    Raises
    ------
    FacestatsError
        See :meth:`facestats.batch.pool.Pool.next`.
    """
    n_given = 0
    while True:
        while pool.free() > 0 and (job := queue.take()) is not None:
            pool.give(job)
            n_given += 1
        if not n_given:
            return
        job, answer = pool.next(lambda job, progress: job.progressed(progress, queue))
        n_given -= 1
        answer.settle(job, queue)
