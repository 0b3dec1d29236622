"""``facestats synth``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facestats.cli import app
from facestats.cli.console import say, with_manners


@app.command()
@with_manners
def synth(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the videos and their truth go.")],
    faces: Annotated[
        Path | None,
        typer.Option(help="Folder of face images, or a Parquet file with labels; by default two bundled portraits."),
    ] = None,
    split: Annotated[str | None, typer.Option(help="Of a Parquet file: train or validation.")] = None,
    suite: Annotated[bool, typer.Option("--suite", help="The videos on which trackers are compared.")] = False,
    name: Annotated[str, typer.Option(help="Of the files.")] = "synth",
    people: Annotated[int, typer.Option(help="People in each shot, 1 to 8.")] = 3,
    seconds: Annotated[float, typer.Option(help="Length.")] = 8.0,
    fps: Annotated[int, typer.Option(help="Frames a second.")] = 25,
    size: Annotated[str, typer.Option(metavar="WxH", help="Of the picture, in pixels.")] = "640x360",
    face_px: Annotated[
        tuple[float, float],
        typer.Option(metavar="MIN MAX", help="Smallest and largest face (shorter side), in pixels."),
    ] = (30.0, 70.0),
    speed: Annotated[float, typer.Option(help="1 is about one face width a second.")] = 1.0,
    crossings: Annotated[bool, typer.Option("--crossings", help="People pass in front of each other.")] = False,
    occluders: Annotated[int, typer.Option(help="Pillars behind which people walk, 0 to 6.")] = 0,
    leaving: Annotated[bool, typer.Option("--leaving", help="Every second person leaves and comes back.")] = False,
    passing: Annotated[bool, typer.Option("--passing", help="People walk past, one after the other.")] = False,
    shots: Annotated[int, typer.Option(help="Shots, with cuts between them.")] = 1,
    transition: Annotated[str, typer.Option(help="At the cuts: cut, flash (white) or fade (black).")] = "cut",
    shake: Annotated[float, typer.Option(help="Sway of the camera, as a share of the smaller side.")] = 0.0,
    exposure: Annotated[float, typer.Option(help="Share of a frame's time that is open: blurs what moves.")] = 0.0,
    noise: Annotated[float, typer.Option(help="Standard deviation of the sensor's noise, of 255.")] = 2.0,
    seed: Annotated[int, typer.Option(help="Of all that is left to chance.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace videos that are there.")] = False,
) -> None:
    """Make synthetic videos of faces whose truth is exact: boxes in MOT format, and who the people are."""
    import re

    from facestats._util.progress import bar
    from facestats.errors import UsageError
    from facestats.synth import faces as faces_of
    from facestats.synth.scenario import SUITE, Scenario
    from facestats.synth.video import write_video

    sources = {name: context.get_parameter_source(name) for name in context.params}
    given = [name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
    if suite and (extra := sorted(set(given) - {"out", "suite", "faces", "split", "overwrite"})):
        raise UsageError(f"--suite is what it is: leave --{extra[0].replace('_', '-')} out")
    numbers = re.fullmatch(r"(\d+)x(\d+)", size)
    if numbers is None:
        raise UsageError(f"--size must be like 640x360, got {size!r}")
    if Path(name).name != name or not name:
        raise UsageError(f"--name must be a file name without a folder, got {name!r}")
    scenario = Scenario(
        name=name,
        people=people,
        seconds=seconds,
        fps=fps,
        width=int(numbers[1]),
        height=int(numbers[2]),
        face_px=face_px,
        speed=speed,
        crossings=crossings,
        occluders=occluders,
        leaving=leaving,
        passing=passing,
        shots=shots,
        transition=transition,
        shake=shake,
        exposure=exposure,
        noise=noise,
        seed=seed,
    )
    wanted = SUITE if suite else (scenario,)
    there = [path for one in wanted if (path := out / f"{one.name}.mp4").exists()]
    if there and not overwrite:
        raise UsageError(f"{there[0]} is there already: --overwrite replaces it")
    shown = bar(wanted, progress=None if suite else False, unit="video")
    for one in shown:
        # Twice as many where there are shots, so that these show different people.
        n = one.people if one.shots == 1 or faces is None else 2 * one.people
        written = write_video(one, faces_of.people(faces, n, split=split, seed=one.seed), out)
        shown.write(
            f"{written.path}: {len(written.people)} people, {len(written.truth):,} boxes in {written.truth_path.name}"
        )
    say(
        f"next: facestats analyze {out} --out my-store; then, for each video,\n"
        f"      facestats evaluate tracking my-store --video {wanted[0].name}.mp4 --truth {out / wanted[0].name}.txt"
    )
