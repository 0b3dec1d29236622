import av
import cv2
import numpy as np
import pytest
from commands import NO_MODELS
from faces import make_detections
from hypothesis import given
from hypothesis import strategies as st
from synth import regular_times, write_video

from facestats.analysis.single import analyze
from facestats.batch.collection import analyze_collection
from facestats.clips.blur import MIN_SCORE, blur_faces, blur_planes, blur_video
from facestats.detect import create_detector
from facestats.types import Detections, Frame
from facestats.video import open_source
from facestats.video.planes import BT709, PlanarFrame, Planes


def noise(height=180, width=320, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def test_the_frame_itself_is_not_touched():
    frame = noise()
    before = frame.copy()
    blur_faces(frame, [(10, 10, 60, 60)])
    assert np.array_equal(frame, before)


@given(x=st.integers(-20, 300), y=st.integers(-20, 170), side=st.integers(2, 200))
def test_blur_leaves_no_detail_in_the_face_and_all_of_it_outside(x, y, side):
    frame = noise()
    blurred = blur_faces(frame, [(x, y, x + side, y + side)], margin=0.25)
    inside = np.zeros(frame.shape[:2], bool)
    inside[max(0, y) : max(0, y + side), max(0, x) : max(0, x + side)] = True
    grown = np.zeros_like(inside)
    m = int(0.25 * side) + 2
    grown[max(0, y - m) : max(0, y + side + m), max(0, x - m) : max(0, x + side + m)] = True
    assert np.array_equal(blurred[~grown], frame[~grown])
    if side >= 40 and inside.sum() > 1000:
        # What is left of pure noise after averaging over tiles of side * 1.5 / 8 pixels.
        assert blurred[inside].std() < frame[inside].std() * 0.5


@given(x=st.integers(-20, 300), y=st.integers(-20, 170), side=st.integers(2, 200))
def test_blur_leaves_as_little_in_planes(x, y, side):
    frame = av.VideoFrame.from_ndarray(noise(), "rgb24").reformat(format="yuv420p")
    before, planes = Planes.copy_of(frame, BT709), Planes.copy_of(frame, BT709)
    blur_planes(planes, [(x, y, x + side, y + side)])
    for half, plane, old in ((1, planes.y, before.y), (2, planes.u, before.u), (2, planes.v, before.v)):
        m = int(0.25 * side) + 3
        inside = [slice(max(0, at) // half, max(0, at + side) // half) for at in (y, x)]
        around = [slice(max(0, at - m) // half, max(0, at + side + m + 1) // half) for at in (y, x)]
        outside = np.ones(plane.shape, bool)
        outside[tuple(around)] = False
        assert np.array_equal(plane[outside], old[outside])
        if side >= 40 and plane[tuple(inside)].size > 1000:
            assert plane[tuple(inside)].std() < old[tuple(inside)].std() * 0.5


def test_a_blurred_frame_in_planes_shows_no_face_in_rgb_either():
    frame = av.VideoFrame.from_ndarray(noise(), "rgb24").reformat(format="yuv420p")
    planar = PlanarFrame(0, 0.0, Planes.copy_of(frame, BT709))
    sharp = planar.rgb
    (blurred,) = blur_video(iter([planar]), [Scripted(0)], lambda index, time_s: [])
    assert isinstance(blurred, PlanarFrame)
    for seen in (blurred.rgb, blurred.small):
        assert seen[65:95, 65:95].std() < 0.5 * sharp[65:95, 65:95].std()


@pytest.mark.parametrize("side", [60, 150, 240])
def test_a_blurred_face_is_no_longer_found(portrait, side):
    import cv2

    from facestats.detect import create_detector

    image = cv2.resize(portrait, None, fx=side / 240, fy=side / 240, interpolation=cv2.INTER_AREA)
    detector = create_detector("centerface")
    found = detector.detect([image])[0]
    assert len(found) == 1
    blurred = blur_faces(image, [tuple(found.boxes[0])])
    again = detector.detect([blurred])[0]
    assert len(again) == 0 or again.scores[0] < found.scores[0] - 0.2


class Scripted:
    """Finds a face only in the frames of these numbers."""

    name = "scripted"

    def __init__(self, *numbers):
        self.numbers, self.n_calls = numbers, -1

    def detect(self, images):
        self.n_calls += 1
        return [make_detections((60, 60, 100, 100)) if self.n_calls in self.numbers else Detections.empty()]


def hidden(detector, known=lambda index, time_s: [], n=20):
    """Which of n frames, 0.1 s apart, have the face hidden."""
    frames = [Frame(i, i / 10, noise()) for i in range(n)]
    out = list(blur_video(iter(frames), [detector], known, hold_s=0.25))
    assert [(frame.index, frame.time_s) for frame in out] == [(frame.index, frame.time_s) for frame in frames]
    return [i for i, frame in enumerate(out) if frame.rgb[65:95, 65:95].std() < 40]


def test_a_face_is_hidden_shortly_before_and_after_it_is_found():
    assert hidden(Scripted(10)) == [8, 9, 10, 11, 12]
    assert hidden(Scripted(0, 19)) == [0, 1, 2, 17, 18, 19]


def test_what_the_analysis_knows_is_hidden_even_if_the_detector_finds_nothing():
    assert hidden(Scripted(), lambda index, time_s: [(60, 60, 100, 100)] if 0.45 < time_s < 0.75 else []) == [5, 6, 7]


def test_a_clock_that_runs_back_neither_hoards_frames_nor_shows_the_face():
    frames = [Frame(i, time_s, noise()) for i, time_s in enumerate([5.0, 5.1, 5.2, 0.0, 0.1, 0.2])]
    given = []

    def feed():
        for frame in frames:
            given.append(frame.index)
            yield frame

    out = []
    for frame in blur_video(feed(), [Scripted(1, 4)], lambda index, time_s: []):
        out.append(frame)
        assert len(given) - len(out) <= 7
    assert [frame.index for frame in out] == list(range(6))
    assert all(frame.rgb[65:95, 65:95].std() < 40 for frame in out)


@pytest.mark.parametrize(("seconds", "rate"), [(5, 4), pytest.param(12, 12, marks=pytest.mark.slow)])
def test_no_face_is_found_in_a_blurred_clip(demo_video, tmp_path, seconds, rate):
    """The demonstration video, looked at twice a second only."""
    how = {"rate": 2, "min_face": 90, "to_s": float(seconds), "models": NO_MODELS, "progress": False}
    result = analyze(demo_video.path, clip=tmp_path / "blurred.mp4", blur=True, **how)
    detector = create_detector("centerface", min_score=0.5)
    with open_source(str(result.clip)) as clip:
        found = [len(detector.detect([frame.rgb])[0]) for frame in clip.frames(rate=rate)]
    assert len(found) > (seconds - 1) * rate
    assert sum(found) == 0


def test_faces_lose_their_detail_in_every_frame(demo_video):
    truth = demo_video.truth[demo_video.truth["visible"] > 0.5]
    detector = create_detector("centerface", min_score=MIN_SCORE)
    with open_source(str(demo_video.path)) as one, open_source(str(demo_video.path)) as other:
        blurred = blur_video(other.frames(rate=8), [detector], lambda index, time_s: [])
        for plain, hidden_frame in zip(one.frames(rate=8), blurred, strict=True):
            for face in truth[truth["frame"] == plain.index].itertuples():
                # Eyes, nose and mouth: the middle of the box. What makes a face is its fine detail.
                rows = slice(int(face.y + 0.3 * face.h), int(face.y + 0.85 * face.h))
                columns = slice(max(0, int(face.x + 0.25 * face.w)), int(face.x + 0.75 * face.w))
                assert detail(hidden_frame.rgb[rows, columns]) < 0.4 * detail(plain.rgb[rows, columns])


def detail(rgb):
    return cv2.Laplacian(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.CV_32F)[1:-1, 1:-1].std()


def test_a_blurred_still_and_a_video_without_faces(tmp_path, portrait):
    from PIL import Image

    Image.fromarray(portrait).save(tmp_path / "p.png")
    write_video(tmp_path / "empty.mp4", regular_times(5, 10))
    result = analyze_collection(
        [tmp_path / "p.png", tmp_path / "empty.mp4"], out=tmp_path / "s", blur=True, models=NO_MODELS, progress=False
    )
    assert result.exit_code == 0
    assert result.store.thumbnails().empty
    image = np.asarray(Image.open(result.store.clip_path(result.video_ids[0])))
    assert len(create_detector("centerface", min_score=0.6).detect([image])[0]) == 0
