"""Options that several commands share: those of the analysis, and those of a run over a collection."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from facestats.errors import UsageError
from facestats.options import AnalyzeOptions

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


def _analysis(
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
    min_score: Annotated[
        float, typer.Option(help="Detections that are faces with a lower probability are dropped.")
    ] = _DEFAULTS.min_score,
    sure_score: Annotated[
        float,
        typer.Option(help="Probability from which a face may begin a track, or count where nothing is tracked."),
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
) -> dict[str, Any]:
    return {
        **{name: value for name, value in locals().items() if name not in ("model", "limit")},
        "models": parse_models(model or []),
        "models_path": tuple(models_path or ()),
        "limit_s": limit,
    }


def _run(
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
) -> dict[str, Any]:
    return dict(locals())


def with_run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command, as its argument ``how``, all that :func:`facestats.analyze_collection` can be told.

    Examples
    --------
    >>> @with_run_options
    ... def look(where: str, how: dict) -> None:
    ...     print(where, how["rate"])
    >>> look(where="here", rate=5.0)
    here 5.0
    """
    shared = (_analysis, _run)
    own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "how"]
    parameters = [p for part in shared for p in inspect.signature(part, eval_str=True).parameters.values()]

    def wrapper(**given: Any) -> None:
        how: dict[str, Any] = {}
        for part in shared:
            how |= part(**{name: given.pop(name) for name in inspect.signature(part).parameters if name in given})
        command(**given, how=how)

    wrapper.__doc__, wrapper.__name__ = command.__doc__, command.__name__
    keyword = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*own, *parameters)]
    wrapper.__signature__ = inspect.Signature(keyword)
    wrapper.__annotations__ = {p.name: p.annotation for p in keyword}
    return wrapper
