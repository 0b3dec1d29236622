"""From an executed notebook to a page without code that opens offline."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from nbconvert import HTMLExporter
from nbconvert.preprocessors import TagRemovePreprocessor

from facestats.reports.html import render
from facestats.reports.timeline import SCRIPT

#: Cells with this tag are for those that run the notebook, not for readers of the page.
NOTEBOOK_ONLY = "notebook-only"

_PAPERMILL_ERROR = "papermill-error-cell-tag"
_WIDGET = "application/vnd.jupyter.widget-view+json"

_exporting = threading.Lock()  # an exporter keeps what belongs to the page that it makes


def to_html(notebook: nbformat.NotebookNode, *, title: str, error: str | None = None, index: str = "") -> str:
    """Return an executed notebook as one HTML file: its text and outputs, without code, without outside requests.

    Figures that answer to the mouse need :data:`facestats.reports.timeline.SCRIPT` beside the page, and are still
    pictures without. A section (from one second-level heading to the next) whose cells show nothing is left out.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed.
    title : str
        Of the page.
    error : str, optional
        Why the notebook stopped before its end; the page begins with it then.
    index : str
        The address of the list of all reports, which the page leads back to; empty for none.

    Returns
    -------
    str

    Examples
    --------
    >>> "<title>Hello</title>" in to_html(nbformat.v4.new_notebook(), title="Hello")
    True
    """
    page = nbformat.from_dict(notebook)
    for cell in page.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if _belongs_to_page(output)]
    page.cells = [cell for section in _sections(page.cells) if _shows_something(section) for cell in section]
    # Without this, nbconvert asks a CDN for the scripts that draw stored widgets.
    page.metadata.pop("widgets", None)
    notice = render("pieces.callout", f"This report stopped before its end: {error}") if error else ""
    drawn = any('class="fs-live"' in str(output) for cell in page.cells for output in cell.get("outputs", []))
    known = {"title": title, "notice": notice, "script": SCRIPT if drawn else None, "index": index}
    resources: dict[str, Any] = {"facestats": known}
    with _exporting:
        text, _ = _exporter().from_notebook_node(page, resources=resources)
    return text


@cache
def _exporter() -> HTMLExporter:
    """Return what makes pages: compiling its templates takes as long as making one."""
    exporter = HTMLExporter(
        template_name="template",
        extra_template_basedirs=[str(Path(__file__).parent)],
        exclude_anchor_links=True,
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    remove = TagRemovePreprocessor(remove_cell_tags={NOTEBOOK_ONLY, _PAPERMILL_ERROR}, enabled=True)
    exporter.register_preprocessor(remove, enabled=True)
    return exporter


def _belongs_to_page(output: nbformat.NotebookNode) -> bool:
    """Leave out tracebacks, progress bars and warnings, which belong to the notebook."""
    if output.output_type == "error":
        return False
    if output.output_type == "stream":
        return output.name == "stdout"
    # A widget needs a kernel; some bring a picture for where there is none.
    data = output.get("data", {})
    return data.pop(_WIDGET, None) is None or "image/png" in data


def _sections(cells: list[nbformat.NotebookNode]) -> Iterator[list[nbformat.NotebookNode]]:
    section: list[nbformat.NotebookNode] = []
    for cell in cells:
        if cell.cell_type == "markdown" and cell.source.startswith(("# ", "## ")):
            yield section
            section = []
        section.append(cell)
    yield section


def _shows_something(section: list[nbformat.NotebookNode]) -> bool:
    code = [cell for cell in section if cell.cell_type == "code"]
    return not code or any(cell.outputs for cell in code)
