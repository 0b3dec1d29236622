"""What hides a part of a face: masks, glasses, things in front of it; and what looks like a face but is none."""

from __future__ import annotations

import cv2
import numpy as np

from facestats.training.detector.teaching import Taught
from facestats.types import UInt8

_MASK_COLOURS = ((235, 235, 235), (170, 205, 225), (140, 190, 220), (30, 30, 32), (200, 215, 200))


def wear_mask(rng: np.random.Generator, face: Taught) -> UInt8:
    """Return the picture with a cloth mask over nose and mouth of its only face."""
    x1, y1, x2, y2 = face.boxes[0]
    eye_left, eye_right, nose, mouth_left, mouth_right = face.landmarks[0]
    down = (mouth_left + mouth_right) / 2 - (eye_left + eye_right) / 2
    across = eye_right - eye_left
    bridge = (eye_left + eye_right) / 2 + down * rng.uniform(0.25, 0.55)
    side = rng.uniform(0.75, 0.95)
    chin = (mouth_left + mouth_right) / 2 + down * rng.uniform(0.35, 0.65)
    outline = [
        bridge,
        nose + across * side + down * rng.uniform(-0.2, 0.1),
        mouth_right + across * 0.3 + down * 0.2,
        chin + across * 0.3,
        chin - across * 0.3,
        mouth_left - across * 0.3 + down * 0.2,
        nose - across * side + down * rng.uniform(-0.2, 0.1),
    ]
    colour = np.array(_MASK_COLOURS[rng.integers(len(_MASK_COLOURS))], np.float64)
    if rng.random() < 0.35:
        colour = rng.uniform(10, 245, 3)
    painted = face.image.copy()
    light = float(face.image[int(max(y1, 0)) : int(y2), int(max(x1, 0)) : int(x2)].mean()) / 140
    colour = (colour * np.clip(light, 0.4, 1.2)).clip(0, 255)
    cv2.fillPoly(painted, [np.round(np.array(outline) * 8).astype(np.int32)], colour.tolist(), cv2.LINE_AA, shift=3)
    folds = rng.normal(0, 6, (6, 1))
    shading = cv2.resize(folds.astype(np.float32), (painted.shape[1], painted.shape[0]), interpolation=cv2.INTER_CUBIC)
    changed = (painted != face.image).any(axis=2)
    shaded = (painted.astype(np.float32) + shading[..., None]).clip(0, 255).astype(np.uint8)
    return np.where(changed[..., None], shaded, painted)


def wear_glasses(rng: np.random.Generator, face: Taught) -> UInt8:
    """Return the picture with glasses over the eyes of its only face: dark ones, or rims."""
    eye_left, eye_right = face.landmarks[0][:2]
    apart = float(np.linalg.norm(eye_right - eye_left))
    if apart < 4:
        return face.image
    painted = face.image.copy()
    colour = rng.uniform(5, 70, 3).tolist()
    angle = float(np.degrees(np.arctan2(*(eye_right - eye_left)[::-1])))
    axes = (apart * rng.uniform(0.34, 0.46), apart * rng.uniform(0.24, 0.38))
    rim = -1 if rng.random() < 0.4 else max(1, round(apart * rng.uniform(0.03, 0.09)))
    for eye in (eye_left, eye_right):
        cv2.ellipse(painted, (tuple(map(float, eye)), (2 * axes[0], 2 * axes[1]), angle), colour, rim, cv2.LINE_AA)
    ends = [tuple(np.round(eye).astype(int).tolist()) for eye in (eye_left, eye_right)]
    cv2.line(painted, *ends, colour, max(1, round(apart * 0.06)), cv2.LINE_AA)
    return painted


def hold_before(rng: np.random.Generator, face: Taught, thing: UInt8) -> UInt8:
    """Return the picture with a piece of another one in front of a part of its only face: a quarter to nearly half."""
    x1, y1, x2, y2 = face.boxes[0]
    width, height = x2 - x1, y2 - y1
    share = rng.uniform(0.25, 0.45)
    painted = face.image.copy()
    rows, cols = painted.shape[:2]
    edge = rng.integers(4)
    left, top, right, bottom = 0, 0, cols, rows
    if edge == 0:
        right = int(x1 + width * share)
    elif edge == 1:
        left = int(x2 - width * share)
    elif edge == 2:
        top = int(y2 - height * share)
    else:
        bottom = int(y1 + height * min(share, 0.35))
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, cols), min(bottom, rows)
    if right - left > 2 and bottom - top > 2:
        painted[top:bottom, left:right] = cv2.resize(thing, (right - left, bottom - top))
    return painted


def scrambled(rng: np.random.Generator, image: UInt8, parts: int = 4) -> UInt8:
    """Return a picture cut into squares that are put together in another order: skin and hair, but no face."""
    side = min(image.shape[:2]) // parts
    squares = [
        image[row * side : (row + 1) * side, col * side : (col + 1) * side]
        for row in range(parts)
        for col in range(parts)
    ]
    order = rng.permutation(len(squares))
    turned = [np.rot90(squares[index], rng.integers(4)) for index in order]
    return np.vstack([np.hstack(turned[row * parts : (row + 1) * parts]) for row in range(parts)])


def mirrored_noise(rng: np.random.Generator, side: int = 48) -> UInt8:
    """Return a smooth random picture whose right half mirrors its left: symmetric as a face, without its features."""
    rows, cols = int(rng.integers(3, 8)), int(rng.integers(2, 4))
    light = rng.normal(0, rng.uniform(15, 60), (rows, cols, 1)) + rng.normal(0, 8, (rows, cols, 3))
    half = (rng.uniform(30, 220, 3) + light).clip(0, 255).astype(np.float32)
    whole = np.concatenate([half, half[:, ::-1]], axis=1)
    return cv2.resize(whole, (side, side), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)


def emblem(rng: np.random.Generator, side: int = 64) -> UInt8:
    """Return a badge, a crest or a logo: flat shapes or fine relief, mirrored, in few colours on a cloth of one."""
    colours = rng.uniform(0, 255, (4, 3))
    if rng.random() < 0.5:  # gold, silver and white on something dark
        gold = np.array([1.0, rng.uniform(0.7, 1.0), rng.uniform(0.2, 1.0)])
        colours[0] *= 0.3
        colours[1:] = rng.uniform(120, 255, (3, 1)) * gold
    painted = np.full((side, side, 3), colours[0], np.uint8)
    if rng.random() < 0.6:
        axes = (round(side * rng.uniform(0.3, 0.48)), round(side * rng.uniform(0.3, 0.48)))
        cv2.ellipse(painted, (side // 2, side // 2), axes, 0, 0, 360, colours[1].tolist(), -1, cv2.LINE_AA)
    if rng.random() < 0.5:
        return _relief(rng, painted, colours)
    for _ in range(rng.integers(3, 9)):
        corners = rng.uniform((0, 0.05), (0.55, 0.95), (int(rng.integers(3, 6)), 2)) * side
        colour = colours[rng.integers(4)].tolist()
        if rng.random() < 0.6:
            cv2.fillPoly(painted, [np.round(corners).astype(np.int32)], colour, cv2.LINE_AA)
        else:
            radius = round(side * rng.uniform(0.02, 0.12))
            cv2.circle(painted, tuple(np.round(corners[0]).astype(int).tolist()), radius, colour, -1, cv2.LINE_AA)
    painted[:, side // 2 :] = painted[:, : side // 2][:, ::-1]
    return painted


def _relief(rng: np.random.Generator, cloth: UInt8, colours: np.ndarray) -> UInt8:
    """Cover the middle of a cloth with mirrored blotches of three colours, like an eagle over a shield from afar."""
    side = cloth.shape[0]
    rows = int(rng.integers(6, 16))
    half = rng.normal(0, 1, (rows, max(2, rows // 2))).astype(np.float32)
    height = cv2.resize(np.concatenate([half, half[:, ::-1]], axis=1), (side, side), interpolation=cv2.INTER_CUBIC)
    height[:, side // 2 :] = height[:, : side // 2][:, ::-1]
    first, second = np.quantile(height, np.sort(rng.uniform(0.2, 0.85, 2)))
    painted = colours[1 + (height > first) + (height > second).astype(int)].astype(np.uint8)
    down, across = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    reach = 1 + rng.uniform(-0.5, 0.3) * np.maximum(down, 0)  # shields are narrow below
    inside = (np.abs(across) / (rng.uniform(0.5, 0.9) * reach)) ** 3 + (np.abs(down) / rng.uniform(0.6, 0.95)) ** 3 < 1
    badge = np.where(inside[..., None], painted, cloth)
    badge[:, side // 2 :] = badge[:, : side // 2][:, ::-1]
    return badge


def round_thing(rng: np.random.Generator, side: int = 64) -> UInt8:
    """Return a striped or ringed thing with shading as of a ball or a barrel."""
    down, across = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    angle, waves = rng.uniform(0, np.pi), rng.uniform(2, 14)
    along = np.hypot(down, across) if rng.random() < 0.4 else down * np.sin(angle) + across * np.cos(angle)
    pattern = np.sin(along * waves + rng.uniform(0, 6)) * rng.uniform(0, 50)
    shade = 1 - rng.uniform(0.1, 0.7) * (across**2 if rng.random() < 0.5 else across**2 + down**2)
    colour = rng.uniform(30, 220) * np.array([1.0, rng.uniform(0.6, 1.1), rng.uniform(0.4, 1.2)])
    grain = rng.normal(0, rng.uniform(0, 12), (side, side, 1))
    return ((colour + pattern[..., None] + grain) * shade[..., None]).clip(0, 255).astype(np.uint8)
