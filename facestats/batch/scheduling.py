"""facestats on a schedule: lines of the user's crontab that are marked as ours, or units for systemd."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from facestats.errors import UnknownNameError, UsageError

_MARK = "facestats"  # a comment behind the line, and the job's id

# -P: what lies in the folder where it runs is no part of the program.
_PROGRAM = (sys.executable, "-P", "-m", "facestats")


@dataclass(frozen=True)
class Job:
    """A line of the crontab.

    Attributes
    ----------
    job_id : str
        Of what it runs, and when.
    cron : str
        When: five fields, or one such as ``@daily``.
    command : str
        What the shell runs.
    """

    job_id: str
    cron: str
    command: str

    @property
    def line(self) -> str:
        """The line itself."""
        return f"{self.cron} {escaped(self.command)} # {_MARK} {self.job_id}"


def escaped(command: str) -> str:
    r"""Return a command as it stands in a crontab, where a percent sign would end it.

    Examples
    --------
    >>> escaped("date +%d")
    'date +\\%d'
    """
    return command.replace("%", r"\%")


def make_job(cron: str, arguments: Sequence[str], *, folder: Path | None = None) -> Job:
    """Return the job that runs ``facestats`` with these arguments, in a folder.

    Parameters
    ----------
    cron : str
    arguments : sequence of str
        ``["update", "videos", "--store", ...]``; relative paths are those of the folder.
    folder : pathlib.Path, optional
        The current one by default.

    Raises
    ------
    UsageError
        If there are no arguments, the first is no command, they hold a line break, or ``cron`` is not understood.

    Examples
    --------
    >>> make_job("0 6 * * *", ["status", "my store"], folder=Path("/data")).command.split(" && ")[0]
    'cd /data'
    """
    from facestats.cli import commands

    if not arguments:
        raise UsageError("nothing to run: name it behind --, as in -- update INPUT --store S --reports R")
    if arguments[0] not in commands():
        raise UsageError(f"{arguments[0]!r} is no command of facestats: give update, analyze or report behind --")
    command = f"cd {shlex.quote(str((folder or Path.cwd()).absolute()))} && " + shlex.join([*_PROGRAM, *arguments])
    if any(sign in command for sign in "\n\r\0"):
        raise UsageError("a crontab has one line a job: rename what has a line break in its name")
    cron = " ".join(cron.split())
    job = Job(hashlib.sha256(f"{cron} {command}".encode("utf-8", "surrogateescape")).hexdigest()[:8], cron, command)
    _check(job)
    return job


def _check(job: Job) -> None:
    """Refuse a time that nobody understands; without python-crontab, the crontab program does that later."""
    if len(job.cron.split()) != (1 if job.cron.startswith("@") else 5):
        raise UsageError(f"--cron {job.cron!r} is not understood: minute hour day month weekday, or one like @daily")
    try:
        from crontab import CronTab
    except ModuleNotFoundError:
        return
    try:
        CronTab(tab="").new(command="true").setall(job.cron)
    except (ValueError, KeyError, IndexError) as error:
        raise UsageError(f"--cron {job.cron!r} is not understood ({error}): minute hour day month weekday") from None


def add_job(job: Job) -> bool:
    """Add a job to the user's crontab; return False if it was there already.

    Raises
    ------
    UsageError
        If there is no ``crontab`` program, or it refuses.
    """
    lines = _read().splitlines()
    if job.line in lines:
        return False
    _write([*lines, job.line])
    return True


def list_jobs() -> list[Job]:
    """Return our jobs in the user's crontab.

    Raises
    ------
    UsageError
        If there is no ``crontab`` program, or it refuses.
    """
    return [job for line in _read().splitlines() if (job := _parse(line)) is not None]


def remove_job(job_id: str) -> Job:
    """Remove one of our jobs from the user's crontab, no other line; return it.

    Raises
    ------
    UnknownNameError
        If there is none of that id.
    UsageError
        If there is no ``crontab`` program, or it refuses.
    """
    lines = _read().splitlines()
    found = [job for line in lines if (job := _parse(line)) is not None and job.job_id == job_id]
    if not found:
        raise UnknownNameError(f"there is no job {job_id!r}; `facestats schedule list` shows those that there are")
    _write([line for line in lines if (_parse(line) or Job("", "", "")).job_id != job_id])
    return found[0]


def _parse(line: str) -> Job | None:
    """Return the job in a line that is ours."""
    before, mark, job_id = line.rpartition(f" # {_MARK} ")
    if not mark or before.lstrip().startswith("#"):
        return None
    n = 1 if before.startswith("@") else 5
    fields = before.split(None, n)
    if len(fields) <= n:
        return None
    return Job(job_id.strip(), " ".join(fields[:n]), fields[n].replace(r"\%", "%"))


def systemd_units(arguments: Sequence[str], *, calendar: str, name: str, folder: Path | None = None) -> dict[str, str]:
    """Return a service and a timer for systemd, by the names of their files.

    Parameters
    ----------
    arguments : sequence of str
        See :func:`make_job`.
    calendar : str
        When, as ``systemd.time(7)`` has it: ``"*-*-* 06:00"``, ``"daily"``.
    name : str
        Of the units.
    folder : pathlib.Path, optional
        In which it runs; the current one by default.

    Raises
    ------
    UsageError
        As :func:`make_job`.

    Examples
    --------
    >>> list(systemd_units(["status", "s"], calendar="daily", name="faces"))
    ['faces.service', 'faces.timer']
    """
    make_job("0 0 * * *", arguments, folder=folder)  # refuses what cannot be run
    command = " ".join(_for_systemd(part) for part in (*_PROGRAM, *arguments))
    where = str((folder or Path.cwd()).absolute()).replace("%", "%%")
    service = (
        f"[Unit]\nDescription=facestats {arguments[0]}\n\n[Service]\nType=oneshot\nWorkingDirectory={where}\n"
        # Some inputs could not be read: that is no failure of the service.
        f"SuccessExitStatus=3\nExecStart={command}\n"
    )
    timer = (
        f"[Unit]\nDescription=facestats {arguments[0]}, on a schedule\n\n[Timer]\nOnCalendar={calendar}\n"
        "Persistent=true\n\n[Install]\nWantedBy=timers.target\n"
    )
    return {f"{name}.service": service, f"{name}.timer": timer}


def _for_systemd(part: str) -> str:
    quoted = part.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{quoted}"' if set(quoted) & set(" \t'\"\\;") or not quoted else quoted


def _read() -> str:
    done = _crontab("-l")
    # Who has none yet is told so, in words that differ from system to system.
    if done.returncode and "no crontab" not in done.stderr.lower():
        raise UsageError(f"crontab refuses: {_reason(done)}")
    return done.stdout if done.returncode == 0 else ""


def _write(lines: Sequence[str]) -> None:
    done = _crontab("-", text="".join(f"{line}\n" for line in lines))
    if done.returncode:
        raise UsageError(f"crontab refuses: {_reason(done)}; nothing was changed")


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    said = done.stderr.strip().splitlines()
    return said[-1] if said else f"code {done.returncode}"


def _crontab(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    program = shutil.which("crontab")
    if program is None:
        raise UsageError(
            "there is no crontab program here: install cron, or use `facestats schedule systemd`, or `add --print`"
        )
    return subprocess.run(
        [program, *arguments],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        errors="surrogateescape",
        env={**os.environ, "LC_ALL": "C"},
    )
