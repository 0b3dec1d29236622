"""Messages between a run and its worker processes: pickled, each with its length in front."""

from __future__ import annotations

import pickle
import struct
from enum import Enum
from typing import Any, BinaryIO

_LENGTH = struct.Struct("<Q")


class Kind(Enum):
    """What a message holds."""

    LOAD = "load"  # options, for which models are to be loaded
    JOB = "job"
    READY = "ready"  # nothing: the models are loaded
    PROGRESS = "progress"
    ANSWER = "answer"
    ERROR = "error"  # one that holds for all jobs


def send(stream: BinaryIO, message: tuple[Kind, Any]) -> None:
    """Write one message: its kind, and what it holds.

    Examples
    --------
    >>> import io
    >>> stream = io.BytesIO()
    >>> send(stream, (Kind.ANSWER, 1))
    >>> receive(io.BytesIO(stream.getvalue()))[1]
    1
    """
    data = pickle.dumps(message)
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def receive(stream: BinaryIO) -> tuple[Kind, Any] | None:
    """Read one message; None where the stream has ended, even in the middle of one.

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
