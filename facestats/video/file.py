"""Video files and network streams, decoded by PyAV (the libraries of ffmpeg)."""

from __future__ import annotations

import itertools
import math
import stat
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import Flags, InputContainer
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream

from facestats._util.threads import usable_cores
from facestats.errors import UnreadableInputError
from facestats.types import UInt8, VideoInfo
from facestats.video.base import DecodedFrame, FrameSource, over_white
from facestats.video.clock import Clock
from facestats.video.orientation import display_matrix, square_pixels, turn_in_degrees, turned
from facestats.video.spans import STRETCH_S, WHOLE, Span, find_spans

# Formats whose header announces the length. Elsewhere ffmpeg estimates it, so that falling short proves nothing.
_LENGTH_IN_HEADER = frozenset({"mov", "mp4", "matroska", "webm", "avi", "flv"})

# Shorter videos are one stretch.
_LONG_S = 1.5 * STRETCH_S

# Formats whose index tells where every keyframe lies.
_SEEKABLE = frozenset({"mov", "mp4", "matroska", "webm"})


def local_file(path: str | Path) -> dict[str, Any]:
    """Return the arguments with which ``av.open`` reads a local file and nothing but it.

    ``file:`` keeps a colon in a name from being taken for a protocol, and no file may refer to the network.

    Examples
    --------
    >>> local_file("10:30 interview.mp4")["file"]
    'file:10:30 interview.mp4'
    """
    return {
        "file": f"file:{path}",
        "container_options": {"protocol_whitelist": "file"},
        "metadata_errors": "replace",
    }


def is_long(path: str | Path) -> bool:
    """Say whether a video file announces such a length that it may be read in stretches.

    Examples
    --------
    >>> is_long("nowhere.mp4")
    False
    """
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):  # opening a pipe would wait for ever
            return False
        with av.open(**local_file(path)) as container:
            return (container.duration or 0) / av.time_base >= _LONG_S
    except (av.error.FFmpegError, OSError):  # whoever reads it will say why
        return False


class ContainerSource(FrameSource):
    """One video file, read from its start as often as wanted.

    ``time_s`` is what ``ffprobe -show_entries frame=best_effort_timestamp_time`` prints: the presentation timestamp
    from the container, edit lists applied, or the decoding timestamp where that one is missing or less trustworthy.
    Where the container has neither (a bare elementary stream), a frame starts when the frame before it ends, at the
    nominal frame rate. Timestamps that repeat or go backwards are kept as they are.

    Parameters
    ----------
    path : str
        The file.

    Raises
    ------
    UnreadableInputError
        If it is empty, not a video, has no picture, or not one frame can be decoded.
    """

    kind = "video"
    # Text is not video, although ffmpeg can draw it; and a list of addresses is no file to be analysed.
    not_video = frozenset({"tty", "concat", "hls", "dash"})
    # Reading goes on behind a damaged place; this many errors in a row mean that nothing more will come.
    max_errors_in_a_row = 32

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self._container: InputContainer | None = None
        # One for each size, or each would forget its tables whenever the other size is wanted; and full pictures are
        # asked for in several threads, where a shared one crashes.
        self._full, self._small_reformatter = threading.local(), VideoReformatter()
        self._open()
        first = self._pending[0]
        shape = self._stream.sample_aspect_ratio
        width, height = self._picture_size = square_pixels(first.width, first.height, shape)
        self._matrix = display_matrix(first)
        turned = self._matrix is not None and self._matrix[0, 0] == 0
        self.info = VideoInfo(
            path=path,
            width=height if turned else width,
            height=width if turned else height,
            fps=self._nominal_fps,
            rotation=turn_in_degrees(self._matrix),
            duration_s=self._announced_s,
            n_frames_expected=self._stream.frames or None,
            kind=self.kind,
        )

    # -- opening -------------------------------------------------------------------------------------------------

    def _open_container(self) -> InputContainer:
        if Path(self.path).stat().st_size == 0:
            why = "is empty (0 bytes); copy or download it again"
            raise UnreadableInputError(f"{self.path} {why}", reason=f"it {why}")
        return av.open(**local_file(self.path))

    def _open(self) -> None:
        self.close()
        try:
            self._container = self._open_container()
        except (av.error.FFmpegError, OSError) as error:
            why = self._advice(error)
            raise UnreadableInputError(f"cannot read {self._shown}: {why}", reason=why) from None
        # PyAV asks ffmpeg to invent missing timestamps; for H.264 in AVI they come out wrong and out of order.
        self._container.flags &= ~Flags.gen_pts.value
        self._stream = self._choose_stream(self._container)
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = usable_cores()
        self._nominal_fps = float(self._stream.average_rate or self._stream.guessed_rate or math.nan)
        self._announced_s = self._announced_length()
        self._reached_s = -math.inf
        self._raw = self._decode_raw(self._container)
        first = next(self._raw, None)
        if first is None:
            self.close()
            why = "has a video stream but not one frame of it can be decoded; is the file complete?"
            raise UnreadableInputError(f"{self._shown} {why}", reason=f"it {why}")
        self._pending: list[av.VideoFrame] = [first]

    def _advice(self, error: Exception) -> str:
        if isinstance(error, av.error.InvalidDataError):
            return "it is not a video, or its index is missing as in a download cut off; see whether a player opens it"
        return reason(error)

    @property
    def _shown(self) -> str:
        return self.path

    def _choose_stream(self, container: InputContainer) -> VideoStream:
        names = set(container.format.name.split(","))
        pictures = [] if names & self.not_video else list(container.streams.video)
        # A cover picture in a music file is a video stream to ffmpeg, not to us.
        videos = [stream for stream in pictures if not stream.disposition & av.stream.Disposition.attached_pic]
        if not videos:
            self.close()
            why = f"has {'only a cover picture' if pictures else 'no video in it'}; give a file with moving pictures"
            raise UnreadableInputError(f"{self._shown} {why}", reason=f"it {why}")
        # Without a codec context (unknown codec, or cut off inside the first frame) decoding would crash PyAV.
        decodable = [stream for stream in videos if stream.codec_context is not None and stream.codec_context.width]
        if not decodable:
            self.close()
            raise UnreadableInputError(
                f"cannot decode the video in {self._shown}: unknown codec, or cut off before its first frame"
            )
        return decodable[0]

    def _announced_length(self) -> float:
        stream, container = self._stream, self._container
        if container.format.name == "avi" and stream.frames and stream.average_rate:
            return float(stream.frames / stream.average_rate)  # the duration is a guess where the index is cut off
        if stream.duration and stream.time_base:
            return float(stream.duration * stream.time_base)
        if container.duration:
            return container.duration / av.time_base
        return math.nan

    # -- decoding ------------------------------------------------------------------------------------------------

    def _decode_raw(self, container: InputContainer) -> Iterator[av.VideoFrame]:
        errors_in_a_row = 0
        packets = container.demux()  # all streams: how far the file goes shows in its sound too
        tick_s = {stream.index: float(stream.time_base) for stream in container.streams if stream.time_base}
        while errors_in_a_row < self.max_errors_in_a_row:
            try:
                packet = next(packets, None)
            except (av.error.FFmpegError, OSError) as error:
                errors_in_a_row += 1
                if errors_in_a_row == 1:
                    self._note_read_error(error)
                packets = container.demux()
                continue
            if packet is None:
                return
            errors_in_a_row = 0
            if packet.pts is not None:
                end_s = (packet.pts + (packet.duration or 0)) * tick_s.get(packet.stream.index, 0.0)
                self._reached_s = max(self._reached_s, end_s)
            # Not packet.stream_index: the empty packet that flushes the decoder says 0 there, whatever its stream.
            if packet.stream.index != self._stream.index:
                continue
            try:
                frames = packet.decode()
            except av.error.FFmpegError as error:
                self._note_broken(self._damaged(reason(error)))
                continue
            for frame in frames:
                if frame.is_corrupt or packet.is_corrupt:
                    self._note_broken(self._damaged("the picture is incomplete"))
                yield frame

    def _note_read_error(self, error: Exception) -> None:
        self._note_broken(self._damaged(reason(error)))

    def _damaged(self, why: str) -> str:
        where = f"after {self.last_time_s:.3f} s" if self.n_decoded else "before the first frame"
        return f"damaged {where} ({why})"

    def spans(self) -> tuple[Span, ...]:
        """Return the stretches that can be read apart from each other, see :func:`facestats.video.spans.find_spans`.

        Finding them reads through the file, once; short videos are one stretch.
        """
        names = set(self._container.format.name.split(","))
        if self.kind != "video" or not names & _SEEKABLE or not self._announced_s >= _LONG_S:
            return (WHOLE,)
        with self._open_container() as container:
            container.flags &= ~Flags.gen_pts.value
            return find_spans(container, container.streams[self._stream.index])

    def _decode(self) -> Generator[DecodedFrame, None, None]:
        return self._decode_span(WHOLE)

    def _decode_span(self, span: Span) -> Generator[DecodedFrame, None, None]:
        if span.start is None:
            if not self._pending:
                self._open()
            pending, self._pending = self._pending, []
            raw = itertools.chain(pending, self._raw)
        else:
            raw = self._from(span)
        clock = Clock(self._stream.time_base, self._nominal_fps)
        for frame in raw:
            if span.stop is not None and frame.pts is not None and frame.pts >= span.stop:
                return
            has_timestamp = frame.pts is not None or frame.dts is not None
            time_s, duration_s = clock.read(frame)
            yield self._decoded(frame, time_s, duration_s, has_timestamp)
        self._check_end()

    def _decoded(
        self, frame: av.VideoFrame, time_s: float, duration_s: float, has_timestamp: bool = True
    ) -> DecodedFrame:
        return DecodedFrame(
            time_s, duration_s, lambda: self._to_rgb(frame), lambda side: self._to_small(frame, side), has_timestamp
        )

    def decoded_near(self, time_s: float) -> Iterator[DecodedFrame]:
        """Decode from the last keyframe at or before a moment on; what comes before the moment is given too.

        The file stays open, so that looking elsewhere costs no more than the decoding. Where a file cannot be sought
        in, or its frames have no timestamps, it is read from its start.

        Parameters
        ----------
        time_s : float
            On the video's own clock.

        Yields
        ------
        DecodedFrame
            The first one may come after the moment, if the video begins later.
        """
        if self._container is None:  # closed, or it could not be opened again the last time
            self._open()
        ticks = math.floor(time_s / float(self._stream.time_base) + 1e-6)
        self._pending, tally = [], self.tally
        try:
            self._container.seek(max(ticks, self._stream.start_time or 0), stream=self._stream, backward=True)
            raw = self._decode_raw(self._container)
            first = next(raw, None)
            landed = first is not None and first.pts is not None and first.pts <= ticks
        except (av.error.FFmpegError, OSError):
            landed = False
        if not landed:
            self._open()
            first, raw = self._pending[0], self._raw
            self._pending = []
        self.tally = tally  # what is broken was told when it was analysed
        clock = Clock(self._stream.time_base, self._nominal_fps)
        for frame in itertools.chain([first], raw):
            yield self._decoded(frame, *clock.read(frame))

    def frames_from(self, start_s: float) -> Generator[tuple[float, float, UInt8], None, None]:
        """Decode what is shown from a moment on, without reading what lies before the keyframe in front of it.

        Parameters
        ----------
        start_s : float
            On the video's own clock.

        Yields
        ------
        begin_s, end_s : float
            When the frame is shown. The first is the one on show at ``start_s``, if the video has begun by then.
        rgb : numpy.ndarray
            uint8 (H, W, 3), RGB.

        Raises
        ------
        UnreadableInputError
            If the file is gone or cannot be read any more.
        """
        shown: DecodedFrame | None = None
        for decoded in self.decoded_near(start_s):
            if shown is not None and decoded.time_s > start_s + 1e-6 and (rgb := shown.to_rgb()) is not None:
                yield shown.time_s, decoded.time_s, rgb
            shown = decoded
        if shown is not None and (rgb := shown.to_rgb()) is not None:
            yield shown.time_s, shown.time_s + shown.duration_s, rgb

    def _from(self, span: Span) -> Iterator[av.VideoFrame]:
        """Return the frames from the start of a span on."""
        known = self.tally.n_broken, self.tally.first_broken
        # By presentation time first; an index of decoding times may then lead too far.
        for ticks in (span.start, span.seek):
            self._open()
            self.tally.n_broken, self.tally.first_broken = known  # opening has read the beginning once more
            try:
                self._container.seek(ticks, stream=self._stream)
            except (av.error.FFmpegError, OSError):  # not to be sought in
                continue
            raw = self._decode_raw(self._container)
            first = next(raw, None)
            if first is not None and first.pts is not None and first.pts <= span.start:
                break
        else:
            self._open()
            first, raw = self._pending[0], self._raw
        self._pending = []
        return itertools.dropwhile(
            lambda frame: frame.pts is not None and frame.pts < span.start, itertools.chain([first], raw)
        )

    def _check_end(self) -> None:
        """Compare where the decoded frames end with what the header announced."""
        names = set(self._container.format.name.split(","))
        start_s = float((self._stream.start_time or 0) * self._stream.time_base)
        if names & _LENGTH_IN_HEADER and self._announced_s > 0:
            # The length of the whole file may be that of its sound; then any stream may be the one that gets there.
            reached_s = self.end_s - start_s if self._stream.duration else self._reached_s
            slack_s = max(0.5, 0.02 * self._announced_s)
            if reached_s < self._announced_s - slack_s:
                self.tally.ending = (
                    f"cut off: ends after {reached_s:.2f} s of the {self._announced_s:.2f} s it announces"
                )
        elif self.kind == "video" and _breaks_off(Path(self.path), names):
            self.tally.ending = f"cut off: the file breaks off after {self.end_s - start_s:.2f} s"

    def _to_rgb(self, frame: av.VideoFrame) -> UInt8 | None:
        width, height = self._picture_size
        alpha = _has_alpha(frame)
        # Width and height are given so that a stream that changes its size half way keeps the first one's pixels.
        try:
            # One thread: at these sizes more only cost time (0.09 against 0.11 ms at 640x360).
            reformatter = self._full.__dict__.setdefault("reformatter", VideoReformatter())
            picture = reformatter.reformat(frame, width, height, "rgba" if alpha else "rgb24", threads=1)
        except (av.error.FFmpegError, ValueError) as error:
            self._note_broken(self._damaged(reason(error)))
            return None
        rgb = picture.to_ndarray()
        if alpha:
            rgb = over_white(rgb)
        return rgb if self._matrix is None else turned(rgb, self._matrix)

    def _to_small(self, frame: av.VideoFrame, longer_side: int) -> UInt8 | None:
        """Convert to planes of red, green and blue: ffmpeg and networks both like them better than pixels."""
        width, height = self._picture_size
        scale = min(1.0, longer_side / max(width, height)) if longer_side else 1.0
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
        alpha = _has_alpha(frame)
        try:
            picture = self._small_reformatter.reformat(
                frame, width, height, "gbrap" if alpha else "gbrp", interpolation=Interpolation.AREA, threads=1
            )
        except (av.error.FFmpegError, ValueError) as error:
            self._note_broken(self._damaged(reason(error)))
            return None
        planes = np.empty((len(picture.planes), height, width), np.uint8)
        for channel, plane in zip((1, 2, 0, 3), picture.planes, strict=False):  # green, blue, red, perhaps alpha
            planes[channel] = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:height, :width]
        rgb = planes[:3].transpose(1, 2, 0)
        if alpha and planes[3].min() < 255:
            rgb = over_white(planes.transpose(1, 2, 0))
        return rgb if self._matrix is None else turned(rgb, self._matrix)

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._pending = []
        if self._container is not None:
            self._container.close()
            self._container = None


def _has_alpha(frame: av.VideoFrame) -> bool:
    return any(component.is_alpha for component in frame.format.components)


def _breaks_off(path: Path, format_names: set[str]) -> bool:
    """Say whether a file without a length in its header ends in the middle of something."""
    with path.open("rb") as file:
        head = file.read(1024)
        file.seek(max(0, path.stat().st_size - 64))
        tail = file.read()
    if "gif" in format_names:
        return not tail.rstrip(b"\0").endswith(b";")
    if "mpegts" in format_names:
        # Packets of one size, each with 0x47 at the same place; Blu-ray and cameras put 4 bytes of time before it.
        for size, sync in ((188, 0), (192, 4), (204, 0)):
            if head[sync::size] == b"G" * len(head[sync::size]):
                return path.stat().st_size % size != 0
    return False


def reason(error: Exception) -> str:
    """Return what went wrong as the operating system or ffmpeg puts it: one line, without file name and number.

    Examples
    --------
    >>> reason(FileNotFoundError(2, "No such file or directory", "clip.mp4"))
    'No such file or directory'
    """
    if isinstance(error, av.error.ExitError):  # how ffmpeg says that its time was up
        return "timed out"
    return str(getattr(error, "strerror", None) or error).splitlines()[0]
