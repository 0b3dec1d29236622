import nbformat
import pytest
from stores import make_store

from facestats.reports import run
from facestats.reports.data import load_video


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("store") / "syn")


@pytest.fixture
def people(store):
    return load_video(str(store.path), "people", page_folder=str(store.path.parent), linked=True)


@pytest.fixture
def planned(monkeypatch):
    """What would run: template, executed notebook and parameters, without running it."""
    calls = []

    def fake(template, out, parameters, *, progress=None):
        calls.append((template.name, out.name, dict(parameters)))
        nbformat.write(nbformat.v4.new_notebook(), out)

    monkeypatch.setattr(run, "execute", fake)
    monkeypatch.setattr(run, "at_once", lambda: 1)  # so that the calls are in order
    return calls
