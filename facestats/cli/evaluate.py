"""``facestats evaluate``: attribute models, detectors, people and tracks, each held against what people labelled."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from facestats.cli import app
from facestats.cli.console import with_manners
from facestats.cli.scores import attribute_table, detector_table, groups_table, people_table, tracking_table
from facestats.options import AnalyzeOptions

evaluate_app = typer.Typer(
    name="evaluate", help="Score models, detectors and tracks.", no_args_is_help=True, add_completion=False
)
app.add_typer(evaluate_app)

#: Those of :data:`facestats.models.attributes.ATTRIBUTE_CLASSES`, which takes long to import.
ATTRIBUTES = ("expression", "gender", "age", "makeup")

_Data = Annotated[Path, typer.Option(metavar="FILE", help="Parquet file with the images and labels.")]
_Split = Annotated[str | None, typer.Option(help="train or validation; every row by default.")]
_Detector = Annotated[str, typer.Option(help="Which one finds the faces: fast, centerface, yunet, or an .onnx file.")]
_DEFAULT = AnalyzeOptions().detector
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")]


def _attribute_command(attribute: str) -> Callable[..., None]:
    def command(
        data: _Data,
        split: _Split = None,
        model: Annotated[str | None, typer.Option(metavar="NAME", help="By default the one that analyze uses.")] = None,
        models_path: Annotated[
            list[Path] | None, typer.Option(metavar="DIR", help="Folder of your own models; repeatable.")
        ] = None,
        device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
        detector: _Detector = _DEFAULT,
        road: Annotated[
            str, typer.Option(help="full: detect and align each face, as in a video; crop: take images as they are.")
        ] = "full",
        as_json: _Json = False,
    ) -> None:
        from facestats.datasets.faces import load_faces
        from facestats.errors import UnknownNameError
        from facestats.evaluation.accuracy import evaluate as score_model
        from facestats.models.devices import check_device
        from facestats.models.registry import choose_models

        if model == "none":
            raise UnknownNameError("--model none leaves nothing to evaluate: name a model, see `facestats models list`")
        check_device(device)
        selection = dict.fromkeys(ATTRIBUTES, "none")
        del selection[attribute]
        if model is not None:
            selection[attribute] = model
        chosen = choose_models(selection, tuple(models_path or ()))[attribute]
        size = chosen.card.input_size
        faces = load_faces(data, attribute, split, size=size, detector=detector, road=road, progress=True)
        scores = score_model(chosen, faces, device=device)
        if road == "crop":
            scores["faces_found"] = None  # nobody looked for them
        if as_json:
            named = {"attribute": attribute, "model": chosen.name, "road": road, "split": split}
            named["detector"] = None if road == "crop" else detector
            print(json.dumps({**named, **scores}))
        else:
            print(f"{chosen.name} on {data.name}, {f'{split} split' if split else 'every row'}:")
            print(attribute_table(scores))

    return command


for _attribute in ATTRIBUTES:
    _summary = f"Score a model of {_attribute} on labelled images."
    evaluate_app.command(_attribute, help=_summary)(with_manners(_attribute_command(_attribute)))


@evaluate_app.command("detector")
@with_manners
def evaluate_detector(
    data: _Data,
    split: _Split = None,
    detector: _Detector = _DEFAULT,
    detect_size: Annotated[
        int, typer.Option(help="Longer side, in pixels, of what it sees; 0: the image's own size.")
    ] = 0,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="source|NAMES",
            help="source: also figures of each source; names with commas: of these together, and of the others.",
        ),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Score a face detector on boxed photos.

    A detection on a box of kind ignore is neither right nor wrong.
    """
    from facestats.datasets.boxes import read_boxes
    from facestats.detect import create_detector
    from facestats.evaluation.detection import MIN_SCORE, groups_of, scorable
    from facestats.evaluation.detection import evaluate_detector as score_detector

    options = AnalyzeOptions(detect_size=detect_size)  # refuses what makes no sense
    made = create_detector(detector, detect_size=options.detect_size, min_score=MIN_SCORE)
    images = scorable(read_boxes(data, split), data)
    groups = groups_of(images, by, data) if by else None
    scores = score_detector(made, images, groups=groups, progress=True)
    if as_json:
        print(json.dumps({"detector": detector, "detect_size": detect_size, "split": split, **scores}))
        return
    print(f"{detector} on {data.name}, {f'{split} split' if split else 'every row'}:")
    print(detector_table(scores))
    if groups:
        print("\n" + groups_table(scores))


@evaluate_app.command("people")
@with_manners
def evaluate_people(
    data: Annotated[Path, typer.Option(metavar="FILE", help="Parquet file with pictures of people whom it names.")],
    models_path: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="Folder of your own embedding; repeatable.")
    ] = None,
    videos: Annotated[int, typer.Option(metavar="N", help="Simulated videos of each source.")] = 60,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    detector: _Detector = _DEFAULT,
    as_json: _Json = False,
) -> None:
    """Score what puts tracks together to people: pairs of pictures, and simulated videos of cuts and returns.

    Only people whom the embedding never learned from count. The file has a column person, or the source and name of a
    data set that names people.
    """
    from facestats.datasets.named import load_named
    from facestats.errors import ModelError, UsageError
    from facestats.evaluation.embeddings import evaluate_people as score_embedding
    from facestats.models.devices import check_device
    from facestats.models.embedding import find_embedding

    if videos < 1:
        raise UsageError(f"--videos must be at least 1, not {videos}")
    check_device(device)
    found = find_embedding(tuple(models_path or ()))
    if found is None:
        raise ModelError("there is no embedding: this copy lacks it, name a folder that has one with --models-path")
    file, card = found
    learned_from = card.metrics.get("sources", {})
    faces = load_named(data, learned_from=learned_from, size=card.input_size, detector=detector, progress=True)
    scores = score_embedding(file, card, faces, n_videos=videos, device=device)
    if as_json:
        print(json.dumps({"model": card.name, "detector": detector, **scores}))
        return
    print(f"{card.name} on {data.name}, people whom it never learned from:")
    print(people_table(scores))


@evaluate_app.command("tracking")
@with_manners
def evaluate_tracking(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="What `facestats analyze --out` wrote.")],
    truth: Annotated[Path, typer.Option(metavar="FILE", help="MOT file, or one with a box a line (nan: no face).")],
    boxes: Annotated[
        str, typer.Option(help="xywh: left, top, width, height; xyxy: left, top, right, bottom.")
    ] = "xywh",
    video: Annotated[
        str | None, typer.Option(help="Which of the store's videos: its id, path or file name; needed if it has more.")
    ] = None,
    min_face: Annotated[
        float | None, typer.Option(help="Smaller truth is ignored, in pixels; by default what the analysis was told.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Score the tracks of a video against true boxes: HOTA, IDF1, MOTA, switches of identity; sampled frames only."""
    from facestats.datasets.truth import read_truth
    from facestats.errors import DataError, UnknownNameError
    from facestats.evaluation.tracking import score_tracking
    from facestats.store.store import open_store

    table = read_truth(truth, boxes=boxes)
    opened = open_store(store, video)
    videos = opened.videos()
    if len(videos) != 1:
        raise UnknownNameError(
            f"{store} holds {len(videos)} videos: say by --video which one {truth.name} is the truth of"
            if len(videos)
            else f"{store} holds no video: analyse one first"
        )
    row = videos.iloc[0]
    if row["status"] == "failed":
        raise DataError(f"{row['video_id']} could not be analysed ({row['error']}): there is nothing to score")
    smallest = min_face
    if smallest is None:
        smallest = opened.entries()[row["video_id"]].options.get("min_face", AnalyzeOptions().min_face)
    scores = score_tracking(
        table,
        opened.observations(),
        opened.frames(),
        # What is cut off may end before its truth does.
        n_frames=int(row["n_frames"]) if row["status"] == "ok" else None,
        min_face=smallest,
        frame_size=(int(row["width"]), int(row["height"])),
    )
    if as_json:
        print(json.dumps({"video_id": row["video_id"], "truth": truth.name, "min_face": smallest, **scores}))
        return
    print(f"{row['video_id']} against {truth.name}, {scores['n_frames']:,} sampled frames:")
    print(tracking_table(scores))
