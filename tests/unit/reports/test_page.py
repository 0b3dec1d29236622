import re

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from pages import OUTSIDE

from facestats.reports.page import to_html


def html_output(html):
    return new_output("display_data", {"text/html": html, "text/plain": "plain"})


def convert(*cells, **options):
    return to_html(new_notebook(cells=list(cells), metadata={}), **{"title": "A title", **options})


def test_code_is_left_out_and_outputs_are_kept():
    text = convert(
        new_markdown_cell("# Hello\n\nSome *prose*."),
        new_code_cell("secret_call()", outputs=[html_output("<b>shown</b>"), new_output("stream", text="printed")]),
    )
    assert "secret_call" not in text
    assert "<b>shown</b>" in text
    assert "printed" in text
    assert "<em>prose</em>" in text
    assert "plain" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
    assert text.startswith("<!DOCTYPE html>")
    assert text.rstrip().endswith("</html>")


def test_nothing_is_fetched_from_elsewhere_whatever_the_notebook_holds():
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}, "text/plain": "IntSlider()"}
    notebook = new_notebook(
        cells=[
            new_markdown_cell("Maths $x^2$ and\n\n```mermaid\ngraph TD; A-->B\n```"),
            new_code_cell(outputs=[new_output("display_data", widget)]),
            new_code_cell(outputs=[new_output("display_data", {"application/javascript": "alert(1)"})]),
            new_code_cell(outputs=[new_output("display_data", {"text/vnd.mermaid": "graph TD; A-->B"})]),
            new_code_cell(outputs=[new_output("display_data", {"image/png": "aGVsbG8="})]),
        ],
        metadata={"widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"a": {}}}}},
    )
    text = to_html(notebook, title="x")
    assert not OUTSIDE.search(text)
    assert "data:image/png;base64,aGVsbG8=" in text
    assert "widgets" in notebook.metadata  # the notebook itself is left alone


def test_a_page_leads_back_to_the_list_where_there_is_one():
    assert '<a href="index.html">All reports</a>' in convert(index="index.html")
    assert "All reports" not in convert()


def test_a_section_that_shows_nothing_is_left_out():
    text = convert(
        new_markdown_cell("## Full"),
        new_code_cell(outputs=[html_output("x")]),
        new_markdown_cell("## Hollow"),
        new_markdown_cell("prose of the hollow one"),
        new_code_cell(outputs=[]),
        new_markdown_cell("## Words only"),
    )
    assert "Full" in text
    assert "Words only" in text
    assert "Hollow" not in text
    assert "hollow" not in text


def test_tracebacks_warnings_and_notes_to_the_analyst_stay_in_the_notebook():
    analyst = new_markdown_cell("for the analyst")
    analyst.metadata["tags"] = ["notebook-only"]
    noise = [new_output("stream", name="stderr", text="a warning"), new_output("error", ename="E", evalue="boom")]
    text = convert(analyst, new_code_cell(outputs=[*noise, html_output("kept")]))
    assert "kept" in text
    for left_out in ("for the analyst", "a warning", "boom"):
        assert left_out not in text


def test_title_and_error_are_escaped():
    text = convert(title="<script>t</script>", error="ValueError: <script>e</script>")
    assert "<title>&lt;script&gt;t&lt;/script&gt;</title>" in text
    assert "This report stopped before its end: ValueError: &lt;script&gt;e&lt;/script&gt;" in text


def test_the_notebook_is_not_changed():
    notebook = new_notebook(cells=[new_code_cell(outputs=[new_output("stream", name="stderr", text="w")])])
    before = nbformat.writes(notebook)
    to_html(notebook, title="x")
    assert nbformat.writes(notebook) == before
