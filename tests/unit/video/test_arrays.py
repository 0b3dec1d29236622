import numpy as np
import pytest

from facestats.errors import UnreadableInputError, UsageError
from facestats.video.arrays import ArraySource, array_hash, frames_id


def pictures(n, shape=(48, 64, 3), dtype=np.uint8):
    return [np.full(shape, 10 * k, dtype) for k in range(n)]


@pytest.mark.parametrize("wrap", [list, np.array, iter])
def test_arrays_lists_and_iterators_are_frames_with_a_clock(wrap):
    with ArraySource(wrap(pictures(3)), fps=10) as source:
        found = list(source.frames())
    assert [(frame.index, frame.time_s, int(frame.rgb[0, 0, 0])) for frame in found] == [
        (0, 0.0, 0),
        (1, 0.1, 10),
        (2, 0.2, 20),
    ]
    assert (source.info.width, source.info.height, source.end_s) == (64, 48, pytest.approx(0.3))


def test_an_iterator_is_taken_from_only_as_needed():
    taken = []
    coming = (taken.append(k) or picture for k, picture in enumerate(pictures(20)))
    with ArraySource(coming, fps=10) as source:
        next(source.frames())
    assert taken == [0]


@pytest.mark.parametrize(
    ("frames", "told"),
    [
        ([np.zeros((48, 64), np.uint8)], r"frame 0 is uint8 \(48, 64\)"),
        ([np.zeros((48, 64, 3))], "frame 0 is float64"),
        ([np.zeros((48, 64, 4), np.uint8)], "uint8"),
        ([*pictures(2), np.zeros((32, 64, 3), np.uint8)], "frame 2 is 64x32, the first is 64x48"),
        (["a.mp4"], "frame 0 is"),
    ],
)
def test_other_frames_are_refused_in_one_line(frames, told):
    with pytest.raises(UsageError, match=told) as caught, ArraySource(frames, fps=10) as source:
        list(source.frames())
    assert "\n" not in str(caught.value)


def test_no_frame_and_no_rate_are_refused():
    with pytest.raises(UnreadableInputError, match="no frame"):
        ArraySource([], fps=10)
    for fps in (0, -1, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="fps must be"):
            ArraySource(pictures(1), fps=fps)


def test_arrays_are_known_by_their_content():
    frames = np.array(pictures(2))
    assert array_hash(frames) == array_hash(frames.copy()) != array_hash(frames + 1)
    assert array_hash(pictures(2)) is None
    assert frames_id(None) != frames_id(array_hash(frames)) == f"frames-{array_hash(frames)[:8]}"
