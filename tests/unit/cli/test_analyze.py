import csv
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from commands import NONE, run
from stores import make_store
from synth import regular_times, write_video

from facestats.cli import main
from facestats.cli.options import parse_models
from facestats.errors import UsageError
from facestats.store.export import export
from facestats.store.store import open_store


@pytest.fixture
def video(tmp_path):
    (tmp_path / "in").mkdir()
    return write_video(tmp_path / "in" / "clip.mp4", regular_times(8, 10))


def check_one_line(err):
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1
    return err


def test_analyse_then_export(video, tmp_path, capsys):
    code, out, err = run(capsys, "analyze", video, "--out", tmp_path / "s", *NONE)
    assert (code, err) == (0, "")
    assert "1 analysed (1 ok), 0 tracked faces" in out
    code, out, _ = run(capsys, "export", tmp_path / "s", "--table", "frames", "--out", tmp_path / "f.csv")
    assert code == 0
    with (tmp_path / "f.csv").open(newline="") as file:
        assert [float(row["time_s"]) for row in csv.DictReader(file)] == pytest.approx([i / 10 for i in range(8)])


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["analyze", "{tmp}/absent.mp4"], 2, "does not exist"),
        (["analyze", "{tmp}/empty"], 2, "no videos or images"),
        (["analyze", "{tmp}/text.mp4", "--out", "{tmp}/s", *NONE], 3, "text.mp4"),
        (["analyze", "{tmp}/void.mp4", "--out", "{tmp}/s", *NONE], 3, "void.mp4"),
        (["analyze", "{video}", "--out", "{tmp}/text.mp4/s"], 2, "cannot write"),
        (["analyze", "{video}", "--out", "{tmp}"], 2, "not a store"),
        (["analyze", "{video}", "--model", "gender=absent"], 2, "unknown model 'absent'"),
        (["analyze", "{video}", "--model", "gender"], 2, "attribute=name"),
        (["analyze", "{video}", "--models-path", "{tmp}/absent"], 2, "no model in"),
        (["analyze", "{video}", "--device", "cuda"], 2, "--device cpu"),
        (["analyze", "{video}", "--detector", "haar"], 2, "unknown detector"),
        (["analyze", "{video}", "--tracker", "sort"], 2, "unknown tracker"),
        (["analyze", "{video}", "--rate", "-1"], 2, "--rate"),
        (["analyze", "{video}", "--from", "0:05", "--to", "2"], 2, "--from 5 must come before --to 2"),
        (["analyze", "{video}", "--from", "noon"], 2, "--from must be seconds, m:s or h:m:s"),
        (["analyze", "{video}", "--from", "60", "--out", "{tmp}/s", *NONE], 3, "shows nothing from 60 s on"),
        (["analyze", "{video}", "--region", "0,0,10"], 2, "--region must be x,y,w,h"),
        (["analyze", "{video}", "--region", "9000,0,9,9", "--out", "{tmp}/s", *NONE], 3, "lies outside its picture"),
        (["export", "{tmp}"], 2, "not a store"),
        (["export", "{tmp}/absent"], 2, "does not exist"),
    ],
)
def test_bad_input_is_one_line_and_the_right_exit_code(arguments, code, told, video, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.mp4").write_text("no video\n" * 100)
    (tmp_path / "void.mp4").write_bytes(b"")
    got, _, err = run(capsys, *[part.format(tmp=tmp_path, video=video) for part in arguments])
    assert got == code
    assert told in check_one_line(err)


def test_show_without_a_display_is_one_line(video, capsys, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    code, _, err = run(capsys, "analyze", video, "--show")
    assert code == 2
    assert "needs a display" in check_one_line(err)


def test_unknown_tables_and_formats_are_refused(video, tmp_path, capsys):
    run(capsys, "analyze", video, "--out", tmp_path / "s", "--no-clips", *NONE)
    assert "videos, frames" in run(capsys, "export", tmp_path / "s", "--table", "faces")[2]
    assert "csv, tsv, json, parquet" in run(capsys, "export", tmp_path / "s", "--format", "xls")[2]
    assert "is not in" in run(capsys, "export", tmp_path / "s", "--video", "other.mp4")[2]


def test_debug_shows_the_traceback(tmp_path, capsys, monkeypatch):
    from facestats.errors import MissingInputError

    monkeypatch.delenv("FACESTATS_DEBUG", raising=False)
    monkeypatch.setenv("FACESTATS_DEBUG", "")  # put back after the test
    with pytest.raises(MissingInputError):
        main(["analyze", str(tmp_path / "absent.mp4"), "--debug"])


def test_no_arguments_and_wrong_ones_end_with_2(capsys):
    assert run(capsys, "analyze")[0] == 2
    assert run(capsys, "analyze", "a.mp4", "--no-such-option")[0] == 2
    assert run(capsys, "--version")[1].startswith("facestats ")


def test_models_are_named_by_attribute():
    assert parse_models(["gender=a", "age=b"]) == {"gender": "a", "age": "b"}
    for wrong in ("gender", "=a", "gender="):
        with pytest.raises(UsageError):
            parse_models([wrong])


#: The command line, which gets a signal when it comes to a video that is called "later".
INTERRUPTED_PROGRAM = """
import os, signal, sys
import facestats.batch.jobs as jobs
from facestats.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever is started in the background ignores Ctrl-C
run = jobs.AnalyzeJob.run
def interrupted(job, bench):
    if "later" in job.item.path:
        os.kill(os.getpid(), {number})
    return run(job, bench)
jobs.AnalyzeJob.run = interrupted
main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_so_and_keeps_what_was_finished(number, tmp_path, video):
    other = tmp_path / "in" / "later.mp4"
    write_video(other, regular_times(9, 10))
    program = [sys.executable, "-c", INTERRUPTED_PROGRAM.format(number=int(number))]
    command = [*program, "analyze", video, other, "--out", tmp_path / "s", "--workers", "0", *NONE]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 130
    assert "interrupted; what was finished is kept" in check_one_line(ended.stderr)
    assert open_store(tmp_path / "s").videos()["status"].tolist() == ["ok"]


def test_a_pipe_does_not_hold_up_a_run(tmp_path, capsys):
    os.mkfifo(tmp_path / "a.mp4")
    code, _, err = run(capsys, "analyze", tmp_path / "a.mp4", "--out", tmp_path / "store", "--no-clips")
    assert code == 3
    assert "a.mp4" in err


STRANGE = [
    *("two words.mp4", 'it\'s "so".mp4', "line\nbreak.mp4", "ünï·顔.mp4", "-dash.mp4", "10:30.mp4", "%20&;$(x).mp4"),
    *("字" * 80 + ".mp4", os.fsdecode(b"latin-\xfc.mp4")),
]


def test_names_of_all_kinds(tmp_path, capsys):
    folder = tmp_path / "strange names"
    folder.mkdir()
    for number, name in enumerate(STRANGE):
        write_video(tmp_path / "v.mp4", regular_times(2 + number, 10))
        (tmp_path / "v.mp4").rename(folder / name)
    code, out, err = run(capsys, "analyze", folder, "--out", tmp_path / "s'tore", *NONE, "--workers", "2")
    assert (code, err) == (0, "")
    store = open_store(tmp_path / "s'tore")
    paths = {Path(path).name for entry in store.entries().values() for path in entry.paths}
    assert paths == {os.fsencode(name).decode("utf-8", "backslashreplace") for name in STRANGE}
    assert store.videos()["video_id"].is_unique
    assert all(store.clip_path(video_id) for video_id in store.entries())
    code, out, _ = run(capsys, "analyze", folder, "--out", tmp_path / "s'tore", *NONE, "--dry-run")
    assert out.endswith(f"{len(paths)} done before\n")
    assert out.count("\n") == len(paths) + 1
    assert run(capsys, "status", store.path, "--all")[1].count("\n") == len(paths) + 1
    assert export(store, "videos", format="csv", out=tmp_path / "v.csv") == len(paths)


def test_a_store_of_another_version_is_left_alone(video, tmp_path, capsys):
    store = make_store(tmp_path / "store")
    (store.path / "store.json").write_text('{"schema_version": 2}\n')
    before = sorted(path.name for path in store.path.rglob("*"))
    for arguments in (["analyze", video, "--out", store.path], ["status", store.path], ["export", store.path]):
        code, _, err = run(capsys, *arguments)
        assert code == 2
        assert "has schema version 2" in check_one_line(err)
        assert "--out NEW" in err
    assert sorted(path.name for path in store.path.rglob("*")) == before


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, 4), (errno.ETIMEDOUT, 4)])
def test_what_the_system_refuses_for_now_ends_with_4(number, code, video, tmp_path, capsys, monkeypatch):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("facestats.batch.collection.analyze_collection", refuse)
    got, _, err = run(capsys, "analyze", video, "--out", tmp_path / "s")
    assert got == code
    assert "try again later" in check_one_line(err)
