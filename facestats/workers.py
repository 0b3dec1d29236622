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
from typing import Any, BinaryIO

from facestats.errors import FacestatsError
from facestats.inputs import Input
from facestats.options import AnalyzeOptions
from facestats.plan import Content
from facestats.threads import THREADS_VARIABLE, usable_cores
from facestats.work import Outcome, Unit
from facestats.worker import receive, send

#: Memory that a worker takes with the shipped models, in bytes: more of them are not started than there is room for.
WORKER_BYTES = 500_000_000

_COMMAND = (sys.executable, "-m", "facestats.worker")


def default_workers() -> int:
    """Return how many workers do best: one for each core, as far as memory goes, each with one thread.

    Whole videos side by side need no waiting for each other; see ``benchmarks/workers.py``.

    Examples
    --------
    >>> default_workers() >= 1
    True
    """
    with contextlib.suppress(OSError, ValueError, AttributeError):
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return max(1, min(usable_cores(), int(free // WORKER_BYTES)))
    return usable_cores()


@dataclass(frozen=True)
class Lost:
    """What is known of a piece of work whose worker hung or crashed.

    Attributes
    ----------
    why : str
        In a few words.
    """

    why: str


@dataclass
class _Worker:
    """One process, and what it is doing."""

    number: int
    process: subprocess.Popen[bytes]
    errors: BinaryIO
    listener: threading.Thread
    ready: bool = False
    doing: object = None  # an Input or a Unit; None while idle
    heard_s: float = field(default_factory=time.monotonic)


class Workers:
    """A few processes that analyse videos; a context manager.

    Parameters
    ----------
    n : int
    options : AnalyzeOptions
        Of all the videos.
    timeout_s : float
        A worker from which nothing is heard for so long, while it works, is stopped.
    command : sequence of str, optional
        What starts one.

    Examples
    --------
    >>> with Workers(2, AnalyzeOptions()) as workers:  # doctest: +SKIP
    ...     workers.give(0, unit)
    ...     worker, doing, answer = workers.next()
    """

    def __init__(
        self,
        n: int,
        options: AnalyzeOptions,
        *,
        timeout_s: float = 300.0,
        command: Sequence[str] | None = None,
    ) -> None:
        self._options, self._timeout_s, self._command = options, timeout_s, command or _COMMAND
        self._threads = max(1, usable_cores() // n)
        self._answers: queue.SimpleQueue[tuple[int, int, tuple[Any, ...] | None]] = queue.SimpleQueue()
        self._workers = [self._start(number) for number in range(n)]

    def give(self, number: int, what: Input | Unit) -> None:
        """Let an idle worker read an input, to tell its content, or do a unit of work."""
        worker = self._workers[number]
        worker.doing, worker.heard_s = what, time.monotonic()
        with contextlib.suppress(BrokenPipeError):  # it has crashed, which will be noticed
            send(worker.process.stdin, ("read" if isinstance(what, Input) else "work", what))

    def next(self) -> tuple[int, object, Content | Outcome | Lost | tuple[str, int, int | None]]:
        """Wait for the next thing that any worker has to say; return its number, what it was doing, and what it says.

        That is how far it is (what it does, frames done and expected), or the end: the content of an input, the outcome
        of a unit, or that it was lost.

        Raises
        ------
        FacestatsError
            If a worker could not go on, for a reason that the others have too: a full disk, a model that is damaged.
        """
        while True:
            try:
                number, process_id, message = self._answers.get(timeout=0.2)
            except queue.Empty:
                if (lost := self._hung()) is not None:
                    return lost
                continue
            worker = self._workers[number]
            if worker.process.pid != process_id:  # of one that was stopped
                continue
            worker.heard_s = time.monotonic()
            doing = worker.doing
            if message is None:
                return number, doing, self._crashed(worker)
            kind, *rest = message
            worker.ready = True
            if kind == "error":
                raise rest[0]
            if kind == "progress":
                return number, doing, tuple(rest)
            if kind in ("content", "done"):
                worker.doing = None
                return number, doing, rest[0]

    def _hung(self) -> tuple[int, object, Lost] | None:
        for worker in self._workers:
            silent_s = time.monotonic() - worker.heard_s
            if worker.doing is not None and silent_s > self._timeout_s:
                if not worker.ready:
                    raise FacestatsError(f"a worker did not start within {self._timeout_s:g} s: raise --timeout")
                doing = worker.doing
                self._replace(worker)
                return worker.number, doing, Lost(f"no progress for {self._timeout_s:g} s")
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
        self._replace(worker)
        return Lost(why)

    def _start(self, number: int) -> _Worker:
        errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the worker)
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, THREADS_VARIABLE: str(self._threads)},
        )

        def listen() -> None:
            while (message := receive(process.stdout)) is not None:
                self._answers.put((number, process.pid, message))
            self._answers.put((number, process.pid, None))

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        with contextlib.suppress(BrokenPipeError):
            send(process.stdin, ("load", self._options))
        return _Worker(number, process, errors, listener)

    def _replace(self, worker: _Worker) -> None:
        self._close(worker)
        self._workers[worker.number] = self._start(worker.number)

    def _close(self, worker: _Worker) -> None:
        worker.process.kill()
        worker.process.wait()
        worker.listener.join()
        with contextlib.suppress(BrokenPipeError):
            worker.process.stdin.close()
        worker.process.stdout.close()
        worker.errors.close()

    def close(self) -> None:
        """Stop all workers at once; what they were doing is lost."""
        for worker in self._workers:
            self._close(worker)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
