"""Whether a command line will work, found out without running it: for what a scheduler is to call at night."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from facestats.cli import app, register_commands
from facestats.cli.options import run_options
from facestats.cli.report import parameters_of
from facestats.errors import EmptyInputError, UsageError


def check_command(arguments: Sequence[str]) -> None:
    """Refuse a command line that cannot work: unknown options, wrong values, inputs, stores and templates not there.

    Parameters
    ----------
    arguments : sequence of str
        Those of ``facestats``, the command first; paths are relative to the current folder.

    Raises
    ------
    UsageError
        If it cannot work; what the parser finds is raised as the parser's own error.

    Examples
    --------
    >>> check_command(["status", "no-such-store"])
    Traceback (most recent call last):
    facestats.errors.StoreError: no-such-store does not exist: give the folder that `facestats analyze --out` wrote
    """
    if not arguments:
        return  # whoever writes the line says so
    register_commands()
    command: Any = typer.main.get_group(app)
    rest, context = list(arguments), None
    while hasattr(command, "commands") and rest and rest[0] in command.commands:
        command = command.commands[rest[0]]
        if not hasattr(command, "commands"):
            context = command.make_context(rest[0], rest[1:])
        rest = rest[1:]
    if context is None:
        return  # the same: no such command
    given = dict(context.params)
    if arguments[0] in ("analyze", "update"):
        _check_run(context, given)
    elif arguments[0] == "report":
        _check_report(given)
    elif isinstance(given.get("store"), str):
        from facestats.store.store import open_store

        open_store(given["store"])


def _check_run(context: Any, given: dict[str, Any]) -> None:
    from facestats._util.locations import location
    from facestats.analysis.stages import load_stages
    from facestats.batch.settings import settings
    from facestats.reports.parameters import check_parameters
    from facestats.reports.tasks import reserved_names, templates
    from facestats.store.store import open_store
    from facestats.video.discovery import discover

    how = run_options(given, context)
    store = given.get("store") or given.get("out") or ""
    options = settings(how, given["inputs"], store).analyze
    for error in discover(given["inputs"], sequence=options.sequence).missing:
        if not isinstance(error, EmptyInputError):
            raise error
    load_stages(options)
    place = location(store)
    if place.is_dir() and any(not each.name.startswith(".") for each in place.iterdir()):
        open_store(store)
    if "reports" in given:
        parameters = parameters_of(given["parameter"] or [], given["file"])
        check_parameters(parameters, templates(), reserved=reserved_names())
        if given["reports"].exists() and not given["reports"].is_dir():
            raise UsageError(f"{given['reports']} is a file: --reports needs a folder")


def _check_report(given: dict[str, Any]) -> None:
    from facestats.reports.run import tasks_for

    if given["store"] is None:
        raise UsageError("name the store to report on: report STORE")
    parameters = parameters_of(given["parameter"] or [], given["file"], given["template"])
    how = {name: given[name] for name in ("out", "template", "video")}
    tasks_for(given["store"], parameters=parameters, **how)
