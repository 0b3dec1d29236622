"""One video, image, camera or stream, analysed in memory: no store, no workers."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Unpack

from facestats._util import hooks
from facestats._util.configured import surrounding
from facestats._util.described import takes
from facestats._util.locations import Place, place_of
from facestats._util.notebook import is_notebook
from facestats.analysis.inputs import NearInput
from facestats.analysis.progress import Bars
from facestats.analysis.sampling import FrameCallback
from facestats.analysis.stages import load_stages
from facestats.clips import Annotator
from facestats.errors import MissingInputError, OutputError, UnreadableInputError, UsageError
from facestats.options import AnalyzeKeywords, AnalyzeOptions, described
from facestats.tables.video_tables import VideoTables
from facestats.video.arrays import NAME, array_hash, frames_id
from facestats.video.discovery import Input, refuse_store
from facestats.video.identity import Identity, content_of, is_there, new_video_id
from facestats.video.names import CLIP_SUFFIXES


@takes(AnalyzeOptions)
def analyze(
    path: str | os.PathLike[str] | Iterable[Any],
    *,
    fps: float | None = None,
    clip: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
    preview: bool = False,
    **options: Unpack[AnalyzeKeywords],
) -> VideoTables:
    """Analyse one video, image, folder of images (as a sequence), camera or stream, or frames in memory.

    Interrupting the kernel of a notebook ends it with what was found so far, as ``"partial"`` and without a
    clip.

    Parameters
    ----------
    path : str, path, or iterable of numpy.ndarray
        A file, a folder of images, ``"camera:0"`` or a URL; or frames, uint8 (height, width, 3) RGB, all of one size:
        an array (N, height, width, 3), a list, or an iterator that gives one after the other.
    fps : float, optional
        Frames a second, where frames are given: these have no clock of their own.
    clip : str or path, optional
        Also write the annotated clip (or still) there; the suffix ``.mp4`` or ``.png`` is put right. If it cannot be
        written, a warning says so, and the tables are returned without it.
    progress : bool, optional
        Show a progress bar; by default in a terminal or a notebook.
    preview : bool
        In a notebook, show the frame that is being analysed, and the counts so far; elsewhere nothing.
    **options
        The fields of :class:`facestats.options.AnalyzeOptions`. What is not given is what ``facestats.toml`` beside the
        input and the ``FACESTATS_*`` variables say, or the default.

    Returns
    -------
    VideoTables
        ``.videos``, ``.frames``, ``.observations``, ``.tracks`` and ``.thumbnails`` are plain DataFrames.

    Raises
    ------
    MissingInputError
        If the path does not exist, or is a folder without images.
    UnreadableInputError
        If nothing of it could be read, or a region lies outside its picture.
    UsageError
        If an option is wrong, or a frame is no such picture.

    Examples
    --------
    >>> import facestats as fs
    >>> fs.analyze("clip.mp4", rate=5, from_s="1:30", to_s="2:00").tracks  # doctest: +SKIP
    >>> fs.analyze(frames, fps=25).tracks  # doctest: +SKIP
    """
    frames = None if isinstance(path, str | os.PathLike) else path
    where = os.fspath(path) if isinstance(path, str | os.PathLike) else NAME
    _check_frames(path, fps)
    settings = AnalyzeOptions.from_keywords(**{**_surrounding([] if frames is not None else [where]), **options})
    if frames is None and place_of(where) is Place.LOCAL:
        refuse_store(where, Path(where), "name the video")
    item = Input(where, is_sequence=frames is None and Path(where).is_dir())
    out = None if clip is None else _clip_path(clip, item)
    if frames is None and not item.is_live and not is_there(item.path):
        raise MissingInputError(f"{item.shown} does not exist: check the path")
    stages = load_stages(settings)
    sha256 = content_of(item).sha256 if frames is None else array_hash(frames)
    video = Identity(new_video_id(item, sha256) if frames is None else frames_id(sha256), sha256)
    with Bars(1, progress=progress) as bars, _previewed(preview, blur=settings.blur) as on_frame:
        report = partial(bars.report, item.shown)
        given: dict[str, Any] = {} if frames is None else {"frames": frames, "fps": fps}
        with NearInput(item, stages, report, keeps_live=out is not None, **given) as near:
            with (
                near.opened() as source,
                near.analyzed(source, video, on_frame=on_frame, stoppable=is_notebook()) as found,
            ):
                result = replace(found.collected(), blurred=settings.blur)
            if out is None or found.is_stopped:
                return result
            try:
                return replace(result, clip=near.draw(Annotator.of(result), out))
            except (OutputError, UnreadableInputError, MissingInputError) as error:
                warnings.warn(f"no clip, the tables are whole: {error}", stacklevel=2)
                return result


def _check_frames(frames: Any, fps: float | None) -> None:
    """Refuse frames that are none, several videos, and frames without a rate or a rate without frames."""
    if isinstance(frames, str | os.PathLike):
        if fps is not None:
            raise UsageError(
                "fps is for frames in memory: what is read from a path has a clock (sequence_fps: a folder's)"
            )
        return
    if not isinstance(frames, Iterable):
        raise UsageError(f"give a path, or frames as an array, a list or an iterator, not {type(frames).__name__}")
    if isinstance(frames, Sequence) and frames and isinstance(frames[0], str | os.PathLike):
        raise UsageError("fs.analyze is for one video: of several, use fs.analyze_collection")
    if fps is None:
        raise UsageError("say how many frames a second they are: fs.analyze(frames, fps=25)")


def _surrounding(inputs: list[str]) -> dict[str, Any]:
    """Return the options that a file beside the input and the environment set."""
    found = surrounding(described(), inputs, os.environ)
    return {name: each.value for name, each in found.items() if name in described(AnalyzeOptions)}


def _previewed(wanted: bool, *, blur: bool) -> AbstractContextManager[FrameCallback | None]:
    return hooks.call("live_preview", blur=blur) if wanted else nullcontext()


def _clip_path(clip: str | os.PathLike[str], item: Input) -> Path:
    """Return the path of a clip without its suffix, which its kind decides."""
    out = Path(clip)
    out = out.with_suffix("") if out.suffix.lower() in CLIP_SUFFIXES else out
    if Path(item.path).resolve() in {Path(f"{out}{suffix}").resolve() for suffix in CLIP_SUFFIXES}:
        raise UsageError(f"the clip would overwrite {item.path} itself: name another file")
    return out
