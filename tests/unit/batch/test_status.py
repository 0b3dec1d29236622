import json

import pandas as pd
import pytest
from commands import run
from stores import EMPTY, FAILED, MODELS, PARTIAL, PEOPLE, make_store

import facestats as fs
from facestats.batch.plan import Planner
from facestats.batch.status import STATES, acknowledge, status
from facestats.errors import StoreError, UsageError
from facestats.options import AnalyzeOptions
from facestats.store.layout import table_path
from facestats.store.locking import locked
from facestats.store.runs import Run, begin_run
from facestats.store.store import create_store, open_store
from facestats.video.discovery import Input
from facestats.video.identity import Content


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "s")


def test_states_and_reasons(store):
    paths = [entry.paths[0] for entry in store.entries().values()]
    for video_id in (EMPTY, PARTIAL):
        (store.path / "clips" / f"{video_id}.mp4").write_bytes(b"clip")
    begin_run(store.path, Run((*paths, "later.mp4")))
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


@pytest.mark.parametrize("written", [b"{", b"[]", b"\xff"])
def test_one_file_of_corrections_that_cannot_be_read_is_told_of_its_video_alone(store, written):
    before = status(store).set_index("video_id")
    assert before.loc[PEOPLE, "state"] == "done"
    (store.path / "corrections").mkdir(exist_ok=True)
    (store.path / "corrections" / f"{PEOPLE}.json").write_bytes(written)
    after = status(store).set_index("video_id")
    assert after.loc[PEOPLE, ["state", "reason"]].tolist() == [
        "incomplete",
        f"its corrections by hand cannot be read: mend corrections/{PEOPLE}.json in the store, or delete it and "
        "correct again",
    ]
    pd.testing.assert_frame_equal(before.drop(index=PEOPLE), after.drop(index=PEOPLE))


@pytest.mark.parametrize("gone", [{"missing_since": "2026-01-02T03:04:05+00:00"}, {"sha256": None}])
def test_a_clip_that_no_run_can_draw_anew_leaves_its_video_done(store, gone):
    for video_id in (PEOPLE, EMPTY):
        store.note(store.entries()[video_id], **gone)
    store.correct(PEOPLE, 4, reject=True)
    told = status(store).set_index("video_id")
    assert told.loc[[PEOPLE, EMPTY], "state"].tolist() == ["done", "done"]
    for video_id, lost in ((PEOPLE, "its clip was drawn before faces were corrected"), (EMPTY, "its clip is missing")):
        assert told.loc[video_id, "reason"].startswith(f"{lost}, the video is not there to make that again")
    table_path(store.path, store.entries()[PEOPLE], "tracks").write_bytes(b"")
    assert status(store).set_index("video_id").loc[PEOPLE, "state"] == "incomplete"


def test_copies_and_what_is_gone(store):
    entry = store.entries()[PEOPLE]
    store.note(entry, paths=("a.mp4", "b.mp4"), missing_since="2026-01-02T03:04:05+00:00")
    reason = status(store).set_index("video_id").loc[PEOPLE, "reason"]
    assert "gone since 2026-01-02T03:04:05+00:00, its results still count" in reason
    assert reason.endswith("; also b.mp4")


def test_an_empty_store(tmp_path, capsys):
    found = status(create_store(tmp_path / "s"))
    assert found.empty
    assert pd.api.types.is_datetime64_any_dtype(found["written_at"])
    assert run(capsys, "status", tmp_path / "s") == (0, "nothing in it yet\n", "")


def test_the_command(store, capsys):
    code, out, err = run(capsys, "status", store.path)
    assert (code, err) == (3, "")
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


def test_what_is_lost_or_half_written_is_told_as_the_plan_has_it(store):
    entry = store.entries()[PEOPLE]
    path = table_path(store.path, entry, "tracks")
    path.write_bytes(path.read_bytes()[:-9])
    told = status(store).set_index("video_id")
    assert told.loc[PEOPLE, ["state", "reason"]].tolist() == [
        "incomplete",
        "its tables are missing or half written, the next run makes that again",
    ]
    assert told.loc[EMPTY, "reason"] == "its clip is missing, the next run makes that again"
    entries = store.entries()
    plan = Planner(entries, AnalyzeOptions(), MODELS, lacks=store.lacks)
    actions = {each: plan.decide(Input(entries[each].paths[0]), Content(entries[each].sha256)) for each in entries}
    assert [actions[each].action for each in (PEOPLE, EMPTY, FAILED)] == ["analyze", "draw", "skip"]


def test_what_counts_is_told_and_what_waits_says_why(store):
    store.note(store.entries()[PEOPLE], replaced_since="2026-01-02T03:04:05+00:00")
    begin_run(store.path, Run(("videos/people.mp4", "new.mp4"), unsettled=("new.mp4",)))
    found = status(store)
    by_id = found.set_index("video_id")
    assert by_id.loc[PEOPLE, ["state", "counts"]].tolist() == ["replaced", False]
    assert set(by_id.index[by_id["counts"]].dropna()) == set(store.videos()["video_id"])
    reasons = found[found["state"] == "pending"].set_index("path")["reason"]
    assert "may still be written: the next run takes it" in reasons["new.mp4"]
    assert "did not come to it" in reasons["videos/people.mp4"]


def test_failures_are_acknowledged_and_taken_back(store, capsys):
    (store.path / "clips" / f"{PARTIAL}.mp4").write_bytes(b"clip")
    with pytest.raises(UsageError, match="nothing is wrong"):
        acknowledge(store, ["broken.mp4", "people.mp4"])
    assert not status(store)["acknowledged"].any()
    code, out, _ = run(capsys, "status", store.path, "--acknowledge", "broken.mp4", "--json")
    assert code == 0
    assert [row["video_id"] for row in json.loads(out)["videos"] if row["acknowledged"]] == [FAILED]
    assert run(capsys, "status", store.path)[0] == 3  # another was read in part
    run(capsys, "status", store.path, "--acknowledge", PARTIAL)
    assert [run(capsys, "status", store.path, *how)[0] for how in ((), ("--json",), ("--all",))] == [0, 0, 0]
    run(capsys, "status", store.path, "--unacknowledge", PARTIAL)
    assert run(capsys, "status", store.path, "--json")[0] == 3
    assert run(capsys, "status", store.path, "--unacknowledge", FAILED)[0] == 0
    assert not status(store)["acknowledged"].any()
    assert run(capsys, "status", store.path, "--acknowledge", "nobody")[0] == 2
