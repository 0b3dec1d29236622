"""``facestats dataset``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from facestats.cli import app
from facestats.cli.console import say, with_manners


class _ListsLayouts(TyperCommand):
    """Names the layouts below its help, and imports them only then."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        from facestats.datasets.layouts import LAYOUTS

        # An empty line is a new line to typer, and square brackets would be markup.
        self.epilog = "\n\n".join(
            ["LAYOUT and SOURCE:", *(f"{name}: {layout.source}" for name, layout in LAYOUTS.items())]
        )
        super().format_help(ctx, formatter)


@app.command(cls=_ListsLayouts)
@with_manners
def dataset(
    layout: Annotated[str, typer.Argument(metavar="LAYOUT", help="Which data set it is, see below.")],
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="Its folder, downloaded and unpacked.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The Parquet file to write.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file that --out names.")] = False,
) -> None:
    """Turn a face data set, as its authors lay it out, into a Parquet file to train and evaluate on."""
    from facestats.datasets.layouts import convert, find_layout

    chosen = find_layout(layout)
    done = convert(chosen, source, out, overwrite=overwrite, progress=True)
    say(f"{done.n_rows:,} rows with labels for {', '.join(done.attributes)} in {done.path}")
    for reason, count in done.skipped.items():
        say(f"{count:,} left out: {reason}")
    say(f"cite, and mind the terms: {chosen.terms}")
    for attribute in done.attributes:
        say(f"use it: facestats train {attribute} --data {done.path}")
