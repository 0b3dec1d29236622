"""The errors that facestats raises on purpose.

Every message is one line: what is wrong, where, and what to do. All of them are picklable, so that they cross
process borders unharmed::

    FacestatsError                 base of the tree; exit code 3
    ├── UsageError                 the call is wrong, not the data; exit code 2
    │   ├── MissingInputError      a path that does not exist
    │   │   └── EmptyInputError    a folder without media, a pattern that nothing matches
    │   ├── UnknownNameError       an unknown model, detector, tracker, table or parameter
    │   ├── DeviceError            no such device, no display
    │   │   └── CameraError        no such camera, or it gives no picture
    │   ├── OutputError            the output cannot be written
    │   └── StoreError             not a store, or of another schema version
    │       └── BusyError          another run is writing to it; exit code 4
    ├── UnreadableInputError       the input is there but nothing of it could be read
    │   └── OtherFramesError       its frames are not those that were analysed of it before
    ├── ModelError                 a model that is damaged, does not fit its card, or cannot be fetched; 2
    ├── DataError                  a data file without the columns or images that are needed
    └── SchemaError                a table that does not follow the schema

Where the call was right, and the machine was not ready for it (a disk that is full, or can only be read for now; a
server or a network disk that does not answer), the exit code is 4 instead of 2: try again later.
"""

from __future__ import annotations

import errno
import socket
import sys
import urllib.error

#: What an input, a store or a folder of reports may suffer from for a time.
PASSING = frozenset(
    getattr(errno, name)
    for name in (
        *("ENOSPC", "EDQUOT", "EROFS", "EBUSY", "EAGAIN", "EIO", "EREMOTEIO", "ESTALE", "ENOLINK"),
        *("ENOTCONN", "ETIMEDOUT", "ECONNREFUSED", "ECONNRESET", "ECONNABORTED"),
        *("EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN", "ENETUNREACH", "ENETRESET"),
    )
    if hasattr(errno, name)
)


def passes(error: BaseException | None) -> bool:
    """Say whether an error of the system may pass: the same call may go well later.

    Examples
    --------
    >>> passes(OSError(errno.ENOSPC, "No space left on device")), passes(PermissionError(errno.EACCES, "denied"))
    (True, False)
    """
    if isinstance(error, urllib.error.URLError):
        error = error.reason if isinstance(error.reason, BaseException) else None
    if isinstance(error, TimeoutError | ConnectionError | socket.gaierror):
        return not isinstance(error, BrokenPipeError)  # whoever reads has read enough
    return isinstance(error, OSError) and error.errno in PASSING


class FacestatsError(Exception):
    """Base of all errors that facestats raises on purpose.

    Parameters
    ----------
    message : str
    reason : str, optional
        The same without the name of the input, for where that stands beside it anyway; the message by default.

    Attributes
    ----------
    reason : str
    exit_code : int
        What the command line returns when this error ends it: 2 for wrong use, 3 for inputs that failed, 4 where the
        same may go well later.
    """

    exit_code: int = 3

    def __init__(self, message: str = "", *, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = message if reason is None else reason
        if self.exit_code == UsageError.exit_code and passes(sys.exception()):
            self.exit_code = BusyError.exit_code


class UsageError(FacestatsError):
    """The call itself is wrong; nothing was attempted."""

    exit_code = 2


class MissingInputError(UsageError):
    """An input path that does not exist, or cannot be reached."""


class EmptyInputError(MissingInputError):
    """A folder without media, or a pattern that nothing matches: there may be something later."""


class UnknownNameError(UsageError):
    """A name (model, detector, tracker, table, parameter) that facestats does not know."""


class DeviceError(UsageError):
    """A device that this machine does not have: an accelerator, a camera, a display."""


class CameraError(DeviceError):
    """A camera that is absent, or gives no picture."""


class OutputError(UsageError):
    """An output that cannot be written."""


class StoreError(UsageError):
    """A path that is not a store, or a store of another schema version."""


class BusyError(StoreError):
    """A store, or a folder of reports, that another run is writing to: try again later."""

    exit_code = 4


class UnreadableInputError(FacestatsError):
    """An input that exists but of which nothing could be read."""


class OtherFramesError(UnreadableInputError):
    """An input whose frames are not those that were analysed of it before."""


class ModelError(FacestatsError):
    """A model that is damaged, does not fit its card, or cannot be fetched; no input was read."""

    exit_code = 2


class DataError(FacestatsError):
    """A data file without the columns, or with images, that cannot be used."""


class SchemaError(FacestatsError):
    """A table that does not follow :mod:`facestats.tables.schema`."""
