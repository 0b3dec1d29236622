import av
import numpy as np
import pytest

from facestats.clips.cut import cut_clip
from facestats.errors import UnreadableInputError, UsageError
from facestats.video.file import ContainerSource
from facestats.video.writer import ClipWriter


@pytest.fixture(scope="module")
def video(demo_video):
    return demo_video.path


def test_a_cut_begins_at_0_and_shows_the_same_frames_with_their_sound(video, tmp_path):
    cut = cut_clip(video, tmp_path / "cut.mp4", start_s=4.0, end_s=6.5)
    with ContainerSource(str(video)) as whole, ContainerSource(str(cut)) as piece:
        expected = [frame for frame in whole.frames() if 4.0 <= frame.time_s < 6.5]
        found = list(piece.frames())
        assert [frame.time_s for frame in found] == pytest.approx([frame.time_s - 4.0 for frame in expected], abs=1e-4)
        for one, other in zip(found[::12], expected[::12], strict=True):
            assert np.abs(one.rgb.astype(int) - other.rgb.astype(int)).mean() < 4
    with av.open(str(cut)) as container:
        sound = container.streams.audio[0]
        assert float(sound.duration * sound.time_base) == pytest.approx(2.5, abs=0.06)
        assert float((sound.start_time or 0) * sound.time_base) == pytest.approx(0, abs=0.05)


def test_it_can_be_made_smaller(video, tmp_path):
    cut = cut_clip(video, tmp_path / "small.mp4", start_s=0.0, end_s=0.5, longer_side=160)
    with ContainerSource(str(cut)) as piece:
        assert (piece.info.width, piece.info.height) == (160, 90)


@pytest.mark.parametrize(("start_s", "end_s"), [(2.0, 2.0), (3.0, 1.0), (float("nan"), 1.0), (1e6, 1e6 + 1)])
def test_nothing_between_is_refused_and_leaves_nothing(video, tmp_path, start_s, end_s):
    with pytest.raises(UsageError, match=r"nothing (lies )?between"):
        cut_clip(video, tmp_path / "none.mp4", start_s=start_s, end_s=end_s)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"text")
    with pytest.raises(UnreadableInputError):
        cut_clip(tmp_path / "a.mp4", tmp_path / "b.mp4", start_s=0.0, end_s=1.0)


def test_a_cut_begins_with_what_is_on_show_and_lasts_to_its_end(tmp_path):
    slow = tmp_path / "slow.mp4"
    with ClipWriter(slow, width=64, height=48) as clip:
        for number in range(6):  # one frame a second
            clip.write(np.full((48, 64, 3), 40 * number, np.uint8), float(number))
    cut = cut_clip(slow, tmp_path / "cut.mp4", start_s=2.2, end_s=4.5)
    with ContainerSource(str(cut)) as piece:
        found = [(frame.time_s, round(float(frame.rgb.mean()) / 40)) for frame in piece.frames()]
        assert found == [(0.0, 2), (pytest.approx(0.8, abs=1e-3), 3), (pytest.approx(1.8, abs=1e-3), 4)]
        assert piece.end_s == pytest.approx(2.3, abs=1e-3)
    within = cut_clip(slow, tmp_path / "within.mp4", start_s=2.2, end_s=2.9)
    with ContainerSource(str(within)) as piece:
        assert [round(float(frame.rgb.mean()) / 40) for frame in piece.frames()] == [2]


def test_the_video_itself_is_never_overwritten_and_an_old_clip_is_no_success(video, tmp_path):
    before = video.read_bytes()
    with pytest.raises(UsageError, match="would overwrite"):
        cut_clip(video, video, start_s=0.0, end_s=1.0)
    assert video.read_bytes() == before
    old = tmp_path / "old.mp4"
    old.write_bytes(b"old")
    with pytest.raises(UsageError, match="nothing between"):
        cut_clip(video, old, start_s=100.0, end_s=101.0)
