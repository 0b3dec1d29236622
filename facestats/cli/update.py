"""``facestats update``: one command for a scheduler to call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from facestats.cli import app
from facestats.cli.analyze import INPUTS, outcome, print_plan, summary
from facestats.cli.console import logged_to, one_line, problem, say, with_manners
from facestats.cli.options import with_run_options
from facestats.cli.report import PairsCommand, made, parameters_of


@app.command(cls=PairsCommand)
@with_manners
@with_run_options
def update(
    inputs: Annotated[list[str], INPUTS],
    how: dict[str, Any],
    store: Annotated[str, typer.Option(help="Folder of the store, made if absent; or s3://, gs:// and the like.")],
    reports: Annotated[Path, typer.Option(help="Folder of the reports, made if absent.")],
    log_file: Annotated[
        Path | None,
        typer.Option("--log-file", "--log", metavar="FILE", help="What happened, appended; by default REPORTS.log."),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="NAME VALUE", help="Set a parameter of the reports; repeatable."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("-f", "--parameters-file", metavar="FILE", help="YAML file of parameters; -p overrides it."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done with each input, and why; do nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with everything.")] = False,
) -> None:
    """Analyse what is new or changed, and make those reports anew that it touches; for a scheduler to call.

    Two updates of the same reports, and two runs on the same store, never overlap.
    """
    from facestats.batch.collection import plan_collection
    from facestats.reports.updating import update as bring_up_to_date
    from facestats.store.store import create_store

    parameters = parameters_of(parameter or [], file)
    if dry_run:
        print_plan(plan_collection(inputs, out=store, may_be_empty=True, **how), as_json=as_json)
        return
    create_store(store)  # first: the log may lie in it
    folder = reports.absolute()
    with logged_to(log_file or folder.with_name(f"{folder.name}.log")):
        result = bring_up_to_date(inputs, store=store, reports=reports, parameters=parameters, **how)
        for line in result.problems:
            problem(line)
        n = len(result.reports)
        told = f"{summary(result.collection)}; {n} {'report' if n == 1 else 'reports'} made in {reports}"
        if as_json:
            found = {"collection": outcome(result.collection), "reports": [made(each) for each in result.reports]}
            found["removed"] = list(result.removed)
            print(json.dumps({**found, "problems": result.problems, "exit_code": result.exit_code}, ensure_ascii=False))
        else:
            for name in result.removed:
                say(one_line(f"{name}: its video has gone from the store or counts no more, the report was taken away"))
            say(told)
        raise typer.Exit(result.exit_code)
