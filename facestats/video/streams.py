"""Which of a file's streams is analysed, and which sound goes with it."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

# Covers, previews for a scroll bar, and single pictures are video streams to ffmpeg, not to us.
_PREVIEWS = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image | Disposition.dependent

_MOST_INDEX = 1 << 26  # bytes of an index that are searched


def moving_streams(container: InputContainer) -> list[VideoStream]:
    """Return the video streams of a container without covers and previews.

    Examples
    --------
    >>> with av.open("clip.mp4") as container:  # doctest: +SKIP
    ...     moving_streams(container)
    """
    return [stream for stream in container.streams.video if not stream.disposition & _PREVIEWS]


def choose_video(streams: Sequence[VideoStream]) -> VideoStream | None:
    """Return the stream that the file marks as its default, of several the largest; else the largest of all.

    One without a codec context (unknown codec, or cut off inside the first frame) cannot be decoded and is passed over.
    A stream of a single picture comes after all that move.

    Examples
    --------
    >>> choose_video([]) is None
    True
    """
    usable = [stream for stream in streams if stream.codec_context is not None and stream.codec_context.width]
    return max(usable, key=_rank, default=None)


def _rank(stream: VideoStream) -> tuple[bool, bool, int]:
    context = stream.codec_context
    return stream.frames != 1, bool(stream.disposition & Disposition.default), context.width * context.height


def choose_sound(container: InputContainer) -> AudioStream | None:
    """Return the sound that the file marks as its default, else its first; None if there is none that can be read.

    Examples
    --------
    >>> with av.open("clip.mp4") as container:  # doctest: +SKIP
    ...     choose_sound(container)
    """
    usable = [stream for stream in container.streams.audio if stream.codec_context and stream.codec_context.sample_rate]
    return max(usable, key=lambda stream: bool(stream.disposition & Disposition.default), default=None)


def stream_note(chosen: VideoStream, streams: Sequence[VideoStream], container: InputContainer) -> str | None:
    """Return which of several pictures is analysed, and which of several sounds a clip gets; None if there is one.

    Examples
    --------
    >>> stream_note(stream, [stream], container)  # doctest: +SKIP
    """
    notes = []
    if len(streams) > 1:
        context: Any = chosen.codec_context
        described = f"{context.width}x{context.height}, {_why(chosen) or 'the largest'}"
        number = streams.index(chosen) + 1
        notes.append(f"{len(streams)} video streams: number {number} ({described}) was analysed")
    sounds, sound = container.streams.audio, choose_sound(container)
    if len(sounds) > 1 and sound is not None:
        described = ", ".join(filter(None, (sound.language, _why(sound) or "the first that can be read")))
        notes.append(f"{len(sounds)} sound streams: number {sounds.index(sound) + 1} ({described}) goes into a clip")
    return "; ".join(notes) or None


def _why(stream: AudioStream | VideoStream) -> str:
    return "marked as default" if stream.disposition & Disposition.default else ""


def is_encrypted(path: Path) -> bool:
    """Say whether the video of an MP4 file is encrypted (Common Encryption, ISO/IEC 23001-7): its sample entry says so.

    Examples
    --------
    >>> is_encrypted(Path("clip.mp4"))  # doctest: +SKIP
    False
    """
    with path.open("rb") as file:
        end = path.stat().st_size
        while (at := file.tell()) + 8 <= end:
            size, kind = struct.unpack(">I4s", file.read(8))
            if size == 1:
                size = struct.unpack(">Q", file.read(8).rjust(8, b"\0"))[0]
            size = size or end - at
            if kind == b"moov":
                index = file.read(min(size, _MOST_INDEX))
                # A box of sample descriptions: its name, version, number of entries, then size and name of the first.
                names = (index[found.start() + 16 : found.start() + 20] for found in re.finditer(b"stsd", index))
                return any(name in (b"encv", b"drmi") for name in names)
            if size < 8:
                return False
            file.seek(at + size)
    return False
