"""Which cells of the network answer for which face, and the loss that follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from facestats.detect.fast import STRIDES
from facestats.types import Float32, Int64

#: Geometric mean of a box's sides, in pixels, that each level answers for: from, to. They overlap, so that a face
#: between two levels is learned by both.
LEVEL_SIZES = ((0.0, 16.0), (11.0, 44.0), (34.0, 120.0), (92.0, np.inf))

#: Cells within this share of the box's size, or of this many strides, from its centre answer for it.
_RADIUS_OF_BOX = 0.22
_RADIUS_OF_STRIDE = 0.75

_IOU_LOSS, _LANDMARK_LOSS = 2.0, 1.0


@dataclass(frozen=True)
class Scene:
    """The faces of one training picture.

    Attributes
    ----------
    boxes : numpy.ndarray
        float32 (N, 4): ``x1, y1, x2, y2``.
    landmarks : numpy.ndarray
        float32 (N, 5, 2), NaN where unknown or out of the picture.
    ignored : numpy.ndarray
        float32 (M, 4): regions that are neither face nor background.
    """

    boxes: Float32
    landmarks: Float32
    ignored: Float32


@dataclass(frozen=True)
class Assignment:
    """The cells that answer for faces, over a batch of pictures; cells of all levels are counted through.

    Attributes
    ----------
    images, cells, faces : numpy.ndarray
        int64 (P,): for each pair of cell and face, the picture, the cell and the face's row in the batch.
    boxes, landmarks : numpy.ndarray
        float32 (F, 4) and (F, 5, 2): the faces of the batch.
    weights : numpy.ndarray
        float32 (B, C): 0 where a cell is to be ignored, else 1.
    """

    images: Int64
    cells: Int64
    faces: Int64
    boxes: Float32
    landmarks: Float32
    weights: Float32


def cell_grid(height: int, width: int) -> tuple[Float32, Float32]:
    """Return centre (C, 2) and stride (C,) of every cell of all levels, in pixels, row by row, finest level first.

    Examples
    --------
    >>> centres, strides = cell_grid(32, 32)
    >>> centres[0].tolist(), centres[-1].tolist(), len(strides)
    ([2.0, 2.0], [16.0, 16.0], 85)
    """
    centres, strides = [], []
    for stride in STRIDES:
        rows, cols = np.mgrid[0 : height // stride, 0 : width // stride]
        centres.append(np.stack([cols.ravel() + 0.5, rows.ravel() + 0.5], axis=1) * stride)
        strides.append(np.full(rows.size, stride))
    return np.concatenate(centres).astype(np.float32), np.concatenate(strides).astype(np.float32)


def assign(scenes: list[Scene], height: int, width: int) -> Assignment:
    """Give the faces of a batch their cells.

    A face belongs to the levels of its size, and there to the cells near its centre; a cell that is near to several
    answers for the smallest. A face always has a cell on each of its levels, unless a smaller one holds it.

    Examples
    --------
    >>> box = np.array([[10, 10, 20, 20]], np.float32)
    >>> scene = Scene(box, np.zeros((1, 5, 2), np.float32), np.zeros((0, 4), np.float32))
    >>> assign([scene], 32, 32).cells.tolist()
    [27]
    """
    centres, strides = cell_grid(height, width)
    weights = np.ones((len(scenes), len(centres)), np.float32)
    images, cells, faces, first = [], [], [], 0
    for index, scene in enumerate(scenes):
        for x1, y1, x2, y2 in scene.ignored:
            inside = (centres[:, 0] >= x1) & (centres[:, 0] <= x2) & (centres[:, 1] >= y1) & (centres[:, 1] <= y2)
            weights[index, inside] = 0
        owner = np.full(len(centres), -1, np.int64)
        sizes = np.sqrt((scene.boxes[:, 2:] - scene.boxes[:, :2]).prod(axis=1))
        for face in np.argsort(-sizes, kind="stable"):
            owner[_cells_of(scene.boxes[face], sizes[face], centres, strides, height, width)] = face
        owned = np.flatnonzero(owner >= 0)
        images.append(np.full(len(owned), index))
        cells.append(owned)
        faces.append(owner[owned] + first)
        weights[index, owned] = 1
        first += len(scene.boxes)
    return Assignment(
        images=np.concatenate(images).astype(np.int64),
        cells=np.concatenate(cells).astype(np.int64),
        faces=np.concatenate(faces).astype(np.int64),
        boxes=np.concatenate([scene.boxes for scene in scenes]),
        landmarks=np.concatenate([scene.landmarks for scene in scenes]),
        weights=weights,
    )


def _cells_of(box: Float32, size: float, centres: Float32, strides: Float32, height: int, width: int) -> Int64:
    """Return the cells that answer for one box."""
    x, y = (box[:2] + box[2:]) / 2
    found, first = [], 0
    for stride, (low, high) in zip(STRIDES, LEVEL_SIZES, strict=True):
        rows, cols = height // stride, width // stride
        if low <= size < high:
            radius = max(_RADIUS_OF_BOX * size, _RADIUS_OF_STRIDE * stride)
            left, right = (int(np.clip(np.ceil((x + s * radius) / stride - 0.5), 0, cols)) for s in (-1, 1))
            top, bottom = (int(np.clip(np.ceil((y + s * radius) / stride - 0.5), 0, rows)) for s in (-1, 1))
            inside = np.arange(top, bottom)[:, None] * cols + np.arange(left, right)
            found.append(inside.ravel() + first)
        first += rows * cols
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def decode(geometry: torch.Tensor, centres: torch.Tensor, strides: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Turn what cells say into boxes (P, 4), ``x1, y1, x2, y2``, and landmarks (P, 5, 2), in pixels.

    Parameters
    ----------
    geometry : torch.Tensor
        float32 (P, 14).
    centres : torch.Tensor
        float32 (P, 2): of the cells.
    strides : torch.Tensor
        float32 (P, 1).

    Examples
    --------
    >>> boxes, _ = decode(torch.zeros(1, 14), torch.tensor([[12.0, 20.0]]), torch.tensor([[8.0]]))
    >>> boxes.tolist()
    [[8.0, 16.0, 16.0, 24.0]]
    """
    middle = centres + geometry[:, :2] * strides
    half = geometry[:, 2:4].clamp(-6, 6).exp() * strides / 2
    landmarks = centres[:, None] + geometry[:, 4:].reshape(-1, 5, 2) * strides[:, None]
    return torch.cat([middle - half, middle + half], dim=1), landmarks


def detection_loss(
    scores: torch.Tensor, geometry: torch.Tensor, assignment: Assignment, centres: torch.Tensor, strides: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Return the parts of the loss of a batch: ``score``, ``box`` and ``landmark``, to be added up.

    Scores learn by the quality focal loss (Li et al., 2020, arXiv 2006.04388), boxes by the distance IoU (Zheng et al.,
    2020, arXiv 1911.08287). Of the cells of a face, the one whose box fits best shall score highest: each cell's target
    is the square of its overlap relative to the best.

    Parameters
    ----------
    scores : torch.Tensor
        float32 (B, C) logits of all cells, in the order of :func:`cell_grid`.
    geometry : torch.Tensor
        float32 (B, C, 14).
    assignment : Assignment
    centres, strides : torch.Tensor
        float32 (C, 2) and (C,).

    Examples
    --------
    >>> nothing = Scene(*(np.zeros(shape, np.float32) for shape in ((0, 4), (0, 5, 2), (0, 4))))
    >>> centres, strides = map(torch.from_numpy, cell_grid(32, 32))
    >>> scores, geometry = torch.full((1, 85), -9.0), torch.zeros(1, 85, 14)
    >>> float(detection_loss(scores, geometry, assign([nothing], 32, 32), centres, strides)["box"])
    0.0
    """
    device = scores.device
    images, cells, faces, boxes, landmarks, weights = (
        torch.from_numpy(part).to(device)
        for part in (
            assignment.images,
            assignment.cells,
            assignment.faces,
            assignment.boxes,
            assignment.landmarks,
            assignment.weights,
        )
    )
    predicted, points = decode(geometry[images, cells], centres[cells], strides[cells, None])
    truth, true_points = boxes[faces], landmarks[faces]
    overlap, distance = _overlap_and_distance(predicted, truth)
    with torch.no_grad():
        best = torch.zeros(len(boxes), device=device).scatter_reduce(0, faces, overlap, "amax", include_self=True)
        quality = (overlap / best[faces].clamp(min=1e-3)).clamp(0, 1) ** 2
        wanted = torch.zeros_like(scores)
        wanted[images, cells] = quality
    chance = scores.sigmoid()
    focal = functional.binary_cross_entropy_with_logits(scores, wanted, reduction="none") * (wanted - chance).abs() ** 2
    total = quality.sum().clamp(min=1.0)
    sizes = (truth[:, 2:] - truth[:, :2]).prod(dim=1).sqrt()
    known = ~true_points.isnan()
    errors = torch.where(known, points - true_points, torch.zeros_like(points)) / sizes[:, None, None]
    smooth = functional.smooth_l1_loss(errors, torch.zeros_like(errors), beta=0.05, reduction="none").sum(dim=(1, 2))
    return {
        "score": (focal * weights).sum() / total,
        "box": _IOU_LOSS * ((1 - overlap + distance) * quality).sum() / total,
        "landmark": _LANDMARK_LOSS * (smooth * quality).sum() / total,
    }


def _overlap_and_distance(a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return IoU and the squared distance of the centres in shares of the enclosing box's diagonal, (P,) each."""
    shared = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(dim=1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(dim=1) for boxes in (a, b)]
    overlap = shared / (areas[0] + areas[1] - shared)
    around = torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])
    apart = ((a[:, :2] + a[:, 2:]) - (b[:, :2] + b[:, 2:])) / 2
    return overlap, apart.square().sum(dim=1) / around.square().sum(dim=1)
