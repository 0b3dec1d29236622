"""Progress bars: one over all videos, one for each that is being worked on."""

from __future__ import annotations

import itertools
from types import TracebackType
from typing import Self

from tqdm.auto import tqdm

from facestats.store.store import safe_stem

_DOING = {"analyse": "", "draw": "clip of ", "join": "joining ", "read": "reading "}


class Bars:
    """The bars of one run; a context manager.

    Parameters
    ----------
    n_videos : int
    progress : bool or None
        Whether to show them; None where there is someone to see them.

    Examples
    --------
    >>> with Bars(1, progress=False) as bars:
    ...     bars.report("clip.mp4", "analyse", 5, 100)
    ...     bars.finish("clip.mp4")
    """

    def __init__(self, n_videos: int, *, progress: bool | None) -> None:
        # tqdm's own way to say: see for yourself whether anyone watches.
        self._disable = True if progress is False else None if progress is None else False
        alone = n_videos < 2
        self._all = tqdm(
            total=n_videos, desc="videos", unit="video", position=0, disable=True if alone else self._disable
        )
        self._first = 0 if alone else 1
        self._bars: dict[str, tuple[str, int, tqdm]] = {}  # by video: what is done, the line, the bar

    def report(self, video: str, doing: str, n_done: int, n_expected: int | None) -> None:
        """Show how far a video is, given as :attr:`facestats.video.discovery.Input.shown`."""
        was, line, bar = self._bars.get(video, ("", None, None))
        if was != doing:
            if bar is not None:
                bar.close()
            else:
                taken = {line for _, line, _ in self._bars.values()}
                line = next(line for line in itertools.count(self._first) if line not in taken)
            bar = tqdm(
                total=n_expected,
                desc=f"{_DOING.get(doing, doing)}{safe_stem(video)}",
                unit={"join": "part", "read": "MB"}.get(doing, "frame"),
                leave=False,
                position=line,
                disable=True if n_expected == 1 else self._disable,
            )
            self._bars[video] = doing, line, bar
        bar.update(n_done - bar.n)

    def finish(self, video: str) -> None:
        """Take the bar of a video away, and count the video."""
        *_, bar = self._bars.pop(video, ("", None, None))
        if bar is not None:
            bar.close()
        self._all.update(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for *_, bar in self._bars.values():
            bar.close()
        self._all.close()
