"""Where labels stand, chosen for a whole stretch of a shot at once: clear of faces, calm, and near their own face.

Each label has places to choose from, round its face and at the edges of the picture. A choice holds for a second or
more. The best sequence of choices is found for one label after the other (Viterbi), twice, each time clear of
those that the others have; a label for which there is no room is left out meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from facestats.tables.expressions import Float64, smooth
from facestats.types import Int64

#: How long a label stays on its side at least, and how long a move takes, in seconds.
HOLD_S, MOVE_S = 1.0, 0.4

_SMOOTH_S = 0.6  # boxes tremble; labels do not
_MARGIN = 2.0  # pixels between a label and a face

# What a second of each fault costs. Leaving a label out is worse than a fault that hardly anybody sees.
_ON_FACE, _ON_LABEL, _ON_OWN, _NEARER_ANOTHER, _AWAY, _ON_CAPTION, _LEFT_OUT = 100.0, 60.0, 12.0, 1.5, 5.0, 0.4, 8.0
_CHANGE = 45.0
_CAPTIONS = 0.82  # what is written into a picture usually stands below this share of its height
_ROUNDS = 3

# While a video is still analysed, in seconds: how fast the cost of a place and the place of a face are followed, how
# long a label that was in the way stays hidden at least, and after which absence a face is a new one.
_COSTS_S, _FOLLOWED_S, _HIDDEN_S, _FORGOTTEN_S = 1.0, 0.3, 0.4, 2.0
_LEAST_STEPS = 4  # moments of a move: with fewer, a label would jump across the picture


@dataclass(frozen=True, eq=False)
class Faces:
    """The faces of a stretch, at some of its moments.

    Attributes
    ----------
    times_s : numpy.ndarray
        float64 (T,), ascending.
    boxes : numpy.ndarray
        float64 (T, N, 4): ``x1, y1, x2, y2`` of the faces with a label, in pixels; NaN where one is not there.
    others : numpy.ndarray
        float64 (T, M, 4): faces without a label.
    sizes : numpy.ndarray
        float64 (N, 2): width and height of each label.
    frame : tuple of int
        Width and height of the picture.
    """

    times_s: Float64
    boxes: Float64
    others: Float64
    sizes: Float64
    frame: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Places:
    """Where the labels stand.

    Attributes
    ----------
    corners : numpy.ndarray
        float64 (T, N, 2): left and top of each label, in pixels; NaN where its face is not there.
    opacity : numpy.ndarray
        float64 (T, N), 0 to 1: 0 where there is no room for it.
    sides : numpy.ndarray
        int64 (T, N): which place was chosen; -1 where its face is not there or it is left out.
    last : numpy.ndarray
        int64 (N,): the choice to go on with in the next stretch.
    """

    corners: Float64
    opacity: Float64
    sides: Int64
    last: Int64


def place_labels(faces: Faces, before: Int64 | None = None) -> Places:
    """Choose where the labels of a stretch stand.

    Parameters
    ----------
    faces : Faces
    before : numpy.ndarray, optional
        int64 (N,): the choice at the end of the stretch before, -1 for a face that was not there.

    Examples
    --------
    >>> box = np.array([[[10.0, 10.0, 50.0, 60.0]]])
    >>> faces = Faces(np.zeros(1), box, np.zeros((1, 0, 4)), np.array([[40.0, 20.0]]), (160, 90))
    >>> place_labels(faces).corners.tolist()
    [[[54.0, 10.0]]]
    """
    n_moments, n = faces.boxes.shape[:2]
    before = np.full(n, -1) if before is None else before
    there = ~np.isnan(faces.boxes[..., 0])
    boxes = np.stack([_smoothed(faces.times_s, faces.boxes[:, i]) for i in range(n)], axis=1) if n else faces.boxes
    corners = [_candidates(boxes[:, i], faces.sizes[i], faces.frame) for i in range(n)]
    slots, lengths = _slots(faces.times_s)
    fixed = [_lasting_cost(faces, i, corners[i]) for i in range(n)]
    chosen: list[Int64 | None] = [None] * n
    shown = there.copy()
    # The largest face first: it leaves least room.
    order = np.argsort(-np.nan_to_num(_areas(faces.boxes), nan=0).max(axis=0, initial=0), kind="stable")
    for _ in range(_ROUNDS):
        for i in order:
            cost = fixed[i] + _ON_LABEL * _on_labels(faces, i, corners, chosen, shown)
            cost = _per_slot(cost, there[:, i], slots)
            best = _best_sequence(np.minimum(cost, _LEFT_OUT) * lengths[:, None], int(before[i]))
            left_out = cost[np.arange(len(best)), best] > _LEFT_OUT
            chosen[i], shown[:, i] = best[slots], there[:, i] & ~left_out[slots]
    out = Places(
        np.full((n_moments, n, 2), np.nan), np.zeros((n_moments, n)), np.full((n_moments, n), -1), np.full(n, -1)
    )
    for i in range(n):
        sides = chosen[i]
        assert sides is not None
        out.last[i] = sides[-1] if n_moments else -1
        out.sides[shown[:, i], i] = sides[shown[:, i]]
        out.corners[:, i], out.opacity[:, i] = _moved(faces, i, corners[i], sides, shown[:, i])
    return out


@dataclass
class _Standing:
    """Where the label of a face stands, and what is known of its places so far."""

    box: Float64
    costs: Float64
    size: Float64
    place: int
    since_s: float
    seen_s: float
    hidden_s: float = -np.inf
    regret: float = 0.0


class LivePlaces:
    """Where labels stand in the frames of a video of which the rest is not known yet.

    A label stays for a second at least. It moves where it has lost as much by staying as a move costs, or where it
    would cover a face or another label; it is hidden while there is no free place, or it may not move yet.

    Examples
    --------
    >>> box = np.array([[[10.0, 10.0, 50.0, 60.0]]])
    >>> faces = Faces(np.zeros(1), box, np.zeros((1, 0, 4)), np.array([[40.0, 20.0]]), (160, 90))
    >>> corners, opacity, _ = LivePlaces().place(0.0, [3], faces)
    >>> corners.tolist(), opacity.tolist()
    ([[54.0, 10.0]], [1.0])
    """

    def __init__(self) -> None:
        self._known: dict[int, _Standing] = {}

    def place(self, time_s: float, ids: Sequence[int], faces: Faces) -> tuple[Float64, Float64, Float64]:
        """Choose where the labels of the next frame stand.

        Parameters
        ----------
        time_s : float
        ids : sequence of int
            The tracks of the N faces with a label; those below 0 are of this frame only.
        faces : Faces
            Of one moment.

        Returns
        -------
        corners : numpy.ndarray
            float64 (N, 2): left and top of each label, in pixels.
        opacity : numpy.ndarray
            float64 (N,): 0 where it is hidden.
        sizes : numpy.ndarray
            float64 (N, 2): width and height of each label, which do not shrink from frame to frame.
        """
        n = len(ids)
        known = [self._of(number, time_s) for number in ids]
        sizes = np.array(
            [size if of is None else np.maximum(size, of.size) for size, of in zip(faces.sizes, known, strict=True)]
        )
        faces = replace(faces, sizes=sizes.reshape(n, 2))
        boxes = [_followed(faces.boxes[0, i], known[i], time_s) for i in range(n)]
        places = [_candidates(boxes[i][None], faces.sizes[i], faces.frame) for i in range(n)]
        chosen: list[Int64 | None] = [None] * n
        shown = np.zeros((1, n), bool)
        for i in np.argsort(-_areas(faces.boxes[0]), kind="stable"):
            cost = _lasting_cost(faces, i, places[i]) + _ON_LABEL * _on_labels(faces, i, places, chosen, shown)
            standing = _stood(known[i], cost[0], time_s)
            standing.box, standing.size = boxes[i], faces.sizes[i]
            chosen[i], shown[0, i] = np.array([standing.place]), standing.hidden_s + _HIDDEN_S <= time_s
            if ids[i] >= 0:
                self._known[ids[i]] = standing
        self._known = {number: of for number, of in self._known.items() if time_s - of.seen_s <= _FORGOTTEN_S}
        corners = np.array([places[i][0, chosen[i]][0] for i in range(n)]).reshape(n, 2)
        return corners, shown[0].astype(np.float64), faces.sizes

    def _of(self, number: int, time_s: float) -> _Standing | None:
        known = self._known.get(number)
        return known if known is not None and 0 <= time_s - known.seen_s <= _FORGOTTEN_S else None


def _followed(box: Float64, known: _Standing | None, time_s: float) -> Float64:
    """Return the box that a label keeps to: it follows the face a little later, and trembles less."""
    if known is None:
        return box
    return known.box + (1 - np.exp(-(time_s - known.seen_s) / _FOLLOWED_S)) * (box - known.box)


def _stood(known: _Standing | None, cost: Float64, time_s: float) -> _Standing:
    """Return where a label stands now, given what each place costs a second."""
    is_free = cost <= _LEFT_OUT
    if known is None:
        best = int(cost.argmin())
        hidden_s = -np.inf if is_free[best] else time_s
        return _Standing(np.zeros(4), cost, np.zeros(2), best, time_s, time_s, hidden_s)
    passed = time_s - known.seen_s
    costs = known.costs + (1 - np.exp(-passed / _COSTS_S)) * (np.minimum(cost, _ON_FACE) - known.costs)
    best = int(np.where(is_free, costs, np.inf).argmin())
    lost = min(cost[known.place], _LEFT_OUT) - min(cost[best], _LEFT_OUT)
    now = replace(known, costs=costs, seen_s=time_s, regret=known.regret + passed * max(lost, 0.0))
    wants = not is_free[now.place] or now.regret > _CHANGE
    if wants and is_free[best] and time_s - now.since_s >= HOLD_S:
        now.place, now.since_s, now.regret, now.hidden_s = best, time_s, 0.0, -np.inf
    if not is_free[now.place]:
        now.hidden_s = time_s
    return now


def _areas(boxes: Float64) -> Float64:
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def _smoothed(times_s: Float64, boxes: Float64) -> Float64:
    return smooth(times_s, boxes, _SMOOTH_S)


def _slots(times_s: Float64) -> tuple[Int64, Float64]:
    """Return the slot of each moment, int64 (T,), and the length of each slot in seconds.

    A choice holds for a slot; what is left at the end belongs to the last one.
    """
    steps = np.clip(np.diff(times_s, prepend=times_s[:1]), 0, None)
    since = np.cumsum(steps)
    n = max(1, int(since[-1] / HOLD_S + 1e-6)) if len(since) else 1
    slots = np.minimum((since / HOLD_S + 1e-6).astype(np.int64), n - 1)
    # Samples may lie further apart than a choice must hold.
    used, slots = np.unique(slots, return_inverse=True)
    return slots, np.maximum(np.bincount(slots, weights=steps, minlength=len(used)), HOLD_S)


def _candidates(boxes: Float64, size: Float64, frame: tuple[int, int]) -> Float64:
    """Return the places that a label may have, left and top, float64 (T, C, 2); inside the picture, always."""
    x1, y1, x2, y2 = (boxes[:, [side]] for side in range(4))
    w, h = size
    gap = 4.0
    middle = (x1 + x2 - w) / 2
    rows = [
        (x1, y2 + gap), (x2 - w, y2 + gap), (x1, y1 - gap - h), (x2 - w, y1 - gap - h),
        (x2 + gap, y1), (x1 - gap - w, y1), (x2 + gap, y2 - h), (x1 - gap - w, y2 - h),
        (middle, y2 + gap), (middle, y1 - gap - h),
    ]  # fmt: skip
    for away in (1.2 * h, 2.6 * h, 4.5 * h):
        rows += [
            (middle, y2 + gap + away), (middle, y1 - gap - h - away),
            (x2 + gap + away, (y1 + y2 - h) / 2), (x1 - gap - w - away, (y1 + y2 - h) / 2),
            (x2 + away, y1 - h - away), (x1 - w - away, y1 - h - away),
            (x2 + away, y2 + away), (x1 - w - away, y2 + away),
        ]  # fmt: skip
    top, bottom = np.zeros_like(x1), np.full_like(x1, frame[1] - h)
    edges = np.linspace(0, max(0.0, frame[0] - w), 7)
    rows += [(top + x, top) for x in edges] + [(top + x, bottom) for x in edges]
    places = np.stack([np.concatenate(row, axis=1) for row in rows], axis=1)
    return places.clip(0, [max(0.0, frame[0] - w), max(0.0, frame[1] - h)])


_N_BESIDE = 10  # places that touch the face; the rest needs a line to it


def _overlaps(corners: Float64, size: Float64, boxes: Float64, margin: float = 0.0) -> Float64:
    """Return the common area of labels (T, C, 2) and boxes (T, M, 4), in square pixels, float64 (T, C, M)."""
    low = np.maximum(corners[:, :, None] - margin, boxes[:, None, :, :2])
    high = np.minimum(corners[:, :, None] + size + margin, boxes[:, None, :, 2:])
    return np.nan_to_num((high - low).clip(0)).prod(axis=3)


def _lasting_cost(faces: Faces, i: int, corners: Float64) -> Float64:
    """Return what each place costs at each moment, without regard to other labels, float64 (T, C)."""
    size, own = faces.sizes[i], faces.boxes[:, [i]]
    boxes = np.concatenate([np.delete(faces.boxes, i, axis=1), faces.others], axis=1)
    covered = _overlaps(corners, size, boxes, _MARGIN)
    cost = _ON_FACE * ((covered > 0) + covered / np.maximum(_areas(boxes), 1)[:, None]).sum(axis=2, where=covered > 0)
    cost += _ON_OWN * _overlaps(corners, size, own)[..., 0] / np.maximum(_areas(own), 1)
    away = _distance(corners, size, own)[..., 0]
    if boxes.shape[1]:
        nearest = np.nan_to_num(_distance(corners, size, boxes), nan=np.inf).min(axis=2)
        cost += _NEARER_ANOTHER * (nearest <= away)
    cost += _AWAY * away / np.hypot(*faces.frame) + 0.6 * (away > size[1])
    cost += _ON_CAPTION * (corners[..., 1] + size[1] > _CAPTIONS * faces.frame[1])
    return np.nan_to_num(cost) + np.minimum(np.arange(cost.shape[1]), _N_BESIDE) * 0.02


def _distance(corners: Float64, size: Float64, boxes: Float64) -> Float64:
    """Return how far labels (T, C, 2) are from boxes (T, M, 4), in pixels, float64 (T, C, M)."""
    low = boxes[:, None, :, :2] - (corners[:, :, None] + size)
    high = corners[:, :, None] - boxes[:, None, :, 2:]
    return np.hypot(*np.moveaxis(np.maximum(np.maximum(low, high), 0), 3, 0))


def _on_labels(faces: Faces, i: int, corners: list[Float64], chosen: list[Int64 | None], shown: np.ndarray) -> Float64:
    """Return at which moments each place of a label touches labels whose places are chosen, (T, C)."""
    n_moments, n_places = corners[i].shape[:2]
    found = np.zeros((n_moments, n_places))
    for j, sides in enumerate(chosen):
        if j == i or sides is None:
            continue
        corner = corners[j][np.arange(n_moments), sides]
        box = np.concatenate([corner, corner + faces.sizes[j]], axis=1)
        box[~shown[:, j]] = np.nan
        found += _overlaps(corners[i], faces.sizes[i], box[:, None], 1.0)[..., 0] > 0
    return found


def _per_slot(cost: Float64, there: np.ndarray, slots: Int64) -> Float64:
    """Return the mean cost of each choice in each slot, float64 (S, C)."""
    sums = np.zeros((slots.max(initial=0) + 1, cost.shape[1]))
    np.add.at(sums, slots, np.where(there[:, None], cost, 0))
    return sums / np.maximum(np.bincount(slots, minlength=len(sums)), 1)[:, None]


def _best_sequence(cost: Float64, before: int) -> Int64:
    """Return the choice of each slot that costs least together, changes included (Viterbi), int64 (S,)."""
    n_slots, n = cost.shape
    total = cost[0].copy() if n_slots else np.zeros(n)
    if 0 <= before < n:  # a change would be a jump
        total[np.arange(n) != before] = np.inf
    origin = np.zeros((n_slots, n), np.int64)
    for slot in range(1, n_slots):
        best = int(total.argmin())
        stays = total <= total[best] + _CHANGE
        origin[slot] = np.where(stays, np.arange(n), best)
        total = np.where(stays, total, total[best] + _CHANGE) + cost[slot]
    path = np.zeros(n_slots, np.int64)
    path[-1:] = total.argmin()
    for slot in range(n_slots - 1, 0, -1):
        path[slot - 1] = origin[slot, path[slot]]
    return path


def _moved(faces: Faces, i: int, corners: Float64, sides: Int64, shown: np.ndarray) -> tuple[Float64, Float64]:
    """Return where one label is and how opaque: it moves from place to place, or fades where a face lies between."""
    there = ~np.isnan(faces.boxes[:, i, 0])
    at = corners[np.arange(len(sides)), sides]
    boxes = np.concatenate([np.delete(faces.boxes, i, axis=1), faces.others], axis=1)
    hidden = there & ~shown
    # Beside a moment without the label, and on both sides of a jump, nothing is left of it.
    unseen = hidden | np.append(hidden[1:], False) | np.append(False, hidden[:-1])
    for change in np.flatnonzero((sides[1:] != sides[:-1]) & shown[1:] & shown[:-1]) + 1:
        near = np.flatnonzero(np.abs(faces.times_s - faces.times_s[change]) <= MOVE_S / 2)
        share = ((faces.times_s[near] - faces.times_s[change]) / MOVE_S + 0.5).clip(0, 1)
        share = (share * share * (3 - 2 * share))[:, None]
        path = (1 - share) * corners[near, sides[change - 1]] + share * corners[near, sides[change]]
        if len(near) < _LEAST_STEPS or _overlaps(path[:, None], faces.sizes[i], boxes[near], _MARGIN).any():
            unseen[change - 1 : change + 1] = True
        else:
            at[near] = path
    at[~there] = np.nan
    breaks = faces.times_s[unseen & there]
    opacity = np.ones(len(sides))
    if len(breaks):
        opacity = np.abs(faces.times_s[:, None] - breaks).min(axis=1).clip(0, MOVE_S / 2) / (MOVE_S / 2)
    return at, np.where(there, opacity, 0.0)
