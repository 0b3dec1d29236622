"""One video of a collection: analyse it, keep its tables, draw its clip. The same work wherever it is done."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from facestats.clips import blur, write_clip
from facestats.clips.render import DRAWN_COLUMNS
from facestats.detect import Detector, create_detector
from facestats.errors import CameraError, FacestatsError, MissingInputError, OutputError, UnreadableInputError
from facestats.inputs import Input
from facestats.locations import fetched, location
from facestats.looking import FrameCallback
from facestats.manifest import Entry, read_entry
from facestats.options import AnalyzeOptions
from facestats.pipeline import AnalyzedVideo, analyzed, failed_result
from facestats.plan import Task
from facestats.results import VideoResult
from facestats.stages import Stages
from facestats.store import Store
from facestats.threads import MOST_WORKERS, usable_cores
from facestats.video import FrameSource, open_source

#: Told how far a video is: what is being done, frames done, and how many there may be.
Report = Callable[[str, int, int | None], object]

#: What goes wrong with an input, and not with the program or the store.
InputErrors = (UnreadableInputError, MissingInputError, CameraError)


@dataclass(frozen=True)
class Unit:
    """A task with all that is needed to do it anywhere.

    Attributes
    ----------
    task : Task
    options : AnalyzeOptions
    store : str
        The folder or address of the store.
    """

    task: Task
    options: AnalyzeOptions
    store: str


@dataclass(frozen=True)
class Outcome:
    """What became of a unit.

    Attributes
    ----------
    entry : Entry
    trouble : tuple of str
        What went wrong, a line each.
    """

    entry: Entry
    trouble: tuple[str, ...]


def do(unit: Unit, stages: Stages, report: Report, on_frame: FrameCallback | None = None) -> Outcome:
    """Analyse one input, keep its tables, which become visible all at once, and draw its clip.

    An input that cannot be read is kept as such, with the reason.

    Parameters
    ----------
    unit : Unit
    stages : Stages
    report : callable
        See :data:`Report`.
    on_frame : callable, optional
        See :data:`facestats.looking.FrameCallback`.

    Raises
    ------
    OutputError
        If the store cannot be written.

    Examples
    --------
    >>> do(unit, stages, print)  # doctest: +SKIP
    """
    task, options = unit.task, unit.options
    item, store = task.item, Store(location(unit.store))
    trouble: list[str] = []
    with contextlib.ExitStack() as stack:
        entry, recording = None, None
        try:
            near = stack.enter_context(_nearby(item))
            recording = stack.enter_context(recorded(item)) if options.clips else None
            entry = _keep(unit, store, near, stages, report, recording, on_frame)
        except InputErrors as error:
            entry = give_up(unit, stages, reason(error, item))
        if entry.error:
            trouble.append(entry.error)
        if options.clips and entry.status != "failed":
            # After the tables: a clip that cannot be written must cost neither what was found nor the other inputs.
            try:
                result = store.result(task.video_id, observed=DRAWN_COLUMNS)
                with _made_in(store.path / "clips") as folder:
                    draw(near, result, folder / task.video_id, stages, options, report, recording)
            except (OutputError, UnreadableInputError, MissingInputError) as error:
                trouble.append(f"no clip: {reason(error, item)}")
    return Outcome(entry, tuple(trouble))


def _keep(
    unit: Unit,
    store: Store,
    near: Input,
    stages: Stages,
    report: Report,
    recording: Path | None,
    on_frame: FrameCallback | None,
) -> Entry:
    """Return the entry of the unit's video, having analysed it unless its clip alone is missing."""
    task, options = unit.task, unit.options
    if task.action == "draw" and (entry := read_entry(store.path, task.video_id)) is not None:
        return store.note(entry, paths=task.paths, files=task.files)
    with analyzing(
        near, task.video_id, task.content.sha256, stages, options, report, recording=recording, on_frame=on_frame
    ) as found:
        store.drop_clip(task.video_id)  # an old clip may show what the new options hide
        found = replace(found, videos=found.videos.assign(path=task.item.shown).astype({"path": "str"}))
        return _writer(unit, store, stages)(found)


@contextlib.contextmanager
def _made_in(folder: Path) -> Iterator[Path]:
    """Give a folder of this machine, what is written into which goes where it belongs when the block ends well."""
    if isinstance(folder, Path):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="facestats-") as here:
        yield Path(here)
        for path in Path(here).iterdir():
            folder.fs.put_file(str(path), (folder / path.name).path)


def _writer(unit: Unit, store: Store, stages: Stages) -> Callable[..., Entry]:
    return partial(
        store.write,
        paths=unit.task.paths,
        files=unit.task.files,
        options=unit.options.to_dict(),
        models=stages.models,
    )


def give_up(unit: Unit, stages: Stages, why: str) -> Entry:
    """Keep a video as failed, and return its entry.

    Raises
    ------
    OutputError
        If the store cannot be written.
    """
    task, store = unit.task, Store(location(unit.store))
    store.drop_clip(task.video_id)
    result = failed_result(task.video_id, task.item.shown, task.content.sha256, why, datetime.now(UTC))
    return _writer(unit, store, stages)(result, tries=task.tries + 1)


@contextlib.contextmanager
def _nearby(item: Input) -> Iterator[Input]:
    """Give an input on this machine."""
    try:
        with contextlib.ExitStack() as stack:
            near = stack.enter_context(fetched(item.path))
            yield item if near == item.path else replace(item, path=near)
    except FileNotFoundError:
        raise MissingInputError(f"{item.shown} does not exist: check the address") from None


@contextlib.contextmanager
def analyzing(
    item: Input,
    video_id: str,
    sha256: str | None,
    stages: Stages,
    options: AnalyzeOptions,
    report: Report,
    *,
    recording: Path | None = None,
    on_frame: FrameCallback | None = None,
) -> Iterator[AnalyzedVideo]:
    """Open an input, analyse it, and give its tables for the time of a ``with`` block.

    Raises
    ------
    UnreadableInputError, MissingInputError, CameraError
        If nothing of it can be read.
    """
    with _open(item, options, recording) as source:
        expected = source.info.n_frames_expected
        report("analyse", 0, expected)

        def notice(frame: Any, found: Any, ids: Any, n_decoded: int) -> None:
            report("analyse", n_decoded, expected)
            if on_frame is not None:
                on_frame(frame, found, ids, n_decoded)

        with analyzed(
            source, video_id=video_id, sha256=sha256, stages=stages, options=options, on_frame=notice
        ) as found:
            yield found


def draw(
    item: Input,
    result: VideoResult,
    out: Path,
    stages: Stages,
    options: AnalyzeOptions,
    report: Report,
    recording: Path | None = None,
) -> Path:
    """Write the annotated clip or still of a video, and return its path.

    Raises
    ------
    OutputError
        If it cannot be written.
    UnreadableInputError, MissingInputError
        If the video can no longer be read.
    """
    again = Input(str(recording)) if recording is not None else item
    audio_from = None if item.is_live or item.is_sequence else Path(item.path)
    with _open(again, options) as source:
        n_drawn, expected = 0, source.info.n_frames_expected
        report("draw", 0, expected)

        def notice() -> None:
            nonlocal n_drawn
            n_drawn += 1
            report("draw", n_drawn, expected)

        return write_clip(
            source,
            result,
            out,
            audio_from=audio_from,
            threshold=stages.thresholds.get("expression", 0.5),
            blur_with=_blur_detectors(options) if options.blur else (),
            on_frame=notice,
        )


def _blur_detectors(options: AnalyzeOptions) -> list[Detector]:
    return [
        create_detector(options.detector, detect_size=options.detect_size, min_score=blur.MIN_SCORE)
        for _ in range(min(usable_cores(), MOST_WORKERS))
    ]


@contextlib.contextmanager
def recorded(item: Input) -> Iterator[Path | None]:
    """Give where a live source is to be recorded, which can be read only once; None for files."""
    if not item.is_live:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="facestats-") as folder:
        yield Path(folder) / "recording.mp4"


def _open(item: Input, options: AnalyzeOptions, recording: Path | None = None) -> FrameSource:
    return open_source(item.path, sequence_fps=options.sequence_fps, limit_s=options.limit_s, record_to=recording)


def reason(error: FacestatsError, item: Input) -> str:
    """Return an error's message without the path, which stands beside it anyway.

    Examples
    --------
    >>> reason(UnreadableInputError("cannot read a.mp4: no video in it"), Input("a.mp4"))
    'no video in it'
    """
    text = str(error)
    for start, instead in (
        (f"cannot read the image {item.shown}: ", ""),
        (f"cannot read {item.shown}: ", ""),
        (f"{item.shown}: ", ""),
        (f"{item.shown} ", "it "),
    ):
        if text.startswith(start):
            return instead + text.removeprefix(start)
    return text
