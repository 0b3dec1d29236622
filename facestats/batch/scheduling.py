"""facestats on a schedule: marked lines of the user's crontab, or units for systemd.

python-crontab checks when a job runs, and no more: it writes a whole crontab anew. Of an ordinary one of 21 lines 12
came back changed (``MAILTO="me"`` without its quotes, ``0 0 * * *`` as ``@daily``, a time that it does not know as a
comment), and a ``#`` in a command was read as the begin of a comment. So lines are added and removed here as text, and
no other line changes by a byte.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from calendar import monthrange
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from facestats.errors import UnknownNameError, UsageError

_MARK = "facestats"  # begins the comment behind a line; the job's id follows

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
        return f"{self.cron} {escape(self.command)} # {_MARK} {self.job_id}"


def escape(command: str) -> str:
    r"""Return a command as it stands in a crontab, where a percent sign would end it.

    Examples
    --------
    >>> escape("date +%d")
    'date +\\%d'
    """
    return command.replace("%", r"\%")


def make_job(cron: str, arguments: Sequence[str], *, commands: Collection[str], folder: Path | None = None) -> Job:
    """Return the job that runs ``facestats`` with these arguments, in a folder.

    Parameters
    ----------
    cron : str
    arguments : sequence of str
        ``["update", "videos", "--store", ...]``; relative paths are those of the folder.
    commands : collection of str
        The commands that the program has.
    folder : pathlib.Path, optional
        The current one by default.

    Raises
    ------
    UsageError
        If there are no arguments, the first is no command, they hold a line break, or ``cron`` is not understood.

    Examples
    --------
    >>> make_job("0 6 * * *", ["status", "S"], commands=["status"], folder=Path("/data")).command.split(" && ")[0]
    'cd /data'
    """
    where = _check(arguments, commands, folder)
    command = f"cd {shlex.quote(where)} && " + shlex.join([*_PROGRAM, *arguments])
    cron = " ".join(cron.split())
    _check_time(cron)
    return Job(hashlib.sha256(f"{cron} {command}".encode("utf-8", "surrogateescape")).hexdigest()[:8], cron, command)


def _check(arguments: Sequence[str], commands: Collection[str], folder: Path | None) -> str:
    """Return the folder to run in; refuse arguments that cannot be run, or not be written in one line."""
    if not arguments:
        raise UsageError("nothing to run: name it behind --, as in -- update INPUT --store S --reports R")
    if arguments[0] not in commands:
        raise UsageError(f"{arguments[0]!r} is no command of facestats: give update, analyze or report behind --")
    where = str((folder or Path.cwd()).absolute())
    if any(sign in text for text in (where, *arguments) for sign in "\n\r\0"):
        raise UsageError("a crontab has one line a job: rename what has a line break in its name")
    return where


def _check_time(cron: str) -> None:
    """Refuse a time that cron does not know, or that never comes; without python-crontab, crontab itself does more."""
    fields = cron.split()
    if len(fields) != (1 if cron.startswith("@") else 5):
        raise UsageError(f"--cron {cron!r} is not understood: minute hour day month weekday, or one like @daily")
    if len(fields) == 5 and _never_comes(fields[2], fields[3], fields[4]):
        raise UsageError(f"--cron {cron!r} never comes: no such month has such a day")
    try:
        from crontab import CronTab
    except ModuleNotFoundError:
        return
    try:
        CronTab(tab="").new(command="true").setall(cron)
    except (ValueError, KeyError, IndexError) as error:
        raise UsageError(f"--cron {cron!r} is not understood ({error}): minute hour day month weekday") from None


def _never_comes(days: str, months: str, weekdays: str) -> bool:
    """Say whether none of these months has one of these days; any weekday of theirs would do."""
    if weekdays != "*" or not _numbers(days) or not _numbers(months):
        return False
    longest = [monthrange(2024, month)[1] for month in _numbers(months) if 1 <= month <= 12]
    return bool(longest) and min(_numbers(days)) > max(longest)


def _numbers(field: str) -> list[int]:
    """Return the numbers of a field that lists some, ``"30,31"``; none for any other."""
    parts = field.split(",")
    return [int(part) for part in parts] if all(part.isdecimal() for part in parts) else []


def _check_calendar(calendar: str) -> None:
    """Refuse a time that systemd does not know; without systemd nobody here can say."""
    program = shutil.which("systemd-analyze")
    if not calendar.strip() or any(sign in calendar for sign in "\n\r\0"):
        raise UsageError("--calendar is empty, or has a line break: daily, *-*-* 06:00, Mon *-*-* 07:30")
    if program is None:
        return
    done = subprocess.run(
        [program, "calendar", "--", calendar], capture_output=True, text=True, check=False, env=_plainly()
    )
    if done.returncode:
        raise UsageError(f"--calendar {calendar!r} is not understood: daily, *-*-* 06:00, Mon *-*-* 07:30")
    if "Next elapse: never" in done.stdout:
        raise UsageError(f"--calendar {calendar!r} never comes")


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
    """Return the jobs of facestats in the user's crontab.

    Raises
    ------
    UsageError
        If there is no ``crontab`` program, or it refuses.
    """
    return [job for line in _read().splitlines() if (job := _parse(line)) is not None]


def remove_job(job_id: str) -> Job:
    """Remove a job of facestats from the user's crontab, and no other line; return it.

    Raises
    ------
    UnknownNameError
        If there is none of that id.
    UsageError
        See :func:`list_jobs`.
    """
    lines = _read().splitlines()
    found = [job for line in lines if (job := _parse(line)) is not None and job.job_id == job_id]
    if not found:
        raise UnknownNameError(f"there is no job {job_id!r}; `facestats schedule list` shows those that there are")
    _write([line for line in lines if (_parse(line) or Job("", "", "")).job_id != job_id])
    return found[0]


def _parse(line: str) -> Job | None:
    """Return the job in a line; None if facestats did not write the line."""
    before, mark, job_id = line.rpartition(f" # {_MARK} ")
    if not mark or before.lstrip().startswith("#"):
        return None
    n = 1 if before.startswith("@") else 5
    fields = before.split(None, n)
    if len(fields) <= n:
        return None
    return Job(job_id.strip(), " ".join(fields[:n]), fields[n].replace(r"\%", "%"))


def systemd_units(
    arguments: Sequence[str], *, commands: Collection[str], calendar: str, name: str, folder: Path | None = None
) -> dict[str, str]:
    """Return a service and a timer for systemd, by the names of their files.

    Parameters
    ----------
    arguments, commands
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
        As :func:`make_job`; or if systemd does not know the time.

    Examples
    --------
    >>> list(systemd_units(["status", "S"], commands=["status"], calendar="daily", name="faces"))
    ['faces.service', 'faces.timer']
    """
    where = _check(arguments, commands, folder).replace("%", "%%")
    _check_calendar(calendar)
    command = " ".join(_for_systemd(part) for part in (*_PROGRAM, *arguments))
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
    # Without a crontab the program fails; its message differs from system to system in all but these words.
    if done.returncode and "no crontab" not in done.stderr.lower():
        raise UsageError(f"crontab refuses: {_reason(done)}")
    return done.stdout if done.returncode == 0 else ""


def _write(lines: Sequence[str]) -> None:
    done = _crontab("-", text="".join(f"{line}\n" for line in lines))
    if done.returncode:
        raise UsageError(f"crontab refuses: {_reason(done)}; nothing was changed")


def _plainly() -> dict[str, str]:
    """Return the environment in which programs speak English."""
    return {**os.environ, "LC_ALL": "C"}


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"code {done.returncode}"


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
        env=_plainly(),
    )
