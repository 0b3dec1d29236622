"""How far a run is, written down while it is under way, so that others can ask; and read again."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from facestats._util.locations import write_whole
from facestats.analysis.progress import Act, Progress
from facestats.store.layout import UNDER_WAY
from facestats.store.locking import is_locked
from facestats.store.manifest import now

if TYPE_CHECKING:
    from facestats.video.discovery import Input

_NEAR_S, _FAR_S = 1.0, 30.0  # seconds between two notes, on this machine and elsewhere
_SILENT_S = 300.0  # where nothing can be locked, a run that wrote nothing for so long is over
_LEAST_SHARE, _LEAST_S = 0.005, 2.0  # from which on the time left is worth saying

# Of the work on a video, how much comes before an act, and how much it is; drawing comes after analysing.
_PARTS = {
    Act.READ: (0.0, 0.0),
    Act.ANALYZE: (0.0, 0.8),
    Act.JOIN: (0.8, 0.0),
    Act.DRAW: (0.8, 0.2),
    Act.CUT: (0.8, 0.0),
    Act.COMPARE: (0.8, 0.0),
}


@dataclass(frozen=True)
class RunUnderWay:
    """How far a run is.

    Attributes
    ----------
    started_at, heard_at : str
        When it began, and when it last wrote how far it is; UTC, ISO 8601.
    n_inputs, n_done : int
        How many inputs it has, and how many of them are done, those included that need no work.
    share : float
        How much of its work is done, 0 to 1; videos weigh as much as their files are long.
    left_s : float or None
        Seconds that it will still take, if it goes on as before; None while nobody can say.
    now : dict of str to float
        By path, how much is done of the videos that it is working on.
    """

    started_at: str
    heard_at: str
    n_inputs: int
    n_done: int
    share: float
    left_s: float | None
    now: dict[str, float]


def run_under_way(store: Path) -> RunUnderWay | None:
    """Return how far the run is that is writing to a store; None if there is none.

    Examples
    --------
    >>> run_under_way(Path("nowhere")) is None
    True
    """
    try:
        found = RunUnderWay(**json.loads((store / UNDER_WAY).read_text(encoding="utf-8", errors="surrogateescape")))
        heard_at = datetime.fromisoformat(found.heard_at)
    except (OSError, ValueError, TypeError):  # a note is no reason to fail
        return None
    if isinstance(store, Path):
        return found if is_locked(store) else None
    return found if (datetime.now(UTC) - heard_at).total_seconds() < _SILENT_S else None


class UnderWay:
    """Writes down how far a run is, now and then; a context manager. Nothing depends on whether that can be written.

    Parameters
    ----------
    store : pathlib.Path
    items : iterable of Input

    Examples
    --------
    >>> with UnderWay(Path("nowhere"), []) as way:
    ...     way.progressed("a.mp4", Progress(Act.ANALYZE, 5, 10))
    """

    def __init__(self, store: Path, items: Iterable[Input]) -> None:
        self._store = store
        self._to_do = {item.shown: _weight(item) for item in items}
        self._n_inputs, self._started_at, self._began_s = len(self._to_do), now(), time.monotonic()
        self._worked = 0.0  # weight of what is done, of that which needed work
        self._now: dict[str, float] = {}
        self._noted_s = -_FAR_S

    def progressed(self, video: str, progress: Progress) -> None:
        """Note how far a video is, given as :attr:`facestats.video.discovery.Input.shown`."""
        before, part = _PARTS[progress.act]
        share = min(progress.n_done / progress.n_expected, 1.0) if progress.n_expected else 0.0
        self._now[video] = max(self._now.get(video, 0.0), before + part * share)
        self._note()

    def finished(self, video: str, *, worked: bool) -> None:
        """Note that a video is done, and whether that was work: one that the store had already was none."""
        weight = self._to_do.pop(video, 0.0)
        self._now.pop(video, None)
        self._worked += weight * worked
        self._note()

    def _note(self) -> None:
        elapsed_s = time.monotonic() - self._began_s
        if elapsed_s - self._noted_s < (_NEAR_S if isinstance(self._store, Path) else _FAR_S):
            return
        self._noted_s = elapsed_s
        done = self._worked + sum(self._to_do.get(video, 0.0) * share for video, share in self._now.items())
        total = self._worked + sum(self._to_do.values())
        share = done / total if total else 1.0
        is_known = share >= _LEAST_SHARE and elapsed_s >= _LEAST_S
        found = RunUnderWay(
            self._started_at,
            now(),
            self._n_inputs,
            self._n_inputs - len(self._to_do),
            round(share, 4),
            round(elapsed_s * (1 - share) / share, 1) if is_known else None,
            {video: round(part, 3) for video, part in self._now.items()},
        )
        with contextlib.suppress(OSError):
            text = json.dumps(asdict(found), ensure_ascii=False)
            write_whole(self._store / UNDER_WAY, text.encode("utf-8", "surrogateescape"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError):
            (self._store / UNDER_WAY).unlink(missing_ok=True)


def _weight(item: Input) -> float:
    """Return how much work a video may be: as much as its file is long."""
    try:
        return max(float(Path(item.path).stat().st_size), 1.0)
    except (OSError, ValueError):
        return 1.0
