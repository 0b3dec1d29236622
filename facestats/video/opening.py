"""From what the user names to the source that reads it."""

from __future__ import annotations

from pathlib import Path

from facestats._util.locations import Place, place_of
from facestats.errors import MissingInputError, UsageError
from facestats.video.base import FrameSource
from facestats.video.file import ContainerSource
from facestats.video.images import IMAGE_SUFFIXES, ImageSource, SequenceSource, is_single_picture
from facestats.video.live import CAMERA, CameraSource, StreamSource

#: File names that are taken for videos, lower case; a GIF too, since most of them move.
VIDEO_SUFFIXES = frozenset(
    {
        *(".264", ".265", ".3g2", ".3gp", ".amv", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".gif", ".h264"),
        *(".h265", ".hevc", ".ivf", ".lrv", ".m2t", ".m2ts", ".m2v", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mod"),
        *(".mov", ".mp4", ".mpe", ".mpeg", ".mpg", ".mts", ".mxf", ".ogm", ".ogv", ".qt", ".rm", ".rmvb", ".tod"),
        *(".ts", ".vob", ".webm", ".wmv", ".y4m"),
    }
)


def is_live(path: str) -> bool:
    """Say whether an input can be read only once: ``camera:N`` or the address of a stream.

    Examples
    --------
    >>> is_live("camera:0"), is_live("rtsp://camera.example/live"), is_live("clip.mp4")
    (True, True, False)
    """
    return bool(CAMERA.fullmatch(path)) or place_of(path) is Place.LIVE


def is_image(path: str) -> bool:
    """Say whether a file is a still: by its name, and for a GIF by whether it holds a single picture.

    Examples
    --------
    >>> is_image("portrait.JPG"), is_image("clip.mp4")
    (True, False)
    """
    suffix = Path(path).suffix.lower()
    return suffix in IMAGE_SUFFIXES or (suffix == ".gif" and is_single_picture(path))


def open_source(
    path: str | Path,
    *,
    sequence_fps: float = 25.0,
    limit_s: float | None = None,
    record_to: Path | None = None,
) -> FrameSource:
    """Open anything that gives frames.

    Parameters
    ----------
    path : str or pathlib.Path
        A video file, a still image, a folder of images (read as one sequence), ``camera:N`` or a stream URL
        (``rtsp://``, ``rtmp://``, ``srt://``, ``http://`` ...).
    sequence_fps : float
        Images a second of a folder of images, which has no clock of its own.
    limit_s : float or None
        Stop after so many seconds of a live source's own clock; nothing else is limited.
    record_to : pathlib.Path or None
        Live sources only: write every decoded frame to this MP4, since a live source cannot be read again.

    Returns
    -------
    FrameSource
        To be used in a ``with`` statement.

    Raises
    ------
    MissingInputError
        If the path does not exist, or a folder has no images in it.
    UnreadableInputError
        If it exists but nothing of it can be read.
    CameraError
        If there is no such camera.
    UsageError
        If an option does not fit the input, or has an impossible value.

    Examples
    --------
    >>> with open_source("clip.mp4") as source:  # doctest: +SKIP
    ...     times = [frame.time_s for frame in source.frames(rate=10)]
    """
    path = str(path)
    if is_live(path):
        source = CameraSource if CAMERA.fullmatch(path) else StreamSource
        return source(path, limit_s=limit_s, record_to=record_to)
    if record_to is not None:
        raise UsageError(f"{path} is not live and can be read again; only cameras and streams are recorded")
    if not Path(path).exists():
        raise MissingInputError(f"{path} does not exist; check the spelling", reason="it does not exist")
    if Path(path).is_dir():
        return SequenceSource(path, fps=sequence_fps)
    return ImageSource(path) if is_image(path) else ContainerSource(path)
