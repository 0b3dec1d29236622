"""A dask.distributed cluster that runs the same jobs as the processes of one machine.

The workers need facestats, and must see the inputs and the store under the same paths or addresses.
"""

from __future__ import annotations

import contextlib
import os
import queue
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from distributed import Client, Future, KilledWorker, WorkerPlugin, get_worker
from distributed.comm import CommClosedError

from facestats._util.threads import THREADS_VARIABLE
from facestats.analysis.progress import Act, Progress
from facestats.analysis.stages import Stages, load_stages
from facestats.batch.answers import Answer, Bench, Job, Lost, perform
from facestats.batch.pool import JobReport
from facestats.batch.worker import throttled
from facestats.errors import FacestatsError, UsageError
from facestats.options import AnalyzeOptions

_CONNECTS_WITHIN_S = 20.0
_REPORT_EVERY_S = 0.5


class StagesPlugin(WorkerPlugin):
    """Keeps detectors and models loaded in a worker, a set for each of its threads; one core for each."""

    def __init__(self, options: AnalyzeOptions) -> None:
        self._options = options

    def setup(self, worker: Any) -> None:
        """Prepare a worker; called by dask."""
        self._idle: queue.SimpleQueue[Stages] = queue.SimpleQueue()
        self._threads_before = os.environ.get(THREADS_VARIABLE)
        os.environ.setdefault(THREADS_VARIABLE, "1")

    def teardown(self, worker: Any) -> None:
        """Leave a worker as it was; called by dask."""
        if self._threads_before is None:
            os.environ.pop(THREADS_VARIABLE, None)

    @contextlib.contextmanager
    def stages(self) -> Iterator[Stages]:
        """Give a set that nobody else uses."""
        try:
            own = self._idle.get_nowait()
        except queue.Empty:
            own = load_stages(self._options)
        try:
            yield own
        finally:
            self._idle.put(own)


def _perform(job: Job, name: str, number: int) -> _Result:
    """Run a job on a worker, and report to the run of that name how far it is."""
    worker = get_worker()

    def report(act: str, n_done: int, n_expected: int | None) -> None:
        worker.log_event(name, (number, worker.address, act, n_done, n_expected))

    report("", 0, None)  # it has begun
    with worker.plugins[name].stages() as stages:
        progress = throttled(_REPORT_EVERY_S, lambda progress: report(progress.act.name, *progress[1:]))
        try:
            # A worker that is short of memory puts results on its disk.
            return _Result(perform(job, Bench(stages, progress, splits=True, answers_stay_in_memory=False)))
        except FacestatsError as error:  # as a result, so that dask does not take it for its own trouble
            return _Result(None, error)


@dataclass(frozen=True)
class _Result:
    """What comes back from a worker: an answer, or an error that holds for all jobs."""

    answer: Answer | None
    error: FacestatsError | None = None


@dataclass(frozen=True)
class _Reported:
    """A worker has begun a job, or says how far it is."""

    address: str
    progress: Progress | None


@dataclass
class _Given:
    """A job, and where it is."""

    job: Job
    future: Future | None = None
    address: str = ""  # of the worker that has begun it
    heard_s: float = field(default_factory=time.monotonic)


class Cluster:
    """The workers of a dask cluster; see :class:`facestats.batch.pool.Pool`.

    The jobs of a worker that dies are run by another one. One that hangs is restarted, if its nanny can do that.

    Parameters
    ----------
    address : str
        Of the scheduler, ``tcp://host:port``.
    options : AnalyzeOptions
        Of all the videos.
    timeout_s : float
        A job that has begun and of which nothing is reported for so long is given up.

    Raises
    ------
    UsageError
        If there is no scheduler, or it has no workers that can work.

    Examples
    --------
    >>> with Cluster("tcp://localhost:8786", AnalyzeOptions()) as cluster:  # doctest: +SKIP
    ...     cluster.give(job)
    ...     job, answer = cluster.next(print)
    """

    def __init__(self, address: str, options: AnalyzeOptions, *, timeout_s: float = 300.0) -> None:
        self._address, self._timeout_s, self._name = address, timeout_s, f"facestats-{uuid.uuid4().hex[:12]}"
        self._events: queue.SimpleQueue[tuple[int, _Reported | None]] = queue.SimpleQueue()  # None: it has ended
        self._given: dict[int, _Given] = {}
        self._n_given = self._n_stuck = 0
        self._without_s: float | None = None  # since when there are no workers
        try:
            self._client = Client(address, timeout=_CONNECTS_WITHIN_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError, CommClosedError) as error:
            raise UsageError(
                f"no dask scheduler answers at {address} ({error}): start one by `dask scheduler`"
            ) from None
        try:
            self._client.wait_for_workers(1, timeout=_CONNECTS_WITHIN_S)
            self._client.register_plugin(StagesPlugin(options), name=self._name)
            self._client.subscribe_topic(self._name, self._hear)
        except TimeoutError:
            self.close()
            raise UsageError(f"the dask scheduler at {address} has no workers: start `dask worker {address}`") from None
        except ModuleNotFoundError as error:
            self.close()
            raise UsageError(f"the workers at {address} cannot work ({error}): install facestats there too") from None

    def _hear(self, event: tuple[float, Any]) -> None:
        number, address, act, *how_far = event[1]
        self._events.put((number, _Reported(address, Progress(Act[act], *how_far) if act else None)))

    def free(self) -> int:
        """See :class:`facestats.batch.pool.Pool`: as many as the workers have threads that are not stuck."""
        n = sum(self._client.nthreads().values()) - self._n_stuck
        if n > 0:
            self._without_s = None
        elif self._without_s is None:
            self._without_s = time.monotonic()
        elif time.monotonic() - self._without_s > max(self._timeout_s, _CONNECTS_WITHIN_S):
            stuck = " but such as hang and have no nanny to restart them" if self._n_stuck else ""
            raise FacestatsError(f"the cluster at {self._address} has no workers left{stuck}: start some, run again")
        return max(1, n) - len(self._given)

    def give(self, job: Job) -> None:
        """See :class:`facestats.batch.pool.Pool`."""
        number, self._n_given = self._n_given, self._n_given + 1
        self._given[number] = given = _Given(job)
        given.future = self._client.submit(_perform, job, self._name, number, key=f"{self._name}-{number}", pure=False)
        given.future.add_done_callback(lambda future: self._events.put((number, None)))

    def next(self, report: JobReport) -> tuple[Job, Answer]:
        """See :class:`facestats.batch.pool.Pool`."""
        while True:
            try:
                number, reported = self._events.get(timeout=0.2)
            except queue.Empty:
                self.free()  # there may be no workers left
                if (lost := self._hung()) is not None:
                    return lost
                continue
            given = self._given.get(number)
            if given is None:  # of one that was given up
                continue
            given.heard_s = time.monotonic()
            if reported is None:
                del self._given[number]
                return given.job, _answer(given.future)
            given.address = reported.address
            if reported.progress is not None:
                report(given.job, reported.progress)

    def _hung(self) -> tuple[Job, Lost] | None:
        for number, given in self._given.items():
            if not given.address or time.monotonic() - given.heard_s <= self._timeout_s:
                continue
            if given.future.key not in self._client.processing().get(given.address, ()):
                given.address = ""  # the worker that had begun it is gone, and it waits for another one
                continue
            del self._given[number]
            given.future.cancel(force=True)
            try:
                self._client.restart_workers([given.address], timeout=60, raise_for_error=False)
            except (ValueError, KeyError):  # it has no nanny, and cannot be stopped from here
                self._n_stuck += 1
            return given.job, Lost(f"no progress for {self._timeout_s:g} s")
        return None

    def close(self) -> None:
        """Cancel what is not done yet, and leave the cluster as it was."""
        for given in self._given.values():
            given.future.cancel(force=True)
        with contextlib.suppress(ValueError, OSError, TimeoutError, CommClosedError):
            self._client.unregister_worker_plugin(self._name)
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _answer(future: Future) -> Answer:
    """Return the answer of a job that has ended, or raise what holds for all jobs."""
    if future.status == "cancelled":
        raise FacestatsError("the cluster cancelled the work: see the log of its scheduler")
    error = future.exception()
    if isinstance(error, KilledWorker):
        return Lost("the program crashed, and again on every worker that tried")
    if error is not None:
        raise error
    result = future.result()
    if result.error is not None:
        raise result.error
    return result.answer
