"""``facestats update``: one command for a scheduler to call."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from facestats.cli import app
from facestats.cli.analyze import INPUTS, one_line, summary
from facestats.cli.options import with_run_options
from facestats.errors import FacestatsError, OutputError

_LOG_BYTES, _OLD_LOGS = 1_000_000, 3


@app.command()
@with_run_options
def update(
    inputs: Annotated[list[str], INPUTS],
    how: dict[str, Any],
    store: Annotated[str, typer.Option(help="Folder of the store, made if absent; or s3://, gs:// and the like.")],
    reports: Annotated[Path, typer.Option(help="Folder of the reports, made if absent.")],
    log: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What happened, appended; by default REPORTS.log.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print problems only.")] = False,
) -> None:
    """Analyse what is new or changed, and make those reports anew that it touches; for a scheduler to call.

    Two updates of the same reports, and two runs on the same store, never overlap.
    """
    from facestats.reports.updating import update as bring_up_to_date
    from facestats.store.store import create_store

    create_store(store)  # first: the log may lie in it
    folder = reports.absolute()
    with _logged_to(log or folder.with_name(f"{folder.name}.log")) as logger:
        logger.info("update of %s from %s begins", store, ", ".join(inputs))
        try:
            result = bring_up_to_date(inputs, store=store, reports=reports, **how)
        except FacestatsError as error:
            logger.error("%s", error)
            raise
        for line in result.problems:
            logger.warning("%s", line)
            print(f"facestats: {one_line(line)}", file=sys.stderr)
        n = len(result.reports)
        told = f"{summary(result.collection)}; {n} {'report' if n == 1 else 'reports'} made in {reports}"
        logger.info("%s; ends with %d", told, result.exit_code)
    if not quiet:
        print(told)
    raise typer.Exit(result.exit_code)


@contextlib.contextmanager
def _logged_to(path: Path) -> Iterator[logging.Logger]:
    """Append what the package logs to a file, a line each, for the time of the block."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=_LOG_BYTES, backupCount=_OLD_LOGS, encoding="utf-8", errors="backslashreplace"
        )
    except OSError as error:
        raise OutputError(f"cannot write the log {path}: {error.strerror or error}; name another --log") from None
    handler.setFormatter(_OneLine("%(asctime)s %(process)d %(levelname)s %(message)s"))
    logger = logging.getLogger("facestats")
    level_before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield logger
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level_before)
        handler.close()


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return one_line(super().format(record))
