"""``facestats analyze`` and ``facestats export``."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facestats.cli import app
from facestats.errors import UsageError
from facestats.options import AnalyzeOptions

if TYPE_CHECKING:
    from facestats.collection import CollectionResult

_DEFAULTS = AnalyzeOptions()


def parse_models(pairs: list[str]) -> dict[str, str]:
    """Turn ``["gender=my-model"]`` into ``{"gender": "my-model"}``.

    Raises
    ------
    UsageError
        If a pair has no equals sign.

    Examples
    --------
    >>> parse_models(["gender=none"])
    {'gender': 'none'}
    """
    chosen = {}
    for pair in pairs:
        attribute, separator, name = pair.partition("=")
        if not separator or not attribute or not name:
            raise UsageError(f"--model {pair!r} must be attribute=name, for example gender=people")
        chosen[attribute] = name
    return chosen


@app.command()
def analyze(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Videos, images, folders (searched recursively), globs, camera:0, rtsp:// or http:// streams.",
        ),
    ],
    out: Annotated[
        str, typer.Option(help="Folder of the store, made if absent; or s3://, gs:// and the like.")
    ] = "facestats-out",
    rate: Annotated[
        float, typer.Option(help="Frames a second of video in which faces are looked for; 0: every frame.")
    ] = _DEFAULTS.rate,
    detector: Annotated[str, typer.Option(help="fast, centerface, yunet, or an .onnx file.")] = _DEFAULTS.detector,
    detect_size: Annotated[
        int,
        typer.Option(
            help="Longer side, in pixels, of what the detector sees; 0: the frame's own size. Raise it for "
            "small faces in large frames. Smaller frames are not enlarged."
        ),
    ] = _DEFAULTS.detect_size,
    follow_face: Annotated[
        float,
        typer.Option(
            help="The whole detect size is searched once a second and at cuts; between two searches, frames are shrunk "
            "until the smallest face has this many pixels. 0: every frame is searched."
        ),
    ] = _DEFAULTS.follow_face,
    min_score: Annotated[float, typer.Option(help="Detections with a lower score are dropped.")] = _DEFAULTS.min_score,
    sure_score: Annotated[
        float,
        typer.Option(help="Score from which a face may begin a track, or count where nothing is tracked."),
    ] = _DEFAULTS.sure_score,
    min_face: Annotated[
        float, typer.Option(help="Faces with a shorter side below this are dropped.")
    ] = _DEFAULTS.min_face,
    every_sample: Annotated[
        bool,
        typer.Option(
            "--every-sample",
            help="Measure gender, age and makeup in every sampled frame, not only as often as a verdict needs.",
        ),
    ] = _DEFAULTS.every_sample,
    tracker: Annotated[
        str, typer.Option(help="bytetrack, bytetrack-iou, cbiou, ocsort, botsort, centroid or none.")
    ] = _DEFAULTS.tracker,
    device: Annotated[str, typer.Option(help="Where the attribute models run: cpu or cuda.")] = _DEFAULTS.device,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="ATTRIBUTE=NAME", help="Choose a model, or none to leave it out; repeatable."),
    ] = None,
    models_path: Annotated[
        list[str] | None, typer.Option(metavar="DIR", help="Folder of your own models; repeatable.")
    ] = None,
    sequence: Annotated[bool, typer.Option("--sequence", help="A folder of images is one video.")] = False,
    sequence_fps: Annotated[float, typer.Option(help="Images a second of such a sequence.")] = _DEFAULTS.sequence_fps,
    limit: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Stop a camera or a stream after so long.")
    ] = None,
    clips: Annotated[bool, typer.Option(help="Write the annotated clips.")] = True,
    blur: Annotated[
        bool, typer.Option("--blur", help="Make faces unrecognisable in the clips; keep no thumbnails.")
    ] = False,
    thumbnails: Annotated[bool, typer.Option(help="Keep small pictures of each track for reports.")] = True,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Processes that work side by side, on several videos or on stretches of a long one; by default one "
            "for each core. 0: everything in this process, which a decoder that crashes takes with it."
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="tcp://HOST:PORT",
            help="Let the workers of this dask scheduler do the work; they see the same paths or addresses.",
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="A video that makes no progress for so long is given up.")
    ] = 300.0,
    force: Annotated[bool, typer.Option("--force", help="Analyse everything anew, whatever the store has.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Analyse again what failed before.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done with each input, and why; do nothing.")
    ] = False,
    show: Annotated[bool, typer.Option("--show", help="Show a window while it works; q closes it.")] = False,
    delay: Annotated[int, typer.Option(metavar="MS", min=0, help="With --show: least time of a frame.")] = 1,
) -> None:
    """Find, track and classify the faces of videos and images; write tables and annotated clips."""
    from facestats.collection import analyze_collection, plan_collection

    told = {
        "rate": rate,
        "detector": detector,
        "detect_size": detect_size,
        "follow_face": follow_face,
        "min_score": min_score,
        "sure_score": sure_score,
        "min_face": min_face,
        "every_sample": every_sample,
        "tracker": tracker,
        "device": device,
        "models": parse_models(model or []),
        "models_path": tuple(models_path or ()),
        "sequence": sequence,
        "sequence_fps": sequence_fps,
        "limit_s": limit,
        "clips": clips,
        "blur": blur,
        "thumbnails": thumbnails,
    }
    if dry_run:
        tasks = plan_collection(inputs, out=out, force=force, retry_failed=retry_failed, **told)
        for task in tasks:
            print(_one_line(f"{task.action:8} {task.item.shown} ({task.reason})"))
        n = sum(task.action in ("analyze", "draw") for task in tasks)
        print(f"{n} of {len(tasks)} would be worked on")
        return
    with _window(show, delay, blur) as on_frame:
        result = analyze_collection(
            inputs,
            out=out,
            on_frame=on_frame,
            workers=workers,
            scheduler=scheduler,
            timeout=timeout,
            force=force,
            retry_failed=retry_failed,
            **told,
        )
    for line in result.copies:
        print(_one_line(line))
    for line in result.problems:
        print(f"facestats: {_one_line(line)}", file=sys.stderr)
    _print_summary(result)
    raise typer.Exit(result.exit_code)


def _print_summary(result: CollectionResult) -> None:
    videos = result.store.videos()
    videos = videos[videos["video_id"].isin(result.video_ids)]
    done = videos[videos["video_id"].isin(result.analyzed)]
    counts = done["status"].value_counts()
    said = ", ".join(f"{counts[status]} {status}" for status in ("ok", "partial", "failed") if status in counts)
    n_before, n_tracks = len(videos) - len(done), int(videos["n_tracks"].sum())
    before = f", {n_before} done before" if n_before else ""
    print(
        f"{len(done)} analysed{f' ({said})' if said else ''}{before}, {n_tracks} tracked "
        f"{'face' if n_tracks == 1 else 'faces'}"
    )
    print(f"tables and clips in {result.store.path}; next: facestats report {shlex.quote(str(result.store.path))}")


def _one_line(text: str) -> str:
    """File names may hold line breaks; messages may not."""
    return text.replace("\n", "\\n").replace("\r", "\\r")


def _window(show: bool, delay: int, blur: bool) -> contextlib.AbstractContextManager[Callable[..., None] | None]:
    if not show:
        return contextlib.nullcontext()
    from facestats.window import open_window

    return open_window(delay_ms=delay, blur=blur)


@app.command()
def export(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="Folder that `analyze --out` wrote.")],
    table: Annotated[str, typer.Option(help="videos, frames, observations, tracks or thumbnails.")] = "tracks",
    format: Annotated[str, typer.Option(help="csv, parquet or json.")] = "csv",
    out: Annotated[Path | None, typer.Option(help="File to write; by default TABLE.FORMAT.")] = None,
    video: Annotated[str | None, typer.Option(help="Only this video: its id, path or file name.")] = None,
) -> None:
    """Write one table of a store as a file that a spreadsheet opens."""
    from facestats.export import export_table
    from facestats.store import open_store

    frame = open_store(store, video=video).read(table)
    path = out or Path(f"{table}.{format}")
    export_table(frame, table, format=format, out=path)
    print(f"{len(frame)} rows of {table} in {path}")
