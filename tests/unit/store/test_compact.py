import contextlib
import io
import json
import shutil
import threading
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pyarrow.parquet as pq
import pytest
from commands import run
from pandas.testing import assert_frame_equal
from stores import EMPTY, FACES, FAILED, PARTIAL, PEOPLE, make_result, make_store

from facestats.errors import BusyError, OutputError, StoreError, UsageError
from facestats.reports import updating
from facestats.store import compact as module
from facestats.store.compact import Compacted, compact, is_worth_compacting, purge
from facestats.store.lacks import Part
from facestats.store.locking import locked
from facestats.store.merged import FOLDER, MERGED_TABLES, NOTE, read_merged
from facestats.store.store import open_store
from facestats.tables import schema

ORDER = sorted((EMPTY, FAILED, PARTIAL, PEOPLE))


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "s")


def read_all(store):
    """Everything that can be read of a store, in every way in which it is read."""
    return {
        **{
            (table, current): store.read(table, current=current) for table in schema.TABLES for current in (True, False)
        },
        **{("batches", table): pd.concat(store.batches(table), ignore_index=True) for table in ("tracks", "frames")},
        "some": store.tracks(columns=["track_id"], where=[("duration_s", ">", 1)]),
        "one": store.video(PEOPLE).tracks(),
        "sql": store.sql(
            "select video_id, count(*) as n, max(path) as path from tracks join videos using (video_id) "
            "group by all order by all"
        ),
        "corrections": store.corrections(),
    }


def assert_reads_as(store, before):
    now = read_all(store)
    assert now.keys() == before.keys()
    for name, frame in before.items():
        assert_frame_equal(now[name], frame, obj=str(name))
    assert all(store.lacks(entry) is not Part.TABLES for entry in store.entries(current=False).values())


def small_files(store):
    return {path.name for path in (store.path / "tables").rglob("*.parquet")}


def test_a_compacted_store_reads_as_before_from_fewer_files(store):
    store.correct(PARTIAL, 1, gender="female")
    store.note(store.entries()[EMPTY], replaced_since="2026-01-02T03:04:05+00:00")
    before = read_all(store)
    assert store.compact() == Compacted(4, 4)
    assert_reads_as(open_store(store.path), before)
    assert small_files(store).isdisjoint(f"{table}.parquet" for table in MERGED_TABLES)
    folders = list((store.path / FOLDER).iterdir())
    assert len(folders) == 1
    assert store.compact() == Compacted(4, 0)  # nothing to do
    assert list((store.path / FOLDER).iterdir()) == folders


def test_what_comes_later_is_read_beside_what_is_merged_and_merged_the_next_time(store):
    store.compact()
    for name, video_id in (("a.mp4", "a-00000009"), ("z.mp4", "zz-00000009"), ("people.mp4", PEOPLE)):
        store.write(make_result(video_id, FACES[:2], path=name), paths=(name,))
    before = read_all(store)
    assert list(dict.fromkeys(before["videos", True]["video_id"])) == ["a-00000009", *ORDER, "zz-00000009"]
    assert len(before["one"]) == 2  # of its new analysis, not of the one that is merged
    assert store.compact() == Compacted(6, 3)
    assert_reads_as(store, before)
    tracks = pq.read_table(store.path / FOLDER / read_merged(store.path).folder / "tracks.parquet")
    assert tracks.num_rows == len(before["tracks", False])  # nothing of the former analysis


def test_corrections_and_pictures_can_be_changed_afterwards(store):
    store.compact()
    store.correct(PEOPLE, 1, gender="male")
    store.correct(PEOPLE, 2, split=3.0)
    assert store.video(PEOPLE).tracks().set_index("track_id")["gender"][1] == "male"
    assert len(store.tracks()) == len(make_store(store.path.parent / "t").tracks()) + 1
    before = {table: store.read(table) for table in ("videos", "tracks", "people", "frames", "observations")}
    store.replace_thumbnails(store.entries()[PEOPLE], schema.conform("thumbnails"))
    for table, frame in before.items():
        assert_frame_equal(store.read(table), frame)
    assert PEOPLE not in set(store.thumbnails()["video_id"])
    store.compact()
    for table, frame in before.items():
        assert_frame_equal(store.read(table), frame)


def test_nothing_of_a_forgotten_video_stays_in_merged_files(store):
    left_over = store.path / FOLDER / "0123456789ab"  # of a compaction that was killed
    store.compact()
    shutil.copytree(store.path / FOLDER / read_merged(store.path).folder, left_over)
    others = {table: store.read(table).query("video_id != @PEOPLE") for table in schema.TABLES}
    store.forget(PEOPLE)
    for path in store.path.rglob("*"):
        assert PEOPLE not in path.name
        if path.suffix == ".parquet":
            assert PEOPLE not in set(pq.read_table(path, columns=["video_id"])["video_id"].to_pylist())
        elif path.is_file():
            assert PEOPLE.encode() not in path.read_bytes()
    assert not left_over.exists()
    for table, frame in others.items():
        assert_frame_equal(store.read(table), frame.reset_index(drop=True))
    store.prune(failed=True)
    assert FAILED not in read_merged(store.path).runs


def test_rows_of_a_video_that_a_killed_run_had_forgotten_are_swept_away(store):
    store.compact()
    (store.path / "entries" / f"{PEOPLE}.json").unlink()
    assert PEOPLE not in set(store.tracks()["video_id"])
    store.sweep()
    assert PEOPLE not in read_merged(store.path).runs
    assert len(list((store.path / FOLDER).iterdir())) == 1


class Killed(BaseException):
    """The process is killed: nothing it would still do to the disk happens."""


def dying_at(monkeypatch, step):
    """Let the process be killed before the given change of the disk; return a list that counts the changes."""
    done = []

    def dying(change):
        def changed(*arguments, **options):
            if len(done) >= step:
                raise Killed
            done.append(change.__name__)
            return change(*arguments, **options)

        return changed

    for owner, name in (
        (Path, "mkdir"),
        (Path, "unlink"),
        (Path, "replace"),
        (shutil, "rmtree"),
        (pq.ParquetWriter, "write_table"),
        (pq.ParquetWriter, "close"),
    ):
        monkeypatch.setattr(owner, name, dying(getattr(owner, name)))
    return done


@pytest.mark.parametrize("was_compacted", [False, True])
def test_a_store_reads_as_before_wherever_compacting_is_killed(tmp_path, was_compacted):
    made = make_store(tmp_path / "made")
    if was_compacted:
        made.compact()
        made.write(make_result("zz-00000009", FACES[:2], path="z.mp4"), paths=("z.mp4",))
    before, step, is_over = read_all(made), 0, False
    while not is_over:
        store = open_store(shutil.copytree(made.path, tmp_path / f"at-{step}"))
        with pytest.MonkeyPatch.context() as patched:
            done = dying_at(patched, step)
            try:
                compact(store.path)
                is_over = True
            except Killed:
                assert len(done) == step
        if step % 3 == 0 or step < 12:  # the others remove one small file more
            assert_reads_as(store, before)
        store.compact()
        purge(store.path)
        assert len(list((store.path / FOLDER).iterdir())) == 1
        assert small_files(store).isdisjoint(f"{table}.parquet" for table in MERGED_TABLES)
        step += 1
    assert_reads_as(store, before)
    assert step > 12


def test_who_reads_while_it_is_merged_is_not_disturbed(store, monkeypatch):
    before = read_all(store)
    pieces = store.batches("tracks")
    first = next(pieces)
    read = module.dataset

    def reading(*arguments):
        assert_frame_equal(store.tracks(), before["tracks", True])
        return read(*arguments)

    monkeypatch.setattr(module, "dataset", reading)
    store.compact()
    assert_frame_equal(pd.concat([first, *pieces], ignore_index=True), before["tracks", True])


def test_a_video_that_cannot_be_read_is_left_out_and_named(store, capsys):
    entry = store.entries()[PEOPLE]
    path = store.path / "tables" / PEOPLE / entry.run / "tracks.parquet"
    path.write_bytes(b"PAR1 this is none PAR1")
    code, out, err = run(capsys, "compact", store.path)
    assert (code, out) == (0, "3 videos are merged, 3 of them now\n")
    assert PEOPLE in err
    assert path.is_file()
    with pytest.raises(StoreError, match=r"tracks\.parquet is damaged"):
        store.tracks()
    assert json.loads(run(capsys, "compact", store.path, "--json")[1])["left_out"] == [PEOPLE]


def test_merged_files_that_are_lost_are_told_and_nothing_is_made_of_the_rest(store):
    store.compact()
    entries = store.entries()
    merged = store.path / FOLDER / read_merged(store.path).folder
    (merged / "tracks.parquet").unlink()
    assert all(store.lacks(entry) is Part.TABLES for entry in entries.values())
    with pytest.raises(StoreError, match=r"tracks\.parquet is missing"):
        store.tracks()
    store.write(make_result("zz-00000009", FACES[:2], path="z.mp4"), paths=("z.mp4",))
    with pytest.raises(StoreError, match="cannot be read"):
        store.compact()
    assert (merged / "videos.parquet").is_file()
    (store.path / NOTE).write_text("{")
    with pytest.raises(StoreError, match=r"merged\.json cannot be read"):
        store.tracks()


def test_a_store_that_is_busy_or_elsewhere_is_refused(store):
    with locked(store.path), pytest.raises(BusyError):
        store.compact()
    with pytest.raises(UsageError, match="cannot be locked"):
        open_store(_copied(store)).compact()


def test_a_compacted_store_can_be_read_elsewhere(store):
    before = read_all(store)
    store.compact()
    assert_reads_as(open_store(_copied(store)), before)


def test_nothing_of_a_forgotten_video_stays_in_merged_files_elsewhere(store):
    store.compact()
    far = open_store(_copied(store))
    others = {table: store.read(table).query("video_id != @PEOPLE") for table in schema.TABLES}
    far.forget(PEOPLE)
    assert PEOPLE not in _written_of(far.path)
    for table, frame in others.items():
        assert_frame_equal(far.read(table), frame.reset_index(drop=True))
    far.prune(failed=True)
    assert FAILED not in read_merged(far.path).runs
    assert len(list((far.path / FOLDER).iterdir())) == 1


def test_a_store_elsewhere_reads_as_before_where_taking_rows_out_fails(store, monkeypatch):
    store.compact()
    far = open_store(_copied(store))
    others = far.tracks().query("video_id != @PEOPLE").reset_index(drop=True)
    with monkeypatch.context() as patched:
        patched.setattr(module, "write_note", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
        with pytest.raises(OutputError, match="No space left"):
            far.forget(PEOPLE)
    assert_frame_equal(far.tracks(), others)
    far.sweep()
    assert PEOPLE not in _written_of(far.path)
    assert_frame_equal(far.tracks(), others)


def test_what_another_run_elsewhere_may_be_writing_stays(store):
    store.compact()
    far = open_store(_copied(store))
    other = far.path / FOLDER / "0123456789ab" / "tracks.parquet"
    other.parent.mkdir()
    other.write_bytes(b"begun")
    far.forget(PEOPLE)
    assert other.is_file()
    far.path.fs.store[other.path].modified -= timedelta(days=2)
    far.sweep()
    assert not other.exists()


def _written_of(folder):
    """The ids of videos that are named in any file of a folder elsewhere, or in the name of one."""
    ids = set()
    for path in folder.fs.find(folder.path):
        content = folder.fs.cat_file(path)
        if path.endswith(".parquet"):
            ids |= set(pq.read_table(io.BytesIO(content), columns=["video_id"])["video_id"].to_pylist())
        ids |= {video_id for video_id in ORDER if video_id in path or video_id.encode() in content}
    return ids


def _copied(store):
    import fsspec

    memory = fsspec.filesystem("memory")
    with contextlib.suppress(FileNotFoundError):
        memory.rm("/compacted", recursive=True)
    for path in store.path.rglob("*"):
        if path.is_file():
            memory.pipe_file(f"/compacted/{path.relative_to(store.path).as_posix()}", path.read_bytes())
    return "memory://compacted"


def test_an_update_compacts_where_enough_has_come(store, monkeypatch):
    assert not is_worth_compacting(store.path)
    updating._tidy(store)
    assert read_merged(store.path).runs == {}
    monkeypatch.setattr(module, "_WORTH", 3)
    assert is_worth_compacting(store.path)
    with locked(store.path):
        updating._tidy(store)  # no reason to lose the reports
    updating._tidy(store)
    assert read_merged(store.path).runs.keys() == set(ORDER)
    assert not is_worth_compacting(store.path)


def test_no_report_of_an_update_waits_until_the_store_is_compacted(store, tmp_path, monkeypatch):
    reported, seen = threading.Event(), []
    found = SimpleNamespace(store=store, exit_code=0, problems=())
    made = SimpleNamespace(reports=(), exit_code=0, problems=(), removed=())

    def report(*_, **__):
        reported.set()
        return made

    monkeypatch.setattr(updating, "analyze_collection", lambda *_, **__: found)
    monkeypatch.setattr(updating, "report", report)
    monkeypatch.setattr(updating, "_tidy", lambda of: seen.append((of is store, reported.wait(20))))
    updating.update([], store=store.path, reports=tmp_path / "r")
    assert seen == [(True, True)]
