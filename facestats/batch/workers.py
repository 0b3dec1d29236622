"""Processes that run jobs side by side: one that hangs or crashes does not end the run.

``pebble.ProcessPool`` (5.2) was tried instead. It starts as fast, and gets rid of a process that hangs or crashes. But
its time limit is for the whole job and no progress comes back, so the pipes and the watch below would stay; processes
that have a job live on when the run is killed; and each of them runs the user's script again, which fails where that
has no ``if __name__ == "__main__"``.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Self

from facestats._util.threads import THREADS_VARIABLE, usable_cores
from facestats.batch.answers import Answer, Job, Lost
from facestats.batch.messages import Kind, receive, send
from facestats.batch.pool import JobReport
from facestats.errors import FacestatsError
from facestats.options import AnalyzeOptions

#: Memory that a worker takes with the shipped models, in bytes: more of them are not started than there is room for.
WORKER_BYTES = 500_000_000

#: A worker may take so many seconds to load its libraries and models, however short the time limit is.
STARTS_WITHIN_S = 120.0

# -P: what lies in the current folder is no part of the program, which may lie anywhere.
_COMMAND = (sys.executable, "-P", "-m", "facestats.batch.worker")
_PLACE = str(Path(__file__).parents[2])


def default_workers() -> int:
    """Return how many workers do best: one for each core, as far as memory goes, each with one thread.

    Whole videos side by side need no waiting for each other; see ``benchmarks/workers.py``.

    Examples
    --------
    >>> default_workers() >= 1
    True
    """
    fits = [each // WORKER_BYTES for each in (_available_bytes(), _limit_bytes()) if each is not None]
    return max(1, min(usable_cores(), *fits))


def _available_bytes() -> int | None:
    """Return how much memory can be had, that of cached files included; None where nobody says."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1])
    return None


def _limit_bytes() -> int | None:
    """Return how much memory a container may use; None where there is no limit."""
    with contextlib.suppress(OSError, ValueError):  # "max" is none
        return int(Path("/sys/fs/cgroup/memory.max").read_text())
    return None


@dataclass
class _Worker:
    """One process, and its job."""

    process: subprocess.Popen[bytes]
    errors: BinaryIO
    listener: threading.Thread
    is_ready: bool = False
    job: Job | None = None  # None while idle
    heard_s: float = field(default_factory=time.monotonic)


class Workers:
    """A few processes, each started when there is a job for it; see :class:`facestats.batch.pool.Pool`.

    Parameters
    ----------
    n : int
        How many at most.
    options : AnalyzeOptions
        Of all the videos.
    timeout_s : float
        A worker that reports nothing for so long, while it has a job, is stopped.
    command : sequence of str, optional
        What starts one.

    Examples
    --------
    >>> with Workers(2, AnalyzeOptions()) as workers:  # doctest: +SKIP
    ...     workers.give(job)
    ...     job, answer = workers.next(print)
    """

    def __init__(
        self,
        n: int,
        options: AnalyzeOptions,
        *,
        timeout_s: float = 300.0,
        command: Sequence[str] | None = None,
    ) -> None:
        self._n, self._options, self._timeout_s, self._command = n, options, timeout_s, command or _COMMAND
        self._threads = max(1, usable_cores() // n)
        self._messages: queue.SimpleQueue[tuple[int, tuple[Kind, Any] | None]] = queue.SimpleQueue()
        self._workers: dict[int, _Worker] = {}  # by the number of the process

    def free(self) -> int:
        """See :class:`facestats.batch.pool.Pool`."""
        return self._n - sum(worker.job is not None for worker in self._workers.values())

    def give(self, job: Job) -> None:
        """See :class:`facestats.batch.pool.Pool`."""
        worker = next((worker for worker in self._workers.values() if worker.job is None), None) or self._start()
        worker.job, worker.heard_s = job, time.monotonic()
        with contextlib.suppress(BrokenPipeError):  # it has crashed, which will be noticed
            send(worker.process.stdin, (Kind.JOB, job))

    def next(self, report: JobReport) -> tuple[Job, Answer]:
        """See :class:`facestats.batch.pool.Pool`."""
        while True:
            try:
                process_id, message = self._messages.get(timeout=0.2)
            except queue.Empty:
                if (lost := self._hung()) is not None:
                    return lost
                continue
            worker = self._workers.get(process_id)
            if worker is None:  # it was stopped
                continue
            worker.heard_s, job = time.monotonic(), worker.job
            if message is None:
                lost = self._crashed(worker)
                if job is None:  # crashed while it was idle, nothing is lost
                    continue
                return job, lost
            kind, content = message
            worker.is_ready = True
            if kind is Kind.ERROR:
                raise content
            if kind is Kind.PROGRESS:
                report(job, content)
            elif kind is Kind.ANSWER:
                worker.job = None
                return job, content

    def _hung(self) -> tuple[Job, Lost] | None:
        for worker in list(self._workers.values()):
            silent_s = time.monotonic() - worker.heard_s
            limit_s = self._timeout_s if worker.is_ready else max(self._timeout_s, STARTS_WITHIN_S)
            if worker.job is not None and silent_s > limit_s:
                if not worker.is_ready:
                    raise FacestatsError(f"a worker did not start within {limit_s:g} s: try again, or with --workers 0")
                self._close(worker)
                return worker.job, Lost(f"no progress for {self._timeout_s:g} s")
        return None

    def _crashed(self, worker: _Worker) -> Lost:
        code = worker.process.wait()
        worker.errors.seek(0)
        lines = worker.errors.read().decode("utf-8", "replace").strip().splitlines()
        if code < 0:
            with contextlib.suppress(ValueError):
                code = signal.Signals(-code).name
            why = f"the program crashed ({code})"
        else:
            why = f"the program ended with {lines[-1] if lines else f'code {code}'}"
        if not worker.is_ready:
            raise FacestatsError(f"a worker cannot start: {why}")
        self._close(worker)
        return Lost(why)

    def _start(self) -> _Worker:
        errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the worker)
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={
                **os.environ,
                THREADS_VARIABLE: str(self._threads),
                "PYTHONPATH": os.pathsep.join(filter(None, (_PLACE, os.environ.get("PYTHONPATH")))),
            },
        )

        def listen() -> None:
            while (message := receive(process.stdout)) is not None:
                self._messages.put((process.pid, message))
            self._messages.put((process.pid, None))

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        with contextlib.suppress(BrokenPipeError):
            send(process.stdin, (Kind.LOAD, self._options))
        self._workers[process.pid] = worker = _Worker(process, errors, listener)
        return worker

    def _close(self, worker: _Worker) -> None:
        del self._workers[worker.process.pid]
        worker.process.kill()
        worker.process.wait()
        worker.listener.join()
        with contextlib.suppress(BrokenPipeError):
            worker.process.stdin.close()
        worker.process.stdout.close()
        worker.errors.close()

    def close(self) -> None:
        """Stop all workers at once; their jobs are lost."""
        for worker in list(self._workers.values()):
            self._close(worker)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
