"""The command line, run in the process of the test."""

from __future__ import annotations

import pytest

from facestats.cli import main

#: Leaves every attribute out, where a test is about something else: for calls, and as options.
NO_MODELS = {"expression": "none", "gender": "none", "age": "none", "makeup": "none"}
NONE = [part for name in NO_MODELS for part in ("--model", f"{name}=none")]


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Run the command line; return its exit code, stdout and stderr."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return caught.value.code or 0, captured.out, captured.err
