"""The errors that facestats raises on purpose.

Every message is one line: what is wrong, where, and what to do. All of them are picklable, so that they cross
process borders unharmed::

    FacestatsError                 base of the tree; exit code 3
    ├── UsageError                 the call is wrong, not the data; exit code 2
    │   ├── MissingInputError      a path that does not exist, a folder without media
    │   ├── UnknownNameError       an unknown model, detector, tracker, table or parameter
    │   ├── DeviceError            no such device, no display
    │   │   └── CameraError        no such camera, or it gives no picture
    │   ├── OutputError            the output cannot be written
    │   └── StoreError             not a store, or of another schema version
    ├── UnreadableInputError       the input is there but nothing of it could be read
    ├── ModelError                 a model that is damaged, does not fit its card, or cannot be fetched; 2
    ├── DataError                  a data file without the columns or images that are needed
    └── SchemaError                a table that does not follow the schema
"""

from __future__ import annotations


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
        What the command line returns when this error ends it: 2 for wrong use, 3 for inputs that failed.
    """

    exit_code: int = 3

    def __init__(self, message: str = "", *, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = message if reason is None else reason


class UsageError(FacestatsError):
    """The call itself is wrong; nothing was attempted."""

    exit_code = 2


class MissingInputError(UsageError):
    """An input path that does not exist, or a folder without media."""


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


class UnreadableInputError(FacestatsError):
    """An input that exists but of which nothing could be read."""


class ModelError(FacestatsError):
    """A model that is damaged, does not fit its card, or cannot be fetched; no input was read."""

    exit_code = 2


class DataError(FacestatsError):
    """A data file without the columns, or with images, that cannot be used."""


class SchemaError(FacestatsError):
    """A table that does not follow :mod:`facestats.tables.schema`."""
