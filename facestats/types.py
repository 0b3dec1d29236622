"""What the stages hand to each other: small frozen dataclasses, validated when they are made.

Images are RGB uint8 everywhere; boxes are ``x1, y1, x2, y2`` in pixels of the upright frame; times are seconds on
the video's own presentation clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]
UInt8 = NDArray[np.uint8]

#: Order of the five landmarks, named as the viewer sees them (image left first).
LANDMARK_NAMES = ("eye_left", "eye_right", "nose", "mouth_left", "mouth_right")


def _require(condition: bool, message: str, *values: object) -> None:
    """Refuse what is not as it must be; ``values`` are put into the message only then, as writing them takes long."""
    if not condition:
        raise ValueError(message.format(*values))


@dataclass(frozen=True)
class VideoInfo:
    """What is known of an input before its frames are read.

    Attributes
    ----------
    path : str
        The input as it was given: a file, a folder, ``camera:0`` or a URL.
    width, height : int
        Size of the upright frame in pixels (rotation already applied).
    fps : float
        Nominal frames a second; NaN where the input has none (a still). For information only: times never come
        from it.
    rotation : int
        Clockwise turn in degrees (0, 90, 180, 270) that makes the coded frame upright; already applied.
    duration_s : float
        Length that the container announces, in seconds; NaN where unknown (a stream). For progress bars only.
    n_frames_expected : int or None
        Frames that the container announces; None where unknown. For progress bars only.
    kind : str
        ``"video"``, ``"image"``, ``"sequence"``, ``"camera"`` or ``"stream"``.
    recorded_at, recorded_source : str or None
        See :class:`facestats.video.recording.Recording`.

    Examples
    --------
    >>> VideoInfo(path="clip.mp4", width=640, height=360, fps=25.0).is_live
    False
    """

    path: str
    width: int
    height: int
    fps: float = float("nan")
    rotation: int = 0
    duration_s: float = float("nan")
    n_frames_expected: int | None = None
    kind: str = "video"
    recorded_at: str | None = None
    recorded_source: str | None = None

    def __post_init__(self) -> None:
        _require(self.width > 0 and self.height > 0, "frame size must be positive, got {}x{}", self.width, self.height)
        _require(self.rotation in (0, 90, 180, 270), "rotation must be 0, 90, 180 or 270, got {}", self.rotation)
        known = self.kind in ("video", "image", "sequence", "camera", "stream")
        _require(known, "unknown kind of input: {!r}", self.kind)

    @property
    def is_live(self) -> bool:
        """Whether the input can be read only once (a camera or a stream)."""
        return self.kind in ("camera", "stream")


class Frame:
    """One decoded frame, converted to RGB only where somebody asks for it.

    Parameters
    ----------
    index : int
        0-based index of the decoded frame in its input.
    time_s : float
        Presentation timestamp in seconds, from the container; never ``index / fps``.
    rgb : numpy.ndarray or callable
        uint8 (H, W, 3), RGB, upright; or what gives it (None if it turns out to be unreadable).
    small : numpy.ndarray, optional
        uint8 (h, w, 3), the same picture, perhaps smaller, for whoever needs no more; by default the full picture.
    size : tuple of int, optional
        Width and height of the full picture; must be given with a callable.
    after_join : bool
        Whether another recording begins with this frame: files joined end to end.

    Raises
    ------
    ValueError
        If the index is negative, the time not finite, a picture of another kind, or one that a callable needs absent.

    Examples
    --------
    >>> Frame(index=3, time_s=0.125, rgb=np.zeros((4, 6, 3), np.uint8)).size
    (6, 4)
    """

    __slots__ = ("_rgb", "_small", "after_join", "index", "size", "time_s")

    def __init__(
        self,
        index: int,
        time_s: float,
        rgb: UInt8 | Callable[[], UInt8 | None],
        small: UInt8 | None = None,
        size: tuple[int, int] | None = None,
        *,
        after_join: bool = False,
    ) -> None:
        _require(index >= 0, "frame index must not be negative, got {}", index)
        _require(math.isfinite(time_s), "frame {} has no finite time: {}", index, time_s)
        if not callable(rgb):
            size = rgb.shape[1], rgb.shape[0]
        if size is None:
            raise ValueError(f"frame {index}: a picture to come needs a size")
        for picture in [each for each in (rgb, small) if isinstance(each, np.ndarray)]:
            _require(
                picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3,
                "a frame must be uint8 (H, W, 3), got {} {}",
                picture.dtype,
                picture.shape,
            )
        self.index, self.time_s = index, time_s
        self.size: tuple[int, int] = size
        self._rgb, self._small, self.after_join = rgb, small, after_join

    @property
    def small(self) -> UInt8:
        """The same picture, perhaps smaller, uint8 (h, w, 3), RGB."""
        return self.rgb if self._small is None else self._small

    @property
    def small_size(self) -> tuple[int, int]:
        """Width and height of :attr:`small`, for which nothing is converted."""
        return self.size if self._small is None else (self._small.shape[1], self._small.shape[0])

    @property
    def rgb(self) -> UInt8:
        """The full picture, uint8 (H, W, 3), RGB, upright; of a video it is converted anew each time."""
        if not callable(self._rgb):
            return self._rgb
        full = self._rgb()
        if full is not None:
            return full
        if self._small is None:
            raise ValueError(f"frame {self.index} cannot be converted")
        import cv2

        # What could be read small but not in full is worth its small version.
        return np.asarray(cv2.resize(np.ascontiguousarray(self._small), self.size), np.uint8)

    def __repr__(self) -> str:
        return f"Frame(index={self.index}, time_s={self.time_s}, size={self.size})"


@dataclass(frozen=True)
class Detections:
    """The faces found in one frame, as a struct of arrays.

    Attributes
    ----------
    boxes : numpy.ndarray
        float32 (N, 4): ``x1, y1, x2, y2`` in pixels of the upright frame.
    scores : numpy.ndarray
        float32 (N,): the detector's confidence in [0, 1].
    landmarks : numpy.ndarray
        float32 (N, 5, 2): eyes, nose, mouth corners in pixels, in the order of :data:`LANDMARK_NAMES`.

    Examples
    --------
    >>> len(Detections.empty())
    0
    """

    boxes: Float32
    scores: Float32
    landmarks: Float32

    def __post_init__(self) -> None:
        n = len(self.boxes)
        for name, array, shape in (
            ("boxes", self.boxes, (n, 4)),
            ("scores", self.scores, (n,)),
            ("landmarks", self.landmarks, (n, 5, 2)),
        ):
            _require(
                array.shape == shape and array.dtype == np.float32,
                "{} must be float32 {}, got {} {}",
                name,
                shape,
                array.dtype,
                array.shape,
            )

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, index: NDArray | slice) -> Detections:
        """Select detections by a boolean mask, an index array or a slice."""
        return Detections(self.boxes[index], self.scores[index], self.landmarks[index])

    @classmethod
    def empty(cls) -> Detections:
        """Return the detections of a frame without faces."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))

    def stretched(self, across: float, down: float) -> Detections:
        """Return the same faces in a picture that is so many times as wide and as high."""
        if across == 1 and down == 1:
            return self
        by = np.array([across, down], np.float32)
        return Detections(self.boxes * np.tile(by, 2), self.scores, self.landmarks * by)

    @property
    def sizes(self) -> Float32:
        """Shorter side of each box in pixels, float32 (N,)."""
        return np.minimum(self.boxes[:, 2] - self.boxes[:, 0], self.boxes[:, 3] - self.boxes[:, 1])


@dataclass(frozen=True)
class FaceCrops:
    """Aligned faces, all of one size.

    Attributes
    ----------
    images : numpy.ndarray
        uint8 (N, S, S, 3), RGB, as :func:`facestats.classify.crops.align` cuts them.
    sharpness : numpy.ndarray
        float32 (N,): see :func:`facestats.classify.crops.sharpness`.
    pixels : numpy.ndarray
        float32 (N,): how many pixels of the frame the side of each crop spans, whatever S is.
    """

    images: UInt8 = field(repr=False)
    sharpness: Float32
    pixels: Float32

    def __post_init__(self) -> None:
        n = len(self.images)
        _require(
            self.images.ndim == 4
            and self.images.dtype == np.uint8
            and self.images.shape[3] == 3
            and self.images.shape[1] == self.images.shape[2],
            "crops must be uint8 (N, S, S, 3), got {} {}",
            self.images.dtype,
            self.images.shape,
        )
        for name, values in (("sharpness", self.sharpness), ("pixels", self.pixels)):
            _require(values.shape == (n,), "{} must have shape ({},), got {}", name, n, values.shape)

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class Predictions:
    """Full probability arrays of one attribute for N faces; never an argmax alone.

    Attributes
    ----------
    attribute : str
        ``"expression"``, ``"gender"``, ``"age"`` or ``"makeup"``.
    classes : tuple of str
        K class names; for an age given as a distribution over years these are ``"0"``, ``"1"``, ...
    probabilities : numpy.ndarray
        float32 (N, K); rows sum to 1.

    Examples
    --------
    >>> p = Predictions("gender", ("female", "male"), np.array([[0.25, 0.75]], np.float32))
    >>> p.column("male")
    array([0.75], dtype=float32)
    """

    attribute: str
    classes: tuple[str, ...]
    probabilities: Float32

    def __post_init__(self) -> None:
        _require(
            self.probabilities.ndim == 2 and self.probabilities.shape[1] == len(self.classes),
            "{}: probabilities must be (N, {}), got {}",
            self.attribute,
            len(self.classes),
            self.probabilities.shape,
        )
        off = np.abs(self.probabilities.sum(axis=1) - 1)
        _require(bool((off <= 1e-3).all()), "{}: probabilities do not sum to 1", self.attribute)

    def __len__(self) -> int:
        return len(self.probabilities)

    @property
    def years(self) -> Int64 | None:
        """The classes as years of age, int64 (K,); None unless this is an age given as a distribution over years."""
        if self.attribute != "age" or not all(name.isdecimal() for name in self.classes):
            return None
        return np.array([int(name) for name in self.classes], np.int64)

    def column(self, name: str) -> Float32:
        """Return the probability of one class, float32 (N,)."""
        return self.probabilities[:, self.classes.index(name)]


#: A batch of frames as the detectors take them: RGB uint8 (H, W, 3) each.
ImageBatch = Sequence[UInt8]


@dataclass(frozen=True)
class Places:
    """Regions in the pictures of one video.

    Attributes
    ----------
    names : tuple of str
    boxes : numpy.ndarray
        float64 (R, 4), left, top, right and bottom in pixels.
    """

    names: tuple[str, ...]
    boxes: np.ndarray

    def numbers_of(self, boxes: np.ndarray) -> np.ndarray:
        """Return, for each box xyxy of (N, 4), the number of the first region that its middle lies in, or -1.

        Examples
        --------
        >>> places = Places(("left",), np.array([[0.0, 0.0, 320.0, 360.0]]))
        >>> places.numbers_of(np.array([[10, 10, 50, 50], [400, 10, 440, 50]])).tolist()
        [0, -1]
        """
        middles = (boxes[:, :2] + boxes[:, 2:])[:, None] / 2
        inside = ((middles >= self.boxes[:, :2]) & (middles < self.boxes[:, 2:])).all(axis=2)
        return np.where(inside.any(axis=1), inside.argmax(axis=1), -1)

    def names_of(self, boxes: np.ndarray) -> list[str | None]:
        """Return, for each box xyxy of (N, 4), the name of its region; None outside of all, and of one without name."""
        return [self.names[number] or None if number >= 0 else None for number in self.numbers_of(boxes).tolist()]
