"""The list of all reports in a folder: what each is about, how it ended, the newest first; as data, and as a page."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from facestats._util import words
from facestats._util.locations import write_whole
from facestats.errors import OutputError
from facestats.reports.html import expression_legend, expression_parts, render
from facestats.reports.months import months_of
from facestats.reports.summary import Summary

#: The page, and what it is made from; hidden, so that a folder that is served shows pages only.
PAGE, DATA = "index.html", ".reports.json"

#: What sorts and searches the page, beside it; without it the page is as it is.
SCRIPT = "assets/facestats-index.js"

_HEADLINE = re.compile(r'<p class="fs-lead">(.*?)</p>', re.DOTALL)


@dataclass(frozen=True)
class Listed:
    """One report of a folder.

    Attributes
    ----------
    title, headline : str
        What it is about, and what it says, in one sentence.
    made_at : str
        UTC, ISO 8601.
    made_from : str
        Hash of all that it depends on; empty if it failed.
    status : str
        ``"ok"`` or ``"failed"``.
    error : str or None
        Why it failed.
    is_good : bool
        Whether its page says all that it should: also where a newer one failed, and the earlier one stayed.
    made_of : mapping of str to list of str
        By the path of a store, the ids of the videos that it is about.
    video_status : str
        What became of the video, if it is about one: ``"ok"``, ``"partial"`` or ``"failed"``; if it is about several,
        ``"failed"`` where all of them failed.
    summary : mapping
        What :class:`facestats.reports.summary.Summary` has of that video; empty if it is about none, or several.
    """

    title: str
    headline: str
    made_at: str
    made_from: str
    status: str
    error: str | None
    is_good: bool = False
    made_of: Mapping[str, list[str]] = field(default_factory=dict)
    video_status: str = "ok"
    summary: Mapping[str, Any] = field(default_factory=dict)

    @property
    def about(self) -> Summary | None:
        """The video that it is about; None if it is about none, or several."""
        try:
            return Summary(**self.summary) if self.summary else None
        except TypeError:  # another version wrote it
            return None

    @property
    def has_good_page(self) -> bool:
        """Whether its page is to stay where a newer one fails."""
        return self.is_good or self.status == "ok"

    @property
    def videos(self) -> list[str]:
        """The ids of the videos that it is about."""
        return [video_id for ids in self.made_of.values() for video_id in ids]


def headline_of(page: str) -> str:
    """Return the first sentence of a report, given its page; empty if it has none.

    Examples
    --------
    >>> headline_of('<p class="fs-lead">Two &lt;3</p>')
    'Two <3'
    """
    found = _HEADLINE.search(page)
    return unescape(re.sub(r"<[^>]*>", "", found[1])).strip() if found else ""


def read_index(folder: Path) -> dict[str, Listed]:
    """Return the reports of a folder by name, without those whose pages are gone; nothing if none is known.

    Examples
    --------
    >>> read_index(Path("nowhere"))
    {}
    """
    try:
        known = json.loads((folder / DATA).read_text(encoding="utf-8"))
        listed = {name: Listed(**entry) for name, entry in known.items()}
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError, TypeError, AttributeError):
        return {}  # then all reports are made anew
    return {name: entry for name, entry in listed.items() if (folder / f"{name}.html").is_file()}


def write_index(folder: Path, listed: Mapping[str, Listed]) -> None:
    """Write the list, and the page that shows it.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    try:
        text = json.dumps({name: asdict(entry) for name, entry in listed.items()}, indent=1, ensure_ascii=False)
        write_whole(folder / DATA, text.encode("utf-8", "backslashreplace"))
        write_whole(folder / SCRIPT, (Path(__file__).with_name("template") / "list.js").read_bytes())
        write_whole(folder / PAGE, index_page(listed).encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror or error}; name another --out") from None


def index_page(listed: Mapping[str, Listed]) -> str:
    """Return the page: the newest report first, those over many videos before those of one made in the same minute.

    Examples
    --------
    >>> "No reports yet" in index_page({})
    True
    """

    def order(name: str) -> tuple[str, bool, str]:
        return listed[name].made_at[:16], name == "collection", listed[name].made_at

    n_failed = sum(entry.status != "ok" for entry in listed.values())
    count = f"{len(listed):,} report{'' if len(listed) == 1 else 's'}"
    lead = f"{count}, the newest first" + (f"; {n_failed:,} stopped before the end." if n_failed else ".")
    # A video counts once, as its newest report says; of those about several each has its own.
    by_age = sorted(listed.items(), key=lambda each: each[1].made_at)
    of_one = {_about(name, entry): entry.video_status for name, entry in by_age if len(entry.videos) <= 1}
    statuses = Counter(of_one.values())
    for status, what in (("failed", "could not be read"), ("partial", "could be read in part only")):
        if n := statuses[status]:
            counted = words.count(n, "video")
            lead += f" {words.sentence(f'{counted} {what}')}"
    titles = Counter(entry.title for entry in listed.values())
    rows = [
        _row(name, listed[name], alike=titles[listed[name].title] > 1)
        for name in sorted(listed, key=order, reverse=True)
    ]
    legend = expression_legend(unknown=False, missing=False)
    return str(render("list.page", lead, rows, SCRIPT, *_trend(listed.values()), legend))


def _about(name: str, entry: Listed) -> str:
    return json.dumps(entry.made_of, sort_keys=True) if entry.made_of else name


def _trend(listed: Iterable[Listed]) -> tuple[list[dict[str, Any]], str]:
    """Return a row for each month, the newest first, and which day of a video counts; nothing if there is one month."""
    # Several reports may be about one video.
    about = {json.dumps(entry.made_of, sort_keys=True): entry.about for entry in listed}
    months, note = months_of(summary for summary in about.values() if summary is not None)
    most_videos, most_faces = (max([1, *(getattr(each, n) for each in months)]) for n in ("n_videos", "n_faces"))
    rows = [
        {
            "name": month.name,
            "videos": (month.n_videos, month.n_videos / most_videos),
            "faces": (month.n_faces, month.n_faces / most_faces),
            "shares": expression_parts(pd.Series(month.shares)) if month.shares else None,
        }
        for month in months
    ]
    return rows, note


def _row(name: str, entry: Listed, *, alike: bool) -> Mapping[str, Any]:
    text = entry.headline
    if entry.error:
        day = entry.made_at[:10]
        reason = f"a newer one stopped before its end: {entry.error}. This is the one of {day}"
        text = f"{text} ({reason})" if entry.is_good else f"stopped before its end: {entry.error}"
    link = (f"{quote(name)}.html", f"{entry.title} ({name})" if alike else entry.title)
    # A report on a failed video is no failed report; a reader of the list wants to know either.
    status = entry.status if entry.status != "ok" else entry.video_status
    picture = "" if entry.about is None else entry.about.picture
    return {"link": link, "status": status, "made_at": entry.made_at, "text": text, "picture": picture}
