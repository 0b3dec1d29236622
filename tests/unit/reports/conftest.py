import nbformat
import numpy as np
import pytest
from stores import FACES, MODELS, PEOPLE, make_result, make_store, with_persons

from facestats.options import AnalyzeOptions
from facestats.reports import run
from facestats.reports.data import load_video
from facestats.store.store import create_store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("store") / "syn")


@pytest.fixture(scope="module")
def store_of_people(tmp_path_factory):
    """One video: the faces 2 and 3 are of person 1, face 1 of person 0, and face 4 is too small to tell."""
    result = make_result(PEOPLE, FACES, path="videos/people.mp4", cut_s=6.0)
    known = with_persons(result, {1: (0, 0.8), 2: (1, 0.9), 3: (1, 0.7), 4: (2, np.nan)}, within=(2, 4))
    store = create_store(tmp_path_factory.mktemp("people") / "syn")
    store.write(known, paths=("videos/people.mp4",), options=AnalyzeOptions().to_dict(), models=MODELS)
    (store.path / "clips").mkdir()
    (store.path / "clips" / f"{PEOPLE}.mp4").write_bytes(b"not really a clip")
    return store


@pytest.fixture
def people(store):
    return load_video(str(store.path), "people", page_folder=str(store.path.parent), linked=True)


@pytest.fixture
def planned(monkeypatch):
    """What would run: template, executed notebook and parameters, without running it."""
    calls = []

    def fake(template, out, parameters, **_):
        calls.append((template.name, out.name, dict(parameters)))
        nbformat.write(nbformat.v4.new_notebook(), out)

    monkeypatch.setattr(run, "execute", fake)
    monkeypatch.setattr(run, "at_once", lambda: 1)  # so that the calls are in order
    return calls
