"""Everything that ``analyze`` can be told, in one frozen dataclass; the store keeps it beside the results."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from facestats.errors import UnknownNameError, UsageError

#: Faces whose shorter side is below this are judged only by models whose confidence was fitted to small faces too.
MIN_CLASSIFIED_PX = 20

#: The detector of videos, and of the stills that models are trained on.
DEFAULT_DETECTOR = "centerface"

#: Longer side of the picture that a detector sees; faces of 12 px were followed in a real clip. Smaller frames
#: are not shrunk at all, and of larger ones decoding takes longer too.
DEFAULT_DETECT_SIZE = 960

#: Pixels of the smallest face in the pictures in which faces are followed. On four real clips a detector found all
#: faces of 32 pixels or more that it finds at 640, and placed their landmarks as well as in larger pictures: 5 % of the
#: distance of the eyes apart.
DEFAULT_FOLLOW_FACE = 32.0

#: What is a face with a lower probability is dropped. ByteTrack uses the weaker ones only to continue a track.
DEFAULT_MIN_SCORE = 0.35

#: A face of this probability may begin a track, and counts without one.
DEFAULT_SURE_SCORE = 0.5


@dataclass(frozen=True)
class AnalyzeOptions:
    """Options of one analysis.

    Attributes
    ----------
    rate : float
        Frames a second of video in which faces are looked for; 0 means every frame.
    detector : str
        ``"centerface"``, ``"fast"``, ``"yunet"`` or the path of an ONNX file.
    detect_size : int
        Longer side, in pixels, of what the detector sees; 0 for the frame's own size.
    follow_face : float
        Between two searches a second apart, frames are shrunk before detection until the smallest face that either
        search found has so many pixels; 0 to search every frame.
    min_score : float
        Detections that are faces with a lower probability are dropped; every detector's card turns its scores into
        probabilities.
    sure_score : float
        Probability from which a face may begin a track, or count where nothing is tracked; weaker ones only continue
        tracks.
    min_face : float
        Faces whose shorter side is below this many pixels are dropped.
    every_sample : bool
        Measure gender, age and makeup in every sampled frame, not only as often as a track's verdict needs.
    tracker : str
        One of :data:`facestats.track.TRACKERS`.
    device : str
        ``"cpu"`` or ``"cuda"``; where the attribute models run.
    models : mapping of str to str
        Attribute to model name; ``"none"`` leaves an attribute out.
    models_path : tuple of str
        Folders of the user's own models.
    sequence : bool
        A folder of images is one video, not many stills.
    sequence_fps : float
        Images a second of such a sequence, which has no clock of its own.
    limit_s : float or None
        Stop a camera or a stream after this many seconds.
    clips : bool
        Write the annotated clips.
    blur : bool
        Make faces unrecognisable in the clips and keep no thumbnails.
    thumbnails : bool
        Keep one to three small pictures of each track.

    Raises
    ------
    UsageError
        If a value is out of range.

    Examples
    --------
    >>> AnalyzeOptions(rate=5).rate
    5
    """

    rate: float = 10.0
    detector: str = DEFAULT_DETECTOR
    detect_size: int = DEFAULT_DETECT_SIZE
    follow_face: float = DEFAULT_FOLLOW_FACE
    min_score: float = DEFAULT_MIN_SCORE
    sure_score: float = DEFAULT_SURE_SCORE
    min_face: float = 12.0
    every_sample: bool = False
    tracker: str = "bytetrack"
    device: str = "cpu"
    models: Mapping[str, str] = field(default_factory=dict)
    models_path: tuple[str, ...] = ()
    sequence: bool = False
    sequence_fps: float = 25.0
    limit_s: float | None = None
    clips: bool = True
    blur: bool = False
    thumbnails: bool = True

    def __post_init__(self) -> None:
        for name, valid, need in (
            ("rate", 0 <= self.rate < math.inf, "0 (every frame) or more frames a second"),
            ("detect_size", self.detect_size == 0 or self.detect_size >= 32, "0 (own size) or at least 32 pixels"),
            ("follow_face", self.follow_face == 0 or 8 <= self.follow_face < math.inf, "0 (off) or at least 8 pixels"),
            ("min_score", 0 < self.min_score < 1, "between 0 and 1"),
            ("sure_score", 0 < self.sure_score < 1, "between 0 and 1"),
            ("min_face", 0 <= self.min_face < math.inf, "0 or more pixels"),
            ("sequence_fps", 0 < self.sequence_fps < math.inf, "more than 0 images a second"),
            ("limit_s", self.limit_s is None or self.limit_s > 0, "more than 0 seconds"),
        ):
            if not valid:
                raise UsageError(
                    f"--{name.removesuffix('_s').replace('_', '-')} must be {need}, not {getattr(self, name)}"
                )

    @classmethod
    def from_keywords(cls, **options: Any) -> AnalyzeOptions:
        """Build options from keywords, refusing unknown ones by name.

        Raises
        ------
        UnknownNameError
            Naming the unknown option and those that exist.
        UsageError
            If a value is out of range.

        Examples
        --------
        >>> AnalyzeOptions.from_keywords(rate=0).rate
        0
        """
        known = [item.name for item in fields(cls)]
        for name in options:
            if name not in known:
                raise UnknownNameError(f"unknown option {name!r}; there are {', '.join(known)}")
        paths = options.pop("models_path", ())
        folders = (paths,) if isinstance(paths, str | Path) else paths
        return cls(models_path=tuple(str(folder) for folder in folders), **options)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for the manifest and the reports."""
        return {**asdict(self), "models": dict(self.models), "models_path": list(self.models_path)}
