"""``facestats status``: how far a store is."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from facestats._util.words import duration
from facestats.cli import app
from facestats.cli.console import one_line


@app.command()
def status(
    store: Annotated[str, typer.Argument(metavar="STORE", help="What `facestats analyze --out` wrote.")],
    everything: Annotated[bool, typer.Option("--all", help="List also what is done.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with everything.")] = False,
    known: Annotated[
        list[str] | None,
        typer.Option(
            "--acknowledge",
            metavar="VIDEO",
            help="This failure is known: runs end with 0 in spite of it, as long as it stays the same; repeatable.",
        ),
    ] = None,
    unknown: Annotated[
        list[str] | None, typer.Option("--unacknowledge", metavar="VIDEO", help="Take that back; repeatable.")
    ] = None,
) -> None:
    """Say which videos of a store are done, partial, failed or pending, and why.

    It ends with 3 where any failed or was read in part, as runs do, unless that was acknowledged; with 0 where it is
    told what is known.
    """
    from facestats.batch.status import acknowledge, exit_code
    from facestats.batch.status import status as status_of

    for videos, is_known in ((known, True), (unknown, False)):
        if videos:
            acknowledge(store, videos, known=is_known)
    found = status_of(store)
    counts = found["state"].value_counts()
    code = 0 if known or unknown else exit_code(found)  # of those it is said whether it was noted
    if as_json:
        rows = json.loads(found.to_json(orient="records", date_format="iso"))
        told = {"counts": {name: int(n) for name, n in counts.items()}, "videos": rows, **found.attrs}
        print(json.dumps(told, ensure_ascii=False))
        raise typer.Exit(code)
    if found.attrs["run"] is not None:
        print(_under_way(found.attrs["run"]))
    print(", ".join(f"{n} {name}" for name, n in counts.items() if n) or "nothing in it yet")
    for path, state, reason in zip(found["path"], found["state"], found["reason"], strict=True):
        if everything or state not in ("done", "passed over") or (state == "done" and reason):
            print(one_line(f"{state:10} {path}" + (f" ({reason})" if reason else "")))
    raise typer.Exit(code)


def _under_way(run: dict[str, Any]) -> str:
    since = run["started_at"][:16].replace("T", " ")
    left = "" if run["left_s"] is None else f", some {duration(run['left_s'])} left"
    done = f"{run['n_done']} of {run['n_inputs']} inputs done, {run['share']:.0%} of the work"
    return f"a run is under way since {since} UTC: {done}{left}"
