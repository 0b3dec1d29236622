"""Many videos into one store: discovery, progress, failures that stay where they happen, clips."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from facestats.clips import blur, write_clip
from facestats.detect import Detector, create_detector
from facestats.errors import (
    CameraError,
    FacestatsError,
    MissingInputError,
    OutputError,
    UnreadableInputError,
    UsageError,
)
from facestats.inputs import Input, content_hash, discover
from facestats.looking import FrameCallback
from facestats.options import AnalyzeOptions
from facestats.pipeline import AnalyzedVideo, analyzed, failed_result
from facestats.results import VideoResult
from facestats.stages import Stages, load_stages
from facestats.store import CLIP_SUFFIXES, Entry, Store, create_store, safe_stem
from facestats.threads import MOST_WORKERS, usable_cores
from facestats.video import FrameSource, open_source, shown

#: Where results go unless ``--out`` says otherwise.
DEFAULT_OUT = "facestats-out"


@dataclass(frozen=True)
class CollectionResult:
    """What became of a collection.

    Attributes
    ----------
    store : Store
        Holds the tables of everything analysed, in this run and before.
    video_ids : tuple of str
        The videos of this run, in the order of the inputs; copies of one video stand once.
    problems : tuple of str
        One line for each input that is missing, failed or is only partly read.
    copies : tuple of str
        One line for each input that is a copy of another.
    exit_code : int
        0 all read; 2 an input does not exist; 3 an input could not be read, or not to its end.
    """

    store: Store
    video_ids: tuple[str, ...]
    problems: tuple[str, ...]
    copies: tuple[str, ...]
    exit_code: int


def analyze(
    path: str | os.PathLike[str],
    *,
    clip: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
    **options: Any,
) -> VideoResult:
    """Analyse one video, image, folder of images (as a sequence), camera or stream.

    Parameters
    ----------
    path : str or path
        A file, a folder of images, ``"camera:0"`` or a URL.
    clip : str or path, optional
        Also write the annotated clip (or still) there; the suffix ``.mp4`` or ``.png`` is put right.
    progress : bool, optional
        Show a progress bar; by default where there is someone to see it.
    **options
        The fields of :class:`facestats.options.AnalyzeOptions`.

    Returns
    -------
    VideoResult
        ``.videos``, ``.frames``, ``.observations``, ``.tracks`` and ``.thumbnails`` are plain DataFrames.

    Raises
    ------
    MissingInputError
        If the path does not exist, or is a folder without images.
    UnreadableInputError
        If nothing of it could be read.
    UsageError
        If an option is wrong.

    Examples
    --------
    >>> import facestats as fs
    >>> fs.analyze("clip.mp4", rate=5).tracks  # doctest: +SKIP
    """
    settings = AnalyzeOptions.from_keywords(**options)
    path = os.fspath(path)
    out = None if clip is None else _without_clip_suffix(Path(clip))
    if out is not None and Path(path).resolve() in {Path(f"{out}{suffix}").resolve() for suffix in CLIP_SUFFIXES}:
        raise UsageError(f"the clip would overwrite {path} itself: name another file")
    item = Input(path, is_sequence=Path(path).is_dir())
    if not item.is_live and not Path(path).exists():
        raise MissingInputError(f"{path} does not exist: check the path")
    stages = load_stages(settings)
    sha256 = _hash(item)
    with contextlib.ExitStack() as cleanup:
        recording = _recording(item, cleanup) if out is not None else None
        with _analyzed(item, video_id_of(item, sha256), sha256, stages, settings, progress, recording) as found:
            result = found.collected()
        if out is None:
            return result
        written = _draw(item, result, out, stages, settings, progress, recording)
    return replace(result, clip=written)


def analyze_collection(
    inputs: Sequence[str | os.PathLike[str]] | str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] = DEFAULT_OUT,
    progress: bool | None = None,
    on_frame: FrameCallback | None = None,
    **options: Any,
) -> CollectionResult:
    """Analyse everything that the inputs name into one store.

    An input that fails is recorded in the ``videos`` table with its reason, and the others go on.

    Parameters
    ----------
    inputs : str, path, or sequence of those
        See :func:`facestats.inputs.discover`.
    out : str or path
        The store's folder; made if absent. A video that is in it already is analysed again and replaced.
    progress : bool, optional
        Show progress bars; by default where there is someone to see them.
    on_frame : callable, optional
        See :data:`facestats.looking.FrameCallback`.
    **options
        The fields of :class:`facestats.options.AnalyzeOptions`.

    Returns
    -------
    CollectionResult

    Raises
    ------
    MissingInputError
        If none of the inputs exists.
    UsageError
        If an option or the output is wrong; nothing was analysed then.

    Examples
    --------
    >>> import facestats as fs
    >>> fs.analyze_collection(["videos/"], out="store").store.tracks  # doctest: +SKIP
    """
    settings = AnalyzeOptions.from_keywords(**options)
    arguments = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    discovery = discover([os.fspath(argument) for argument in arguments], sequence=settings.sequence)
    if not discovery.inputs:
        raise MissingInputError("; ".join(str(error) for error in discovery.missing) or "no inputs: name at least one")
    stages = load_stages(settings)
    store = create_store(Path(out))

    ids = {entry.sha256: entry.video_id for entry in store.entries().values() if entry.sha256}
    done: dict[str, Entry] = {}
    copies: list[str] = []
    problems = [str(error) for error in discovery.missing]
    videos = tqdm(discovery.inputs, desc="videos", unit="video", disable=_hide(progress, len(discovery.inputs) < 2))
    for item in videos:
        sha256 = _hash(item)
        video_id = video_id_of(item, sha256) if sha256 is None else ids.setdefault(sha256, video_id_of(item, sha256))
        if video_id in done:
            done[video_id] = store.add_path(done[video_id], item.shown)
            copies.append(f"{item.shown} is a copy of {done[video_id].paths[0]}: analysed once")
            continue
        done[video_id], trouble = _analyze_into(store, item, video_id, sha256, stages, settings, progress, on_frame)
        problems += [f"{item.shown}: {line}" for line in trouble]
    return CollectionResult(
        store=store,
        video_ids=tuple(done),
        problems=tuple(problems),
        copies=tuple(copies),
        exit_code=2 if discovery.missing else 3 if problems else 0,
    )


def video_id_of(item: Input, sha256: str | None) -> str:
    """Return the id of a new video: its safe stem and the beginning of its hash.

    A camera or a stream has no hash and gets its UTC start instead; a file that cannot be read, ``unread``
    and the hash of its path.

    Examples
    --------
    >>> video_id_of(Input("my clip.mp4"), "0123456789abcdef")
    'my-clip-01234567'
    """
    if sha256 is None and not item.is_live:
        where = hashlib.sha256(os.fsencode(Path(item.path).resolve())).hexdigest()
        return f"{safe_stem(item.shown)}-unread-{where[:8]}"
    if sha256 is None:
        return f"{safe_stem(item.shown.replace(':', '-').replace('/', '-'))}-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
    return f"{safe_stem(shown(Path(item.path).resolve().name))}-{sha256[:8]}"


def _without_clip_suffix(path: Path) -> Path:
    return path.with_suffix("") if path.suffix.lower() in CLIP_SUFFIXES else path


def _hash(item: Input) -> str | None:
    try:
        return content_hash(item)
    except OSError:
        return None  # opening it will say why, where the failure is recorded


def _hide(progress: bool | None, trivial: bool = False) -> bool | None:
    """Return tqdm's ``disable``: None lets it see for itself whether anyone watches."""
    if trivial or progress is False:
        return True
    return None if progress is None else False


def _analyze_into(
    store: Store,
    item: Input,
    video_id: str,
    sha256: str | None,
    stages: Stages,
    settings: AnalyzeOptions,
    progress: bool | None,
    on_frame: FrameCallback | None,
) -> tuple[Entry, list[str]]:
    """Analyse one input, store its tables, then draw its clip; return its entry and what went wrong, a line each."""
    started_at = datetime.now(UTC)
    before = Store(store.path, video_id).entries().get(video_id)
    paths = (item.shown, *(path for path in (before.paths if before else ()) if path != item.shown and _is_there(path)))
    trouble = []
    with contextlib.ExitStack() as cleanup:
        recording = _recording(item, cleanup) if settings.clips else None
        # An old clip may show what the new options hide.
        store.drop_clip(video_id)
        keep = partial(store.write, paths=paths, options=settings.to_dict(), models=stages.models)
        try:
            with _analyzed(item, video_id, sha256, stages, settings, progress, recording, on_frame) as found:
                entry = keep(found)
        except (UnreadableInputError, MissingInputError, CameraError) as error:
            found = failed_result(video_id, item.shown, sha256, _reason(error, item), started_at)
            entry = keep(found)
        if entry.status != "ok":
            trouble.append(str(found.videos["error"].iloc[0]))
        if settings.clips and entry.status != "failed":
            # After the tables: a clip that cannot be written must cost neither what was found nor the other inputs.
            try:
                _draw(
                    item, store.result(video_id), store.path / "clips" / video_id, stages, settings, progress, recording
                )
            except (OutputError, UnreadableInputError, MissingInputError) as error:
                trouble.append(f"no clip: {_reason(error, item)}")
    return entry, trouble


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:
        return False


def _reason(error: FacestatsError, item: Input) -> str:
    """Return an error's message without the path, which stands beside it anyway."""
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


def _recording(item: Input, cleanup: contextlib.ExitStack) -> Path | None:
    """Return where a live source is to be recorded, which can be read only once; None for files."""
    if not item.is_live:
        return None
    folder = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="facestats-"))
    return Path(folder) / "recording.mp4"


def _open(item: Input, settings: AnalyzeOptions, recording: Path | None = None) -> FrameSource:
    return open_source(item.path, sequence_fps=settings.sequence_fps, limit_s=settings.limit_s, record_to=recording)


@contextlib.contextmanager
def _bar(source: FrameSource, name: str, progress: bool | None) -> Iterator[tqdm]:
    trivial = source.info.kind == "image"
    with tqdm(
        total=source.info.n_frames_expected,
        desc=name,
        unit="frame",
        leave=False,
        disable=_hide(progress, trivial),
    ) as bar:
        yield bar


@contextlib.contextmanager
def _analyzed(
    item: Input,
    video_id: str,
    sha256: str | None,
    stages: Stages,
    settings: AnalyzeOptions,
    progress: bool | None,
    recording: Path | None = None,
    on_frame: FrameCallback | None = None,
) -> Iterator[AnalyzedVideo]:
    with _open(item, settings, recording) as source, _bar(source, safe_stem(item.shown), progress) as bar:

        def notice(frame: Any, found: Any, ids: Any, n_decoded: int) -> None:
            bar.update(n_decoded - bar.n)
            if on_frame is not None:
                on_frame(frame, found, ids, n_decoded)

        with analyzed(
            source, video_id=video_id, sha256=sha256, stages=stages, options=settings, on_frame=notice
        ) as found:
            yield found


def _draw(
    item: Input,
    result: VideoResult,
    out: Path,
    stages: Stages,
    settings: AnalyzeOptions,
    progress: bool | None,
    recording: Path | None,
) -> Path:
    again = Input(str(recording)) if recording is not None else item
    audio_from = None if item.is_live or item.is_sequence else Path(item.path)
    with _open(again, settings) as source, _bar(source, f"clip of {safe_stem(item.shown)}", progress) as bar:
        return write_clip(
            source,
            result,
            out,
            audio_from=audio_from,
            threshold=stages.thresholds.get("expression", 0.5),
            blur_with=_blur_detectors(settings) if settings.blur else (),
            on_frame=lambda: bar.update(1),
        )


def _blur_detectors(settings: AnalyzeOptions) -> list[Detector]:
    return [
        create_detector(settings.detector, detect_size=settings.detect_size, min_score=blur.MIN_SCORE)
        for _ in range(min(usable_cores(), MOST_WORKERS))
    ]
