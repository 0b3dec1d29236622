"""People cut out of portraits, for synthetic videos."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facestats.errors import DataError
from facestats.types import UInt8


@dataclass(frozen=True)
class Portrait:
    """A person cut out of a picture.

    Attributes
    ----------
    name : str
        Who it is; stands in the truth's ``person`` column.
    rgba : numpy.ndarray
        uint8 (H, W, 4), RGB times alpha, and alpha.
    face : tuple of float
        ``x1, y1, x2, y2`` of the face in pixels of the cut-out: hairline to chin, without the ears, as face
        detectors draw it.
    labels : mapping
        What is known of the person (``gender``, ``age_min``, ...), for the table that comes with a video.
    """

    name: str
    rgba: UInt8 = field(repr=False)
    face: tuple[float, float, float, float]
    labels: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.rgba.dtype != np.uint8 or self.rgba.ndim != 3 or self.rgba.shape[2] != 4:
            raise ValueError(f"{self.name}: a cut-out must be uint8 (H, W, 4), got {self.rgba.dtype} {self.rgba.shape}")
        x1, y1, x2, y2 = self.face
        height, width = self.rgba.shape[:2]
        if not (0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height):
            raise ValueError(f"{self.name}: the face box {self.face} does not lie in the {width}x{height} cut-out")


def cut_out(
    name: str,
    rgb: UInt8,
    face: tuple[float, float, float, float],
    outline: Sequence[tuple[float, float]] | None = None,
    *,
    feather: float = 0.01,
) -> Portrait:
    """Cut a person out of a picture, with a soft edge.

    Parameters
    ----------
    name : str
        Who it is.
    rgb : numpy.ndarray
        uint8 (H, W, 3), RGB.
    face : tuple of float
        ``x1, y1, x2, y2`` of the face in pixels of the picture.
    outline : sequence of (x, y), optional
        The person's outline as a polygon in pixels; without it an oval around the head, hair included.
    feather : float
        Softness of the edge as a share of the face's height.

    Returns
    -------
    Portrait
        The cut-out, of the picture's size.

    Examples
    --------
    >>> picture = np.full((100, 80, 3), 200, np.uint8)
    >>> portrait = cut_out("someone", picture, (20, 30, 60, 80))
    >>> portrait.rgba[55, 40].tolist(), portrait.rgba[0, 0].tolist()
    ([200, 200, 200, 255], [0, 0, 0, 0])
    """
    x1, y1, x2, y2 = face
    if outline is None:
        angles = np.linspace(0, 2 * np.pi, 90, endpoint=False)
        # The oval reaches from above the hair to just below the chin.
        centre_x, centre_y = (x1 + x2) / 2, y1 + 0.42 * (y2 - y1)
        points = np.column_stack(
            [centre_x + 0.75 * (x2 - x1) * np.cos(angles), centre_y + 0.72 * (y2 - y1) * np.sin(angles)]
        )
    else:
        points = np.asarray(outline, np.float64)
    sigma = max(feather * (y2 - y1), 0.5)
    alpha = np.zeros(rgb.shape[:2], np.uint8)
    # OpenCV takes sub-pixel points as integers with `shift` binary places.
    cv2.fillPoly(alpha, [np.round(points * 16).astype(np.int32)], 255, lineType=cv2.LINE_AA, shift=4)
    soft = cv2.GaussianBlur(alpha, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE).astype(np.float32) / 255
    # The soft edge lies inside the outline, so that none of the old background shines through.
    soft = np.clip(2 * soft - 1, 0, 1)[..., None]
    rgba = np.concatenate([rgb * soft, 255 * soft], axis=2)
    return Portrait(name, np.round(rgba).astype(np.uint8), face)


# The two face boxes: CenterFace was run on each portrait shrunk to 18 face heights from 45 to 130 px, on a plain
# border; these are the medians (each edge varied by 2 to 6 px of the portrait), checked by eye on an enlarged grid:
# the chin is exact within 3 px, the upper edge is where the hairline would be under the hat and the fringe.
_HOPPER_FACE = (178.0, 116.0, 355.0, 333.0)
_COLLINS_FACE = (181.0, 61.0, 270.5, 179.5)

# The outlines were drawn by hand on a grid over the enlarged portraits.
# fmt: off
_HOPPER_OUTLINE = (
    (258, 23), (285, 28), (298, 37), (303, 41), (318, 45), (335, 55), (348, 70), (354, 86), (362, 86), (368, 95),
    (370, 110), (371, 140), (369, 165), (368, 182), (373, 188), (375, 200), (370, 220), (365, 240), (361, 255),
    (361, 268), (357, 285), (350, 298), (340, 307), (332, 312), (340, 322), (352, 332), (366, 340), (385, 348),
    (420, 365), (455, 374), (478, 384), (492, 393), (499, 410), (505, 430), (509, 450), (511, 480), (511, 599),
    (11, 599), (16, 555), (24, 500), (28, 440), (32, 425), (40, 402), (50, 386), (60, 380), (80, 369), (100, 363),
    (125, 359), (150, 349), (172, 341), (190, 329), (198, 318), (203, 311), (200, 302), (185, 293), (172, 283),
    (162, 272), (160, 262), (163, 250), (161, 235), (158, 220), (154, 205), (153, 195), (155, 185), (152, 165),
    (151, 140), (153, 110), (157, 99), (165, 91), (176, 84), (178, 72), (187, 60), (200, 50), (217, 42), (221, 36),
    (235, 27),
)
_COLLINS_OUTLINE = (
    (233, 16), (250, 20), (265, 27), (277, 33), (287, 43), (294, 58), (299, 72), (301, 88), (298, 102), (291, 115),
    (283, 123), (279, 130), (275, 134), (269, 136), (266, 136), (264, 145), (260, 153), (257, 160), (255, 174),
    (262, 179), (272, 187), (282, 197), (292, 211), (300, 227), (304, 238), (315, 242), (327, 250), (338, 263),
    (346, 282), (353, 300), (358, 325), (361, 348), (375, 346), (400, 345), (430, 350), (460, 368), (480, 395),
    (492, 430), (496, 470), (490, 511), (42, 511), (35, 495), (28, 470), (23, 430), (23, 400), (26, 365), (28, 340),
    (33, 325), (43, 300), (51, 272), (61, 251), (71, 237), (86, 229), (100, 217), (106, 212), (113, 205), (114, 188),
    (118, 187), (123, 180), (128, 172), (138, 163), (150, 156), (165, 151), (178, 149), (185, 150), (184, 145),
    (182, 133), (180, 131), (174, 127), (171, 121), (172, 116), (165, 112), (158, 103), (155, 95), (153, 75),
    (155, 62), (162, 52), (175, 42), (190, 33), (200, 26), (215, 18),
)
# fmt: on


def library_portraits() -> tuple[Portrait, Portrait]:
    """Return the two public-domain portraits that come with installed libraries, cut out head and shoulders.

    Rear admiral Grace Hopper (matplotlib's sample data) and the astronaut Eileen Collins (scikit-image's data); both
    are pictures by the United States government.

    Raises
    ------
    DataError
        If an installed library lacks its picture.

    Examples
    --------
    >>> [portrait.name for portrait in library_portraits()]
    ['Grace Hopper', 'Eileen Collins']
    """
    hopper = _library_picture("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")
    collins = _library_picture("skimage", "data/astronaut.png")
    return (
        cut_out("Grace Hopper", hopper, _HOPPER_FACE, _HOPPER_OUTLINE),
        cut_out("Eileen Collins", collins, _COLLINS_FACE, _COLLINS_OUTLINE),
    )


def _library_picture(package: str, relative: str) -> UInt8:
    spec = importlib.util.find_spec(package)  # found without running the package
    path = Path(spec.origin).parent / relative if spec is not None and spec.origin else Path(package) / relative
    bgr = cv2.imread(str(path)) if path.is_file() else None
    if bgr is None:
        source = {"skimage": "scikit-image"}.get(package, package)
        raise DataError(f"no picture {path}: install it again with `pip install --force-reinstall {source}`")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
