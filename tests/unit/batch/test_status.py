import json

import pandas as pd
import pytest
from commands import run
from stores import FAILED, PARTIAL, PEOPLE, make_store

import facestats as fs
from facestats.batch.status import STATES, begin_run, status
from facestats.errors import StoreError
from facestats.store.locking import locked
from facestats.store.store import create_store, open_store


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "s")


def test_states_and_reasons(store):
    paths = [entry.paths[0] for entry in store.entries().values()]
    begin_run(store, [*paths, "later.mp4"])
    found = fs.status(str(store.path))
    assert found["state"].tolist() == sorted(found["state"], key=STATES.index)
    by_id = found.set_index("video_id")
    assert by_id.loc[PEOPLE, "state"] == "done"
    assert by_id.loc[PARTIAL, "state"] == "partial"
    assert by_id.loc[PARTIAL, "reason"] == store.entries()[PARTIAL].error
    assert by_id.loc[FAILED, "state"] == "failed"
    assert "--retry-failed" in by_id.loc[FAILED, "reason"]
    pending = found[found["state"] == "pending"]
    assert pending["path"].tolist() == ["later.mp4"]
    assert pending["video_id"].isna().all()
    assert "did not come to it" in pending["reason"].item()
    with locked(store.path):
        assert status(store)["reason"].iloc[-1] == "a run is at it"


def test_copies_and_what_is_gone(store):
    entry = store.entries()[PEOPLE]
    store.note(entry, paths=("a.mp4", "b.mp4"), missing_since="2026-01-02T03:04:05+00:00")
    reason = status(store).set_index("video_id").loc[PEOPLE, "reason"]
    assert reason == "gone since 2026-01-02T03:04:05+00:00, its results are kept; also b.mp4"


def test_an_empty_store(tmp_path, capsys):
    found = status(create_store(tmp_path / "s"))
    assert found.empty
    assert pd.api.types.is_datetime64_any_dtype(found["written_at"])
    assert run(capsys, "status", tmp_path / "s") == (0, "nothing in it yet\n", "")


def test_the_command(store, capsys):
    code, out, err = run(capsys, "status", store.path)
    assert (code, err) == (0, "")
    assert "1 failed" in out.splitlines()[0]
    assert not any(line.startswith("done") for line in out.splitlines())
    assert any(line.startswith("done") for line in run(capsys, "status", store.path, "--all")[1].splitlines())
    told = json.loads(run(capsys, "status", store.path, "--json")[1])
    assert told["counts"]["failed"] == 1
    assert len(told["videos"]) == len(store.entries())


def test_damaged_notes_are_named(store, capsys):
    (store.path / "run.json").write_text("{")
    with pytest.raises(StoreError, match=r"run\.json cannot be read"):
        status(open_store(store.path))
    code, _, err = run(capsys, "status", store.path)
    assert code == 2
    assert len(err.splitlines()) == 1
