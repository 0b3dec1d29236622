"""The list of all reports in a folder: what each is about, how it ended, the newest first; as data, and as a page."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from html import unescape
from pathlib import Path
from urllib.parse import quote

from facestats._util.locations import write_whole
from facestats.errors import OutputError
from facestats.reports.page import badge, escape, style

#: The page, and what it is made from; hidden, so that a folder that is served shows pages only.
PAGE, DATA = "index.html", ".reports.json"

_HEADLINE = re.compile(r'<p class="fs-lead">(.*?)</p>', re.DOTALL)
_STYLE = Path(__file__).with_name("template") / "page.css"


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
    """

    title: str
    headline: str
    made_at: str
    made_from: str
    status: str
    error: str | None


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

    rows = "".join(_row(name, listed[name]) for name in sorted(listed, key=order, reverse=True))
    head = "".join(f"<th>{title}</th>" for title in ("report", "status", "made", "what it says"))
    table = f'<table class="fs-videos fs-index"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    body = f'<div class="fs">{table}</div>' if rows else "<p>No reports yet.</p>"
    n_failed = sum(entry.status != "ok" for entry in listed.values())
    count = f"{len(listed):,} report{'' if len(listed) == 1 else 's'}"
    lead = f"{count}, the newest first" + (f"; {n_failed:,} stopped before the end." if n_failed else ".")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light">\n<title>Reports</title>\n'
        f"<style>{_STYLE.read_text(encoding='utf-8')}</style>{style()}\n</head>\n<body>\n<main>\n"
        f'<h1>Reports</h1>\n<p class="fs-lead">{lead}</p>\n{body}\n</main>\n</body>\n</html>\n'
    )


def _row(name: str, entry: Listed) -> str:
    said = f"stopped before its end: {entry.error}" if entry.error else entry.headline
    made = entry.made_at[:16].replace("T", " ")
    cells = (
        ("report", f'<a href="{quote(name)}.html">{escape(entry.title)}</a>'),
        ("status", badge(entry.status)),
        ("made", f'<time datetime="{escape(entry.made_at)}">{escape(made)} UTC</time>'),
        ("says", escape(said)),
    )
    return "<tr>" + "".join(f'<td data-label="{title}">{value}</td>' for title, value in cells) + "</tr>"
