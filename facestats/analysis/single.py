"""One video, image, camera or stream, analysed in memory: no store, no workers."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Unpack

from facestats._util import hooks
from facestats._util.configured import surrounding
from facestats._util.described import takes
from facestats._util.notebook import is_notebook
from facestats.analysis.inputs import NearInput
from facestats.analysis.progress import Bars
from facestats.analysis.sampling import FrameCallback
from facestats.analysis.stages import load_stages
from facestats.clips import Annotator
from facestats.errors import MissingInputError, UsageError
from facestats.options import AnalyzeKeywords, AnalyzeOptions, described
from facestats.tables.video_tables import VideoTables
from facestats.video.discovery import Input
from facestats.video.identity import Identity, content_of, is_there, new_video_id
from facestats.video.names import CLIP_SUFFIXES


@takes(AnalyzeOptions)
def analyze(
    path: str | os.PathLike[str],
    *,
    clip: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
    preview: bool = False,
    **options: Unpack[AnalyzeKeywords],
) -> VideoTables:
    """Analyse one video, image, folder of images (as a sequence), camera or stream.

    Interrupting the kernel of a notebook ends it with what was found so far, as ``"partial"`` and without a
    clip.

    Parameters
    ----------
    path : str or path
        A file, a folder of images, ``"camera:0"`` or a URL.
    clip : str or path, optional
        Also write the annotated clip (or still) there; the suffix ``.mp4`` or ``.png`` is put right.
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
        If nothing of it could be read.
    UsageError
        If an option is wrong.

    Examples
    --------
    >>> import facestats as fs
    >>> fs.analyze("clip.mp4", rate=5).tracks  # doctest: +SKIP
    """
    settings = AnalyzeOptions.from_keywords(**{**_surrounding(os.fspath(path)), **options})
    item = Input(os.fspath(path), is_sequence=Path(path).is_dir())
    out = None if clip is None else _clip_path(clip, item)
    if not item.is_live and not is_there(item.path):
        raise MissingInputError(f"{item.shown} does not exist: check the path")
    stages = load_stages(settings)
    sha256 = content_of(item).sha256
    video = Identity(new_video_id(item, sha256), sha256)
    with Bars(1, progress=progress) as bars, _previewed(preview, blur=settings.blur) as on_frame:
        report = partial(bars.report, item.shown)
        with NearInput(item, stages, report, keeps_live=out is not None) as near:
            with (
                near.opened() as source,
                near.analyzed(source, video, on_frame=on_frame, stoppable=is_notebook()) as found,
            ):
                result = replace(found.collected(), blurred=settings.blur)
            if out is None or found.is_stopped:
                return result
            return replace(result, clip=near.draw(Annotator.of(result), out))


def _surrounding(path: str) -> dict[str, Any]:
    """Return the options that a file beside the input and the environment set."""
    found = surrounding(described(), [path], os.environ)
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
