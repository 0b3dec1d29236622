"""What the tests of reports share: a regular expression for requests to elsewhere, and small notebooks."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat

#: Anything in a page that makes a browser fetch from elsewhere, or run a script other than the one beside the pages.
#: Data of figures are no script.
OUTSIDE = re.compile(
    r"""(?:src|srcset|href|poster|data)\s*=\s*["']?\s*(?:https?:)?//|@import|url\(\s*["']?(?:https?:)?//|<iframe
        |<script(?!\ type="application/json">|\ defer=""\ src="assets/facestats-timeline\.js">)""",
    re.IGNORECASE | re.VERBOSE,
)


def write_notebook(path: Path, *sources: str, tagged: int | None = 0) -> Path:
    """Write a notebook of code cells, of which number ``tagged`` carries the tag ``parameters``."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    if tagged is not None:
        cells[tagged].metadata["tags"] = ["parameters"]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path
