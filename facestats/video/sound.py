"""The sound of a video, carried over into a clip of it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer

from facestats.video.clock import RESTART_S, Continued
from facestats.video.joins import is_joined
from facestats.video.local import demuxed, local_file
from facestats.video.streams import choose_sound, choose_video, moving_streams

# What both MP4 and browsers take as it is; the rest (AC-3, Vorbis, PCM, ...) becomes AAC.
_COPIED = frozenset({"aac", "flac", "mp3", "opus"})
_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_MOST_WAITING = 100  # packets of sound, two seconds or more, that wait for the pictures behind a join
_MP3_LOWEST_RATE = 16000  # MP4 cannot name MPEG-2.5 layer III


class SoundTrack:
    """The sound of a file, added to an output container, on the clock of the pictures.

    Parameters
    ----------
    source : pathlib.Path
        The file to take the sound from.
    output : av.container.OutputContainer
        Gets one more stream if the source has sound that can be read. Nothing may have been written to it yet.
    span : tuple of float, optional
        First and last second of what is taken; times begin at 0 then, unless ``keeps_clock``.
    shift_s : float
        What the clock of the pictures adds to the times of the file, see :class:`facestats.video.clock.Clock`.
    keeps_clock : bool
        Whether times of a span stay what they are.
    """

    def __init__(
        self,
        source: Path,
        output: OutputContainer,
        span: tuple[float, float] | None = None,
        shift_s: float = 0.0,
        *,
        keeps_clock: bool = False,
    ) -> None:
        self._output, self._keeps_clock = output, keeps_clock
        self._span = span
        self._shift_s = shift_s
        self._ready: list[av.Packet] = []
        self._packets: Generator[av.Packet, None, None] | None = None
        try:
            self._input = av.open(**local_file(source))
        except (av.error.FFmpegError, OSError):
            return  # no sound is not an error: the source may have been a folder of images or be gone
        self._is_joined = span is not None and is_joined(source)
        stream = choose_sound(self._input)
        if stream is None:
            self._input.close()
            return
        self._packets = self._copied(stream) if _can_be_copied(stream) else self._as_aac(stream)

    def write_until(self, time_s: float) -> None:
        """Write the sound that starts before ``time_s``, so that picture and sound lie side by side in the file."""
        while self._packets is not None:
            packet = self._ready.pop() if self._ready else next(self._packets, None)
            if packet is None:
                self.close()
                return
            if packet.pts is not None and packet.pts * packet.time_base > time_s:
                self._ready.append(packet)
                return
            self._output.mux_one(packet)

    def finish(self) -> None:
        """Write what is left and close the source."""
        self.write_until(math.inf)

    def close(self) -> None:
        """Close the source; safe to call twice."""
        if self._packets is not None:
            self._packets.close()
            self._packets = None
            self._input.close()

    def _demuxed(self, stream: AudioStream) -> Generator[av.Packet, None, None]:
        """Yield the packets of the sound in the time of the clip."""
        start_s, end_s = self._span or (-math.inf, math.inf)
        if self._span is not None and not self._is_joined:
            sought = round((start_s - self._shift_s) / stream.time_base)
            with contextlib.suppress(av.error.FFmpegError):  # then it is read from its start
                self._input.seek(sought, stream=stream)
        begins_s = 0.0 if self._span is None or self._keeps_clock else start_s
        for packet, shift_s in self._shifted(stream):
            ticks = packet.dts if packet.pts is None else packet.pts
            moved = round((shift_s - begins_s) / packet.time_base) if packet.time_base else 0
            if ticks is not None:
                time_s = float(ticks * packet.time_base) + shift_s
                if time_s < start_s:
                    continue
                if time_s >= end_s:
                    return
            if moved:
                packet.pts = None if packet.pts is None else packet.pts + moved
                packet.dts = None if packet.dts is None else packet.dts + moved
            yield packet

    def _shifted(self, stream: AudioStream) -> Generator[tuple[av.Packet, float], None, None]:
        """Yield each packet of the sound with the seconds that the clock of the pictures moves it by.

        The sound of files joined end to end begins again too: it goes on with the pictures beside which it lies.
        """
        picture = choose_video(moving_streams(self._input))
        clock, last_s = Continued(self._shift_s), -math.inf
        waiting: list[av.Packet] = []
        shift_s = self._shift_s
        try:
            for packet in demuxed(self._input, *([stream] if picture is None else [stream, picture])):
                ticks = packet.dts if packet.pts is None else packet.pts
                if ticks is None:
                    if packet.stream is stream:
                        yield packet, shift_s
                    continue
                time_s = float(ticks * packet.time_base)
                if packet.stream is not stream:
                    n_joins = clock.n_joins
                    if packet.dts is not None:  # pictures that are shown later may be stored before others
                        time_s = float(packet.dts * packet.time_base)
                    clock.at(time_s, time_s + float((packet.duration or 0) * packet.time_base))
                    if clock.n_joins > n_joins:
                        shift_s, last_s = clock.shift_s, -math.inf
                        yield from ((held, shift_s) for held in waiting)
                        waiting.clear()
                    continue
                if waiting or time_s < last_s - RESTART_S:  # where the pictures go on is not known yet
                    waiting.append(packet)
                    if len(waiting) < _MOST_WAITING:
                        continue
                    # No join: a single time was wrong.
                    yield from ((held, shift_s) for held in waiting)
                    waiting.clear()
                else:
                    yield packet, shift_s
                last_s = time_s
            yield from ((held, shift_s) for held in waiting)
        except (av.error.FFmpegError, OSError):
            return  # damaged from here on; the source of the pictures reports it

    def _copied(self, stream: AudioStream) -> Generator[av.Packet, None, None]:
        target = self._output.add_stream_from_template(stream)

        def packets() -> Generator[av.Packet, None, None]:
            last_dts = -math.inf
            for packet in self._demuxed(stream):
                # Empty: the end of the stream. Discarded: cut away by an edit list. Backwards: MP4 cannot hold it.
                if packet.dts is None or packet.is_discard or packet.dts <= last_dts:
                    continue
                last_dts = packet.dts
                packet.stream = target
                yield packet

        return packets()

    def _as_aac(self, stream: AudioStream) -> Generator[av.Packet, None, None]:
        rate = stream.codec_context.sample_rate
        rate = rate if rate in _AAC_RATES else 48000
        layout = "mono" if stream.codec_context.channels == 1 else "stereo"
        target = self._output.add_stream("aac", rate=rate, layout=layout, bit_rate=128_000)

        def packets() -> Generator[av.Packet, None, None]:
            # async=1 fills gaps with silence: an encoder would close them and lose the lips.
            resampler = av.AudioResampler("fltp", layout, rate, frame_size=1024, options={"async": "1"})
            for packet in self._demuxed(stream):
                try:
                    frames = packet.decode()
                except av.error.FFmpegError:
                    continue
                for frame in frames:
                    for piece in resampler.resample(frame):
                        yield from target.encode(piece)
            for piece in resampler.resample(None):
                yield from target.encode(piece)
            yield from target.encode(None)

        return packets()


def _can_be_copied(stream: AudioStream) -> bool:
    context = stream.codec_context
    name = {"mp3float": "mp3", "libopus": "opus"}.get(context.codec.name, context.codec.name)
    return name in _COPIED and not (name == "mp3" and context.sample_rate < _MP3_LOWEST_RATE)
