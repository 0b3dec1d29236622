"""Disks that are full or read-only, folders half deleted, names of all kinds: one line, and nothing is lost."""

import os
import shutil
import subprocess
from pathlib import Path

import commands
import pandas as pd
import pytest
from commands import NO_MODELS, NONE
from runs import make_videos, run, tables

from facestats.batch.collection import plan_collection
from facestats.errors import OutputError, StoreError, UsageError
from facestats.store.export import export
from facestats.store.store import open_store

STRANGE = [
    *("two words.mp4", 'it\'s "so".mp4', "line\nbreak.mp4", "ünï·顔.mp4", "-dash.mp4", "10:30.mp4", "%20&;$(x).mp4"),
    os.fsdecode(b"latin-\xfc.mp4"),
]


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    return make_videos(tmp_path_factory.mktemp("in") / "videos", 3)


@pytest.fixture
def disk(tmp_path):
    """Mounts a small disk, if this user may; returns how to mount it again with other options."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options):
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"this user may not mount a disk: {done.stderr.strip()}")
        return folder

    try:
        yield mount
    finally:
        while os.path.ismount(folder):
            subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_full_disk_is_one_line_and_what_was_finished_stays(videos, tmp_path, disk, workers, capsys):
    alone = run(videos, tmp_path / "alone", workers=0).store
    store = disk("size=120k") / "store"
    n_done = []
    for size_k in range(120, 1200, 40):
        disk(f"remount,size={size_k}k")
        code, _, err = commands.run(
            capsys, "analyze", videos, "--out", store, "--no-clips", "--workers", workers, *NONE, "--min-score", "0.35"
        )
        if (store / "store.json").is_file():
            found = tables(store)
            n_done.append(len(found["videos"]))
            for name, table in tables(alone.path).items():  # what is there is whole
                same = table[table["video_id"].isin(found["videos"]["video_id"])].reset_index(drop=True)
                pd.testing.assert_frame_equal(found[name], same)
        if code == 0:
            break
        assert code == 2, err
        assert len(err.splitlines()) == 1
        assert "No space left on device" in err
    assert n_done[-1] == 3
    assert n_done == sorted(n_done)  # nothing is lost again


def test_a_read_only_disk_can_be_read_and_is_not_written(videos, disk, capsys, tmp_path):
    store = disk("size=5m") / "store"
    run(videos, store, workers=0)
    disk("remount,ro")
    assert len(open_store(store).tracks()) > 0
    assert commands.run(capsys, "status", store)[:2] == (0, "3 done\n")
    assert export(open_store(store), "tracks", format="csv", out=tmp_path / "t.csv") > 0
    assert [task.action for task in plan_collection(videos, out=store, models=NO_MODELS, clips=False)] == ["skip"] * 3
    for path in (store, store.parent / "another"):
        code, _, err = commands.run(capsys, "analyze", videos, "--out", path, "--no-clips", *NONE)
        assert (code, len(err.splitlines())) == (2, 1)
        assert "cannot write to" in err


def test_a_store_half_deleted_says_what_is_missing_and_is_mended(videos, tmp_path):
    store = run(videos, tmp_path / "store", workers=0).store
    whole = tables(store.path)
    first, second, third = sorted(store.entries())
    shutil.rmtree(store.path / "tables" / first)
    next((store.path / "tables" / second).rglob("tracks.parquet")).write_bytes(b"PAR1 no more")
    with pytest.raises(StoreError, match=rf"{first}.*is missing: analyse .* again, with --force"):
        store.tracks()
    assert len(store.video(third).tracks()) >= 1
    with pytest.raises(StoreError, match=rf"{second}.*is damaged"):
        store.video(second).tracks()
    again = run(videos, store.path, workers=0)
    assert again.analyzed == (first,)  # what is damaged inside is known when it is read, and then named
    run(videos / "v01.mp4", store.path, workers=0, force=True)
    for name, table in tables(store.path).items():
        pd.testing.assert_frame_equal(table, whole[name])


def test_an_entry_that_is_no_entry_is_named(videos, tmp_path):
    store = run(videos / "v00.mp4", tmp_path / "store", workers=0).store
    (entry,) = (store.path / "entries").glob("*.json")
    entry.write_text("{}")
    with pytest.raises(StoreError, match="is not a manifest entry"):
        store.tracks()
    entry.unlink()
    assert run(videos / "v00.mp4", store.path, workers=0).exit_code == 0


def test_names_of_all_kinds(videos, tmp_path, capsys):
    folder = tmp_path / "strange names"
    folder.mkdir()
    for number, name in enumerate(STRANGE):
        shutil.copy(videos / f"v0{number % 3}.mp4", folder / name)
        with (folder / name).open("ab") as file:
            file.write(bytes([number]) * 8)  # another content, and still the same video
    code, out, err = commands.run(capsys, "analyze", folder, "--out", tmp_path / "s'tore", *NONE, "--workers", "2")
    assert (code, err) == (0, "")
    store = open_store(tmp_path / "s'tore")
    paths = {Path(path).name for entry in store.entries().values() for path in entry.paths}
    assert paths == {os.fsencode(name).decode("utf-8", "backslashreplace") for name in STRANGE}
    assert store.videos()["video_id"].is_unique
    assert all(store.clip_path(video_id) for video_id in store.entries())
    code, out, _ = commands.run(capsys, "analyze", folder, "--out", tmp_path / "s'tore", *NONE, "--dry-run")
    assert f"0 of {len(paths)} would be worked on" in out
    assert out.count("\n") == len(paths) + 1
    assert commands.run(capsys, "status", store.path, "--all")[1].count("\n") == len(paths) + 1
    assert export(store, "videos", format="csv", out=tmp_path / "v.csv") == len(paths)


def test_two_files_of_one_name_are_two_videos(videos, tmp_path):
    for number in range(2):
        (tmp_path / "in" / str(number)).mkdir(parents=True)
        shutil.copy(videos / f"v0{number}.mp4", tmp_path / "in" / str(number) / "clip.mp4")
    result = run(tmp_path / "in", tmp_path / "store", workers=0)
    assert len(set(result.video_ids)) == 2
    assert all(video_id.startswith("clip-") for video_id in result.video_ids)
    with pytest.raises(UsageError, match="say which"):
        result.store.video("clip.mp4")


def test_loops_of_links_end(videos, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(videos / "v00.mp4", folder / "a.mp4")
    (folder / "again").symlink_to(folder)
    (folder / "loop.mp4").symlink_to(folder / "loop.mp4")
    (folder / "b.mp4").symlink_to(folder / "a.mp4")  # the same file, not a copy
    result = run(folder, tmp_path / "store", workers=0)
    assert len(result.video_ids) == 2
    assert ["loop.mp4" in line for line in result.problems] == [True]


def test_a_store_of_another_version_is_left_alone(videos, tmp_path, capsys):
    store = run(videos / "v00.mp4", tmp_path / "store", workers=0).store
    (store.path / "store.json").write_text('{"schema_version": 2}\n')
    before = sorted(path.name for path in store.path.rglob("*"))
    for arguments in (["analyze", videos, "--out", store.path], ["status", store.path], ["export", store.path]):
        code, _, err = commands.run(capsys, *arguments)
        assert (code, len(err.splitlines())) == (2, 1)
        assert "has schema version 2" in err
        assert "--out NEW" in err
    assert sorted(path.name for path in store.path.rglob("*")) == before


@pytest.mark.parametrize(
    "query",
    [
        "delete from tracks",
        "drop table tracks",
        "create table t as select 1",
        "insert into tracks select * from tracks",
        "copy tracks to '{folder}/stolen.csv'",
        "select 1; drop view tracks",
        "attach '{folder}/other.db'",
        "select * from read_csv('{folder}/secret.csv')",
        "set enable_external_access = true",
        "select nothing from tracks",
        "",
    ],
)
def test_statements_that_write_are_refused(videos, tmp_path, query):
    (tmp_path / "secret.csv").write_text("a\n1\n")
    store = run(videos / "v00.mp4", tmp_path / "store", workers=0).store
    with pytest.raises(UsageError) as caught:
        store.sql(query.format(folder=tmp_path))
    assert len(str(caught.value).splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret.csv", "store"]
    assert len(store.tracks()) >= 1


def test_an_output_inside_a_file_is_refused(videos, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write to"):
        run(videos, tmp_path / "file" / "store")
