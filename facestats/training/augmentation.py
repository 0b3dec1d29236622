"""Random changes to training faces: crop, turn, mirror, smallness, compression, blur, light, holes; blends of two."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch.nn import functional

# The landmarks of a small face in a video jitter by about as much.
_MAX_SHIFT = 0.06  # of the side
_MAX_ZOOM = 0.12
_MAX_TURN = 0.12  # radians

_SMALLEST_SIDE = 10  # pixels
_MAX_CONTRAST = 0.3
_MAX_BRIGHTNESS = 35.0  # of 255
_MAX_CAST = 0.08  # of each colour
_GREY_SHARE = 0.1
_HOLE_SIDES = (0.15, 0.45)  # of the side
_GREY = 127.5


@dataclass(frozen=True)
class Augmentation:
    """Which share of the faces is changed in which way, each in [0, 1], and by how much.

    Attributes
    ----------
    small : float
        Shrunk to 10 pixels or more and enlarged again.
    jpeg : float
        Compressed: a share of the small ones.
    compressed : float
        Compressed at their own size.
    qualities : tuple of int
        Of that JPEG compression, lowest and highest.
    stretch : float
        By how much a face is stretched or slanted, as landmarks that are off make it.
    side_light : float
        Lit from one side.
    blur : float
        Blurred along a line, as by motion.
    noise : float
        With noise of a sensor.
    hole : float
        Partly hidden by a rectangle.
    any_hole : bool
        Whether the rectangle may be of any grey, from a hand's shadow to the glare of glasses.
    """

    small: float = 0.15
    jpeg: float = 0.5
    compressed: float = 0.0
    qualities: tuple[int, int] = (15, 80)
    stretch: float = 0.0
    side_light: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    hole: float = 0.15
    any_hole: bool = False


#: Kinds of augmentation by name.
AUGMENTATIONS: Mapping[str, Augmentation] = {
    "mild": Augmentation(),
    "video": Augmentation(
        small=0.25,
        compressed=0.1,
        qualities=(12, 80),
        stretch=0.05,
        side_light=0.25,
        blur=0.1,
        noise=0.1,
        hole=0.2,
        any_hole=True,
    ),
    # Who somebody is must show in few pixels, and in any light; what is hidden tells nothing.
    "identity": Augmentation(
        small=0.5,
        compressed=0.1,
        qualities=(20, 80),
        stretch=0.03,
        side_light=0.2,
        blur=0.1,
        noise=0.1,
        hole=0.05,
        any_hole=True,
    ),
}


def augment(faces: torch.Tensor, generator: torch.Generator, *, kind: str = "mild") -> torch.Tensor:
    """Return randomly changed copies of a batch of faces.

    Each face is cropped anew (shifted by up to 6 %, zoomed by up to 12 %, turned by up to 7 degrees), mirrored in half
    of the cases, and made a little lighter or darker, flatter or starker, and of another tint; a tenth of colour faces
    lose their colours. Shares of them are made small, compressed, blurred, lit from a side or partly hidden (Zhong et
    al., 2020, "Random erasing", arXiv 1708.04896), see :class:`Augmentation`.

    Parameters
    ----------
    faces : torch.Tensor
        float32 (N, C, S, S), 0 to 255, on the CPU.
    generator : torch.Generator
        Source of the randomness, on the CPU.
    kind : str
        A key of :data:`AUGMENTATIONS`.

    Returns
    -------
    torch.Tensor
        float32 (N, C, S, S), 0 to 255.

    Examples
    --------
    >>> augment(torch.zeros(4, 3, 48, 48), torch.Generator().manual_seed(0), kind="video").shape
    torch.Size([4, 3, 48, 48])
    """
    how = AUGMENTATIONS[kind]
    n, n_colors, side, _ = faces.shape

    def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
        return low + (high - low) * torch.rand(shape, generator=generator)

    def chosen(share: float) -> list[int]:
        return (uniform(0, 1, n) < share).nonzero()[:, 0].tolist() if share else []

    turn = uniform(-_MAX_TURN, _MAX_TURN, n)
    zoom = uniform(1 - _MAX_ZOOM, 1 + _MAX_ZOOM, n)
    mirror = torch.sign(uniform(-1, 1, n))
    cosine, sine = zoom * torch.cos(turn), zoom * torch.sin(turn)
    shift = uniform(-2 * _MAX_SHIFT, 2 * _MAX_SHIFT, n, 2)  # affine_grid counts the side as 2
    rows = torch.stack([mirror * cosine, -sine, shift[:, 0], mirror * sine, cosine, shift[:, 1]], dim=1)
    if how.stretch:
        off = uniform(-how.stretch, how.stretch, n, 2)
        rows[:, 4] *= 1 + off[:, 0]  # taller or flatter
        rows[:, 1] += off[:, 1]  # slanted
    grid = functional.affine_grid(rows.view(n, 2, 3), list(faces.shape), align_corners=False)
    changed = functional.grid_sample(faces, grid, padding_mode="border", align_corners=False)

    contrast = uniform(1 - _MAX_CONTRAST, 1 + _MAX_CONTRAST, n, 1, 1, 1)
    brightness = uniform(-_MAX_BRIGHTNESS, _MAX_BRIGHTNESS, n, 1, 1, 1)
    cast = uniform(1 - _MAX_CAST, 1 + _MAX_CAST, n, n_colors, 1, 1) if n_colors > 1 else 1.0
    changed = ((changed - 127.5) * contrast + 127.5 + brightness) * cast
    if n_colors > 1:
        greyed = uniform(0, 1, n) < _GREY_SHARE
        changed[greyed] = changed[greyed].mean(dim=1, keepdim=True).expand(-1, n_colors, -1, -1)
    if lit := chosen(how.side_light):
        changed[lit] = changed[lit] * _side_light(side, uniform(0, 2 * math.pi, len(lit)), uniform(0, 0.6, len(lit)))
    for i in chosen(how.blur):
        changed[i] = _moved(changed[i], float(uniform(0, math.pi, 1)), float(uniform(0.04, 0.14, 1)) * side)
    changed = changed.clamp(0, 255)

    sides = torch.exp(uniform(np.log(_SMALLEST_SIDE), np.log(side), n)).round().int().tolist()
    qualities = uniform(*how.qualities, n).int().tolist()
    is_jpeg = (uniform(0, 1, n) < how.jpeg).tolist()
    for i in chosen(how.small):
        changed[i] = _seen_small(changed[i], sides[i], qualities[i] if is_jpeg[i] else None)
    for i in chosen(how.compressed):
        changed[i] = _seen_small(changed[i], side, qualities[i])
    if noisy := chosen(how.noise):
        strength = uniform(2, 12, len(noisy), 1, 1, 1)
        grain = torch.randn((len(noisy), n_colors, side, side), generator=generator)
        changed[noisy] = (changed[noisy] + strength * grain).clamp(0, 255)

    size = (uniform(*_HOLE_SIDES, n, 2) * side).int()
    corner = (uniform(0, 1, n, 2) * (side - size)).int()
    grey = uniform(0, 255, n) if how.any_hole else torch.full((n,), _GREY)
    for i in chosen(how.hole):
        (x, y), (width, height) = corner[i].tolist(), size[i].tolist()
        changed[i, :, y : y + height, x : x + width] = grey[i]
    return changed


def _side_light(side: int, towards: torch.Tensor, strength: torch.Tensor) -> torch.Tensor:
    """Return how bright a light from a side (radians) makes each pixel, float32 (N, 1, S, S), 1 on average."""
    place = torch.linspace(-1, 1, side)
    across = torch.cos(towards).view(-1, 1, 1) * place.view(1, 1, -1)
    down = torch.sin(towards).view(-1, 1, 1) * place.view(1, -1, 1)
    return (1 + strength.view(-1, 1, 1) * (across + down)).clamp_min(0)[:, None]


def _moved(face: torch.Tensor, towards: float, length: float) -> torch.Tensor:
    """Blur a face (C, S, S) along a line: an angle in radians and a length in pixels."""
    reach = math.ceil(length / 2)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for place in np.linspace(-length / 2, length / 2, 4 * reach + 1):
        kernel[round(reach + place * math.sin(towards)), round(reach + place * math.cos(towards))] += 1
    pixels = cv2.filter2D(face.numpy().transpose(1, 2, 0), -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)
    return torch.from_numpy(np.ascontiguousarray(np.atleast_3d(pixels).transpose(2, 0, 1)))


def _seen_small(face: torch.Tensor, small: int, quality: int | None) -> torch.Tensor:
    """Shrink a face (C, S, S), compress it if a JPEG quality is given, and enlarge it again."""
    pixels = np.rint(face.numpy()).transpose(1, 2, 0).astype(np.uint8)
    side = pixels.shape[0]
    pixels = cv2.resize(pixels, (small, small), interpolation=cv2.INTER_AREA)
    if quality is not None:
        colors = pixels[..., ::-1]  # BGR, as OpenCV codes it
        _, coded = cv2.imencode(".jpg", colors, (cv2.IMWRITE_JPEG_QUALITY, quality))
        pixels = np.atleast_3d(cv2.imdecode(coded, cv2.IMREAD_UNCHANGED))[..., ::-1]
    # Aligned crops of small faces are enlarged the same way.
    pixels = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_LINEAR)
    return torch.from_numpy(np.atleast_3d(pixels).transpose(2, 0, 1).astype(np.float32))


def blend(faces: torch.Tensor, generator: torch.Generator, alpha: float) -> tuple[torch.Tensor, torch.Tensor, float]:
    """Blend each face of a batch with another (mixup; Zhang et al., 2018, arXiv 1710.09412).

    Parameters
    ----------
    faces : torch.Tensor
        float32 (N, C, S, S).
    generator : torch.Generator
        Source of the randomness, on the CPU.
    alpha : float
        Parameter of the Beta distribution of the share; 0 for no blending.

    Returns
    -------
    blended : torch.Tensor
        float32 (N, C, S, S).
    others : torch.Tensor
        int64 (N,): with which face each was blended.
    share : float
        How much of the first face is left, at least a half.

    Examples
    --------
    >>> faces = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1)
    >>> blended, others, share = blend(faces, torch.Generator().manual_seed(0), 0.0)
    >>> share, torch.equal(blended, faces)
    (1.0, True)
    """
    others = torch.randperm(len(faces), generator=generator)
    if alpha == 0:
        return faces, others, 1.0
    seed = int(torch.randint(2**31, (1,), generator=generator))
    share = float(np.random.default_rng(seed).beta(alpha, alpha))
    share = max(share, 1 - share)
    return share * faces + (1 - share) * faces[others], others, share
