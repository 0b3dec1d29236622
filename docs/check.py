"""Check built pages: every link, anchor and picture leads somewhere, and nothing is loaded from elsewhere.

    python docs/check.py docs/_build/html

Links of the text to other sites are counted, not followed.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: What a browser fetches by itself when it shows a page.
_FETCHED = {
    ("audio", "src"),
    ("embed", "src"),
    ("iframe", "src"),
    ("img", "src"),
    ("img", "srcset"),
    ("input", "src"),
    ("link", "href"),
    ("object", "data"),
    ("script", "src"),
    ("source", "src"),
    ("source", "srcset"),
    ("track", "src"),
    ("video", "poster"),
    ("video", "src"),
}
_ADDRESSES = {*_FETCHED, ("a", "href"), ("form", "action")}
_FROM_ELSEWHERE = re.compile(r"""(?:url\(|@import)\s*["']?(?:https?:)?//[^\s"')]+""")
_ADDRESS = re.compile(r"""["'`](https?://[^"'`\s]+)""")


@dataclass
class Page(HTMLParser):
    """What one page has, and where it leads."""

    ids: set[str] = field(default_factory=set)
    addresses: list[tuple[str, str, str]] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note ids and addresses."""
        values = {name: value or "" for name, value in attrs}
        self.ids |= {values[name] for name in ("id", "name") if values.get(name)}
        self.styles.append(values.get("style", ""))
        for name, value in values.items():
            if (tag, name) in _ADDRESSES:
                listed = [one.split()[0] for one in value.split(",") if one.strip()] if name == "srcset" else [value]
                self.addresses += [(tag, name, one) for one in listed]
        self._inside = tag if tag in ("script", "style") and "json" not in values.get("type", "") else ""

    def handle_endtag(self, tag: str) -> None:
        """Leave a script or a style."""
        self._inside = ""

    def handle_data(self, data: str) -> None:
        """Note scripts and styles that stand in the page."""
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside == "style":
            self.styles.append(data)


def problems(folder: Path) -> list[str]:
    """Return what is wrong with the pages of a folder, one line each."""
    pages = {}
    for path in sorted(folder.rglob("*.html")):
        pages[path.resolve()] = page = Page()
        page.feed(path.read_text(encoding="utf-8"))
    found = [] if pages else [f"{folder} has no pages"]
    for path, page in pages.items():
        shown = path.relative_to(folder.resolve())
        found += [f"{shown}: {wrong}" for wrong in _wrong(path, page, pages)]
    for path in sorted(folder.rglob("*.css")):
        outside = _FROM_ELSEWHERE.findall(path.read_text(encoding="utf-8"))
        found += [f"{path.relative_to(folder)}: loads {address}" for address in outside]
    return found


def _wrong(path: Path, page: Page, pages: dict[Path, Page]) -> list[str]:
    found = []
    for tag, name, address in page.addresses:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https") or address.startswith("//"):
            if (tag, name) in _FETCHED:
                found.append(f"<{tag}> loads {address}")
            continue
        if parts.scheme:  # data:, mailto: and the like
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if target.is_dir():
            target = target / "index.html"
        if not target.is_file():
            found.append(f"<{tag}> leads to {address}, which is not there")
        elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids:
            found.append(f"<{tag}> leads to {address}, which has no such anchor")
    found += [f"a script names {address}" for script in page.scripts for address in _ADDRESS.findall(script)]
    found += [f"a style loads {address}" for style in page.styles for address in _FROM_ELSEWHERE.findall(style)]
    return found


def main() -> int:
    """Print what is wrong; 1 if anything is."""
    folder = Path(sys.argv[1])
    found = problems(folder)
    for problem in found:
        sys.stdout.write(f"{problem}\n")
    sys.stdout.write(f"{len(list(folder.rglob('*.html')))} pages, {len(found)} problems\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
