"""``facestats compact``: let a store of many videos lie in fewer files."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from facestats.cli import app
from facestats.cli.console import one_line


@app.command()
def compact(
    store: Annotated[str, typer.Argument(metavar="STORE", help="What `facestats analyze --out` wrote.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with everything.")] = False,
) -> None:
    """Merge the small files of a store, so that the tables of thousands of videos are read in seconds.

    The results stay as they are. `facestats update` does it by itself.
    """
    from facestats.store.store import open_store

    done = open_store(store).compact()
    for video in done.left_out:
        print(one_line(f"facestats: the tables of {video} cannot be read, and were left as they are"), file=sys.stderr)
    if as_json:
        print(json.dumps(asdict(done)))
    else:
        print(f"{done.n_videos:,} videos are merged, {done.n_new:,} of them now")
