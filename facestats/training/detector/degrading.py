"""What cameras and codecs do to pictures."""

from __future__ import annotations

import cv2
import numpy as np

from facestats.types import UInt8


def degrade(image: UInt8, rng: np.random.Generator) -> UInt8:
    """Change light and colour, blur, add noise, compress: each sometimes.

    Parameters
    ----------
    image : numpy.ndarray
        uint8 (H, W, 3), RGB.
    rng : numpy.random.Generator

    Examples
    --------
    >>> degrade(np.full((32, 32, 3), 90, np.uint8), np.random.default_rng(0)).shape
    (32, 32, 3)
    """
    image = _relight(image, rng)
    kind = rng.random()
    if kind < 0.12:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.3))
    elif kind < 0.22:
        image = cv2.filter2D(image, -1, _motion(rng))
    elif kind < 0.36:
        height, width = image.shape[:2]
        factor = rng.uniform(1.2, 2.2)
        small = cv2.resize(image, (round(width / factor), round(height / factor)), interpolation=cv2.INTER_AREA)
        how = cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_LINEAR
        image = cv2.resize(small, (width, height), interpolation=how)
    if rng.random() < 0.25:
        noise = np.empty(image.shape, np.int16)
        cv2.setRNGSeed(int(rng.integers(2**31)))
        cv2.randn(noise, 0, rng.uniform(2, 14))
        image = cv2.add(image, noise, dtype=cv2.CV_8U)
    if rng.random() < 0.06:
        image = _few_colors(image, rng)
    if rng.random() < 0.08:
        image = _interlaced(image, rng)
    if rng.random() < 0.55:
        image = _compressed(image, int(rng.integers(18, 90)))
        if rng.random() < 0.15:  # once more, as cut and copied video is
            image = _compressed(image, int(rng.integers(15, 50)))
    return image


def _compressed(image: UInt8, quality: int) -> UInt8:
    encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(encoded, cv2.IMREAD_COLOR)  # the order of colours stays


def _interlaced(image: UInt8, rng: np.random.Generator) -> UInt8:
    """Shift every second line sideways, as two fields of a moving picture lie."""
    combed = image.copy()
    by = int(rng.integers(1, 4)) * int(rng.choice([-1, 1]))
    combed[::2] = np.roll(image[::2], by, axis=1)
    return combed


def _relight(image: UInt8, rng: np.random.Generator) -> UInt8:
    levels = np.arange(256, dtype=np.float32)
    table = np.stack([levels] * 3, axis=1)
    if rng.random() < 0.7:
        contrast, light = np.exp(rng.normal(0, 0.2)), rng.normal(0, 18)
        table = (table - 127) * contrast + 127 + light
    if rng.random() < 0.4:
        table = table * np.exp(rng.normal(0, 0.1, 3))
    if rng.random() < 0.25:
        table = 255 * (table.clip(0, 255) / 255) ** np.exp(rng.normal(0, 0.5))
    if rng.random() < 0.12:  # haze, a dirty lens, light from behind: all is nearly of one tone
        tone = rng.uniform(40, 210)
        table = tone + (table - tone) * np.exp(rng.uniform(np.log(0.25), np.log(0.8)))
    if rng.random() < 0.07:  # a stage, a club, a street at night
        table = table * rng.uniform(0.25, 0.6)
    elif rng.random() < 0.05:  # burnt out
        table = table * rng.uniform(1.4, 2.2)
    image = cv2.LUT(image, table.clip(0, 255).astype(np.uint8).reshape(1, 256, 3))
    if rng.random() < 0.15:
        image = _light_from_a_side(image, rng)
    kind = rng.random()
    if kind < 0.17:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        image = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB) if kind < 0.12 else _on_a_screen(grey, image, rng)
    return image


def _on_a_screen(grey: UInt8, image: UInt8, rng: np.random.Generator) -> UInt8:
    """Give a picture the false colours, and perhaps the lines, of a photographed screen."""
    dark, light = rng.uniform(0, 90, 3), rng.uniform(110, 255, 3)
    table = dark + (light - dark) * np.linspace(0, 1, 256)[:, None] ** rng.uniform(0.6, 1.5)
    toned = cv2.LUT(cv2.merge([grey] * 3), table.astype(np.uint8).reshape(1, 256, 3))
    image = cv2.addWeighted(toned, float(rng.uniform(0.5, 1)), image, float(rng.uniform(0, 0.5)), 0)
    if rng.random() < 0.6:
        step, depth = int(rng.integers(2, 5)), rng.uniform(0.7, 0.95)
        lines = np.ones(image.shape[:2], np.float32)
        lines[::step] = depth
        if rng.random() < 0.5:
            lines[:, ::step] *= depth
        image = cv2.multiply(image, cv2.merge([lines] * 3), dtype=cv2.CV_8U)
    return image


def _light_from_a_side(image: UInt8, rng: np.random.Generator) -> UInt8:
    height, width = image.shape[:2]
    angle = rng.uniform(0, 2 * np.pi)
    across = np.linspace(-0.5, 0.5, width, dtype=np.float32) * np.float32(np.cos(angle))
    down = np.linspace(-0.5, 0.5, height, dtype=np.float32) * np.float32(np.sin(angle))
    light = 1 + np.float32(rng.uniform(0.3, 1.2)) * (across[None] + down[:, None])
    return cv2.multiply(image, cv2.merge([light] * 3), dtype=cv2.CV_8U)


def _few_colors(image: UInt8, rng: np.random.Generator) -> UInt8:
    """Round to few levels after adding noise, which looks like the dithered palette of a GIF."""
    step = float(rng.uniform(12, 40))
    noise = np.empty(image.shape, np.float32)
    cv2.setRNGSeed(int(rng.integers(2**31)))
    cv2.randu(noise, -step / 2, step / 2)
    return (np.round((image + noise) / step) * step).clip(0, 255).astype(np.uint8)


def _motion(rng: np.random.Generator) -> np.ndarray:
    side = int(rng.integers(3, 11)) | 1
    line = np.zeros((side, side), np.float32)
    angle = rng.uniform(0, np.pi)
    reach = (side // 2) * np.array([np.cos(angle), np.sin(angle)])
    ends = [tuple(np.round(side // 2 + sign * reach).astype(int).tolist()) for sign in (-1, 1)]
    cv2.line(line, *ends, 1.0)
    return line / line.sum()
