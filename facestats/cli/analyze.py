"""``facestats analyze``."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facestats.cli import app
from facestats.cli.options import with_run_options

if TYPE_CHECKING:
    from facestats.batch.collection import CollectionResult

_MOST_NAMES = 5  # of the files that are passed over

INPUTS = typer.Argument(
    metavar="INPUT...",
    help="Videos, images, folders (searched recursively), globs, camera:0, rtsp:// or http:// streams, s3://.",
)


@app.command()
@with_run_options
def analyze(
    inputs: Annotated[list[str], INPUTS],
    how: dict[str, Any],
    out: Annotated[
        str, typer.Option(help="Folder of the store, made if absent; or s3://, gs:// and the like.")
    ] = "facestats-out",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done with each input, and why; do nothing.")
    ] = False,
    show: Annotated[bool, typer.Option("--show", help="Show a window while it works; q closes it.")] = False,
    delay: Annotated[int, typer.Option(metavar="MS", min=0, help="With --show: least time of a frame.")] = 1,
) -> None:
    """Find, track and classify the faces of videos and images; write tables and annotated clips.

    What the store has already, of the same content, options and models, is left as it is.
    """
    from facestats.batch.collection import analyze_collection, plan_collection
    from facestats.batch.settings import settings

    if dry_run:
        tasks = plan_collection(inputs, out=out, **how)
        for task in tasks:
            print(one_line(f"{task.action:8} {task.item.shown} ({task.reason})"))
        n = sum(task.action in ("analyze", "draw") for task in tasks)
        print(f"{n} of {len(tasks)} would be worked on")
        return
    blur = settings(how, inputs, out).analyze.blur
    with _window(show, delay, blur) as on_frame:
        result = analyze_collection(inputs, out=out, on_frame=on_frame, **how)
    for path in result.unsettled:
        print(one_line(f"{path} changed just now: left for the next run"))
    if result.passed_over:
        print(one_line(_passed_over(result.passed_over)))
    for line in result.copies:
        print(one_line(line))
    for line in result.problems:
        print(f"facestats: {one_line(line)}", file=sys.stderr)
    print(summary(result))
    print(f"tables and clips in {result.store.path}; next: facestats report {shlex.quote(str(result.store.path))}")
    raise typer.Exit(result.exit_code)


def _passed_over(paths: Sequence[str]) -> str:
    names = ", ".join(Path(path).name for path in paths[:_MOST_NAMES])
    more = f" and {len(paths) - _MOST_NAMES:,} more" if len(paths) > _MOST_NAMES else ""
    return f"{len(paths):,} file{'' if len(paths) == 1 else 's'} passed over: {names}{more}"


def summary(result: CollectionResult) -> str:
    """Return in one line what a run did."""
    videos = result.store.read("videos", columns=["video_id", "status", "n_tracks"])
    videos = videos[videos["video_id"].isin(result.video_ids)]
    done = videos[videos["video_id"].isin(result.analyzed)]
    counts = done["status"].value_counts()
    said = ", ".join(f"{counts[status]} {status}" for status in ("ok", "partial", "failed") if status in counts)
    n_drawn, n_tracks = len(result.drawn), int(videos["n_tracks"].sum())
    n_before = len(videos) - len(done) - n_drawn
    before = (f", {n_drawn} drawn anew" if n_drawn else "") + (f", {n_before} done before" if n_before else "")
    faces = "face" if n_tracks == 1 else "faces"
    return f"{len(done)} analysed{f' ({said})' if said else ''}{before}, {n_tracks} tracked {faces}"


def one_line(text: str) -> str:
    """Return text without line breaks: file names may hold some, messages may not.

    Examples
    --------
    >>> one_line("no break")
    'no break'
    """
    return text.replace("\n", "\\n").replace("\r", "\\r")


def _window(show: bool, delay: int, blur: bool) -> contextlib.AbstractContextManager[Callable[..., None] | None]:
    if not show:
        return contextlib.nullcontext()
    from facestats.widgets.window import open_window

    return open_window(delay_ms=delay, blur=blur)
