"""One command for a scheduler: what is new is analysed, what it touches reported, and nothing else."""

import errno
import shutil
import subprocess
import sys
import time
from pathlib import Path

import commands
import nbformat
import pytest
from commands import NO_MODELS, NONE
from synth import regular_times, write_video

import facestats
from facestats.batch.collection import plan_collection
from facestats.errors import OutputError, StoreError
from facestats.store.locking import locked


def run(capsys, folder, *more):
    places = ("update", folder / "in", "--store", folder / "s", "--reports", folder / "r")
    return commands.run(capsys, *places, *more, *NONE, "--workers", "0")


def pages(folder):
    return {
        path.name.rsplit("-", 1)[0]: path.stat().st_mtime_ns
        for path in (folder / "r").glob("*.html")
        if path.name != "index.html"
    }


@pytest.fixture
def empty_notebooks(monkeypatch):
    """Reports whose notebooks are not run, where a test is about which are made."""

    def write(template, out, parameters, *, progress=None, kernel=None):
        nbformat.write(nbformat.v4.new_notebook(), out)

    monkeypatch.setattr("facestats.reports.run.execute", write)
    monkeypatch.setattr("facestats.reports.run.at_once", lambda: 1)  # in this process


@pytest.mark.usefixtures("empty_notebooks")
def test_only_what_changed_is_done(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    write_video(tmp_path / "in" / "a.mp4", regular_times(8, 10))
    code, out, err = run(capsys, tmp_path)
    assert (code, err) == (0, "")
    assert "1 analysed (1 ok), 0 tracked faces; 2 reports made" in out
    first = pages(tmp_path)
    assert first.keys() == {"a", "collection.html"}

    assert "0 analysed, 1 done before, 0 tracked faces; 0 reports made" in run(capsys, tmp_path)[1]
    assert pages(tmp_path) == first

    write_video(tmp_path / "in" / "b.mp4", regular_times(9, 10))
    (tmp_path / "in" / "broken.mp4").write_text("no video")
    code, out, err = run(capsys, tmp_path, "--quiet")
    assert (code, out) == (3, "")
    assert len(err.splitlines()) == 1
    assert "broken.mp4" in err
    second = pages(tmp_path)
    assert second.keys() == {"a", "b", "broken", "collection.html"}
    assert second["a"] == first["a"]
    assert second["collection.html"] > first["collection.html"]

    # A video that was renamed is another title; a page that was lost is made again.
    (tmp_path / "in" / "a.mp4").rename(tmp_path / "in" / "c.mp4")
    next((tmp_path / "r").glob("b-*.html")).unlink()
    assert "3 reports made" in run(capsys, tmp_path)[1]

    log = (tmp_path / "r.log").read_text()
    assert log.count(" begins\n") == 4
    assert log.count("ERROR") == 2  # the broken one, twice
    assert "ends with 3" in log
    assert all(line[:4].isdigit() for line in log.splitlines())


@pytest.mark.slow
def test_what_a_killed_update_left_undone_is_done_by_the_next(tmp_path):
    (tmp_path / "in").mkdir()
    for n in (5, 6, 7):
        write_video(tmp_path / "in" / f"{n}.mp4", regular_times(n, 10))
    command = [sys.executable, "-m", "facestats", "update", tmp_path / "in", "--store", tmp_path / "s"]
    command = [*command, "--reports", tmp_path / "r", *NONE, "--workers", "0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while not list((tmp_path / "r").glob("[!.]*.html")):
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    done = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "0 analysed, 3 done before" in done
    # What the killed one was just writing is hidden, and goes after a day.
    assert len(list((tmp_path / "r").glob("[!.]*.html"))) == 5
    assert (tmp_path / "r" / "index.html").read_text().count('<a href="') == 4
    assert "0 reports made" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_two_never_overlap(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    write_video(tmp_path / "in" / "a.mp4", regular_times(5, 10))
    (tmp_path / "r").mkdir()
    with locked(tmp_path / "r"):
        code, out, err = run(capsys, tmp_path)
    assert (code, out) == (4, "")
    assert "another run is writing to" in err
    assert not (tmp_path / "s" / "entries").exists()
    assert "ERROR another run" in (tmp_path / "r.log").read_text()
    with locked(tmp_path / "s"), pytest.raises(StoreError, match="another run"):
        facestats.update(tmp_path / "in", store=tmp_path / "s", reports=tmp_path / "r", progress=False)


def test_where_nothing_can_be_written(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    write_video(tmp_path / "in" / "a.mp4", regular_times(5, 10))
    (tmp_path / "r").write_text("a file")
    with pytest.raises(OutputError, match="cannot write reports"):
        facestats.update(tmp_path / "in", store=tmp_path / "s", reports=tmp_path / "r", progress=False)
    shutil.rmtree(tmp_path / "s", ignore_errors=True)
    code, _, err = run(capsys, tmp_path, "--log", tmp_path / "r" / "log")
    assert code == 2
    assert "cannot write the log" in err


@pytest.mark.usefixtures("empty_notebooks")
def test_reports_may_lie_in_the_store_but_are_not_the_store(tmp_path, capsys):
    video = write_video(tmp_path / "a.mp4", regular_times(5, 10))
    store = tmp_path / "s"
    for reports, expected in ((store / "reports", 0), (store, 2)):
        code, _, err = commands.run(capsys, "update", video, "--store", store, "--reports", reports, *NONE)
        assert code == expected
    assert "the reports cannot be the store itself" in err
    assert (store / "reports" / "index.html").is_file()
    assert facestats.open_store(store).videos()["status"].tolist() == ["ok"]
    assert [task.action for task in plan_collection(video, out=store, models=NO_MODELS)] == ["skip"]


@pytest.mark.usefixtures("empty_notebooks")
def test_an_empty_inbox_is_no_error_and_a_dry_run_does_nothing(tmp_path, capsys):
    inbox = tmp_path / "in"
    inbox.mkdir()
    code, out, err = run(capsys, tmp_path)
    assert (code, err) == (0, "")
    assert out.startswith("0 analysed, 0 tracked faces")
    assert commands.run(capsys, "analyze", inbox, "--out", tmp_path / "s")[0] == 2  # by hand it is a mistake
    write_video(inbox / "a.mp4", regular_times(5, 10))
    (inbox / "broken.mp4").write_text("no video")
    before = sorted(path.name for path in (tmp_path / "s").rglob("*"))
    code, out, _ = run(capsys, tmp_path, "--dry-run")
    assert (code, out.splitlines()[-1]) == (0, "2 to analyse")
    assert sorted(path.name for path in (tmp_path / "s").rglob("*")) == before
    assert run(capsys, tmp_path)[0] == 3
    code, out, _ = run(capsys, tmp_path, "--dry-run", "--no-clips", "--settle", "0")
    assert out.splitlines()[-1] == "1 to draw only, 1 failed before"
    shutil.rmtree(inbox)
    inbox.mkdir()  # all was taken away once it was analysed: it counts on
    code, out, err = run(capsys, tmp_path)
    assert (code, err) == (0, "")
    assert len(facestats.open_store(tmp_path / "s").videos()) == 2
    inbox.rmdir()
    assert run(capsys, tmp_path)[0] == 2


def test_what_cannot_be_reached_may_be_there_later(tmp_path, capsys, monkeypatch):
    def unmounted(self, **_):
        if self.name == "in":
            raise OSError(errno.EHOSTDOWN, "Host is down")
        return exists(self)

    exists = Path.exists
    monkeypatch.setattr(Path, "exists", unmounted)
    code, _, err = run(capsys, tmp_path)
    assert (code, err.count("\n")) == (4, 1)
    assert "cannot be reached: Host is down" in err
