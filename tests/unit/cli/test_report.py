from pathlib import Path

import commands
import pytest
from stores import PEOPLE, make_store

from facestats.reports import Report, ReportResult, run


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("store") / "syn", PEOPLE)


def test_parameters_are_read_and_the_pages_are_printed(capsys, store, tmp_path, monkeypatch):
    seen = {}

    def fake(opened, **options):
        seen.update(options, store=opened)
        return ReportResult(tmp_path, (Report("a", "says", tmp_path / "a.ipynb", tmp_path / "a.html"),))

    monkeypatch.setattr(run, "report", fake)
    arguments = ("-p", "title", "2", "--parameter", "smooth_s", "1e-1", "-p", "max_timelines", "4")
    code, out, err = commands.run(capsys, "report", *arguments, store.path, "--out", tmp_path, "--video", "people")
    assert (code, err) == (0, "")
    assert out == f"{tmp_path / 'a.html'}\n"
    assert seen["parameters"] == {"title": "2", "smooth_s": 0.1, "max_timelines": 4}
    assert (seen["store"], seen["out"], seen["video"]) == (str(store.path), tmp_path, "people")


def test_a_value_may_begin_with_a_dash_or_hold_an_equals_sign(capsys, store, tmp_path, monkeypatch):
    seen = {}
    monkeypatch.setattr(run, "report", lambda opened, **options: seen.update(options) or ReportResult(Path(), ()))
    assert commands.run(capsys, "report", store.path, "-p", "title", "--a=b")[0] == 0
    assert seen["parameters"] == {"title": "--a=b"}
    assert commands.run(capsys, "report", store.path, "-p", "smooth_s", "-1")[0] == 0
    assert seen["parameters"] == {"smooth_s": -1.0}
    file = tmp_path / "params.yaml"
    file.write_text("title: Day 1\nsmooth_s: 2\n")
    assert commands.run(capsys, "report", store.path, "-f", file, "-p", "smooth_s", "3")[0] == 0
    assert seen["parameters"] == {"title": "Day 1", "smooth_s": 3.0}


def test_a_report_that_failed_is_told_and_exits_with_3(capsys, store, tmp_path, monkeypatch):
    made = [
        Report("a", "", tmp_path / "a.ipynb", tmp_path / "a.html", None, "failed", "KeyError: 'x'"),
        Report("b", "says", tmp_path / "b.ipynb", tmp_path / "b.html", tmp_path / "b.pdf"),
    ]
    monkeypatch.setattr(run, "report", lambda opened, **options: ReportResult(tmp_path, tuple(made)))
    code, out, err = commands.run(capsys, "report", store.path)
    assert code == 3
    assert out == f"{tmp_path / 'a.html'}\n{tmp_path / 'b.pdf'}\nall reports: {tmp_path / 'index.html'}\n"
    assert err == f"facestats: {tmp_path / 'a.ipynb'} stopped: KeyError: 'x'\n"


def test_parameters_are_listed(capsys):
    code, out, _ = commands.run(capsys, "report", "--list-parameters")
    assert code == 0
    assert "max_timelines = 12  (a whole number) if there are more faces" in out
    assert "store" not in [line.split()[0] for line in out.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name the store"),
        (
            ("STORE", "-p", "nope", "3"),
            "unknown parameter 'nope'; there are max_evidence, max_timelines, ",
        ),
        (("STORE", "-p", "max_timelines", "many"), "takes a whole number, like 12, not 'many'"),
        (("STORE", "-p", "title"), "needs a name and a value"),
        (("STORE", "-p", "smooth_s", "-1"), "must be in [0, inf), not -1.0"),
        (("STORE", "-f", "absent.yaml"), "absent.yaml does not exist"),
        (("STORE", "-p", "title", "a", "-p", "title", "b"), "given twice"),
        (("STORE", "-p", "video", "a"), "use --video"),
        (("STORE", "--video", "nobody"), "nobody"),
        (("STORE", "--template", "absent.ipynb"), "absent.ipynb does not exist"),
        (("no-such-store",), "no-such-store does not exist"),
        (("STORE", "--out", "/proc/none"), "cannot write reports to /proc/none"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(capsys, store, arguments, message):
    given = [str(store.path) if argument == "STORE" else argument for argument in arguments]
    code, out, err = commands.run(capsys, "report", *given)
    assert code == 2
    assert out == ""
    assert message in err
    assert err.count("\n") == 1
    assert not Path("reports", f"{PEOPLE}.html").exists()
