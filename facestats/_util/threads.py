"""Work in threads, ahead of whoever uses it; decoding, detection and classification release the interpreter lock."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from queue import Queue
from threading import Event
from typing import Any, TypeVar, cast

import cv2

#: More threads than this found nothing to do: decoding and tracking then take as long.
MOST_WORKERS = 8

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_END = object()


#: Environment variable that says how many cores to use; by default all that there are.
THREADS_VARIABLE = "FACESTATS_THREADS"


def usable_cores() -> int:
    """Return how many processor cores this process may use, no more than ``$FACESTATS_THREADS``.

    Examples
    --------
    >>> usable_cores() >= 1
    True
    """
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = os.environ.get(THREADS_VARIABLE, "")
    return min(there, int(wanted)) if wanted.isdecimal() and int(wanted) > 0 else there


def map_ahead(
    items: Iterable[_Item], work: Callable[[_Item], _Result], pool: Executor, ahead: int
) -> Generator[tuple[_Item, _Result], None, None]:
    """Yield every item with what ``work`` makes of it, in order, while a pool works on the items to come.

    Parameters
    ----------
    items : iterable
        Read a few ahead, in the caller's thread.
    work : callable
        Called in the pool's threads.
    pool : concurrent.futures.Executor
    ahead : int
        How many items to read before the first one is given out; 0 waits for each.

    Raises
    ------
    KeyboardInterrupt
        As ``items`` raises it, once everything that was read has been yielded.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(2) as pool:
    ...     list(map_ahead("ab", str.upper, pool, 2))
    [('a', 'A'), ('b', 'B')]
    """
    pending: deque[tuple[_Item, Future[_Result]]] = deque()
    interrupted = False
    try:
        for item in items:
            pending.append((item, pool.submit(work, item)))
            if len(pending) > ahead:
                done, result = pending.popleft()
                yield done, result.result()
    except KeyboardInterrupt:  # what was read is still worth its result
        interrupted = True
    while pending:
        done, result = pending.popleft()
        yield done, result.result()
    if interrupted:
        raise KeyboardInterrupt


def grouped(
    items: Iterable[_Item], most: int, alike: Callable[[_Item], object] = lambda item: None
) -> Generator[list[_Item], None, None]:
    """Yield neighbours that are alike as one list, in order, at most so many.

    Parameters
    ----------
    items : iterable
    most : int
        With 1 each item comes as soon as it is there.
    alike : callable
        Items go together for which it returns equal things; called once an item.

    Raises
    ------
    KeyboardInterrupt
        As ``items`` raises it, once everything that was read has been yielded.

    Examples
    --------
    >>> list(grouped("aabbbc", 2, str))
    [['a', 'a'], ['b', 'b'], ['b'], ['c']]
    """
    group: list[_Item] = []
    kind: object = None
    interrupted = False
    try:
        for item in items:
            other = alike(item)
            if group and other != kind:
                yield group
                group = []
            kind = other
            group.append(item)
            if len(group) == most:
                yield group
                group = []
    except KeyboardInterrupt:
        interrupted = True
    if group:
        yield group
    if interrupted:
        raise KeyboardInterrupt


def read_ahead(items: Iterable[_Item], ahead: int) -> Generator[_Item, None, None]:
    """Yield items that another thread reads, a few ahead.

    Errors come out where they occurred. Closing the generator ends the thread, once the item that it is reading is
    there; ``items`` is closed too, if it can be.

    Parameters
    ----------
    items : iterable
        Used by the other thread alone.
    ahead : int
        How many items may wait.

    Examples
    --------
    >>> list(read_ahead(range(3), 2))
    [0, 1, 2]
    """
    waiting: Queue[_Item | object] = Queue(ahead)
    stopped = Event()

    def read() -> None:
        try:
            with contextlib.closing(cast(Any, items)) if hasattr(items, "close") else contextlib.nullcontext():
                for item in items:
                    waiting.put(item)
                    if stopped.is_set():
                        return
        finally:
            waiting.put(_END)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(read)
        item: _Item | object = None
        try:
            while (item := waiting.get()) is not _END:
                yield cast("_Item", item)
        finally:
            stopped.set()
            while item is not _END:  # the thread may be waiting for room
                item = waiting.get()
        done.result()


@contextlib.contextmanager
def opencv_threads(number: int | None) -> Iterator[None]:
    """Let OpenCV use so many threads inside the block; None changes nothing.

    Examples
    --------
    >>> with opencv_threads(1):
    ...     cv2.getNumThreads()
    1
    """
    before = cv2.getNumThreads()
    if number is not None:
        cv2.setNumThreads(number)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let a Ctrl-C wait until the block is over; outside the main thread, where none arrives, do nothing.

    Examples
    --------
    >>> with uninterrupted():
    ...     pass
    """
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt
