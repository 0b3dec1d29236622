"""The video itself, for pages of videos without a clip: whether a browser plays it, and whether it may be shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

from facestats._util.files import written_aside
from facestats._util.locations import is_remote
from facestats.store.store import Entry
from facestats.video.discovery import Input
from facestats.video.identity import content_hash, file_mark

#: What a video that is shown itself is called beside the pages, behind its id; then, its faces.
ORIGINAL_SUFFIXES = (".original.mp4", ".original.webm")
FACES_SUFFIX = ".original.js"

#: And what was found out of it, so that it is not opened for each report.
NOTE_SUFFIX = ".original.json"

_LATEST_START_S = 0.1  # a video that begins later is not in step with its tables in every browser

_PICTURES = {"mp4": {"h264"}, "webm": {"vp8", "vp9", "av1", "libdav1d"}}
_SOUNDS = {"mp4": {"aac", "mp3", "mp3float", "opus", "flac"}, "webm": {"opus", "vorbis"}}


def original_of(entry: Entry) -> tuple[Path | None, str]:
    """Return the video that a page may show itself; or None, and why not.

    Not where faces were to be unrecognisable, no pictures were to be kept, or only a part was analysed.

    Examples
    --------
    >>> original_of(Entry("a", "r", None, ("a.mp4",), "ok", options={"blur": True}))
    (None, 'faces were to be unrecognisable, and no clip was drawn')
    """
    if why := _refused(entry):
        return None, why
    path = next((path for path in _candidates(entry) if _is_same(entry, path)), None)
    if path is None:
        return None, "no clip was drawn, and the video itself is not there any more"
    if problem := why_unplayable(Path(path)):
        return None, f"no clip was drawn, and not every browser plays the video itself: {problem}"
    return Path(path), ""


def _refused(entry: Entry) -> str:
    """Return why a video may not be shown, as far as that is known without looking at it."""
    options = entry.options
    if options.get("blur"):
        return "faces were to be unrecognisable, and no clip was drawn"
    if not options.get("thumbnails", True):
        return "no pictures were to be kept, and no clip was drawn"
    if any(options.get(name) for name in ("from_s", "to_s", "region", "limit_s")):
        return "only a part of the video was analysed, and no clip was drawn"
    if entry.sha256 is None or any(Path(path).is_dir() for path in entry.paths):
        return "no clip was drawn, and there is no file of the video"
    return ""


def _candidates(entry: Entry) -> list[str]:
    return [path for path in entry.paths if not is_remote(path) and Path(path).is_file()]


def remembered(entry: Entry, note: Path) -> tuple[Path | None, str]:
    """Return the same as :func:`original_of`, from a note of what was found last time, if no file has changed since.

    The note is written; where there is no file to look at, it goes.

    Raises
    ------
    OSError
        If it cannot be written.

    Examples
    --------
    >>> remembered(Entry("a", "r", None, ("a.mp4",), "ok", options={"blur": True}), Path("a.original.json"))
    (None, 'faces were to be unrecognisable, and no clip was drawn')
    """
    there = [] if _refused(entry) else _candidates(entry)
    if not there:
        note.unlink(missing_ok=True)
        return original_of(entry)
    marks = [[path, file_mark(Input(path))] for path in there]
    told = json.dumps([entry.sha256, entry.files, marks], sort_keys=True, default=str)
    state = hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()
    known = _read(note)
    if known.get("state") == state and all(mark for _, mark in marks):
        number = known.get("number")
        return None if number is None else Path(there[number]), known["why"]
    path, why = original_of(entry)
    _write(note, {"state": state, "number": None if path is None else [*map(Path, there)].index(path), "why": why})
    return path, why


def leave_out(note: Path, why: str) -> None:
    """Note why a video that may be shown is not, for its page to say so; or, by ``""``, that it is.

    Raises
    ------
    OSError
        If it cannot be written.

    Examples
    --------
    >>> leave_out(Path("reports/clips/a.original.json"), "it is too large")  # doctest: +SKIP
    """
    known = _read(note)
    if known.get("left_out", "") != why:
        _write(note, {**known, "left_out": why})


def why_missing(entry: Entry, note: Path) -> str:
    """Return why a page does not show a video itself.

    Examples
    --------
    >>> why_missing(Entry("a", "r", None, ("a.mp4",), "ok", options={"blur": True}), Path("a.original.json"))
    'faces were to be unrecognisable, and no clip was drawn'
    """
    known = _read(note)
    return known.get("left_out") or known.get("why") or original_of(entry)[1] or "it was not put beside this page"


def _read(note: Path) -> dict[str, Any]:
    try:
        known = json.loads(note.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write(note: Path, known: dict[str, Any]) -> None:
    with written_aside(note) as part:
        part.write_text(json.dumps(known), "utf-8")


def _is_same(entry: Entry, path: str) -> bool:
    mark = file_mark(Input(path))
    try:
        return bool(mark and entry.files.get(path) == mark) or content_hash(Input(path)) == entry.sha256
    except OSError:
        return False


def why_unplayable(path: Path) -> str:
    """Return why not every browser would play a video, in step with its tables; empty if they do.

    They play H.264 of eight bits in MP4 (its sound AAC, MP3, Opus, FLAC), and VP8, VP9, AV1 in WebM (Opus, Vorbis).

    Examples
    --------
    >>> why_unplayable(Path("README.md"))
    'it cannot be read'
    """
    try:
        with av.open(f"file:{path}") as container:
            return next(_problems(path, container), "")
    except (av.error.FFmpegError, OSError):
        return "it cannot be read"


def _problems(path: Path, container: av.container.InputContainer) -> Iterator[str]:
    names, streams = set(container.format.name.split(",")), container.streams
    kind = "webm" if "webm" in names and path.suffix.lower() == ".webm" else "mp4" if "mp4" in names else ""
    if not kind or container.metadata.get("major_brand", "").strip() == "qt":
        yield f"it is {path.suffix.lstrip('.').upper() or container.format.name}, not MP4 or WebM"
        return
    if len(streams.video) != 1 or len(streams.audio) > 1:
        yield "it has several tracks"
        return
    context, sounds = streams.video[0].codec_context, {sound.codec_context.name for sound in streams.audio}
    if context.name not in _PICTURES[kind]:
        yield f"its pictures are {context.name.upper()}"
    if context.pix_fmt not in ("yuv420p", "yuvj420p"):
        yield f"its pictures have the layout {context.pix_fmt}"
    if not sounds <= _SOUNDS[kind]:
        yield f"its sound is {', '.join(sorted(sounds)).upper()}"
    start_s = float((streams.video[0].start_time or 0) * streams.video[0].time_base)
    if not 0 <= start_s <= _LATEST_START_S:
        yield "its clock does not begin at 0"
