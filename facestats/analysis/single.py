"""One video, image, camera or stream, analysed in memory: no store, no workers."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from facestats._util.described import takes
from facestats._util.notebook import is_notebook
from facestats.analysis.pipeline import STOPPED
from facestats.analysis.sampling import FrameCallback
from facestats.analysis.stages import load_stages
from facestats.batch.plan import content_of, is_there, new_video_id
from facestats.batch.progress import Bars
from facestats.batch.work import analyzing, draw, nearby, opened, recorded
from facestats.errors import MissingInputError, UsageError
from facestats.options import AnalyzeKeywords, AnalyzeOptions
from facestats.store.store import CLIP_SUFFIXES
from facestats.tables.video_tables import VideoResult
from facestats.video.discovery import Input


@takes(AnalyzeOptions)
def analyze(
    path: str | os.PathLike[str],
    *,
    clip: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
    preview: bool = False,
    **options: Unpack[AnalyzeKeywords],
) -> VideoResult:
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
        Show a progress bar; by default where there is someone to see it.
    preview : bool
        In a notebook, show the frame that is being worked on, and the counts so far; elsewhere nothing.
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
    if not item.is_live and not is_there(path):
        raise MissingInputError(f"{path} does not exist: check the path")
    stages = load_stages(settings)
    sha256 = content_of(item).sha256
    video_id = new_video_id(item, sha256)
    with (
        Bars(1, progress=progress) as bars,
        recorded(item) as recording,
        nearby(item) as near,
        _previewed(preview, blur=settings.blur) as on_frame,
    ):

        def report(doing: str, n_done: int, n_expected: int | None) -> None:
            bars.report(item.shown, doing, n_done, n_expected)

        with (
            opened(near, settings, recording if out else None) as source,
            analyzing(
                source, video_id, sha256, stages, settings, report, on_frame=on_frame, stoppable=is_notebook()
            ) as found,
        ):
            result = found.collected()
            videos = result.videos.assign(path=item.shown).astype({"path": "str"})
            result = replace(result, videos=videos, blurred=settings.blur)
        if out is None or (result.error or "").startswith(STOPPED):
            return result
        tables = {name: getattr(result, name) for name in ("observations", "tracks", "frames")}
        return replace(result, clip=draw(near, tables, out, stages, settings, report, recording))


def _previewed(wanted: bool, *, blur: bool) -> AbstractContextManager[FrameCallback | None]:
    if not wanted:
        return nullcontext()
    from facestats.widgets.preview import live_preview

    return live_preview(blur=blur)


def _without_clip_suffix(path: Path) -> Path:
    return path.with_suffix("") if path.suffix.lower() in CLIP_SUFFIXES else path
