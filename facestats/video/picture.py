"""From a decoded frame to an upright RGB picture: size, turn, colours, fields, transparency."""

from __future__ import annotations

import threading
from fractions import Fraction

import av
import cv2
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from facestats.types import UInt8
from facestats.video.colour import has_alpha, is_wide, source_matrix, wide_to_rgb
from facestats.video.orientation import square_pixels, turned
from facestats.video.planes import Planes, colours_of


class Pictures:
    """Converts the frames of one video; full pictures may be asked for in several threads.

    Parameters
    ----------
    shape : fractions.Fraction or None
        Width of a pixel divided by its height.
    matrix : numpy.ndarray or None
        See :func:`facestats.video.orientation.display_matrix`.

    Examples
    --------
    >>> Pictures(None, None).size(av.VideoFrame(64, 36, "yuv420p"))
    (64, 36)
    """

    def __init__(self, shape: Fraction | None, matrix: np.ndarray | None) -> None:
        self._shape, self._matrix = shape, matrix
        # One for each size, or each would forget its tables whenever the other size is wanted; and full pictures are
        # asked for in several threads, where a shared one crashes.
        self._full, self._small = threading.local(), VideoReformatter()

    def size(self, frame: av.VideoFrame) -> tuple[int, int]:
        """Return width and height of a frame as it is shown, in pixels."""
        width, height = square_pixels(frame.width, frame.height, self._shape)
        return (height, width) if self._matrix is not None and self._matrix[0, 0] == 0 else (width, height)

    def full(self, frame: av.VideoFrame) -> UInt8:
        """Return the upright picture, uint8 (H, W, 3), RGB.

        Raises
        ------
        av.error.FFmpegError, ValueError
            If the frame cannot be converted.
        """
        rgb = self._coded(frame)
        if frame.interlaced_frame and is_combed(rgb):
            rgb = one_field(rgb)
        return self._upright(rgb)

    def planes(self, frame: av.VideoFrame) -> Planes | None:
        """Return a copy of the upright picture in the planes that it was coded in; None where only RGB will do."""
        colours = colours_of(frame)
        if colours is None or square_pixels(frame.width, frame.height, self._shape) != (frame.width, frame.height):
            return None
        return Planes.copy_of(frame, colours, self._matrix)

    def _coded(self, frame: av.VideoFrame) -> UInt8:
        """Return the picture in full size, with square pixels, as it lies in the file: not turned, both fields."""
        width, height = square_pixels(frame.width, frame.height, self._shape)
        # One thread: at these sizes more only cost time (0.09 against 0.11 ms at 640x360).
        reformatter = self._full.__dict__.setdefault("reformatter", VideoReformatter())
        if is_wide(frame):
            return over_white(wide_to_rgb(frame, reformatter, width, height))
        alpha = has_alpha(frame)
        picture = reformatter.reformat(
            frame, width, height, "rgba" if alpha else "rgb24", src_colorspace=source_matrix(frame), threads=1
        )
        return over_white(picture.to_ndarray()) if alpha else picture.to_ndarray()

    def _upright(self, rgb: UInt8) -> UInt8:
        return rgb if self._matrix is None else turned(rgb, self._matrix)

    def small(self, frame: av.VideoFrame, longer_side: int) -> UInt8:
        """Return the upright picture no larger than ``longer_side``, 0 for its own size, uint8 (h, w, 3), RGB.

        Its colours lie in planes: ffmpeg and networks both like them better than pixels.

        Raises
        ------
        av.error.FFmpegError, ValueError
            If the frame cannot be converted.
        """
        width, height = square_pixels(frame.width, frame.height, self._shape)
        scale = min(1.0, longer_side / max(width, height)) if longer_side else 1.0
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
        # Scaled field by field, combs would survive: what has some is made smaller afterwards.
        if frame.interlaced_frame and is_combed(coded := self._coded(frame)):
            return self._upright(cv2.resize(one_field(coded), (width, height), interpolation=cv2.INTER_AREA))
        if is_wide(frame):
            return self._upright(over_white(wide_to_rgb(frame, self._small, width, height)))
        return self._upright(self._planes(frame, width, height))

    def _planes(self, frame: av.VideoFrame, width: int, height: int) -> UInt8:
        alpha = has_alpha(frame)
        picture = self._small.reformat(
            frame,
            width,
            height,
            "gbrap" if alpha else "gbrp",
            src_colorspace=source_matrix(frame),
            interpolation=Interpolation.AREA,
            threads=1,
        )
        planes = np.empty((len(picture.planes), height, width), np.uint8)
        for channel, plane in zip((1, 2, 0, 3), picture.planes, strict=False):  # green, blue, red, perhaps alpha
            planes[channel] = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:height, :width]
        rgb = planes[:3].transpose(1, 2, 0)
        if alpha and planes[3].min() < 255:
            rgb = over_white(planes.transpose(1, 2, 0))
        return rgb


def over_white(rgba: UInt8) -> UInt8:
    """Lay a picture with transparency on white, as viewers show it; one without any is returned as it is.

    Parameters
    ----------
    rgba : numpy.ndarray
        uint8 (H, W, 4), straight (not premultiplied) alpha; or (H, W, 3).

    Returns
    -------
    numpy.ndarray
        uint8 (H, W, 3), RGB.

    Examples
    --------
    >>> over_white(np.array([[[200, 0, 0, 255], [200, 0, 0, 0]]], np.uint8)).tolist()
    [[[200, 0, 0], [255, 255, 255]]]
    """
    if rgba.shape[2] == 3:
        return rgba
    alpha = rgba[..., 3:]
    if alpha.min(initial=255) == 255:
        return np.ascontiguousarray(rgba[..., :3])
    weight = alpha.astype(np.uint16)
    return ((rgba[..., :3] * weight + 255 * (255 - weight) + 127) // 255).astype(np.uint8)


# A pixel belongs to a comb if it differs by so much, of 255, from both neighbours above and below, which are alike.
_COMB_STEP, _COMB_ALIKE = 24, 12
_COMB_BLOCK, _COMB_SHARE = 16, 0.2


def is_combed(rgb: UInt8) -> bool:
    """Say whether the two fields of a picture show different moments: somewhere every second line jumps.

    Many progressive videos are marked as interlaced; their lines are kept.

    Examples
    --------
    >>> combed = np.zeros((64, 64, 3), np.uint8); combed[::2] = 200
    >>> is_combed(combed), is_combed(np.zeros((64, 64, 3), np.uint8))
    (True, False)
    """
    green = rgb[..., 1].astype(np.int16)
    above, here, below = green[:-2], green[1:-1], green[2:]
    up, down = here - above, here - below
    jumps = (np.minimum(np.abs(up), np.abs(down)) > _COMB_STEP) & ((up > 0) == (down > 0))
    comb = jumps & (np.abs(above - below) < _COMB_ALIKE)
    share = cv2.blur(comb.astype(np.float32), (_COMB_BLOCK, _COMB_BLOCK))
    return bool(share.max(initial=0) > _COMB_SHARE)


def one_field(rgb: UInt8) -> UInt8:
    """Return a picture of which every second line is drawn anew from its neighbours: the upper field stays.

    Examples
    --------
    >>> combed = np.zeros((4, 2, 3), np.uint8); combed[1::2] = 200
    >>> int(one_field(combed).max())
    0
    """
    field = rgb.copy()
    upper = rgb[::2]
    n = len(rgb[1::2])
    lower = np.concatenate([upper[1:], upper[-1:]])[:n]
    field[1::2] = cv2.addWeighted(upper[:n], 0.5, lower, 0.5, 0)
    return field


def fitted(rgb: UInt8, width: int, height: int) -> UInt8:
    """Return a picture filled up with black at the right and bottom, so that places in it stay where they are.

    One that is too large is made smaller first; one of the very size is returned as it is.

    Examples
    --------
    >>> fitted(np.ones((1, 1, 3), np.uint8), 2, 1).tolist()
    [[[1, 1, 1], [0, 0, 0]]]
    """
    h, w = rgb.shape[:2]
    if (w, h) == (width, height):
        return rgb
    scale = min(width / w, height / h, 1.0)
    if scale < 1:
        rgb = cv2.resize(rgb, (max(1, round(w * scale)), max(1, round(h * scale))), interpolation=cv2.INTER_AREA)
        h, w = rgb.shape[:2]
    return cv2.copyMakeBorder(rgb, 0, height - h, 0, width - w, cv2.BORDER_CONSTANT, value=(0, 0, 0))
