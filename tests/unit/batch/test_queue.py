"""Whatever a pool answers, and in whatever order, every input is done once."""

from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats.analysis.progress import Act, Progress
from facestats.batch.answers import Chunks, Identified, Lost, Outcome, Sampled
from facestats.batch.jobs import AnalyzeJob, ChunkJob, DrawJob, HashJob, JoinJob
from facestats.batch.plan import Action, Task
from facestats.batch.queue import Queue, run_jobs
from facestats.errors import OutputError
from facestats.video.discovery import Input
from facestats.video.identity import Content
from facestats.video.spans import Span


class FakePlanner:
    """Finds some inputs known, some to be drawn only, and the others new."""

    def __init__(self, known=(), drawn=()):
        self.known, self.drawn = known, drawn

    def known_content(self, item):
        return Content("known") if item.path in self.known else None

    def decide(self, item, content):
        skips = content.sha256 == "skip"
        action = Action.SKIP if skips else Action.DRAW if item.path in self.drawn else Action.ANALYZE
        return Task(item, item.path, content, action, "", (), {})


class FakeLedger:
    def __init__(self):
        self.order, self.over, self.given_up = [], Counter(), Counter()
        self.n_done = {}

    def decided(self, task):
        self.order.append(task.item.path)
        self.over[task.video_id] += task.action is Action.SKIP

    def finished(self, task, outcome):
        self.over[task.video_id] += 1

    def give_up(self, task, why):
        assert why == "crashed"
        self.over[task.video_id] += 1
        self.given_up[task.video_id] += 1

    def progressed(self, item, progress):
        assert self.over[item.path] == 0
        assert progress.n_done <= 30


#: What may be answered to each job.
ANSWERS = {
    HashJob: [Identified(Content("skip")), Identified(Content("new"))],
    AnalyzeJob: [Outcome(None), Chunks((Span(), Span(), Span()), 30)],
    DrawJob: [Outcome(None)],
    ChunkJob: [Sampled(10)] * 3,
    JoinJob: [Outcome(None)],
}


class FakePool:
    """Answers anything that may be answered, to any of the jobs that it has."""

    def __init__(self, size, seed):
        self.size, self.random = size, Random(seed)
        self.running, self.given = [], []

    def free(self):
        return self.size - len(self.running)

    def give(self, job):
        assert self.free() > 0
        self.running.append(job)
        self.given.append(job)

    def next(self, report):
        while self.random.random() < 0.25:
            report(self.random.choice(self.running), Progress(Act.ANALYZE, 3, 10))
        job = self.random.choice(self.running)
        self.running.remove(job)
        return job, self.random.choice([Lost("crashed"), *ANSWERS[type(job)]])


NAMES = st.sets(st.sampled_from(["0", "1", "2"]))


@given(st.integers(0), st.integers(0, 5), st.integers(1, 3), NAMES, NAMES)
def test_every_input_is_done_once_and_decided_about_in_order(seed, n, size, known, drawn):
    ledger, pool = FakeLedger(), FakePool(size, seed)
    queue = Queue(FakePlanner(known, drawn), ledger, "store")
    queue.add(Input(str(number)) for number in range(n))
    run_jobs(queue, pool)
    assert pool.running == []
    assert ledger.order == [str(number) for number in range(n)]
    assert all(ledger.over[str(number)] == 1 for number in range(n))
    for join in (job for job in pool.given if type(job) is JoinJob):  # all chunks were sampled before
        own = [job for job in pool.given[: pool.given.index(join)] if job.item == join.item]
        assert sorted(job.number for job in own if type(job) is ChunkJob) == [0, 1, 2]


def test_a_lost_chunk_ends_its_video_and_no_other_chunk_is_begun():
    ledger = FakeLedger()
    queue = Queue(FakePlanner({"0", "1"}), ledger, "store")
    queue.add([Input("0"), Input("1")])
    Chunks((Span(), Span(), Span()), 30).settle(queue.take(), queue)
    first, second = queue.take(), queue.take()
    Lost("crashed").settle(first, queue)
    Lost("crashed").settle(second, queue)
    second.progressed(Progress(Act.ANALYZE, 5), queue)
    assert ledger.given_up == {"0": 1}
    assert queue.take().item.path == "1"
    assert queue.take() is None


def test_how_far_a_video_is_sums_its_chunks():
    seen = []
    ledger = FakeLedger()
    ledger.progressed = lambda item, progress: seen.append(progress)
    queue = Queue(FakePlanner({"0"}), ledger, "store")
    queue.add([Input("0")])
    Chunks((Span(), Span()), 30).settle(queue.take(), queue)
    first, second = queue.take(), queue.take()
    first.progressed(Progress(Act.ANALYZE, 4), queue)
    second.progressed(Progress(Act.ANALYZE, 5), queue)
    assert seen == [(Act.ANALYZE, 4, 30), (Act.ANALYZE, 9, 30)]


def test_an_error_of_the_pool_ends_the_run():
    class Full(FakePool):
        def next(self, report):
            raise OutputError("full")

    queue = Queue(FakePlanner(), FakeLedger(), "store")
    queue.add([Input("0")])
    with pytest.raises(OutputError, match="full"):
        run_jobs(queue, Full(1, None))


def test_embeddings_go_from_the_chunks_to_the_join_and_are_shown_nowhere():
    queue = Queue(FakePlanner({"0"}), FakeLedger(), "store")
    queue.add([Input("0")])
    Chunks((Span(), Span()), 20).settle(queue.take(), queue)
    first, second = queue.take(), queue.take()
    made = np.full((2, 4), 0.125, np.float32)
    done = Sampled(10, made)
    done.settle(first, queue)
    Sampled(10).settle(second, queue)  # of a run before this one, or of a cluster
    join = queue.take()
    assert isinstance(join, JoinJob)
    assert list(join.embeddings) == [0]
    assert join.embeddings[0] is made
    assert "0.125" not in f"{join!r} {done!r}"
