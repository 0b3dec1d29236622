import dataclasses
import io
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
from faces import make_detections

from facestats.errors import DeviceError
from facestats.tables.building import SampledFrame
from facestats.types import Frame, Predictions
from facestats.widgets.window import LiveLabels, _message, annotate, check_display, open_window, show_frames

linux = pytest.mark.skipif(sys.platform != "linux", reason="displays are named in the environment on Linux only")


def found():
    gender = Predictions("gender", ("female", "male"), np.array([[0.9, 0.1]], np.float32))
    return SampledFrame(
        0, 0.0, make_detections((20, 20, 60, 70), (100, 20, 140, 60)), np.zeros(2, np.float32), np.array([0]),
        {"gender": gender}, {"gender": np.array([0])},
    )  # fmt: skip


FRAME = Frame(0, 0.0, np.full((120, 200, 3), 90, np.uint8))
IDS = np.array([3, -1])


@linux
def test_without_a_display_it_says_so(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DeviceError, match="needs a display"):
        check_display()
    with pytest.raises(DeviceError, match="needs a display"), open_window():
        pass


@linux
def test_a_display_that_cannot_be_opened_is_an_error_not_an_abort(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":4567")

    def feed():
        with open_window() as on_frame:
            for _ in range(200):
                on_frame(FRAME, found(), IDS, 1)
                time.sleep(0.05)

    with pytest.raises(DeviceError, match=":4567"):
        feed()


def test_faces_are_drawn_with_id_and_classes():
    image = annotate(FRAME, found(), IDS)
    assert image.shape == FRAME.rgb.shape
    assert (image != FRAME.rgb).any()
    noise = np.random.default_rng(0).integers(0, 256, (120, 200, 3)).astype(np.uint8)
    blurred = annotate(Frame(0, 0.0, noise), found(), IDS, blur=True)
    assert blurred[35:55, 110:130].std() < 40


def test_what_lasts_is_shown_until_it_is_measured_again():
    live = LiveLabels()
    first = annotate(FRAME, found(), IDS, live)
    assert live.said == {(3, "gender"): "female 90\N{NO-BREAK SPACE}%"}
    unmeasured = dataclasses.replace(found(), predictions={}, measured={})
    assert np.array_equal(annotate(FRAME, unmeasured, IDS, live), first)
    assert not np.array_equal(annotate(FRAME, unmeasured, IDS), first)
    earlier = Frame(0, FRAME.time_s - 1, FRAME.rgb)
    annotate(earlier, unmeasured, IDS, live)
    assert live.said == {}  # of another video


def test_a_message_that_breaks_off_ends_the_window_quietly(monkeypatch):
    shown = []
    monkeypatch.setattr("cv2.imshow", lambda title, image: shown.append(image.copy()))
    monkeypatch.setattr("cv2.waitKey", lambda delay: -1)
    monkeypatch.setattr("cv2.destroyAllWindows", lambda: None)
    red = np.zeros((4, 6, 3), np.uint8)
    red[..., 0] = 255
    message = _message(red)
    show_frames(io.BytesIO(message + message + message[:20]), 1)
    assert len(shown) == 2
    assert shown[0][0, 0].tolist() == [0, 0, 255]  # imshow takes BGR


@pytest.mark.slow
@linux
def test_a_real_window_takes_frames(monkeypatch):
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is missing: apt-get install xvfb")
    ready, told = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(told), "-screen", "0", "640x480x24"], stderr=subprocess.DEVNULL, pass_fds=[told]
    )
    try:
        display = os.read(ready, 16).decode().strip()  # waits until the server listens
        monkeypatch.setenv("DISPLAY", f":{display}")
        with open_window(delay_ms=10) as on_frame:
            for _ in range(20):
                on_frame(FRAME, found(), IDS, 1)
    finally:
        server.terminate()
        server.wait()
        os.close(ready)
        os.close(told)
