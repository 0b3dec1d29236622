import hashlib
import json

import pytest
from commands import run
from stores import EMPTY, FAILED, PARTIAL, PEOPLE, make_store

from facestats.errors import StoreError, UnknownNameError, UsageError
from facestats.store.forget import forget, prune, sweep
from facestats.store.keptout import kept_out
from facestats.store.locking import locked
from facestats.store.runs import Run, begin_run, last_run


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "s")


def traces(folder, name):
    """Every file below a folder whose name or content has a name."""
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if name in path.name or (path.is_file() and name.encode() in path.read_bytes())
    ]


def test_nothing_stays_of_a_video_that_is_forgotten_and_all_else_does(store):
    begin_run(store.path, Run(("videos/people.mp4", "videos/empty.mp4"), unsettled=("videos/people.mp4",)))
    (store.path / "chunks" / f"{PEOPLE}-0123456789ab").mkdir(parents=True)
    before = store.entries()
    (gone,) = store.forget("people.mp4")
    assert (gone.video_id, gone.paths) == (PEOPLE, ("videos/people.mp4",))
    assert gone.went == ("tables", "thumbnails", "clip")
    assert traces(store.path, PEOPLE) == traces(store.path, "people.mp4") == []
    assert last_run(store.path).inputs == ("videos/empty.mp4",)
    assert kept_out(store.path) == {before[PEOPLE].sha256}
    assert store.entries().keys() == before.keys() - {PEOPLE}
    assert len(store.frames()) > 0


def test_what_is_unknown_or_not_clear_is_refused_before_anything_goes(store):
    for names, error in (
        ((), UsageError),
        (("people.mp4", "nobody.mp4"), UnknownNameError),
        (("videos",), UsageError),
        (("",), UsageError),
    ):
        with pytest.raises(error):
            forget(store.path, names)
    with locked(store.path), pytest.raises(StoreError, match="another run"):
        store.forget(PEOPLE)
    assert len(store.entries()) == 4
    assert kept_out(store.path) == frozenset()


def test_what_was_at_a_place_before_goes_with_what_is_there_now(store):
    for video_id in (PEOPLE, EMPTY):
        store.note(store.entries()[video_id], paths=("a.mp4",))
    store.note(store.entries()[EMPTY], replaced_since="2026-01-02T03:04:05+00:00")
    assert store.video("a.mp4").video_id == PEOPLE
    assert {each.video_id for each in store.forget("a.mp4", keep_out=False)} == {PEOPLE, EMPTY}
    assert kept_out(store.path) == frozenset()


def test_what_was_at_another_place_stays_whatever_its_name(store):
    store.note(store.entries()[PEOPLE], paths=("here/a.mp4",))
    elsewhere = {"paths": ("there/a.mp4",), "replaced_since": "2026-01-02T03:04:05+00:00"}
    store.note(store.entries()[EMPTY], **elsewhere)
    assert [each.video_id for each in store.forget("a.mp4")] == [PEOPLE]
    assert EMPTY in store.entries(current=False)


def test_no_name_is_not_the_only_video(store):
    store.forget(EMPTY, FAILED, PARTIAL)
    with pytest.raises(UnknownNameError):
        store.forget("")
    assert list(store.entries()) == [PEOPLE]


def test_what_is_replaced_counts_nowhere_and_can_be_read_and_pruned(store):
    store.note(store.entries()[PEOPLE], replaced_since="2026-01-02T03:04:05+00:00")
    assert PEOPLE not in store.entries()
    for table in ("videos", "frames", "observations", "tracks", "thumbnails"):
        assert PEOPLE not in set(store.read(table)["video_id"])
        assert PEOPLE in set(store.read(table, current=False)["video_id"])
    assert store.sql("select count(*) as n from tracks where video_id like 'people%'")["n"].item() == 0
    assert len(store.video(PEOPLE).tracks()) > 0  # what is named is read
    every = store.videos(current=False).set_index("video_id")["replaced_since"]
    assert every.index[every.notna()].tolist() == [PEOPLE]
    store.sweep()
    assert len(store.tracks(current=False)) > len(store.tracks())
    assert [each.video_id for each in store.prune(replaced=True, dry_run=True)] == [PEOPLE]
    assert [each.video_id for each in store.prune(replaced=True)] == [PEOPLE]
    assert PEOPLE not in set(store.videos(current=False)["video_id"])


def test_pruning_takes_what_it_is_told_and_no_more(store):
    store.note(store.entries()[EMPTY], missing_since="2026-01-02T03:04:05+00:00")
    with pytest.raises(UsageError, match="--gone, --replaced or --failed"):
        prune(store.path)
    assert [each.video_id for each in prune(store.path, gone=True)] == [EMPTY]
    assert [each.video_id for each in prune(store.path, failed=True, gone=True)] == [FAILED]
    assert store.entries().keys() == {PEOPLE, PARTIAL}
    assert kept_out(store.path) == frozenset()  # they may come back


def test_a_clip_that_a_cut_off_run_left_is_swept_away(store):
    (store.path / "entries" / f"{PEOPLE}.json").unlink()
    sweep(store.path, store.entries(current=False))
    assert store.clip_path(PEOPLE) is None


def test_the_commands(store, capsys):
    code, out, err = run(capsys, "forget", store.path, "nobody.mp4")
    assert (code, out, err.count("\n")) == (2, "", 1)
    code, out, _ = run(capsys, "prune", store.path, "--failed", "--dry-run")
    assert code == 0
    assert out.splitlines()[-1] == "1 video would go"
    told = json.loads(run(capsys, "prune", store.path, "--failed", "--json")[1])
    assert [each["video_id"] for each in told["removed"]] == [FAILED]
    code, out, _ = run(capsys, "forget", store.path, "people.mp4", "--no-keep-out")
    assert out.splitlines() == [
        f"removed videos/people.mp4 ({PEOPLE}): tables, thumbnails, clip",
        "1 video removed",
    ]
    assert run(capsys, "prune", store.path)[0] == 2


def test_a_file_that_is_still_there_is_named_and_may_be_let_in_again(store, tmp_path, capsys):
    file = tmp_path / "people.mp4"
    file.write_bytes(b"a video")
    sha256 = hashlib.sha256(b"a video").hexdigest()
    store.note(store.entries()[PEOPLE], paths=(str(file),), sha256=sha256)
    out = run(capsys, "forget", store.path, file)[1]
    assert out.splitlines()[-1] == f"{file} is still there: no run analyses it again"
    assert kept_out(store.path) == {sha256}
    assert "takes it again" in run(capsys, "forget", store.path, file, "--let-in")[1]
    assert "was not kept out" in run(capsys, "forget", store.path, file, "--let-in")[1]
    assert kept_out(store.path) == frozenset()
    assert run(capsys, "forget", store.path, tmp_path / "absent.mp4", "--let-in")[0] == 2
