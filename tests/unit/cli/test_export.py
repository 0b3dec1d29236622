import io
import json
import subprocess
import sys

import pandas as pd
import pytest
from commands import run
from stores import make_store

from facestats.cli import main


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("export") / "store")


@pytest.mark.parametrize(("name", "read"), [("t.csv", pd.read_csv), ("t.TSV", pd.read_table), ("t", pd.read_csv)])
def test_the_name_says_the_format(name, read, store, tmp_path, capsys):
    code, _, err = run(capsys, "export", store.path, "--out", tmp_path / name, "--no-describe")
    assert (code, err) == (0, "")
    assert len(read(tmp_path / name)) == len(store.tracks())


def test_a_file_that_is_there_is_replaced_only_when_asked(store, tmp_path, capsys):
    out = tmp_path / "t.csv"
    out.write_text("mine")
    code, _, err = run(capsys, "export", store.path, "--out", out)
    assert (code, err) == (2, f"facestats: {out} is there already: --overwrite replaces it\n")
    assert out.read_text() == "mine"
    code, told, _ = run(capsys, "export", store.path, "--out", out, "--overwrite", "--json")
    assert json.loads(told) == {"rows": len(store.tracks()), "tables": ["tracks"], "path": str(out)}
    assert len(pd.read_csv(out)) == len(store.tracks())


def test_a_name_that_says_no_format_is_refused(store, tmp_path, capsys):
    code, _, err = run(capsys, "export", store.path, "--out", tmp_path / "t.docx")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "does not end in a format" in err
    assert run(capsys, "export", store.path, "--out", tmp_path / "t.docx", "--format", "csv")[0] == 0


def test_a_dash_is_standard_output(store, capsysbinary):
    with pytest.raises(SystemExit):
        main(["export", str(store.path), "--out", "-", "--table", "videos", "--format", "parquet"])
    assert len(pd.read_parquet(io.BytesIO(capsysbinary.readouterr().out))) == len(store.videos())


def test_who_reads_may_stop(store):
    program = [sys.executable, "-m", "facestats", "export", str(store.path), "--table", "observations", "--out", "-"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


def test_moments_are_written_as_people_write_them(store, capsys):
    assert run(capsys, "export", store.path, "--out", "-", "--from", "0:01", "--to", "0:00:02")[0] == 0
    code, out, err = run(capsys, "export", store.path, "--out", "-", "--from", "noon")
    assert (code, out, err) == (
        2,
        "",
        "facestats: --from must be seconds, m:s or h:m:s, as 90, 1:30 or 0:01:30, not 'noon'\n",
    )
