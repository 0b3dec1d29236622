"""Progress bars: one over all videos, one for each that is being worked on."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from tqdm.auto import tqdm

_DOING = {"analyse": "", "draw": "clip of "}


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
    ...     bars.report(0, "clip.mp4", "analyse", 5, 100)
    ...     bars.finish(0)
    """

    def __init__(self, n_videos: int, *, progress: bool | None) -> None:
        # tqdm's own way to say: see for yourself whether anyone watches.
        self._disable = True if progress is False else None if progress is None else False
        alone = n_videos < 2
        self._all = tqdm(
            total=n_videos, desc="videos", unit="video", position=0, disable=True if alone else self._disable
        )
        self._first = 0 if alone else 1
        self._bars: dict[int, tuple[str, tqdm]] = {}

    def report(self, worker: int, name: str, doing: str, n_done: int, n_expected: int | None) -> None:
        """Show how far a worker is with a video."""
        text = f"{_DOING.get(doing, doing)}{name}"
        shown, bar = self._bars.get(worker, ("", None))
        if bar is None or shown != text:
            if bar is not None:
                bar.close()
            disable = True if n_expected == 1 else self._disable
            bar = tqdm(
                total=n_expected, desc=text, unit="frame", leave=False, position=self._first + worker, disable=disable
            )
            self._bars[worker] = text, bar
        bar.update(n_done - bar.n)

    def finish(self, worker: int) -> None:
        """Take the bar of a worker away, whose video is done."""
        _, bar = self._bars.pop(worker, ("", None))
        if bar is not None:
            bar.close()

    def advance(self) -> None:
        """Count one more video."""
        self._all.update(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for worker in list(self._bars):
            self.finish(worker)
        self._all.close()
