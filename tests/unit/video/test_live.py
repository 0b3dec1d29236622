import http.server
import threading
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import cv2
import pytest
from synth import is_upright, read_number, regular_times, write_video

from facestats.errors import CameraError, UnreadableInputError, UsageError
from facestats.video import is_live, live, open_source


class Server(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; ``/half/NAME`` stops after half of the file, ``/stall/NAME`` falls silent there."""

    def do_GET(self):
        _, way, *name = self.path.split("/")
        if way not in ("half", "stall"):
            super().do_GET()
            return
        content = Path(self.directory, name[0]).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        self.wfile.flush()
        if way == "stall":
            self.server.released.wait(20)

    def log_message(self, *args):
        pass


@pytest.fixture
def address(tmp_path):
    """Address of a server on this machine that serves the test's folder."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Server, directory=tmp_path)) as server:
        server.released = threading.Event()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", ["a.ts", "a.mp4"])
def test_a_stream_gives_its_own_times(tmp_path, address, name):
    times = regular_times(50, 25, start_s=10)
    write_video(tmp_path / name, times, b_frames=2)
    with open_source(f"{address}/{name}") as source:
        frames = list(source.frames())
    assert source.info.kind == "stream"
    assert source.info.is_live
    assert [frame.time_s for frame in frames] == pytest.approx(times, abs=1e-6)
    assert [read_number(frame.rgb) for frame in frames] == list(range(50))
    assert source.damage is None


def test_a_stream_ends_at_the_limit_and_is_sampled(tmp_path, address):
    write_video(tmp_path / "a.ts", regular_times(100, 25, start_s=5))
    with open_source(f"{address}/a.ts", limit_s=2) as source:
        frames = list(source.frames(rate=5))
    assert [read_number(frame.rgb) for frame in frames] == list(range(0, 50, 5))
    assert source.n_decoded == 50
    assert source.damage is None


def test_a_stream_is_read_once(tmp_path, address):
    write_video(tmp_path / "a.ts", regular_times(10, 25))
    with open_source(f"{address}/a.ts") as source:
        next(source.frames())
        with pytest.raises(UsageError, match="live"):
            next(source.frames())


def test_a_recording_holds_every_frame_with_its_time(tmp_path, address):
    times = [3.0, 3.04, 3.1, 3.5, 3.52, 3.9]
    write_video(tmp_path / "a.mkv", times, size=(97, 65), pix_fmt="yuv444p", last_s=0.3)
    recording = tmp_path / "recording.mp4"
    with open_source(f"{address}/a.mkv", record_to=recording) as source:
        sampled = [frame.index for frame in source.frames(rate=2)]
        assert (source.info.width, source.info.height) == (97, 65)
    assert sampled == [0, 3]
    with open_source(recording) as again:
        frames = list(again.frames())
    assert [frame.time_s for frame in frames] == pytest.approx(times, abs=1e-4)
    assert [read_number(frame.rgb) for frame in frames] == list(range(6))


def test_a_recording_survives_a_reader_that_stops(tmp_path, address):
    write_video(tmp_path / "a.ts", regular_times(40, 25))
    recording = tmp_path / "recording.mp4"
    with open_source(f"{address}/a.ts", record_to=recording) as source:
        frames = source.frames()  # held on to, as a traceback holds it after Ctrl-C
        for frame in frames:
            if frame.index == 9:
                break
    with open_source(recording) as again:
        assert len(list(again.frames())) == 10
    assert list(tmp_path.glob(".*")) == []


def test_a_server_that_breaks_off_is_damage(tmp_path, address):
    path = write_video(tmp_path / "a.mp4", regular_times(100, 25), container_options={"movflags": "+faststart"})
    assert path.stat().st_size > 4000
    with open_source(f"{address}/half/a.mp4") as source:
        frames = list(source.frames())
    assert 0 < len(frames) < 100
    assert source.damage


def test_a_server_that_falls_silent_is_given_up(tmp_path, address, monkeypatch):
    monkeypatch.setattr(live, "TIMEOUT_S", 1.0)
    write_video(tmp_path / "a.ts", regular_times(400, 25), size=(192, 128))
    with open_source(f"{address}/stall/a.ts") as source:
        frames = list(source.frames())
    assert 0 < len(frames) < 400
    assert source.damage.startswith("the stream broke off after")


@pytest.mark.parametrize("place", ["/nothing.mp4", "/text.mp4"])
def test_an_address_without_video_is_refused(tmp_path, address, capfd, place):
    (tmp_path / "text.mp4").write_text("no video\n" * 100)
    with pytest.raises(UnreadableInputError, match="check the address") as caught:
        open_source(address + place)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_password_is_not_shown(scheme):
    with pytest.raises(UnreadableInputError) as caught:
        open_source(f"{scheme}://guest:secret@127.0.0.1:9/live")
    assert "://***@127.0.0.1" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_scheme_that_cannot_be_received_is_named():
    with pytest.raises(UnreadableInputError, match=r"receives no sctp://; send it as rtsp, rtmp or http") as caught:
        open_source("sctp://127.0.0.1:9")
    assert caught.value.reason in str(caught.value)


def test_an_absent_camera_is_one_quiet_line(capfd):
    with pytest.raises(CameraError, match="camera:97") as caught:
        open_source("camera:97")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@contextmanager
def camera_that_shows(path, monkeypatch):
    real = cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", lambda number: real(str(path)))
    yield "camera:0"


def test_a_camera_runs_on_the_clock_of_the_machine(tmp_path, monkeypatch):
    path = write_video(tmp_path / "a.avi", regular_times(10, 25), codec="mjpeg", pix_fmt="yuvj420p")
    with camera_that_shows(path, monkeypatch) as camera:
        started = time.monotonic()
        with open_source(camera, record_to=tmp_path / "recording.mp4") as source:
            frames = list(source.frames())
        elapsed = time.monotonic() - started
    times = [frame.time_s for frame in frames]
    assert source.info.kind == "camera"
    assert times[0] == 0.0
    assert times == sorted(times)
    assert times[-1] < elapsed
    assert all(is_upright(frame.rgb) for frame in frames)
    assert [read_number(frame.rgb) for frame in frames] == list(range(10))
    assert "stopped" in source.damage
    with open_source(tmp_path / "recording.mp4") as again:
        assert [frame.time_s for frame in again.frames()] == pytest.approx(times, abs=1e-4)


def test_a_camera_stops_at_the_limit(tmp_path, monkeypatch):
    path = write_video(tmp_path / "a.avi", regular_times(200, 25), codec="mjpeg", pix_fmt="yuvj420p")
    with camera_that_shows(path, monkeypatch) as camera, open_source(camera, limit_s=0.1) as source:
        for _ in source.frames():
            time.sleep(0.02)
    assert 1 <= source.n_decoded < 10
    assert source.damage is None


@pytest.mark.parametrize("path", ["camera:", "camera:front", "camera:-1"])
def test_a_camera_needs_a_number(path):
    assert is_live(path)
    with pytest.raises(UsageError, match="camera:0"):
        open_source(path)


def test_a_limit_must_be_positive():
    with pytest.raises(UsageError, match="positive"):
        open_source("camera:0", limit_s=0)


def test_only_live_sources_are_recorded(tmp_path):
    path = write_video(tmp_path / "a.mp4", regular_times(3, 25))
    with pytest.raises(UsageError, match="not live"):
        open_source(path, record_to=tmp_path / "b.mp4")
