"""``facestats annotations`` and ``facestats evaluate annotations``: files of annotation tools, out and in."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated

import typer

from facestats.cli import app
from facestats.cli.console import with_manners
from facestats.cli.evaluate import evaluate_app

_Store = Annotated[str, typer.Argument(metavar="STORE", help="What `facestats analyze --out` wrote.")]


@app.command("annotations")
@with_manners
def write_annotations(
    store: _Store,
    format: Annotated[
        str,
        typer.Option(help="eaf (ELAN), textgrid (Praat), boris, vtt or ass (subtitles), coco or mot (boxes)."),
    ] = "eaf",
    out: Annotated[
        Path, typer.Option(help="Folder to write to; for one video also a file that ends as the format's do.")
    ] = Path("annotations"),
    video: Annotated[
        list[str] | None, typer.Option(help="Only this video: its id, path or file name; repeatable.")
    ] = None,
    smooth: Annotated[float, typer.Option(metavar="SECONDS", help="Moving average of expressions; 0 for none.")] = 0.5,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
) -> None:
    """Write tracks and expressions as files for annotation tools, one a video."""
    from facestats.store.annotation.files import export_annotations

    paths = export_annotations(store, format=format, out=out, videos=video or (), smooth_s=smooth, overwrite=overwrite)
    for path in paths:
        print(path)


@evaluate_app.command("annotations")
@with_manners
def evaluate_annotations(
    store: _Store,
    by_hand: Annotated[
        Path, typer.Argument(metavar="FILE", help="ELAN file, TextGrid, or CSV with start_s, end_s, label and tier.")
    ],
    video: Annotated[
        str | None, typer.Option(help="Which of the store's videos: its id, path or file name; needed if it has more.")
    ] = None,
    track: Annotated[int | None, typer.Option(help="Which face; by default what the tier's name says.")] = None,
    tier: Annotated[str | None, typer.Option(help="Only this tier.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(metavar="LABEL=EXPRESSION", help="What a label means; repeatable.")
    ] = None,
    every: Annotated[float, typer.Option(metavar="SECONDS", help="Time between moments that are compared.")] = 0.1,
    page: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write a page (HTML).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare annotations made by hand with the expressions found: agreement, Cohen's kappa, confusion."""
    from facestats._util.locations import write_whole
    from facestats.errors import OutputError, UnknownNameError, UsageError
    from facestats.models.attributes import EXPRESSIONS
    from facestats.reports.agreement import agreement_page
    from facestats.store.annotation.files import read_annotations
    from facestats.store.annotation.intervals import intervals_of
    from facestats.store.store import open_store
    from facestats.tables.agreement import agreement

    pairs = [text.partition("=") for text in label or ()]
    wrong = [f"{name}{sign}{meaning}" for name, sign, meaning in pairs if meaning not in EXPRESSIONS]
    if wrong:
        raise UsageError(f"--label {wrong[0]}: give LABEL=EXPRESSION, one of {', '.join(EXPRESSIONS)}")
    opened = open_store(store, video)
    ids = list(opened.entries())
    if len(ids) != 1:
        raise UnknownNameError(f"{store} holds {len(ids)} videos: say by --video which one {by_hand.name} is of")
    tables = opened.result(ids[0])
    found = agreement(
        read_annotations(by_hand),
        intervals_of(tables),
        track_id=track,
        tier=tier,
        labels={name: meaning for name, _, meaning in pairs},
        every=every,
        analyzed=tables.time_range,
    )
    if page is not None:
        try:
            text = agreement_page(found, video=tables.name, annotations=by_hand.name)
            write_whole(page, text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            raise OutputError(f"cannot write {page}: {error.strerror or error}") from None
    figures = {name: None if math.isnan(value) else round(value, 4) for name, value in found.figures().items()}
    if as_json:
        confusion = {str(name): row.to_dict() for name, row in found.confusion().round(3).iterrows()}
        print(json.dumps({"video_id": tables.video_id, **figures, "confusion": confusion}, ensure_ascii=False))
        return
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):10} {'-' if value is None else value}")
    print(found.confusion().round(1).to_string())
