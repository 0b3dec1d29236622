import pytest
from stores import FACES, PEOPLE, make_result, make_store


@pytest.fixture(scope="module")
def video(demo_video):
    return demo_video.path


@pytest.fixture
def result(video):
    return make_result(PEOPLE, FACES, path=str(video), cut_s=6.0)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("store") / "syn")
