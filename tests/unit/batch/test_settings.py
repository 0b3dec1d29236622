import logging

import pytest
from commands import NO_MODELS
from synth import regular_times, write_video

from facestats._util.configured import FILE
from facestats.batch.collection import analyze_collection, plan_collection
from facestats.batch.settings import part_of_the_store, settings
from facestats.errors import UnknownNameError
from facestats.store.memory import remember
from facestats.store.store import create_store


@pytest.fixture
def videos(tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    return folder


def test_each_is_stronger_than_the_one_before(videos, tmp_path, monkeypatch):
    store = create_store(tmp_path / "store")

    def origin(**given):
        found = settings(given, [str(videos)], store.path)
        return found.analyze.rate, found.origins["rate"].origin

    assert origin() == (10.0, "default")
    remember(store.path, {"rate": 1.0})
    assert origin() == (1.0, "store")
    (videos / FILE).write_text("rate = 2")
    assert origin() == (2.0, "file")
    monkeypatch.setenv("FACESTATS_RATE", "3")
    assert origin() == (3.0, "variable")
    assert origin(rate=4.0) == (4.0, "given")
    assert settings({}, [str(videos)], store.path).differing == (
        "rate: the store was made with 1.0, this run has 3.0 (FACESTATS_RATE)",
    )


def test_of_workers_and_a_scheduler_the_stronger_holds(videos, tmp_path, monkeypatch):
    monkeypatch.setenv("FACESTATS_WORKERS", "2")
    run = settings({"scheduler": "tcp://a:1"}, [str(videos)], tmp_path / "store").run
    assert (run.workers, run.scheduler) == (None, "tcp://a:1")


def test_the_model_of_one_attribute_leaves_the_others(tmp_path):
    store = create_store(tmp_path / "store")
    remember(store.path, {"models": {"age": "none", "makeup": "none"}})
    assert settings({"models": {"age": "people"}}, [], store.path).analyze.models == {"age": "people", "makeup": "none"}
    assert settings({}, [], store.path).analyze.models == {"age": "none", "makeup": "none"}


def test_an_unknown_option_is_refused(tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'rate'"):
        settings({"raet": 1}, [], tmp_path / "store")


def test_a_part_of_each_video_that_only_the_store_names_is_told(tmp_path):
    store = create_store(tmp_path / "store")
    assert part_of_the_store(settings({}, [], store.path)) == ""
    remember(store.path, {"from_s": 1.5, "to_s": 60.0, "region": ["left=0,0,50%,100%", "right=50%,0,50%,100%"]})
    told = "--from 1.5 --to 60 --region left=0,0,50%,100%, right=50%,0,50%,100%"
    assert part_of_the_store(settings({}, [], store.path)).endswith(f": {told}")
    assert part_of_the_store(settings({"from_s": 2.0}, [], store.path)).endswith(f": {told.partition('1.5 ')[2]}")


def test_a_later_run_goes_on_with_the_options_of_the_store_and_says_what_differs(videos, tmp_path, caplog):
    write_video(videos / "a.mp4", regular_times(12, 10))

    def run(**how):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            result = analyze_collection(videos, out=tmp_path / "store", progress=False, workers=0, **how)
        return result, [record.getMessage() for record in caplog.records]

    first, told = run(rate=2, clips=False, models=NO_MODELS)
    assert (len(first.analyzed), told) == (1, [])
    again, told = run()
    assert (again.analyzed, again.drawn, told) == ((), (), [])
    assert [task.action for task in plan_collection(videos, out=tmp_path / "store")] == ["skip"]
    other, told = run(rate=5)
    assert len(other.analyzed) == 1
    assert told == ["rate: the store was made with 2, this run has 5 (given here)"]
    back, told = run()
    assert (len(back.analyzed), told) == (1, [])
    (entry,) = back.store.entries().values()
    assert (entry.options["rate"], entry.options["clips"]) == (2, False)
