"""Helpers for the tests of reports: the sections of a page, what a browser would read in them, and small notebooks."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat

from facestats.reports import collection, demographics, glance, provenance, video

#: Anything in a page that makes a browser fetch from elsewhere, or run a script other than the one beside the pages.
#: Data of figures are no script.
OUTSIDE = re.compile(
    r"""(?:src|srcset|href|poster|data)\s*=\s*["']?\s*(?:https?:)?//|@import|url\(\s*["']?(?:https?:)?//|<iframe
        |<script(?!\ type="application/json">|\ defer=""\ src="assets/facestats-(?:timeline|index)\.js">)""",
    re.IGNORECASE | re.VERBOSE,
)


def write_notebook(path: Path, *sources: str, tagged: int | None = 0) -> Path:
    """Write a notebook of code cells, of which number ``tagged`` carries the tag ``parameters``."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    if tagged is not None:
        cells[tagged].metadata["tags"] = ["parameters"]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


class Tags(HTMLParser):
    """The tags of a piece of HTML with their attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.text, self.open = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("img", "source", "br", "rect", "circle", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())

    @property
    def pictures(self) -> list[str]:
        return [" ".join(attributes["alt"].split()) for tag, attributes in self.tags if tag == "img"]


def parse(*outputs) -> Tags:
    """The sections of a page; what is opened in them is closed."""
    parsed = Tags("".join(output.data for output in outputs if output is not None))
    assert parsed.open == []
    return parsed


def video_sections(data):
    return [
        video.headline(data),
        glance.glance(data),
        video.overview(data),
        glance.doubts(data),
        video.faces(data),
        video.timelines(data),
        demographics.composition(data),
        video.coverage(data),
        provenance.limits(data),
        provenance.provenance(data),
    ]


def collection_sections(data):
    return [
        collection.headline(data),
        collection.glance(data),
        collection.videos(data),
        collection.spread(data),
        collection.coverage(data),
        provenance.limits(data),
        provenance.provenance(data),
    ]
