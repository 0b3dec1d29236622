"""A schedule that is added, fires for real, and is removed: by Debian's cron, under a throw-away user."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

USER = "facestats-test"


FACESTATS = [sys.executable, "-P", "-m", "facestats"]


def can_run(*as_user):
    done = subprocess.run([*as_user, *FACESTATS, "--version"], cwd="/", capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture
def user():
    """A user whom nobody needs, and a cron that runs for the time of the test."""
    for program in ("cron", "crontab", "useradd", "runuser"):
        if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") is None:
            pytest.skip(f"{program} is not installed: apt-get install cron")
    if os.geteuid() != 0:
        pytest.skip("only root makes users and starts cron")
    # Where others may not even run this Python, below somebody's home, the user is another name of root.
    alike = [] if can_run("runuser", "-u", "nobody", "--") else ["--non-unique", "--uid", "0"]
    subprocess.run(["/usr/sbin/useradd", "--create-home", *alike, USER], check=True)
    cron = subprocess.Popen(["/usr/sbin/cron", "-f"])
    try:
        yield Path("/home") / USER
    finally:
        cron.kill()
        cron.wait()
        subprocess.run(["crontab", "-r", "-u", USER], check=False, capture_output=True)
        subprocess.run(["/usr/sbin/userdel", "--force", "--remove", USER], check=False, capture_output=True)


@pytest.mark.slow
def test_a_schedule_fires_and_is_removed(user):
    def run(*arguments):
        command = ["runuser", "-u", USER, "--", *FACESTATS, "schedule", *arguments]
        named = {**os.environ, "USER": USER, "LOGNAME": USER}
        return subprocess.run(command, cwd=user, capture_output=True, text=True, check=True, env=named).stdout

    script = ["synth", "made by cron", "--seconds", "1", "--people", "1", "--size", "160x120", "--face-px", "20", "30"]
    job_id = run("add", "--cron", "* * * * *", "--", *script).split()[0]
    assert job_id in run("list")
    made = user / "made by cron" / "synth.mp4"
    until = time.monotonic() + 150
    while not made.exists():
        assert time.monotonic() < until, "cron did not fire within two minutes"
        time.sleep(1)
    run("remove", job_id)
    assert run("list") == "nothing is scheduled\n"
