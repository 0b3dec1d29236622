import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import av
import numpy as np
import pytest
from synth import CORNERS, corner_colours, is_upright, numbered_picture, read_number, regular_times, write_video

from facestats.errors import MissingInputError, UnreadableInputError
from facestats.video import open_source

UNEVEN = np.cumsum([0, 0.04, 0.1, 0.033, 0.5, 0.02, 0.02, 0.3, 0.04, 0.04]).tolist()


def read_all(path, rate=0.0):
    with open_source(path) as source:
        frames = list(source.frames(rate))
    return source, frames


def noisy_pictures(n, width=160, height=120):
    """Pictures that do not compress, so that a cut through the file cuts through the video."""
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return [np.roll(noise, 5 * i, axis=1) // 2 + numbered_picture(i, width, height) // 2 for i in range(n)]


CONTAINERS = [
    ("constant.mp4", regular_times(50, 25), {}),
    ("ntsc.mp4", regular_times(60, Fraction(30000, 1001)), {}),
    ("variable.mp4", UNEVEN, {"last_s": 0.7}),
    ("variable.mkv", UNEVEN, {}),
    ("variable.webm", UNEVEN, {"codec": "libvpx"}),
    ("variable.gif", [round(time, 2) for time in UNEVEN], {}),
    ("late.mp4", regular_times(30, 25, start_s=1.5), {"b_frames": 2}),
    ("late.mkv", regular_times(30, 25, start_s=1.5), {"b_frames": 2}),
    ("reordered.mp4", regular_times(50, 25), {"b_frames": 3}),
    ("reordered.mkv", regular_times(50, 25), {"b_frames": 3}),
    ("late.ts", regular_times(50, 25, start_s=10), {"b_frames": 3}),
    ("h264.avi", regular_times(50, 25), {"time_base": Fraction(1, 25)}),
    ("mpeg4.avi", regular_times(50, 25), {"codec": "mpeg4", "time_base": Fraction(1, 25)}),
    ("bare.h264", regular_times(20, 25), {}),
]


@pytest.mark.parametrize(("name", "times", "options"), CONTAINERS)
def test_times_come_from_the_container(tmp_path, name, times, options):
    source, frames = read_all(write_video(tmp_path / name, times, **options))
    assert [frame.time_s for frame in frames] == pytest.approx(times, abs=1e-6)
    assert [frame.index for frame in frames] == list(range(len(times)))
    assert [read_number(frame.rgb) for frame in frames] == list(range(len(times)))
    assert source.n_decoded == len(times)
    assert source.damage is None


@pytest.mark.parametrize(("name", "times", "options"), CONTAINERS[:-1])
def test_times_are_those_of_ffprobe(tmp_path, name, times, options):
    program = shutil.which("ffprobe")
    if program is None:
        pytest.skip("ffprobe is not installed: apt-get install ffmpeg")
    path = write_video(tmp_path / name, times, **options)
    asked = ["-select_streams", "v:0", "-show_entries", "frame=best_effort_timestamp_time", "-of", "csv=p=0"]
    told = subprocess.run([program, "-v", "error", *asked, path], capture_output=True, text=True, check=True).stdout
    expected = [float(line.strip(",")) for line in told.split()]
    _, frames = read_all(path)
    assert [frame.time_s for frame in frames] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("b_frames", [0, 2])
def test_what_an_edit_list_cuts_off_is_not_shown(tmp_path, b_frames):
    # The first second is moved before zero, where the muxer cuts it off by an edit list: players begin with frame 25.
    whole, cut = write_video(tmp_path / "whole.mp4", regular_times(60, 25), b_frames=b_frames), tmp_path / "cut.mp4"
    with (
        av.open(str(whole)) as before,
        av.open(str(cut), "w", container_options={"avoid_negative_ts": "disabled"}) as after,
    ):
        stream = after.add_stream_from_template(before.streams.video[0])
        for packet in before.demux(video=0):
            if packet.dts is not None:
                earlier = round(1 / packet.time_base)
                packet.pts, packet.dts, packet.stream = packet.pts - earlier, packet.dts - earlier, stream
                after.mux(packet)
    source, frames = read_all(cut)
    assert [frame.time_s for frame in frames] == pytest.approx(regular_times(35, 25), abs=1e-6)
    assert [read_number(frame.rgb) for frame in frames] == list(range(25, 60))
    assert (source.damage, source.clock_note) == (None, None)


def test_a_video_without_timestamps_says_so(tmp_path):
    source, frames = read_all(write_video(tmp_path / "bare.h264", regular_times(20, 25)))
    assert source.clock_note == "no timestamps: times follow the nominal 25 frames/s"
    assert [frame.time_s for frame in frames] == pytest.approx(regular_times(20, 25))


@pytest.mark.parametrize("name", ["constant.mp4", "late.mkv", "uneven.gif"])
def test_a_clock_that_is_in_order_needs_no_note(tmp_path, name):
    times = [round(time, 2) for time in UNEVEN] if name == "uneven.gif" else regular_times(20, 25, start_s=0.4)
    source, _ = read_all(write_video(tmp_path / name, times))
    assert source.clock_note is None


def test_the_end_includes_the_last_frames_duration(tmp_path):
    source, _ = read_all(write_video(tmp_path / "a.mp4", UNEVEN, last_s=0.7))
    assert source.end_s == pytest.approx(UNEVEN[-1] + 0.7, abs=1e-6)
    assert source.last_time_s == pytest.approx(UNEVEN[-1], abs=1e-6)
    assert source.info.duration_s == pytest.approx(source.end_s, abs=1e-3)
    assert source.info.n_frames_expected == len(UNEVEN)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotated_videos_come_out_upright(tmp_path, suffix, rotation):
    source, frames = read_all(write_video(tmp_path / f"a{suffix}", regular_times(3, 25), rotation=rotation))
    assert source.info.rotation == rotation
    assert (source.info.width, source.info.height) == (96, 64) == frames[0].rgb.shape[1::-1]
    assert all(is_upright(frame.rgb) for frame in frames)
    assert frames[0].rgb.flags.c_contiguous


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_mirrored_videos_come_out_upright(tmp_path, rotation):
    path = write_video(tmp_path / "a.mp4", regular_times(3, 25), rotation=rotation, mirrored=True)
    source, frames = read_all(path)
    assert source.info.rotation == rotation
    assert is_upright(frames[0].rgb)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("odd.mkv", {"size": (97, 65), "codec": "ffv1"}),
        ("ten_bit.mp4", {"pix_fmt": "yuv420p10le"}),
        ("sixteen_bit.mkv", {"codec": "ffv1", "pix_fmt": "gbrp16le"}),
        ("alpha.mkv", {"codec": "ffv1", "pix_fmt": "bgra"}),
    ],
)
def test_pixel_formats_become_rgb(tmp_path, name, options):
    width, height = options.get("size", (96, 64))
    source, frames = read_all(write_video(tmp_path / name, regular_times(3, 25), **options))
    assert frames[0].rgb.shape == (height, width, 3)
    assert (source.info.width, source.info.height) == (width, height)
    assert is_upright(frames[2].rgb)
    assert read_number(frames[2].rgb) == 2


def test_grey_videos_become_rgb(tmp_path):
    _, frames = read_all(write_video(tmp_path / "a.mkv", regular_times(2, 25), codec="ffv1", pix_fmt="gray16le"))
    assert (frames[1].rgb == frames[1].rgb[..., :1]).all()
    assert read_number(frames[1].rgb) == 1


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_small_pictures_show_the_same_upright(tmp_path, rotation):
    with open_source(write_video(tmp_path / "a.mp4", regular_times(3, 25), rotation=rotation)) as source:
        for side, longer in ((48, 48), (0, 96), (4000, 96)):
            for frame in source.frames(small_side=side):
                assert max(frame.small.shape[:2]) == longer
                assert frame.size == (source.info.width, source.info.height) == frame.rgb.shape[1::-1]
                assert is_upright(np.ascontiguousarray(frame.small))
        assert np.abs(frame.small.astype(int) - frame.rgb).mean() < 1


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv420p10le", "yuv444p"])
def test_full_pictures_may_be_asked_for_in_several_threads(tmp_path, pix_fmt):
    """A converter that threads share crashes the process on every format that needs a buffer."""
    path = write_video(tmp_path / "a.mkv", regular_times(40, 25), codec="ffv1", pix_fmt=pix_fmt, size=(320, 240))
    with open_source(path) as source:
        frames = list(source.frames(small_side=100))
        with ThreadPoolExecutor(4) as pool:
            pictures = list(pool.map(lambda frame: frame.rgb, frames * 3))
    assert [read_number(picture) for picture in pictures] == list(range(40)) * 3


@pytest.mark.parametrize("alpha", [255, 90, 0])
def test_small_pictures_of_a_video_with_transparency_lie_on_white(tmp_path, alpha):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=25, width=96, height=64, pix_fmt="bgra")
        rgba = np.dstack([numbered_picture(3, 96, 64), np.full((64, 96), alpha, np.uint8)])
        output.mux(stream.encode(av.VideoFrame.from_ndarray(rgba, "rgba")))
        output.mux(stream.encode())
    with open_source(path) as source:
        for side in (0, 48):
            (frame,) = source.frames(small_side=side)
            assert frame.small.mean() == pytest.approx(frame.rgb.mean(), abs=1.5)
        assert (frame.rgb.min() == 255) == (alpha == 0)


def test_sampling_leaves_index_and_time_alone(tmp_path):
    path = write_video(tmp_path / "a.mp4", regular_times(100, 25))
    source, frames = read_all(path, rate=5)
    assert [frame.index for frame in frames] == list(range(0, 100, 5))
    assert [read_number(frame.rgb) for frame in frames] == list(range(0, 100, 5))
    assert source.n_decoded == 100


def test_a_file_can_be_read_again_and_left_half_way(tmp_path):
    with open_source(write_video(tmp_path / "a.mp4", regular_times(20, 25))) as source:
        for frame in source.frames():
            if frame.index == 7:
                break
        assert source.n_decoded == 8
        for _ in range(2):
            assert [read_number(frame.rgb) for frame in source.frames()] == list(range(20))
        assert source.damage is None
    source.close()


def test_frames_keep_their_own_size_where_it_changes_half_way(tmp_path):
    for name, size in (("a", (96, 64)), ("b", (192, 128))):
        write_video(tmp_path / f"{name}.h264", regular_times(5, 25), size=size)
    joined = tmp_path / "ab.h264"
    joined.write_bytes((tmp_path / "a.h264").read_bytes() + (tmp_path / "b.h264").read_bytes())
    source, frames = read_all(joined)
    assert [frame.rgb.shape for frame in frames] == [(64, 96, 3)] * 5 + [(128, 192, 3)] * 5
    assert [frame.size for frame in frames] == [(96, 64)] * 5 + [(192, 128)] * 5
    assert [read_number(frame.rgb) for frame in frames] == [*range(5), *range(5)]
    assert (source.tally.width, source.tally.height, source.tally.n_resized) == (192, 128, 1)
    assert "changes once" in source.tally.picture_note
    assert source.damage is None


@pytest.mark.parametrize("name", ["10:30 interview.mp4", "http:clip.mp4", "–ü%03d.mp4"])
def test_names_are_only_names(tmp_path, name):
    _, frames = read_all(write_video(tmp_path / "a.mp4", regular_times(3, 25)).rename(tmp_path / name))
    assert len(frames) == 3


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp4", {"container_options": {"movflags": "+faststart"}, "sound": "aac"}),
        ("a.mkv", {"sound": "aac", "b_frames": 2}),
        ("a.webm", {"codec": "libvpx"}),
        ("a.avi", {"codec": "mjpeg", "pix_fmt": "yuvj420p", "time_base": Fraction(1, 25)}),
        ("a.gif", {}),
    ],
)
def test_a_video_cut_off_half_way_is_read_as_far_as_it_goes(tmp_path, name, options):
    path = write_video(tmp_path / name, regular_times(60, 25), pictures=noisy_pictures(60), **options)
    assert read_all(path)[0].damage is None
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    source, frames = read_all(path)
    assert 3 < len(frames) < 45
    assert [frame.time_s for frame in frames] == pytest.approx(regular_times(len(frames), 25), abs=1e-6)
    assert "cut off" in source.damage
    assert "\n" not in source.damage


def test_a_transport_stream_cut_inside_a_packet_is_damaged(tmp_path):
    path = write_video(tmp_path / "a.ts", regular_times(60, 25), pictures=noisy_pictures(60))
    assert read_all(path)[0].damage is None
    path.write_bytes(path.read_bytes()[: 188 * 300 + 50])
    source, frames = read_all(path)
    assert 0 < len(frames) < 60
    assert "cut off" in source.damage


def test_damage_in_the_middle_is_passed_over(tmp_path):
    path = write_video(tmp_path / "a.mp4", regular_times(60, 25), pictures=noisy_pictures(60))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = np.random.default_rng(0).bytes(3000)
    path.write_bytes(content)
    source, frames = read_all(path)
    assert frames[-1].time_s == pytest.approx(59 / 25, abs=1e-6)
    assert len(frames) > 55
    assert "damaged after" in source.damage


def test_sound_that_outlasts_the_picture_is_no_damage(tmp_path):
    for name in ("a.mp4", "a.mkv"):
        path = write_video(tmp_path / name, regular_times(25, 25), sound="aac", sound_to_s=4.0)
        assert read_all(path)[0].damage is None


def music_with_cover(path):
    with av.open(str(path), "w") as output:
        sound = output.add_stream("libmp3lame", rate=48000, layout="mono")
        cover = output.add_stream("mjpeg", rate=1, width=64, height=64, pix_fmt="yuvj420p")
        cover.disposition = av.stream.Disposition.attached_pic
        picture = av.VideoFrame.from_ndarray(numbered_picture(0, 64, 64), "rgb24").reformat(format="yuvj420p")
        tone = av.AudioFrame.from_ndarray(np.zeros((1, 48000), np.int16), format="s16", layout="mono")
        tone.sample_rate = 48000
        for stream, frame in ((cover, picture), (sound, tone)):
            output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
    return path


def sound_only(path):
    with av.open(str(path), "w", format="mp4") as output:
        sound = output.add_stream("aac", rate=48000, layout="mono")
        tone = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.int16), format="s16", layout="mono")
        tone.sample_rate = 48000
        output.mux([*sound.encode(tone), *sound.encode(None)])
    return path


def cut_before_the_index(path):
    write_video(path, regular_times(30, 25))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def written(content):
    def write(path):
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize(
    ("name", "make", "says"),
    [
        ("empty.mp4", written(b""), "empty"),
        ("text.mp4", written(b"This is not a video.\n" * 200), "not a video"),
        ("zeros.mp4", written(bytes(20_000)), "not a video"),
        ("noise.mkv", written(np.random.default_rng(0).bytes(20_000)), "not a video"),
        ("subtitles.mp4", written(b"1\n00:00:01,000 --> 00:00:02,000\nhello\n\n" * 9), "no video"),
        ("coloured.txt", written(b"\x1b[31mhello\x1b[0m\n" * 200), "no video"),
        ("list.mp4", written(b"ffconcat version 1.0\nfile 'other.mp4'\n"), "cannot read"),
        ("sound.mp4", sound_only, "no video"),
        ("music.mp3", music_with_cover, "cover picture"),
        ("cut.mp4", cut_before_the_index, "cut off"),
    ],
)
def test_what_is_no_video_is_refused_in_one_line(tmp_path, capfd, name, make, says):
    path = make(tmp_path / name)
    with pytest.raises(UnreadableInputError, match=says) as caught:
        open_source(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_file_cut_inside_its_first_frame_is_refused(tmp_path):
    # Decoding such a stream all the same has crashed PyAV, with the whole process.
    path = write_video(tmp_path / "a.mp4", regular_times(5, 25), container_options={"movflags": "+faststart"})
    content = path.read_bytes()
    start = content.index(b"mdat")
    for length in (4, 5, 40, 200):
        path.write_bytes(content[: start + length])
        with pytest.raises(UnreadableInputError):
            open_source(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(MissingInputError, match=r"nowhere\.mp4"):
        open_source(tmp_path / "nowhere.mp4")


def test_colours_are_those_that_were_put_in(tmp_path):
    path = write_video(tmp_path / "a.mkv", [0.0], codec="ffv1", pix_fmt="bgra")
    _, frames = read_all(path)
    assert corner_colours(frames[0].rgb) == CORNERS


# What ffprobe prints for the real clips: frames, last best_effort_timestamp_time, duration.
REAL_CLIPS = {
    "WolfgangLanger_Pexels.mp4": (472, 19.644625, 19.685),
    "face-demographics-walking.gif": (35, 2.83, 2.91),
    "face-demographics-walking-and-pause.gif": (41, 3.33, 3.41),
    "face_noface.mov": (169, 6.360352, 6.402018),
}


@pytest.mark.parametrize("name", REAL_CLIPS)
def test_real_clips_agree_with_ffprobe(clips_folder, name):
    n, last_s, duration_s = REAL_CLIPS[name]
    with open_source(clips_folder / name) as source:
        times = [frame.time_s for frame in source.frames(rate=10)]
    assert source.n_decoded == n
    assert source.last_time_s == pytest.approx(last_s, abs=1e-6)
    assert source.info.duration_s == pytest.approx(duration_s, abs=1e-6)
    assert source.end_s == pytest.approx(duration_s, abs=2e-3)
    assert source.info.rotation == 0
    assert source.damage is None
    assert len(times) == pytest.approx(10 * duration_s, abs=7)


@pytest.mark.parametrize(("shape", "size"), [((2, 1), (192, 64)), ((1, 2), (96, 128)), ((1, 1), (96, 64))])
def test_oblong_pixels_are_shown_square(tmp_path, shape, size):
    plain = write_video(tmp_path / "plain.mp4", regular_times(5, 25))
    oblong = tmp_path / "oblong.mp4"
    with av.open(str(plain)) as source, av.open(str(oblong), "w") as output:
        stream = output.add_stream("libx264", rate=25, width=96, height=64, pix_fmt="yuv420p")
        stream.codec_context.sample_aspect_ratio = Fraction(*shape)
        for frame in source.decode(video=0):
            frame.pict_type = 0
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    with open_source(oblong) as source:
        frames = list(source.frames())
    assert (source.info.width, source.info.height) == size
    assert frames[0].rgb.shape == (size[1], size[0], 3)
    assert [read_number(frame.rgb) for frame in frames] == list(range(5))
