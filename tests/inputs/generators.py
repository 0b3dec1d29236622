"""One table of what people's devices write: a name, how to make it, and its truth."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image
from synth import numbered_picture, regular_times, write_video

N, FPS, SIZE = 20, 25, (192, 128)


@dataclass(frozen=True)
class Kind:
    """A kind of input.

    Attributes
    ----------
    name : str
    make : callable
        Writes one into a folder and returns its path.
    numbers : sequence of int
        The numbers in its pictures.
    times : sequence of float
        When they are shown, in seconds.
    tolerance_s : float
        How far its container rounds.
    clock_notes, has_note
        How often the clock note speaks of a beginning, and whether something was chosen or adapted.
    """

    name: str
    make: Callable[[Path], Path] = field(repr=False)
    numbers: Sequence[int] = range(N)
    times: Sequence[float] = tuple(regular_times(N, FPS))
    tolerance_s: float = 1e-3
    clock_notes: int = 0
    has_note: bool = False


def ffmpeg(*arguments: str | Path) -> None:
    """Run ffmpeg quietly; skip the test where it is not installed."""
    program = shutil.which("ffmpeg")
    if program is None:
        pytest.skip("ffmpeg is not installed")
    done = subprocess.run(
        [program, "-nostdin", "-v", "error", "-y", *map(str, arguments)], capture_output=True, text=True, timeout=120
    )
    if done.returncode:
        pytest.skip(f"this ffmpeg cannot make it: {done.stderr.strip().splitlines()[-1]}")


def master(folder: Path, n: int = N, fps: Fraction | int = FPS, size: tuple[int, int] = SIZE, first: int = 0) -> Path:
    """Write the numbered pictures without loss, and return the file."""
    path = folder / f"master-{first}.mkv"
    pictures = [numbered_picture(first + i, *size) for i in range(n)]
    time_base = Fraction(1, 1000)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=Fraction(fps), width=size[0], height=size[1], pix_fmt="bgr0")
        stream.time_base = time_base
        for picture, time_s in zip(pictures, regular_times(n, fps), strict=True):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="bgr0")
            frame.pts, frame.time_base = round(time_s / time_base), time_base
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def converted(name: str, *options: str, size: tuple[int, int] = SIZE, fps: Fraction | int = FPS, n: int = N):
    """Return what converts the numbered pictures with these options of ffmpeg."""

    def make(folder: Path) -> Path:
        out = folder / name
        ffmpeg("-r", str(fps), "-i", master(folder, n, fps, size), *options, out)
        return out

    return make


def written(name: str, times: Sequence[float] = tuple(regular_times(N, FPS)), **options):
    """Return what writes the numbered pictures at these times with PyAV."""
    return lambda folder: write_video(folder / name, times, size=SIZE, **options)


def remuxed(source: Path, out: Path, *, offset_s: float) -> Path:
    """Copy a file with its clock moved, as recorders do whose clock has run for a day."""
    ffmpeg("-i", source, "-c", "copy", "-output_ts_offset", str(offset_s), "-f", "mpegts", out)
    return out


def joined(folder: Path, n: int = 2, sound: str | None = None, suffix: str = ".ts") -> Path:
    """Write several files of two seconds and join them end to end, as ``cat`` does."""
    out = folder / f"joined{suffix}"
    with out.open("wb") as file:
        for part in range(n):
            pictures = [numbered_picture(50 * part + i) for i in range(50)]
            piece = folder / f"part-{part}{suffix}"
            write_video(piece, regular_times(50, 25), pictures=pictures, sound=sound)
            file.write(piece.read_bytes())
    return out


def joined_mp4(folder: Path, *options: str, sound: str | None = None, rotation: int = 0) -> Path:
    """Write two MP4 files of two seconds and join them end to end, as ``cat`` and some recorders do."""
    out = folder / "it's joined, twice.mp4"
    content = b""
    for part in range(2):
        piece, muxed = folder / f"part-{part}.mp4", folder / f"muxed-{part}.mp4"
        pictures = [numbered_picture(50 * part + i) for i in range(50)]
        write_video(piece, regular_times(50, 25), pictures=pictures, sound=sound, rotation=rotation)
        ffmpeg("-i", piece, "-c", "copy", *options, muxed)
        content += muxed.read_bytes()
    out.write_bytes(content)
    return out


def _box(kind: bytes, *parts: bytes, version: int | None = None, flags: int = 0) -> bytes:
    head = b"" if version is None else struct.pack(">I", version << 24 | flags)
    content = head + b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def tiled_heic(path: Path, picture: np.ndarray, side: int) -> Path:
    """Write a HEIC of square tiles, as phones do: a derived item ``grid`` (ISO/IEC 23008-12, 6.6.2.3).

    Each tile is coded by libheif as a file of its own; its parameters and data are then put together here.
    """
    rows, columns = -(-picture.shape[0] // side), -(-picture.shape[1] // side)
    padded = np.pad(picture, ((0, rows * side - picture.shape[0]), (0, columns * side - picture.shape[1]), (0, 0)))
    tiles, coding = [], b""
    for number in range(rows * columns):
        y, x = number // columns * side, number % columns * side
        one = io.BytesIO()
        pillow_heif.from_pillow(Image.fromarray(padded[y : y + side, x : x + side])).save(one, quality=90)
        content = one.getvalue()
        at = content.index(b"hvcC") - 4
        coding = content[at : at + int.from_bytes(content[at : at + 4], "big")]
        tiles.append(content[content.index(b"mdat") + 4 :])
    ids, grid_id = range(1, len(tiles) + 1), len(tiles) + 1
    size = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, picture.shape[1], picture.shape[0])
    items = [_box(b"infe", struct.pack(">HH4sB", i, 0, b"hvc1", 0), version=2, flags=1) for i in ids]
    items.append(_box(b"infe", struct.pack(">HH4sB", grid_id, 0, b"grid", 0), version=2))
    sizes = [
        _box(b"ispe", struct.pack(">II", side, side), version=0),
        _box(b"ispe", struct.pack(">II", picture.shape[1], picture.shape[0]), version=0),
    ]
    uses = b"".join(struct.pack(">HBBB", i, 2, 0x81, 2) for i in ids) + struct.pack(">HBB", grid_id, 1, 3)
    refers = _box(b"dimg", struct.pack(f">HH{len(tiles)}H", grid_id, len(tiles), *ids))

    def meta(first: int) -> bytes:
        places, at = b"", first
        for i, tile in zip(ids, tiles, strict=True):
            places += struct.pack(">HHHHII", i, 0, 0, 1, at, len(tile))
            at += len(tile)
        places += struct.pack(">HHHHII", grid_id, 1, 0, 1, 0, len(size))  # in the box of item data
        return _box(
            b"meta",
            _box(b"hdlr", struct.pack(">I4s12xB", 0, b"pict", 0), version=0),
            _box(b"pitm", struct.pack(">H", grid_id), version=0),
            _box(b"iinf", struct.pack(">H", len(items)), *items, version=0),
            _box(b"iref", refers, version=0),
            _box(b"iprp", _box(b"ipco", coding, *sizes),
                 _box(b"ipma", struct.pack(">I", len(tiles) + 1), uses, version=0)),
            _box(b"idat", size),
            _box(b"iloc", b"\x44\x00", struct.pack(">H", len(tiles) + 1), places, version=1),
            version=0,
        )  # fmt: skip

    head = _box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    first = len(head) + len(meta(0)) + 8
    path.write_bytes(head + meta(first) + _box(b"mdat", *tiles))
    return path


def with_streams(folder: Path, sizes: Sequence[tuple[int, int]], default: int | None) -> Path:
    """Write a file of several video streams, of which one, or none, is marked as the default."""
    inputs: list[str | Path] = []
    options: list[str | Path] = []
    for index, size in enumerate(sizes):
        part = folder / f"stream-{index}.mp4"
        write_video(part, regular_times(10, 25), size=size)
        inputs += ["-i", part]
        options += ["-map", f"{index}:v", f"-disposition:v:{index}", "default" if index == default else "0"]
    out = folder / "streams.mkv"
    ffmpeg(*inputs, *options, "-c", "copy", out)
    return out


def flat_video(
    path: Path,
    colours: Sequence[tuple[int, int, int]],
    size: tuple[int, int],
    *,
    matrix: int,
    transfer: int | None = None,
    primaries: int = 9,
    deep: bool = False,
) -> Path:
    """Write one frame of each colour, coded with a matrix (1: BT.709, 5: BT.601, 9: BT.2020).

    Its tags are left out unless a transfer function is given.
    """
    width, height = size
    kr, kb = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 9: (0.2627, 0.0593)}[matrix]
    pix_fmt, scale = ("yuv420p10le", 4) if deep else ("yuv420p", 1)
    options = {"qp": "0" if deep else "1", "preset": "ultrafast"}
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, width=width, height=height, pix_fmt=pix_fmt, options=options)
        if transfer is not None:
            context = stream.codec_context
            context.colorspace, context.color_primaries, context.color_trc, context.color_range = (
                matrix,
                primaries,
                transfer,
                1,
            )
        for index, colour in enumerate(colours):
            r, g, b = np.array(colour) / 255
            y = kr * r + (1 - kr - kb) * g + kb * b
            values = [16 + 219 * y, 128 + 112 * (b - y) / (1 - kb), 128 + 112 * (r - y) / (1 - kr)]
            frame = av.VideoFrame(width, height, pix_fmt)
            for plane, value in zip(frame.planes, values, strict=True):
                kind = np.uint16 if deep else np.uint8
                full = np.full(plane.buffer_size // np.dtype(kind).itemsize, round(value * scale), kind)
                plane.update(full.tobytes())
            frame.pts = index
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def _interlaced(folder: Path) -> Path:
    """Write MPEG-2, top field first, of a bar that moves between the fields."""
    source = folder / "fields.mkv"
    with av.open(str(source), "w") as output:
        stream = output.add_stream("ffv1", rate=50, width=SIZE[0], height=SIZE[1], pix_fmt="yuv420p")
        for index in range(2 * N):
            picture = numbered_picture(index // 2, *SIZE)
            picture[40:60] = 128
            x = 20 + 3 * index
            picture[40:60, x : x + 12] = 230
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")))
        output.mux(stream.encode(None))
    out = folder / "interlaced.mpg"
    weave = ("-vf", "tinterlace=interleave_top,fieldorder=tff", "-flags", "+ildct+ilme", "-r", "25", "-b:v", "4M")
    ffmpeg("-i", source, *weave, "-c:v", "mpeg2video", "-bf", "0", out)
    return out


def _playlist(folder: Path) -> Path:
    out = folder / "live.m3u8"
    ffmpeg(
        "-i", master(folder), "-c:v", "libx264", "-g", "5", "-f", "hls", "-hls_time", "0.2", "-hls_list_size", "0", out
    )
    return out


def _with_cover(folder: Path) -> Path:
    cv2.imwrite(str(folder / "cover.png"), np.full((400, 400, 3), 90, np.uint8))
    out = folder / "cover.mp4"
    video = write_video(folder / "plain.mp4", regular_times(N, FPS), size=SIZE)
    ffmpeg("-i", video, "-i", folder / "cover.png", "-map", "1", "-map", "0", "-c", "copy",
           "-disposition:v:0", "attached_pic", out)  # fmt: skip
    return out


def _images(folder: Path) -> Path:
    (folder / "frames").mkdir()
    for index in range(N):
        cv2.imwrite(str(folder / "frames" / f"img_{index}.jpg"), numbered_picture(index, *SIZE)[..., ::-1])
    return folder / "frames"


def _joined(folder: Path) -> Path:
    return joined(folder, n=2)


_H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "10", "-pix_fmt", "yuv420p")
_DV = (720, 576)
_SLOW = [i / 12.5 for i in range(N)]
_ODD = np.cumsum([0.0, *([0.033, 0.05, 0.02, 0.1] * 5)])[:N].tolist()
_AT_1 = [1 + i / FPS for i in range(N)]

KINDS = (
    Kind("phone mp4", written("a.mp4", b_frames=2)),
    Kind("phone mov, turned by 90", written("a.mov", rotation=90)),
    Kind("phone mov, turned by 180", written("a.mov", rotation=180)),
    Kind("phone mov, turned by 270", written("a.mov", rotation=270)),
    Kind("selfie camera, mirrored", written("a.mov", mirrored=True)),
    Kind("phone hevc, 10 bit", converted("a.mp4", "-c:v", "libx265", "-x265-params", "log-level=error:qp=10",
                                         "-pix_fmt", "yuv420p10le", "-tag:v", "hvc1")),
    Kind("variable rate of a phone", written("a.mp4", times=_ODD), times=_ODD),
    Kind("slow motion", written("a.mp4", times=_SLOW), times=_SLOW),
    Kind("late start", written("a.mp4", times=_AT_1), times=_AT_1),
    Kind("screen recording, webm vp8", converted("a.webm", "-c:v", "libvpx", "-b:v", "2M", "-deadline", "realtime"),
         tolerance_s=2e-3),
    Kind("conference recording, webm vp9", converted("a.webm", "-c:v", "libvpx-vp9", "-b:v", "2M", "-cpu-used", "8"),
         tolerance_s=2e-3),
    Kind("streaming software, mkv", converted("a.mkv", *_H264), tolerance_s=2e-3),
    Kind("streaming software, flv", converted("a.flv", *_H264, "-bf", "0"), tolerance_s=2e-3),
    Kind("f4v", converted("a.f4v", *_H264, "-bf", "0"), tolerance_s=2e-3),
    Kind("fragmented mp4", converted("a.mp4", *_H264, "-movflags", "frag_keyframe+empty_moov+default_base_moof")),
    Kind("index behind the pictures", converted("a.mp4", *_H264)),
    Kind("index before the pictures", converted("a.mp4", *_H264, "-movflags", "+faststart")),
    Kind("qt", converted("a.qt", *_H264, "-f", "mov")),
    Kind("m4v", converted("a.m4v", *_H264, "-f", "mp4")),
    Kind("old phone, 3gp h263", converted("a.3gp", "-c:v", "h263", "-b:v", "1M", size=(176, 144)), tolerance_s=0.02),
    Kind("old phone, 3g2", converted("a.3g2", *_H264)),
    Kind("avi divx", converted("a.divx", "-c:v", "mpeg4", "-vtag", "DIVX", "-q:v", "2", "-f", "avi")),
    Kind("avi xvid with packed frames", converted("a.avi", "-c:v", "mpeg4", "-q:v", "2", "-bf", "1"),
         tolerance_s=0.041),
    Kind("security camera, avi mjpeg", converted("a.avi", "-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p")),
    Kind("avi huffyuv", converted("a.avi", "-c:v", "huffyuv")),
    Kind("avi uncompressed", converted("a.avi", "-c:v", "rawvideo", "-pix_fmt", "bgr24")),
    Kind("old camera, mov mjpeg", converted("a.mov", "-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj422p")),
    Kind("editing, prores", converted("a.mov", "-c:v", "prores_ks", "-profile:v", "3")),
    Kind("editing, animation codec", converted("a.mov", "-c:v", "qtrle")),
    Kind("camcorder, mts", converted("a.mts", *_H264, "-f", "mpegts", "-mpegts_m2ts_mode", "1"),
         times=[1.4 + i / FPS for i in range(N)], tolerance_s=0.2),
    Kind("television, mpeg-2 ts", converted("a.ts", "-c:v", "mpeg2video", "-q:v", "2", "-bf", "0"),
         times=[1.4 + i / FPS for i in range(N)], tolerance_s=0.2),
    Kind("dvd, vob", converted("a.vob", "-c:v", "mpeg2video", "-q:v", "2", "-bf", "0"),
         times=[0.5 + i / FPS for i in range(N)], tolerance_s=0.2),
    Kind("camcorder, mod", converted("a.mod", "-c:v", "mpeg2video", "-q:v", "2", "-bf", "0", "-f", "mpeg"),
         times=[0.5 + i / FPS for i in range(N)], tolerance_s=0.2),
    Kind("mpeg-1", converted("a.mpg", "-c:v", "mpeg1video", "-q:v", "2", "-bf", "0"),
         times=[0.5 + i / FPS for i in range(N)], tolerance_s=0.2),
    Kind("camcorder, dv", converted("a.dv", "-c:v", "dvvideo", "-pix_fmt", "yuv420p", size=_DV)),
    Kind("windows media", converted("a.wmv", "-c:v", "wmv2", "-q:v", "2"), tolerance_s=2e-3),
    Kind("asf", converted("a.asf", "-c:v", "msmpeg4", "-q:v", "2"), tolerance_s=2e-3),
    Kind("ogg theora", converted("a.ogv", "-c:v", "libtheora", "-q:v", "9")),
    Kind("broadcast, mxf", converted("a.mxf", "-c:v", "mpeg2video", "-q:v", "2", "-bf", "0")),
    Kind("raw h264", converted("a.h264", *_H264, "-bf", "0")),
    Kind("raw hevc", converted("a.h265", "-c:v", "libx265", "-x265-params", "log-level=error:qp=10:bframes=0")),
    Kind("raw mpeg-2", converted("a.m2v", "-c:v", "mpeg2video", "-q:v", "2", "-bf", "0"), tolerance_s=0.041),
    Kind("raw mjpeg", converted("a.mjpeg", "-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p")),
    Kind("ivf", converted("a.ivf", "-c:v", "libvpx", "-b:v", "2M")),
    Kind("y4m", converted("a.y4m", "-pix_fmt", "yuv420p")),
    Kind("gif", written("a.gif"), tolerance_s=5e-3),
    Kind("timelapse, one a second", written("a.mp4", times=list(range(N))), times=list(range(N))),
    Kind("action camera, 120 a second", written("a.mp4", times=regular_times(N, 120)), times=regular_times(N, 120)),
    Kind("television rate", written("a.mp4", times=regular_times(N, Fraction(30000, 1001))),
         times=regular_times(N, Fraction(30000, 1001))),
    Kind("full range", converted("a.mp4", *_H264[:-1], "yuvj420p")),
    Kind("4:4:4", converted("a.mp4", *_H264[:-1], "yuv444p")),
    Kind("4:2:2, 10 bit", converted("a.mov", *_H264[:-1], "yuv422p10le")),
    Kind("every frame a keyframe", written("a.mp4", keyframe_interval=1)),
    Kind("with a cover picture first", _with_cover),
    Kind("a playlist on the disk", _playlist, tolerance_s=2.0),
    Kind("a folder of photos", _images),
    Kind("joined end to end", _joined, numbers=range(100), times=regular_times(100, 25), tolerance_s=1.5,
         clock_notes=1),
    Kind("interlaced", _interlaced, times=[0.5 + i / FPS for i in range(N)], tolerance_s=0.6),
)  # fmt: skip
