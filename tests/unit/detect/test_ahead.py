import threading
import time

import cv2
import numpy as np
import pytest
from faces import make_detections

from facestats._util.threads import usable_cores
from facestats.detect import detect_ahead
from facestats.detect.ahead import MOST_BETWEEN
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
    with pytest.raises(KeyboardInterrupt):
        seen.extend(frame.index for frame, _ in detect_ahead(interrupted(), [Numbering(), Numbering()]))
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


# 640 pixels are searched; between searches the smallest face has at least 32, in steps of 32, and no less than 160.
@pytest.mark.parametrize(
    ("sizes", "side"), [((), 160), ((300,), 160), ((64,), 320), ((200, 50), 416), ((200, 32), 640), ((5,), 640)]
)
def test_between_searches_pictures_are_as_fine_as_the_smallest_face_needs(sizes, side):
    detector = Sized(*sizes)
    out = list(detect_ahead(moments(*(i / 10 for i in range(25))), [detector], follow_px=32))
    assert [frame.index for frame, _ in out] == list(range(25))
    assert all(found.sizes == pytest.approx(sizes) for _, found in out)  # in pixels of the frame, however it was seen
    assert sorted(detector.seen) == sorted([640] * 4 + [side] * 21)


class Growing(Sized):
    """The face has as many pixels as the frame is bright."""

    def detect(self, images):
        self.sizes = (float(images[0][0, 0, 0]),)
        return super().detect(images)


def brightening(*sizes):
    for i, size in enumerate(sizes):
        yield Frame(i, i / 10, np.full((360, 640, 3), size, np.uint8))


@pytest.mark.parametrize(("first", "last"), [(40, 200), (200, 40)])
def test_between_two_searches_that_differ_every_frame_is_searched(first, last):
    def sides(**options):
        detector = Growing()
        list(detect_ahead(brightening(first, *[200] * 9, last), [detector], follow_px=32, **options))
        return detector.seen

    assert sides() == [640] * 11
    # What is live cannot wait for the next search.
    assert sides(holds_back=False) == [640] + [512 if first == 40 else 160] * 9 + [640]


def test_a_cut_ends_what_a_search_says_of_the_frames_before():
    detector = Growing()
    frames = brightening(200, 200, 200, 40, 40, 40)
    list(detect_ahead(frames, [detector], follow_px=32, is_new=lambda frame: frame.index == 3))
    assert detector.seen == [640, 640, 160, 640, 640, 512]


class Distant(Sized):
    """A face of 10 pixels comes into a frame that is not dark; only the finest picture shows it."""

    def detect(self, images):
        is_seen = images[0].any() and max(images[0].shape[:2]) == 640
        self.sizes = (10,) if is_seen else ()
        return super().detect(images)


@pytest.mark.parametrize("n_detectors", [1, 2])
@pytest.mark.parametrize("cut", [None, 14])
def test_who_comes_after_the_last_search_of_a_shot_is_found(n_detectors, cut):
    detectors = [Distant() for _ in range(n_detectors)]
    frames = brightening(*[0] * 11, 9, 9, 9, *[0] * 11)
    shown = (frame for frame in frames if cut or frame.index < 14)
    out = list(detect_ahead(shown, detectors, follow_px=32, is_new=lambda frame: frame.index == cut))
    assert [frame.index for frame, _ in out] == list(range(25 if cut else 14))
    assert [frame.index for frame, found in out if len(found)] == [11, 12, 13]


def test_a_clock_that_jumps_is_searched():
    detector = Sized(200)
    out = list(detect_ahead(moments(0.0, 0.1, 5.0, 5.1, 0.0, 0.1), [detector], follow_px=32))
    assert [frame.time_s for frame, _ in out] == [0.0, 0.1, 5.0, 5.1, 0.0, 0.1]
    assert sorted(detector.seen) == [160] * 2 + [640] * 4


@pytest.mark.parametrize("holds_back", [True, False])
def test_frames_that_wait_are_few_however_fast_they_come(holds_back):
    given = []

    def counted():
        for frame in moments(*(i / 1000 for i in range(200))):
            given.append(frame.index)
            yield frame

    detectors = [Sized(200), Sized(200)]
    for i, (frame, _) in enumerate(detect_ahead(counted(), detectors, follow_px=32, holds_back=holds_back)):
        assert frame.index == i
        assert len(given) - i <= (2 * (MOST_BETWEEN + 1) + 6 if holds_back else 6)


def test_large_frames_do_not_wait_in_numbers():
    small = np.zeros((360, 640, 3), np.uint8)
    detector, read = Sized(200), []

    def photos():
        for i in range(12):
            read.append(i)
            yield Frame(i, i / 100, lambda: pytest.fail("nobody needs the full picture"), small, (6000, 4000))

    for i, _ in enumerate(detect_ahead(photos(), [detector], follow_px=32)):
        assert len(read) - i <= 8
    assert detector.seen.count(640) == 5  # two wait between two searches; the last is searched


def test_every_frame_is_searched_if_asked():
    detector = Sized(200)
    list(detect_ahead(moments(0.0, 0.1, 0.2), [detector]))
    assert detector.seen == [640, 640, 640]


@pytest.mark.parametrize("n_detectors", [1, 2, 5])
def test_how_finely_frames_are_looked_at_does_not_depend_on_the_threads(n_detectors):
    class Slow(Growing):
        def detect(self, images):
            time.sleep(0.005 if max(images[0].shape[:2]) == 640 else 0)
            return super().detect(images)

    detectors = [Slow() for _ in range(n_detectors)]
    sizes = [200] * 20 + [40] * 20
    out = list(detect_ahead(brightening(*sizes), detectors, follow_px=32))
    assert [round(float(found.sizes[0])) for _, found in out] == sizes
    seen = [side for detector in detectors for side in detector.seen]
    assert sorted(seen) == [160] * 9 + [512] * 17 + [640] * (5 + 9)  # 40 pixels become 32


def test_a_search_that_fails_does_not_leave_the_others_waiting():
    class Broken(Sized):
        def detect(self, images):
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        list(detect_ahead(moments(0.0, 0.1, 0.2, 0.3), [Broken(), Broken()], follow_px=32))


def test_a_quicker_way_is_taken_between_two_searches_only():
    class Twofold(Numbering):
        def __init__(self):
            super().__init__()
            self.searched, self.followed = [], []

        def detect(self, images):
            self.searched.append(int(images[0][0, 0, 0]))
            return super().detect(images)

        def follow(self, images):
            self.followed.append(int(images[0][0, 0, 0]))
            return super().detect(images)

    every, between = Twofold(), Twofold()
    list(detect_ahead(frames(25), [every]))
    found = list(detect_ahead(frames(25), [between], follow_px=8))
    assert every.searched == list(range(25))
    assert not every.followed
    assert between.searched == [0, 10, 20, 24]
    assert sorted(between.searched + between.followed) == list(range(25))
    assert [faces.boxes[0, 0] for _, faces in found] == list(range(25))


@pytest.mark.parametrize("follow_px", [0.0, 2.0])
def test_pictures_are_converted_where_they_are_looked_at_and_only_once(follow_px):
    converted = []

    def convert():
        converted.append(threading.get_ident())
        return np.zeros((48, 64, 3), np.uint8)

    detector = Numbering()
    given = [Frame(i, i / 10, convert, size=(64, 48)) for i in range(15)]
    assert len(list(detect_ahead(given, [detector], follow_px=follow_px))) == len(converted) == 15
    assert threading.get_ident() not in converted
