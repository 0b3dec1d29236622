"""The command line: ``facestats`` and its commands, one module per group.

Commands import what they need when they run, so that ``facestats --help`` stays quick. Every
:class:`facestats.errors.FacestatsError` becomes one line on stderr and an exit code; ``--debug`` shows the traceback.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from importlib import import_module
from typing import Annotated

import typer

from facestats._util.naming import as_options
from facestats.errors import FacestatsError, UsageError, passes

_CLOSED_PIPE = 141  # as a shell has it of a program that a closed pipe ended
_PIPE_CLOSED_IN_TYPER = 1  # no command of ours ends so

#: Where each command is written: only that module is imported when the command is called. Of a group it is the module
#: that adds to it last: importing that imports the others.
_MODULES = {
    **{name: name for name in ("analyze", "calibrate", "compact", "config", "correct", "dataset", "demo", "export")},
    **{name: name for name in ("forget", "lab", "models", "report", "schedule", "status", "synth", "update")},
    **{"annotations": "annotation", "evaluate": "annotation", "prune": "forget", "train": "training"},
}

app = typer.Typer(
    name="facestats",
    help="From collections of videos to tidy tables of tracked faces, annotated clips and reports.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _show_version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        print(f"facestats {version('facestats')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True)] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    if debug:
        os.environ["FACESTATS_DEBUG"] = "1"


def register_commands(wanted: str = "") -> None:
    """Make all commands known; or only the one that is wanted, if there is such a one.

    Examples
    --------
    >>> register_commands("status")
    """
    modules = [_MODULES[wanted]] if wanted in _MODULES else dict.fromkeys(_MODULES.values())
    for module in modules:
        import_module(f"facestats.cli.{module}")


def commands() -> frozenset[str]:
    """Return the names of all commands.

    Examples
    --------
    >>> {"analyze", "update"} <= commands()
    True
    """
    register_commands()
    return frozenset(typer.main.get_group(app).commands)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with a code: the documents say what each means.

    Examples
    --------
    >>> main(["--version"])  # doctest: +SKIP
    facestats 0.1.0
    """
    # Arrow's usual allocator keeps what it was given back; inherited by workers, and never overrides the user.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    register_commands(next((each for each in arguments if not each.startswith("-")), ""))
    if "--debug" in arguments:  # accepted anywhere, not only before the command
        arguments.remove("--debug")
        arguments.insert(0, "--debug")
    try:
        with _terminated_like_interrupted(), as_options():
            app(args=arguments)
    except FacestatsError as error:
        if os.environ.get("FACESTATS_DEBUG"):
            raise
        print(f"facestats: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except Exception as error:
        from facestats._util.locations import far_error

        told = UsageError(f"{error}") if isinstance(error, OSError) and passes(error) else far_error(error)
        if told is None or os.environ.get("FACESTATS_DEBUG"):
            raise
        print(f"facestats: {told}: try again later", file=sys.stderr)
        sys.exit(told.exit_code)
    except SystemExit as end:
        if end.code == _PIPE_CLOSED_IN_TYPER:
            end.code = _CLOSED_PIPE
        if end.code == 130:  # how typer ends after Ctrl-C
            print("facestats: interrupted; what was finished is kept", file=sys.stderr)
        raise
    finally:
        _flush()


def _flush() -> None:
    """Write out what is left to write; whoever reads the output may have read enough."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python would try once more
        sys.exit(_CLOSED_PIPE)


@contextlib.contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let a polite `kill` end a run as Ctrl-C does: a camera's results are stored, temporary files removed."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals cannot be handled elsewhere
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
