import random

import numpy as np
import pytest
from PIL import Image

from facestats.demo import render_demo
from facestats.errors import MissingInputError
from facestats.video.file import ContainerSource
from facestats.video.seeking import SeekableVideo


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return render_demo(tmp_path_factory.mktemp("seek")).path


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
