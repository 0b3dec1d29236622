import pytest
from stores import make_store

from facestats.reports.data import load_video


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("store") / "syn")


@pytest.fixture
def people(store):
    return load_video(str(store.path), "people", page_folder=str(store.path.parent), linked=True)
