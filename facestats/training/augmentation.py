"""Random changes to training faces: crop, turn, mirror, smallness, compression, light, holes; and blends of two."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch.nn import functional

# The landmarks of a small face in a video jitter by about as much.
_MAX_SHIFT = 0.06  # of the side
_MAX_ZOOM = 0.12
_MAX_TURN = 0.12  # radians

# Faces in videos are small and compressed.
_SMALL_SHARE = 0.15  # of the faces
_SMALLEST_SIDE = 10  # pixels
_JPEG_SHARE = 0.5  # of the small ones
_JPEG_QUALITIES = (15, 80)

_MAX_CONTRAST = 0.3
_MAX_BRIGHTNESS = 35.0  # of 255
_MAX_CAST = 0.08  # of each colour
_GREY_SHARE = 0.1

_HOLE_SHARE = 0.15
_HOLE_SIDES = (0.15, 0.45)  # of the side


def augment(faces: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return randomly changed copies of a batch of faces.

    Each face is cropped anew (shifted by up to 6 %, zoomed by up to 12 %, turned by up to 7 degrees), mirrored in half
    of the cases, and made a little lighter or darker, flatter or starker, and of another tint. One in seven is shrunk
    to 10 pixels or more and enlarged again, half of these after JPEG compression; a tenth of colour faces lose their
    colours; one in seven gets a grey rectangle (Zhong et al., 2020, "Random erasing", arXiv 1708.04896).

    Parameters
    ----------
    faces : torch.Tensor
        float32 (N, C, S, S), 0 to 255, on the CPU.
    generator : torch.Generator
        Source of the randomness, on the CPU.

    Returns
    -------
    torch.Tensor
        float32 (N, C, S, S), 0 to 255.

    Examples
    --------
    >>> augment(torch.zeros(4, 3, 48, 48), torch.Generator().manual_seed(0)).shape
    torch.Size([4, 3, 48, 48])
    """
    n, n_colors, side, _ = faces.shape

    def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
        return low + (high - low) * torch.rand(shape, generator=generator)

    turn = uniform(-_MAX_TURN, _MAX_TURN, n)
    zoom = uniform(1 - _MAX_ZOOM, 1 + _MAX_ZOOM, n)
    mirror = torch.sign(uniform(-1, 1, n))
    cosine, sine = zoom * torch.cos(turn), zoom * torch.sin(turn)
    shift = uniform(-2 * _MAX_SHIFT, 2 * _MAX_SHIFT, n, 2)  # affine_grid counts the side as 2
    rows = torch.stack([mirror * cosine, -sine, shift[:, 0], mirror * sine, cosine, shift[:, 1]], dim=1)
    grid = functional.affine_grid(rows.view(n, 2, 3), list(faces.shape), align_corners=False)
    changed = functional.grid_sample(faces, grid, padding_mode="border", align_corners=False)

    contrast = uniform(1 - _MAX_CONTRAST, 1 + _MAX_CONTRAST, n, 1, 1, 1)
    brightness = uniform(-_MAX_BRIGHTNESS, _MAX_BRIGHTNESS, n, 1, 1, 1)
    cast = uniform(1 - _MAX_CAST, 1 + _MAX_CAST, n, n_colors, 1, 1) if n_colors > 1 else 1.0
    changed = ((changed - 127.5) * contrast + 127.5 + brightness) * cast
    if n_colors > 1:
        greyed = uniform(0, 1, n) < _GREY_SHARE
        changed[greyed] = changed[greyed].mean(dim=1, keepdim=True).expand(-1, n_colors, -1, -1)
    changed = changed.clamp(0, 255)

    is_small = uniform(0, 1, n) < _SMALL_SHARE
    sides = torch.exp(uniform(np.log(_SMALLEST_SIDE), np.log(side), n)).round().int()
    qualities = uniform(*_JPEG_QUALITIES, n).int()
    is_jpeg = uniform(0, 1, n) < _JPEG_SHARE
    for i in is_small.nonzero()[:, 0].tolist():
        changed[i] = _seen_small(changed[i], int(sides[i]), int(qualities[i]) if is_jpeg[i] else None)

    has_hole = uniform(0, 1, n) < _HOLE_SHARE
    size = (uniform(*_HOLE_SIDES, n, 2) * side).int()
    corner = (uniform(0, 1, n, 2) * (side - size)).int()
    for i in has_hole.nonzero()[:, 0].tolist():
        (x, y), (width, height) = corner[i].tolist(), size[i].tolist()
        changed[i, :, y : y + height, x : x + width] = 127.5
    return changed


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
