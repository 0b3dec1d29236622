"""The sound of a video, carried over into a clip of it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer

from facestats.video.file import local_file

# What both MP4 and browsers take as it is; the rest (AC-3, Vorbis, PCM, ...) becomes AAC.
_COPIED = frozenset({"aac", "flac", "mp3", "opus"})
_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_MP3_LOWEST_RATE = 16000  # MP4 cannot name MPEG-2.5 layer III


class SoundTrack:
    """The first audio stream of a file, added to an output container; its times are kept.

    Parameters
    ----------
    source : pathlib.Path
        The file to take the sound from.
    output : av.container.OutputContainer
        Gets one more stream if the source has sound that can be read. Nothing may have been written to it yet.
    span : tuple of float, optional
        First and last second of what is taken; times begin at 0 then.
    """

    def __init__(self, source: Path, output: OutputContainer, span: tuple[float, float] | None = None) -> None:
        self._output = output
        self._span = span
        self._ready: list[av.Packet] = []
        self._packets: Generator[av.Packet, None, None] | None = None
        try:
            self._input = av.open(**local_file(source))
        except (av.error.FFmpegError, OSError):
            return  # no sound is not an error: the source may have been a folder of images or be gone
        streams = [stream for stream in self._input.streams.audio if stream.codec_context is not None]
        if not streams or not streams[0].codec_context.sample_rate:
            self._input.close()
            return
        self._packets = self._copied(streams[0]) if _can_be_copied(streams[0]) else self._as_aac(streams[0])

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
        start_s, end_s = self._span or (-math.inf, math.inf)
        shift = 0
        if self._span is not None:
            shift = round(start_s / stream.time_base)
            with contextlib.suppress(av.error.FFmpegError):  # then it is read from its start
                self._input.seek(shift, stream=stream)
        packets = self._input.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except (av.error.FFmpegError, OSError):
                return  # damaged from here on; the source of the pictures reports it
            if packet is None:
                return
            ticks = packet.dts if packet.pts is None else packet.pts
            if self._span is not None and ticks is not None:
                time_s = ticks * packet.time_base
                if time_s < start_s:
                    continue
                if time_s >= end_s:
                    return
                packet.pts = packet.dts = ticks - shift
            yield packet

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
