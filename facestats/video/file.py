"""Video files and network streams, decoded by PyAV (the libraries of ffmpeg)."""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import av
from av.container import Flags, InputContainer
from av.video.stream import VideoStream

from facestats._util.threads import usable_cores
from facestats.errors import UnreadableInputError
from facestats.types import UInt8, VideoInfo
from facestats.video.approach import Approach
from facestats.video.base import DecodedFrame, FrameSource
from facestats.video.clock import RESTART_S, Clock, start_shift
from facestats.video.joins import is_joined
from facestats.video.length import LENGTH_IN_HEADER, announced_length, breaks_off
from facestats.video.local import demuxed, joined_parts, local_file, reason
from facestats.video.orientation import display_matrix, turn_in_degrees
from facestats.video.picture import Pictures
from facestats.video.recording import Recording, of_container, of_now
from facestats.video.spans import LONG_S, WHOLE, Span, find_spans
from facestats.video.streams import choose_video, is_encrypted, moving_streams, stream_note

_PLAYLISTS = frozenset({".m3u", ".m3u8"})

# Formats without a clock, whose average rate is made up: what their frames say of it is right.
_RATE_GUESSED = frozenset({"dv", "h264", "hevc", "m4v", "mpegvideo", "vc1"})

# Formats whose index tells where every keyframe lies.
_SEEKABLE = frozenset({"mov", "mp4", "matroska", "webm"})


class ContainerSource(FrameSource):
    """One video file, read from its start as often as wanted.

    ``time_s`` is what ``ffprobe -show_entries frame=best_effort_timestamp_time`` prints: the presentation timestamp
    from the container, edit lists applied, or the decoding timestamp where that one is missing or less trustworthy.
    Where that begins below 0, all times are moved so that the first is 0; where it begins again half way, as in files
    joined end to end, it goes on across the join. The clock note says so.
    Where the container has neither (a bare elementary stream), a frame starts when the frame before it ends, at the
    nominal frame rate. Timestamps that repeat or go backwards by less than a second are kept as they are.

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
    # Text is not video, although ffmpeg can draw it; and a list of addresses is no file to be analysed, unless its name
    # says that it is a playlist.
    not_video = frozenset({"tty", "concat", "dash", "hls"})
    # Reading goes on behind a damaged place; this many errors in a row mean that nothing more will come.
    max_errors_in_a_row = 32

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self._parts = joined_parts(path) if self.kind == "video" else []
        self._part_starts: set[int] = set()
        self._approach: Approach | None = None
        self._container: InputContainer | None = None
        self._open()
        first = self._pending[0]
        matrix = display_matrix(first)
        self._pictures = Pictures(self._stream.sample_aspect_ratio, matrix)
        first_s = Clock(self._stream.time_base, self._nominal_fps).read(first)[0]
        self._shift_s = start_shift(first_s)
        recorded = self._recording(max(first_s, 0.0))
        width, height = self._pictures.size(first)
        self.info = VideoInfo(
            path=path,
            width=width,
            height=height,
            fps=self._nominal_fps,
            rotation=turn_in_degrees(matrix),
            duration_s=self._announced_s,
            n_frames_expected=self._stream.frames or None,
            kind=self.kind,
            recorded_at=recorded.at,
            recorded_source=recorded.source,
        )

    @property
    def shift_s(self) -> float:
        """What is added to the container's own times, in seconds, so that they begin at 0."""
        return self._shift_s

    def _recording(self, first_s: float) -> Recording:
        if self.kind == "stream":
            return of_now(first_s)
        return of_container(self._container.metadata, self._stream.metadata, first_s=first_s)

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
        rates = self._stream.average_rate, self._stream.guessed_rate
        if not _RATE_GUESSED.isdisjoint(self._container.format.name.split(",")):
            rates = rates[::-1]
        self._nominal_fps = float(rates[0] or rates[1] or math.nan)
        self._announced_s = announced_length(self._container, self._stream)
        self._reached_s = -math.inf
        self._doubts: list[tuple[float, str]] = []
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
        playlist = Path(self.path).suffix.lower() in _PLAYLISTS
        foreign = names & self.not_video and not (playlist and "hls" in names) and not self._parts
        videos = [] if foreign else moving_streams(container)
        if not videos:
            what = "only a cover picture" if not foreign and container.streams.video else "no video in it"
            self.close()
            why = f"has {what}; give a file with moving pictures"
            raise UnreadableInputError(f"{self._shown} {why}", reason=f"it {why}")
        if self.kind == "video" and ("mp4" in names or self._parts) and is_encrypted(Path(self.path)):
            self.close()
            why = "is encrypted: give a copy without protection"
            raise UnreadableInputError(f"the video in {self._shown} {why}", reason=f"its video {why}")
        chosen = choose_video(videos)
        if chosen is None:
            self.close()
            raise UnreadableInputError(
                f"cannot decode the video in {self._shown}: unknown codec, or cut off before its first frame"
            )
        self._stream_note = stream_note(chosen, videos, container)
        return chosen

    # -- decoding ------------------------------------------------------------------------------------------------

    def _decode_raw(self, container: InputContainer, approach: Approach | None = None) -> Iterator[av.VideoFrame]:
        errors_in_a_row, last_place = 0, -1
        packets = demuxed(container)  # all streams: how far the file goes shows in its sound too
        tick_s = {stream.index: float(stream.time_base) for stream in container.streams if stream.time_base}
        while errors_in_a_row < self.max_errors_in_a_row:
            try:
                packet = next(packets, None)
            except (av.error.FFmpegError, OSError) as error:
                errors_in_a_row += 1
                if errors_in_a_row == 1:
                    self._note_read_error(error)
                packets = demuxed(container)
                continue
            if packet is None:
                break
            errors_in_a_row = 0
            if packet.pts is not None:
                end_s = (packet.pts + (packet.duration or 0)) * tick_s.get(packet.stream.index, 0.0)
                self._reached_s = max(self._reached_s, end_s)
            # Not packet.stream_index: the empty packet that flushes the decoder says 0 there, whatever its stream.
            if packet.stream.index != self._stream.index:
                continue
            if self._parts and packet.pos is not None:  # places in the file begin again with each part
                if packet.pos < last_place and packet.pts is not None:
                    self._part_starts.add(packet.pts)
                last_place = packet.pos
            if approach is not None:
                approach.prepare(packet, tick_s.get(packet.stream.index, 0.0))
            try:
                frames = packet.decode()
            except av.error.FFmpegError as error:
                self._note_broken(self._damaged(reason(error)))
                continue
            for frame in frames:
                if frame.is_corrupt:
                    self._note_broken(self._damaged("the picture is incomplete"))
                elif packet.is_corrupt:
                    self._doubts.append((self.last_time_s, self._damaged("the picture is incomplete")))
                yield frame
        with contextlib.suppress(av.error.FFmpegError):  # what the decoder still holds
            yield from self._stream.decode(None)

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
        if self.kind != "video" or not names & _SEEKABLE or not self._announced_s >= LONG_S:
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
        self.tally.note, self.tally.shift_s = self._stream_note, self._shift_s
        clock = self._clock()
        for frame in raw:
            if span.stop is not None and frame.pts is not None and frame.pts >= span.stop:
                break
            decoded = self._decoded(frame, clock)
            self._settle_doubts(decoded)
            yield decoded
        else:
            self._check_end()
        self._settle_doubts(None)

    def _settle_doubts(self, decoded: DecodedFrame | None) -> None:
        """Tell of packets that the container takes for damaged, unless files are joined just behind them."""
        if decoded is not None and decoded.begins_again:
            self._doubts.clear()
        while self._doubts and (decoded is None or not decoded.time_s <= self._doubts[0][0] + RESTART_S):
            self._note_broken(self._doubts.pop(0)[1])

    def _clock(self) -> Clock:
        return Clock(self._stream.time_base, self._nominal_fps, self._shift_s)

    def _decoded(self, frame: av.VideoFrame, clock: Clock) -> DecodedFrame:
        n_joins, (time_s, duration_s) = clock.n_joins, clock.read(frame)
        return DecodedFrame(
            time_s,
            duration_s,
            lambda: self._converted(lambda: self._pictures.full(frame)),
            lambda side: self._converted(lambda: self._pictures.small(frame, side)),
            has_timestamp=frame.pts is not None or frame.dts is not None,
            size=self._pictures.size(frame),
            begins_again=clock.n_joins > n_joins or frame.pts in self._part_starts,
            to_planes=lambda: self._pictures.planes(frame),
        )

    def _converted(self, convert: Callable[[], UInt8]) -> UInt8 | None:
        try:
            return convert()
        except (av.error.FFmpegError, ValueError) as error:
            self._note_broken(self._damaged(reason(error)))
            return None

    def decoded_near(self, time_s: float) -> Iterator[DecodedFrame]:
        """Decode from the last keyframe at or before a moment on; of what comes before the moment some is given too.

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
        ticks = math.floor((time_s - self._shift_s) / float(self._stream.time_base) + 1e-6)
        self._pending, tally = [], self.tally
        self._approach, landed = None, False
        # Behind a join, a moment on the video's clock is no moment on the container's.
        if not self._is_joined:
            with contextlib.suppress(av.error.FFmpegError, OSError):
                start = self._stream.start_time
                sought = ticks if start is None else max(ticks, start)
                self._container.seek(sought, stream=self._stream, backward=True)
                if not _SEEKABLE.isdisjoint(self._container.format.name.split(",")):
                    self._approach = Approach(time_s - self._shift_s)
                raw = self._decode_raw(self._container, self._approach)
                first = next(raw, None)
                landed = first is not None and first.pts is not None and first.pts <= ticks
        if not landed:
            self._open()
            first, raw = self._pending[0], self._raw
            self._pending, self._approach = [], None
        self.tally = tally  # what is broken was told when it was analysed
        clock = self._clock()
        for frame in itertools.chain([first], raw):
            yield self._decoded(frame, clock)

    def turn_to(self, time_s: float) -> bool:
        """Say whether what :meth:`decoded_near` gives has all that is shown at an earlier moment than was asked for."""
        return self._approach is None or self._approach.turn_to(time_s - self._shift_s)

    @functools.cached_property
    def _is_joined(self) -> bool:
        """Whether a moment on the video's clock is no moment on the container's."""
        return self.kind == "video" and is_joined(self.path)

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
        start_s = float((self._stream.start_time or 0) * self._stream.time_base) + self._shift_s
        if names & LENGTH_IN_HEADER and self._announced_s > 0:
            # The length of the whole file may be that of its sound; then any stream may be the one that gets there.
            reached_s = self.end_s - start_s if self._stream.duration else self._reached_s + self._shift_s
            slack_s = max(0.5, 0.02 * self._announced_s)
            if reached_s < self._announced_s - slack_s:
                self.tally.ending = (
                    f"cut off: ends after {reached_s:.2f} s of the {self._announced_s:.2f} s it announces"
                )
        elif self.kind == "video" and breaks_off(Path(self.path), names):
            self.tally.ending = f"cut off: the file breaks off after {self.end_s - start_s:.2f} s"

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._pending = []
        if self._container is not None:
            self._container.close()
            self._container = None
