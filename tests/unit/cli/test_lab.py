import sys

import nbformat
import pytest
from stores import make_store

from facestats.cli import lab, main


@pytest.fixture
def started(monkeypatch):
    """What would take over the process."""
    calls = []

    def fake(path, arguments):
        calls.append((path, arguments))
        raise SystemExit(0)

    monkeypatch.setattr(lab.os, "execv", fake)
    return calls


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(["lab", *map(str, arguments)])
    return ended.value.code


def test_it_opens_jupyterlab_on_a_notebook_that_explores_the_store(tmp_path, monkeypatch, started):
    monkeypatch.chdir(tmp_path)
    store = make_store(tmp_path / "store")
    assert run(store.path, "--no-browser", "--port", 9000, "--allow-root") == 0
    path, arguments = started.pop()
    assert path == sys.executable
    assert arguments[1:] == [
        "-m",
        "jupyterlab",
        "--ServerApp.port=9000",
        str(tmp_path / "explore.ipynb"),
        "--no-browser",
        "--allow-root",
    ]
    cells = nbformat.read(tmp_path / "explore.ipynb", as_version=4).cells
    assert f"store = {str(store.path)!r}" in [cell.source for cell in cells]


def test_somebodys_own_notebook_is_never_overwritten(tmp_path):
    assert lab.place_notebook("a", tmp_path).name == "explore.ipynb"
    assert lab.place_notebook("a", tmp_path).name == "explore.ipynb"  # the same
    assert lab.place_notebook("b", tmp_path).name == "explore-2.ipynb"
    (tmp_path / "explore-2.ipynb").write_text("no notebook at all")
    (tmp_path / "explore-3.ipynb").write_text("")
    assert lab.place_notebook("b", tmp_path).name == "explore-4.ipynb"
    assert (tmp_path / "explore-3.ipynb").read_text() == ""


def test_what_is_no_store_is_refused_and_nothing_starts(tmp_path, monkeypatch, capsys, started):
    monkeypatch.chdir(tmp_path)
    assert run("nowhere") == 2
    assert "nowhere does not exist" in capsys.readouterr().err
    assert started == []
    assert list(tmp_path.iterdir()) == []
