"""Painted things that detectors take for faces: captions and logos, dials and clocks, displays, knobs and wheels."""

from __future__ import annotations

import functools
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from facestats.types import UInt8

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_ROUND = "OQ0@8B6&9GDCaeo%QO0OS3R"  # what looks most like a face
_SIGNS = " .,:;-!?()/'\"+&%#"


@functools.cache
def _fonts() -> tuple[Path, ...]:
    # matplotlib's own: the same on every machine. The others it brings hold signs, not letters.
    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    return tuple(sorted(path for path in folder.glob("*.ttf") if path.stem.startswith(("DejaVuS", "STIXGeneral"))))


@functools.lru_cache(512)
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size)


def _word(rng: np.random.Generator, longest: int) -> str:
    letters = _ROUND if rng.random() < 0.3 else _LETTERS
    word = "".join(letters[int(i)] for i in rng.integers(len(letters), size=int(rng.integers(1, longest + 1))))
    style = rng.random()
    word = word.upper() if style < 0.4 else word.capitalize() if style < 0.6 else word
    return word + _SIGNS[int(rng.integers(len(_SIGNS)))] if rng.random() < 0.2 else word


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    kind = rng.random()
    if kind < 0.45:
        grey = int(rng.choice([rng.integers(0, 40), rng.integers(200, 256)]))
        return grey, grey, grey
    return tuple(int(value) for value in rng.integers(0, 256, 3))


def write_caption(image: UInt8, rng: np.random.Generator, region: tuple[int, int, int, int], height: int) -> UInt8:
    """Return a picture with lines of letters in a region, with or without a bar, an outline or a shadow.

    Parameters
    ----------
    image : numpy.ndarray
        uint8 (H, W, 3), RGB.
    rng : numpy.random.Generator
    region : tuple of int
        ``x1, y1, x2, y2``: where the letters may be.
    height : int
        Of a line, in pixels.

    Examples
    --------
    >>> write_caption(np.zeros((64, 64, 3), np.uint8), np.random.default_rng(0), (0, 0, 64, 64), 20).shape
    (64, 64, 3)
    """
    x1, y1, x2, y2 = region
    canvas = Image.fromarray(np.ascontiguousarray(image[y1:y2, x1:x2]))
    draw = ImageDraw.Draw(canvas)
    font = _font(_fonts()[int(rng.integers(len(_fonts())))], max(6, int(height * 0.8)))
    ink, paper = _colour(rng), _colour(rng)
    has_bar, outline = rng.random() < 0.4, int(rng.integers(1, 4)) if rng.random() < 0.3 else 0
    shadow = max(1, height // 12) if rng.random() < 0.3 else 0
    y = int(rng.integers(-height // 3, max(1, height // 2)))
    for _ in range(int(rng.integers(1, 4))):
        if y > y2 - y1:
            break
        x = int(rng.integers(-height // 2, max(1, (x2 - x1) // 2)))
        text = " ".join(_word(rng, 9) for _ in range(int(rng.integers(1, 6))))
        if rng.random() < 0.25:
            text = _word(rng, 3)
        if has_bar:
            draw.rectangle([0, y, x2 - x1, y + height], fill=paper)
        if shadow:
            draw.text((x + shadow, y + shadow), text, font=font, fill=paper)
        draw.text((x, y), text, font=font, fill=ink, stroke_width=outline, stroke_fill=paper)
        y += int(height * rng.uniform(1.0, 1.5))
    written = image.copy()
    share = 1.0 if rng.random() < 0.7 else float(rng.uniform(0.4, 0.9))  # fading in or out
    part = cv2.addWeighted(np.asarray(canvas), share, image[y1:y2, x1:x2], 1 - share, 0)
    written[y1:y2, x1:x2] = part
    return written


def letter(rng: np.random.Generator, side: int = 64) -> UInt8:
    """Return one large letter or two, or a digit, on a ground of one tone.

    Examples
    --------
    >>> letter(np.random.default_rng(0)).shape
    (64, 64, 3)
    """
    ground = np.full((side, side, 3), _colour(rng), np.uint8)
    canvas = Image.fromarray(ground)
    letters = _ROUND if rng.random() < 0.5 else _LETTERS
    text = "".join(letters[int(i)] for i in rng.integers(len(letters), size=int(rng.integers(1, 3))))
    font = _font(_fonts()[int(rng.integers(len(_fonts())))], int(side * rng.uniform(0.5, 1.2)))
    width = int(rng.integers(0, 4))
    ImageDraw.Draw(canvas).text(
        (side / 2, side / 2), text, font=font, anchor="mm", fill=_colour(rng), stroke_width=width,
        stroke_fill=_colour(rng),
    )  # fmt: skip
    return np.asarray(canvas).copy()


def dial(rng: np.random.Generator, side: int = 64) -> UInt8:
    """Return a clock, a gauge, a knob, a wheel, a loudspeaker or a button: rings, marks, spokes and hands.

    Examples
    --------
    >>> dial(np.random.default_rng(0)).shape
    (64, 64, 3)
    """
    painted = np.full((side, side, 3), _colour(rng), np.uint8)
    middle = (side // 2, side // 2)
    radius = side * rng.uniform(0.32, 0.48)
    flat = float(rng.uniform(0.6, 1.0)) if rng.random() < 0.4 else 1.0  # seen from the side
    for share in np.sort(rng.uniform(0.1, 1.0, int(rng.integers(1, 5))))[::-1]:
        axes = (max(1, round(radius * share * flat)), max(1, round(radius * share)))
        width = -1 if rng.random() < 0.6 else int(rng.integers(1, 4))
        cv2.ellipse(painted, middle, axes, 0, 0, 360, _colour(rng), width, cv2.LINE_AA)

    def at(angle: float, share: float) -> tuple[int, int]:
        return round(middle[0] + flat * radius * share * np.cos(angle)), round(
            middle[1] + radius * share * np.sin(angle)
        )

    marks = int(rng.choice([0, 4, 5, 6, 8, 12, 24]))
    inner, ink, width = rng.uniform(0.0, 0.9), _colour(rng), int(rng.integers(1, 4))
    for number in range(marks):
        angle = 2 * np.pi * number / marks + rng.uniform(0, 0.1)
        cv2.line(painted, at(angle, inner), at(angle, 0.95), ink, width, cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 4))):
        cv2.line(painted, middle, at(rng.uniform(0, 6.3), rng.uniform(0.4, 0.9)), _colour(rng), width, cv2.LINE_AA)
    if rng.random() < 0.3:
        for angle in np.arange(1, 13) * np.pi / 6:
            x, y = at(angle, 0.75)
            place = (x - side // 32, y + side // 32)
            cv2.putText(painted, str(rng.integers(1, 13)), place, cv2.FONT_HERSHEY_SIMPLEX, side / 160, ink, 1)
    if rng.random() < 0.5:  # shine
        shade = np.linspace(rng.uniform(0.4, 1), rng.uniform(0.8, 1.5), side, dtype=np.float32)
        shade = shade[:, None] if rng.random() < 0.5 else shade[None]
        painted = (painted * shade[..., None]).clip(0, 255).astype(np.uint8)
    return painted


_SEGMENTS = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")


def display(rng: np.random.Generator, side: int = 64) -> UInt8:
    """Return a display of glowing digits made of seven bars each, as of a radio or a clock.

    Examples
    --------
    >>> display(np.random.default_rng(0)).shape
    (64, 64, 3)
    """
    back = rng.uniform(0, 60, 3)
    glow = np.array([(255, 40, 30), (60, 255, 90), (90, 180, 255), (255, 200, 60), (230, 240, 255)])[rng.integers(5)]
    if rng.random() < 0.25:
        back, glow = np.array([170, 180, 160]) * rng.uniform(0.7, 1.2), rng.uniform(0, 60, 3)
    painted = np.full((side, side, 3), back.clip(0, 255), np.uint8)
    digits = int(rng.integers(1, 6))
    width = side * 0.9 / digits
    height, thick = min(side * 0.8, width * rng.uniform(1.4, 2.2)), max(1, round(width * rng.uniform(0.08, 0.2)))
    top = (side - height) / 2
    for number in range(digits):
        left = side * 0.05 + number * width
        right, low = left + width * 0.75, top + height
        half = top + height / 2
        bars = {
            "a": (left, top, right, top), "b": (right, top, right, half), "c": (right, half, right, low),
            "d": (left, low, right, low), "e": (left, half, left, low), "f": (left, top, left, half),
            "g": (left, half, right, half),
        }  # fmt: skip
        for name in _SEGMENTS[int(rng.integers(10))]:
            xa, ya, xb, yb = (round(float(value)) for value in bars[name])
            cv2.line(painted, (xa, ya), (xb, yb), glow.tolist(), thick, cv2.LINE_AA)
    if rng.random() < 0.6:
        painted = cv2.addWeighted(painted, 0.8, cv2.GaussianBlur(painted, (0, 0), side * 0.04), 0.7, 0)
    return painted
