import random

import av
import numpy as np
import pytest
from PIL import Image

from facestats.errors import MissingInputError, UnreadableInputError
from facestats.video import file
from facestats.video.file import ContainerSource
from facestats.video.seeking import SeekableVideo


@pytest.fixture(scope="module")
def video(demo_video):
    return demo_video.path


@pytest.fixture(scope="module")
def frames(video):
    with ContainerSource(str(video)) as source:
        return [(frame.time_s, frame.rgb) for frame in source.frames()]


def test_any_moment_shows_the_frame_that_reading_on_shows(video, frames):
    times = np.array([time_s for time_s, _ in frames])
    choose = random.Random(0)
    with SeekableVideo(video, longer_side=0, n_kept=4) as looked_at:
        for _ in range(40):
            time_s = choose.uniform(-0.5, times[-1] + 1)
            shown = looked_at.at(time_s)
            expected = max(int(np.searchsorted(times, time_s + 1e-6, "right")) - 1, 0)
            assert shown.exact
            assert shown.time_s == pytest.approx(times[expected])
            assert np.abs(shown.rgb.astype(int) - frames[expected][1].astype(int)).mean() < 1.5


def test_steps_go_one_frame_on_and_back(video, frames):
    times = [time_s for time_s, _ in frames]
    with SeekableVideo(video) as looked_at:
        assert looked_at.after(times[100] + 0.01).time_s == pytest.approx(times[101])
        assert looked_at.after(times[50]).time_s == pytest.approx(times[51])
        assert looked_at.before(times[51]).time_s == pytest.approx(times[50])
        assert looked_at.before(times[0]).time_s == pytest.approx(times[0])
        assert looked_at.after(times[-1]).time_s == pytest.approx(times[-1])


def test_when_the_time_is_up_it_shows_how_far_it_came_and_goes_on_from_there(video, frames):
    with SeekableVideo(video, n_kept=2) as looked_at:
        first = looked_at.at(9.0, budget_s=0.0)
        assert not first.exact
        assert first.time_s < 9.0
        before = first.time_s
        for _ in range(1000):
            shown = looked_at.at(9.0, budget_s=0.0)
            assert shown.time_s >= before  # never back to the keyframe
            before = shown.time_s
            if shown.exact:
                break
        assert shown.exact
        assert shown.time_s == looked_at.at(9.0).time_s


def test_it_is_small_and_what_was_shown_last_is_kept(video):
    with SeekableVideo(video, longer_side=160, n_kept=3) as looked_at:
        shown = looked_at.at(1.0)
        assert shown.rgb.shape == (90, 160, 3)
        assert looked_at.at(1.0).rgb is shown.rgb
        for time_s in (2.0, 3.0, 4.0):
            looked_at.at(time_s)
        assert len(looked_at._kept) == 3


def test_images_and_folders_of_images(tmp_path):
    for number in range(4):
        Image.new("RGB", (20, 10), (60 * number, 0, 0)).save(tmp_path / f"f{number}.png")
    with SeekableVideo(tmp_path, sequence_fps=2.0) as looked_at:
        assert looked_at.at(1.2).rgb[0, 0, 0] == 120
        assert looked_at.at(0.1).rgb[0, 0, 0] == 0
        assert looked_at.at(99).rgb[0, 0, 0] == 180
    with SeekableVideo(tmp_path / "f3.png") as looked_at:
        assert looked_at.at(0.0).rgb[0, 0, 0] == 180
        assert looked_at.at(5.0).rgb.shape == (10, 20, 3)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(MissingInputError):
        SeekableVideo(tmp_path / "absent.mp4")


@pytest.mark.parametrize("cores", [1, 4, 16])
@pytest.mark.parametrize(
    ("suffix", "options"), [(".mp4", {"bf": "3"}), (".avi", {}), (".h264", {"bf": "2"}), (".ts", {})]
)
def test_whatever_the_file_and_the_decoder_the_frame_is_the_right_one(tmp_path, monkeypatch, suffix, options, cores):
    # Found by a reviewer: frames that were left out on the way made others pass for them.
    path = tmp_path / f"numbers{suffix}"
    codec = "mpeg4" if suffix == ".avi" else "libx264"
    fmt = {".h264": "h264", ".ts": "mpegts"}.get(suffix, suffix[1:])
    with av.open(str(path), "w", format=fmt) as container:
        stream = container.add_stream(codec, rate=25, options={"g": "60", **options})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for number in range(150):
            picture = np.zeros((64, 96, 3), np.uint8)
            for bit in range(8):
                if number >> bit & 1:
                    picture[:, 12 * bit : 12 * bit + 12] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    monkeypatch.setattr(file, "usable_cores", lambda: cores)
    choose = random.Random(1)
    with ContainerSource(str(path)) as source:
        times = [frame.time_s for frame in source.frames()]
    assert len(times) == 150
    with SeekableVideo(path, longer_side=0, n_kept=2) as looked_at:
        for _ in range(15):
            number = choose.randrange(150)
            shown = looked_at.at(times[number] + 0.01)
            bits = shown.rgb[:, :, 1].reshape(64, 8, 12).mean(axis=(0, 2)) > 127
            assert (int(bits @ (1 << np.arange(8))), shown.exact) == (number, True)


def test_a_file_that_goes_away_is_told_and_may_come_back(video, tmp_path):
    path = tmp_path / "here.mp4"
    path.write_bytes(video.read_bytes())
    with SeekableVideo(path) as looked_at:
        assert looked_at.at(1.0).exact
        looked_at._source.close()
        path.rename(tmp_path / "gone.mp4")
        for _ in range(2):
            with pytest.raises(UnreadableInputError):
                looked_at.at(8.0)
        (tmp_path / "gone.mp4").rename(path)
        assert looked_at.at(8.0).time_s == pytest.approx(8.0)


@pytest.fixture(scope="module")
def with_b_frames(tmp_path_factory):
    """A video of one keyframe whose frames are as bright as they are late; no other frame is made from half of them."""
    path = tmp_path_factory.mktemp("b") / "b.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"bf": "3", "g": "500", "sc_threshold": "0"})
        stream.width = stream.height = 64
        for i in range(200):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 30 + i, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_frames_that_no_other_needs_are_passed_over_on_the_way_to_a_moment(with_b_frames):
    with ContainerSource(str(with_b_frames)) as source:
        near = [frame.time_s for frame in source.decoded_near(6.02)]
        assert sum(time_s < 6.0 for time_s in near) < 110  # of 150
        assert [time_s for time_s in near if time_s >= 6.0] == pytest.approx(np.arange(150, 200) / 25)


def test_what_was_passed_over_is_shown_whenever_it_is_asked_for(with_b_frames):
    choose = random.Random(1)
    with SeekableVideo(with_b_frames, longer_side=0, n_kept=3) as video:
        for _ in range(150):
            time_s = choose.uniform(0, 8)
            # Often somebody turns round before the moment is reached.
            shown = video.at(time_s, budget_s=choose.choice([0.0, 0.001, 1e9]))
            if shown.exact:
                assert shown.time_s == pytest.approx(min(int(time_s * 25 + 1e-6), 199) / 25)
                assert abs(shown.rgb.mean() - 30 - round(25 * shown.time_s)) < 3
                assert video.after(shown.time_s).time_s == pytest.approx(min(shown.time_s + 0.04, 7.96))
