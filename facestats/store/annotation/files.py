"""Annotations on their way out of a store, one file a video, and those made by hand on their way in."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from facestats._util.described import refuse_other_type
from facestats._util.files import check_writable, written_aside
from facestats._util.naming import named
from facestats._util.spoken import path_given, several
from facestats.errors import MissingInputError, OutputError, UnknownNameError, UnreadableInputError, UsageError
from facestats.store.annotation.ass import write_ass
from facestats.store.annotation.boris import write_boris
from facestats.store.annotation.boxes import write_coco, write_mot
from facestats.store.annotation.elan import read_eaf, write_eaf
from facestats.store.annotation.intervals import INTERVAL_DTYPES, SMOOTH_S, intervals_of
from facestats.store.annotation.praat import read_textgrid, write_textgrid
from facestats.store.annotation.webvtt import smoothed_s, write_vtt
from facestats.store.store import Store, open_store
from facestats.tables.video_tables import VideoTables
from facestats.video.names import SUBTITLE_SUFFIXES

#: By format: the end of the file's name, and what writes it.
FORMATS: Mapping[str, tuple[str, Callable[[VideoTables, pd.DataFrame, Path], None]]] = {
    "eaf": (".eaf", write_eaf),
    "textgrid": (".TextGrid", write_textgrid),
    "boris": (".boris", write_boris),
    "vtt": (".vtt", write_vtt),
    "ass": (".ass", write_ass),
    "coco": (".coco.json", write_coco),
    "mot": (".mot.txt", write_mot),
}


def export_annotations(
    store: Store | str | os.PathLike[str],
    *,
    format: str = "eaf",
    out: str | os.PathLike[str] = ".",
    videos: str | Sequence[str] = (),
    smooth_s: float = SMOOTH_S,
    overwrite: bool = True,
) -> list[Path]:
    """Write tracks and expressions as files of annotation tools, one a video, and return their paths.

    Parameters
    ----------
    store : Store, str or path
    format : str
        ``"eaf"`` (ELAN), ``"textgrid"`` (Praat), ``"boris"``, ``"vtt"`` or ``"ass"`` (subtitles), ``"coco"`` or
        ``"mot"`` (boxes).
    out : str or path
        The folder to write to; or, for one video, a file whose name ends as the format's do.
    videos : str or sequence of str
        Only these, see :meth:`facestats.store.store.Store.video`; all that could be read by default.
    smooth_s : float
        Width in seconds of the moving average of expressions; 0 for none.
    overwrite : bool
        Replace files that are there.

    Raises
    ------
    UnknownNameError
        If the format or a video is unknown.
    UsageError
        If a library is missing, several videos would go into one file, or ``smooth_s`` is below 0.
    OutputError
        If a file cannot be written.

    Examples
    --------
    >>> export_annotations("store", videos=["clip.mp4"], out="clip.eaf")  # doctest: +SKIP
    [PosixPath('clip.eaf')]
    """
    if format not in FORMATS:
        raise UnknownNameError(f"unknown format of annotations {format!r}: use {', '.join(FORMATS)}")
    refuse_other_type(named("smooth_s", "--smooth"), smooth_s, float)
    if not 0 <= smooth_s < math.inf:
        raise UsageError(f"{named('smooth_s', '--smooth')} must be 0 seconds or more, not {smooth_s:g}")
    suffix, write = FORMATS[format]
    store, out = open_store(store), Path(path_given(out, named("out")))
    chosen = [str(store.video(video).video_id) for video in several(videos, "videos")] or [
        entry.video_id for entry in store.entries().values() if entry.status != "failed"
    ]
    is_file = out.name.lower().endswith(suffix.lower()) and not out.is_dir()
    if is_file and len(chosen) != 1:
        raise UsageError(
            f"{out} would hold {len(chosen)} videos: name one with {named('videos', '--video')}, or a folder with "
            f"{named('out')}"
        )
    paths = [out] if is_file else [out / f"{video_id}{suffix}" for video_id in chosen]
    for path in paths:
        if not overwrite and path.is_file():
            raise OutputError(f"{path} is there already: {named('overwrite')} replaces it")
    folder = out.parent if is_file else out
    try:
        check_writable(folder)
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror or error}; name another {named('out')}") from None
    for video_id, path in zip(chosen, paths, strict=True):
        tables = store.result(video_id)
        try:
            with written_aside(path) as part:
                write(tables, intervals_of(tables, smooth_s=smooth_s), part)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}") from None
    return paths


def rewrite_subtitles(store: Store) -> None:
    """Write the subtitles anew that lie beside the clip of a store's one video, smoothed as they were.

    What facestats did not write stays.

    Raises
    ------
    OutputError
        If they cannot be read or written.

    Examples
    --------
    >>> rewrite_subtitles(open_store("facestats-out", "clip.mp4"))  # doctest: +SKIP
    """
    for suffix in SUBTITLE_SUFFIXES if isinstance(store.path, Path) else ():
        path = store.path / "clips" / f"{store.video_id}{suffix}"
        try:
            smooth_s = smoothed_s(path.read_text(encoding="utf-8", errors="replace"))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise OutputError(f"cannot read {path}: {error.strerror or error}") from None
        if smooth_s is not None:
            export_annotations(store, format=suffix.removeprefix("."), out=path, smooth_s=smooth_s)


def read_annotations(path: str | os.PathLike[str]) -> pd.DataFrame:
    r"""Return annotations that were made by hand, as intervals.

    Parameters
    ----------
    path : str or path
        An ELAN file (``.eaf``), a TextGrid, or a CSV (``.csv``, ``.tsv``) with the columns ``start_s``, ``end_s`` and
        ``label``, and perhaps ``tier``.

    Returns
    -------
    pandas.DataFrame
        ``tier``, ``track_id`` (missing), ``start_s``, ``end_s`` and ``label``.

    Raises
    ------
    MissingInputError
        If there is no such file.
    UnreadableInputError
        If it is none of these, or an interval ends before it begins.
    UsageError
        If a library is missing.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "hand.csv")
    ...     _ = path.write_text("start_s,end_s,label\n0,1.5,happiness\n")
    ...     read_annotations(path)["label"].tolist()
    ['happiness']
    """
    path = Path(path)
    if not path.is_file():
        raise MissingInputError(f"there is no file {path}: check the spelling")
    readers = {".eaf": read_eaf, ".textgrid": read_textgrid, ".csv": _read_csv, ".tsv": _read_csv}
    if path.suffix.lower() not in readers:
        raise UnreadableInputError(f"{path}: annotations are read from {', '.join(readers)}")
    found = readers[path.suffix.lower()](path)
    wrong = found[~(found["end_s"] > found["start_s"])]
    if len(wrong):
        first = wrong.iloc[0]
        raise UnreadableInputError(f"{path}: an interval from {first['start_s']} to {first['end_s']} s has no length")
    return found.sort_values(["tier", "start_s"], kind="stable").reset_index(drop=True)


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        found = pd.read_csv(path, sep="\t" if path.suffix.lower() == ".tsv" else ",")
        missing = [name for name in ("start_s", "end_s", "label") if name not in found]
        if missing:
            raise UnreadableInputError(
                f"{path} has no column {', '.join(missing)}: start_s, end_s and label are needed"
            )
        found = found.assign(tier=found.get("tier", "annotation"), track_id=None)
        return found[list(INTERVAL_DTYPES)].astype(INTERVAL_DTYPES)
    except (OSError, ValueError, TypeError) as error:
        raise UnreadableInputError(f"{path} cannot be read as a table: {error}") from None
