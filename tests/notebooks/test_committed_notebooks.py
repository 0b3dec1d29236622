import ast
from pathlib import Path

import jupytext
import nbformat
import pytest

from facestats._util.resources import bundled

FOLDER = bundled("notebooks")
NOTEBOOKS = sorted([*FOLDER.glob("*.ipynb"), *(FOLDER / "tutorials").glob("*.ipynb")])
REPORTS = [path for path in NOTEBOOKS if path.stem.endswith("_report") and path.parent == FOLDER]


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    found = nbformat.read(request.param, as_version=4)
    nbformat.validate(found)
    return found


def test_all_are_there():
    assert {path.stem for path in NOTEBOOKS} >= {"video_report", "collection_report", "compare_report", "quickstart"}


def test_they_are_committed_without_outputs_and_without_traces_of_their_authors(notebook):
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.language_info == {"name": "python"}
    assert str(Path.home()) not in nbformat.writes(notebook)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_is_paired_with_a_script_that_says_the_same(path):
    script = jupytext.read(path.with_suffix(".py"))

    def said(notebook):
        return [(cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in notebook.cells]

    assert said(script) == said(nbformat.read(path, as_version=4)), "run `make notebooks`"


def test_cells_are_thin_and_between_them_is_prose(notebook):
    assert sum(cell.cell_type == "markdown" for cell in notebook.cells) >= 4
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= 10
            defined = [type(node) for node in ast.walk(ast.parse(cell.source))]
            assert not {ast.FunctionDef, ast.ClassDef, ast.If, ast.While} & set(defined)


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.stem)
def test_reports_have_one_parameters_cell_of_scalars(path):
    cells = nbformat.read(path, as_version=4).cells
    (tagged,) = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    for statement in ast.parse(tagged.source).body:
        assert isinstance(ast.literal_eval(statement.value), str | int | float | bool)
