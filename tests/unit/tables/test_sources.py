import pandas as pd
import pytest
from stores import MODELS, PEOPLE, make_result, make_store

import facestats as fs
from facestats.errors import StoreError, UsageError
from facestats.store.store import create_store
from facestats.tables.sources import tracks_of


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("sources") / "store")


def test_a_store_its_path_and_its_tracks_answer_alike(store):
    tracks = store.tracks()
    for source in (store, store.path, str(store.path)):
        found = tracks_of(source)
        pd.testing.assert_frame_equal(found.tracks, tracks)
        assert found.models == {name: model["name"] for name, model in MODELS.items() if name != "detector"}
    assert tracks_of(tracks).models is None
    timeline = fs.timeline(str(store.path), every=2.0)
    pd.testing.assert_frame_equal(timeline, fs.timeline(store, every=2.0))


def test_shares_of_a_store_of_a_result_and_of_tracks_agree(tmp_path):
    store = create_store(tmp_path / "store")
    result = make_result("v-1", (), path="v.mp4", duration_s=1.0)
    store.write(result, paths=("v.mp4",))
    whole = fs.demographics(result.tracks)
    for source in (store, str(store.path), result):
        pd.testing.assert_frame_equal(fs.demographics(source), whole)
        assert fs.compare(source, result.tracks).empty


def test_what_finds_faces_and_tells_people_apart_judges_nothing(tmp_path):
    store = create_store(tmp_path / "store")
    models = {name: {"name": name, "sha256": "0"} for name in ("detector", "embedding", "faceness")}
    store.write(make_result("v-1", (), path="v.mp4", duration_s=1.0), paths=("v.mp4",), models=models)
    assert tracks_of(store).models is None
    assert fs.demographics(store).empty
    assert fs.compare(store, store).empty


def test_several_models_of_an_attribute_are_refused(tmp_path):
    store = create_store(tmp_path / "store")
    for number, name in enumerate(("people", "mine")):
        result = make_result(f"v-{number}", (), path=f"{number}.mp4", duration_s=1.0)
        store.write(result, paths=(f"{number}.mp4",), models={"age": {"name": name, "sha256": "0"}})
    with pytest.raises(UsageError, match=r"age_group was judged by several models \(mine, people\)") as caught:
        fs.demographics(store)
    assert "\n" not in str(caught.value)
    assert fs.demographics(store, attributes=["gender"]).empty
    assert fs.demographics(store, models={"age": "people"}).empty


@pytest.mark.parametrize(("source", "error"), [(5, UsageError), ("nowhere", StoreError), (None, UsageError)])
def test_what_is_no_source_is_one_line(source, error):
    with pytest.raises(error) as caught:
        fs.demographics(source)
    assert "\n" not in str(caught.value)


def test_one_video_of_a_store_is_a_source_too(store):
    one = store.video(PEOPLE)
    assert len(tracks_of(one).tracks) == len(one.tracks()) < len(store.tracks())
