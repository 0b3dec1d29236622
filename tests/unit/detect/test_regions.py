import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestats.detect import create_detector, detect_ahead
from facestats.detect.regions import COARSEST, look_at, put_together, regions_for, somebody_moves
from facestats.types import Detections, Frame

SIZE = 960, 540
CALL_PX = 8000


def boxes(*sides):
    return np.array(sides, np.float32).reshape(-1, 4)


@st.composite
def searches(draw):
    def box():
        size = draw(st.integers(6, 300))
        x, y = draw(st.integers(0, SIZE[0] - size)), draw(st.integers(0, SIZE[1] - size))
        return x, y, x + size, y + size

    return [boxes(*(box() for _ in range(draw(st.integers(0, 4))))) for _ in range(draw(st.integers(1, 2)))]


def fineness(region):
    return min(1.0, region.side / max(region.x1 - region.x0, region.y1 - region.y0))


@given(searches())
def test_every_face_is_looked_at_finely_enough_with_what_is_around_it(found):
    regions = regions_for(found, SIZE, 32, call_px=CALL_PX)
    first = regions[0]
    assert (first.x0, first.y0, first.x1, first.y1) == (0, 0, *SIZE)  # whoever comes is seen coarsely at least
    assert fineness(first) >= COARSEST - 1e-6
    for x0, y0, x1, y1 in np.concatenate(found).tolist():
        needed = min(1.0, 32 / (x1 - x0))
        around = [0, x0 - (x1 - x0)], [0, y0 - (y1 - y0)], [SIZE[0], x1 + (x1 - x0)], [SIZE[1], y1 + (y1 - y0)]
        left, top, right, bottom = (choose(pair) for choose, pair in zip((max, max, min, min), around, strict=True))
        assert any(
            region.x0 <= left + 1 and region.y0 <= top + 1 and region.x1 >= right - 1 and region.y1 >= bottom - 1
            for region in regions
            if fineness(region) >= 0.97 * needed  # of pixels that are rounded
        )


@given(searches())
def test_pieces_cost_less_than_the_whole_picture_or_are_not_taken(found):
    def cost(regions):
        return sum(region.pixels + CALL_PX for region in regions)

    everything = regions_for(found, SIZE, 32, call_px=None)
    assert len(everything) == 1
    assert cost(regions_for(found, SIZE, 32, call_px=CALL_PX)) <= cost(everything)


def test_who_moved_between_two_searches_is_looked_for_all_the_way():
    before, after = boxes((100, 100, 120, 120)), boxes((400, 110, 420, 130))
    (_, piece) = regions_for([before, after], SIZE, 32, call_px=CALL_PX)
    assert piece.x0 <= 80
    assert piece.x1 >= 440
    # Of one who stays and one who leaves each has a piece.
    stays = boxes((400, 300, 420, 320))
    assert len(regions_for([np.concatenate([before, stays]), stays], SIZE, 32, call_px=CALL_PX)) == 3


def test_a_small_face_beside_a_large_one_has_a_finer_piece_of_its_own():
    found = boxes((100, 100, 200, 200), (230, 150, 242, 162))
    _, *pieces = regions_for([found, found], SIZE, 32, call_px=CALL_PX)
    assert sorted(round(fineness(piece), 1) for piece in pieces) == [0.5, 1.0]


class Marked:
    """Finds bright squares wherever they show, and none that is cut differently from what is seen."""

    name, call_px = "marked", CALL_PX

    def detect(self, images):
        return [self._found(np.asarray(image)) for image in images]

    follow = detect

    def _found(self, image):
        rows, columns = np.nonzero(image[..., 0] > 128)
        if not len(rows):
            return Detections.empty()
        box = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float32)
        return Detections(box, np.ones(1, np.float32), np.tile(box[:, None, :2], (1, 5, 1)))


def test_faces_come_back_in_pixels_of_the_frame():
    def frames():
        for i in range(21):
            picture = np.zeros((540, 960, 3), np.uint8)
            picture[200:224, 300 + 2 * i : 324 + 2 * i] = 255
            yield Frame(i, i / 10, lambda: pytest.fail("nobody needs the full picture"), picture, (1920, 1080))

    for frame, found in detect_ahead(frames(), [Marked()], follow_px=32):
        x = 600 + 4 * frame.index
        assert found.boxes[0] == pytest.approx([x, 400, x + 48, 448], abs=2)
        assert found.landmarks[0, 0] == pytest.approx([x, 400], abs=2)


def test_what_a_piece_cuts_is_left_to_the_whole_picture():
    face = boxes((100, 100, 120, 120))
    regions = regions_for([face, face], SIZE, 32, call_px=CALL_PX)
    piece = regions[1]
    height = float(piece.y1 - piece.y0)

    def detections(*sides):
        return Detections(boxes(*sides), np.ones(len(sides), np.float32), np.zeros((len(sides), 5, 2), np.float32))

    large = detections((80, 90, 300, 400))
    cut = detections((10, 10, piece.x1 - piece.x0, height), (36, 36, 56, 56))
    found = put_together([large, cut], regions, SIZE)
    assert found.boxes.tolist() == [[36 + piece.x0, 36 + piece.y0, 56 + piece.x0, 56 + piece.y0], [80, 90, 300, 400]]
    # Of one that both show, the piece tells more.
    both = put_together([detections((102, 102, 121, 121)), cut[np.array([1])]], regions, SIZE)
    assert both.boxes.tolist() == [[36 + piece.x0, 36 + piece.y0, 56 + piece.x0, 56 + piece.y0]]


def test_a_size_between_two_searches_that_changes_moves_the_pieces_along():
    def frames():
        for i in range(11):
            width, height = (960, 540) if i < 6 else (480, 270)
            picture = np.zeros((height, width, 3), np.uint8)
            side = width // 40
            picture[height // 2 : height // 2 + side, width // 2 : width // 2 + side] = 255
            yield Frame(i, i / 10, picture)

    assert all(len(found) == 1 for _, found in detect_ahead(frames(), [Marked()], follow_px=32))


def test_centerface_sees_in_pieces_what_it_sees_in_the_whole_picture(portrait):
    small = cv2.resize(portrait, (103, 120), interpolation=cv2.INTER_AREA)  # the face is some 50 pixels wide
    picture = np.zeros((540, 960, 3), np.uint8) + np.uint8(90)
    picture[70:190, 320:423] = picture[330:450, 700:803] = small
    detector = create_detector("centerface")
    (searched,) = detector.detect([picture])
    regions = regions_for([searched.boxes] * 2, SIZE, 32, call_px=detector.call_px)
    assert len(regions) == 3
    (found,) = look_at(regions, [picture], detector.follow)
    order, other = (np.argsort(each.boxes[:, 0]) for each in (searched, found))
    assert len(searched) == len(found) == 2
    assert found.boxes[other] == pytest.approx(searched.boxes[order], abs=5)
    assert found.landmarks[other] == pytest.approx(searched.landmarks[order], abs=3)


def test_after_the_last_search_of_a_shot_the_whole_picture_is_looked_at():
    # Found with two people who stroll for a second: both walked out of the pieces, and were lost.
    face = np.array([[100, 100, 130, 140]], np.float32)
    assert len(regions_for([face, face], SIZE, 32, call_px=8000)) == 2
    (everything,) = regions_for([face], SIZE, 32, call_px=8000)
    assert (everything.x0, everything.y0, everything.x1, everything.y1) == (0, 0, *SIZE)
    assert everything.side >= SIZE[0]


def test_somebody_moves_where_the_faces_of_two_searches_do_not_stand_for_each_other():
    one, two = np.array([[100, 100, 130, 140]], np.float32), np.array([[500, 300, 540, 350]], np.float32)
    both = np.concatenate([one, two])
    assert not somebody_moves([both, both[::-1] + 5])
    assert not somebody_moves([one[:0], one[:0]])
    assert not somebody_moves([both])
    assert somebody_moves([both, one])
    assert somebody_moves([one, two])
    near = one + 35  # beside it
    assert somebody_moves([np.concatenate([one, near]), one])
    assert somebody_moves([one, np.array([[85, 80, 185, 200]], np.float32)])  # comes much nearer
