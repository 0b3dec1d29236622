"""``facestats train`` and ``facestats evaluate``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from facestats.cli import app
from facestats.options import AnalyzeOptions

_Data = Annotated[Path, typer.Option(metavar="FILE", help="Parquet file with the images and labels.")]
_OF_ATTRIBUTES, _OF_DETECTOR = "Attribute models", "The detector"


@app.command()
def train(
    recipe: Annotated[
        str,
        typer.Argument(metavar="RECIPE", help="expression, people, an attribute, detector, or a TOML file."),
    ],
    data: Annotated[
        list[Path],
        typer.Option(metavar="FILE", help="Parquet file with the images and labels; repeatable for attributes."),
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
        str | None, typer.Option(help="mini_xception, residual or recognition.", rich_help_panel=_OF_ATTRIBUTES)
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
    teacher: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIR|NAME|FILE",
            help="Whose verdicts are learned beside the labels: the folder of a trained model. "
            "For the detector, which detector labels the pictures, centerface by default. Repeatable.",
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
            "dlib_face_recognition_resnet_model_v1.dat.",
        ),
    ] = None,
) -> None:
    """Train a network for one attribute or several, or the face detector, and write its model folder.

    A recipe says what is trained, and how; options change it.
    """
    from dataclasses import replace

    from facestats.errors import UsageError

    changes = {"batch_size": batch_size, "learning_rate": learning_rate, "seed": seed}
    running = {"start": start, "device": device, "resume": resume, "overwrite": overwrite, "progress": True}
    of_attributes = {"epochs": epochs, "color": color, "network": network, "size": size, "detector": detector}
    of_detector = {"faces": faces, "steps": steps}
    for name, value in (of_attributes if recipe == "detector" else of_detector).items():
        if value is not None:
            raise UsageError(f"--{name} is not for training {recipe}: see facestats train --help")
    if recipe == "detector":
        if len(data) > 1:
            raise UsageError("--data of the detector is one file: the photos; give faces to paste with --faces")
        _train_detector(data[0], faces or [], out, teacher, {**changes, "steps": steps}, running)
        return

    from facestats.options import DEFAULT_DETECTOR
    from facestats.training.recipes import find_recipe
    from facestats.training.run import train_model

    detector = detector or DEFAULT_DETECTOR
    of_attributes |= {"detector": detector, "start": start, "teacher": teacher}  # the default detector may change
    changes |= {"epochs": epochs, "input_color": color, "network": network, "input_size": size}
    wanted = replace(find_recipe(recipe), **_given(changes))
    out = out or Path("facestats-models", Path(recipe).stem)
    model = train_model(
        wanted,
        data,
        out,
        command=_command(
            recipe,
            data,
            _given({**of_attributes, "batch-size": batch_size, "learning-rate": learning_rate, "seed": seed}),
        ),
        detector=detector,
        teachers=[Path(folder) for folder in teacher or ()],
        **running,
    )
    for attribute, scores in model.card.metrics["validation"].items():
        print(f"{model.name} in {model.folder}: {attribute}; validation data, {scores['n']} images:")
        print(_table(scores))
    chosen = " ".join(f"--model {attribute}={model.name}" for attribute in model.card.attributes)
    print(f"use it: facestats analyze INPUT --models-path {model.folder} {chosen}")


def _command(recipe: str, data: Sequence[Path], options: Mapping[str, Any]) -> str:
    """Return the command line that repeats a training; files without their folders."""
    words: list[object] = ["facestats", "train", Path(recipe).name if recipe.endswith(".toml") else recipe]
    for path in data:
        words += ["--data", path.name]
    for name, value in options.items():
        is_path = name in ("detector", "start", "teacher")
        for word in value if isinstance(value, list) else [value]:
            words += [f"--{name}", Path(word).resolve().name if is_path else word]
    return shlex.join(str(word) for word in words)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _train_detector(
    data: Path,
    faces: list[Path],
    out: Path | None,
    teachers: list[str] | None,
    changes: Mapping[str, Any],
    running: Mapping[str, Any],
) -> None:
    from dataclasses import replace

    from facestats.resources import bundled
    from facestats.training.detector.fitting import DetectorRecipe
    from facestats.training.detector.run import train_detector
    from facestats.training.recipes import read_recipe

    out = out or Path("facestats-models", "detector-fast")
    recipe = replace(read_recipe(bundled("recipes") / "detector.toml", DetectorRecipe), **_given(changes))
    card = train_detector(data, faces, out, teachers=teachers or ["centerface"], recipe=recipe, **running)
    print(f"{card.name} in {out}; validation data, {card.metrics['validation']['n']} images:")
    print(_detector_table(card.metrics["validation"]))
    print(f"use it: facestats analyze INPUT --detector {out / 'model.onnx'}")


@app.command()
def evaluate(
    attribute: Annotated[
        str, typer.Argument(metavar="ATTRIBUTE", help="expression, gender, age, makeup, or detector.")
    ],
    data: _Data,
    split: Annotated[str | None, typer.Option(help="train or validation; every row by default.")] = None,
    model: Annotated[str | None, typer.Option(metavar="NAME", help="By default the one that analyze uses.")] = None,
    models_path: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="Folder of your own models; repeatable.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    detector: Annotated[
        str, typer.Option(help="Which one finds the faces: fast, centerface, yunet, or an .onnx file.")
    ] = AnalyzeOptions().detector,
    detect_size: Annotated[
        int, typer.Option(help="For detector: longer side, in pixels, of what it sees; 0: the image's own size.")
    ] = 0,
    road: Annotated[
        str | None,
        typer.Option(help="full (default): detect and align each face, as in a video; crop: take images as they are."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Score a model on labelled images, each detected and aligned as in a video; or a detector on boxed ones."""
    import json

    from facestats.errors import UnknownNameError, UsageError

    if attribute == "detector":
        if road is not None:
            raise UsageError("--road is for attributes: a detector has no other")
        _evaluate_detector(data, split, detector, detect_size, as_json=as_json)
        return

    from facestats.classify.onnx import check_device
    from facestats.evaluation.accuracy import evaluate as score_model
    from facestats.models import choose_models
    from facestats.schema import ATTRIBUTE_CLASSES
    from facestats.training.faces import load_faces

    if attribute not in ATTRIBUTE_CLASSES:
        raise UnknownNameError(f"unknown attribute {attribute!r}; there are {', '.join(ATTRIBUTE_CLASSES)}")
    if model == "none":
        raise UnknownNameError("--model none leaves nothing to evaluate: name a model, see `facestats models list`")
    check_device(device)
    selection = dict.fromkeys(ATTRIBUTE_CLASSES, "none")
    del selection[attribute]
    if model is not None:
        selection[attribute] = model
    chosen = choose_models(selection, tuple(models_path or ()))[attribute]
    size = chosen.card.input_size
    faces = load_faces(data, attribute, split, size=size, detector=detector, road=road or "full", progress=True)
    scores = score_model(chosen, faces, device=device)
    if road == "crop":
        scores["faces_found"] = None  # nobody looked for them
    if as_json:
        named = {"attribute": attribute, "model": chosen.name, "road": road or "full", "split": split}
        named["detector"] = None if road == "crop" else detector
        print(json.dumps({**named, **scores}))
    else:
        print(f"{chosen.name} on {data.name}, {f'{split} split' if split else 'every row'}:")
        print(_table(scores))


def _evaluate_detector(data: Path, split: str | None, name: str, detect_size: int, *, as_json: bool) -> None:
    import json

    from facestats.detect import create_detector
    from facestats.evaluation.detection import MIN_SCORE, evaluate_detector, read_boxes

    options = AnalyzeOptions(detect_size=detect_size)  # refuses what makes no sense
    detector = create_detector(name, detect_size=options.detect_size, min_score=MIN_SCORE)
    scores = evaluate_detector(detector, read_boxes(data, split), progress=True)
    if as_json:
        print(json.dumps({"detector": name, "detect_size": detect_size, "split": split, **scores}))
        return
    print(f"{name} on {data.name}, {f'{split} split' if split else 'every row'}:")
    print(_detector_table(scores))


def _detector_table(scores: Mapping[str, Any]) -> str:
    flat = {**scores, **{f"ap {size}": value for size, value in scores["ap_by_size"].items()}}
    return "\n".join(
        f"  {title:<20}" + ("        -" if value is None else f"{value:>9,.3f}".replace(".000", ""))
        for title, value in flat.items()
        if not isinstance(value, dict)
    )


_TITLES = {
    "n": "images",
    "n_exact": "with an exact age",
    "faces_found": "faces found",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "mean F1 of the classes",
    "nll": "negative log-likelihood",
    "ece": "expected calibration error",
    "coverage": "share with a verdict",
    "covered_accuracy": "accuracy of these",
    "mae": "mean absolute error (years)",
    "interval_90": "ages inside the 90 % interval",
    "bin_distance": "distance to the bin (years)",
    "female_balanced_accuracy": "balanced accuracy, female faces",
    "female_none_balanced_accuracy": "none or not, female faces",
    "female_over_auc": "over or not, female faces, AUC",
}


def _table(scores: Mapping[str, Any]) -> str:
    """Lay scores and confusion matrix out in columns."""
    lines = []
    for name, title in _TITLES.items():
        value = scores.get(name)
        if value is not None:
            lines.append(f"  {title:<32}{value:>10,}" if isinstance(value, int) else f"  {title:<32}{value:>10.3f}")
    if scores.get("n_exact") == 0:
        lines.append("  no row has an exact age (age_min equal to age_max): age groups cannot be scored on bins")
    if scores.get("majority", {}).get("n"):
        title = "accuracy, majority of taggers"
        lines.append(f"  {title:<32}{scores['majority']['accuracy']:>10.3f}")
    for column, by_group in scores["groups"].items():
        if by_group["gap"] is not None:
            lines.append(f"  {f'gap by {column}':<32}{by_group['gap']:>10.3f}")
    classes = scores["confusion"]["classes"]
    width = max(map(len, classes)) + 2
    lines += [
        "",
        "  labelled (rows) and predicted (columns)",
        " " * (width + 2) + "".join(f"{c:>{width}}" for c in classes),
    ]
    for name, row in zip(classes, scores["confusion"]["matrix"], strict=True):
        lines.append(f"  {name:<{width}}" + "".join(f"{count:>{width}}" for count in row))
    return "\n".join(lines)
