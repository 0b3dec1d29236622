import json

import pytest
from stores import EMPTY, make_store

from facestats.analysis.progress import Act, Progress
from facestats.batch import underway
from facestats.batch.status import status
from facestats.batch.underway import UnderWay, run_under_way
from facestats.store.locking import locked
from facestats.store.runs import Run, begin_run
from facestats.store.store import create_store
from facestats.video.discovery import Input


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by five seconds each time it is asked."""
    seen = iter(range(0, 10**6, 5))
    monkeypatch.setattr(underway.time, "monotonic", lambda: float(next(seen)))


@pytest.fixture
def items(tmp_path):
    for name, size in (("a.mp4", 100), ("b.mp4", 300), ("known.mp4", 600)):
        (tmp_path / name).write_bytes(b"x" * size)
    return [Input(str(tmp_path / name)) for name in ("a.mp4", "b.mp4", "known.mp4")]


@pytest.mark.usefixtures("clock")
def test_share_and_time_left_are_those_of_the_work(tmp_path, items):
    store = create_store(tmp_path / "s")
    a, b, known = (item.shown for item in items)
    begin_run(store.path, Run((a, b, known)))
    with locked(store.path), UnderWay(store.path, items) as way:
        way.finished(known, worked=False)  # the store had it: it says nothing of how fast the work goes
        way.finished(a, worked=True)
        way.progressed(b, Progress(Act.ANALYZE, 50, 100))
        found = run_under_way(store.path)
        assert (found.n_inputs, found.n_done, found.now) == (3, 2, {b: 0.4})
        assert found.share == pytest.approx((100 + 0.4 * 300) / 400)
        assert found.left_s == pytest.approx(15 * (1 - found.share) / found.share, abs=0.1)
        told = status(store)
        assert told.attrs["run"]["share"] == found.share
        assert told.set_index("path").loc[b, "reason"] == "under way, 40%"
        json.dumps(told.attrs)
    assert run_under_way(store.path) is None
    assert not (store.path / "under-way.json").exists()


@pytest.mark.usefixtures("clock")
def test_a_video_that_is_worked_on_has_one_line(tmp_path):
    store = make_store(tmp_path / "s")
    path = store.entries()[EMPTY].shown  # its tables are there, its clip is being drawn
    begin_run(store.path, Run((path,)))
    with locked(store.path), UnderWay(store.path, [Input(path)]) as way:
        way.progressed(path, Progress(Act.DRAW, 1, 2))
        told = status(store)
    (row,) = told[told["path"] == path].to_dict("records")
    assert (row["video_id"], row["state"], row["reason"]) == (EMPTY, "pending", "under way, 90%")


@pytest.mark.usefixtures("clock")
def test_what_a_killed_run_noted_is_not_believed(tmp_path, items):
    store = create_store(tmp_path / "s")
    way = UnderWay(store.path, items)
    way.progressed(items[0].shown, Progress(Act.ANALYZE, 1, None))
    assert (store.path / "under-way.json").is_file()
    assert run_under_way(store.path) is None


def test_a_disk_that_takes_no_notes_stops_nothing(tmp_path, items):
    with UnderWay(tmp_path / "a.mp4" / "no folder", items) as way:
        way.progressed(items[0].shown, Progress(Act.DRAW, 1, 2))
        way.finished(items[0].shown, worked=True)
