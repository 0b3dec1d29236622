"""From a frame's own colours to RGB as a screen shows them: matrix, range, wide gamut, high dynamic range.

Everything that a file may say of its colours is settled here; no module after this one knows of it.
"""

from __future__ import annotations

from functools import cache

import av
import cv2
import numpy as np
from av.video.reformatter import ColorPrimaries, Colorspace, ColorTrc, Interpolation, VideoReformatter

from facestats.types import Float32, UInt8

#: Untagged pictures of so many lines or more are BT.709, smaller ones BT.601, as players assume.
HD_LINES = 720

#: Luminance of diffuse white in high dynamic range (ITU-R BT.2408), and of the brightest that is shown apart, cd/m2.
WHITE_NITS, PEAK_NITS = 203.0, 1000.0

_HIGH_RANGE = frozenset({ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67})
_UNSPECIFIED = 2  # in the colour tables of every video standard

# From linear RGB of these primaries to that of BT.709 (ITU-R BT.2087; SMPTE EG 432-1). The white of cinemas (SMPTE RP
# 431-2) is greenish beside D65, and is adapted to it as eyes do (Bradford), so that white stays white.
_FROM_BT2020 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
_FROM_P3 = np.array([[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]])
_FROM_DCI = np.array([[1.1575, -0.1550, -0.0026], [-0.0415, 1.0456, -0.0041], [-0.0181, -0.0786, 1.0966]])
_TO_BT709 = {
    ColorPrimaries.BT2020: _FROM_BT2020,
    ColorPrimaries.SMPTE431: _FROM_DCI,
    ColorPrimaries.SMPTE432: _FROM_P3,
}


def is_wide(frame: av.VideoFrame) -> bool:
    """Say whether a frame has a wide gamut or a high dynamic range, and must be mapped to what a screen shows.

    Examples
    --------
    >>> is_wide(av.VideoFrame(64, 36, "yuv420p"))
    False
    """
    return frame.color_trc in _HIGH_RANGE or frame.color_primaries in _TO_BT709


def has_alpha(frame: av.VideoFrame) -> bool:
    """Say whether parts of a frame may be transparent.

    Examples
    --------
    >>> has_alpha(av.VideoFrame(64, 36, "yuva420p"))
    True
    """
    return any(component.is_alpha for component in frame.format.components)


def source_matrix(frame: av.VideoFrame) -> Colorspace | None:
    """Return the matrix from Y'CbCr to R'G'B' of a frame that does not say which; None where it says so itself.

    Examples
    --------
    >>> source_matrix(av.VideoFrame(1280, 720, "yuv420p")).name, source_matrix(av.VideoFrame(64, 36, "yuv420p")).name
    ('ITU709', 'ITU601')
    """
    if frame.colorspace != _UNSPECIFIED or frame.format.is_rgb:
        return None
    return Colorspace.ITU709 if max(frame.height, frame.width * 9 // 16) >= HD_LINES else Colorspace.ITU601


def wide_to_rgb(frame: av.VideoFrame, reformatter: VideoReformatter, width: int, height: int) -> UInt8:
    """Return a frame of wide gamut or high dynamic range as a browser shows it on an ordinary screen.

    PQ (SMPTE ST 2084) and HLG (ARIB STD-B67, ITU-R BT.2100) become linear light, diffuse white at 203 cd/m2 is 1, the
    primaries become those of BT.709, highlights up to 1,000 cd/m2 are rolled off by the brightest of the three colours,
    which keeps the hue (as Chromium does), and the result is coded as sRGB.

    Parameters
    ----------
    frame : av.VideoFrame
    reformatter : av.video.reformatter.VideoReformatter
        Of this thread.
    width, height : int
        Of the result, in pixels.

    Returns
    -------
    numpy.ndarray
        uint8 (height, width, 3), RGB; (height, width, 4) with the alpha of a frame that has one.

    Examples
    --------
    >>> wide_to_rgb(frame, VideoReformatter(), 640, 360)  # doctest: +SKIP
    """
    matrix, area = source_matrix(frame), Interpolation.AREA
    layout = "rgba64le" if has_alpha(frame) else "rgb48le"
    deep = reformatter.reformat(
        frame, width, height, layout, src_colorspace=matrix, interpolation=area, threads=1
    ).to_ndarray()
    light = _linear(int(frame.color_trc))[deep[..., :3]]
    if frame.color_primaries in _TO_BT709:
        light = cv2.transform(light, _TO_BT709[ColorPrimaries(frame.color_primaries)].astype(np.float32))
        np.maximum(light, 0, out=light)
    if frame.color_trc in _HIGH_RANGE:
        brightest = light.max(axis=2, keepdims=True)
        most = PEAK_NITS / WHITE_NITS
        light *= (1 + brightest / most**2) / (1 + brightest)
    rgb = _coded()[(light.clip(0, 1) * _CODES + 0.5).astype(np.uint16)]
    return rgb if deep.shape[2] == 3 else np.dstack([rgb, (deep[..., 3] >> 8).astype(np.uint8)])


_CODES = 8191  # steps of linear light: the darkest ones are still told apart in eight bits


@cache
def _linear(transfer: int) -> Float32:
    """Return the linear light of every 16-bit code, float32 (65536,); 1 is diffuse white."""
    code = np.linspace(0, 1, 65536)
    if transfer == ColorTrc.SMPTE2084:
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        power = code ** (1 / m2)
        nits = 10000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
        light = nits / WHITE_NITS
    elif transfer == ColorTrc.ARIB_STD_B67:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
        # The system gamma of a display of 1,000 cd/m2, on each colour by itself; 75 % signal is diffuse white then.
        light = PEAK_NITS * scene**1.2 / WHITE_NITS
    elif transfer == ColorTrc.SMPTE428:  # of cinemas
        light = 52.37 / 48 * code**2.6
    else:
        light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)


@cache
def _coded() -> UInt8:
    """Return the sRGB code of every step of linear light, uint8 (8192,)."""
    light = np.linspace(0, 1, _CODES + 1)
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return (255 * code + 0.5).astype(np.uint8)
