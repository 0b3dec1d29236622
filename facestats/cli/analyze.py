"""``facestats analyze``."""

from __future__ import annotations

import contextlib
import json
import shlex
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facestats.cli import app
from facestats.cli.console import one_line, problem, say, with_manners
from facestats.cli.options import with_run_options

if TYPE_CHECKING:
    from facestats.batch.collection import CollectionResult
    from facestats.batch.plan import Task

_MOST_NAMES = 5  # of the files that are passed over

INPUTS = typer.Argument(
    metavar="INPUT...",
    help="Videos, images, folders (searched recursively), globs, camera:0, rtsp:// or http:// streams, s3://.",
)


@app.command()
@with_manners
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
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with everything.")] = False,
) -> None:
    """Find, track and classify the faces of videos and images; write tables and annotated clips.

    What the store has already, of the same content, options and models, is left as it is.
    """
    from facestats.batch.collection import analyze_collection, plan_collection
    from facestats.batch.settings import part_of_the_store, settings

    if dry_run:
        print_plan(plan_collection(inputs, out=out, **how), as_json=as_json)
        return
    held = settings(how, inputs, out)
    with _window(show, delay, held.analyze.blur) as on_frame:
        result = analyze_collection(inputs, out=out, on_frame=on_frame, **how)
    for line in result.problems:
        problem(line)
    if as_json:
        print(json.dumps(outcome(result), ensure_ascii=False))
        raise typer.Exit(result.exit_code)
    for path in result.unsettled:
        say(one_line(f"{path} changed just now: left for the next run"))
    if result.passed_over:
        say(one_line(_passed_over(result.passed_over)))
    for path in result.kept_out:
        say(one_line(f"{path} was forgotten: left out"))
    for line in result.copies:
        say(one_line(line))
    say(summary(result))
    if part := part_of_the_store(held):
        say(one_line(part))
    say(one_line(_next(result)))
    raise typer.Exit(result.exit_code)


def _next(result: CollectionResult) -> str:
    """Return what lies in the store of a run now, and what to do next."""
    place = shlex.quote(str(result.store.path))
    read = [video_id for video_id, entry in result.store.entries().items() if entry.status != "failed"]
    if not read:
        return f"no video could be read; next: facestats status {place}"
    has_clip = any(result.store.clip_path(video_id) is not None for video_id in read)
    return f"tables{' and clips' if has_clip else ''} in {result.store.path}; next: facestats report {place}"


def print_plan(tasks: Sequence[Task], *, as_json: bool = False) -> None:
    """Print what would be done with each input, and why; then how many of each there are."""
    from facestats.batch.plan import MEANINGS

    if as_json:
        print(json.dumps([planned(task) for task in tasks], ensure_ascii=False))
        return
    for task in tasks:
        print(one_line(f"{task.action:8} {task.item.shown} ({task.reason})"))
    counts = Counter(task.meaning for task in tasks)
    print(", ".join(f"{counts[meaning]} {meaning}" for meaning in MEANINGS if counts[meaning]) or "nothing to do")


def planned(task: Task) -> dict[str, Any]:
    """Return what would be done with one input, for a program."""
    known = {"path": task.item.shown, "video_id": task.video_id}
    return {**known, "action": task.action.value, "reason": task.reason}


def outcome(result: CollectionResult) -> dict[str, Any]:
    """Return what a run did, for a program: the fields of its result."""
    from dataclasses import fields

    found = {item.name: getattr(result, item.name) for item in fields(result)}
    return {**found, "store": str(result.store.path), "counts": result.counts}


def _passed_over(paths: Sequence[str]) -> str:
    names = ", ".join(Path(path).name for path in paths[:_MOST_NAMES])
    more = f" and {len(paths) - _MOST_NAMES:,} more" if len(paths) > _MOST_NAMES else ""
    return f"{len(paths):,} file{'' if len(paths) == 1 else 's'} passed over: {names}{more}"


def summary(result: CollectionResult) -> str:
    """Return in one line what a run did."""
    videos = result.store.read("videos", columns=["video_id", "status", "n_tracks"])
    videos = videos[videos["video_id"].isin(result.video_ids)]
    counts = videos.loc[videos["video_id"].isin(result.analyzed), "status"].value_counts()
    said = ", ".join(f"{counts[status]} {status}" for status in ("ok", "partial", "failed") if status in counts)
    n_tracks = int(videos["n_tracks"].sum())
    parts = [f"{len(result.analyzed)} analysed{f' ({said})' if said else ''}", *counted(result)]
    return ", ".join([*parts, f"{n_tracks} tracked {'face' if n_tracks == 1 else 'faces'}"])


def counted(result: CollectionResult) -> list[str]:
    """Return what else a run did, a few words each: drawn, done before, failed before, left for later, left out."""
    words = {
        "drawn": "drawn only",
        "done_before": "done before",
        "failed_before": "failed before",
        "unsettled": "left for the next run",
        "kept_out": "left out, since forgotten",
    }
    return [f"{result.counts[name]} {what}" for name, what in words.items() if result.counts[name]]


def _window(show: bool, delay: int, blur: bool) -> contextlib.AbstractContextManager[Callable[..., None] | None]:
    if not show:
        return contextlib.nullcontext()
    from facestats.widgets.window import open_window

    return open_window(delay_ms=delay, blur=blur)
