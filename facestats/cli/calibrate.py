"""``facestats calibrate``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from facestats.cli import app
from facestats.cli.console import say, with_manners
from facestats.cli.scores import attribute_table


@app.command()
@with_manners
def calibrate(
    model: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a model that facestats trained.")],
    data: Annotated[
        list[Path],
        typer.Option(metavar="FILE", help="Parquet file with images and labels, as for training; repeatable."),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The new folder; its name becomes the model's.")],
    unseen: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SOURCE", help="A source, in the column source, that the model was not trained on; repeatable."
        ),
    ] = None,
    strange: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help='Parquet file with photos, of which those boxed as "empty" show no face: the model learns to notice '
            "what is unlike a face; repeatable.",
        ),
    ] = None,
    detector: Annotated[str | None, typer.Option(help="Whose landmarks the faces are aligned by.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the model that --out already holds.")] = False,
) -> None:
    """Fit what a model's probabilities mean, and where it says "unknown", to other faces; no verdict changes its class.

    The faces of sources that training never saw say best what its probabilities are worth on your videos. Label some
    hundred faces of your own, name their source with --unseen, and the new card says how often it is right on them.
    """
    from facestats.options import DEFAULT_DETECTOR
    from facestats.training import calibrating

    detector = detector or DEFAULT_DETECTOR
    words = ["facestats", "calibrate", model.resolve().name]
    words += [word for path in data for word in ("--data", path.name)]
    words += [word for source in unseen or () for word in ("--unseen", source)]
    words += [word for path in strange or () for word in ("--strange", path.name)]
    command = shlex.join([*words, "--detector", Path(detector).name, "--out", out.resolve().name])
    made = calibrating.calibrate(
        model,
        data,
        out,
        unseen=unseen or (),
        strange=strange or (),
        command=command,
        detector=detector,
        overwrite=overwrite,
        progress=True,
    )
    for source, of in {"validation": made.card.metrics["validation"], **made.card.metrics["unseen"]}.items():
        for attribute, scores in of.items():
            say(f"{made.name} in {made.folder}: {attribute}; {source}, {scores['n']} images:")
            say(attribute_table(scores))
