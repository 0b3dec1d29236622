import json

from commands import run
from stores import make_store

from facestats.store.memory import remembered


def test_config_says_what_holds_and_why_and_lets_a_store_remember(tmp_path, capsys, monkeypatch):
    store = make_store(tmp_path / "store").path
    (tmp_path / "facestats.toml").write_text("min_face = 20")
    monkeypatch.setenv("FACESTATS_TRACKER", "none")
    run(capsys, "config", "--store", store, "--rate", "5", "--no-clips", "--remember")
    assert remembered(store)["rate"] == 5.0
    assert remembered(store)["clips"] is False
    code, out, err = run(capsys, "config", tmp_path, "--store", store, "--blur", "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert {
        name: each["from"] for name, each in told["options"].items() if each["from"] not in ("default", "store")
    } == {
        "min_face": "file",
        "tracker": "variable",
        "blur": "given",
    }
    assert told["options"]["rate"] == {"value": 5.0, "from": "store", "where": str(store)}
    assert len(told["differing"]) == 3
    out = run(capsys, "config", tmp_path, "--store", store, "--blur")[1]
    lines = {line.split()[0]: line.split(maxsplit=2) for line in out.splitlines()}
    assert lines["blur"] == ["blur", "yes", "command line"]
    assert lines["tracker"] == ["tracker", "none", "FACESTATS_TRACKER"]


def test_nothing_to_remember_is_one_line(tmp_path, capsys):
    store = make_store(tmp_path / "store").path
    code, out, err = run(capsys, "config", "--store", store, "--workers", "2", "--remember")
    assert (code, out, len(err.splitlines())) == (2, "", 1)


def test_a_store_is_no_folder_of_inputs(tmp_path, capsys):
    store = make_store(tmp_path / "store").path
    for command in (["config", store], ["analyze", store, "--out", tmp_path / "s"]):
        code, out, err = run(capsys, *command)
        told = f"facestats: {store} is a store, which holds results: name the videos, and the store by --out\n"
        assert (code, out, err) == (2, "", told)
    assert not (tmp_path / "s").exists()
