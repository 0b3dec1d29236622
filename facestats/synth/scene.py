"""Synthetic videos with exact truth: people cut out of portraits, moved over a background.

Where every face is, how large, and how much of it can be seen is known for each frame, because it was put there.
Who looks larger is nearer and hides the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property

import cv2
import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator

from facestats.synth.portraits import Portrait
from facestats.types import Frame, UInt8

#: The truth table's columns and dtypes, one row a frame and person.
TRUTH_DTYPES = {
    "frame": "int64",
    "time_s": "float64",
    "person": "str",
    "x": "float64",
    "y": "float64",
    "w": "float64",
    "h": "float64",
    "visible": "float64",
}

#: Steps a second of a walking person, for the nodding of the head.
_STEPS_PER_S = 1.8

#: Moments at which the picture is taken while the shutter is open; an odd number, so that one is the frame's own.
_MOMENTS = 5


@dataclass(frozen=True)
class Motion:
    """How a face moves: positions at given times, joined by smooth curves that never overshoot (PCHIP).

    Attributes
    ----------
    times_s : tuple of float
        Two or more times in seconds, rising; the person is in the scene from the first to the last.
    centres : tuple of (float, float)
        Centre of the face box at these times, in pixels of the frame; may lie outside.
    heights : tuple of float
        Height of the face box at these times, in pixels.
    nod : float
        How far the head goes up and down while the person walks, as a share of the face's height.

    Examples
    --------
    >>> Motion((0.0, 2.0), ((0.0, 50.0), (100.0, 50.0)), (40.0, 60.0)).at(1.0)
    (50.0, 50.0, 50.0)
    """

    times_s: tuple[float, ...]
    centres: tuple[tuple[float, float], ...]
    heights: tuple[float, ...]
    nod: float = 0.0

    def __post_init__(self) -> None:
        if not len(self.times_s) == len(self.centres) == len(self.heights) >= 2:
            raise ValueError("a motion needs two or more times, and as many centres and heights")
        if not np.all(np.diff(self.times_s) > 0):
            raise ValueError(f"the times of a motion must rise, got {self.times_s}")
        if min(self.heights) <= 0:
            raise ValueError(f"the heights of a motion must be positive, got {self.heights}")

    @cached_property
    def _curve(self) -> PchipInterpolator:
        return PchipInterpolator(self.times_s, np.column_stack([self.centres, self.heights]))

    def at(self, time_s: float) -> tuple[float, float, float]:
        """Return centre x, centre y and height of the face at a time; outside the times, the nearest end."""
        time_s = float(np.clip(time_s, self.times_s[0], self.times_s[-1]))
        x, y, height = (float(value) for value in self._curve(time_s))
        if self.nod:
            speed = abs(float(self._curve(time_s, 1)[0]))
            walking = min(1.0, speed / height)  # full nod from one face height a second on
            y -= self.nod * height * walking * abs(np.sin(np.pi * _STEPS_PER_S * time_s))
        return x, y, height


@dataclass(frozen=True)
class Actor:
    """A person in a scene: who, and where when."""

    portrait: Portrait
    motion: Motion


@dataclass(frozen=True)
class Scene:
    """What is to be rendered.

    Attributes
    ----------
    background : numpy.ndarray
        uint8 (H, W, 3), RGB; its size is the video's.
    actors : tuple of Actor
        The people, in any order.
    duration_s : float
        Length in seconds.
    fps : int
        Frames a second.
    foreground : numpy.ndarray, optional
        uint8 (H, W, 4), RGB (not multiplied) and alpha: what stands before everybody.
    shake : float
        How far the camera sways, in pixels.
    exposure : float
        For which share of a frame's time the shutter is open: what moves meanwhile is blurred.
    noise : float
        Standard deviation of the sensor's noise, of 255.
    seed : int
        Of the camera's swaying and the noise.
    """

    background: UInt8 = field(repr=False)
    actors: tuple[Actor, ...]
    duration_s: float
    fps: int = 25
    foreground: UInt8 | None = field(default=None, repr=False)
    shake: float = 0.0
    exposure: float = 0.0
    noise: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.background.dtype != np.uint8 or self.background.ndim != 3 or self.background.shape[2] != 3:
            raise ValueError(
                f"the background must be uint8 (H, W, 3), got {self.background.dtype} {self.background.shape}"
            )
        wanted = (*self.background.shape[:2], 4)
        if self.foreground is not None and (self.foreground.shape != wanted or self.foreground.dtype != np.uint8):
            raise ValueError(
                f"the foreground must be uint8 {wanted}, got {self.foreground.dtype} {self.foreground.shape}"
            )
        if self.duration_s <= 0 or self.fps <= 0:
            raise ValueError(f"duration and rate must be positive, got {self.duration_s} s, {self.fps} frames/s")
        if not (self.shake >= 0 and 0 <= self.exposure <= 1 and self.noise >= 0):
            raise ValueError(
                "shake and noise must not be negative, and exposure lie between 0 and 1; got "
                f"{self.shake}, {self.noise} and {self.exposure}"
            )

    @cached_property
    def _sway(self) -> np.ndarray:
        """Amplitude, hertz and phase, float64 (2, 3, 3): of x and y, three waves each."""
        rng = np.random.default_rng([self.seed, 1])
        return np.stack(
            [rng.uniform(0.2, 0.5, (2, 3)), rng.uniform(0.3, 2.5, (2, 3)), rng.uniform(0, 2 * np.pi, (2, 3))], axis=2
        )

    def camera_at(self, time_s: float) -> tuple[float, float]:
        """Return by how many pixels, x and y, the swaying camera moves all that is seen."""
        waves = self._sway
        moved = self.shake * (waves[..., 0] * np.sin(2 * np.pi * waves[..., 1] * time_s + waves[..., 2])).sum(axis=1)
        return float(moved[0]), float(moved[1])

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return max(1, round(self.duration_s * self.fps))


@dataclass(frozen=True)
class TruthRow:
    """Where one person's face is in one frame.

    Attributes
    ----------
    frame : int
        0-based index of the frame.
    time_s : float
        Its time in seconds.
    person : str
        Name of the portrait.
    x, y, w, h : float
        The whole face box in pixels, also where it leaves the frame.
    visible : float
        Share of the box, 0 to 1, that lies inside the frame and that neither a nearer person nor the foreground
        hides.
    """

    frame: int
    time_s: float
    person: str
    x: float
    y: float
    w: float
    h: float
    visible: float


def truth_table(rows: Iterable[TruthRow]) -> pd.DataFrame:
    """Return truth rows as a table with the columns and dtypes of :data:`TRUTH_DTYPES`.

    Examples
    --------
    >>> truth_table([]).columns.tolist()
    ['frame', 'time_s', 'person', 'x', 'y', 'w', 'h', 'visible']
    """
    return pd.DataFrame([asdict(row) for row in rows], columns=list(TRUTH_DTYPES)).astype(TRUTH_DTYPES)


def render(scene: Scene) -> Iterator[tuple[Frame, list[TruthRow]]]:
    """Render a scene frame by frame; the same scene always gives the same pixels.

    Parameters
    ----------
    scene : Scene
        The room, the people and their motions.

    Yields
    ------
    frame : Frame
        RGB, at ``index / fps`` seconds: here the frames are made on that clock.
    truth : list of TruthRow
        One row per person whose motion covers this time, in the order of the scene's actors.

    Examples
    --------
    >>> from facestats.synth.portraits import cut_out
    >>> grey = np.full((60, 80, 3), 128, np.uint8)
    >>> person = cut_out("someone", np.full((100, 80, 3), 200, np.uint8), (20, 30, 60, 80))
    >>> actor = Actor(person, Motion((0.0, 1.0), ((20.0, 30.0), (60.0, 30.0)), (25.0, 25.0)))
    >>> frames = list(render(Scene(grey, (actor,), duration_s=1.0, fps=5)))
    >>> len(frames), frames[0][1][0].x, frames[0][1][0].visible
    (5, 10.0, 1.0)
    """
    background = scene.background.astype(np.float32)
    foreground, behind = np.zeros_like(background), np.ones_like(background)
    if scene.foreground is not None:
        alpha = scene.foreground[..., 3:].astype(np.float32) / 255
        foreground += scene.foreground[..., :3] * alpha
        behind -= alpha
    # Where the shutter is open for a while, the picture is the mean of what was to be seen meanwhile.
    moments = np.linspace(-0.5, 0.5, _MOMENTS) * scene.exposure / scene.fps if scene.exposure else np.zeros(1)
    for index in range(scene.n_frames):
        time_s = index / scene.fps
        pictures, truths = zip(
            *(_picture(scene, time_s, moment, background, foreground, behind) for moment in moments), strict=True
        )
        picture, truth = sum(pictures) / len(moments), truths[len(moments) // 2]
        if scene.noise:
            rng = np.random.default_rng([scene.seed, 2, index])
            picture += scene.noise * rng.standard_normal(picture.shape, np.float32)
        rows = [TruthRow(index, time_s, *row) for row in truth]
        yield Frame(index, time_s, cv2.convertScaleAbs(np.maximum(picture, 0))), rows  # rounds and saturates


def _picture(
    scene: Scene,
    time_s: float,
    moment_s: float,
    background: np.ndarray,
    foreground: np.ndarray,
    behind: np.ndarray,
) -> tuple[np.ndarray, list[tuple[str, float, float, float, float, float]]]:
    """Return what is to be seen a moment from a frame's time, and each person's name, box and share that is seen.

    The picture is float32 (H, W, 3). Whoever is there at the frame's time is there at every moment of it.
    """
    moved = scene.camera_at(time_s + moment_s) if scene.shake else (0.0, 0.0)
    if scene.shake:
        background, foreground, behind = (_moved(layer, moved) for layer in (background, foreground, behind))
    # From the nearest layer to the farthest: `light` is the share of each pixel still open to what lies behind.
    picture, light = foreground.copy(), behind.copy()
    truth = _add_actors(scene, time_s, moment_s, moved, picture, light)
    picture += background * light
    return picture, truth


def _moved(layer: np.ndarray, by: tuple[float, float]) -> np.ndarray:
    matrix = np.array([[1, 0, by[0]], [0, 1, by[1]]])
    return cv2.warpAffine(layer, matrix, layer.shape[1::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def _add_actors(
    scene: Scene,
    time_s: float,
    moment_s: float,
    moved: tuple[float, float],
    picture: np.ndarray,
    light: np.ndarray,
) -> list[tuple[str, float, float, float, float, float]]:
    """Add the people to ``picture`` and take what they cover from ``light``, both float32 (H, W, 3)."""
    present = [
        (number, *actor.motion.at(time_s + moment_s))
        for number, actor in enumerate(scene.actors)
        if actor.motion.times_s[0] <= time_s <= actor.motion.times_s[-1]
    ]
    truth: dict[int, tuple[str, float, float, float, float, float]] = {}
    for number, x, y, face_height in sorted(present, key=lambda state: -state[3]):
        portrait = scene.actors[number].portrait
        x1, y1, x2, y2 = portrait.face
        scale = face_height / (y2 - y1)
        w = (x2 - x1) * scale
        box = (x + moved[0] - w / 2, y + moved[1] - face_height / 2, w, face_height)
        truth[number] = (portrait.name, *box, _share_seen(box, light[..., 0]))
        origin = box[0] - x1 * scale, box[1] - y1 * scale
        placed = _place(portrait.rgba, origin, scale, (light.shape[1], light.shape[0]))
        if placed is not None:
            rows, cols, rgba = placed
            *rgb, alpha = cv2.split(rgba)
            picture[rows, cols] += cv2.merge(rgb) * light[rows, cols]
            light[rows, cols] *= 1 - cv2.merge([alpha] * 3) / np.float32(255)
    return [truth[number] for number, *_ in present]


def _place(
    rgba: UInt8, origin: tuple[float, float], scale: float, frame_size: tuple[int, int]
) -> tuple[slice, slice, np.ndarray] | None:
    """Return the scaled cut-out's rows and columns in the frame and its pixels there; None where it is outside."""
    (width, height), (source_height, source_width) = frame_size, rgba.shape[:2]
    x0, y0 = max(0, int(np.floor(origin[0]))), max(0, int(np.floor(origin[1])))
    x1 = min(width, int(np.ceil(origin[0] + source_width * scale)))
    y1 = min(height, int(np.ceil(origin[1] + source_height * scale)))
    if x0 >= x1 or y0 >= y1:
        return None
    # Shrunk by area averaging to whole pixels first; the rest of scale and shift, below a pixel, is interpolated.
    size = max(1, round(source_width * scale)), max(1, round(source_height * scale))
    small = cv2.resize(rgba, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    rest = np.array([source_width * scale / size[0], source_height * scale / size[1]])
    shift = rest / 2 + np.array(origin) - 0.5 - [x0, y0]  # between pixel centres
    matrix = np.array([[rest[0], 0, shift[0]], [0, rest[1], shift[1]]])
    # A picture's own rim is not softened: outside it is transparent.
    pixels = cv2.warpAffine(small, matrix, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return slice(y0, y1), slice(x0, x1), pixels.astype(np.float32)


def _share_seen(box: tuple[float, float, float, float], light: np.ndarray) -> float:
    """Return the share of a box (x, y, w, h) that the frame holds and that nothing nearer hides."""
    x, y, w, h = box
    # How much of each pixel column and row the box covers: its edges fall between pixels.
    across = np.clip(
        np.minimum(np.arange(1, light.shape[1] + 1), x + w) - np.maximum(np.arange(light.shape[1]), x), 0, 1
    )
    down = np.clip(np.minimum(np.arange(1, light.shape[0] + 1), y + h) - np.maximum(np.arange(light.shape[0]), y), 0, 1)
    return float(np.clip(down @ light @ across / (w * h), 0, 1))
