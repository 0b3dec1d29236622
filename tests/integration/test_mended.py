"""What a reviewer found: results that were lost, or told wrongly, though nothing was wrong with the video."""

import json
import os
import shutil
import sys
from pathlib import Path

import pyarrow.dataset as ds
import pytest
from commands import NO_MODELS
from runs import make_videos, run, tables

from facestats.analysis.stages import load_stages
from facestats.batch.collection import plan_collection
from facestats.batch.plan import changed
from facestats.cli import main
from facestats.errors import UsageError
from facestats.models.registry import choose_models
from facestats.options import AnalyzeOptions
from facestats.store.export import export
from facestats.store.manifest import Entry, read_entries

DYING_WORKER = """
import os
import facestats.batch.work as work
def die(*_, **__):
    os.kill(os.getpid(), 9)
work.draw = die
from facestats.batch.worker import main
main()
"""


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    return make_videos(tmp_path_factory.mktemp("in") / "videos", 2)


def test_a_clip_that_crashes_its_worker_costs_no_tables(videos, tmp_path, monkeypatch):
    whole = run(videos, tmp_path / "whole", workers=0)
    script = tmp_path / "dying.py"
    script.write_text(DYING_WORKER)
    monkeypatch.setattr("facestats.batch.workers._COMMAND", (sys.executable, str(script)))
    for _ in range(2):  # drawn with the analysis, then alone
        result = run(videos, tmp_path / "store", workers=2, clips=True)
        assert result.exit_code == 3
        assert [line.split(": ", 1)[1] for line in result.problems] == ["no clip: the program crashed (SIGKILL)"] * 2
        assert result.store.videos()["status"].tolist() == ["ok", "ok"]
        assert len(result.store.tracks()) == len(whole.store.tracks())


def test_a_changed_card_is_a_changed_model(tmp_path):
    options = AnalyzeOptions(models={**NO_MODELS, "gender": "mine"}, models_path=(str(tmp_path),))
    shutil.copytree(choose_models({})["gender"].folder, tmp_path / "mine")
    path = tmp_path / "mine" / "card.json"
    card = json.loads(path.read_text())
    card["name"] = "mine"
    path.write_text(json.dumps(card))
    before = load_stages(options).models
    card["heads"][0]["limits"] = "said in other words"
    path.write_text(json.dumps(card))
    assert load_stages(options).models == before
    card["heads"][0]["threshold"] = 0.9999
    path.write_text(json.dumps(card))
    entry = Entry("a", "run", "0", (), "ok", options=options.to_dict(), models=before)
    assert changed(entry, options.to_dict(), before) is None
    now = load_stages(options).models
    assert changed(entry, options.to_dict(), now) == "the card of the model of gender has changed"


def test_the_manifest_is_not_read_once_a_video_for_every_piece(videos, tmp_path, monkeypatch):
    store = run(videos, tmp_path / "store", workers=0).store
    n = []
    monkeypatch.setattr("facestats.store.store.read_entries", lambda path: n.append(1) or read_entries(path))
    assert sum(len(piece) for piece in store.batches("observations")) == len(store.observations())
    export(store, "observations", format="csv", out=tmp_path / "o.csv")
    assert len(n) <= 4


def test_videos_are_told_and_chosen_by_where_they_are_now(videos, tmp_path):
    folder = tmp_path / "in"
    shutil.copytree(videos, folder)
    run(folder, tmp_path / "store", workers=0)
    (folder / "v00.mp4").rename(folder / "moved.mp4")
    (folder / "v01.mp4").unlink()
    store = run(folder, tmp_path / "store", workers=0).store
    moved = str(folder / "moved.mp4")
    assert store.read("videos", columns=["path"], where=[("path", "==", moved)])["path"].tolist() == [moved]
    gone = store.read("videos", columns=["path", "missing_since"], where=ds.field("missing_since").is_valid())
    assert gone["path"].tolist() == [str(folder / "v01.mp4")]
    assert next(iter(store.batches("videos")))["path"].tolist() == store.videos()["path"].tolist()


def test_only_what_is_gone_counts_as_gone(videos, tmp_path, monkeypatch):
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(videos / "v00.mp4", folder / "notes.dat")  # found only where it is named outright
    shutil.copy(videos / "v01.mp4", folder / "a.mp4")
    run([folder / "notes.dat", folder / "a.mp4"], tmp_path / "store", workers=0)
    assert run(folder, tmp_path / "store", workers=0).store.videos()["missing_since"].isna().all()
    (folder / "a.mp4").rename(tmp_path / "a.mp4")
    shutil.copy(videos / "v00.mp4", folder / "b.mp4")
    monkeypatch.chdir(folder)
    store = run("*.mp4", tmp_path / "store", workers=0).store  # a pattern looks through its folder
    assert store.videos().set_index("path")["missing_since"].notna()[str(folder / "a.mp4")]
    # One that comes back, and needs its clip alone, is there again.
    (tmp_path / "a.mp4").rename(folder / "a.mp4")
    assert (
        run(folder, tmp_path / "store", workers=0, clips=True, force=True).store.videos()["missing_since"].isna().all()
    )


def test_what_could_not_be_read_before_leaves_no_ghost(videos, tmp_path):
    path = tmp_path / "a.mp4"
    os.mkfifo(path)
    assert run(path, tmp_path / "store", workers=0).exit_code == 3
    path.unlink()
    shutil.copy(videos / "v00.mp4", path)
    result = run(path, tmp_path / "store", workers=0)
    assert result.store.videos()["status"].tolist() == ["ok"]
    assert len(list((tmp_path / "store" / "tables").iterdir())) == 1


def test_a_pipe_does_not_hold_up_a_run(tmp_path, capsys):
    os.mkfifo(tmp_path / "a.mp4")
    with pytest.raises(SystemExit) as ended:
        main(["analyze", str(tmp_path / "a.mp4"), "--out", str(tmp_path / "store"), "--no-clips"])
    assert ended.value.code == 3
    assert "a.mp4" in capsys.readouterr().err


def test_the_first_of_several_copies_gives_its_name(videos, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    with (folder / "a.mp4").open("wb") as file:  # takes longer to read than the small one before b
        file.write((videos / "v00.mp4").read_bytes() + bytes(50_000_000))
    shutil.copy(folder / "a.mp4", folder / "b.mp4")
    for number in range(3):
        result = run(folder, tmp_path / str(number), workers=2)
        assert [video_id.split("-")[0] for video_id in result.video_ids] == ["a"]
        assert result.copies == (f"{folder / 'b.mp4'} is a copy of {folder / 'a.mp4'}: analysed once",)


def test_what_lies_in_the_current_folder_is_no_part_of_the_program(videos, tmp_path, monkeypatch):
    (tmp_path / "queue.py").write_text("raise RuntimeError('my own module')\n")
    monkeypatch.chdir(tmp_path)
    assert run(videos, tmp_path / "store", workers=2).exit_code == 0


def test_reports_may_lie_in_the_store_but_are_not_the_store(videos, tmp_path, capsys):
    store = tmp_path / "s"
    none = [part for name in NO_MODELS for part in ("--model", f"{name}=none")]
    for reports, code in ((store / "reports", 0), (store, 2)):
        with pytest.raises(SystemExit) as ended:
            main(["update", str(videos / "v00.mp4"), "--store", str(store), "--reports", str(reports), *none])
        assert (ended.value.code or 0) == code
    assert "the reports cannot be the store itself" in capsys.readouterr().err
    assert (store / "reports" / "index.html").is_file()
    assert tables(store)["videos"]["status"].tolist() == ["ok"]
    assert [task.action for task in plan_collection(videos / "v00.mp4", out=store, models=NO_MODELS)] == ["skip"]


def test_a_bad_file_that_was_mended_is_forgotten(videos, tmp_path):
    path = tmp_path / "a.mp4"
    path.write_text("no video")
    assert run(path, tmp_path / "store", workers=0).exit_code == 3
    shutil.copy(videos / "v00.mp4", path)
    result = run(path, tmp_path / "store", workers=0)
    assert result.store.videos(columns=["status"], where=[("path", "==", str(path))])["status"].tolist() == ["ok"]
    assert len(result.store.entries()) == 1


def test_an_export_writes_through_links_and_into_pipes(videos, tmp_path):
    store = run(videos, tmp_path / "store", workers=0).store
    target, link = tmp_path / "real.csv", tmp_path / "link.csv"
    target.write_text("old")
    link.symlink_to(target)
    export(store, "tracks", format="csv", out=link)
    assert link.is_symlink()
    assert target.read_text().startswith("video_id,")
    export(store, "tracks", format="csv", out=Path("/dev/null"))
    assert not Path("/dev/null").is_file()


def test_a_condition_of_another_kind_is_one_line(videos, tmp_path):
    store = run(videos, tmp_path / "store", workers=0).store
    with pytest.raises(UsageError, match="where is not understood"):
        store.tracks(where=[("age_years", "==", "old")])
    assert store.tracks(columns="gender").columns.tolist() == ["gender"]
