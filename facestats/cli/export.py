"""``facestats export``: a table of a store as a file."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from facestats._util.spoken import seconds_of
from facestats.cli import app

_Store = Annotated[str, typer.Argument(metavar="STORE", help="What `facestats analyze --out` wrote.")]


@app.command()
def export(
    store: _Store,
    table: Annotated[
        list[str] | None,
        typer.Option(
            help="videos, frames, observations, tracks, people, doubtful, thumbnails, corrections, timeline or long; "
            "by default tracks. Repeatable for xlsx, which has one sheet a table, by default all of them."
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            help="csv, tsv, json, parquet, xlsx, dta (Stata) or sav (SPSS); by default as --out ends, else csv."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write, by default TABLE.FORMAT; - is standard output.")
    ] = None,
    video: Annotated[
        list[str] | None, typer.Option(help="Only this video: its id, path or file name; repeatable.")
    ] = None,
    from_s: Annotated[
        float | None,
        typer.Option(
            "--from",
            metavar="TIME",
            parser=partial(seconds_of, name="--from"),
            help="Only what is shown from this time of a video on: seconds, or as 1:30 or 1:02:30.",
        ),
    ] = None,
    to_s: Annotated[
        float | None,
        typer.Option(
            "--to",
            metavar="TIME",
            parser=partial(seconds_of, name="--to"),
            help="Only what is shown up to this time of a video.",
        ),
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(help="Of the attributes only this one: expression, gender, age or makeup; repeatable."),
    ] = None,
    every: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Length of a span of the timeline; 1 by default.")
    ] = None,
    utc: Annotated[
        bool, typer.Option("--utc", help="Add times in UTC, where the file tells when it was recorded.")
    ] = False,
    describe: Annotated[
        bool,
        typer.Option(
            help="Say what the columns mean, in columns.csv and datapackage.json beside a csv, tsv or json file."
        ),
    ] = True,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object: rows, tables, path.")] = False,
) -> None:
    """Write one table of a store as a file that a spreadsheet opens."""
    from facestats.store.export import export as write_table
    from facestats.store.formats import suffix_format

    to_stdout = out == Path("-")
    format = format or (suffix_format(out) if out and not to_stdout else "csv")
    names = ", ".join(table or ()) or ("all tables" if format == "xlsx" else "tracks")
    name = (table[0] if len(table) == 1 else "tables") if table else "tables" if format == "xlsx" else "tracks"
    path = out or Path(f"{name}.{format}")
    n = write_table(
        store,
        table or None,
        format=format,
        out=sys.stdout.buffer if to_stdout else path,
        videos=video or (),
        from_s=from_s,
        to_s=to_s,
        attributes=attribute or None,
        every=every,
        utc=utc,
        describe_columns=describe,
        overwrite=overwrite,
    )
    if to_stdout:
        return
    if as_json:
        print(json.dumps({"rows": n, "tables": names.split(", "), "path": str(path)}))
        return
    print(f"{n} {'row' if n == 1 else 'rows'} of {names} in {path}")
    if n == 0 and names == "people":
        from facestats.store.store import open_store
        from facestats.tables.people import NO_PEOPLE, people_are_missing

        if people_are_missing(open_store(store).tracks(columns=["person_id"])):
            print(f"missing, not zero: {NO_PEOPLE}", file=sys.stderr)
