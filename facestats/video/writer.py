"""Clips: H.264 in MP4, with the original timing and sound, that play in a browser."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from facestats._util.files import make_folder
from facestats._util.threads import usable_cores
from facestats.errors import OutputError
from facestats.types import UInt8
from facestats.video.planes import BT709, Colours, Planes
from facestats.video.sound import SoundTrack

# Ticks a second: MPEG's own clock. Times are kept to 6 microseconds.
_TICKS = 90000

#: How x264 encodes: as sharp as ``veryfast`` with 21, in a third less time, a quarter larger (``benchmarks/clips.py``).
ENCODER = {"preset": "superfast", "crf": "20", "x264-params": "mbtree=1:rc-lookahead=10"}


class ClipWriter:
    """Write frames with their own times to an H.264 MP4; a context manager.

    The file appears under its name only when it is complete: it is written beside, and renamed when the ``with`` block
    ends well. An error inside the block leaves nothing behind. Without a single frame no file appears.

    Times are kept exactly (a variable frame rate and a late start too), so that the sound fits and a table's ``time_s``
    finds the same frame in the clip. Two things MP4 cannot hold: a time before 0, moved to 0, and a time that is not
    after the one before, moved to just after it.

    Parameters
    ----------
    path : pathlib.Path or str
        The MP4 file; its folder is made if need be, an old file is replaced.
    width, height : int
        Size of the frames in pixels. H.264 in browsers needs even sizes: an odd one gets one more column or row.
    audio_from : pathlib.Path, str or None
        A file whose sound is carried over: copied where MP4 and browsers take it (AAC, MP3, Opus, FLAC),
        else turned into AAC. Nothing happens if it has none.
    audio_span : tuple of float, optional
        First and last second of the sound, where the clip is a piece of a video; its first second is the clip's 0,
        unless ``audio_keeps_clock``.
    audio_shift_s : float
        What the clock of the frames adds to the times of that file.
    audio_keeps_clock : bool
        Whether the sound of a span keeps its times, as the frames of a part of a video do.
    colours : Colours
        Those of the clip. Pictures in planes of just these colours are not converted.
    crf : int
        Quality, 0 (lossless) to 51; 18 is hard to tell from the original.
    preset : str
        x264's trade of speed against size.

    Raises
    ------
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> with ClipWriter("out.mp4", width=640, height=360) as clip:  # doctest: +SKIP
    ...     clip.write(np.zeros((360, 640, 3), np.uint8), time_s=0.0)
    """

    def __init__(
        self,
        path: Path | str,
        *,
        width: int,
        height: int,
        audio_from: Path | str | None = None,
        audio_span: tuple[float, float] | None = None,
        audio_shift_s: float = 0.0,
        audio_keeps_clock: bool = False,
        colours: Colours = BT709,
        crf: int = int(ENCODER["crf"]),
        preset: str = ENCODER["preset"],
    ) -> None:
        self.path = Path(path)
        self._size, self._colours = (width, height), colours
        self._padding = ((0, height % 2), (0, width % 2), (0, 0))
        self._partial = self.path.with_name(f".{self.path.name}.partial")
        self._reformatter = VideoReformatter()
        self._held: av.Packet | None = None
        self._last_tick = -1
        self._step = _TICKS // 25  # how long the last frame is shown, if nobody says
        self._end_tick = 0
        self._open = True
        try:
            make_folder(self.path.parent)
            self._partial.touch()
        except OSError as error:
            raise self._failed(error) from None
        # faststart puts the index in front, so that a browser can start before it has the whole file. A late start is
        # kept in units of the movie's time scale, by default milliseconds: too coarse.
        self._container = av.open(
            f"file:{self._partial}",  # or a colon in the name would be taken for a protocol
            "w",
            format="mp4",
            options={"movflags": "+faststart", "movie_timescale": str(_TICKS)},
        )
        self._stream = self._container.add_stream(
            "libx264",
            width=width + width % 2,
            height=height + height % 2,
            pix_fmt="yuv420p",
            time_base=Fraction(1, _TICKS),
            # Without B-frames every packet is one frame further in time, and durations come out exact.
            # As many threads as there are cores: x264 would take half as many more, and each costs some time.
            options={**ENCODER, "crf": str(crf), "preset": preset, "bf": "0", "threads": str(usable_cores())},
        )
        context = self._stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc = colours.tables
        context.color_range = colours.range
        self._sound: SoundTrack | None = None
        if audio_from is not None:
            try:
                self._sound = SoundTrack(
                    Path(audio_from), self._container, audio_span, audio_shift_s, keeps_clock=audio_keeps_clock
                )
            except BaseException:
                self.discard()  # nobody has a writer yet whose `with` block would
                raise

    def write(self, picture: UInt8 | Planes, time_s: float, end_s: float | None = None) -> None:
        """Add one frame.

        Parameters
        ----------
        picture : numpy.ndarray or Planes
            uint8 (height, width, 3), RGB; or its planes, which are not changed.
        time_s : float
            Its presentation time in seconds.
        end_s : float or None
            When it ends, which matters for the last frame only (``source.end_s`` while a source is read); None repeats
            the interval before it.

        Raises
        ------
        OutputError
            If the disk is full or the file cannot be written on.
        ValueError
            If the frame has another size than the clip.
        """
        width, height = self._size
        shape = picture.y.shape if isinstance(picture, Planes) else picture.shape
        if shape not in ((height, width), (height, width, 3)):
            raise ValueError(f"{self.path} takes frames of {width}x{height}, got an array of shape {shape}")
        tick = max(round(time_s * _TICKS), self._last_tick + 1, 0)
        if self._last_tick >= 0:
            self._step = tick - self._last_tick
        self._last_tick = tick
        self._end_tick = tick + self._step if end_s is None else max(round(end_s * _TICKS), tick + 1)
        frame = self._coded(picture)
        frame.pts, frame.time_base = tick, Fraction(1, _TICKS)
        try:
            if self._sound is not None:
                self._sound.write_until(time_s)
            self._mux(self._stream.encode(frame))
        except (av.error.FFmpegError, OSError) as error:
            raise self._failed(error) from None

    def _coded(self, picture: UInt8 | Planes) -> av.VideoFrame:
        if isinstance(picture, Planes) and picture.colours == self._colours:
            return picture.frame
        rgb = picture.to_rgb() if isinstance(picture, Planes) else picture
        if any(side % 2 for side in self._size):
            rgb = np.pad(rgb, self._padding, mode="edge")
        return self._reformatter.reformat(
            av.VideoFrame.from_ndarray(rgb, "rgb24"),
            format="yuv420p",
            dst_colorspace=self._colours.colorspace,
            dst_color_range=self._colours.range,
        )

    def _mux(self, packets: list[av.Packet]) -> None:
        """Write each packet once the next one tells how long it is shown."""
        for packet in packets:
            if self._held is not None:
                self._held.duration = packet.pts - self._held.pts
                self._container.mux_one(self._held)
            self._held = packet

    def close(self) -> None:
        """Finish the file and give it its name; safe to call twice.

        Raises
        ------
        OutputError
            If it cannot be finished.
        """
        if not self._open:
            return
        try:
            if self._last_tick >= 0:
                self._mux(self._stream.encode(None))
                self._held.duration = self._end_tick - self._held.pts
                self._container.mux_one(self._held)
                if self._sound is not None:
                    self._sound.finish()
        except (av.error.FFmpegError, OSError) as error:
            self.discard()
            raise self._failed(error) from None
        self._finish(keep=self._last_tick >= 0)

    def discard(self) -> None:
        """Stop and leave no file; safe to call twice."""
        if self._open:
            self._finish(keep=False)

    def _finish(self, keep: bool) -> None:
        self._open = False
        self._held = None
        if self._sound is not None:
            self._sound.close()
        try:
            self._container.close()
            if keep:
                self._partial.replace(self.path)
        except (av.error.FFmpegError, OSError) as error:
            if keep:
                raise self._failed(error) from None
        finally:
            self._partial.unlink(missing_ok=True)

    def _failed(self, error: Exception) -> OutputError:
        reason = getattr(error, "strerror", None) or error
        return OutputError(f"cannot write {self.path}: {reason}; check the folder, its permissions and the free space")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.discard()
