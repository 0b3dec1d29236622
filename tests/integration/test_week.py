"""A week of a lab, by the command line alone: a folder grows, shrinks and is corrected while `update` runs nightly.

A wrapper as cron has it decides by exit codes and JSON; notebooks are not run, as what they show is tested elsewhere.
"""

import json
import re
import shutil
from pathlib import Path

import commands
import nbformat
import pytest
from commands import NONE
from runs import make_videos
from synth import regular_times, write_video

import facestats as fs
from facestats.store.locking import locked


class Lab:
    """The folders of a lab, and what its wrapper does each night."""

    def __init__(self, root, capsys):
        self.inbox, self.store, self.reports, self._capsys = root / "in", root / "s", root / "r", capsys
        self.inbox.mkdir()

    def run(self, *arguments):
        return commands.run(self._capsys, *arguments)

    def night(self, *more):
        """Update as cron does; return the exit code, and what the run said in JSON, None where it said nothing."""
        places = (self.inbox, "--store", self.store, "--reports", self.reports)
        code, out, err = self.run("update", *places, *NONE, "--workers", "0", "--json", *more)
        assert "Traceback" not in err
        return code, json.loads(out) if out else None

    def counts(self, *more):
        return self.night(*more)[1]["collection"]["counts"]

    def status(self):
        return json.loads(self.run("status", self.store, "--json")[1])

    def agree(self):
        """Check that status, tables, SQL and reports count the same videos, and return their paths' names."""
        told = self.status()
        counted = {row["video_id"] for row in told["videos"] if row["counts"]}
        opened = fs.open_store(self.store)
        assert set(opened.videos()["video_id"]) == set(opened.sql("select video_id from videos")["video_id"]) == counted
        assert set(opened.tracks()["video_id"]) <= counted
        listed = json.loads((self.reports / ".reports.json").read_text())
        assert {name for name in listed if name != "collection"} == counted
        assert set(listed["collection"]["made_of"][str(self.store)]) == counted
        lines = re.findall(r'<a href="[^"]+">([^<]+)</a>', (self.reports / "index.html").read_text())
        assert len(lines) == len(set(lines)) == len(counted) + 1
        return sorted(Path(row["path"]).name for row in told["videos"] if row["counts"])


@pytest.fixture
def lab(tmp_path, capsys, monkeypatch):
    def write(template, out, parameters, *, progress=None, kernel=None):
        nbformat.write(nbformat.v4.new_notebook(), out)

    monkeypatch.setattr("facestats.reports.run.execute", write)
    monkeypatch.setattr("facestats.reports.run.at_once", lambda: 1)
    return Lab(tmp_path, capsys)


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    return sorted(make_videos(tmp_path_factory.mktemp("films") / "videos", 4, seconds=0.5).glob("*.mp4"))


def traces(folder, *names):
    """The files below a folder whose name or content has one of these names; letters of pictures are none."""
    return [
        path
        for path in folder.rglob("*")
        if any(name in path.name or (path.is_file() and name.encode() in without_pictures(path)) for name in names)
    ]


def without_pictures(path):
    return re.sub(rb"base64,[A-Za-z0-9+/=]+", b"", path.read_bytes())


def test_a_week(lab, films):
    # Sunday: nothing is there yet.
    code, told = lab.night()
    assert (code, told["problems"]) == (0, [])

    # Monday: two videos of one name, and a file that is none. Only the first night sends mail.
    for day, film in (("mon", films[0]), ("tue", films[1])):
        (lab.inbox / day).mkdir()
        shutil.copy(film, lab.inbox / day / "P01.mp4")
    (lab.inbox / "broken.mp4").write_text("no video")
    code, told = lab.night()
    assert code == 3
    assert told["collection"]["counts"]["analyzed"] == 3
    assert lab.agree() == ["P01.mp4", "P01.mp4", "broken.mp4"]
    assert lab.run("status", lab.store, "--acknowledge", "broken.mp4")[0] == 0
    code, told = lab.night()
    assert (code, told["reports"]) == (0, [])
    assert {name: n for name, n in told["collection"]["counts"].items() if n} == {"done_before": 2, "failed_before": 1}

    # Tuesday: one video is corrected in its place, another renamed, a third comes, and a colleague is at the store.
    shutil.copy(films[2], lab.inbox / "mon" / "P01.mp4")
    (lab.inbox / "tue" / "P01.mp4").rename(lab.inbox / "tue" / "P02.mp4")
    shutil.copy(films[3], lab.inbox / "P03.mp4")
    with locked(lab.store):
        assert lab.night()[0] == 4
    assert lab.run("update", lab.inbox, "--store", lab.store, "--reports", lab.reports, "--dry-run", *NONE)[1].endswith(
        "2 to analyse, 1 done before, 1 failed before\n"
    )
    assert lab.counts() == {
        "analyzed": 2,
        "drawn": 0,
        "done_before": 1,
        "failed_before": 1,
        "unsettled": 0,
        "kept_out": 0,
    }
    assert lab.agree() == ["P01.mp4", "P02.mp4", "P03.mp4", "broken.mp4"]
    assert lab.status()["counts"]["replaced"] == 1

    # Wednesday: a disk loses a table and a clip; status and plan say so, and the night mends both.
    opened = fs.open_store(lab.store)
    lost = opened.video("P03.mp4").video_id
    next((lab.store / "tables" / lost).rglob("tracks.parquet")).write_bytes(b"PAR1")
    opened.clip_path(opened.video("P01.mp4").video_id).unlink()
    assert lab.status()["counts"]["incomplete"] == 2
    assert {name: n for name, n in lab.counts().items() if n} == {
        "analyzed": 1,
        "drawn": 1,
        "done_before": 1,
        "failed_before": 1,
    }
    assert "incomplete" not in {row["state"] for row in lab.status()["videos"]}

    # Thursday: P03 withdraws, though the file is still there, under another name too.
    assert list((lab.reports / "clips").glob(f"{lost}.mp4"))
    assert lab.run("forget", lab.store, "P03.mp4")[0] == 0
    assert traces(lab.store, "P03") == []
    assert traces(lab.reports, "P03") == []
    shutil.copy(lab.inbox / "P03.mp4", lab.inbox / "again.mp4")
    code, told = lab.night()
    assert (code, told["collection"]["counts"]["kept_out"]) == (0, 2)
    assert lab.agree() == ["P01.mp4", "P02.mp4", "broken.mp4"]
    assert traces(lab.store, lost, "again") == []
    for name in ("P03.mp4", "again.mp4"):
        (lab.inbox / name).unlink()

    # Friday: what is published is blurred; no picture of before stays, whatever comes of the night's reports.
    before = next((lab.reports / "clips").glob("P01-*.mp4")).read_bytes()
    assert lab.run("analyze", lab.inbox, "--out", lab.store, "--blur", *NONE, "--workers", "0")[0] == 0
    assert not list((lab.reports / "clips").glob("P0*.mp4"))
    assert not list(lab.reports.glob("P0*.html"))
    assert lab.night("--blur")[0] == 0
    assert next((lab.reports / "clips").glob("P01-*.mp4")).read_bytes() != before
    lab.agree()

    # Saturday: all files are taken to the archive. They count on, until somebody says otherwise.
    shutil.rmtree(lab.inbox)
    lab.inbox.mkdir()
    assert lab.night()[0] == 0
    assert lab.agree() == ["P01.mp4", "P02.mp4", "broken.mp4"]
    code, out, _ = lab.run("prune", lab.store, "--gone", "--failed", "--replaced", "--json")
    assert code == 0
    assert len(json.loads(out)["removed"]) == 4
    assert lab.night()[0] == 0
    assert lab.agree() == []
    assert traces(lab.reports, "P01", "P02") == []


def test_what_is_still_written_waits_and_says_why(lab):
    write_video(lab.inbox / "a.mp4", regular_times(5, 10))
    assert lab.counts("--settle", "3600")["unsettled"] == 1
    (row,) = lab.status()["videos"]
    assert (row["state"], row["counts"]) == ("pending", False)
    assert "may still be written: the next run takes it" in row["reason"]
    assert lab.counts("--settle", "0")["analyzed"] == 1
