"""How long commands speak: quietly, at length, into a log file, with progress for people or for programs."""

from __future__ import annotations

import contextlib
import inspect
import json
import logging
import logging.handlers
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from facestats._util.files import make_folder
from facestats.errors import FacestatsError, OutputError

_LOG_BYTES, _OLD_LOGS = 1_000_000, 3

_log = logging.getLogger("facestats.cli")
_is_quiet = False
_SAID = {"is_said": True}  # of a record: the terminal has it already

_MANNERS = {
    "quiet": (bool, False, typer.Option("--quiet", "-q", help="Print problems only.")),
    "verbose": (bool, False, typer.Option("--verbose", "-v", help="Print a line for each thing that is done.")),
    "log_file": (Path | None, None, typer.Option("--log-file", metavar="FILE", help="What happened, appended.")),
    "progress": (
        str | None,
        None,
        typer.Option(
            "--progress",
            metavar="bars|lines|json|none",
            help="On standard error: bars, by default in a terminal; a line every half minute, by default elsewhere; "
            "JSON objects, a line each, for a program; or nothing.",
        ),
    ),
}


def say(text: str) -> None:
    """Print what a person may want to read, and log it; with ``--quiet`` log it alone."""
    if not _is_quiet:
        print(text, flush=True)
    _log.info("%s", text, extra=_SAID)


def problem(text: str) -> None:
    """Tell what went wrong, on standard error and in the log, in one line."""
    _log.error("%s", text)


def one_line(text: str) -> str:
    """Return text without line breaks: file names may hold some, messages may not.

    Examples
    --------
    >>> one_line("no break")
    'no break'
    """
    return text.replace("\n", "\\n").replace("\r", "\\r")


def with_manners(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of :data:`_MANNERS`, and do what they ask for around it.

    A command that has a ``log_file`` of its own gets it, and says itself where the log is.

    Examples
    --------
    >>> @with_manners
    ... def show() -> None:
    ...     say("done")
    >>> show(quiet=True)
    >>> show()
    done
    """
    own = inspect.signature(command, eval_str=True).parameters
    shared = {
        name: inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, described]
        )
        for name, (kind, default, described) in _MANNERS.items()
        if name not in own
    }

    def wrapper(**given: Any) -> None:
        asked = {name: given.pop(name, None) for name in shared}
        with speaking(**asked):
            command(**given)

    wrapper.__doc__, wrapper.__name__ = command.__doc__, command.__name__
    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own.values()] + [*shared.values()]
    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # as in with_run_options
    wrapper.__annotations__ = {each.name: each.annotation for each in parameters}
    return wrapper


@contextlib.contextmanager
def speaking(
    *, quiet: bool | None = None, verbose: bool | None = None, log_file: Path | None = None, progress: str | None = None
) -> Iterator[None]:
    """Do what the options of a long command ask for, for the time of the block.

    Raises
    ------
    UsageError
        If they exclude each other, or there is no such way of showing progress.
    OutputError
        If the log cannot be written.
    """
    global _is_quiet
    from facestats._util.progress import Style, shown
    from facestats.errors import UnknownNameError, UsageError

    if quiet and verbose:
        raise UsageError("--quiet and --verbose exclude each other: leave one out")
    if progress is not None and progress not in set(Style):
        raise UnknownNameError(f"--progress must be {', '.join(Style)}, not {progress!r}")
    usual = Style.NONE if quiet else Style.BARS if sys.stderr.isatty() else Style.LINES
    style = usual if progress is None else Style(progress)
    before, _is_quiet = _is_quiet, bool(quiet)
    try:
        with (
            contextlib.nullcontext() if log_file is None else logged_to(log_file),
            _told(style is Style.JSON, logging.ERROR if quiet else logging.INFO if verbose else logging.WARNING),
            _ended(style is Style.JSON),
            shown(style),
        ):
            yield
    finally:
        _is_quiet = before


@contextlib.contextmanager
def logged_to(path: Path) -> Iterator[None]:
    """Append what the package logs to a file, a line each, for the time of the block.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        make_folder(path.parent)
        handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=_LOG_BYTES, backupCount=_OLD_LOGS, encoding="utf-8", errors="backslashreplace"
        )
    except OSError as error:
        raise OutputError(f"cannot write the log {path}: {error.strerror or error}; name another --log-file") from None
    handler.setFormatter(_OneLine("%(asctime)s %(process)d %(levelname)s %(message)s"))
    with _handled(handler, logging.INFO):
        _log.info("%s begins", " ".join(["facestats", *sys.argv[1:]]))
        try:
            yield
        except typer.Exit as end:
            _log.info("ends with %d", end.exit_code)
            raise
        except KeyboardInterrupt:
            _log.info("interrupted")
            raise
        except FacestatsError as error:
            handler.emit(_log.makeRecord(_log.name, logging.ERROR, "", 0, "%s", (str(error),), None))
            _log.info("ends with %d", error.exit_code)
            raise
        _log.info("ends with 0")


@contextlib.contextmanager
def _told(as_json: bool, level: int) -> Iterator[None]:
    """Print what the package logs from a level on, to standard error, for the time of the block."""
    handler = _ToTerminal(level)
    handler.setFormatter(_Json() if as_json else _OneLine("facestats: %(message)s"))
    with _handled(handler, level):
        yield


@contextlib.contextmanager
def _handled(handler: logging.Handler, level: int) -> Iterator[None]:
    """Give the logger of the package a handler for the time of the block."""
    logger = logging.getLogger("facestats")
    before = logger.level
    logger.setLevel(min(level, before or level))
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
        handler.close()


@contextlib.contextmanager
def _ended(as_json: bool) -> Iterator[None]:
    """Tell a program how a command ended; an error is one of its lines then, not one of its own."""
    if not as_json:
        yield
        return
    code = 0
    try:
        yield
    except typer.Exit as end:
        code = end.exit_code
        raise
    except FacestatsError as error:
        code = error.exit_code
        if os.environ.get("FACESTATS_DEBUG"):
            raise
        problem(str(error))
        raise typer.Exit(code) from None
    except BaseException:
        code = 130
        raise
    finally:
        print(json.dumps({"event": "end", "exit_code": code}), file=sys.stderr, flush=True)


class _ToTerminal(logging.Handler):
    """Prints to standard error, above the bars that may be there."""

    def emit(self, record: logging.LogRecord) -> None:
        if hasattr(record, "is_said"):
            return
        from tqdm import tqdm

        tqdm.write(self.format(record), file=sys.stderr)


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return one_line(super().format(record))


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        told = {"event": "message", "level": record.levelname.lower(), "text": record.getMessage()}
        return json.dumps(told, ensure_ascii=False)
