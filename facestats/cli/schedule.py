"""``facestats schedule``: run facestats every night, by cron or by systemd."""

from __future__ import annotations

from typing import Annotated

import typer

from facestats.cli import app, commands
from facestats.errors import UsageError

schedule_app = typer.Typer(
    name="schedule", help="Run facestats on a schedule.", no_args_is_help=True, add_completion=False
)
app.add_typer(schedule_app)

_Arguments = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="-- COMMAND...", help="What to run: update INPUT... --store S --reports R", show_default=False
    ),
]


@schedule_app.command("add")
def add(
    arguments: _Arguments = None,
    cron: Annotated[
        str, typer.Option(metavar="WHEN", help="Minute, hour, day, month and weekday, as cron has them; or @daily.")
    ] = "0 6 * * *",
    print_only: Annotated[
        bool, typer.Option("--print", help="Print the line for the crontab, and change nothing.")
    ] = False,
) -> None:
    """Add a line to your crontab: facestats schedule add --cron "0 6 * * *" -- update INPUT --store S --reports R."""
    from facestats.batch.scheduling import add_job, make_job
    from facestats.cli.checking import check_command

    check_command(arguments or [])
    job = make_job(cron, arguments or [], commands=commands())
    if print_only:
        print(job.line)
    elif add_job(job):
        print(f"{job.job_id} added: {job.cron} {job.command}")
    else:
        print(f"{job.job_id} was there already")


@schedule_app.command("list")
def show(as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False) -> None:
    """List the lines of your crontab that facestats has added."""
    import json

    from facestats.batch.scheduling import list_jobs

    jobs = list_jobs()
    if as_json:
        print(json.dumps([{"id": job.job_id, "cron": job.cron, "command": job.command} for job in jobs]))
        return
    for job in jobs:
        print(f"{job.job_id}  {job.cron:14}  {job.command}")
    if not jobs:
        print("nothing is scheduled")


@schedule_app.command("remove")
def remove(job_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")]) -> None:
    """Remove one of these lines, and no other."""
    from facestats.batch.scheduling import remove_job

    job = remove_job(job_id)
    print(f"{job.job_id} removed: {job.cron} {job.command}")


@schedule_app.command("systemd")
def systemd(
    arguments: _Arguments = None,
    calendar: Annotated[
        str, typer.Option(metavar="WHEN", help="As systemd has it: daily, *-*-* 06:00, Mon *-*-* 07:30.")
    ] = "*-*-* 06:00",
    name: Annotated[str, typer.Option(help="Of the two units.")] = "facestats-update",
) -> None:
    """Print a service and a timer for systemd; nothing is installed."""
    from facestats.batch.scheduling import systemd_units
    from facestats.cli.checking import check_command

    if not name.replace("-", "").replace("_", "").isalnum():
        raise UsageError(f"--name must be letters, digits, dashes and underscores, not {name!r}")
    check_command(arguments or [])
    for file, text in systemd_units(arguments or [], commands=commands(), calendar=calendar, name=name).items():
        print(f"# ~/.config/systemd/user/{file}\n{text}")
    print(f"# then: systemctl --user daemon-reload && systemctl --user enable --now {name}.timer")
