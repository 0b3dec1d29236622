"""Head pose from five landmarks: a mean face in three dimensions, turned until it fits.

The camera is taken to be far away (weak perspective), so angles are those between the face and the line from the camera
to it, and no focal length is needed. Five points leave little to average over: a face that differs from the mean, or a
landmark that is off by a pixel, shows as a turn.

On 448 renderings of 40 people in known poses, with CenterFace's landmarks, half of the faces were off by less than 6.4
degrees of yaw (4.6 below 20 degrees), 8.5 of pitch and 3.9 of roll, and 90 % by less than 15.5, 15.8 and 10.4. Turns
come out too small there: by a sixth for yaw, by half for pitch. See ``benchmarks/README.md``.
"""

from __future__ import annotations

import numpy as np

from facestats.types import Float32

#: The mean face, float64 (5, 3), in distances between the eyes: x to the right of the picture, y down, z away from the
#: camera, in the order of facestats.types.LANDMARK_NAMES. Across, the median of CenterFace's landmarks in 234 photos of
#: faces that look straight; in depth, that with which yaw agrees best with MediaPipe's face mesh in 325 photos.
MEAN_FACE = np.array([[-0.5, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.555, -0.55], [-0.415, 1.0, 0.04], [0.415, 1.0, 0.04]])

_STEPS = 12
_DAMPING = 1e-3  # keeps a step finite where all points coincide


def head_pose(landmarks: Float32) -> Float32:
    """Return yaw, pitch and roll of faces, float32 (N, 3), in degrees.

    Yaw is above 0 where a face is turned to the right of the picture, pitch where it looks up, roll where the head is
    tilted clockwise in the picture. Roll is applied first, then pitch, then yaw.

    Parameters
    ----------
    landmarks : numpy.ndarray
        float (N, 5, 2), pixels, in the order of :data:`facestats.types.LANDMARK_NAMES`. Faces whose landmarks coincide
        or are not finite give NaN.

    Examples
    --------
    >>> straight = MEAN_FACE[None, :, :2] * 40
    >>> bool(np.abs(head_pose(straight)).max() < 0.01)
    True
    >>> turned = straight + np.array([[0, 0], [0, 0], [10, 0], [0, 0], [0, 0]])
    >>> bool(head_pose(turned)[0, 0] > 10)
    True
    """
    seen = np.asarray(landmarks, np.float64).reshape(-1, 5, 2)
    seen = seen - seen.mean(axis=1, keepdims=True)
    size = np.sqrt((seen**2).sum(axis=(1, 2)))
    known = np.isfinite(size) & (size > 1e-6)
    angles = np.full((len(seen), 3), np.nan, np.float32)
    if known.any():
        angles[known] = _angles(_fitted(seen[known] / size[known, None, None]))
    return angles


def facing(yaw: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Return how far faces look at the camera, float64 (N,): 1 straight, 0 at 60 degrees or more; NaN where unknown.

    Examples
    --------
    >>> facing(np.array([0.0, 30.0, -70.0]), np.zeros(3)).tolist()
    [1.0, 0.5, 0.0]
    """
    cosine = np.cos(np.radians(np.asarray(yaw, np.float64))) * np.cos(np.radians(np.asarray(pitch, np.float64)))
    return np.clip(1 - np.degrees(np.arccos(np.clip(cosine, -1, 1))).round(6) / 60, 0, 1)


def _fitted(seen: np.ndarray) -> np.ndarray:
    """Return the rotations, float64 (N, 3, 3), with which the mean face fits best: Gauss-Newton, all faces at once."""
    from scipy.spatial.transform import Rotation  # not before: tables are read without it

    model = MEAN_FACE - MEAN_FACE.mean(axis=0)
    # The eyes tell the roll; everything else starts straight.
    line = seen[:, 1] - seen[:, 0]
    rotation = Rotation.from_euler("z", np.arctan2(line[:, 1], line[:, 0])[:, None])
    scale = np.full(len(seen), 1 / np.sqrt((model[:, :2] ** 2).sum()))
    for _ in range(_STEPS):
        turned = np.einsum("nij,kj->nki", rotation.as_matrix(), model)
        x, y, z = np.moveaxis(turned, 2, 0)
        zero = np.zeros_like(x)
        # How the picture of each point moves with a turn about x, y and z, and with the scale: (N, 5, 2, 4).
        moves = np.stack([np.stack([zero, z, -y, x], axis=2), np.stack([-z, zero, x, y], axis=2)], axis=2)
        moves[..., :3] *= scale[:, None, None, None]
        flat = moves.reshape(len(seen), 10, 4)
        left = (seen - scale[:, None, None] * turned[..., :2]).reshape(len(seen), 10)
        square = np.einsum("nij,nik->njk", flat, flat) + _DAMPING * scale[:, None, None] ** 2 * np.eye(4)
        step = np.linalg.solve(square, np.einsum("nij,ni->nj", flat, left)[..., None])[..., 0]
        length = np.linalg.norm(step[:, :3], axis=1, keepdims=True)
        step[:, :3] *= np.minimum(1, 0.5 / np.maximum(length, 1e-9))  # a step of 30 degrees at most
        rotation = Rotation.from_rotvec(step[:, :3]) * rotation
        scale = np.maximum(scale + step[:, 3], 1e-3)
    return rotation.as_matrix()


def _angles(rotation: np.ndarray) -> Float32:
    ahead = -rotation[:, :, 2]  # where the face looks; the camera lies at (0, 0, -1)
    yaw = np.arctan2(ahead[:, 0], -ahead[:, 2])
    pitch = np.arcsin(np.clip(-ahead[:, 1], -1, 1))
    unrolled = turned_by(np.degrees(yaw), np.degrees(pitch), np.zeros_like(yaw))
    left = np.einsum("nji,njk->nik", unrolled, rotation)
    roll = np.arctan2(left[:, 1, 0], left[:, 0, 0])
    return np.degrees(np.column_stack([yaw, pitch, roll])).astype(np.float32)


def turned_by(yaw: np.ndarray, pitch: np.ndarray, roll: np.ndarray) -> np.ndarray:
    """Return the rotations that turn a straight face by these degrees, float64 (N, 3, 3), in the axes of MEAN_FACE.

    Examples
    --------
    >>> turned_by(np.array([90.0]), np.zeros(1), np.zeros(1))[0].dot([0, 0, -1]).round().astype(int).tolist()
    [1, 0, 0]
    """
    from scipy.spatial.transform import Rotation

    # With y down and z away, turns to the right and upwards are negative.
    degrees = np.column_stack([-np.asarray(yaw), -np.asarray(pitch), roll])
    return Rotation.from_euler("YXZ", degrees, degrees=True).as_matrix()
