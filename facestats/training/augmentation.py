"""Random changes to training faces, a whole batch at once: crop, turn, mirror, blur by shrinking, and light."""

from __future__ import annotations

import torch
from torch.nn import functional

# The landmarks of a small face in a video jitter by about as much.
_MAX_SHIFT = 0.08  # of the side
_MAX_ZOOM = 0.10
_MAX_TURN = 0.10  # radians

_SHRINK_SHARE = 0.2  # of the faces
_SHRUNK_SIDES = (16, 20, 24, 32)  # pixels

_MAX_CONTRAST = 0.2
_MAX_BRIGHTNESS = 20.0  # of 255


def augment(faces: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return randomly changed copies of a batch of faces.

    Each face is cropped anew (shifted by up to 8 %, zoomed by up to 10 %, turned by up to 6 degrees), mirrored in half
    of the cases, shrunk to 16 to 32 pixels and enlarged again in a fifth of them (faces in videos are small), and
    made a little lighter or darker, flatter or starker.

    Parameters
    ----------
    faces : torch.Tensor
        float32 (N, C, S, S), 0 to 255.
    generator : torch.Generator
        Source of the randomness, on the CPU.

    Returns
    -------
    torch.Tensor
        float32 (N, C, S, S), 0 to 255, on the device of ``faces``.

    Examples
    --------
    >>> augment(torch.zeros(4, 3, 48, 48), torch.Generator().manual_seed(0)).shape
    torch.Size([4, 3, 48, 48])
    """
    n, _, side, _ = faces.shape

    def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
        return (low + (high - low) * torch.rand(shape, generator=generator)).to(faces.device)

    turn = uniform(-_MAX_TURN, _MAX_TURN, n)
    zoom = uniform(1 - _MAX_ZOOM, 1 + _MAX_ZOOM, n)
    mirror = torch.sign(uniform(-1, 1, n))
    cosine, sine = zoom * torch.cos(turn), zoom * torch.sin(turn)
    shift = uniform(-2 * _MAX_SHIFT, 2 * _MAX_SHIFT, n, 2)  # affine_grid counts the side as 2
    rows = torch.stack([mirror * cosine, -sine, shift[:, 0], mirror * sine, cosine, shift[:, 1]], dim=1)
    grid = functional.affine_grid(rows.view(n, 2, 3), list(faces.shape), align_corners=False)
    changed = functional.grid_sample(faces, grid, padding_mode="border", align_corners=False)

    shrunk = (uniform(0, 1, n) < _SHRINK_SHARE).nonzero()[:, 0]
    small = _SHRUNK_SIDES[int(torch.randint(len(_SHRUNK_SIDES), (1,), generator=generator))]
    if len(shrunk) and small < side:
        low = functional.interpolate(changed[shrunk], size=(small, small), mode="area")
        changed[shrunk] = functional.interpolate(low, size=(side, side), mode="bilinear", align_corners=False)

    contrast = uniform(1 - _MAX_CONTRAST, 1 + _MAX_CONTRAST, n, 1, 1, 1)
    brightness = uniform(-_MAX_BRIGHTNESS, _MAX_BRIGHTNESS, n, 1, 1, 1)
    return ((changed - 127.5) * contrast + 127.5 + brightness).clamp(0, 255)
