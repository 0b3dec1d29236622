import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from commands import run
from hypothesis import given
from hypothesis import strategies as st
from stores import PEOPLE, make_store

from facestats.batch import scheduling
from facestats.batch.scheduling import add_job, list_jobs, remove_job
from facestats.cli import commands
from facestats.errors import UnknownNameError, UsageError

#: Lines that python-crontab would write otherwise.
OTHERS = """# mine
MAILTO="me"

0 1 * * *  ls   # facestats? no
#0 2 * * * off # facestats abcd
0 0 * * * /usr/bin/backup
0 6 * * 7 mail -s hi me%body
H 4 * * * other
"""

make_job = partial(scheduling.make_job, commands=commands())
systemd_units = partial(scheduling.systemd_units, commands=commands())

UPDATE = ["update", "my videos", "--store", "s", "--reports", "r%d"]

FAKE = """#!{python}
import pathlib, sys
table = pathlib.Path({table!r})
if sys.argv[1:] == ["-l"]:
    if not table.exists():
        sys.exit("no crontab for nobody")
    sys.stdout.write(table.read_text())
else:
    text = sys.stdin.read()
    if "refuse" in text:
        sys.exit("bad minute\\nerrors in crontab file, can't install.")
    table.write_text(text)
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A current folder with the videos that are to be updated."""
    (tmp_path / "here" / "my videos").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A crontab program of our own, and the file that it keeps."""
    program, table = tmp_path / "bin" / "crontab", tmp_path / "table"
    program.parent.mkdir()
    program.write_text(FAKE.format(python=sys.executable, table=str(table)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    return table


def test_a_job_is_added_once_listed_and_removed_and_other_lines_stay(table):
    table.write_text(OTHERS)
    job, other = make_job("0  6 * * *", UPDATE), make_job("@daily", UPDATE)
    assert add_job(job)
    assert not add_job(job)
    assert add_job(other)
    assert list_jobs() == [job, other]
    assert table.read_text() == f"{OTHERS}{job.line}\n{other.line}\n"
    assert remove_job(job.job_id) == job
    assert table.read_text() == f"{OTHERS}{other.line}\n"
    with pytest.raises(UnknownNameError, match="there is no job"):
        remove_job(job.job_id)
    remove_job(other.job_id)
    assert table.read_text() == OTHERS


def test_who_has_no_crontab_yet_gets_one(table):
    assert list_jobs() == []
    add_job(make_job("0 6 * * *", UPDATE))
    assert len(table.read_text().splitlines()) == 1


def test_what_crontab_refuses_is_said_and_nothing_is_changed(table):
    table.write_text(OTHERS)
    with pytest.raises(UsageError, match="crontab refuses: errors in crontab file, can't install"):
        add_job(make_job("0 6 * * *", ["status", "refuse"]))
    assert table.read_text() == OTHERS


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0")), min_size=1, max_size=4))
def test_the_shell_gets_the_very_arguments(arguments):
    job = make_job("0 6 * * *", ["update", *arguments], folder=Path("/"))
    # What cron does: up to the first percent sign that is not escaped, and the others without their backslash.
    command = job.line.removeprefix("0 6 * * * ").removesuffix(f" # facestats {job.job_id}").replace(r"\%", "%")
    told = subprocess.run(
        ["sh", "-c", command.replace(sys.executable, "printf '%s\\0'", 1)], capture_output=True, check=True
    ).stdout.decode("utf-8", "surrogateescape")
    assert told.split("\0")[:-1] == ["-P", "-m", "facestats", "update", *arguments]


@pytest.mark.parametrize("cron", ["0 99 * * *", "daily", "", "0 6 * *", "60 * * * *", "0 6 31 2,4 *"])
def test_times_that_nobody_understands_are_refused(cron):
    pytest.importorskip("crontab")
    with pytest.raises(UsageError, match=r"is not understood|never comes"):
        make_job(cron, UPDATE)


def test_commands_that_are_none_are_refused():
    with pytest.raises(UsageError, match="nothing to run"):
        make_job("0 6 * * *", [])
    with pytest.raises(UsageError, match="'rm' is no command of facestats"):
        make_job("0 6 * * *", ["rm", "-r"])
    with pytest.raises(UsageError, match="one line a job"):
        make_job("0 6 * * *", ["update", "line\nbreak"])


def test_units_for_systemd(tmp_path):
    units = systemd_units(UPDATE, calendar="daily", name="faces", folder=tmp_path)
    assert f"WorkingDirectory={tmp_path}" in units["faces.service"]
    assert 'update "my videos" --store s --reports r%%d' in units["faces.service"]
    assert "OnCalendar=daily" in units["faces.timer"]


def test_the_commands(table, capsys):
    told = ["schedule", "add", "--cron", "5 4 * * *", "--print", "--", *UPDATE]
    code, line, err = run(capsys, *told)
    assert (code, err, table.exists()) == (0, "", False)
    assert line.startswith("5 4 * * * cd ")
    assert "r\\%d" in line
    told.remove("--print")
    code, out, _ = run(capsys, *told)
    assert code == 0
    job_id = out.split()[0]
    assert table.read_text() == line
    assert job_id in run(capsys, "schedule", "list")[1]
    assert "removed" in run(capsys, "schedule", "remove", job_id)[1]
    assert run(capsys, "schedule", "list")[1] == "nothing is scheduled\n"
    code, out, _ = run(capsys, "schedule", "systemd", "--", *UPDATE)
    assert code == 0
    assert "[Timer]" in out
    assert run(capsys, "schedule", "systemd", "--name", "a/b", "--", *UPDATE)[0] == 2


def test_without_a_crontab_program_it_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    code, out, err = run(capsys, "schedule", "add", "--", *UPDATE)
    assert (code, out) == (2, "")
    assert "there is no crontab program here" in err
    assert run(capsys, "schedule", "add", "--print", "--", *UPDATE)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((*UPDATE, "--nope"), "--nope"),
        (UPDATE[:4], "--reports"),
        ((*UPDATE, "--rate", "fast"), "--rate"),
        ((*UPDATE, "--rate", "-1"), "rate"),
        ((*UPDATE, "--tracker", "sort"), "sort"),
        ((*UPDATE, "--model", "gender=nobody"), "nobody"),
        ((*UPDATE, "-p", "smooth_s", "-1"), "must be in [0, inf)"),
        ((*UPDATE, "-f", "absent.yaml"), "absent.yaml does not exist"),
        (("update", "your videos", *UPDATE[2:]), "your videos does not exist"),
        (("update", "my videos", "--store", ".", "--reports", "r"), "is not a store"),
        (("status", "no-store"), "no-store does not exist"),
        (("report", "no-store"), "no-store does not exist"),
        (("report", "store", "--template", "compare_report"), "same videos"),
        (("report", "store", "-p", "nope", "1"), "unknown parameter 'nope'"),
        (("report", "store", "--video", "nobody"), "nobody"),
    ],
)
@pytest.mark.parametrize("way", [("add",), ("systemd",)])
def test_what_cannot_work_is_refused_before_a_line_is_written(arguments, told, way, table, capsys, tmp_path):
    make_store(tmp_path / "here" / "store", PEOPLE)
    code, out, err = run(capsys, "schedule", *way, "--", *arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert not table.exists()


def test_what_works_is_scheduled(table, capsys, tmp_path):
    make_store(tmp_path / "here" / "store", PEOPLE)
    for arguments in (("report", "store", "-p", "title", "Day 1"), ("prune", "store", "--gone"), ("status", "store")):
        assert run(capsys, "schedule", "add", "--", *arguments)[0] == 0
    assert len(table.read_text().splitlines()) == 3


def test_a_calendar_that_systemd_does_not_know_is_refused(tmp_path, monkeypatch, capsys):
    program = tmp_path / "bin" / "systemd-analyze"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\ncase "$3" in daily) ;; 2001-*) echo "Next elapse: never";; *) exit 1;; esac\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    for calendar, code in (("daily", 0), ("when it suits", 2), ("2001-01-01", 2), ("", 2), ("a\nb", 2)):
        assert run(capsys, "schedule", "systemd", "--calendar", calendar, "--", *UPDATE)[0] == code
