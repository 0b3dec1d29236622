"""``facestats report``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from facestats.cli import app
from facestats.cli.analyze import one_line
from facestats.errors import UsageError

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


class _PairsCommand(TyperCommand):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, join_pairs(args))


@app.command(cls=_PairsCommand)
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
    video: Annotated[
        str | None, typer.Option(metavar="ID", help="Report on this video only: its id, or its file name.")
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Print each page as PDF too (needs Chromium or Chrome).")] = False,
    list_parameters: Annotated[
        bool, typer.Option("--list-parameters", help="Print the parameters that -p can set, and stop.")
    ] = False,
) -> None:
    """Make notebooks and offline HTML pages: one for each video, and one over all."""
    from facestats.reports import run, tasks
    from facestats.reports.parameters import read_values

    if list_parameters:
        _print_parameters(tasks.templates(template), tasks.reserved_names(template))
        return
    if store is None:
        raise UsageError("name the store to report on: facestats report STORE")
    texts = dict(pair.split("=", 1) for pair in parameter or [])
    if len(texts) < len(parameter or []):
        raise UsageError("a parameter is given twice: -p each name once")
    parameters = read_values(texts, tasks.templates(template))
    result = run.report(store, out=out, template=template, parameters=parameters, video=video, pdf=pdf)
    for made in result.reports:
        print(made.html if made.pdf is None else made.pdf)
    for problem in result.problems:
        print(f"facestats: {one_line(problem)}", file=sys.stderr)
    if len(result.reports) > 1:
        print(f"all reports: {result.index}")
    raise typer.Exit(result.exit_code)


def _print_parameters(templates: list[Path], reserved: dict[str, str]) -> None:
    from facestats.reports.parameters import notebook_parameters

    for template in templates:
        parameters = notebook_parameters(template)
        print(f"{template.name}:" if parameters else f"{template.name} has no cell tagged 'parameters'")
        for name, parameter in (parameters or {}).items():
            if name not in reserved:
                print(f"  {name} = {parameter.default!r}  ({parameter.kind}) {parameter.meaning}")
