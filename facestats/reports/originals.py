"""The video itself, for pages of videos without a clip: whether a browser plays it, and whether it may be shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av

from facestats._util.locations import is_remote
from facestats.store.store import Entry
from facestats.video.discovery import Input
from facestats.video.identity import content_hash, file_mark

#: What a video that is shown itself is called beside the pages, behind its id; the last has its faces.
ORIGINAL_SUFFIXES = (".original.mp4", ".original.webm")
FACES_SUFFIX = ".original.js"

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
    options = entry.options
    if options.get("blur"):
        return None, "faces were to be unrecognisable, and no clip was drawn"
    if not options.get("thumbnails", True):
        return None, "no pictures were to be kept, and no clip was drawn"
    if any(options.get(name) for name in ("from_s", "to_s", "region", "limit_s")):
        return None, "only a part of the video was analysed, and no clip was drawn"
    if entry.sha256 is None or any(Path(path).is_dir() for path in entry.paths):
        return None, "no clip was drawn, and there is no file of the video"
    there = [path for path in entry.paths if not is_remote(path) and Path(path).is_file()]
    path = next((path for path in there if _is_same(entry, path)), None)
    if path is None:
        return None, "no clip was drawn, and the video itself is not there any more"
    if problem := why_unplayable(Path(path)):
        return None, f"no clip was drawn, and not every browser plays the video itself: {problem}"
    return Path(path), ""


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
