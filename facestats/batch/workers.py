"""Processes that work on videos side by side, watched over: one that hangs or crashes does not end the run."""

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
from typing import Any, BinaryIO

from facestats._util.threads import THREADS_VARIABLE, usable_cores
from facestats.batch.jobs import Answer, Lost, Work
from facestats.batch.queue import Progress
from facestats.batch.worker import receive, send
from facestats.errors import FacestatsError
from facestats.options import AnalyzeOptions

#: Memory that a worker takes with the shipped models, in bytes: more of them are not started than there is room for.
WORKER_BYTES = 500_000_000

#: A worker may take so many seconds to load its libraries and models, however short the time limit.
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
    """One process, and what it is doing."""

    process: subprocess.Popen[bytes]
    errors: BinaryIO
    listener: threading.Thread
    ready: bool = False
    doing: Work | None = None  # None while idle
    heard_s: float = field(default_factory=time.monotonic)


class Workers:
    """A few processes that analyse videos, each started when there is work for it; a crew, and a context manager.

    Parameters
    ----------
    n : int
        How many at most.
    options : AnalyzeOptions
        Of all the videos.
    timeout_s : float
        A worker from which nothing is heard for so long, while it works, is stopped.
    command : sequence of str, optional
        What starts one.

    Examples
    --------
    >>> with Workers(2, AnalyzeOptions()) as workers:  # doctest: +SKIP
    ...     workers.give(unit)
    ...     work, answer = workers.next()
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
        self._answers: queue.SimpleQueue[tuple[int, tuple[Any, ...] | None]] = queue.SimpleQueue()
        self._workers: dict[int, _Worker] = {}  # by the number of the process

    def free(self) -> int:
        """Return how many more pieces of work can be given."""
        return self._n - sum(worker.doing is not None for worker in self._workers.values())

    def give(self, work: Work) -> None:
        """Give a piece of work to an idle worker."""
        worker = next((worker for worker in self._workers.values() if worker.doing is None), None) or self._start()
        worker.doing, worker.heard_s = work, time.monotonic()
        with contextlib.suppress(BrokenPipeError):  # it has crashed, which will be noticed
            send(worker.process.stdin, ("work", work))

    def next(self) -> tuple[Work, Answer | Progress]:
        """Wait for the next thing that any worker has to say of its work; see :class:`facestats.batch.queue.Crew`."""
        while True:
            try:
                process_id, message = self._answers.get(timeout=0.2)
            except queue.Empty:
                if (lost := self._hung()) is not None:
                    return lost
                continue
            worker = self._workers.get(process_id)
            if worker is None:  # it was stopped
                continue
            worker.heard_s = time.monotonic()
            if message is None:
                work, lost = worker.doing, self._crashed(worker)
                if work is None:  # crashed while it was idle, nothing is lost
                    continue
                return work, lost
            kind, *rest = message
            worker.ready = True
            if kind == "error":
                raise rest[0]
            if kind == "progress":
                return worker.doing, Progress(*rest)
            if kind == "done":
                work, worker.doing = worker.doing, None
                return work, rest[0]

    def _hung(self) -> tuple[Work, Lost] | None:
        for worker in list(self._workers.values()):
            silent_s = time.monotonic() - worker.heard_s
            limit_s = self._timeout_s if worker.ready else max(self._timeout_s, STARTS_WITHIN_S)
            if worker.doing is not None and silent_s > limit_s:
                if not worker.ready:
                    raise FacestatsError(f"a worker did not start within {limit_s:g} s: try again, or with --workers 0")
                self._close(worker)
                return worker.doing, Lost(f"no progress for {self._timeout_s:g} s")
        return None

    def _crashed(self, worker: _Worker) -> Lost:
        code = worker.process.wait()
        worker.errors.seek(0)
        said = worker.errors.read().decode("utf-8", "replace").strip().splitlines()
        if code < 0:
            with contextlib.suppress(ValueError):
                code = signal.Signals(-code).name
            why = f"the program crashed ({code})"
        else:
            why = f"the program ended with {said[-1] if said else f'code {code}'}"
        if not worker.ready:
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
                self._answers.put((process.pid, message))
            self._answers.put((process.pid, None))

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        with contextlib.suppress(BrokenPipeError):
            send(process.stdin, ("load", self._options))
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
        """Stop all workers at once; what they were doing is lost."""
        for worker in list(self._workers.values()):
            self._close(worker)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
