"""``facestats report``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from facestats.cli import app
from facestats.cli.console import one_line, problem, say, with_manners
from facestats.errors import UsageError

if TYPE_CHECKING:
    from facestats.reports.results import Report

_FLAGS = ("-p", "--parameter")


def join_pairs(arguments: list[str]) -> list[str]:
    """Join the two values of each ``-p NAME VALUE``, since typer knows no repeatable option of two values.

    Raises
    ------
    UsageError
        If one of the two is missing.

    Examples
    --------
    >>> join_pairs(["store", "-p", "title", "Day 1", "--out", "x"])
    ['store', '-p', 'title=Day 1', '--out', 'x']
    """
    joined: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        joined.append(argument)
        if argument in _FLAGS:
            name, value = next(rest, None), next(rest, None)
            if name is None or value is None or not name.isidentifier():
                raise UsageError(f"{argument} needs a name and a value: {argument} NAME VALUE")
            joined.append(f"{name}={value}")
    return joined


class PairsCommand(TyperCommand):
    """A command that takes ``-p NAME VALUE``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments."""
        return super().parse_args(ctx, join_pairs(args))


@app.command(cls=PairsCommand)
@with_manners
def report(
    store: Annotated[str | None, typer.Argument(metavar="STORE", help="What `facestats analyze --out` wrote.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the reports; made if absent.")] = Path("reports"),
    template: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Run this notebook instead of the two above, or compare_report."),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(*_FLAGS, metavar="NAME VALUE", help="Set a parameter of the notebooks; repeatable."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("-f", "--parameters-file", metavar="FILE", help="YAML file of parameters; -p overrides it."),
    ] = None,
    video: Annotated[
        str | None, typer.Option(metavar="ID", help="Report on this video only: its id, or its file name.")
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Print each page as PDF too (needs Chromium or Chrome).")] = False,
    list_parameters: Annotated[
        bool, typer.Option("--list-parameters", help="Print the parameters that -p can set, and stop.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with everything.")] = False,
) -> None:
    """Make notebooks and offline HTML pages: one for each video, and one over all."""
    from facestats.reports import run, tasks
    from facestats.store.store import open_store

    if list_parameters:
        _print_parameters(tasks.templates(template), tasks.reserved_names(template))
        return
    if store is None:
        raise UsageError("name the store to report on: facestats report STORE")
    parameters = parameters_of(parameter or [], file, template)
    result = run.report(store, out=out, template=template, parameters=parameters, video=video, pdf=pdf)
    for line in result.problems:
        problem(line)
    if as_json:
        found = {"reports": [made(each) for each in result.reports], "index": str(result.index)}
        found["removed"] = list(result.removed)
        print(json.dumps({**found, "problems": result.problems, "exit_code": result.exit_code}, ensure_ascii=False))
        raise typer.Exit(result.exit_code)
    for name in result.removed:
        say(one_line(f"{name}: its video has gone from the store or counts no more, the report was taken away"))
    for each in result.reports:
        say(str(each.html if each.pdf is None else each.pdf))
    if not open_store(store).entries():
        say(one_line(f"{store} holds no videos, and so says the page"))
    if len(result.reports) > 1:
        say(f"all reports: {result.index}")
    raise typer.Exit(result.exit_code)


def parameters_of(pairs: list[str], file: Path | None, template: str | None = None) -> dict[str, Any]:
    """Return the parameters of a file, and of ``-p`` options as :func:`join_pairs` leaves them, which come first."""
    from facestats.reports.parameters import read_file, read_values
    from facestats.reports.tasks import templates

    texts = dict(pair.split("=", 1) for pair in pairs)
    if len(texts) < len(pairs):
        raise UsageError("a parameter is given twice: -p each name once")
    notebooks = templates(template)
    return {**({} if file is None else read_file(file, notebooks)), **read_values(texts, notebooks)}


def made(report: Report) -> dict[str, Any]:
    """Return what became of a report, for a program."""
    paths = {name: getattr(report, name) for name in ("html", "notebook", "pdf")}
    known = {name: None if path is None else str(path) for name, path in paths.items()}
    return {"title": report.title, "status": report.status, "error": report.error, **known}


def _print_parameters(templates: list[Path], reserved: dict[str, str]) -> None:
    from facestats.reports.parameters import notebook_parameters

    for template in templates:
        parameters = notebook_parameters(template)
        print(f"{template.name}:" if parameters else f"{template.name} has no cell tagged 'parameters'")
        for name, parameter in (parameters or {}).items():
            if name not in reserved:
                print(f"  {name} = {parameter.default!r}  ({parameter.kind}) {parameter.meaning}")
