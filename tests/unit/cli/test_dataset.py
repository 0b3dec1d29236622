import json
import subprocess
import sys

import pandas as pd
import pytest
from commands import run
from facesets import make_adience, make_fairface, make_fer2013, make_utkface, write_picture

from facestats.datasets.layouts import LAYOUTS


@pytest.fixture
def source(tmp_path):
    make_utkface(tmp_path / "UTKFace")
    write_picture(tmp_path / "UTKFace" / "61_1_20170109142408075.jpg.chip.jpg")
    return tmp_path / "UTKFace"


def test_counts_terms_and_what_to_do_next(source, tmp_path, capsys):
    out = tmp_path / "utk.parquet"
    code, printed, _ = run(capsys, "dataset", "utkface", source, "--out", out)
    assert code == 0
    assert printed.splitlines() == [
        f"3 rows with labels for gender, age in {out}",
        "1 left out: file name without age, gender, race and date",
        f"cite, and mind the terms: {LAYOUTS['utkface'].terms}",
        f"use it: facestats train gender --data {out}",
        f"use it: facestats train age --data {out}",
    ]
    assert len(pd.read_parquet(out)) == 3


def test_the_file_can_be_evaluated(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FACESTATS_CACHE", str(tmp_path / "cache"))
    make_adience(tmp_path / "adience")
    assert run(capsys, "dataset", "adience", tmp_path / "adience", "--out", tmp_path / "a.parquet")[0] == 0
    for attribute, n_rows in (("gender", 3), ("age", 4)):
        code, printed, _ = run(capsys, "evaluate", attribute, "--data", tmp_path / "a.parquet", "--json")
        assert code == 0
        assert json.loads(printed)["n"] == n_rows


def test_does_not_replace_a_file_unless_told(source, tmp_path, capsys):
    out = tmp_path / "utk.parquet"
    out.write_text("old")
    code, printed, err = run(capsys, "dataset", "utkface", source, "--out", out)
    assert (code, printed) == (2, "")
    assert err == f"facestats: {out} exists already: give another --out, or --overwrite\n"
    assert out.read_text() == "old"
    assert run(capsys, "dataset", "utkface", source, "--out", out, "--overwrite")[0] == 0
    assert len(pd.read_parquet(out)) == 3


@pytest.mark.parametrize(
    ("layout", "folder", "code", "told"),
    [
        ("lfw", "UTKFace", 2, "unknown layout 'lfw'; there are fer2013, ferplus, utkface, fairface, celeba, adience"),
        ("utkface", "nothing", 2, "nothing is not a folder; utkface needs the folder UTKFace"),
        ("fer2013", "UTKFace", 2, "UTKFace has no fer2013.csv or icml_face_data.csv"),
        ("imdb", "damaged", 3, "imdb.mat is not a Matlab file that can be read"),
        ("fer2013", "damaged", 3, "fer2013.csv, line 2: pixels are not 48 x 48 whole numbers"),
        ("fairface", "no pictures", 2, "1.jpg is not there, nor is any other picture of fairface"),
    ],
)
def test_errors_are_one_line(source, tmp_path, capsys, layout, folder, code, told):
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "imdb.mat").write_bytes(b"<html>")
    (tmp_path / "damaged" / "fer2013.csv").write_text("emotion,pixels,Usage\n0,1 2,Training\n")
    make_fairface(tmp_path / "no pictures")
    for picture in (tmp_path / "no pictures").rglob("*.jpg"):
        picture.unlink()
    result, printed, err = run(capsys, "dataset", layout, tmp_path / folder, "--out", tmp_path / "new" / "out.parquet")
    assert (result, printed) == (code, "")
    (line,) = err.strip().splitlines()
    assert line.startswith("facestats: ")
    assert told in line
    assert not (tmp_path / "new").exists()


def test_help_lists_the_layouts_and_their_sources(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "90")
    code, printed, _ = run(capsys, "dataset", "--help")
    assert code == 0
    shown = " ".join(printed.split())
    for name, layout in LAYOUTS.items():
        assert f"{name}: {layout.source}" in shown


def test_other_helps_load_nothing_heavy():
    code = (
        "import sys\nfrom facestats.cli import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit:\n    print(sorted({'cv2', 'pyarrow', 'scipy'} & set(sys.modules)))"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert "dataset" in printed
    assert printed.splitlines()[-1] == "[]"


def test_fer2013_has_its_official_splits(tmp_path, capsys):
    make_fer2013(tmp_path / "fer")
    assert run(capsys, "dataset", "fer2013", tmp_path / "fer", "--out", tmp_path / "f.parquet")[0] == 0
    assert pd.read_parquet(tmp_path / "f.parquet")["split"].value_counts().to_dict() == {
        "train": 7,
        "validation": 1,
        "test": 1,
    }
