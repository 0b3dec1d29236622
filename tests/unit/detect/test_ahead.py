import threading
import time

import cv2
import numpy as np
import pytest
from faces import make_detections

from facestats.detect import detect_ahead
from facestats.threads import usable_cores
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


def test_faces_come_back_in_pixels_of_the_full_picture():
    small = np.full((4, 8, 3), 3, np.uint8)
    frame = Frame(0, 0.0, lambda: pytest.fail("nobody needs the full picture"), small, (16, 12))
    ((_, found),) = detect_ahead([frame], [Numbering()])
    assert found.boxes.tolist() == [[6, 0, 26, 30]]


class Sized:
    """Notes how large the pictures are that it sees, and finds faces of the given sizes in them, in frame pixels."""

    name = "sized"

    def __init__(self, *sizes):
        self.sizes, self.seen = sizes, []

    def detect(self, images):
        side = max(images[0].shape[:2])
        self.seen.append(side)
        return [make_detections(*[(0, 0, size * side / 640, size * side / 640) for size in self.sizes])]


def moments(*times):
    for i, time_s in enumerate(times):
        yield Frame(i, time_s, np.zeros((360, 640, 3), np.uint8))


@pytest.mark.parametrize(("sizes", "followed"), [((), True), ((64,), True), ((200, 64), True), ((200, 60), False)])
def test_between_searches_a_coarser_picture_does_for_large_faces_alone(sizes, followed):
    detector = Sized(*sizes)
    times = [i / 10 for i in range(25)]
    out = list(detect_ahead(moments(*times), [detector], follow_side=320))
    assert all(found.sizes == pytest.approx(sizes) for _, found in out)  # in pixels of the frame, however it was seen
    searches = [side == 640 for side in detector.seen]
    assert [i for i, search in enumerate(searches) if search] == ([0, 10, 20] if followed else list(range(25)))


def test_a_new_shot_and_a_clock_that_jumps_back_are_searched():
    detector = Sized(200)
    times = [0.0, 0.1, 0.2, 0.3, 5.0, 5.1, 0.0, 0.1]
    list(detect_ahead(moments(*times), [detector], follow_side=320, is_new=lambda frame: frame.index == 2))
    assert [side == 640 for side in detector.seen] == [True, False, True, False, True, False, True, False]


@pytest.mark.parametrize("side", [0, 640, 900])
def test_every_frame_is_searched_where_there_is_no_coarser_picture(side):
    detector = Sized(200)
    list(detect_ahead(moments(0.0, 0.1, 0.2), [detector], follow_side=side))
    assert detector.seen == [640, 640, 640]


@pytest.mark.parametrize("n_detectors", [1, 2, 5])
def test_how_finely_frames_are_looked_at_does_not_depend_on_the_threads(n_detectors):
    class Slow(Sized):
        def detect(self, images):
            time.sleep(0.005 if max(images[0].shape[:2]) == 640 else 0)
            self.seen.append(max(images[0].shape[:2]))
            size = 200 if images[0][0, 0, 0] < 20 else 40
            return [make_detections((0, 0, size, size))]

    detectors = [Slow() for _ in range(n_detectors)]
    frames = (Frame(i, i / 10, np.full((360, 640, 3), i, np.uint8)) for i in range(40))
    list(detect_ahead(frames, detectors, follow_side=320))
    assert sorted(side for detector in detectors for side in detector.seen) == [320] * 18 + [640] * 22


def test_a_search_that_fails_does_not_leave_the_others_waiting():
    class Broken(Sized):
        def detect(self, images):
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        list(detect_ahead(moments(0.0, 0.1, 0.2, 0.3), [Broken(), Broken()], follow_side=320))
