"""Every option, described once: type, default, help, limits, and what it affects.

The command line, the signatures of :func:`facestats.analyze` and its sisters, the tables of the documentation, the plan
of a run and the reports read their names, words and defaults from here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, TypedDict

from facestats._util.described import Affects, Option, Options, describe, documented, option, refuse_unknown
from facestats._util.naming import named
from facestats._util.spoken import read_regions, region_texts, seconds_of
from facestats.errors import UsageError

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

#: In panned photos, 32 false tracks an hour become 12, and 7 % of the faces become doubtful, nearly all of them in
#: crowds. At 0.8 it would be 8, and 11 %: see benchmarks/README.md.
DEFAULT_MIN_FACE_PROB = 0.65

#: A worker that reports nothing for so many seconds, while it works on a video, is stopped.
DEFAULT_TIMEOUT_S = 300.0

_PROBABILITY: Mapping[str, Any] = {"valid": lambda value: 0 < value < 1, "need": "between 0 and 1"}


@documented
@dataclass(frozen=True)
class AnalyzeOptions(Options):
    """Options of one analysis.

    Blurring a video that was analysed before draws its clip anew and deletes its thumbnails. Without ``blur`` again,
    and with ``thumbnails`` where the store has none, the clip is drawn and the thumbnails are cut anew, which decodes
    the video once more, by the boxes that are in the tables.

    Attributes
    ----------
    {options}

    Raises
    ------
    UsageError
        If a value is out of range.

    Examples
    --------
    >>> AnalyzeOptions(rate=5).rate
    5
    """

    rate: float = option(
        10.0,
        help="Frames a second of video in which faces are searched; 0: every frame.",
        affects="found",
        valid=lambda value: 0 <= value < math.inf,
        need="0 (every frame) or more frames a second",
    )
    detector: str = option(
        DEFAULT_DETECTOR,
        help="centerface, fast, yunet, or the path of an .onnx file.",
        affects="found",
        by_content=True,
    )
    detect_size: int = option(
        DEFAULT_DETECT_SIZE,
        help="Longer side, in pixels, of what the detector sees; 0: the frame's own size. Raise it for small faces in "
        "large frames. Smaller frames are not enlarged.",
        affects="found",
        valid=lambda value: value == 0 or value >= 32,
        need="0 (own size) or at least 32 pixels",
    )
    follow_face: float = option(
        DEFAULT_FOLLOW_FACE,
        help="The whole detect size is searched once a second, at cuts and at the end; between two searches, faces "
        "need this many pixels, if nobody came or went: frames are shrunk so far, or looked at finely where faces "
        "are. 0: every frame is searched.",
        affects="found",
        valid=lambda value: value == 0 or 8 <= value < math.inf,
        need="0 (off) or at least 8 pixels",
    )
    min_score: float = option(
        DEFAULT_MIN_SCORE,
        help="Detections that are faces with a lower probability are dropped. The detector's card turns its scores "
        "into probabilities.",
        affects="found",
        **_PROBABILITY,
    )
    sure_score: float = option(
        DEFAULT_SURE_SCORE,
        help="Probability from which a face may begin a track, or count where nothing is tracked; weaker ones only "
        "continue tracks.",
        affects="found",
        **_PROBABILITY,
    )
    min_face: float = option(
        12.0,
        help="Faces whose shorter side is below this many pixels are dropped.",
        affects="found",
        valid=lambda value: 0 <= value < math.inf,
        need="0 or more pixels",
    )
    min_face_prob: float = option(
        DEFAULT_MIN_FACE_PROB,
        help="Tracks that show a face with a lower probability are kept apart, in the table doubtful, and counted "
        "nowhere. 0: all count.",
        affects="found",
        valid=lambda value: 0 <= value < 1,
        need="0 (all count) or less than 1",
    )
    every_sample: bool = option(
        False,
        help="Measure gender, age and makeup in every sampled frame, not only as often as a track's verdict needs.",
        affects="found",
    )
    people: bool = option(
        True,
        help="Say which tracks are of one person: a guess that leaves some apart, and now and then takes two people "
        "for one. What faces look like is compared in memory, inside one video, and never stored.",
        affects="found",
    )
    tracker: str = option(
        "bytetrack",
        help="bytetrack, bytetrack-iou, cbiou, ocsort, botsort, centroid or none.",
        affects="found",
    )
    device: str = option("cpu", help="Where the networks run: cpu or cuda, an NVIDIA GPU.", affects="run")
    models: Mapping[str, str] = option(
        factory=dict,
        help="The model of an attribute, by its name, or none to leave the attribute out; several may be given.",
        affects="found",
        by_content=True,
        flag="--model",
        metavar="ATTRIBUTE=NAME",
    )
    models_path: tuple[str, ...] = option(
        (),
        help="Folder of your own models; several may be given.",
        affects="found",
        by_content=True,
        metavar="DIR",
    )
    sequence: bool = option(False, help="A folder of images is one video, not many stills.", affects="found")
    sequence_fps: float = option(
        25.0,
        help="Images a second of such a sequence, which has no clock of its own.",
        affects="found",
        valid=lambda value: 0 < value < math.inf,
        need="more than 0 images a second",
    )
    limit_s: float | None = option(
        None,
        help="Stop a camera or a stream after so many seconds.",
        affects="run",
        flag="--limit",
        metavar="SECONDS",
        valid=lambda value: value is None or value > 0,
        need="more than 0 seconds",
    )
    from_s: float | None = option(
        None,
        help="Analyse only what is shown from this moment on: seconds, or as 1:30 or 1:02:30.",
        affects="found",
        flag="--from",
        metavar="TIME",
        valid=lambda value: value is None or 0 <= value < math.inf,
        need="0 or more seconds",
        read=seconds_of,
    )
    to_s: float | None = option(
        None,
        help="Analyse only what is shown before this moment: seconds, or as 1:30 or 1:02:30.",
        affects="found",
        flag="--to",
        metavar="TIME",
        valid=lambda value: value is None or 0 < value < math.inf,
        need="more than 0 seconds",
        read=seconds_of,
    )
    region: tuple[str, ...] = option(
        (),
        help="Only faces whose middle lies in this part of the picture: left, top, width and height, in pixels or per "
        "cent. Several may be given, with names: left=0,0,50%,100%.",
        affects="found",
        metavar="[NAME=]X,Y,W,H",
    )
    clips: bool = option(True, help="Write the annotated clips.", affects="drawn")
    blur: bool = option(False, help="Make faces unrecognisable in the clips, and keep no thumbnails.", affects="drawn")
    thumbnails: bool = option(
        True, help="Keep one to three small pictures of each track, for reports.", affects="drawn"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.from_s is not None and self.to_s is not None and self.from_s >= self.to_s:
            raise UsageError(
                f"{named('from_s', '--from')} {self.from_s:g} must come before {named('to_s', '--to')} {self.to_s:g}: "
                "nothing lies between"
            )
        read_regions(self.region, named("region"))  # refuses what is none

    @classmethod
    def from_keywords(cls, **options: Any) -> Self:
        """Build options from keywords.

        ``models_path`` may be one folder, or several; ``region`` one region, several, or a mapping of names to them;
        moments may be texts.
        """
        paths = options.get("models_path", ())
        folders = (paths,) if isinstance(paths, str | Path) else paths
        plain = {"models_path": tuple(str(folder) for folder in folders)}
        return super().from_keywords(**{**options, **plain, "region": region_texts(options.get("region", ()))})

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for the manifest and the reports."""
        lists = {"models_path": list(self.models_path), "region": list(self.region)}
        return {**asdict(self), "models": dict(self.models), **lists}


@documented
@dataclass(frozen=True)
class RunOptions(Options):
    """Options of one run over a collection, which leave the results as they are.

    Attributes
    ----------
    {options}

    Raises
    ------
    UsageError
        If a value is out of range, or a scheduler and a number of workers are both given.

    Examples
    --------
    >>> RunOptions(workers=2).timeout
    300.0
    """

    workers: int | None = option(
        None,
        help="Processes that work side by side, on several videos or on chunks of a long one; by default what does "
        "best on this machine. 0: everything in this process, where a decoder that crashes ends the run.",
        affects="run",
        valid=lambda value: value is None or value >= 0,
        need="0 or more",
    )
    scheduler: str | None = option(
        None,
        help="Address of a dask scheduler, whose workers do it instead; they need facestats, and must see the same "
        "paths or addresses.",
        affects="run",
        metavar="tcp://HOST:PORT",
    )
    timeout: float = option(
        DEFAULT_TIMEOUT_S,
        help="A video that makes no progress for so many seconds is given up.",
        affects="run",
        metavar="SECONDS",
        valid=lambda value: value > 0,
        need="more than 0 seconds",
    )
    force: bool = option(False, help="Analyse everything anew, whatever the store has.", affects="run")
    retry_failed: bool = option(False, help="Analyse again what failed before.", affects="run")
    settle: float = option(
        0.0,
        help="Leave a file that changed within the last so many seconds for the next run: it may still be written.",
        affects="run",
        metavar="SECONDS",
        valid=lambda value: 0 <= value < math.inf,
        need="0 or more seconds",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scheduler is not None and self.workers is not None:
            raise UsageError(f"{named('scheduler')} has workers of its own: leave {named('workers')} out")


class AnalyzeKeywords(TypedDict, total=False):
    """The fields of :class:`AnalyzeOptions` as keywords, for type checkers; a test holds both equal."""

    rate: float
    detector: str
    detect_size: int
    follow_face: float
    min_score: float
    sure_score: float
    min_face: float
    min_face_prob: float
    every_sample: bool
    people: bool
    tracker: str
    device: str
    models: Mapping[str, str]
    models_path: str | Path | Sequence[str | Path]
    sequence: bool
    sequence_fps: float
    limit_s: float | None
    from_s: float | str | None
    to_s: float | str | None
    region: str | Sequence[str] | Sequence[float] | Mapping[str, str | Sequence[float]]
    clips: bool
    blur: bool
    thumbnails: bool


class CollectionKeywords(AnalyzeKeywords, total=False):
    """The fields of :class:`AnalyzeOptions` and :class:`RunOptions` as keywords, for type checkers."""

    workers: int | None
    scheduler: str | None
    timeout: float
    force: bool
    retry_failed: bool
    settle: float


def described(*groups: type) -> Mapping[str, Option]:
    """Return the options of some of the dataclasses above by name, in order; of all of them by default.

    Examples
    --------
    >>> list(described(RunOptions))
    ['workers', 'scheduler', 'timeout', 'force', 'retry_failed', 'settle']
    """
    return describe(*(groups or (AnalyzeOptions, RunOptions)))


def from_keywords(options: Mapping[str, Any]) -> tuple[AnalyzeOptions, RunOptions]:
    """Return both groups of options from keywords, refusing unknown ones by name.

    Raises
    ------
    UnknownNameError, UsageError
        See :meth:`AnalyzeOptions.from_keywords`.

    Examples
    --------
    >>> from_keywords({"rate": 5.0, "force": True})[1].force
    True
    """
    refuse_unknown(options, described())
    run = {name: value for name, value in options.items() if name in describe(RunOptions)}
    return (
        AnalyzeOptions.from_keywords(**{name: value for name, value in options.items() if name not in run}),
        RunOptions.from_keywords(**run),
    )


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], kind: Affects = "found"
) -> dict[str, tuple[Any, Any]]:
    """Return the options that differ and affect ``kind``: by name, the value before and after.

    An option that one side lacks, for instance because a former version had no such option, has its default there.
    What names models is left out: models are compared by their content. Names that are no options are left out too.

    Examples
    --------
    >>> differences({"rate": 5.0, "blur": True}, AnalyzeOptions().to_dict())
    {'rate': (5.0, 10.0)}
    """
    defaults = AnalyzeOptions().to_dict()
    pairs = {
        name: (before.get(name, defaults[name]), after.get(name, defaults[name]))
        for name, item in described(AnalyzeOptions).items()
        if item.affects == kind and not item.by_content
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
