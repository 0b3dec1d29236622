"""Renderings of heads in known poses: a portrait laid over the shape of a head, which is turned and drawn.

With them the error of :func:`facestats.classify.pose.head_pose` is measured, that of a detector's landmarks included. A
portrait is made symmetric first, so that straight is straight; how far its person looked up or down stays unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from facestats.classify.crops import similarity_transform
from facestats.classify.pose import turned_by
from facestats.types import UInt8

_TEXTURE = 320  # side of the symmetric picture, pixels
_EYES = 80.0  # distance between its eyes, pixels
_EYE_LINE = 0.42  # of its height
_CAMERA = 9.0  # distance of the camera, in distances between the eyes

# Half axes of the oval that the head fills, in distances between the eyes, and its middle below the line of the eyes.
_WIDE, _HIGH, _DEEP, _BELOW = 1.32, 1.75, 1.1, 0.1
_AMBIENT = 0.5  # light from everywhere, beside that from the camera
_FINER = 2  # points of the surface to a pixel of the picture


@dataclass(frozen=True)
class Head:
    """A head that can be drawn in any pose.

    Attributes
    ----------
    texture : numpy.ndarray
        uint8 (S, S, 3), RGB: the face, straight and symmetric.
    nose : float
        How far the tip of the nose stands out, in distances between the eyes.
    deep : float
        Depth of the head, 1 being usual.
    """

    texture: UInt8 = field(repr=False)
    nose: float = 0.4
    deep: float = 1.0


def make_head(rgb: UInt8, landmarks: np.ndarray, *, seed: int | None = None) -> Head:
    """Return a head that looks like a portrait.

    Parameters
    ----------
    rgb : numpy.ndarray
        uint8 (H, W, 3), RGB: somebody who looks straight into the camera, hair and chin included.
    landmarks : numpy.ndarray
        float (5, 2), in the order of :data:`facestats.types.LANDMARK_NAMES`.
    seed : int, optional
        Draws the nose and the depth, 12 % and 10 % about the usual ones; these by default.

    Examples
    --------
    >>> points = np.array([[40, 40], [60, 40], [50, 50], [42, 62], [58, 62]])
    >>> make_head(np.full((100, 100, 3), 99, np.uint8), points).texture.shape
    (320, 320, 3)
    """
    points = np.asarray(landmarks, np.float64)
    middle = _TEXTURE / 2
    # The mouth counts too: eyes alone would let a tilted head stay tilted.
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    distance = np.linalg.norm(points[1] - points[0])
    below = np.linalg.norm(mouth - eyes) / distance * _EYES
    y = _TEXTURE * _EYE_LINE
    target = np.array([[middle - _EYES / 2, y], [middle + _EYES / 2, y], [middle, y + below]])
    matrix = similarity_transform(np.vstack([points[:2], mouth]), target)
    straight = cv2.warpAffine(rgb, matrix, (_TEXTURE, _TEXTURE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    both = (straight.astype(np.uint16) + straight[:, ::-1]) // 2
    if seed is None:
        return Head(both.astype(np.uint8))
    random = np.random.default_rng(seed)
    nose, deep = np.clip(random.normal([0.4, 1.0], [0.05, 0.1]), [0.25, 0.7], [0.55, 1.3])
    return Head(both.astype(np.uint8), float(nose), float(deep))


def render_head(
    head: Head, yaw: float, pitch: float = 0.0, roll: float = 0.0, *, eyes_px: float = 40.0, side: int = 256
) -> UInt8:
    """Draw a head in a pose, before a plain background, uint8 (side, side, 3), RGB.

    Parameters
    ----------
    head : Head
    yaw, pitch, roll : float
        Degrees, see :func:`facestats.classify.pose.head_pose`.
    eyes_px : float
        Pixels between the eyes of a straight face.
    side : int
        Side of the picture in pixels.

    Examples
    --------
    >>> render_head(Head(np.full((320, 320, 3), 200, np.uint8)), 30, side=64, eyes_px=10).shape
    (64, 64, 3)
    """
    points, normals, colours = _surface(head)
    rotation = turned_by(np.array([yaw]), np.array([pitch]), np.array([roll]))[0]
    turned = points @ rotation.T
    # The portrait was lit from the camera, and so is the head: what turns away from it gets darker.
    light = np.clip(-(normals @ rotation.T)[:, 2], 0, 1) + _AMBIENT
    colours = np.clip(colours * (light / (np.clip(-normals[:, 2], 0, 1) + _AMBIENT))[:, None], 0, 255).astype(np.uint8)
    scale = eyes_px * _CAMERA / (_CAMERA + turned[:, 2])
    place = np.round(turned[:, :2] * scale[:, None] + side / 2).astype(int)
    inside = ((place >= 0) & (place < side)).all(axis=1)
    order = np.argsort(-turned[inside, 2], kind="stable")  # the nearest is drawn last
    place, colours = place[inside][order], colours[inside][order]
    picture = np.full((side, side, 3), 110, np.uint8)
    picture[place[:, 1], place[:, 0]] = colours
    drawn = np.zeros((side, side), np.uint8)
    drawn[place[:, 1], place[:, 0]] = 255
    # Single pixels that no point fell on.
    holes = cv2.morphologyEx(drawn, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)) > drawn
    picture[holes] = cv2.medianBlur(picture, 3)[holes]
    return cv2.GaussianBlur(picture, (0, 0), 0.6)


def _surface(head: Head) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the points of a head about one within it, their normals, float64 (N, 3), and colours, uint8 (N, 3)."""
    n = _TEXTURE * _FINER
    axis = (np.arange(n) + 0.5) / _FINER
    column, row = np.meshgrid(axis, axis)
    x, y = (column - _TEXTURE / 2) / _EYES, (row - _TEXTURE * _EYE_LINE) / _EYES
    left = 1 - (x / _WIDE) ** 2 - ((y - _BELOW) / _HIGH) ** 2
    z = _DEEP * head.deep * np.sqrt(np.maximum(left, 0))
    # The nose: a ridge from between the eyes to its tip, then a quick fall to the lip.
    along = np.where(y < 0.56, np.clip((y + 0.05) / 0.61, 0, 1) ** 1.3, np.exp(-(((y - 0.56) / 0.13) ** 2)))
    z = z + head.nose * along * np.exp(-((x / (0.13 + 0.07 * along)) ** 2))
    colours = cv2.remap(
        head.texture,
        (column - 0.5).astype(np.float32),
        (row - 0.5).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    seen = left > 0.01
    down, right = np.gradient(z, axis[1] / _EYES - axis[0] / _EYES)
    normals = np.dstack([-right, -down, -np.ones_like(z)])
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    points = np.column_stack([x[seen], y[seen], -z[seen]]) - [0.0, 0.45, -0.3]
    return points, normals[seen], colours[seen]
