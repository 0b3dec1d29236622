"""What a message calls an argument: its name in Python, its option on the command line."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

_is_command = False


@contextlib.contextmanager
def as_options() -> Iterator[None]:
    """Call arguments by the options of the command line, for the time of the block.

    Examples
    --------
    >>> with as_options():
    ...     named("age_group", "--age"), named("same_person")
    ('--age', '--same-person')
    """
    global _is_command
    before, _is_command = _is_command, True
    try:
        yield
    finally:
        _is_command = before


def named(argument: str, option: str = "") -> str:
    """Return what the user calls an argument.

    Parameters
    ----------
    argument : str
        Its name in Python.
    option : str
        Of the command line; by default of the same name.

    Examples
    --------
    >>> named("age_group", "--age")
    'age_group'
    """
    return either(argument, option or f"--{argument.replace('_', '-')}")


def either(python: str, command: str) -> str:
    """Return what is to be typed in Python, or on the command line, whichever the user has come by.

    Examples
    --------
    >>> either("fs.report(store)", "facestats report STORE")
    'fs.report(store)'
    """
    return command if _is_command else python
