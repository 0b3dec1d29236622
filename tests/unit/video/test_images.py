import struct

import numpy as np
import pytest
from PIL import Image
from synth import is_upright, numbered_picture, read_number

from facestats.errors import MissingInputError, UnreadableInputError, UsageError
from facestats.video import is_image, open_source, read_image

# How an upright picture must be stored so that each EXIF orientation brings it back.
STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}
TURNS = {1: 0, 2: 0, 3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}


def save(path, array, **options):
    Image.fromarray(np.ascontiguousarray(array)).save(path, **options)
    return path


def only_frame(path):
    with open_source(path) as source:
        (frame,) = source.frames(rate=10)
    return source, frame


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp", ".tiff", ".JPEG"])
def test_stills_are_one_frame_at_time_zero(tmp_path, suffix):
    path = save(tmp_path / f"a{suffix}", numbered_picture(37))
    source, frame = only_frame(path)
    assert (source.info.kind, source.info.width, source.info.height) == ("image", 96, 64)
    assert (frame.index, frame.time_s, source.n_decoded) == (0, 0.0, 1)
    assert is_upright(frame.rgb)
    assert read_number(frame.rgb) == 37
    assert source.damage is None
    assert is_image(str(path))


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_exif_orientation_is_applied(tmp_path, suffix, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / f"a{suffix}", STORED[orientation](numbered_picture(5)), exif=exif)
    source, frame = only_frame(path)
    assert is_upright(frame.rgb)
    assert source.info.rotation == TURNS[orientation]
    assert (source.info.width, source.info.height) == (96, 64)


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path):
    grey = np.linspace(0, 65535, 256).round().astype(np.uint16)[None].repeat(4, axis=0)
    for suffix in (".png", ".tif"):
        rgb = read_image(save(tmp_path / f"a{suffix}", grey)).rgb
        assert rgb.shape == (4, 256, 3)
        assert np.abs(rgb[0, :, 0].astype(int) - np.arange(256)).max() <= 1
        assert (rgb == rgb[..., :1]).all()


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "LA", "RGBA"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    Image.fromarray(numbered_picture(9)).convert(mode).save(path)
    rgb = read_image(path).rgb
    assert rgb.dtype == np.uint8
    assert rgb.shape == (64, 96, 3)
    assert read_number(rgb) == 9


def test_transparency_lies_on_white(tmp_path):
    rgba = np.zeros((2, 3, 4), np.uint8)
    rgba[0] = (200, 0, 0, 255)
    rgba[1] = (0, 0, 200, 0)
    rgb = read_image(save(tmp_path / "a.png", rgba)).rgb
    assert rgb.tolist() == [[[200, 0, 0]] * 3, [[255, 255, 255]] * 3]


def test_one_pixel_is_an_image(tmp_path):
    _, frame = only_frame(save(tmp_path / "a.png", np.array([[[1, 2, 3]]], np.uint8)))
    assert frame.rgb.tolist() == [[[1, 2, 3]]]


def test_a_hundred_million_pixels_are_read(tmp_path):
    path = tmp_path / "a.png"
    Image.new("L", (12000, 9000), 7).save(path, compress_level=1)
    source, frame = only_frame(path)
    assert (source.info.width, source.info.height) == (12000, 9000)
    assert frame.rgb[8999, 11999].tolist() == [7, 7, 7]


def test_a_gif_is_a_still_only_if_it_does_not_move(tmp_path):
    pictures = [Image.fromarray(numbered_picture(i)) for i in range(3)]
    pictures[1].save(tmp_path / "still.gif")
    pictures[0].save(tmp_path / "moving.gif", save_all=True, append_images=pictures[1:], duration=100)
    source, frame = only_frame(tmp_path / "still.gif")
    assert source.info.kind == "image"
    assert read_number(frame.rgb) == 1
    with open_source(tmp_path / "moving.gif") as source:
        assert source.info.kind == "video"
        assert [round(frame.time_s, 3) for frame in source.frames()] == [0.0, 0.1, 0.2]


def test_an_animated_webp_gives_its_first_picture(tmp_path):
    pictures = [Image.fromarray(numbered_picture(i)) for i in (6, 7)]
    pictures[0].save(tmp_path / "a.webp", save_all=True, append_images=pictures[1:], duration=100, lossless=True)
    assert read_number(only_frame(tmp_path / "a.webp")[1].rgb) == 6


def test_a_frame_may_be_drawn_on(tmp_path):
    path = save(tmp_path / "a.png", numbered_picture(1))
    with open_source(path) as source:
        for frame in source.frames():
            frame.rgb[:] = 0
        (again,) = source.frames()
    assert read_number(again.rgb) == 1


def cut_png(path):
    save(path, np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    path.write_bytes(path.read_bytes()[:4000])


def huge_header(path):
    save(path, np.zeros((4, 4, 3), np.uint8))
    content = bytearray(path.read_bytes())
    content[16:24] = struct.pack(">II", 60000, 60000)
    path.write_bytes(content)


def floats(path):
    Image.fromarray(np.zeros((4, 4), np.float32)).save(path, format="TIFF")


@pytest.mark.parametrize(
    "make", [lambda p: p.write_bytes(b""), lambda p: p.write_text("hello"), cut_png, huge_header, floats]
)
def test_damaged_images_are_refused_in_one_line(tmp_path, capfd, make):
    path = tmp_path / "a.png"
    make(path)
    with pytest.raises(UnreadableInputError) as caught:
        open_source(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_folder_is_a_sequence_in_natural_order(tmp_path):
    for number in (1, 2, 10, 11):
        save(tmp_path / f"frame{number}.png", numbered_picture(number))
    (tmp_path / ".hidden.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("not an image")
    with open_source(tmp_path, sequence_fps=20) as source:
        frames = list(source.frames())
        assert (source.info.kind, source.info.n_frames_expected, source.info.fps) == ("sequence", 4, 20)
        assert source.info.duration_s == pytest.approx(0.2)
        assert [read_number(frame.rgb) for frame in source.frames(rate=10)] == [1, 10]
    assert [read_number(frame.rgb) for frame in frames] == [1, 2, 10, 11]
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.05, 0.1, 0.15])
    assert source.end_s == pytest.approx(0.2)
    assert source.damage is None


def test_bad_images_leave_a_gap_in_the_sequence(tmp_path):
    for number in range(6):
        save(tmp_path / f"{number}.png", numbered_picture(number))
    (tmp_path / "0.png").write_bytes(b"broken")
    save(tmp_path / "3.png", numbered_picture(3, 48, 32))
    with open_source(tmp_path) as source:
        frames = list(source.frames())
    assert [frame.index for frame in frames] == [1, 2, 4, 5] == [read_number(frame.rgb) for frame in frames]
    assert [frame.time_s for frame in frames] == pytest.approx([0.04, 0.08, 0.16, 0.2])
    assert source.n_decoded == 6
    assert "0.png" in source.damage
    assert "1 more" in source.damage


def test_impossible_sequences_are_refused(tmp_path):
    with pytest.raises(MissingInputError, match="no images"):
        open_source(tmp_path)
    (tmp_path / "a.png").write_bytes(b"broken")
    with pytest.raises(UnreadableInputError, match=r"none of the 1 images.*a\.png"):
        open_source(tmp_path)
    with pytest.raises(UsageError, match="positive"):
        open_source(tmp_path, sequence_fps=0)
