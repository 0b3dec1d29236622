"""Tiny videos with exact truth: every picture carries its own number, and its corners tell which way is up."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

#: Colours of the corners of an upright picture, RGB.
CORNERS = {"top_left": (220, 30, 30), "top_right": (30, 200, 30), "bottom_left": (40, 40, 220)}
_BITS = 12
_TIME_BASES = {".mkv": Fraction(1, 1000), ".webm": Fraction(1, 1000), ".gif": Fraction(1, 100)}


def regular_times(n: int, fps: float | Fraction, start_s: float = 0.0) -> list[float]:
    """Presentation times of a constant frame rate."""
    return [start_s + float(i / Fraction(fps)) for i in range(n)]


def numbered_picture(number: int, width: int = 96, height: int = 64) -> np.ndarray:
    """RGB uint8 (height, width, 3): grey, with coloured corners and ``number`` as a row of black and white blocks."""
    rgb = np.full((height, width, 3), 128, np.uint8)
    side = min(width, height) // 4
    rgb[:side, :side] = CORNERS["top_left"]
    rgb[:side, width - side :] = CORNERS["top_right"]
    rgb[height - side :, :side] = CORNERS["bottom_left"]
    edges = np.linspace(0, width, _BITS + 1).round().astype(int)
    for bit in range(_BITS):
        rgb[side + 2 : height - side - 2, edges[bit] : edges[bit + 1]] = 235 if number >> bit & 1 else 20
    return rgb


def read_number(rgb: np.ndarray) -> int:
    """Return the number in an upright picture that :func:`numbered_picture` made."""
    height, width = rgb.shape[:2]
    edges = np.linspace(0, width, _BITS + 1)
    centres = ((edges[:-1] + edges[1:]) / 2).astype(int)
    return sum(1 << bit for bit, x in enumerate(centres) if rgb[height // 2 - 1 : height // 2 + 2, x].mean() > 128)


def corner_colours(rgb: np.ndarray) -> dict[str, tuple[int, int, int]]:
    """Return the mean colours of three corners of a picture, RGB."""
    side = min(rgb.shape[:2]) // 8
    corners = {
        "top_left": rgb[:side, :side],
        "top_right": rgb[:side, -side:],
        "bottom_left": rgb[-side:, :side],
    }
    return {name: tuple(int(v) for v in part.reshape(-1, 3).mean(axis=0).round()) for name, part in corners.items()}


def is_upright(rgb: np.ndarray, tolerance: int = 25) -> bool:
    """Say whether the corners of a picture are where :func:`numbered_picture` put them."""
    found = corner_colours(rgb)
    return all(np.abs(np.subtract(found[name], colour)).max() <= tolerance for name, colour in CORNERS.items())


def write_video(
    path: Path,
    times: Sequence[float],
    *,
    pictures: Sequence[np.ndarray] | None = None,
    size: tuple[int, int] = (96, 64),
    rotation: int = 0,
    mirrored: bool = False,
    last_s: float | None = None,
    codec: str | None = None,
    pix_fmt: str = "yuv420p",
    b_frames: int = 0,
    keyframe_interval: int = 12,
    time_base: Fraction | None = None,
    sound: str | None = None,
    sound_from_s: float = 0.0,
    sound_to_s: float | None = None,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
) -> Path:
    """Write a video whose frames have exactly these presentation times; the container follows from the suffix.

    Parameters
    ----------
    path : pathlib.Path
    times : sequence of float
        Seconds; a first one above 0 is a late start. Rounded to the time base.
    pictures : sequence of arrays, optional
        RGB uint8 (H, W, 3), upright; numbered pictures of ``size`` (width, height) if None.
    rotation : int
        Clockwise turn that the metadata ask the player for; the stored picture is turned the other way.
    mirrored : bool
        The metadata also ask for a left-right flip after the turn.
    last_s : float, optional
        How long the last frame is shown; the usual interval if None.
    sound : str, optional
        Audio encoder (``"aac"``, ``"libmp3lame"``, ``"pcm_s16le"``, ...): a 1 kHz tone, from ``sound_from_s`` to
        ``sound_to_s`` seconds (the end of the video if None).
    """
    pictures = pictures or [numbered_picture(i, *size) for i in range(len(times))]
    stored = [_turned_back(picture, rotation, mirrored) for picture in pictures]
    steps = np.diff(times)
    last_s = last_s if last_s is not None else float(np.median(steps)) if len(steps) else 0.04
    time_base = time_base or _TIME_BASES.get(path.suffix, Fraction(1, 90000))
    ticks = [round(time / time_base) for time in [*times, times[-1] + last_s]]
    gif = path.suffix == ".gif"
    with av.open(str(path), "w", options=container_options or {}) as output:
        stream = output.add_stream(
            codec or ("gif" if gif else "libx264"),
            rate=Fraction(1 / (last_s or 0.04)).limit_denominator(1001),
            width=stored[0].shape[1],
            height=stored[0].shape[0],
            pix_fmt="rgb8" if gif else pix_fmt,
            time_base=time_base,
            options={} if gif else {"bf": str(b_frames), "g": str(keyframe_interval), **(options or {})},
        )
        if rotation or mirrored:
            stream.set_display_rotation(-rotation, hflip=mirrored)
        tone = output.add_stream(sound, rate=48000, layout="mono") if sound else None
        length_s = {ticks[i]: ticks[i + 1] - ticks[i] for i in range(len(times))}
        packets: list[av.Packet] = []
        for tick, picture in zip(ticks, stored, strict=False):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format=stream.pix_fmt)
            frame.pts, frame.time_base = tick, time_base
            packets += stream.encode(frame)
        packets += stream.encode(None)
        for packet in packets:
            packet.duration = length_s[packet.pts]
        if tone:
            packets += _tone(tone, sound_from_s, times[-1] + last_s if sound_to_s is None else sound_to_s)
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            output.mux_one(packet)
    return path


def _turned_back(picture: np.ndarray, rotation: int, mirrored: bool) -> np.ndarray:
    back = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}
    if mirrored:
        picture = picture[:, ::-1]
    return np.ascontiguousarray(cv2.rotate(picture, back[rotation]) if rotation else picture)


def _tone(stream: av.audio.stream.AudioStream, start_s: float, end_s: float) -> list[av.Packet]:
    rate, size = 48000, 1024
    packets: list[av.Packet] = []
    for first in range(round(start_s * rate), round(end_s * rate), size):
        wave = (8000 * np.sin(2 * np.pi * 1000 / rate * np.arange(first, first + size))).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, first, Fraction(1, rate)
        packets += stream.encode(frame)
    return packets + stream.encode(None)
