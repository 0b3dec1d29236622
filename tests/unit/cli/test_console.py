import json
import subprocess
import sys

import pytest
import typer
from commands import NONE, run
from rich.text import Text
from stores import make_store
from synth import regular_times, write_video


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "clip.mp4", regular_times(8, 10))


def test_quiet_tells_problems_only(video, tmp_path, capsys):
    (tmp_path / "text.mp4").write_text("no video")
    how = ("--out", tmp_path / "s", "--no-clips", "--quiet", *NONE)
    assert run(capsys, "analyze", video, *how) == (0, "", "")
    code, out, err = run(capsys, "analyze", video, tmp_path / "text.mp4", *how)
    assert (code, out, len(err.splitlines())) == (3, "", 1)
    assert "text.mp4" in err


def test_verbose_tells_each_video_and_the_log_has_all(video, tmp_path, capsys):
    log = tmp_path / "logs" / "run.log"
    how = ("--out", tmp_path / "s", "--no-clips", "--log-file", log, *NONE)
    code, _, err = run(capsys, "analyze", video, "--verbose", *how)
    assert (code, err) == (0, f"facestats: {video}: ok\n")
    assert run(capsys, "analyze", tmp_path / "absent.mp4", *how)[0] == 2
    lines = [line.split(maxsplit=4)[-1] for line in log.read_text().splitlines()]
    assert lines[1:3] == [f"{video}: ok", "1 analysed (1 ok), 0 tracked faces"]
    assert lines[-1] == "ends with 2"
    assert "absent.mp4 does not exist" in lines[-2]


def test_a_program_reads_progress_problems_and_the_end(video, tmp_path, capsys):
    (tmp_path / "text.mp4").write_text("no video")
    how = ("--out", tmp_path / "s", "--no-clips", "--progress", "json", "--json", *NONE)
    code, out, err = run(capsys, "analyze", video, tmp_path / "text.mp4", *how)
    told = [json.loads(line) for line in err.splitlines()]
    assert told[-1] == {"event": "end", "exit_code": code} == {"event": "end", "exit_code": 3}
    assert ["text.mp4" in one["text"] for one in told if one["event"] == "message"] == [True]
    result = json.loads(out)
    assert (len(result["analyzed"]), result["exit_code"], result["store"]) == (2, 3, str(tmp_path / "s"))
    code, out, err = run(capsys, "analyze", tmp_path / "absent.mp4", *how)
    assert [json.loads(line) for line in err.splitlines()][-1] == {"event": "end", "exit_code": 2}
    assert (code, out) == (2, "")


def test_a_dry_run_for_a_program(video, tmp_path, capsys):
    _, out, _ = run(capsys, "analyze", video, "--out", tmp_path / "s", "--dry-run", "--json", *NONE)
    assert [(one["action"], one["reason"]) for one in json.loads(out)] == [("analyze", "new")]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--quiet", "--verbose"], "exclude each other"),
        (["--progress", "dots"], "bars, lines, json, none"),
        (["--log-file", "{video}/a.log"], "cannot write the log"),
    ],
)
def test_wrong_manners_are_one_line(arguments, told, video, tmp_path, capsys):
    arguments = [part.format(video=video) for part in arguments]
    code, _, err = run(capsys, "analyze", video, "--out", tmp_path / "s", *arguments)
    assert (code, len(err.splitlines())) == (2, 1)
    assert told in err


def test_models_are_listed_for_a_program(capsys):
    assert {"name", "attributes"} <= json.loads(run(capsys, "models", "list", "--json")[1])[0].keys()


def test_a_closed_pipe_is_quiet(tmp_path):
    store = make_store(tmp_path / "store").path
    program = [sys.executable, "-m", "facestats", "config", "--store", str(store)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


@pytest.mark.parametrize("command", ["status", "export"])
def test_what_only_reads_a_store_loads_no_more_than_that_takes(command, tmp_path):
    store = make_store(tmp_path / "store").path
    code = f"""
import sys
from facestats.cli import main
try:
    main([{command!r}, {str(store)!r}, *{["--out", str(tmp_path / "t.csv")] if command == "export" else []}])
except SystemExit as end:
    assert end.code in (None, 0, 3)  # a video of the store failed
print(*sys.modules, file=sys.stderr)
"""
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr.split()
    )
    heavy = {"torch", "cv2", "av", "scipy", "sklearn", "PIL", "matplotlib", "onnxruntime", "fsspec", "tqdm"}
    assert loaded & heavy == set()


def test_help_loads_neither_tables_nor_numbers():
    code = "import sys; from facestats.cli import register_commands; register_commands(); print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split())
    assert "facestats.cli.update" in loaded
    assert not loaded & {"numpy", "pandas", "pyarrow", "cv2", "fsspec", "tqdm"}


def test_every_command_is_known_by_its_module():
    from facestats.cli import _MODULES, commands

    assert set(_MODULES) == commands()


def test_a_group_called_by_itself_has_all_its_commands():
    from facestats.cli import app, commands

    commands()
    groups = [each for each in typer.main.get_group(app).commands.values() if hasattr(each, "commands")]
    code = (
        "import sys, typer; from facestats.cli import app, register_commands; name = sys.argv[1]; "
        "register_commands(name); print(*typer.main.get_group(app).commands[name].commands)"
    )
    assert groups
    for group in groups:
        alone = subprocess.run([sys.executable, "-c", code, group.name], capture_output=True, text=True, check=True)
        assert set(alone.stdout.split()) == set(group.commands), group.name


def test_help_says_what_was_written():
    """Rich takes ``:m:`` for an emoji and ``[b]`` for a style."""
    from facestats.cli import app, commands

    commands()
    known = list(typer.main.get_group(app).commands.values())
    known += [each for group in known for each in getattr(group, "commands", {}).values()]
    told = [each.help for each in known] + [getattr(option, "help", None) for each in known for option in each.params]
    assert len(told) > 300
    assert [text for text in told if text and Text.from_markup(text).plain != text] == []


def test_a_command_loads_no_other(tmp_path):
    code = "import sys; from facestats.cli import register_commands; register_commands('status'); print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split())
    assert "facestats.cli.status" in loaded
    assert "facestats.cli.training" not in loaded
