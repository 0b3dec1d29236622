"""What people's cameras, phones and recorders write: each kind made here, and held against its truth."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pillow_heif
import pytest
from inputs.generators import (
    KINDS,
    converted,
    ffmpeg,
    flat_video,
    joined,
    joined_mp4,
    master,
    remuxed,
    tiled_heic,
    with_streams,
)
from PIL import Image
from synth import is_upright, numbered_picture, read_number, regular_times, write_video

from facestats.clips.cut import cut_clip
from facestats.errors import UnreadableInputError
from facestats.video import open_source
from facestats.video.joins import is_joined
from facestats.video.picture import is_combed
from facestats.video.seeking import SeekableVideo
from facestats.video.writer import ClipWriter


def read(path):
    with open_source(str(path)) as source:
        frames = list(source.frames())
        pictures = [frame.rgb for frame in frames]
    return source, frames, pictures


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_frame_of_every_kind_is_read_upright_at_its_time(tmp_path, kind):
    path = kind.make(tmp_path)
    source, frames, pictures = read(path)
    assert [read_number(rgb) for rgb in pictures] == list(kind.numbers)
    assert [frame.time_s for frame in frames] == pytest.approx(kind.times, abs=kind.tolerance_s)
    assert all(is_upright(rgb, tolerance=40) for rgb in pictures)
    assert source.damage is None
    assert (source.clock_note or "").count("begin") == kind.clock_notes
    assert (source.tally.picture_note is not None) == kind.has_note


def test_the_default_stream_is_analysed_and_the_others_are_told(tmp_path):
    path = with_streams(tmp_path, sizes=((64, 36), (192, 108)), default=1)
    source, _, pictures = read(path)
    assert pictures[0].shape == (108, 192, 3)
    assert source.tally.picture_note == "2 video streams: number 2 (192x108, marked as default) was analysed"


def test_without_a_default_the_largest_stream_is_analysed(tmp_path):
    path = with_streams(tmp_path, sizes=((64, 36), (192, 108), (96, 54)), default=None)
    source, _, pictures = read(path)
    assert pictures[0].shape == (108, 192, 3)
    assert "the largest" in source.tally.picture_note


def test_which_of_several_sounds_a_clip_gets_is_told(tmp_path):
    first = write_video(tmp_path / "a.mp4", regular_times(10, 25), sound="aac")
    path = tmp_path / "two.mkv"
    ffmpeg("-i", first, "-map", "0:v", "-map", "0:a", "-map", "0:a", "-c", "copy", "-disposition:a:0", "0",
           "-disposition:a:1", "default", "-metadata:s:a:1", "language=deu", path)  # fmt: skip
    assert read(path)[0].tally.picture_note == "2 sound streams: number 2 (deu, marked as default) goes into a clip"
    assert read(first)[0].tally.picture_note is None


@pytest.mark.parametrize("options", [(), ("-movflags", "+faststart"), ("-movflags", "frag_keyframe+empty_moov")])
def test_joined_mp4_files_are_read_whole_with_their_sound(tmp_path, options):
    path = joined_mp4(tmp_path, *options, sound="aac", rotation=90)
    source, frames, pictures = read(path)
    assert [read_number(rgb) for rgb in pictures] == list(range(100))
    assert [frame.time_s for frame in frames] == pytest.approx(regular_times(100, 25), abs=0.05)
    assert all(is_upright(rgb) for rgb in pictures)
    assert [frame.index for frame in frames if frame.after_join] == [50]
    assert "begins again once" in source.clock_note
    assert source.damage is None
    with SeekableVideo(path, longer_side=0) as video:
        for index in (80, 10, 55):
            assert read_number(video.at(frames[index].time_s + 0.001).rgb) == index
    cut_clip(path, tmp_path / "cut.mp4", start_s=1.5, end_s=3.0)
    with av.open(str(tmp_path / "cut.mp4")) as container:
        sound = container.streams.audio[0]
        assert float(sound.duration * sound.time_base) == pytest.approx(1.5, abs=0.1)


@pytest.mark.parametrize(("suffix", "codec"), [(".wmv", "wmv2"), (".flv", "flv1"), (".avi", "mpeg4")])
def test_joined_files_of_other_containers_are_read_whole(tmp_path, suffix, codec):
    content = b""
    for part in range(2):
        piece = tmp_path / f"part-{part}{suffix}"
        ffmpeg("-r", "25", "-i", master(tmp_path, 20, 25, first=20 * part), "-c:v", codec, "-q:v", "2", piece)
        content += piece.read_bytes()
    path = tmp_path / f"joined{suffix}"
    path.write_bytes(content)
    source, frames, pictures = read(path)
    assert [read_number(rgb) for rgb in pictures] == list(range(40))
    assert np.diff([frame.time_s for frame in frames]) == pytest.approx(0.04, abs=0.03)
    assert source.damage is None


def test_joined_mp4_files_of_which_the_last_is_cut_off_are_partial(tmp_path):
    path = joined_mp4(tmp_path)
    path.write_bytes(path.read_bytes()[:-2000])  # its index lies at its end
    source, frames, _ = read(path)
    assert len(frames) == 50
    assert source.damage is not None


def test_a_clock_that_begins_below_zero_begins_at_zero(tmp_path):
    write_video(tmp_path / "a.ts", regular_times(50, 25), sound="aac")
    path = remuxed(tmp_path / "a.ts", tmp_path / "w.ts", offset_s=95442.7)
    source, frames, _ = read(path)
    times = np.array([frame.time_s for frame in frames])
    assert times[0] >= 0
    assert np.diff(times) == pytest.approx(0.04, abs=1e-3)
    assert len(times) == 50
    assert source.end_s - times[0] == pytest.approx(2.0, abs=0.01)


def test_a_clip_of_joined_files_has_both_halves_and_their_sound(tmp_path):
    path = joined(tmp_path, n=2, sound="aac")
    source, frames, pictures = read(path)
    assert source.tally.n_joins == 1
    assert "begins again once" in source.clock_note
    assert [frame.after_join for frame in frames].index(True) == len(frames) // 2
    out = tmp_path / "clip.mp4"
    with ClipWriter(out, width=96, height=64, audio_from=path, audio_shift_s=source.shift_s) as clip:
        for frame, rgb in zip(frames, pictures, strict=True):
            clip.write(rgb, frame.time_s)
    with av.open(str(out)) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        assert float(video.duration * video.time_base) == pytest.approx(frames[-1].time_s - frames[0].time_s, abs=0.1)
        assert float(sound.duration * sound.time_base) == pytest.approx(4.0, abs=0.2)


def test_any_moment_of_joined_files_can_be_shown(tmp_path):
    path = joined(tmp_path, n=2)
    _, frames, pictures = read(path)
    with SeekableVideo(path, longer_side=0) as video:
        for index in (0, 30, 49, 51, 80, 99, 10):
            shown = video.at(frames[index].time_s + 0.001)
            assert read_number(shown.rgb) == read_number(pictures[index])


def test_a_size_that_changes_is_shown_undistorted_on_the_largest(tmp_path):
    for name, size in (("a", (96, 64)), ("b", (64, 96))):
        write_video(tmp_path / f"{name}.h264", regular_times(5, 25), size=size)
    path = tmp_path / "ab.h264"
    path.write_bytes((tmp_path / "a.h264").read_bytes() + (tmp_path / "b.h264").read_bytes())
    source, frames, _ = read(path)
    assert (source.tally.width, source.tally.height) == (96, 96)
    with SeekableVideo(path, longer_side=0, size=(96, 96)) as video:
        turned = video.at(frames[-1].time_s + 1e-3).rgb
    assert turned.shape == (96, 96, 3)
    assert is_upright(turned[:, :64])
    assert turned[:, 64:].max() == 0


@pytest.mark.parametrize(("size", "matrix"), [((1280, 720), 1), ((720, 576), 5), ((1920, 1080), 1)])
def test_colours_without_a_tag_are_those_of_players(tmp_path, size, matrix):
    colours = [(200, 30, 30), (30, 180, 40), (40, 50, 210), (190, 180, 40)]
    path = flat_video(tmp_path / "flat.mp4", colours, size, matrix=matrix)
    _, _, pictures = read(path)
    for rgb, colour in zip(pictures, colours, strict=True):
        assert np.abs(rgb.reshape(-1, 3).mean(axis=0) - colour).max() <= 3


@pytest.mark.parametrize(("transfer", "code"), [(16, 0.58), (18, 0.75)])
def test_diffuse_white_in_high_dynamic_range_is_a_light_grey(tmp_path, transfer, code):
    path = flat_video(
        tmp_path / "hdr.mp4", [(int(255 * code),) * 3], (320, 180), matrix=9, transfer=transfer, deep=True
    )
    _, _, pictures = read(path)
    level = pictures[0].reshape(-1, 3).mean(axis=0)
    # 203 cd/m2 in both systems; a browser shows it at about 190 of 255, leaving room for highlights.
    assert np.ptp(level) <= 2
    assert 175 < level.mean() < 205


def test_small_and_full_pictures_of_high_dynamic_range_agree(tmp_path):
    path = flat_video(tmp_path / "hdr.mp4", [(150, 90, 60)], (320, 180), matrix=9, transfer=16, deep=True)
    with open_source(str(path)) as source:
        frame = next(source.frames(small_side=160))
        assert frame.small.shape == (90, 160, 3)
        assert np.abs(frame.small.reshape(-1, 3).mean(0) - frame.rgb.reshape(-1, 3).mean(0)).max() <= 2


@pytest.mark.parametrize("primaries", [11, 12])
def test_white_and_grey_of_cinemas_and_phones_stay_without_a_tint(tmp_path, primaries):
    colours = [(255, 255, 255), (120, 120, 120), (200, 60, 60)]
    path = flat_video(tmp_path / "p3.mp4", colours, (320, 180), matrix=1, transfer=1, primaries=primaries)
    _, _, pictures = read(path)
    white, grey, red = (rgb.reshape(-1, 3).mean(axis=0) for rgb in pictures)
    assert white.min() >= 252
    assert np.ptp(grey) <= 2
    assert red[0] > 205  # the same numbers mean a stronger red than in BT.709
    assert red[1] < 58


@pytest.mark.parametrize("small_side", [None, 32])
def test_wide_gamut_with_transparency_lies_on_white(tmp_path, small_side):
    path = tmp_path / "overlay.mov"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("prores_ks", rate=25, width=64, height=64, pix_fmt="yuva444p10le")
        stream.codec_context.options = {"profile": "4444"}
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc = 1, 12, 1
        rgba = np.zeros((64, 64, 4), np.uint8)
        rgba[:, :32] = (90, 90, 90, 255)
        output.mux(stream.encode(av.VideoFrame.from_ndarray(rgba, "rgba").reformat(format="yuva444p10le")))
        output.mux(stream.encode(None))
    with open_source(str(path)) as source:
        frame = next(source.frames(small_side=small_side))
        rgb = frame.rgb if small_side is None else frame.small
    half = rgb.shape[1] // 2
    assert rgb[:, half + 4 :].min() >= 250
    assert np.abs(rgb[:, : half - 4].astype(int) - 90).max() <= 4


def test_an_encrypted_video_is_called_encrypted(tmp_path):
    path = tmp_path / "drm.mp4"
    write_video(path, regular_times(5, 25))
    path.write_bytes(path.read_bytes().replace(b"avc1", b"encv"))
    with pytest.raises(UnreadableInputError, match="is encrypted") as caught:
        open_source(str(path))
    assert "\n" not in str(caught.value)


def test_interlaced_motion_leaves_no_comb(tmp_path):
    path = KINDS_BY_NAME["interlaced"].make(tmp_path)
    _, _, pictures = read(path)
    for rgb in pictures:
        rows = rgb[:, :, 1].astype(int)
        combed = np.abs(rows[1:-1] - (rows[:-2] + rows[2:]) // 2).mean()
        assert combed < 12


KINDS_BY_NAME = {kind.name: kind for kind in KINDS}


def test_small_pictures_of_interlaced_motion_leave_no_comb_either(tmp_path):
    path = KINDS_BY_NAME["interlaced"].make(tmp_path)
    with open_source(str(path)) as source:
        assert not any(is_combed(frame.small) for frame in source.frames(small_side=0))


def test_a_cut_behind_a_join_has_its_sound(tmp_path):
    path, out = joined(tmp_path, n=3, sound="aac"), tmp_path / "cut.mp4"
    with open_source(str(path)) as source:
        first_s = next(source.frames()).time_s
    cut_clip(path, out, start_s=first_s + 4.5, end_s=first_s + 5.5)
    with av.open(str(out)) as container:
        sound = container.streams.audio[0]
        assert float(sound.duration * sound.time_base) == pytest.approx(1.0, abs=0.1)


def test_joined_matroska_files_are_read_whole_and_shown_right(tmp_path):
    path = joined(tmp_path, n=2, suffix=".mkv")
    _, frames, pictures = read(path)
    assert np.diff([frame.time_s for frame in frames]).min() > 0
    with SeekableVideo(path, longer_side=0) as video:
        for index in (10, 60, 90):
            assert read_number(video.at(frames[index].time_s + 0.001).rgb) == read_number(pictures[index])
    one = write_video(tmp_path / "one.mkv", regular_times(10, 25))
    assert not is_joined(one)
    content = bytearray(one.read_bytes())
    at = content.index(b"\x18\x53\x80\x67")
    for damage in (content[: at + 4], content[: at + 4] + bytes(1) + content[at + 5 :], content[:5]):
        one.write_bytes(damage)
        assert not is_joined(one)


def test_the_sound_of_a_slide_show_with_b_frames_stays_in_step(tmp_path):
    path = write_video(tmp_path / "slides.mp4", [float(i) for i in range(12)], b_frames=3, sound="aac")
    out = tmp_path / "clip.mp4"
    source, frames, pictures = read(path)
    with ClipWriter(out, width=96, height=64, audio_from=path, audio_shift_s=source.shift_s) as clip:
        for frame, rgb in zip(frames, pictures, strict=True):
            clip.write(rgb, frame.time_s)
    with av.open(str(out)) as container:
        packets = [packet for packet in container.demux(audio=0) if packet.pts is not None]
        times = [float(packet.pts * packet.time_base) for packet in packets]
    assert times[-1] == pytest.approx(12.0, abs=0.1)
    assert np.diff(times).max() < 0.1


def test_a_title_that_speaks_of_encryption_is_no_encryption(tmp_path):
    plain, titled = write_video(tmp_path / "a.mp4", regular_times(5, 25)), tmp_path / "b.mp4"
    ffmpeg("-i", plain, "-c", "copy", "-metadata", "title=My encv drmi", titled)
    assert len(read(titled)[1]) == 5


def test_side_data_that_the_library_does_not_know_is_passed_over(tmp_path):
    image = Image.fromarray(np.rot90(numbered_picture(5, 96, 64)).copy())
    exif = image.getexif()
    exif[0x112] = 6
    for suffix in (".jfif", ".jpe", ".mjpg"):
        path = tmp_path / f"turned{suffix}"
        image.save(path, "JPEG", exif=exif, quality=95)
        source, _, pictures = read(path)
        assert read_number(pictures[0]) == 5
        assert source.info.rotation == 90


@pytest.mark.parametrize("suffix", [".heic", ".avif"])
def test_heic_and_avif_are_stills(tmp_path, suffix):
    pillow_heif.register_heif_opener()
    path = tmp_path / f"phone{suffix}"
    Image.fromarray(numbered_picture(77, 1920, 1280)).save(path, quality=80)
    source, frames, pictures = read(path)
    assert source.info.kind == "image"
    assert len(frames) == 1
    assert pictures[0].shape == (1280, 1920, 3)
    assert read_number(pictures[0]) == 77


@pytest.mark.parametrize("suffix", [".heic", ".avif"])
def test_damaged_pixels_of_a_phone_picture_are_refused_in_words(tmp_path, suffix):
    rng, path = np.random.default_rng(1), tmp_path / f"damaged{suffix}"
    pillow_heif.register_heif_opener()
    Image.fromarray(rng.integers(0, 256, (64, 96, 3)).astype(np.uint8)).save(path, quality=95)
    content = path.read_bytes()
    start = content.rindex(b"mdat") + 4
    path.write_bytes(content[:start] + rng.bytes(len(content) - start))
    with pytest.raises(UnreadableInputError, match="cannot read the image"):
        open_source(str(path))


def test_a_heic_of_tiles_is_one_picture(tmp_path):
    source, frames, pictures = read(tiled_heic(tmp_path / "phone.heic", numbered_picture(78, 1000, 700), side=256))
    assert source.info.kind == "image"
    assert len(frames) == 1
    assert pictures[0].shape == (700, 1000, 3)
    assert read_number(pictures[0]) == 78
    assert is_upright(pictures[0])


@pytest.mark.parametrize(("name", "options"), [("a.tiff", {}), ("a.apng", {"format": "PNG"}), ("a.webp", {})])
def test_files_of_several_pictures_say_what_was_taken(tmp_path, name, options):
    pictures = [Image.fromarray(numbered_picture(number)) for number in (3, 4, 5)]
    pictures[0].save(tmp_path / name, save_all=True, append_images=pictures[1:], **options)
    source, _, read_pictures = read(tmp_path / name)
    assert read_number(read_pictures[0]) == 3
    assert source.tally.picture_note == "3 pictures in the file: the first one was analysed"


def test_a_picture_with_a_profile_of_its_own_comes_out_in_srgb(tmp_path):
    from PIL import ImageCms

    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path / "a.png"
    Image.new("RGB", (32, 32), (120, 60, 30)).save(path, icc_profile=lab)
    _, _, pictures = read(path)
    assert np.abs(pictures[0].reshape(-1, 3).mean(axis=0) - (120, 60, 30)).max() <= 2


@pytest.mark.parametrize(
    ("name", "options", "fps", "size"),
    [
        ("a.h264", ("-c:v", "libx264", "-bf", "0"), Fraction(24000, 1001), (192, 128)),
        ("a.dv", ("-c:v", "dvvideo", "-pix_fmt", "yuv420p"), 25, (720, 576)),
    ],
)
def test_raw_streams_and_dv_tell_their_own_rate(tmp_path, name, options, fps, size):
    path = converted(name, *options, fps=fps, size=size)(tmp_path)
    source, frames, _ = read(path)
    assert source.info.fps == pytest.approx(float(fps), abs=0.01)
    assert frames[-1].time_s == pytest.approx(19 / float(fps), abs=0.01)
