"""``facestats config``."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from facestats.cli import app
from facestats.cli.options import with_run_options
from facestats.errors import UsageError


@app.command()
@with_run_options
def config(
    how: dict[str, Any],
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="INPUT...", help="What would be analysed: its facestats.toml holds.")
    ] = None,
    out: Annotated[
        str, typer.Option("--out", "--store", help="The store, whose options hold where nothing else says so.")
    ] = "facestats-out",
    remember_them: Annotated[
        bool, typer.Option("--remember", help="Let the store remember the options that this command line gives.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print which options hold for a run, and who says so.

    The default is the weakest; then come what the store was made with, facestats.toml in the folder of the inputs or
    beside it, FACESTATS_* variables (FACESTATS_RATE=5), and the command line.
    """
    from facestats._util.locations import location
    from facestats.batch.settings import settings
    from facestats.options import AnalyzeOptions
    from facestats.store.memory import is_remembered, remember, remembered
    from facestats.store.store import open_store
    from facestats.video.discovery import refuse_store

    for each in inputs or ():
        refuse_store(each, location(each))
    held = settings(how, inputs or (), out)
    values = {name: getattr(held.analyze, name, None) for name in held.origins}
    values |= {name: getattr(held.run, name) for name in held.origins if hasattr(held.run, name)}
    if remember_them:
        kept = {name: values[name] for name in how if is_remembered(name)}
        if not kept:
            raise UsageError(
                "--remember needs an option that changes results, as in: facestats config --rate 5 --remember"
            )
        store = open_store(out)
        remember(store.path, {**AnalyzeOptions().to_dict(), **remembered(store.path), **kept})
        print(f"{out} remembers {', '.join(f'{name} {_text(value)}' for name, value in kept.items())}")
        return
    if as_json:
        told = {
            name: {"value": values[name], "from": setting.origin, "where": setting.where or None}
            for name, setting in held.origins.items()
        }
        print(json.dumps({"options": told, "differing": held.differing}, ensure_ascii=False))
        return
    said = {"given": "command line"}
    rows = [(name, _text(values[name]), said.get(each.origin, str(each))) for name, each in held.origins.items()]
    widths = [max(len(row[i]) for row in rows) for i in (0, 1)]
    for name, value, origin in rows:
        print(f"{name:{widths[0]}}  {value:{widths[1]}}  {origin}")
    for line in held.differing:
        print(line)


def _text(value: Any) -> str:
    """Return a value as a person writes it.

    Examples
    --------
    >>> _text(("a", "b")), _text({"gender": "none"}), _text(True), _text(None)
    ('a, b', 'gender=none', 'yes', '-')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key}={each}" for key, each in value.items()) or "-"
    if isinstance(value, tuple):
        return ", ".join(value) or "-"
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
