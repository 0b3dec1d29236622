import os
import subprocess
import sys

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synth import CORNERS, corner_colours, is_upright, numbered_picture, read_number, regular_times, write_video

from facestats.errors import OutputError
from facestats.video import ClipWriter, open_source

SIZE = {"width": 96, "height": 64}


def copy_of(source_path, path, **options):
    """Write every frame of a video to a clip, as the annotated clip is made."""
    with open_source(source_path) as source:
        size = {"width": source.info.width, "height": source.info.height}
        with ClipWriter(path, **size, audio_from=source_path, **options) as clip:
            for frame in source.frames():
                clip.write(frame.rgb, frame.time_s, source.end_s)
    return path


def read_back(path):
    with open_source(path) as source:
        frames = list(source.frames())
    assert source.damage is None
    return source, frames


def sound_of(path):
    """Codec, loudness above silence, and the times in seconds at which the sound starts and ends."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        frames = list(container.decode(stream))
        loud = np.concatenate([np.abs(frame.to_ndarray()).max(axis=0) for frame in frames]) > 0.01
        starts = [frame.time + np.arange(frame.samples) / frame.sample_rate for frame in frames]
        times = np.concatenate(starts)[loud]
        return stream.codec_context.codec.name, times[0], times[-1]


@settings(max_examples=15)
@given(
    start=st.sampled_from([0, 0.04, 1.4, 7.5, 4000]),
    steps=st.lists(st.floats(0.002, 2), min_size=1, max_size=12),
)
def test_times_and_the_last_duration_survive(tmp_path_factory, start, steps):
    path = tmp_path_factory.mktemp("clip") / "a.mp4"
    times = (start + np.cumsum([0, *steps[:-1]])).tolist()
    end_s = times[-1] + steps[-1]
    with ClipWriter(path, **SIZE, preset="ultrafast") as clip:
        for i, time_s in enumerate(times):
            clip.write(numbered_picture(i), time_s, end_s)
    source, frames = read_back(path)
    assert [frame.time_s for frame in frames] == pytest.approx(times, abs=1e-5)
    assert [read_number(frame.rgb) for frame in frames] == list(range(len(times)))
    assert source.end_s == pytest.approx(end_s, abs=2e-5)


def test_without_an_end_the_last_interval_is_repeated(tmp_path):
    with ClipWriter(tmp_path / "a.mp4", **SIZE) as clip:
        for time_s in (0, 0.1, 0.3):
            clip.write(numbered_picture(0), time_s)
    assert read_back(tmp_path / "a.mp4")[0].end_s == pytest.approx(0.5, abs=1e-5)


def test_colours_survive(tmp_path):
    with ClipWriter(tmp_path / "a.mp4", **SIZE, crf=10) as clip:
        clip.write(numbered_picture(3), 0)
    _, (frame,) = read_back(tmp_path / "a.mp4")
    found = corner_colours(frame.rgb)
    assert all(np.abs(np.subtract(found[name], CORNERS[name])).max() <= 6 for name in CORNERS)


def test_browsers_can_play_it(tmp_path):
    path = copy_of(write_video(tmp_path / "a.mkv", regular_times(30, 25), sound="ac3"), tmp_path / "clip.mp4")
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    with av.open(str(path)) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.codec.name, video.pix_fmt) == ("h264", "yuv420p")
        assert sound.codec_context.codec.name == "aac"
        assert not video.codec_context.has_b_frames


@pytest.mark.parametrize(("width", "height"), [(97, 65), (97, 64), (1, 1)])
def test_odd_sizes_grow_by_a_pixel(tmp_path, width, height):
    picture = numbered_picture(5, width, height)
    with ClipWriter(tmp_path / "a.mp4", width=width, height=height) as clip:
        clip.write(picture, 0)
    source, (frame,) = read_back(tmp_path / "a.mp4")
    assert (source.info.width, source.info.height) == (width + width % 2, height + height % 2)
    assert np.abs(frame.rgb[:height, :width].astype(int) - picture).mean() < 8
    if width > 1:
        assert is_upright(frame.rgb[:height, :width], tolerance=40)


@pytest.mark.parametrize(
    ("name", "sound", "codec"),
    [
        ("a.mp4", "aac", "aac"),
        ("a.ts", "aac", "aac"),
        ("a.mkv", "libmp3lame", "mp3"),
        ("a.mkv", "libopus", "opus"),
        ("a.mkv", "flac", "flac"),
        ("a.mkv", "ac3", "aac"),
        ("a.mov", "pcm_s16le", "aac"),
    ],
)
def test_sound_is_kept_and_in_step(tmp_path, name, sound, codec):
    # The tone starts in the middle of the video and ends before it does.
    path = write_video(
        tmp_path / name, regular_times(75, 25, start_s=2), sound=sound, sound_from_s=3.0, sound_to_s=4.5, b_frames=2
    )
    _, start_s, end_s = sound_of(path)
    clip = copy_of(path, tmp_path / "clip.mp4", preset="ultrafast")
    found, clip_start_s, clip_end_s = sound_of(clip)
    assert found.removesuffix("float").removeprefix("lib") == codec
    # Encoding anew smears the start of a tone over one block of 1024 samples.
    assert clip_start_s == pytest.approx(start_s, abs=0.001 if found.startswith(sound[:3]) else 0.025)
    assert clip_end_s == pytest.approx(end_s, abs=0.03)
    times = [frame.time_s for frame in read_back(clip)[1]]
    assert times == pytest.approx([frame.time_s for frame in read_back(path)[1]], abs=1e-5)


def test_a_silence_in_transcoded_sound_stays_as_long_as_it_was(tmp_path):
    with av.open(str(tmp_path / "gap.mkv"), "w") as output:
        video = output.add_stream("libx264", rate=25, width=96, height=64, pix_fmt="yuv420p")
        sound = output.add_stream("pcm_s16le", rate=48000, layout="mono")
        for i in range(100):
            output.mux(video.encode(av.VideoFrame.from_ndarray(numbered_picture(i), "rgb24")))
        for first in [*range(0, 48000, 1000), *range(144000, 192000, 1000)]:
            frame = av.AudioFrame.from_ndarray(np.full((1, 1000), 9000, np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts = 48000, first
            output.mux(sound.encode(frame))
        output.mux([*video.encode(None), *sound.encode(None)])
    clip = copy_of(tmp_path / "gap.mkv", tmp_path / "clip.mp4", preset="ultrafast")
    _, start_s, end_s = sound_of(clip)
    assert start_s == pytest.approx(0, abs=0.03)
    assert end_s == pytest.approx(4, abs=0.03)


def test_sound_of_another_file_or_none(tmp_path):
    (tmp_path / "text.txt").write_text("no sound in here")
    silent = write_video(tmp_path / "silent.mp4", regular_times(3, 25))
    for number, source in enumerate([silent, tmp_path / "text.txt", tmp_path / "absent.mp4", tmp_path]):
        path = tmp_path / f"clip{number}.mp4"
        with ClipWriter(path, **SIZE, audio_from=source) as clip:
            clip.write(numbered_picture(0), 0)
        with av.open(str(path)) as container:
            assert [stream.type for stream in container.streams] == ["video"]


def test_times_that_no_clip_can_hold_are_moved_as_little_as_possible(tmp_path):
    with ClipWriter(tmp_path / "a.mp4", **SIZE) as clip:
        for i, time_s in enumerate([-0.5, 0.1, 0.1, 0.05, 0.2]):
            clip.write(numbered_picture(i), time_s)
    _, frames = read_back(tmp_path / "a.mp4")
    assert [read_number(frame.rgb) for frame in frames] == list(range(5))
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.1, 0.1, 0.1, 0.2], abs=5e-5)


def test_an_error_leaves_nothing_behind(tmp_path):
    (tmp_path / "a.mp4").write_text("older")
    clip = ClipWriter(tmp_path / "a.mp4", **SIZE)
    with pytest.raises(ZeroDivisionError), clip:
        clip.write(numbered_picture(0), 1 / 0)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert (tmp_path / "a.mp4").read_text() == "older"


def test_the_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "new" / "folder" / "a.mp4"
    with ClipWriter(path, **SIZE) as clip:
        clip.write(numbered_picture(0), 0)
        assert not path.exists()
    assert [file.name for file in path.parent.iterdir()] == ["a.mp4"]
    clip.close()
    clip.discard()
    assert path.exists()


def test_without_frames_no_file_appears(tmp_path):
    with ClipWriter(tmp_path / "a.mp4", **SIZE):
        pass
    assert list(tmp_path.iterdir()) == []


def test_frames_of_another_size_are_refused(tmp_path):
    clip = ClipWriter(tmp_path / "a.mp4", **SIZE)
    with clip, pytest.raises(ValueError, match="96x64"):
        clip.write(numbered_picture(0, 64, 96), 0)


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(OutputError, match="cannot write") as caught:
        ClipWriter(tmp_path / "file" / "a.mp4", **SIZE)
    assert "\n" not in str(caught.value)
    clip = ClipWriter(tmp_path / "folder.mp4", **SIZE)
    clip.write(numbered_picture(0), 0)
    with pytest.raises(OutputError, match=r"folder\.mp4"):
        clip.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.mp4"]


@pytest.mark.skipif(os.name != "posix", reason="limits the size of files as POSIX does")
def test_a_full_disk_is_one_line(tmp_path):
    program = """
import resource, signal, sys
import numpy as np
from facestats.errors import OutputError
from facestats.video import ClipWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
noise = np.random.default_rng(0)
try:
    with ClipWriter(sys.argv[1], width=320, height=240, preset="ultrafast") as clip:
        for i in range(200):
            clip.write(noise.integers(0, 256, (240, 320, 3), np.uint8), i / 25)
except OutputError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a.mp4")], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith(f"cannot write {tmp_path / 'a.mp4'}")
    assert done.stdout.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_real_clip_keeps_its_times_and_its_late_sound(clips_folder, tmp_path):
    path = clips_folder / "face_noface.mov"
    clip = copy_of(path, tmp_path / "clip.mp4", preset="ultrafast")
    source, frames = read_back(clip)
    with open_source(path) as original:
        times = [frame.time_s for frame in original.frames()]
        assert [frame.time_s for frame in frames] == pytest.approx(times, abs=1e-5)
        assert source.end_s == pytest.approx(original.end_s, abs=2e-5)

    def sound_packets(file):
        with av.open(str(file)) as container:
            stream = container.streams.audio[0]
            return [
                float(packet.pts * packet.time_base)
                for packet in container.demux(stream)
                if packet.pts is not None and not packet.is_discard
            ]

    assert sound_packets(clip) == pytest.approx(sound_packets(path), abs=1e-4)
