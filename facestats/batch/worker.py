"""A process that runs jobs: ``python -m facestats.batch.worker``, started by :mod:`facestats.batch.workers`.

It reads messages from its standard input and answers on its standard output; what libraries print goes to standard
error. It ends when its input does, so that it never outlives its parent.
"""

from __future__ import annotations

import contextlib
import math
import os
import queue
import signal
import sys
import threading
import time
from typing import Any

from facestats.analysis.progress import Progress, Report
from facestats.batch.messages import Kind, receive, send
from facestats.errors import FacestatsError

_REPORT_EVERY_S = 0.1


def throttled(seconds: float, report: Report) -> Report:
    """Return a function that reports how far something is, but no more often than every so many seconds.

    Examples
    --------
    >>> from facestats.analysis.progress import Act
    >>> report = throttled(60, lambda progress: print(progress.n_done))
    >>> for n_done in (0, 1, 2):
    ...     report(Progress(Act.ANALYZE, n_done, 3))
    0
    """
    last_s = -math.inf

    def rarely(progress: Progress) -> None:
        nonlocal last_s
        if progress.n_done == 0 or time.monotonic() - last_s >= seconds:
            last_s = time.monotonic()
            report(progress)

    return rarely


def main() -> None:
    """Run jobs until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to stop
    # Without a buffer, whose lock a thread that waits for more would hold when the process wants to end.
    requests = os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    waiting: queue.SimpleQueue[tuple[Kind, Any]] = queue.SimpleQueue()

    def listen() -> None:
        while (message := receive(requests)) is not None:
            waiting.put(message)
        os._exit(0)  # the parent is gone, or wants this process gone: what is half done is of no use

    from facestats.analysis.stages import load_stages
    from facestats.batch import jobs  # noqa: F401  what messages are made of
    from facestats.batch.answers import Bench, perform

    # Only now: reading a message imports what it is made of, and two threads that import parts of scipy at once get
    # in each other's way.
    threading.Thread(target=listen, daemon=True).start()

    report = throttled(_REPORT_EVERY_S, lambda progress: send(answers, (Kind.PROGRESS, progress)))
    bench = None

    with contextlib.suppress(BrokenPipeError):
        while True:
            kind, content = waiting.get()
            try:
                if kind is Kind.LOAD:
                    bench = Bench(load_stages(content), report, splits=True)
                    send(answers, (Kind.READY, None))
                else:
                    send(answers, (Kind.ANSWER, perform(content, bench)))
            except FacestatsError as error:
                send(answers, (Kind.ERROR, error))


if __name__ == "__main__":
    main()
