"""Sources that can be read only once: cameras and network streams."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import av
import cv2
from av.container import InputContainer

from facestats._util.locations import LIVE_SCHEMES, scheme_of
from facestats.errors import CameraError, OutputError, UsageError
from facestats.types import UInt8, VideoInfo
from facestats.video.base import DecodedFrame, FrameSource
from facestats.video.file import ContainerSource
from facestats.video.local import reason
from facestats.video.names import shown
from facestats.video.picture import fitted
from facestats.video.recording import of_now
from facestats.video.writer import ClipWriter

CAMERA = re.compile(r"camera:(.*)", re.DOTALL)

# How long a server may stay silent, when connecting and between packets, before the stream counts as over.
TIMEOUT_S = 10.0
_PROTOCOLS = ",".join(sorted({"crypto", "httpproxy", "srtp", "tls", *LIVE_SCHEMES}))


class RecordedSource(FrameSource):
    """Ends after ``limit_s``, may be recorded while it is read, and refuses to be read twice."""

    def _go_live(self, limit_s: float | None, record_to: Path | None) -> None:
        if limit_s is not None and not limit_s > 0:
            raise UsageError(f"the time limit of a live source must be positive, got {limit_s} s")
        self._limit_s = math.inf if limit_s is None else limit_s
        self._record_to = record_to
        self._recorder: ClipWriter | None = None
        self._spent = False

    def _decode(self) -> Generator[DecodedFrame, None, None]:
        if self._spent:
            raise UsageError(f"{shown(self.info.path)} is live and was read already; record it to read it again")
        self._spent = True
        if self._record_to is not None:
            self._recorder = ClipWriter(self._record_to, width=self.info.width, height=self.info.height)
        first_s = None
        try:
            for frame in self._receive():
                first_s = frame.time_s if first_s is None else first_s
                if frame.time_s - first_s >= self._limit_s:
                    return
                yield self._recorded(frame) if self._recorder else frame
        finally:
            self._close_recorder()

    def _recorded(self, frame: DecodedFrame) -> DecodedFrame:
        rgb, size = frame.to_rgb(), (self.info.width, self.info.height)
        if rgb is not None:
            # What is analysed is what is recorded, or boxes would lie elsewhere in the clip.
            rgb = fitted(rgb, *size)
            try:
                self._recorder.write(rgb, frame.time_s, frame.time_s + frame.duration_s)
            except OutputError as error:
                # What the camera sees cannot be had again: better without a recording than not at all.
                self._note_broken(f"no recording after {frame.time_s:.3f} s ({error})")
                self._recorder.discard()
                self._recorder = None
        return replace(frame, to_rgb=lambda: rgb, to_small=None, size=size)

    def _close_recorder(self) -> None:
        # Also when the reader stops early or fails: what was recorded is good and cannot be had again.
        if self._recorder is not None:
            recorder, self._recorder = self._recorder, None
            recorder.close()

    def _receive(self) -> Generator[DecodedFrame, None, None]:
        raise NotImplementedError


class StreamSource(RecordedSource, ContainerSource):
    """A network stream (``rtsp://``, ``rtmp://``, ``http://`` ...), with the times that its server sends.

    It ends when the server ends it, stays silent for ten seconds (noted in ``damage``), or at the limit.

    Parameters
    ----------
    path : str
        The URL.
    limit_s : float or None
        Stop after so many seconds of the stream's own clock.
    record_to : pathlib.Path or None
        Write every decoded frame to this H.264 MP4, with its own time, without sound.

    Raises
    ------
    UnreadableInputError
        If nothing can be received.
    UsageError
        If ``limit_s`` is not positive.
    """

    kind = "stream"
    not_video = frozenset({"tty"})
    max_errors_in_a_row = 1

    def __init__(self, path: str, *, limit_s: float | None = None, record_to: Path | None = None) -> None:
        self._go_live(limit_s, record_to)
        super().__init__(path)

    def _open_container(self) -> InputContainer:
        options = {"protocol_whitelist": _PROTOCOLS}
        if scheme_of(self.path) in ("rtsp", "rtsps"):
            options["rtsp_transport"] = "tcp"  # over UDP, lost packets smear the picture
        return av.open(self.path, container_options=options, metadata_errors="replace", timeout=(TIMEOUT_S, TIMEOUT_S))

    def _advice(self, error: Exception) -> str:
        if isinstance(error, av.error.ProtocolNotFoundError):
            return f"the FFmpeg that PyAV brings receives no {scheme_of(self.path)}://; send it as rtsp, rtmp or http"
        return f"{reason(error)}; check the address, and that the server runs and sends video"

    @property
    def _shown(self) -> str:
        return shown(self.path)

    def _receive(self) -> Generator[DecodedFrame, None, None]:
        return ContainerSource._decode(self)

    def _note_read_error(self, error: Exception) -> None:
        self.tally.ending = f"the stream broke off after {self.last_time_s:.3f} s ({reason(error)})"

    def _note_broken(self, what: str) -> None:
        # Who joins a running stream has no key frame yet; that is no damage.
        if self.n_decoded:
            super()._note_broken(what)

    def close(self) -> None:
        """Hang up and finish the recording; safe to call twice."""
        self._close_recorder()
        super().close()


class CameraSource(RecordedSource):
    """A camera of this machine; ``time_s`` is seconds since the first frame on the machine's monotonic clock.

    Parameters
    ----------
    path : str
        ``camera:0`` for the first camera.
    limit_s : float or None
        Stop after so many seconds.
    record_to : pathlib.Path or None
        Write every frame to this H.264 MP4, with its own time.

    Raises
    ------
    CameraError
        If there is no such camera or it gives no picture.
    UsageError
        If ``path`` names no number, or ``limit_s`` is not positive.
    """

    def __init__(self, path: str, *, limit_s: float | None = None, record_to: Path | None = None) -> None:
        super().__init__()
        self._go_live(limit_s, record_to)
        number = CAMERA.fullmatch(path)[1]
        if not number.isdecimal():
            raise UsageError(f"{path!r} names no camera; write camera:0 for the first one")
        self._capture = _open_quietly(int(number))
        if not self._capture.grab():
            self._capture.release()
            why = "no such camera, it is in use, or it gives no picture; check that it is plugged in"
            raise CameraError(f"{path}: {why}", reason=why)
        self._start_s = time.monotonic()
        ok, bgr = self._capture.retrieve()
        if not ok:
            self._capture.release()
            why = "gives no picture; close other programs that may be using it"
            raise CameraError(f"{path} {why}", reason=f"it {why}")
        self._first = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
        height, width = bgr.shape[:2]
        fps = self._capture.get(cv2.CAP_PROP_FPS) or math.nan
        recorded = of_now()
        self.info = VideoInfo(
            path=path,
            width=width,
            height=height,
            fps=fps,
            kind="camera",
            recorded_at=recorded.at,
            recorded_source=recorded.source,
        )

    def _receive(self) -> Generator[DecodedFrame, None, None]:
        usual_s = 1 / self.info.fps if self.info.fps > 0 else 0.0
        yield DecodedFrame(0.0, usual_s, lambda: self._first)
        while self._capture.grab():
            time_s = time.monotonic() - self._start_s
            yield DecodedFrame(time_s, usual_s, self._retrieve)
        self.tally.ending = "the camera stopped giving pictures"

    def _retrieve(self) -> UInt8 | None:
        ok, bgr = self._capture.retrieve()
        if not ok:
            self._note_broken(f"the camera gave no picture after {self.last_time_s:.3f} s")
            return None
        return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)

    def close(self) -> None:
        """Release the camera and finish the recording; safe to call twice."""
        self._close_recorder()
        self._capture.release()


def _open_quietly(number: int) -> cv2.VideoCapture:
    # OpenCV tells of absent cameras on stderr, once for every way in which it looked.
    before = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        return cv2.VideoCapture(number)
    finally:
        cv2.utils.logging.setLogLevel(before)
