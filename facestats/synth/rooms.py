"""The rooms of synthetic videos: walls, and pillars before them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from facestats.types import UInt8


def _grain(rng: np.random.Generator, width: int, height: int, along: float, across: float) -> np.ndarray:
    """Return smooth noise, float32 (H, W, 1), mean 0 and deviation 1."""
    noise = cv2.GaussianBlur(rng.standard_normal((height, width)).astype(np.float32), (0, 0), along, sigmaY=across)
    return ((noise - noise.mean()) / noise.std())[..., None]


def room(rng: np.random.Generator, width: int, height: int) -> UInt8:
    """Return a wall with pictures and furniture in one light, uint8 (H, W, 3), RGB.

    Examples
    --------
    >>> room(np.random.default_rng(0), 96, 64).shape
    (64, 96, 3)
    """
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    colour = rng.uniform(70, 200) * rng.uniform(0.85, 1.15, 3)
    light = 1.1 - 0.35 * np.hypot(x - rng.uniform(0, 1), 0.8 * (y - rng.uniform(0, 0.5)))
    wall = colour * light[..., None] + 4 * _grain(rng, width, height, width / 25, width / 25)
    for _ in range(int(rng.integers(3, 8))):
        w, h = rng.uniform(0.06, 0.3) * width, rng.uniform(0.1, 0.4) * height
        left, top = rng.uniform(-0.1, 0.95) * width, rng.uniform(-0.1, 0.9) * height
        corners = tuple(int(v) for v in np.clip([left, top, left + w, top + h], 0, [width, height] * 2))
        piece = wall[corners[1] : corners[3], corners[0] : corners[2]]
        tint = rng.uniform(0.5, 1.4) * rng.uniform(0.85, 1.15, 3)
        if piece.size:  # it may lie outside
            piece[:] = np.clip(piece.mean() * tint, 10, 240)
    return np.clip(cv2.GaussianBlur(wall, (0, 0), 0.7), 0, 255).astype(np.uint8)


def pillars_before(
    rng: np.random.Generator, width: int, height: int, pillars: Sequence[tuple[float, float]]
) -> UInt8 | None:
    """Return what stands before everybody, uint8 (H, W, 4), RGB and alpha; None without pillars.

    Parameters
    ----------
    rng : numpy.random.Generator
        For the colours.
    width, height : int
        Of the picture, in pixels.
    pillars : sequence of (float, float)
        Left and right edge of each.

    Examples
    --------
    >>> pillars_before(np.random.default_rng(0), 96, 64, [(10, 20)])[..., 3].mean(axis=0).nonzero()[0].tolist()
    [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]
    """
    if not pillars:
        return None
    foreground = np.zeros((height, width, 4), np.uint8)
    for left, right in pillars:
        a, b = (int(np.clip(round(edge), 0, width)) for edge in (left, right))
        if b > a:
            shade = np.interp(np.arange(b - a), [0, 0.3 * (b - a), b - a], [0.8, 1.15, 0.6])
            colour = rng.uniform(60, 190) * rng.uniform(0.9, 1.1, 3)
            foreground[:, a:b, :3] = np.clip(colour * shade[:, None], 0, 255).astype(np.uint8)
            foreground[:, a:b, 3] = 255
    return foreground
