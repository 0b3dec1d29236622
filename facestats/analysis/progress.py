"""How far an input is, and progress bars: one over all videos, one for each that is being worked on."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Self

from facestats.video.names import safe_stem

if TYPE_CHECKING:
    from tqdm.std import tqdm


class Act(Enum):
    """What is being done with an input: the words of its bar, and what is counted."""

    READ = ("reading ", "MB")
    ANALYZE = ("", "frame")
    JOIN = ("joining ", "part")
    DRAW = ("clip of ", "frame")
    CUT = ("thumbnails of ", "frame")
    COMPARE = ("faces of ", "frame")


class Progress(NamedTuple):
    """How far an act is: how much is done, and how much there may be in all."""

    act: Act
    n_done: int
    n_expected: int | None = None


#: Called now and then while an input is worked on.
Report = Callable[[Progress], object]


class Bars:
    """The bars of one run; a context manager.

    Parameters
    ----------
    n_videos : int
    progress : bool or None
        Whether they are visible; None: if the output is a terminal or a notebook.

    Examples
    --------
    >>> with Bars(1, progress=False) as bars:
    ...     bars.report("clip.mp4", Progress(Act.ANALYZE, 5, 100))
    ...     bars.finish("clip.mp4")
    """

    def __init__(self, n_videos: int, *, progress: bool | None) -> None:
        from facestats._util.progress import bar  # not before: status counts without bars

        self._progress, self._make = progress, bar
        alone = n_videos < 2
        self._all = bar(total=n_videos, progress=False if alone else progress, desc="videos", unit="video", position=0)
        self._first = 0 if alone else 1
        self._bars: dict[str, tuple[Act, int, tqdm]] = {}  # by video: the act, the line, the bar

    def report(self, video: str, progress: Progress) -> None:
        """Say how far a video is, given as :attr:`facestats.video.discovery.Input.shown`."""
        known = self._bars.get(video)
        if known is None or known[0] is not progress.act:
            if known is not None:
                line = known[1]
                _end(known[2])
            else:
                taken = {line for _, line, _ in self._bars.values()}
                line = next(line for line in itertools.count(self._first) if line not in taken)
            prefix, unit = progress.act.value
            bar = self._make(
                total=progress.n_expected,
                progress=False if progress.n_expected == 1 else self._progress,
                desc=f"{prefix}{safe_stem(video)}",
                unit=unit,
                leave=False,
                position=line,
            )
            self._bars[video] = known = progress.act, line, bar
        known[2].update(progress.n_done - known[2].n)

    def finish(self, video: str) -> None:
        """Take the bar of a video away, and count the video."""
        if (known := self._bars.pop(video, None)) is not None:
            _end(known[2])
        self._all.update(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for *_, bar in self._bars.values():
            bar.close()
        self._all.close()


def _end(bar: tqdm) -> None:
    """Close the bar of an act that came to its end: how many frames there are is often known only then.

    In a notebook, a bar that is closed before its end turns red and stays.
    """
    if bar.total is not None:
        bar.total = bar.n
    bar.close()
