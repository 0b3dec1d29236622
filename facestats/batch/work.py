"""One video of a collection: analyse it, keep its tables, draw its clip. The same work wherever it is done.

A long video may be done in pieces: its stretches are looked at apart from each other, each leaves what was found in a
file of the store, and whoever comes last joins them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from facestats._util.locations import fetched, location, remove, write_whole
from facestats._util.threads import MOST_WORKERS, usable_cores
from facestats.analysis.chunks import Joined, Stretch, pack, unpack
from facestats.analysis.pipeline import AnalyzedVideo, analyzed, assembled, failed_result
from facestats.analysis.sampling import FrameCallback
from facestats.analysis.sampling import look as look_frames
from facestats.analysis.stages import Stages
from facestats.batch.jobs import Answer, Join, Look, Lost, Outcome, Split, Unit, Work
from facestats.batch.plan import changed, content_of, relevant
from facestats.clips import blur, write_clip
from facestats.clips.render import DRAWN_COLUMNS
from facestats.detect import Detector, create_detector
from facestats.errors import CameraError, FacestatsError, MissingInputError, OutputError, UnreadableInputError
from facestats.options import AnalyzeOptions
from facestats.store.manifest import Entry, read_entry
from facestats.store.store import STRETCHES, Store
from facestats.video import FrameSource, open_source
from facestats.video.discovery import Input
from facestats.video.shots import CueReader
from facestats.video.spans import Span

#: Told how far a video is: what is being done, frames done, and how many there may be.
Report = Callable[[str, int, int | None], object]

#: What goes wrong with an input, and not with the program or the store.
InputErrors = (UnreadableInputError, MissingInputError, CameraError)


def perform(work: Work, stages: Stages, report: Report) -> Answer:
    """Do one piece of work.

    Raises
    ------
    OutputError
        If the store cannot be written.

    Examples
    --------
    >>> perform(Input("camera:0"), stages, print)  # doctest: +SKIP
    Content(sha256=None, mark='')
    """
    if isinstance(work, Input):
        return content_of(work, report)
    if isinstance(work, Look):
        return look_at(work, stages, report)
    return do(work, stages, report)


def do(work: Unit | Join, stages: Stages, report: Report, on_frame: FrameCallback | None = None) -> Outcome | Split:
    """Analyse one input, keep its tables, which become visible all at once, and draw its clip.

    An input that cannot be read is kept as such, with the reason.

    Parameters
    ----------
    work : Unit or Join
    stages : Stages
    report : callable
        See :data:`Report`.
    on_frame : callable, optional
        See :data:`facestats.analysis.sampling.FrameCallback`.

    Raises
    ------
    OutputError
        If the store cannot be written.

    Examples
    --------
    >>> do(unit, stages, print)  # doctest: +SKIP
    """
    unit = work.unit if isinstance(work, Join) else work
    task, options = unit.task, unit.options
    item, store = task.item, Store(location(unit.store))
    trouble: list[str] = []
    with contextlib.ExitStack() as stack:
        near, recording = item, None
        try:
            near = stack.enter_context(nearby(item))
            recording = stack.enter_context(recorded(item)) if options.clips else None
            if isinstance(work, Join):
                entry = _joined(work, store, stages, report)
            else:
                entry = _analyzed(unit, store, near, stages, report, recording, on_frame)
            if isinstance(entry, Split):
                return entry
        except InputErrors as error:
            return give_up(unit, stages, reason(error, near))
        if entry.error:
            trouble.append(entry.error)
        if options.clips and entry.status != "failed":
            # After the tables: a clip that cannot be written must cost neither what was found nor the other inputs.
            try:
                one = Store(store.path, task.video_id)
                tables = {
                    "observations": one.batches("observations", columns=DRAWN_COLUMNS),
                    "tracks": one.tracks(),
                    "frames": one.frames(columns=["frame", "time_s"]),
                }
                with _made_in(store.path / "clips") as folder:
                    draw(near, tables, folder / task.video_id, stages, options, report, recording)
            except (OutputError, UnreadableInputError, MissingInputError) as error:
                trouble.append(f"no clip: {reason(error, near)}")
    return Outcome(entry, tuple(trouble))


def _analyzed(
    unit: Unit,
    store: Store,
    near: Input,
    stages: Stages,
    report: Report,
    recording: Path | None,
    on_frame: FrameCallback | None,
) -> Entry | Split:
    """Return the entry of the unit's video, having analysed it unless its clip alone is missing."""
    task, options = unit.task, unit.options
    if task.action == "draw" and (entry := read_entry(store.path, task.video_id)) is not None:
        return store.note(entry, paths=task.paths, files=task.files, missing_since=None)
    with opened(near, options, recording) as source:
        spans = source.spans()
        if unit.may_split and len(spans) > 1:
            return Split(spans, source.info.n_frames_expected)
        with analyzing(
            source, task.video_id, task.content.sha256, stages, options, report, spans=spans, on_frame=on_frame
        ) as found:
            return _kept(unit, store, stages, found)


def look_at(look: Look, stages: Stages, report: Report) -> int | Lost:
    """Look at one stretch of a video, leave what was found in a file of the store, and return how many frames it has.

    What a run before this one has left there is not done again.

    Raises
    ------
    OutputError
        If the store cannot be written.
    """
    unit, options = look.unit, look.unit.options
    path = stretch_path(unit, stages, look.number)
    try:
        if path.is_file():
            with contextlib.suppress(OSError, ValueError, KeyError, BadZipFile):  # then it is done again
                return unpack(path.read_bytes()).tally.n_decoded
        with nearby(unit.task.item) as near, opened(near, options) as source:
            cues = CueReader()

            def notice(frame: Any, found: Any, ids: Any, n_decoded: int) -> None:
                report("analyse", n_decoded, None)

            items = list(look_frames(source, stages, options, spans=(look.span,), cues=cues, on_frame=notice))
            stretch = Stretch(source.info, source.tally, tuple(items), cues.first, cues.last)
    except InputErrors as error:
        return Lost(reason(error, unit.task.item))
    try:
        write_whole(path, pack(stretch))
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from None
    return stretch.tally.n_decoded


def stretch_path(unit: Unit, stages: Stages, number: int) -> Path:
    """Return the file of one stretch: of this content, these options and models, and this version, or another one."""
    task = unit.task
    made_by = {
        "sha256": task.content.sha256,
        "options": relevant(unit.options.to_dict()),
        "models": stages.models,
        "facestats": version("facestats"),
    }
    digest = hashlib.sha256(json.dumps(made_by, sort_keys=True, default=str).encode()).hexdigest()
    return location(unit.store) / STRETCHES / f"{task.video_id}-{digest[:12]}" / f"{number:05d}.npz"


def _joined(join: Join, store: Store, stages: Stages, report: Report) -> Entry:
    """Return the entry of a video whose stretches were looked at, having put them together."""
    unit, task = join.unit, join.unit.task

    def load(number: int) -> Stretch:
        report("join", number, join.n)
        path = stretch_path(unit, stages, number)
        try:
            return unpack(path.read_bytes())
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise UnreadableInputError(f"cannot read {path}, a part of what was found: {error}; try again") from None

    joined = Joined(join.n, load)
    with assembled(
        joined.items(),
        joined,
        video_id=task.video_id,
        sha256=task.content.sha256,
        thresholds=stages.thresholds,
        options=unit.options,
        started_at=join.started_at,
    ) as found:
        entry = _kept(unit, store, stages, found)
    remove(stretch_path(unit, stages, 0).parent)
    return entry


def _kept(unit: Unit, store: Store, stages: Stages, found: AnalyzedVideo) -> Entry:
    store.drop_clip(unit.task.video_id)  # an old clip may show what the new options hide
    found = replace(found, videos=found.videos.assign(path=unit.task.item.shown).astype({"path": "str"}))
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


def give_up(unit: Unit, stages: Stages, why: str) -> Outcome:
    """Keep a video as failed; or as it is, if its tables are there already and only its clip could not be made.

    Raises
    ------
    OutputError
        If the store cannot be written.
    """
    task, store = unit.task, Store(location(unit.store))
    entry = read_entry(store.path, task.video_id)
    options = unit.options.to_dict()
    is_done = entry is not None and entry.status != "failed" and entry.sha256 == task.content.sha256 is not None
    if is_done and changed(entry, options, stages.models) is None and (task.action == "draw" or _is_new(entry, unit)):
        return Outcome(entry, (f"no clip: {why}",))
    store.drop_clip(task.video_id)
    result = failed_result(task.video_id, task.item.shown, task.content.sha256, why, datetime.now(UTC))
    return Outcome(_writer(unit, store, stages)(result, tries=task.tries + 1), (why,))


def _is_new(entry: Entry, unit: Unit) -> bool:
    """Say whether an entry was written since its video's work was decided upon."""
    return entry.run != unit.task.run_before


@contextlib.contextmanager
def nearby(item: Input) -> Iterator[Input]:
    """Give an input on this machine, fetched for the time of the block if it lies elsewhere.

    Raises
    ------
    MissingInputError
        If it is not there.
    UnreadableInputError
        If it cannot be fetched.
    """
    with contextlib.ExitStack() as stack:
        try:
            near = stack.enter_context(fetched(item.path))
        except FileNotFoundError:
            raise MissingInputError(f"{item.shown} does not exist: check the address") from None
        except OSError as error:
            raise UnreadableInputError(f"cannot read {item.shown}: {error.strerror or error}") from None
        yield item if near == item.path else replace(item, path=near)


@contextlib.contextmanager
def analyzing(
    source: FrameSource,
    video_id: str,
    sha256: str | None,
    stages: Stages,
    options: AnalyzeOptions,
    report: Report,
    *,
    spans: Sequence[Span] | None = None,
    on_frame: FrameCallback | None = None,
    stoppable: bool = False,
) -> Iterator[AnalyzedVideo]:
    """Analyse an open source, and give its tables for the time of a ``with`` block.

    Raises
    ------
    UnreadableInputError
        If nothing of it can be read.
    """
    expected = source.info.n_frames_expected
    report("analyse", 0, expected)

    def notice(frame: Any, found: Any, ids: Any, n_decoded: int) -> None:
        report("analyse", n_decoded, expected)
        if on_frame is not None:
            on_frame(frame, found, ids, n_decoded)

    with analyzed(
        source,
        video_id=video_id,
        sha256=sha256,
        stages=stages,
        options=options,
        spans=spans,
        on_frame=notice,
        stoppable=stoppable,
    ) as found:
        yield found


def draw(
    item: Input,
    tables: Mapping[str, Any],
    out: Path,
    stages: Stages,
    options: AnalyzeOptions,
    report: Report,
    recording: Path | None = None,
) -> Path:
    """Write the annotated clip or still of a video, and return its path.

    Its ``tables`` are ``observations``, ``tracks`` and ``frames``, see :class:`facestats.clips.Annotator`.

    Raises
    ------
    OutputError
        If it cannot be written.
    UnreadableInputError, MissingInputError
        If the video can no longer be read.
    """
    again = Input(str(recording)) if recording is not None else item
    audio_from = None if item.is_live or item.is_sequence else Path(item.path)
    with opened(again, options) as source:
        n_drawn, expected = 0, source.info.n_frames_expected
        report("draw", 0, expected)

        def notice() -> None:
            nonlocal n_drawn
            n_drawn += 1
            report("draw", n_drawn, expected)

        return write_clip(
            source,
            out,
            **tables,
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


def opened(item: Input, options: AnalyzeOptions, recording: Path | None = None) -> FrameSource:
    """Return the source of an input's frames.

    Raises
    ------
    UnreadableInputError, MissingInputError, CameraError
        If nothing of it can be read.
    """
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
