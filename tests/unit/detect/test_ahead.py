import threading
import time

import cv2
import numpy as np
import pytest
from faces import make_detections

from facestats.detect import detect_ahead, usable_cores
from facestats.types import Frame


class Numbering:
    """Finds a face whose left edge is the frame's brightness; later frames are quicker, so that they overtake."""

    name = "numbering"

    def __init__(self, wait_s=0.0):
        self.wait_s, self.busy = wait_s, threading.Lock()

    def detect(self, images):
        assert self.busy.acquire(blocking=False), "two threads use one detector"
        value = float(images[0][0, 0, 0])
        time.sleep(self.wait_s / (1 + value))
        self.busy.release()
        return [make_detections((value, 0, value + 10, 10))]


def frames(n):
    for i in range(n):
        yield Frame(i, i / 10, np.full((4, 4, 3), i, np.uint8))


@pytest.mark.parametrize("n_detectors", [1, 2, 5])
def test_frames_keep_their_order_and_their_own_faces(n_detectors):
    out = list(detect_ahead(frames(40), [Numbering(0.02) for _ in range(n_detectors)]))
    assert [frame.index for frame, _ in out] == list(range(40))
    assert [found.boxes[0, 0] for _, found in out] == list(range(40))


def test_only_a_few_frames_are_read_ahead():
    given = []

    def counted():
        for frame in frames(50):
            given.append(frame.index)
            yield frame

    for i, _ in enumerate(detect_ahead(counted(), [Numbering(), Numbering()])):
        assert len(given) - i <= 6


def test_an_interrupt_comes_after_the_frames_that_were_read():
    def interrupted():
        yield from frames(7)
        raise KeyboardInterrupt

    seen = []

    def use():
        for frame, _ in detect_ahead(interrupted(), [Numbering(), Numbering()]):
            seen.append(frame.index)

    with pytest.raises(KeyboardInterrupt):
        use()
    assert seen == list(range(7))


def test_an_error_of_a_detector_reaches_the_caller_and_opencv_gets_its_threads_back():
    class Broken:
        name = "broken"

        def detect(self, images):
            raise ValueError("broken")

    before = cv2.getNumThreads()
    with pytest.raises(ValueError, match="broken"):
        list(detect_ahead(frames(3), [Broken(), Broken()]))
    list(detect_ahead(frames(3), [Numbering(), Numbering()]))
    assert cv2.getNumThreads() == before
    assert usable_cores() >= 1
