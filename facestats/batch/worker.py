"""A process that does units of work: ``python -m facestats.batch.worker``, started by :mod:`facestats.batch.workers`.

It reads pickled messages from its standard input and answers on its standard output, each with its length in front;
what libraries print goes to standard error. It ends when its input does, so that it never outlives who started it.
"""

from __future__ import annotations

import contextlib
import math
import os
import pickle
import queue
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, BinaryIO

from facestats.errors import FacestatsError

_LENGTH = struct.Struct("<Q")
_REPORT_EVERY_S = 0.1


def send(stream: BinaryIO, message: tuple[Any, ...]) -> None:
    """Write one message.

    Examples
    --------
    >>> import io
    >>> stream = io.BytesIO()
    >>> send(stream, ("done", 1))
    >>> receive(io.BytesIO(stream.getvalue()))
    ('done', 1)
    """
    data = pickle.dumps(message)
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def receive(stream: BinaryIO) -> tuple[Any, ...] | None:
    """Read one message; None where the stream has ended, if in the middle of one.

    Examples
    --------
    >>> import io
    >>> receive(io.BytesIO(b"")) is None
    True
    """
    if (header := _read(stream, _LENGTH.size)) is None:
        return None
    data = _read(stream, *_LENGTH.unpack(header))
    return None if data is None else pickle.loads(data)


def _read(stream: BinaryIO, length: int) -> bytes | None:
    """Read so many bytes, however few come at once; None if the stream ends before."""
    parts = []
    while length > 0:
        if not (part := stream.read(length)):
            return None
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def every(seconds: float, tell: Callable[[str, int, int | None], object]) -> Callable[[str, int, int | None], None]:
    """Return a function that tells how far something is, but no more often than every so many seconds.

    Examples
    --------
    >>> report = every(60, print)
    >>> for n_done in (0, 1, 2):
    ...     report("analyse", n_done, 3)
    analyse 0 3
    """
    last_s = -math.inf

    def report(doing: str, n_done: int, n_expected: int | None) -> None:
        nonlocal last_s
        if n_done == 0 or time.monotonic() - last_s >= seconds:
            last_s = time.monotonic()
            tell(doing, n_done, n_expected)

    return report


def main() -> None:
    """Work until there is nothing more to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this one says when to stop
    # Without a buffer, whose lock a thread that waits for more would hold when the process wants to end.
    requests = os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    waiting: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()

    def listen() -> None:
        while (message := receive(requests)) is not None:
            waiting.put(message)
        os._exit(0)  # whoever started this one is gone, or wants it gone: what is half done is of no use

    threading.Thread(target=listen, daemon=True).start()

    from facestats.analysis.stages import load_stages
    from facestats.batch.work import perform

    stages, report = None, every(_REPORT_EVERY_S, lambda *told: send(answers, ("progress", *told)))

    with contextlib.suppress(BrokenPipeError):
        while True:
            kind, what = waiting.get()
            try:
                if kind == "load":
                    stages = load_stages(what)
                    send(answers, ("ready",))
                else:
                    send(answers, ("done", perform(what, stages, report)))
            except FacestatsError as error:
                send(answers, ("error", error))


if __name__ == "__main__":
    main()
