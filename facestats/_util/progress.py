"""How far long work is: bars where somebody sees them, else a line now and then, or JSON for a program."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, TextIO

from tqdm.auto import tqdm
from tqdm.std import tqdm as plain_tqdm

#: Seconds between two lines of progress, and between two JSON objects.
LINES_EVERY_S, JSON_EVERY_S = 30.0, 1.0

_MOST_BARS = 4  # in one line


class Style(StrEnum):
    """How progress is shown."""

    BARS = "bars"
    LINES = "lines"
    JSON = "json"
    NONE = "none"


class _Counted(plain_tqdm):
    """A bar that counts, and is shown by others."""

    monitor_interval = 0

    def __init__(self, iterable: Iterable[Any] | None = None, **how: Any) -> None:
        super().__init__(iterable, **{**how, "file": io.StringIO(), "leave": False, "mininterval": 0.5})

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        pass


class _Display:
    """Shows the bars of this process in its own way, until it is stopped."""

    def __init__(self, style: Style, file: TextIO, every_s: float) -> None:
        self.style, self._file, self._every_s = style, file, every_s
        self._began = time.monotonic()
        self._bars: list[_Counted] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        if style in (Style.LINES, Style.JSON):
            self._thread.start()

    def add(self, bar: _Counted) -> None:
        self._bars = [*self._alive(), bar]

    def stop(self) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        if self.style is Style.JSON:
            self._show()

    def _alive(self) -> list[_Counted]:
        return [bar for bar in self._bars if not bar.disable]

    def _run(self) -> None:
        while not self._over.wait(self._every_s):
            self._show()

    def _show(self) -> None:
        bars, elapsed_s = [described(bar) for bar in self._alive()], time.monotonic() - self._began
        text = as_json(bars, elapsed_s) if self.style is Style.JSON else as_line(bars, elapsed_s)
        with contextlib.suppress(OSError, ValueError):  # whoever read it has gone
            self._file.write(f"{text}\n")
            self._file.flush()


_display: _Display | None = None


@contextlib.contextmanager
def shown(style: Style, *, file: TextIO | None = None, every_s: float | None = None) -> Iterator[None]:
    """Show the progress of all that is done in the block, in whatever module, in one way.

    Parameters
    ----------
    style : Style
    file : file, optional
        Where to; standard error by default.
    every_s : float, optional
        Seconds between two lines or two JSON objects.

    Examples
    --------
    >>> with shown(Style.JSON, file=sys.stdout, every_s=60):
    ...     for _ in bar("ab", desc="letters", unit="letter"):
    ...         pass
    {"event": "progress", "elapsed_s": 0.0, "bars": []}
    """
    global _display
    before = _display
    usual_s = JSON_EVERY_S if style is Style.JSON else LINES_EVERY_S
    if style is not Style.BARS:
        _display = _Display(style, sys.stderr if file is None else file, every_s or usual_s)
    try:
        yield
    finally:
        if _display is not None and _display is not before:
            _display.stop()
        _display = before


def bar(iterable: Iterable[Any] | None = None, *, progress: bool | None = None, **how: Any) -> plain_tqdm:
    """Return a progress bar, as tqdm has them, shown as :func:`shown` says.

    Parameters
    ----------
    iterable : iterable, optional
    progress : bool or None
        False: none; None: where somebody sees it, in a terminal or a notebook; True: wherever the output goes.
    **how
        As tqdm takes it: ``total``, ``desc``, ``unit``, ``leave``, ``position``.

    Examples
    --------
    >>> with bar(total=2, progress=False) as one:
    ...     one.update()
    """
    if _display is None:
        return tqdm(iterable, disable=None if progress is None else not progress, **how)
    made = _Counted(iterable, disable=progress is False or _display.style is Style.NONE, **how)
    if not made.disable:
        _display.add(made)
    return made


def is_hidden(progress: bool | None) -> bool | None:
    """Return tqdm's ``disable`` for bars that a library makes, which can be shown as bars alone.

    Examples
    --------
    >>> is_hidden(False), is_hidden(None)
    (True, None)
    """
    return True if _display is not None else None if progress is None else not progress


def described(one: plain_tqdm) -> dict[str, Any]:
    """Return what a bar says, for programs: ``what``, ``done``, ``total``, ``unit`` and ``left_s``.

    Examples
    --------
    >>> with plain_tqdm(total=4, desc="videos: ", unit="video", file=io.StringIO()) as one:
    ...     described(one)["total"]
    4
    """
    known = one.format_dict
    done, total, elapsed_s = known["n"], known["total"], known["elapsed"]
    left_s = elapsed_s * (total - done) / done if total and 0 < done <= total else None
    return {
        "what": known["prefix"].rstrip(": ") or None,
        "done": done,
        "total": total,
        "unit": known["unit"].strip(),
        "left_s": None if left_s is None else round(left_s, 1),
    }


def as_json(bars: list[dict[str, Any]], elapsed_s: float) -> str:
    """Return one line of JSON.

    Examples
    --------
    >>> as_json([], 61.04)
    '{"event": "progress", "elapsed_s": 61.0, "bars": []}'
    """
    return json.dumps({"event": "progress", "elapsed_s": round(elapsed_s, 1), "bars": bars}, ensure_ascii=False)


def as_line(bars: list[dict[str, Any]], elapsed_s: float) -> str:
    """Return one line for people who read it later.

    Examples
    --------
    >>> as_line([{"what": "videos", "done": 3, "total": 12, "unit": "video", "left_s": 270.0}], 90)
    'facestats: after 01:30: videos: video 3 of 12, 04:30 left'
    >>> as_line([], 90)
    'facestats: after 01:30: still at it'
    """
    parts = []
    for one in bars[:_MOST_BARS]:
        amount = f"{one['unit']} {one['done']:,}" + (f" of {one['total']:,}" if one["total"] else "")
        left = f", {tqdm.format_interval(one['left_s'])} left" if one["left_s"] is not None else ""
        parts.append((f"{one['what']}: " if one["what"] else "") + amount + left)
    more = f"; and {len(bars) - _MOST_BARS} more" if len(bars) > _MOST_BARS else ""
    said = "; ".join(parts) + more if parts else "still at it"
    return f"facestats: after {tqdm.format_interval(elapsed_s)}: {said}".replace("\n", "\\n").replace("\r", "\\r")
