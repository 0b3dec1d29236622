"""Disks that are full or read-only: one line, and nothing is lost."""

import commands
import pandas as pd
import pytest
from commands import NO_MODELS, NONE
from runs import make_videos, run, tables

from facestats.batch.collection import plan_collection
from facestats.store.export import export
from facestats.store.store import open_store


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    return make_videos(tmp_path_factory.mktemp("in") / "videos", 3)


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
        assert code == 4, err
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
        assert (code, len(err.splitlines())) == (4, 1)
        assert "cannot write to" in err
    name = open_store(store).videos()["video_id"].iloc[0]
    for command in (("correct", store, name, "0", "--reject"), ("forget", store, name), ("compact", store)):
        code, _, err = commands.run(capsys, *command)
        assert (code, err) == (4, f"facestats: cannot write to {store}: Read-only file system\n")
